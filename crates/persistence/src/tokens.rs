//! The tokens of those who write.

use chrono::{DateTime, Utc};
use convene_domain::{id::TokenId, text::Text};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, sea_query::Expr};

use uuid::Uuid;

use crate::{Database, Result, column::Row, dialect, entity::token};

/// A token without its secret, which nobody keeps but its holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its identity.
    pub id: TokenId,
    /// What it is for.
    pub name: Text,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is no longer valid; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked; `None` when it was not.
    pub revoked_at: Option<DateTime<Utc>>,
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
            created_at: model.created_at,
            expires_at: model.expires_at,
            revoked_at: model.revoked_at,
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
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let of = (token::Entity, token::Column::Id);
    let found = token::Entity::find().filter(dialect::is_any_id(connection.get_database_backend(), of, &ids)).all(connection);
    found.await?.into_iter().map(Token::try_from).collect()
}

/// Lists all tokens, the oldest first.
pub async fn all<C: ConnectionTrait>(connection: &C) -> Result<Vec<Token>> {
    let found = token::Entity::find().order_by_asc(token::Column::Id).all(connection).await?;
    found.into_iter().map(Token::try_from).collect()
}

/// Adds a token by the fingerprint of its secret.
pub async fn add(database: &Database, token: &Token, hash: &str) -> Result<()> {
    let row = token::Model {
        id: token.id.uuid(),
        name: token.name.to_string(),
        hash: hash.to_owned(),
        created_at: token.created_at,
        expires_at: token.expires_at,
        revoked_at: token.revoked_at,
        role: "ADMIN".to_owned(),
        network_id: None,
        community_id: None,
        verbs: "READ;WRITE;MANAGE".to_owned(),
        account_id: None,
        last_used_at: None,
    };
    token::Entity::insert(row.into_active_model()).exec_without_returning(database.writer()).await?;
    Ok(())
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
