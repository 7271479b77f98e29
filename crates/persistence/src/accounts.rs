//! The accounts of those who sign in with an issuer.

use chrono::{DateTime, Utc};
use convene_domain::id::AccountId;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, sea_query::OnConflict};
use uuid::Uuid;

use crate::{Database, Result, dialect, entity::account};

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

/// Finds an account.
pub async fn find<C: ConnectionTrait>(connection: &C, id: AccountId) -> Result<Option<Account>> {
    Ok(account::Entity::find_by_id(id.uuid()).one(connection).await?.map(Account::from))
}

/// Finds the account of someone whom an issuer calls so.
pub async fn find_by_subject<C: ConnectionTrait>(connection: &C, issuer: &str, subject: &str) -> Result<Option<Account>> {
    let found = account::Entity::find()
        .filter(account::Column::Issuer.eq(issuer))
        .filter(account::Column::Subject.eq(subject))
        .one(connection);
    Ok(found.await?.map(Account::from))
}

/// Loads accounts. One that is not there is missing from the answer.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[AccountId]) -> Result<Vec<Account>> {
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
