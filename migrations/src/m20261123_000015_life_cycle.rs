//! Activity policies of networks, and what has been in force since which day: the policy of a network or community, and the
//! status of a community.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    "CREATE TABLE activity_policies (
        network_id {uuid} NOT NULL REFERENCES networks (id),
        code {text} NOT NULL,
        name {text} NOT NULL,
        description {text},
        rules {text} NOT NULL,
        PRIMARY KEY (network_id, code)
    )",
    // The place is a network or a community. No policy: that of the network, or for a network the usual one.
    "CREATE TABLE policy_choices (
        place_id {uuid} NOT NULL,
        effective_from {date} NOT NULL,
        policy {text},
        PRIMARY KEY (place_id, effective_from)
    )",
    "CREATE TABLE community_statuses (
        community_id {uuid} NOT NULL,
        effective_from {date} NOT NULL,
        status {text} NOT NULL CHECK (status IN ('FORMING', 'OPEN', 'PAUSED', 'CLOSED')),
        PRIMARY KEY (community_id, effective_from)
    )",
    // What a community was before is not known: as now, then.
    "INSERT INTO community_statuses (community_id, effective_from, status)
        SELECT id, CAST('0001-01-01' AS {date}), status FROM communities",
];

const DOWN: &[&str] = &["DROP TABLE community_statuses", "DROP TABLE policy_choices", "DROP TABLE activity_policies"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
