//! Gatherings with their hosts, agenda and invitations.

use sea_orm_migration::prelude::*;

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const UP: &[&str] = &[
    r#"CREATE TABLE gatherings (
        id {uuid} PRIMARY KEY,
        network_id {uuid} NOT NULL REFERENCES networks (id),
        revision bigint NOT NULL CHECK (revision > 0),
        origin {uuid} NOT NULL,
        external_id {text},
        title {text} NOT NULL,
        search_text {text} NOT NULL,
        start_date {date} NOT NULL,
        starts_at {instant},
        start_offset integer,
        end_date {date},
        ends_at {instant},
        end_offset integer,
        sort_at bigint NOT NULL,
        weekday smallint NOT NULL CHECK (weekday BETWEEN 1 AND 7),
        month integer NOT NULL,
        minutes bigint CHECK (minutes >= 0),
        format {text} NOT NULL CHECK (format IN ('IN_PERSON', 'ONLINE', 'HYBRID', 'UNKNOWN')),
        venue_city {text},
        venue_country {text},
        venue_latitude double precision,
        venue_longitude double precision,
        status {text} NOT NULL CHECK (status IN ('PLANNED', 'HELD', 'CANCELLED')),
        announced_at {instant},
        source_url {text},
        rsvp_yes integer CHECK (rsvp_yes >= 0),
        rsvp_waitlist integer CHECK (rsvp_waitlist >= 0)
    )"#,
    r#"CREATE UNIQUE INDEX gatherings_network_id_external_id_idx ON gatherings (network_id, external_id)"#,
    r#"CREATE TABLE gathering_hosts (
        gathering_id {uuid} NOT NULL REFERENCES gatherings (id),
        ordinal integer NOT NULL,
        community_id {uuid} NOT NULL REFERENCES communities (id),
        PRIMARY KEY (gathering_id, ordinal)
    )"#,
    r#"CREATE UNIQUE INDEX gathering_hosts_community_id_gathering_id_idx ON gathering_hosts (community_id, gathering_id)"#,
    r#"CREATE TABLE agenda_items (
        gathering_id {uuid} NOT NULL REFERENCES gatherings (id),
        ordinal integer NOT NULL,
        kind {text},
        title {text} NOT NULL,
        minutes integer CHECK (minutes >= 0),
        presenter {text},
        PRIMARY KEY (gathering_id, ordinal)
    )"#,
    r#"CREATE TABLE invitations (
        gathering_id {uuid} NOT NULL REFERENCES gatherings (id),
        ordinal integer NOT NULL,
        invitation_group {text} NOT NULL,
        invited integer CHECK (invited >= 0),
        PRIMARY KEY (gathering_id, ordinal)
    )"#,
];

const DOWN: &[&str] =
    &["DROP TABLE invitations", "DROP TABLE agenda_items", "DROP TABLE gathering_hosts", "DROP TABLE gatherings"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, DOWN).await
    }
}
