//! What was last imported of each record, and of each part that has a file of its own.

use std::collections::HashMap;

use convene_domain::{id::NetworkId, record::Revision};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use crate::{Result, Write, entity::import_row};

/// The state in which an import left a record, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// What the files said, as a fingerprint.
    pub fingerprint: String,
    /// The record's revision then. A higher one says that it was edited here.
    pub revision: Revision,
}

/// Loads what was imported of a network, by identity of the record and name of the part.
pub async fn all<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<HashMap<(Uuid, String), Imported>> {
    let found = import_row::Entity::find().filter(import_row::Column::NetworkId.eq(network.uuid())).all(connection).await?;
    let imported =
        |row: import_row::Model| ((row.entity_id, row.part), Imported { fingerprint: row.fingerprint, revision: row.revision });
    Ok(found.into_iter().map(imported).collect())
}

/// Notes what was imported, in place of what was noted before.
pub async fn put_many(write: &Write, network: NetworkId, rows: &[(Uuid, &'static str, Imported)]) -> Result<()> {
    for chunk in rows.chunks(500) {
        let models = chunk.iter().map(|(entity, part, imported)| {
            sea_orm::IntoActiveModel::into_active_model(import_row::Model {
                network_id: network.uuid(),
                part: (*part).to_owned(),
                entity_id: *entity,
                fingerprint: imported.fingerprint.clone(),
                revision: imported.revision,
            })
        });
        let replace = OnConflict::columns([import_row::Column::EntityId, import_row::Column::Part])
            .update_columns([import_row::Column::Fingerprint, import_row::Column::Revision])
            .to_owned();
        import_row::Entity::insert_many(models).on_conflict(replace).exec_without_returning(write.transaction()).await?;
    }
    Ok(())
}

/// Says that a record which an import left at the revision before has been written by an import again, so that it does
/// not look as if it had been edited here. A record that was edited here stays one.
pub async fn follow(write: &Write, entity: Uuid, revision: Revision) -> Result<()> {
    import_row::Entity::update_many()
        .col_expr(import_row::Column::Revision, Expr::val(revision))
        .filter(import_row::Column::EntityId.eq(entity))
        .filter(import_row::Column::Revision.eq(revision - 1))
        .exec(write.transaction())
        .await?;
    Ok(())
}
