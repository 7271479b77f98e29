//! What each gathering adds to the sums, and the sums by scope and calendar month. Only the seal writes them. The
//! measures of a gathering are kept as last counted, so that exactly they are taken off when it changes.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE gathering_measures (
        gathering_id {uuid} PRIMARY KEY,
        month integer NOT NULL,
        planned integer NOT NULL,
        held integer NOT NULL,
        cancelled integer NOT NULL,
        minutes bigint NOT NULL,
        rsvp_yes bigint NOT NULL,
        rsvp_waitlist bigint NOT NULL,
        reports integer NOT NULL,
        reports_with_attendance integer NOT NULL,
        attendance bigint NOT NULL
    )"#,
    r#"CREATE TABLE community_months (
        scope_id {uuid} NOT NULL,
        month integer NOT NULL,
        gatherings bigint NOT NULL,
        planned bigint NOT NULL,
        held bigint NOT NULL,
        cancelled bigint NOT NULL,
        minutes bigint NOT NULL,
        rsvp_yes bigint NOT NULL,
        rsvp_waitlist bigint NOT NULL,
        reports bigint NOT NULL,
        reports_with_attendance bigint NOT NULL,
        attendance bigint NOT NULL,
        PRIMARY KEY (scope_id, month)
    )"#,
];

const DOWN: &[&str] = &["DROP TABLE community_months", "DROP TABLE gathering_measures"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
