//! Everything that can be counted of a gathering and its report, the sums of it by scope and calendar month, and the
//! days within which reports are due, as they were at each time.
//!
//! Only the seal writes these tables. The measures of a gathering are kept as last counted, so that exactly they are
//! taken off when it changes.

mod counts;
pub(crate) mod postgres;
pub(crate) mod seal;

use sea_orm_migration::prelude::*;

use crate::{ddl, m20261122_000007_roll_ups as old, m20261122_000012_seal_visibility as old_seal};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// From `effective_from` on reports of the community's gatherings are due within so many days; null for never. What is
/// changed holds for gatherings from that day on, so that no report of the past becomes late by it.
const DEADLINES: &[&str] = &[
    "CREATE TABLE report_deadlines (
        community_id {uuid} NOT NULL REFERENCES communities (id) ON DELETE CASCADE,
        effective_from {date} NOT NULL,
        days integer CHECK (days >= 0),
        PRIMARY KEY (community_id, effective_from)
    )",
    "INSERT INTO report_deadlines (community_id, effective_from, days)
     SELECT id, CAST('0001-01-01' AS {date}), report_due_days FROM communities",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, old::DOWN).await?;
        ddl::run(manager, DEADLINES).await?;
        counts::create(manager).await?;
        seal::create(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, &["DROP TABLE community_months", "DROP TABLE gathering_measures"]).await?;
        ddl::run(manager, old::UP).await?;
        old_seal::install_seal(manager).await?;
        seal::remove(manager).await?;
        ddl::run(manager, &["DROP TABLE report_deadlines"]).await
    }
}
