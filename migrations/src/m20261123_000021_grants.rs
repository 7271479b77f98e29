//! Roles that accounts were given, and invitations to take one on. Who gave them is kept, and which account wrote what.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// No network is the whole instance, and no community the whole network.
const UP: &[&str] = &[
    "CREATE TABLE grants (
        id {uuid} PRIMARY KEY,
        account_id {uuid} NOT NULL REFERENCES accounts (id),
        network_id {uuid},
        community_id {uuid},
        role {text} NOT NULL CHECK (role IN ('MEMBER', 'FACILITATOR', 'COORDINATOR', 'ADMIN')),
        granted_at {instant} NOT NULL,
        granted_by_account_id {uuid},
        granted_by_token_id {uuid},
        revoked_at {instant}
    )",
    "CREATE INDEX grants_account_id_idx ON grants (account_id) WHERE revoked_at IS NULL",
    "CREATE INDEX grants_community_id_idx ON grants (community_id, id) WHERE revoked_at IS NULL",
    "CREATE TABLE membership_invitations (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL,
        community_id {uuid},
        role {text} NOT NULL CHECK (role IN ('MEMBER', 'FACILITATOR', 'COORDINATOR', 'ADMIN')),
        hash {text} NOT NULL,
        note {text},
        created_at {instant} NOT NULL,
        expires_at {instant} NOT NULL,
        invited_by_account_id {uuid},
        invited_by_token_id {uuid},
        accepted_by_account_id {uuid},
        accepted_at {instant},
        revoked_at {instant}
    )",
    "CREATE UNIQUE INDEX membership_invitations_hash_idx ON membership_invitations (hash)",
    "CREATE INDEX membership_invitations_community_id_idx ON membership_invitations (community_id)",
    "ALTER TABLE change_sets ADD COLUMN account_id {uuid}",
];

const DOWN: &[&str] =
    &["ALTER TABLE change_sets DROP COLUMN account_id", "DROP TABLE membership_invitations", "DROP TABLE grants"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
