//! Who may administer the whole instance, and the secrets by which the first of them is known.

use chrono::{DateTime, Utc};
use convene_domain::{access::Role, id::AccountId};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    RelationTrait, sea_query::Expr,
};

use crate::{
    Result, Write,
    accounts::Account,
    dialect,
    entity::{account, admin_secret, grant},
};

/// Whether someone may administer the whole instance.
pub async fn exist<C: ConnectionTrait>(connection: &C) -> Result<bool> {
    let found = grant::Entity::find()
        .join(JoinType::InnerJoin, grant::Relation::Account.def())
        .filter(grant::Column::NetworkId.is_null())
        .filter(grant::Column::Role.eq(Role::Admin.as_str()))
        .filter(grant::Column::RevokedAt.is_null())
        .filter(account::Column::ErasedAt.is_null());
    Ok(found.limit(1).count(connection).await? > 0)
}

/// Whether someone may administer the whole instance, or might at some time.
pub async fn ever_existed<C: ConnectionTrait>(connection: &C) -> Result<bool> {
    let found =
        grant::Entity::find().filter(grant::Column::NetworkId.is_null()).filter(grant::Column::Role.eq(Role::Admin.as_str()));
    Ok(found.limit(1).count(connection).await? > 0)
}

/// Adds a secret by its fingerprint.
pub async fn add_secret(write: &Write, hash: &str, expires_at: DateTime<Utc>) -> Result<()> {
    let created_at = write.recorded_at();
    let row = admin_secret::Model { hash: hash.to_owned(), created_at, expires_at, used_at: None, account_id: None };
    admin_secret::Entity::insert(row.into_active_model()).exec_without_returning(write.transaction()).await?;
    Ok(())
}

/// What became of a secret that someone showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redeemed {
    /// They are the administrator now, or by this secret since before.
    Done,
    /// There is an administrator.
    Late,
    /// It is no secret, it was used by someone else, or it is too old.
    Wrong,
}

/// What can be done with a secret that someone shows, if there is an administrator or not.
pub async fn look_at_secret(write: &Write, hash: &str, account: AccountId) -> Result<Option<Redeemed>> {
    let found = admin_secret::Entity::find_by_id(hash).one(write.transaction()).await?;
    Ok(match found {
        Some(secret) if secret.account_id == Some(account.uuid()) => Some(Redeemed::Done),
        Some(secret) if secret.used_at.is_none() && write.recorded_at() < secret.expires_at => None,
        _ => Some(Redeemed::Wrong),
    })
}

/// Uses all secrets up.
pub async fn use_secrets(write: &Write) -> Result<()> {
    admin_secret::Entity::update_many()
        .col_expr(admin_secret::Column::UsedAt, Expr::value(write.recorded_at()))
        .filter(admin_secret::Column::UsedAt.is_null())
        .exec(write.transaction())
        .await?;
    Ok(())
}

/// Notes who became administrator by a secret.
pub async fn note_redeemed(write: &Write, hash: &str, account: AccountId) -> Result<()> {
    admin_secret::Entity::update_many()
        .col_expr(admin_secret::Column::AccountId, Expr::value(account.uuid()))
        .filter(admin_secret::Column::Hash.eq(hash))
        .exec(write.transaction())
        .await?;
    Ok(())
}

/// Waits until nobody else is becoming administrator, or ceasing to be one.
pub async fn take_turn(write: &Write) -> Result<()> {
    Ok(dialect::take_turn(write.transaction(), dialect::FIRST_ADMIN).await?)
}

/// Someone who may administer the whole instance, or might until some time ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Who it is.
    pub account: Account,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when; `None` while it lasts.
    pub until: Option<DateTime<Utc>>,
}

/// Lists all who may or might administer the whole instance, the first one first.
pub async fn list<C: ConnectionTrait>(connection: &C) -> Result<Vec<Administrator>> {
    let found = grant::Entity::find()
        .find_also_related(account::Entity)
        .filter(grant::Column::NetworkId.is_null())
        .filter(grant::Column::Role.eq(Role::Admin.as_str()))
        .order_by_asc(grant::Column::Id)
        .all(connection)
        .await?;
    let administrator = |(grant, account): (grant::Model, Option<account::Model>)| {
        let account = Account::from(account?);
        Some(Administrator { account, since: grant.granted_at, until: grant.revoked_at })
    };
    Ok(found.into_iter().filter_map(administrator).collect())
}
