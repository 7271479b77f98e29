//! Work sites and their assessments. Their changes get scope rows, so that those who look after a place find them in its
//! audit trail.

use sea_orm_migration::prelude::*;

use crate::{ddl, m20261123_000019_quick_seal as quick_seal};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    // A site that was removed leaves a row that says of which community it was, for its changes, and nothing else.
    "CREATE TABLE work_sites (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        revision bigint NOT NULL,
        origin {uuid} NOT NULL,
        community_id {uuid} NOT NULL REFERENCES communities (id),
        name {text} NOT NULL,
        country {text},
        region {text},
        latitude double precision,
        longitude double precision,
        location_precision {text} NOT NULL CHECK (location_precision IN ('EXACT', 'NEAR', 'REGION')),
        audience {text} NOT NULL CHECK (audience IN ('MEMBERS', 'NETWORK', 'PUBLIC')),
        removed_at {instant}
    )",
    "CREATE INDEX work_sites_community_id_name_id_idx ON work_sites (community_id, name, id)",
    "CREATE TABLE assessments (
        id {uuid} PRIMARY KEY,
        work_site_id {uuid} NOT NULL REFERENCES work_sites (id),
        assessed_on {date} NOT NULL,
        strength {text} CHECK (strength IN ('ABSENT', 'WEAK', 'GROWING', 'STRONG')),
        need {text} CHECK (need IN ('MET', 'LOW', 'HIGH', 'URGENT')),
        source {text} NOT NULL,
        note {text}
    )",
    "CREATE INDEX assessments_work_site_id_assessed_on_id_idx ON assessments (work_site_id, assessed_on, id)",
];

const DOWN: &[&str] = &["DROP TABLE assessments", "DROP TABLE work_sites"];

/// A site stands where its community stands.
const SCOPES: &str = "INSERT INTO change_scopes (scope_id, position, effect, network_id)
     SELECT s.scope_id, c.position, CASE c.kind WHEN 'CREATED' THEN 'ENTERED' WHEN 'REMOVED' THEN 'LEFT' ELSE 'CHANGED' END,
         c.network_id
     FROM changes c
     JOIN work_sites w ON w.id = c.entity_id
     JOIN community_scopes s ON s.community_id = w.community_id
     WHERE c.change_set_id = NEW.id AND c.entity_type = 'WORK_SITE'";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await?;
        quick_seal::install(manager, &[SCOPES]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        quick_seal::install(manager, &[]).await?;
        ddl::run(manager, DOWN).await
    }
}
