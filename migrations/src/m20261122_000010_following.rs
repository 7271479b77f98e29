//! What those who follow a log need to know of each change: who could read the record before and who can now, and,
//! by place in the log, all scopes that the change touches.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "ALTER TABLE network_heads ADD COLUMN epoch integer NOT NULL DEFAULT 1",
    // Null for what everyone can read.
    "ALTER TABLE changes ADD COLUMN was_visible_to {text}",
    "ALTER TABLE changes ADD COLUMN visible_to {text}",
    "ALTER TABLE change_sets ADD COLUMN token_id {uuid}",
    "ALTER TABLE change_scopes ADD COLUMN network_id {uuid}",
    "CREATE INDEX change_scopes_network_id_position_idx ON change_scopes (network_id, position)",
];

const DOWN: &[&str] = &[
    "DROP INDEX change_scopes_network_id_position_idx",
    "ALTER TABLE change_scopes DROP COLUMN network_id",
    "ALTER TABLE change_sets DROP COLUMN token_id",
    "ALTER TABLE changes DROP COLUMN visible_to",
    "ALTER TABLE changes DROP COLUMN was_visible_to",
    "ALTER TABLE network_heads DROP COLUMN epoch",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
