//! Communities, every name that each has or had, and the paths of their tree.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE communities (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        revision bigint NOT NULL CHECK (revision > 0),
        origin {uuid} NOT NULL,
        slug {text} NOT NULL,
        name {text} NOT NULL,
        level {text} NOT NULL CHECK (level IN ('NATIONAL', 'REGIONAL', 'CITY')),
        parent_id {uuid} REFERENCES communities (id),
        country {text},
        region_code {text},
        region_name {text},
        city {text},
        latitude double precision,
        longitude double precision,
        time_zone {text},
        founded_on {date},
        founded_year integer,
        joined_network_on {date},
        status {text} NOT NULL CHECK (status IN ('FORMING', 'OPEN', 'PAUSED', 'CLOSED')),
        source_status {text},
        members integer CHECK (members >= 0),
        default_audience {text} CHECK (default_audience IN ('MEMBERS', 'NETWORK', 'PUBLIC')),
        cadence {text},
        report_due_days integer CHECK (report_due_days >= 0),
        provenance {text},
        region_method {text},
        source_id {text},
        source_url {text},
        purpose {text},
        format {text},
        languages {text} NOT NULL,
        search_text {text} NOT NULL
    )"#,
    r#"CREATE INDEX communities_network_id_name_idx ON communities (network_id, name, id)"#,
    r#"CREATE INDEX communities_parent_id_idx ON communities (parent_id)"#,
    r#"CREATE TABLE community_slugs (
        network_id {uuid} NOT NULL REFERENCES networks (id),
        slug {text} NOT NULL,
        community_id {uuid} NOT NULL REFERENCES communities (id),
        PRIMARY KEY (network_id, slug)
    )"#,
    r#"CREATE INDEX community_slugs_community_id_idx ON community_slugs (community_id)"#,
    // With three levels no path is longer than community, parent, parent's parent; every path ends in the network.
    r#"CREATE VIEW community_paths AS
        SELECT c.id AS community_id, c.id AS scope_id FROM communities c
        UNION ALL
        SELECT c.id, c.network_id FROM communities c
        UNION ALL
        SELECT c.id, c.parent_id FROM communities c WHERE c.parent_id IS NOT NULL
        UNION ALL
        SELECT c.id, p.parent_id FROM communities c JOIN communities p ON p.id = c.parent_id WHERE p.parent_id IS NOT NULL"#,
];

const DOWN: &[&str] = &["DROP VIEW community_paths", "DROP TABLE community_slugs", "DROP TABLE communities"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
