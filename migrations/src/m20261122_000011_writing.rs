//! What mutations need: the tokens of those who write, the keys by which a repeated mutation is known, and what was
//! removed, so that an import does not bring it back.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE tokens (
        id {uuid} PRIMARY KEY,
        name {text} NOT NULL,
        hash {text} NOT NULL,
        created_at {instant} NOT NULL,
        expires_at {instant},
        revoked_at {instant}
    )",
    "CREATE UNIQUE INDEX tokens_hash_idx ON tokens (hash)",
    "CREATE TABLE idempotency_keys (
        caller_id {uuid} NOT NULL,
        operation {text} NOT NULL,
        key {text} NOT NULL,
        body {text} NOT NULL,
        entity_id {uuid} NOT NULL,
        revision bigint NOT NULL,
        change_set_id {uuid} NOT NULL,
        recorded_at {instant} NOT NULL,
        PRIMARY KEY (caller_id, operation, key)
    )",
    "CREATE INDEX idempotency_keys_recorded_at_idx ON idempotency_keys (recorded_at)",
    "CREATE TABLE removals (
        entity_id {uuid} NOT NULL,
        key {text} NOT NULL,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        entity_type {text} NOT NULL,
        merged_into_id {uuid},
        removed_at {instant} NOT NULL,
        PRIMARY KEY (entity_id, key)
    )",
    "CREATE INDEX removals_network_id_idx ON removals (network_id)",
    "ALTER TABLE gatherings ADD COLUMN rsvps_observed_at {instant}",
    // Communities that are merged are looked for here.
    "CREATE INDEX report_items_host_id_idx ON report_items (host_id)",
];

const DOWN: &[&str] = &[
    "DROP INDEX report_items_host_id_idx",
    "ALTER TABLE gatherings DROP COLUMN rsvps_observed_at",
    "DROP TABLE removals",
    "DROP TABLE idempotency_keys",
    "DROP TABLE tokens",
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
