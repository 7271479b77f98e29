//! Communities that moved are looked for by everyone who reads on in a log with roles of their own: there are few of them
//! among many changes.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &["CREATE INDEX changes_network_id_position_move_idx ON changes (network_id, position)
     WHERE entity_type = 'COMMUNITY' AND kind = 'MOVED'"];

const DOWN: &[&str] = &["DROP INDEX changes_network_id_position_move_idx"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
