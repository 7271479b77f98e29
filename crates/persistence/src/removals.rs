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
    /// What files know it by: its slug, or its external id; `None` when it had none.
    pub key: Option<String>,
    /// The record that it was merged into; `None` when it was removed.
    pub merged_into: Option<Uuid>,
}

/// Loads by which keys files know what is no more, with the kind of record.
pub async fn all_keys<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<HashSet<(EntityType, String)>> {
    let found = removal::Entity::find().filter(removal::Column::NetworkId.eq(network.uuid())).all(connection).await?;
    let keyed = found.into_iter().filter_map(|row| Some((row.key?, row.entity_type, row.entity_id)));
    keyed.map(|(key, of, id)| Ok((Row { table: "removals", id }.parse("entity_type", &of)?, key))).collect()
}

/// Notes that a record is no more.
pub async fn add(write: &Write, removal: &Removal) -> Result<()> {
    let row = removal::Model {
        entity_id: removal.entity,
        network_id: removal.network.uuid(),
        entity_type: removal.entity_type.to_string(),
        key: removal.key.clone(),
        merged_into_id: removal.merged_into,
        removed_at: write.recorded_at(),
    };
    write.insert_all::<removal::Entity, _>(vec![row]).await
}
