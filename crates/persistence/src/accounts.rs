//! The accounts of those who sign in with an issuer.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use convene_domain::{
    access::RoleAt,
    id::{AccountId, CommunityId, NetworkId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    sea_query::{Condition, Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use crate::{
    Database, Result,
    column::Row,
    dialect,
    entity::{account, community_scope, grant, membership_invitation, token},
};

/// The account of someone whom an issuer knows by a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identity.
    pub id: AccountId,
    /// Who says that it is they.
    pub issuer: String,
    /// What the issuer calls them, for ever.
    pub subject: String,
    /// What they are called; `None` when the issuer does not say.
    pub name: Option<String>,
    /// When they were first seen.
    pub created_at: DateTime<Utc>,
    /// When the account was erased; `None` when it was not.
    pub erased_at: Option<DateTime<Utc>>,
}

impl From<account::Model> for Account {
    fn from(model: account::Model) -> Self {
        Self {
            id: AccountId::from_uuid(model.id),
            issuer: model.issuer,
            subject: model.subject,
            name: model.name,
            created_at: model.created_at,
            erased_at: model.erased_at,
        }
    }
}

/// Finds an account, with its roles.
pub async fn find<C: ConnectionTrait>(connection: &C, id: AccountId) -> Result<Option<(Account, Vec<RoleAt>)>> {
    with_roles(connection, account::Column::Id.eq(id.uuid())).await
}

/// Finds the account of someone whom an issuer calls so, with its roles.
pub async fn find_by_subject<C: ConnectionTrait>(
    connection: &C,
    issuer: &str,
    subject: &str,
) -> Result<Option<(Account, Vec<RoleAt>)>> {
    with_roles(connection, account::Column::Issuer.eq(issuer).and(account::Column::Subject.eq(subject))).await
}

/// In one statement: this is asked with every request of someone who signed in.
async fn with_roles<C: ConnectionTrait>(connection: &C, which: Expr) -> Result<Option<(Account, Vec<RoleAt>)>> {
    let mut found = account::Entity::find().filter(which).find_with_related(grant::Entity).all(connection).await?;
    let Some((account, grants)) = found.pop() else { return Ok(None) };
    let roles = grants.into_iter().filter(|grant| grant.revoked_at.is_none()).map(|grant| role(&grant)).collect::<Result<_>>()?;
    Ok(Some((account.into(), roles)))
}

fn role(grant: &grant::Model) -> Result<RoleAt> {
    let row = Row { table: "grants", id: grant.id };
    Ok(RoleAt {
        network: grant.network_id.map(NetworkId::from_uuid),
        community: grant.community_id.map(CommunityId::from_uuid),
        role: row.parse("role", &grant.role)?,
    })
}

/// Which of these communities stand under which: pairs of one and another above it.
pub async fn find_above<C: ConnectionTrait>(
    connection: &C,
    communities: &[CommunityId],
) -> Result<HashSet<(CommunityId, CommunityId)>> {
    let backend = connection.get_database_backend();
    let ids: Vec<Uuid> = communities.iter().map(|id| id.uuid()).collect();
    let found = community_scope::Entity::find()
        .filter(dialect::is_any_id(backend, (community_scope::Entity, community_scope::Column::CommunityId), &ids))
        .filter(dialect::is_any_id(backend, (community_scope::Entity, community_scope::Column::ScopeId), &ids))
        .all(connection);
    let pair = |row: community_scope::Model| (CommunityId::from_uuid(row.community_id), CommunityId::from_uuid(row.scope_id));
    Ok(found.await?.into_iter().map(pair).collect())
}

/// Loads accounts. One that is not there is missing from the answer.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[AccountId]) -> Result<Vec<Account>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let of = (account::Entity, account::Column::Id);
    let found = account::Entity::find().filter(dialect::is_any_id(connection.get_database_backend(), of, &ids)).all(connection);
    Ok(found.await?.into_iter().map(Account::from).collect())
}

/// Adds an account, unless there is one of the same subject: two first requests may come at once.
pub async fn add(database: &Database, account: &Account) -> Result<()> {
    let row = account::Model {
        id: account.id.uuid(),
        issuer: account.issuer.clone(),
        subject: account.subject.clone(),
        name: account.name.clone(),
        created_at: account.created_at,
        erased_at: account.erased_at,
    };
    let there = OnConflict::columns([account::Column::Issuer, account::Column::Subject]).do_nothing().to_owned();
    account::Entity::insert(row.into_active_model()).on_conflict(there).exec_without_returning(database.writer()).await?;
    Ok(())
}

/// Notes what someone is called.
pub async fn rename(database: &Database, id: AccountId, name: &str) -> Result<()> {
    account::Entity::update_many()
        .col_expr(account::Column::Name, Expr::value(name))
        .filter(account::Column::Id.eq(id.uuid()))
        .filter(account::Column::ErasedAt.is_null())
        .exec(database.writer())
        .await?;
    Ok(())
}

/// Takes out of an account, its tokens and the invitations that it had to do with whatever says who someone is, and ends its
/// tokens and the invitations that it made; answers whether there was one. Its identity stays, so that what it wrote is still told apart.
pub async fn erase<C: ConnectionTrait>(connection: &C, id: AccountId, now: DateTime<Utc>) -> Result<bool> {
    let nobody = Expr::value(Option::<String>::None);
    let erased = account::Entity::update_many()
        .col_expr(account::Column::Subject, Expr::value(format!("erased {id}")))
        .col_expr(account::Column::Name, nobody.clone())
        .col_expr(account::Column::ErasedAt, Expr::value(now))
        .filter(account::Column::Id.eq(id.uuid()))
        .filter(account::Column::ErasedAt.is_null())
        .exec(connection)
        .await?;
    if erased.rows_affected == 0 {
        return Ok(false);
    }
    token::Entity::update_many()
        .col_expr(token::Column::Name, Expr::value("erased"))
        .filter(token::Column::AccountId.eq(id.uuid()))
        .exec(connection)
        .await?;
    token::Entity::update_many()
        .col_expr(token::Column::RevokedAt, Expr::value(now))
        .filter(token::Column::AccountId.eq(id.uuid()))
        .filter(token::Column::RevokedAt.is_null())
        .exec(connection)
        .await?;
    let theirs = Condition::any()
        .add(membership_invitation::Column::AcceptedBy.eq(id.uuid()))
        .add(membership_invitation::Column::InvitedBy.eq(id.uuid()));
    membership_invitation::Entity::update_many()
        .col_expr(membership_invitation::Column::Note, nobody)
        .filter(theirs)
        .exec(connection)
        .await?;
    membership_invitation::Entity::update_many()
        .col_expr(membership_invitation::Column::RevokedAt, Expr::value(now))
        .filter(membership_invitation::Column::InvitedBy.eq(id.uuid()))
        .filter(membership_invitation::Column::AcceptedAt.is_null())
        .filter(membership_invitation::Column::RevokedAt.is_null())
        .exec(connection)
        .await?;
    Ok(true)
}
