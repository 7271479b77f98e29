//! Reports of so few people that those who may not read them are told of them only together with others: whoever counts
//! looks here first, and mostly there are none.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &["CREATE INDEX gathering_reports_small_idx ON gathering_reports (network_id, gathering_id)
     WHERE attendance < 5 AND audience <> 'PUBLIC' AND status IN ('SUBMITTED', 'REVIEWED')"];

const DOWN: &[&str] = &["DROP INDEX gathering_reports_small_idx"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
