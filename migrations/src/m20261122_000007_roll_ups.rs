//! What each gathering adds to the sums, and the sums by scope and calendar month. Only the seal writes them. The
//! measures of a gathering are kept as last counted, so that exactly they are taken off when it changes.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

pub(crate) const UP: &[&str] = &[
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
    // For a database that went down below this step and has records.
    r#"INSERT INTO gathering_measures (gathering_id, month, planned, held, cancelled, minutes, rsvp_yes, rsvp_waitlist,
            reports, reports_with_attendance, attendance)
        SELECT g.id, g.month,
            CASE WHEN g.status = 'PLANNED' THEN 1 ELSE 0 END,
            CASE WHEN g.status = 'HELD' THEN 1 ELSE 0 END,
            CASE WHEN g.status = 'CANCELLED' THEN 1 ELSE 0 END,
            CASE WHEN g.status = 'HELD' THEN COALESCE(g.minutes, 0) ELSE 0 END,
            COALESCE(g.rsvp_yes, 0), COALESCE(g.rsvp_waitlist, 0),
            CASE WHEN r.id IS NULL THEN 0 ELSE 1 END,
            CASE WHEN r.attendance IS NULL THEN 0 ELSE 1 END,
            COALESCE(r.attendance, 0)
        FROM gatherings g
        LEFT JOIN gathering_reports r ON r.gathering_id = g.id AND r.status IN ('SUBMITTED', 'REVIEWED')"#,
    r#"INSERT INTO community_months (scope_id, month, gatherings, planned, held, cancelled, minutes,
            rsvp_yes, rsvp_waitlist, reports, reports_with_attendance, attendance)
        SELECT s.scope_id, m.month, COUNT(*), SUM(m.planned), SUM(m.held), SUM(m.cancelled), SUM(m.minutes), SUM(m.rsvp_yes),
            SUM(m.rsvp_waitlist), SUM(m.reports), SUM(m.reports_with_attendance), SUM(m.attendance)
        FROM gathering_measures m JOIN gathering_scopes s ON s.gathering_id = m.gathering_id
        GROUP BY s.scope_id, m.month"#,
];

pub(crate) const DOWN: &[&str] = &["DROP TABLE community_months", "DROP TABLE gathering_measures"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
