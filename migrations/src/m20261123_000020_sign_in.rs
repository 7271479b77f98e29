//! Those who sign in: their accounts, what a token may do and where, and the secrets by which the first administrator is
//! known. Tokens that are there keep what they could do, which is everything.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE accounts (
        id {uuid} PRIMARY KEY,
        issuer {text} NOT NULL,
        subject {text} NOT NULL,
        name {text},
        created_at {instant} NOT NULL,
        erased_at {instant}
    )",
    "CREATE UNIQUE INDEX accounts_issuer_subject_idx ON accounts (issuer, subject)",
    "CREATE TABLE admin_secrets (
        hash {text} PRIMARY KEY,
        created_at {instant} NOT NULL,
        expires_at {instant} NOT NULL,
        used_at {instant},
        account_id {uuid} REFERENCES accounts (id)
    )",
    "ALTER TABLE tokens ADD COLUMN role {text} NOT NULL DEFAULT 'ADMIN'",
    // Null for everything.
    "ALTER TABLE tokens ADD COLUMN network_id {uuid}",
    "ALTER TABLE tokens ADD COLUMN community_id {uuid}",
    "ALTER TABLE tokens ADD COLUMN verbs {text} NOT NULL DEFAULT 'READ;WRITE;MANAGE'",
    // Null for those that the operator made.
    "ALTER TABLE tokens ADD COLUMN account_id {uuid}",
    "ALTER TABLE tokens ADD COLUMN last_used_at {instant}",
    "CREATE INDEX tokens_account_id_idx ON tokens (account_id) WHERE account_id IS NOT NULL",
];

const DOWN: &[&str] = &[
    "DROP INDEX tokens_account_id_idx",
    "ALTER TABLE tokens DROP COLUMN last_used_at",
    "ALTER TABLE tokens DROP COLUMN account_id",
    "ALTER TABLE tokens DROP COLUMN verbs",
    "ALTER TABLE tokens DROP COLUMN community_id",
    "ALTER TABLE tokens DROP COLUMN network_id",
    "ALTER TABLE tokens DROP COLUMN role",
    "DROP TABLE admin_secrets",
    "DROP TABLE accounts",
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
