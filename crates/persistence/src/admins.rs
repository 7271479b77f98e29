//! The first administrator: who it is, and the secrets by which they are known.

use chrono::{DateTime, Utc};
use convene_domain::{
    access::Role,
    id::{AccountId, GrantId},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter, QuerySelect,
    RelationTrait, sea_query::Expr,
};

use crate::{
    Database, Result, Transaction, dialect,
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

/// Adds a secret by its fingerprint.
pub async fn add_secret(database: &Database, hash: &str, created_at: DateTime<Utc>, expires_at: DateTime<Utc>) -> Result<()> {
    let row = admin_secret::Model { hash: hash.to_owned(), created_at, expires_at, used_at: None, account_id: None };
    admin_secret::Entity::insert(row.into_active_model()).exec_without_returning(database.writer()).await?;
    Ok(())
}

/// Makes an account the administrator of the instance, unless there is one; answers whether it was done.
pub async fn make_first(database: &Database, account: AccountId, grant: GrantId, now: DateTime<Utc>) -> Result<bool> {
    let transaction = begin(database).await?;
    if exist(&transaction).await? {
        transaction.rollback().await?;
        return Ok(false);
    }
    give(&transaction, account, grant, now).await?;
    transaction.commit().await?;
    Ok(true)
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

/// Makes the account that shows a secret the administrator of the instance, unless there is one, and uses the secret up.
pub async fn redeem(database: &Database, hash: &str, account: AccountId, grant: GrantId, now: DateTime<Utc>) -> Result<Redeemed> {
    let transaction = begin(database).await?;
    let found = admin_secret::Entity::find_by_id(hash).one(&transaction).await?;
    let outcome = match found {
        Some(secret) if secret.account_id == Some(account.uuid()) => Redeemed::Done,
        Some(secret) if secret.used_at.is_some() || secret.expires_at <= now => Redeemed::Wrong,
        None => Redeemed::Wrong,
        Some(_) if exist(&transaction).await? => Redeemed::Late,
        Some(_) => {
            give(&transaction, account, grant, now).await?;
            admin_secret::Entity::update_many()
                .col_expr(admin_secret::Column::UsedAt, Expr::value(now))
                .col_expr(admin_secret::Column::AccountId, Expr::value(account.uuid()))
                .filter(admin_secret::Column::Hash.eq(hash))
                .exec(&transaction)
                .await?;
            transaction.commit().await?;
            return Ok(Redeemed::Done);
        }
    };
    transaction.rollback().await?;
    Ok(outcome)
}

/// Begins to look whether there is an administrator, which nobody becomes meanwhile.
async fn begin(database: &Database) -> Result<Transaction> {
    let transaction = database.begin().await?;
    dialect::take_turn(&transaction, dialect::FIRST_ADMIN).await?;
    Ok(transaction)
}

async fn give(transaction: &Transaction, account: AccountId, id: GrantId, now: DateTime<Utc>) -> Result<()> {
    let row = grant::Model {
        id: id.uuid(),
        network_id: None,
        community_id: None,
        account_id: account.uuid(),
        role: Role::Admin.to_string(),
        granted_at: now,
        granted_by_account_id: None,
        granted_by_token_id: None,
        revoked_at: None,
    };
    grant::Entity::insert(row.into_active_model()).exec_without_returning(transaction).await?;
    Ok(())
}
