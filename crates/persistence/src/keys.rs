//! The keys by which a mutation that is sent again is known.

use chrono::{DateTime, Utc};
use convene_domain::record::Revision;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{Database, Result, dialect, entity::idempotency_key, prune};

/// How many keys one transaction forgets.
const BATCH: u64 = 500;

/// What a mutation is known by, and what it was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Whose key it is: nobody meets the keys of others.
    pub caller: Uuid,
    /// The mutation.
    pub operation: &'static str,
    /// The key that the caller gave.
    pub key: String,
    /// The fingerprint of what was asked for.
    pub body: String,
    /// The record that the answer was about.
    pub entity: Uuid,
    /// Its revision then.
    pub revision: Revision,
}

/// A mutation that was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The fingerprint of what was asked for.
    pub body: String,
    /// The record that the answer was about.
    pub entity: Uuid,
    /// Its revision then.
    pub revision: Revision,
    /// The changes that were made.
    pub change_set: Uuid,
}

/// Finds what was done under a key; `None` when nothing was.
pub async fn find<C: ConnectionTrait>(connection: &C, caller: Uuid, operation: &str, key: &str) -> Result<Option<Kept>> {
    let id = (caller, operation.to_owned(), key.to_owned());
    let found = idempotency_key::Entity::find_by_id(id).one(connection).await?;
    Ok(found.map(|row| Kept { body: row.body, entity: row.entity_id, revision: row.revision, change_set: row.change_set_id }))
}

pub(crate) fn row(key: &Key, change_set: Uuid, recorded_at: DateTime<Utc>) -> idempotency_key::Model {
    idempotency_key::Model {
        caller_id: key.caller,
        operation: key.operation.to_owned(),
        key: key.key.clone(),
        body: key.body.clone(),
        entity_id: key.entity,
        revision: key.revision,
        change_set_id: change_set,
        recorded_at,
    }
}

/// Forgets the keys that were used before an instant, and says how many. Changes that were kept for them alone go along.
pub async fn forget(database: &Database, before: DateTime<Utc>) -> Result<u64> {
    let mut forgotten = 0;
    loop {
        let transaction = database.begin().await?;
        if !prune::alone(&transaction).await? {
            transaction.rollback().await?;
            return Ok(forgotten);
        }
        let old = idempotency_key::Entity::find().filter(idempotency_key::Column::RecordedAt.lt(before));
        let old = old.order_by_asc(idempotency_key::Column::RecordedAt).limit(BATCH).all(&transaction).await?;
        if old.is_empty() {
            transaction.rollback().await?;
            return Ok(forgotten);
        }
        let sets: Vec<Uuid> = old.iter().map(|key| key.change_set_id).collect();
        let of = (idempotency_key::Entity, idempotency_key::Column::ChangeSetId);
        let keys =
            idempotency_key::Entity::delete_many().filter(dialect::is_any_id(transaction.get_database_backend(), of, &sets));
        forgotten += keys.exec(&transaction).await?.rows_affected;
        prune::forget_changes(&transaction, &sets).await?;
        transaction.commit().await?;
    }
}
