//! Roles that accounts were given: in a community and all under it, in a whole network, or everywhere; and invitations to take one on.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE grants (
        id {uuid} PRIMARY KEY,
        network_id {uuid} REFERENCES networks (id),
        community_id {uuid} REFERENCES communities (id),
        account_id {uuid} NOT NULL REFERENCES accounts (id),
        role {text} NOT NULL,
        granted_at {instant} NOT NULL,
        granted_by {uuid},
        revoked_at {instant}
    )",
    "CREATE INDEX grants_account_id_idx ON grants (account_id)",
    "CREATE INDEX grants_network_id_community_id_idx ON grants (network_id, community_id)",
    "CREATE INDEX grants_community_id_idx ON grants (community_id, id)",
    "CREATE TABLE membership_invitations (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        community_id {uuid} REFERENCES communities (id),
        role {text} NOT NULL,
        hash {text} NOT NULL,
        note {text},
        created_at {instant} NOT NULL,
        expires_at {instant} NOT NULL,
        invited_by {uuid},
        accepted_by {uuid} REFERENCES accounts (id),
        accepted_at {instant},
        revoked_at {instant}
    )",
    "CREATE UNIQUE INDEX membership_invitations_hash_idx ON membership_invitations (hash)",
    "CREATE INDEX membership_invitations_community_id_idx ON membership_invitations (community_id)",
];

const DOWN: &[&str] = &["DROP TABLE membership_invitations", "DROP TABLE grants"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
