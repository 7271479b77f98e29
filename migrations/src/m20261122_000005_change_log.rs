//! Each network's log. `position` is null only inside the transaction that writes the change: the seal fills it.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE network_heads (
        network_id {uuid} PRIMARY KEY REFERENCES networks (id),
        position bigint NOT NULL,
        change_id {uuid}
    )"#,
    r#"CREATE TABLE change_sets (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        recorded_at {instant} NOT NULL
    )"#,
    r#"CREATE TABLE changes (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        position bigint,
        change_set_id {uuid} NOT NULL,
        ordinal integer NOT NULL,
        kind {text} NOT NULL,
        entity_type {text} NOT NULL,
        entity_id {uuid} NOT NULL,
        revision bigint NOT NULL,
        occurred_at {instant} NOT NULL,
        recorded_at {instant} NOT NULL
    )"#,
    r#"CREATE UNIQUE INDEX changes_network_id_position_idx ON changes (network_id, position)"#,
    r#"CREATE INDEX changes_change_set_id_idx ON changes (change_set_id)"#,
    r#"CREATE INDEX changes_entity_id_revision_idx ON changes (entity_id, revision)"#,
    r#"CREATE TABLE change_scopes (
        scope_id {uuid} NOT NULL,
        position bigint NOT NULL,
        effect {text} NOT NULL CHECK (effect IN ('ENTERED', 'CHANGED', 'LEFT')),
        PRIMARY KEY (scope_id, position)
    )"#,
];

const DOWN: &[&str] = &["DROP TABLE change_scopes", "DROP TABLE changes", "DROP TABLE change_sets", "DROP TABLE network_heads"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
