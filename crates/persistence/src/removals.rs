//! What was removed or merged, so that a file which still has it does not bring it back.

use std::collections::HashSet;

use convene_domain::{change::EntityType, id::NetworkId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{Result, Write, column::Row, entity::removal};

/// A record that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Its network.
    pub network: NetworkId,
    /// What kind of record it was.
    pub entity_type: EntityType,
    /// Its identity.
    pub entity: Uuid,
    /// What files know it by: its slugs, or its external id; none when it had none.
    pub keys: Vec<String>,
    /// The record that it was merged into; `None` when it was removed.
    pub merged_into: Option<Uuid>,
}

/// Loads by which keys files know what is no more, with the kind of record.
pub async fn all_keys<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<HashSet<(EntityType, String)>> {
    let found = removal::Entity::find().filter(removal::Column::NetworkId.eq(network.uuid())).all(connection).await?;
    let keyed = found.into_iter().filter(|row| !row.key.is_empty());
    keyed.map(|row| Ok((Row { table: "removals", id: row.entity_id }.parse("entity_type", &row.entity_type)?, row.key))).collect()
}

/// Notes that a record is no more.
pub async fn add(write: &Write, removal: &Removal) -> Result<()> {
    // One without a key is noted, too.
    let keys = if removal.keys.is_empty() { vec![String::new()] } else { removal.keys.clone() };
    let row = |key| removal::Model {
        entity_id: removal.entity,
        key,
        network_id: removal.network.uuid(),
        entity_type: removal.entity_type.to_string(),
        merged_into_id: removal.merged_into,
        removed_at: write.recorded_at(),
    };
    write.insert_all::<removal::Entity, _>(keys.into_iter().map(row).collect()).await
}
