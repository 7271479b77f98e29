//! Who wrote what is found by who wrote it, too.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE INDEX change_sets_account_id_idx ON change_sets (account_id) WHERE account_id IS NOT NULL",
    "CREATE INDEX change_sets_token_id_idx ON change_sets (token_id) WHERE token_id IS NOT NULL",
];

const DOWN: &[&str] = &["DROP INDEX change_sets_token_id_idx", "DROP INDEX change_sets_account_id_idx"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
