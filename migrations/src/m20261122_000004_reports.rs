//! Gathering reports and their parts: attendance, items, and the outcomes and functions served.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE gathering_reports (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        revision bigint NOT NULL CHECK (revision > 0),
        origin {uuid} NOT NULL,
        gathering_id {uuid} NOT NULL REFERENCES gatherings (id),
        external_id {text},
        status {text} NOT NULL CHECK (status IN ('DRAFT', 'SUBMITTED', 'REVIEWED', 'WITHDRAWN')),
        audience {text} NOT NULL CHECK (audience IN ('MEMBERS', 'NETWORK', 'PUBLIC')),
        submitted_at {instant},
        attendance integer CHECK (attendance >= 0)
    )"#,
    r#"CREATE UNIQUE INDEX gathering_reports_gathering_id_idx ON gathering_reports (gathering_id)"#,
    r#"CREATE UNIQUE INDEX gathering_reports_network_id_external_id_idx ON gathering_reports (network_id, external_id)"#,
    r#"CREATE TABLE attendance_parts (
        report_id {uuid} NOT NULL REFERENCES gathering_reports (id),
        ordinal integer NOT NULL,
        role {text},
        organisation {text},
        people integer NOT NULL CHECK (people > 0),
        PRIMARY KEY (report_id, ordinal)
    )"#,
    r#"CREATE TABLE report_items (
        id {uuid} PRIMARY KEY,
        report_id {uuid} NOT NULL REFERENCES gathering_reports (id),
        ordinal integer NOT NULL,
        kind {text} NOT NULL,
        activity_kind {text},
        body {text} NOT NULL,
        search_text {text} NOT NULL,
        theme {text},
        severity {text},
        contributor {text},
        host_id {uuid} REFERENCES communities (id),
        owner {text},
        due_on {date},
        state {text},
        confidential boolean NOT NULL
    )"#,
    r#"CREATE UNIQUE INDEX report_items_report_id_ordinal_idx ON report_items (report_id, ordinal)"#,
    r#"CREATE TABLE report_tags (
        report_id {uuid} NOT NULL REFERENCES gathering_reports (id),
        kind {text} NOT NULL CHECK (kind IN ('DESIRED_OUTCOME', 'FUNCTION')),
        ordinal integer NOT NULL,
        code {text} NOT NULL,
        PRIMARY KEY (report_id, kind, ordinal)
    )"#,
];

const DOWN: &[&str] =
    &["DROP TABLE report_tags", "DROP TABLE report_items", "DROP TABLE attendance_parts", "DROP TABLE gathering_reports"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
