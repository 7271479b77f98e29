//! Scope rows: under which networks and communities (`scope_id`) each record stands. Only the seal writes them, so
//! until it has run they also say what stood before the change. Lists of a subtree are read from them in order.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE community_scopes (
        scope_id {uuid} NOT NULL,
        community_id {uuid} NOT NULL,
        PRIMARY KEY (community_id, scope_id)
    )"#,
    r#"CREATE INDEX community_scopes_scope_id_community_id_idx ON community_scopes (scope_id, community_id)"#,
    r#"CREATE TABLE gathering_scopes (
        scope_id {uuid} NOT NULL,
        gathering_id {uuid} NOT NULL,
        sort_at bigint NOT NULL,
        external_key {text} NOT NULL,
        PRIMARY KEY (gathering_id, scope_id)
    )"#,
    r#"CREATE INDEX gathering_scopes_scope_id_sort_idx ON gathering_scopes (scope_id, sort_at DESC, external_key, gathering_id)"#,
    r#"CREATE TABLE report_scopes (
        scope_id {uuid} NOT NULL,
        report_id {uuid} NOT NULL,
        gathering_id {uuid} NOT NULL,
        sort_at bigint NOT NULL,
        external_key {text} NOT NULL,
        audience {text} NOT NULL,
        status {text} NOT NULL,
        PRIMARY KEY (report_id, scope_id)
    )"#,
    r#"CREATE INDEX report_scopes_gathering_id_idx ON report_scopes (gathering_id)"#,
    r#"CREATE INDEX report_scopes_scope_id_sort_idx ON report_scopes (scope_id, sort_at DESC, external_key, report_id, audience, status)"#,
    // For a database that went down below this step and has records.
    r#"INSERT INTO community_scopes (scope_id, community_id) SELECT scope_id, community_id FROM community_paths"#,
    r#"INSERT INTO gathering_scopes (scope_id, gathering_id, sort_at, external_key)
        SELECT DISTINCT p.scope_id, g.id, g.sort_at, COALESCE(g.external_id, '')
        FROM gatherings g
        JOIN gathering_hosts h ON h.gathering_id = g.id
        JOIN community_paths p ON p.community_id = h.community_id"#,
    r#"INSERT INTO report_scopes (scope_id, report_id, gathering_id, sort_at, external_key, audience, status)
        SELECT s.scope_id, r.id, s.gathering_id, s.sort_at, s.external_key, r.audience, r.status
        FROM gathering_scopes s JOIN gathering_reports r ON r.gathering_id = s.gathering_id"#,
];

const DOWN: &[&str] = &["DROP TABLE report_scopes", "DROP TABLE gathering_scopes", "DROP TABLE community_scopes"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
