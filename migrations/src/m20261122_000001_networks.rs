//! The instance itself, its networks and their vocabularies.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE instances (
        id {uuid} PRIMARY KEY,
        created_at {instant} NOT NULL
    )"#,
    r#"CREATE TABLE networks (
        id {uuid} PRIMARY KEY,
        revision bigint NOT NULL CHECK (revision > 0),
        origin {uuid} NOT NULL,
        slug {text} NOT NULL,
        name {text} NOT NULL,
        source_url {text},
        languages {text} NOT NULL
    )"#,
    r#"CREATE UNIQUE INDEX networks_slug_idx ON networks (slug)"#,
    r#"CREATE TABLE terms (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        revision bigint NOT NULL CHECK (revision > 0),
        origin {uuid} NOT NULL,
        kind {text} NOT NULL,
        code {text} NOT NULL,
        label {text} NOT NULL,
        sort_order integer NOT NULL,
        retired boolean NOT NULL
    )"#,
    r#"CREATE UNIQUE INDEX terms_network_id_kind_code_idx ON terms (network_id, kind, code)"#,
];

const DOWN: &[&str] = &["DROP TABLE terms", "DROP TABLE networks", "DROP TABLE instances"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await?;
        // The database's own identity is born with it, so that no two nodes can each invent one.
        let instance = Query::insert()
            .into_table("instances")
            .columns(["id", "created_at"])
            .values_panic([Expr::value(uuid::Uuid::now_v7()), Expr::value(chrono::Utc::now())])
            .to_owned();
        manager.execute(instance).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
