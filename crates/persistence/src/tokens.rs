//! The tokens of programs that sign in.

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{RoleAt, Verb},
    id::{AccountId, CommunityId, NetworkId, TokenId},
    text::Text,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{
    Database, Result,
    column::{self, Row},
    dialect,
    entity::{account, token},
};

/// A token without its secret, which nobody keeps but its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its identity.
    pub id: TokenId,
    /// What it is for.
    pub name: Text,
    /// What it may do, and where.
    pub allows: RoleAt,
    /// What it may be used for, whatever its role.
    pub verbs: Vec<Verb>,
    /// Whose it is: it may do no more than they may, and ends with the account. `None` when the operator made it.
    pub account: Option<AccountId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is no longer valid; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked; `None` when it was not.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When someone signed in with it, give or take a minute; `None` when nobody did.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Token {
    /// Whether it is valid at an instant.
    pub fn is_valid(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

impl TryFrom<token::Model> for Token {
    type Error = crate::Error;

    fn try_from(model: token::Model) -> Result<Self> {
        let row = Row { table: "tokens", id: model.id };
        Ok(Self {
            id: TokenId::from_uuid(model.id),
            name: row.parse("name", &model.name)?,
            allows: RoleAt {
                network: model.network_id.map(NetworkId::from_uuid),
                community: model.community_id.map(CommunityId::from_uuid),
                role: row.parse("role", &model.role)?,
            },
            verbs: row.parse_list("verbs", &model.verbs)?,
            account: model.account_id.map(AccountId::from_uuid),
            created_at: model.created_at,
            expires_at: model.expires_at,
            revoked_at: model.revoked_at,
            last_used_at: model.last_used_at,
        })
    }
}

/// Finds the token with the secret that has this fingerprint.
pub async fn find_by_hash<C: ConnectionTrait>(connection: &C, hash: &str) -> Result<Option<Token>> {
    token::Entity::find().filter(token::Column::Hash.eq(hash)).one(connection).await?.map(Token::try_from).transpose()
}

/// Finds a token.
pub async fn find<C: ConnectionTrait>(connection: &C, id: TokenId) -> Result<Option<Token>> {
    token::Entity::find_by_id(id.uuid()).one(connection).await?.map(Token::try_from).transpose()
}

/// Loads tokens. One that is not there is missing from the answer.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[TokenId]) -> Result<Vec<Token>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let of = (token::Entity, token::Column::Id);
    let found = token::Entity::find().filter(dialect::is_any_id(connection.get_database_backend(), of, &ids)).all(connection);
    found.await?.into_iter().map(Token::try_from).collect()
}

/// Lists all tokens, the oldest first.
pub async fn all<C: ConnectionTrait>(connection: &C) -> Result<Vec<Token>> {
    let found =
        token::Entity::find().order_by_asc(token::Column::CreatedAt).order_by_asc(token::Column::Id).all(connection).await?;
    found.into_iter().map(Token::try_from).collect()
}

/// Lists the tokens of an account that are valid, the oldest first.
pub async fn of_account<C: ConnectionTrait>(connection: &C, account: AccountId, now: DateTime<Utc>) -> Result<Vec<Token>> {
    let valid = Condition::any().add(token::Column::ExpiresAt.is_null()).add(token::Column::ExpiresAt.gt(now));
    let found = token::Entity::find()
        .filter(token::Column::AccountId.eq(account.uuid()))
        .filter(token::Column::RevokedAt.is_null())
        .filter(valid)
        .order_by_asc(token::Column::CreatedAt)
        .order_by_asc(token::Column::Id)
        .all(connection);
    found.await?.into_iter().map(Token::try_from).collect()
}

/// What came of adding a token of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    Made,
    /// There is one with its identity.
    There,
    /// The account has as many as it may have.
    Full,
}

/// Adds a token of an account by the fingerprint of its secret, unless the account has so many that are valid when it is made. Those of one
/// account are added one after the other.
pub async fn add_own(database: &Database, (account, limit): (AccountId, usize), token: &Token, hash: &str) -> Result<Added> {
    let transaction = database.begin().await?;
    account::Entity::find_by_id(account.uuid()).lock_exclusive().one(&transaction).await?;
    let added = if find(&transaction, token.id).await?.is_some() {
        Added::There
    } else if of_account(&transaction, account, token.created_at).await?.len() >= limit {
        Added::Full
    } else if insert(&transaction, token, hash).await? {
        Added::Made
    } else {
        Added::There
    };
    transaction.commit().await?;
    Ok(added)
}

/// Adds a token by the fingerprint of its secret; `false` when there is one with its identity.
pub async fn add(database: &Database, token: &Token, hash: &str) -> Result<bool> {
    insert(database.writer(), token, hash).await
}

async fn insert<C: ConnectionTrait>(connection: &C, token: &Token, hash: &str) -> Result<bool> {
    let row = token::Model {
        id: token.id.uuid(),
        name: token.name.to_string(),
        hash: hash.to_owned(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        revoked_at: token.revoked_at,
        role: token.allows.role.to_string(),
        network_id: token.allows.network.map(NetworkId::uuid),
        community_id: token.allows.community.map(CommunityId::uuid),
        verbs: column::join(&token.verbs),
        account_id: token.account.map(AccountId::uuid),
        last_used_at: token.last_used_at,
    };
    let there = OnConflict::column(token::Column::Id).do_nothing().to_owned();
    let added = token::Entity::insert(row.into_active_model()).on_conflict(there).exec_without_returning(connection);
    Ok(added.await? == 1)
}

/// Revokes a token; `false` when there is none with this id that is not revoked yet.
pub async fn revoke(database: &Database, id: TokenId, now: DateTime<Utc>) -> Result<bool> {
    let revoked = token::Entity::update_many()
        .col_expr(token::Column::RevokedAt, Expr::value(now))
        .filter(token::Column::Id.eq(id.uuid()))
        .filter(token::Column::RevokedAt.is_null())
        .exec(database.writer())
        .await?;
    Ok(revoked.rows_affected == 1)
}

/// Notes that a token is used, unless that was noted since `before`.
pub async fn note_use(database: &Database, id: TokenId, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
    let long_ago = Condition::any().add(token::Column::LastUsedAt.is_null()).add(token::Column::LastUsedAt.lt(before));
    token::Entity::update_many()
        .col_expr(token::Column::LastUsedAt, Expr::value(now))
        .filter(token::Column::Id.eq(id.uuid()))
        .filter(long_ago)
        .exec(database.writer())
        .await?;
    Ok(())
}
