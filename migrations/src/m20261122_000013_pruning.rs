//! The log is pruned: up to where, and which changes a key still refers to.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    // From here on the log has every change. Of those before it only some are kept; nobody can read on from them.
    "ALTER TABLE network_heads ADD COLUMN pruned_to bigint NOT NULL DEFAULT 0",
    "CREATE INDEX idempotency_keys_change_set_id_idx ON idempotency_keys (change_set_id)",
];

const DOWN: &[&str] = &["DROP INDEX idempotency_keys_change_set_id_idx", "ALTER TABLE network_heads DROP COLUMN pruned_to"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
