//! Pages of reports for those who did not sign in: where most reports are hidden from them, a page is as quick as where none is.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The last two columns say nothing new, but SQLite takes the index only when it has every column that is named.
const UP: &[&str] = &[
    "CREATE INDEX report_scopes_public_idx ON report_scopes (scope_id, sort_at DESC, external_key, report_id, audience, status)
     WHERE audience = 'PUBLIC' AND status IN ('SUBMITTED', 'REVIEWED')",
];

const DOWN: &[&str] = &["DROP INDEX report_scopes_public_idx"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
