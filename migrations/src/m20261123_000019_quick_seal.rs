//! The seal, quicker: under what a gathering stands is looked up in the scope rows of its hosts, which only the seal
//! writes and which it has brought up to date by then. The view of all paths, which was read before, is computed for the
//! whole tree whatever is asked of it.
//!
//! On Postgres the short way also reads and writes less: what is the same for all rows is looked up once, and rows that
//! are new are inserted without looking whether they are there.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::{
    ddl,
    m20261123_000014_measures::{
        postgres::{SORTED, look, moved},
        seal,
    },
};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// That the network is there is found out by the seal, for it has a head; the log is looked at by nothing else that would
/// need these. Checked at each change, and once more when it gets its position, they cost more than the log itself.
const NETWORK_IS_THERE: [(&str, &str); 2] =
    [("changes", "changes_network_id_fkey"), ("change_sets", "change_sets_network_id_fkey")];

/// Hardly any item names a host.
const HOSTS_OF_ITEMS: &[&str] = &[
    "DROP INDEX report_items_host_id_idx",
    "CREATE INDEX report_items_host_id_idx ON report_items (host_id) WHERE host_id IS NOT NULL",
];

const HOSTS_OF_ALL_ITEMS: &[&str] =
    &["DROP INDEX report_items_host_id_idx", "CREATE INDEX report_items_host_id_idx ON report_items (host_id)"];

/// The short way. A gathering has one report, and a report has scope rows under all scopes of its gathering or, when it is
/// new, under none: so the row of the network tells who could read it before, and whether there are others.
fn short() -> String {
    let moved = moved();
    format!(
        "UPDATE network_heads h SET position = h.position + written, change_id = last_change WHERE h.network_id = NEW.network_id
         RETURNING h.position - written INTO head;
         SELECT r.id, CASE WHEN r.status IN ('SUBMITTED', 'REVIEWED') THEN r.audience ELSE 'AUTHORS' END,
             CASE WHEN s.status IN ('SUBMITTED', 'REVIEWED') THEN s.audience WHEN s.report_id IS NOT NULL THEN 'AUTHORS' END
         INTO the_report, can_read, could_read
         FROM gathering_reports r LEFT JOIN report_scopes s ON s.report_id = r.id AND s.scope_id = NEW.network_id
         WHERE r.gathering_id = the_gathering;
         WITH c AS (
             UPDATE changes u SET position = head + u.ordinal,
                 was_visible_to = CASE u.entity_type WHEN 'GATHERING_REPORT' THEN could_read END,
                 visible_to = CASE u.entity_type WHEN 'GATHERING_REPORT' THEN can_read END
             WHERE u.change_set_id = NEW.id
             RETURNING u.position, u.entity_type)
         INSERT INTO change_scopes (scope_id, position, effect, network_id)
         SELECT s.scope_id, c.position,
             CASE WHEN c.entity_type = 'GATHERING' OR could_read IS NOT NULL THEN 'CHANGED' ELSE 'ENTERED' END,
             NEW.network_id
         FROM gathering_scopes s CROSS JOIN c
         WHERE s.gathering_id = the_gathering;
         {SORTED}
         IF the_report IS NOT NULL AND could_read IS NULL THEN
             INSERT INTO report_scopes (scope_id, report_id, gathering_id, sort_at, external_key, audience, status)
             SELECT s.scope_id, r.id, s.gathering_id, s.sort_at, s.external_key, r.audience, r.status
             FROM gathering_scopes s JOIN gathering_reports r ON r.gathering_id = s.gathering_id
             WHERE s.gathering_id = the_gathering;
         ELSIF the_report IS NOT NULL THEN
             UPDATE report_scopes x SET gathering_id = s.gathering_id, sort_at = s.sort_at, external_key = s.external_key,
                 audience = r.audience, status = r.status
             FROM gathering_scopes s JOIN gathering_reports r ON r.gathering_id = s.gathering_id
             WHERE s.gathering_id = the_gathering AND x.report_id = r.id AND x.scope_id = s.scope_id
               AND (x.gathering_id <> s.gathering_id OR x.sort_at <> s.sort_at OR x.external_key <> s.external_key
                    OR x.audience <> r.audience OR x.status <> r.status);
         END IF;
         {moved}"
    )
}

/// The function that is set off. The advisory lock comes first because waiting for it is cheaper and fairer than waiting
/// for the row.
fn function(records: &str) -> String {
    let (look, short) = (look("community_scopes"), short());
    format!(
        "CREATE OR REPLACE FUNCTION seal_change_set() RETURNS trigger LANGUAGE plpgsql AS $seal$
         DECLARE
         head bigint;
         written bigint;
         only_reports boolean;
         touched uuid[];
         last_change uuid;
         the_gathering uuid;
         the_report uuid;
         could_read text;
         can_read text;
         was gathering_measures;
         now_is gathering_measures;
         short boolean := false;
         BEGIN
         PERFORM pg_advisory_xact_lock(hashtextextended(NEW.network_id::text, 0));
         {look}
         IF short THEN
         {short}
         RETURN NULL;
         END IF;
         SELECT h.position INTO head FROM network_heads h WHERE h.network_id = NEW.network_id FOR UPDATE;
         IF head IS NULL THEN
             RAISE foreign_key_violation USING MESSAGE = 'what was written is of a network that is not there';
         END IF;
         IF written > 4 OR EXISTS (SELECT 1 FROM changes c WHERE c.change_set_id = NEW.id AND c.entity_type = 'COMMUNITY') THEN
         PERFORM seal_many(NEW);
         RETURN NULL;
         END IF;
         {records}
         RETURN NULL;
         END $seal$"
    )
}

/// Puts this step's seal in the place of the one that there is. Later steps have more done at its end.
pub(crate) async fn install(manager: &SchemaManager<'_>, more: &[&str]) -> Result<(), DbErr> {
    let gatherings: Vec<String> =
        seal::GATHERINGS.iter().map(|statement| statement.replace("community_paths", "community_scopes")).collect();
    let gatherings: Vec<&str> = gatherings.iter().map(String::as_str).collect();
    let communities = seal::lines(seal::COMMUNITIES.iter().copied());
    let records = seal::records(&gatherings) + &seal::lines(more.iter().copied());
    ddl::run_on(manager, DbBackend::Postgres, &["DROP FUNCTION seal_many"]).await?;
    seal::replace(manager, (&communities, &records), &function(&records)).await
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        install(manager, &[]).await?;
        for (table, constraint) in NETWORK_IS_THERE {
            let drop = format!("ALTER TABLE {table} DROP CONSTRAINT {constraint}");
            ddl::run_on(manager, DbBackend::Postgres, &[&drop]).await?;
        }
        ddl::run(manager, HOSTS_OF_ITEMS).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, HOSTS_OF_ALL_ITEMS).await?;
        for (table, constraint) in NETWORK_IS_THERE {
            let add =
                format!("ALTER TABLE {table} ADD CONSTRAINT {constraint} FOREIGN KEY (network_id) REFERENCES networks (id)");
            ddl::run_on(manager, DbBackend::Postgres, &[&add]).await?;
        }
        ddl::run_on(manager, DbBackend::Postgres, &["DROP FUNCTION seal_many"]).await?;
        seal::install(manager).await
    }
}
