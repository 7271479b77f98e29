//! The seal: what ends every write. A row in `change_sets` sets it off, so the transaction that forgets it has no
//! place in the log, and one that has it cannot skip a step.
//!
//! It runs inside the database. On Postgres it is a deferred constraint trigger: it runs at COMMIT, so the head of
//! the network is never locked while a client thinks (or is frozen, or dies), and only after the lock is held does it
//! read the tree, each statement with a snapshot of its own. On SQLite it is a trigger on the insertion, which is the
//! last statement of a transaction that began with BEGIN IMMEDIATE. The statements are the same.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use crate::ddl;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const WORK: &[&str] = &[
    "CREATE {scratch} TABLE seal_touched (
        change_set_id {uuid} NOT NULL,
        entity_type {text} NOT NULL,
        entity_id {uuid} NOT NULL,
        PRIMARY KEY (change_set_id, entity_type, entity_id)
    )",
    "CREATE {scratch} TABLE seal_scopes (
        change_set_id {uuid} NOT NULL,
        entity_id {uuid} NOT NULL,
        scope_id {uuid} NOT NULL,
        was_in smallint NOT NULL,
        is_in smallint NOT NULL,
        PRIMARY KEY (change_set_id, entity_id, scope_id)
    )",
];

/// Which communities may have got another scope: those that changed and all under them. Then their scope before and
/// after, and the rows that follow from it.
const COMMUNITIES: &[&str] = &[
    "INSERT INTO seal_touched (change_set_id, entity_type, entity_id)
     SELECT c.change_set_id, 'COMMUNITY', c.entity_id FROM changes c
     WHERE c.change_set_id = NEW.id AND c.entity_type = 'COMMUNITY'
     UNION
     SELECT c.change_set_id, 'COMMUNITY', s.community_id
     FROM changes c JOIN community_scopes s ON s.scope_id = c.entity_id
     WHERE c.change_set_id = NEW.id AND c.entity_type = 'COMMUNITY'",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, s.community_id, s.scope_id, 1, 0
     FROM seal_touched t JOIN community_scopes s ON s.community_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'COMMUNITY'",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, p.community_id, p.scope_id, 0, 1
     FROM seal_touched t JOIN community_paths p ON p.community_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'COMMUNITY'
     ON CONFLICT (change_set_id, entity_id, scope_id) DO UPDATE SET is_in = 1",
    "DELETE FROM community_scopes WHERE (community_id, scope_id) IN
     (SELECT entity_id, scope_id FROM seal_scopes WHERE change_set_id = NEW.id AND was_in = 1 AND is_in = 0)",
    "INSERT INTO community_scopes (scope_id, community_id)
     SELECT scope_id, entity_id FROM seal_scopes WHERE change_set_id = NEW.id AND was_in = 0 AND is_in = 1",
];

/// Which gatherings have to be counted again: those that changed, those whose report changed, and those of
/// communities that moved. Their scope before is what the scope rows still say.
const BEFORE: &[&str] = &[
    "INSERT INTO seal_touched (change_set_id, entity_type, entity_id)
     SELECT c.change_set_id, 'GATHERING', c.entity_id FROM changes c
     WHERE c.change_set_id = NEW.id AND c.entity_type = 'GATHERING'
     UNION
     SELECT c.change_set_id, 'GATHERING', r.gathering_id
     FROM changes c JOIN gathering_reports r ON r.id = c.entity_id
     WHERE c.change_set_id = NEW.id AND c.entity_type = 'GATHERING_REPORT'
     UNION
     SELECT x.change_set_id, 'GATHERING', h.gathering_id
     FROM seal_scopes x JOIN gathering_hosts h ON h.community_id = x.entity_id
     WHERE x.change_set_id = NEW.id AND x.was_in <> x.is_in",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, s.gathering_id, s.scope_id, 1, 0
     FROM seal_touched t JOIN gathering_scopes s ON s.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, s.report_id, s.scope_id, 1, 0
     FROM seal_touched t JOIN report_scopes s ON s.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
];

/// What the touched gatherings add to the sums, with the sign in place of `{sign}`: taken off as they were counted
/// last, and added again as they are now. One formula for every kind of write.
const ROLL_UP: &str = "INSERT INTO community_months (scope_id, month, gatherings, planned, held, cancelled, minutes,
         rsvp_yes, rsvp_waitlist, reports, reports_with_attendance, attendance)
     SELECT s.scope_id, m.month, {sign} COUNT(*), {sign} SUM(m.planned), {sign} SUM(m.held), {sign} SUM(m.cancelled),
         {sign} SUM(m.minutes), {sign} SUM(m.rsvp_yes), {sign} SUM(m.rsvp_waitlist), {sign} SUM(m.reports),
         {sign} SUM(m.reports_with_attendance), {sign} SUM(m.attendance)
     FROM seal_touched t
     JOIN gathering_measures m ON m.gathering_id = t.entity_id
     JOIN gathering_scopes s ON s.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
     GROUP BY s.scope_id, m.month
     ON CONFLICT (scope_id, month) DO UPDATE SET
         gatherings = community_months.gatherings + excluded.gatherings,
         planned = community_months.planned + excluded.planned,
         held = community_months.held + excluded.held,
         cancelled = community_months.cancelled + excluded.cancelled,
         minutes = community_months.minutes + excluded.minutes,
         rsvp_yes = community_months.rsvp_yes + excluded.rsvp_yes,
         rsvp_waitlist = community_months.rsvp_waitlist + excluded.rsvp_waitlist,
         reports = community_months.reports + excluded.reports,
         reports_with_attendance = community_months.reports_with_attendance + excluded.reports_with_attendance,
         attendance = community_months.attendance + excluded.attendance";

/// The scope rows and measures of the touched gatherings and their reports, made anew from the records.
const AFTER: &[&str] = &[
    "DELETE FROM report_scopes WHERE gathering_id IN
     (SELECT entity_id FROM seal_touched WHERE change_set_id = NEW.id AND entity_type = 'GATHERING')",
    "DELETE FROM gathering_scopes WHERE gathering_id IN
     (SELECT entity_id FROM seal_touched WHERE change_set_id = NEW.id AND entity_type = 'GATHERING')",
    "DELETE FROM gathering_measures WHERE gathering_id IN
     (SELECT entity_id FROM seal_touched WHERE change_set_id = NEW.id AND entity_type = 'GATHERING')",
    "INSERT INTO gathering_scopes (scope_id, gathering_id, sort_at, external_key)
     SELECT DISTINCT p.scope_id, g.id, g.sort_at, COALESCE(g.external_id, '')
     FROM seal_touched t
     JOIN gatherings g ON g.id = t.entity_id
     JOIN gathering_hosts h ON h.gathering_id = g.id
     JOIN community_paths p ON p.community_id = h.community_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
    "INSERT INTO report_scopes (scope_id, report_id, gathering_id, sort_at, external_key, audience, status)
     SELECT s.scope_id, r.id, s.gathering_id, s.sort_at, s.external_key, r.audience, r.status
     FROM seal_touched t
     JOIN gathering_scopes s ON s.gathering_id = t.entity_id
     JOIN gathering_reports r ON r.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
    "INSERT INTO gathering_measures (gathering_id, month, planned, held, cancelled, minutes, rsvp_yes, rsvp_waitlist,
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
     FROM seal_touched t
     JOIN gatherings g ON g.id = t.entity_id
     LEFT JOIN gathering_reports r ON r.gathering_id = g.id AND r.status IN ('SUBMITTED', 'REVIEWED')
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
];

const SCOPES_AFTER: &[&str] = &[
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, s.gathering_id, s.scope_id, 0, 1
     FROM seal_touched t JOIN gathering_scopes s ON s.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
     ON CONFLICT (change_set_id, entity_id, scope_id) DO UPDATE SET is_in = 1",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, s.report_id, s.scope_id, 0, 1
     FROM seal_touched t JOIN report_scopes s ON s.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
     ON CONFLICT (change_set_id, entity_id, scope_id) DO UPDATE SET is_in = 1",
    // A month in which nothing is left to count is no month of the scope.
    "DELETE FROM community_months WHERE gatherings = 0 AND scope_id IN
     (SELECT scope_id FROM seal_scopes WHERE change_set_id = NEW.id)",
];

/// The places in the log, and the scope of each change with what it means there.
const LOG: &[&str] = &[
    "UPDATE changes
     SET position = ordinal + (SELECT h.position FROM network_heads h WHERE h.network_id = NEW.network_id)
     WHERE change_set_id = NEW.id",
    "INSERT INTO change_scopes (scope_id, position, effect)
     SELECT x.scope_id, c.position, CASE WHEN x.was_in = x.is_in THEN 'CHANGED' WHEN x.is_in = 1 THEN 'ENTERED' ELSE 'LEFT' END
     FROM changes c JOIN seal_scopes x ON x.change_set_id = c.change_set_id AND x.entity_id = c.entity_id
     WHERE c.change_set_id = NEW.id",
    "INSERT INTO change_scopes (scope_id, position, effect)
     SELECT c.network_id, c.position, CASE WHEN c.kind = 'CREATED' THEN 'ENTERED' ELSE 'CHANGED' END
     FROM changes c WHERE c.change_set_id = NEW.id AND c.entity_type IN ('NETWORK', 'TERM')",
];

pub(crate) const HEAD: &[&str] = &[
    "UPDATE network_heads
     SET position = position + (SELECT COUNT(*) FROM changes c WHERE c.change_set_id = NEW.id),
         change_id = (SELECT c.id FROM changes c WHERE c.change_set_id = NEW.id ORDER BY c.ordinal DESC LIMIT 1)
     WHERE network_id = NEW.network_id",
    "DELETE FROM seal_scopes WHERE change_set_id = NEW.id",
    "DELETE FROM seal_touched WHERE change_set_id = NEW.id",
];

pub(crate) fn seal() -> String {
    statements(&[], &[LOG, HEAD].concat())
}

/// The statements in order, with others put in where the records were written and their scope rows were not, and at
/// the end.
pub(crate) fn statements(before: &[&'static str], log: &[&'static str]) -> String {
    let take_off = ROLL_UP.replace("{sign}", "-");
    let add = ROLL_UP.replace("{sign}", "");
    let statements: Vec<&str> = [COMMUNITIES, BEFORE, before, &[&take_off], AFTER, &[&add], SCOPES_AFTER, log].concat();
    statements.into_iter().map(|statement| format!("{statement};\n")).collect()
}

/// The advisory lock comes first because waiting for it is cheaper and fairer than waiting for the row.
pub(crate) fn function(statements: &str) -> String {
    format!(
        "CREATE FUNCTION seal_change_set() RETURNS trigger LANGUAGE plpgsql AS $seal$
         BEGIN
         PERFORM pg_advisory_xact_lock(hashtextextended(NEW.network_id::text, 0));
         PERFORM 1 FROM network_heads h WHERE h.network_id = NEW.network_id FOR UPDATE;
         {statements}
         RETURN NULL;
         END $seal$"
    )
}

/// Plans are made anew each time: one that was kept since the tables were tiny is many times slower.
pub(crate) const FRESH_PLANS: &str = "ALTER FUNCTION seal_change_set() SET plan_cache_mode = force_custom_plan";

fn on_postgres() -> [String; 3] {
    [
        function(&seal()),
        FRESH_PLANS.to_owned(),
        "CREATE CONSTRAINT TRIGGER change_sets_seal AFTER INSERT ON change_sets
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION seal_change_set()"
            .to_owned(),
    ]
}

fn on_sqlite() -> [String; 1] {
    [format!("CREATE TRIGGER change_sets_seal AFTER INSERT ON change_sets BEGIN\n{}END", seal())]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run(manager, WORK).await?;
        ddl::run_on(manager, DbBackend::Postgres, &on_postgres().each_ref().map(String::as_str)).await?;
        ddl::run_on(manager, DbBackend::Sqlite, &on_sqlite().each_ref().map(String::as_str)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        ddl::run_on(
            manager,
            DbBackend::Postgres,
            &["DROP TRIGGER change_sets_seal ON change_sets", "DROP FUNCTION seal_change_set()"],
        )
        .await?;
        ddl::run_on(manager, DbBackend::Sqlite, &["DROP TRIGGER change_sets_seal"]).await?;
        ddl::run(manager, &["DROP TABLE seal_scopes", "DROP TABLE seal_touched"]).await
    }
}
