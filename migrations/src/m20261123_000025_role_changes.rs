//! Who gave and took which roles is read in the audit trail, and nowhere else: these changes have no scope rows.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] =
    &["CREATE INDEX changes_network_id_position_role_idx ON changes (network_id, position) WHERE entity_type = 'GRANT'"];

const DOWN: &[&str] = &["DROP INDEX changes_network_id_position_role_idx"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
