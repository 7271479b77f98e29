//! What was last imported under which key, so that a file that did not change is left alone.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE import_rows (
        network_id {uuid} NOT NULL REFERENCES networks (id),
        part {text} NOT NULL,
        entity_id {uuid} NOT NULL,
        fingerprint {text} NOT NULL,
        revision bigint NOT NULL,
        PRIMARY KEY (entity_id, part)
    )"#,
    r#"CREATE INDEX import_rows_network_id_idx ON import_rows (network_id)"#,
];

const DOWN: &[&str] = &["DROP TABLE import_rows"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
