//! The seal as a function of Postgres, with a short way for what is written most.
//!
//! Nearly every write changes one gathering, its report, or both, and leaves them where they stand. Then the same rows
//! follow without the tables in which the long way keeps what it works with, and the sums are moved in place.

use super::counts::{each, select};

/// What holds while the functions run. Planning costs several times what the statements themselves do, so plans are kept
/// where few rows are touched. One that was made while the tables were tiny has to be right when they have grown: every
/// statement finds its rows by an index, and no other way is to be looked for, nor to be compiled. Where many rows may be
/// touched, plans are made anew each time, and in any way that fits.
pub(crate) const SETTINGS: &[&str] = &[
    "ALTER FUNCTION seal_change_set() SET plan_cache_mode = force_generic_plan",
    "ALTER FUNCTION seal_change_set() SET enable_seqscan = off",
    "ALTER FUNCTION seal_change_set() SET enable_hashjoin = off",
    "ALTER FUNCTION seal_change_set() SET enable_mergejoin = off",
    "ALTER FUNCTION seal_change_set() SET jit = off",
    "ALTER FUNCTION seal_many SET plan_cache_mode = force_custom_plan",
    "ALTER FUNCTION seal_many SET enable_seqscan = on",
    "ALTER FUNCTION seal_many SET enable_hashjoin = on",
    "ALTER FUNCTION seal_many SET enable_mergejoin = on",
    "ALTER FUNCTION seal_many SET jit = off",
    // Rows that are written again and again find room for their next version beside them.
    "ALTER TABLE network_heads SET (fillfactor = 50)",
    "ALTER TABLE community_months SET (fillfactor = 50)",
    "ALTER TABLE gathering_measures SET (fillfactor = 80)",
];

/// What the gathering adds to the sums now.
fn counted() -> String {
    let (columns, counted) = (each("c.{m}"), select("gatherings g", "g.id = the_gathering"));
    format!("SELECT c.gathering_id, c.month, c.due_on, {columns} INTO now_is FROM ({counted}) c;")
}

/// The gathering's scope rows, where what they are sorted by has changed.
pub(crate) const SORTED: &str = "IF NOT only_reports THEN
             UPDATE gathering_scopes s SET sort_at = g.sort_at, external_key = COALESCE(g.external_id, '')
             FROM gatherings g
             WHERE g.id = the_gathering AND s.gathering_id = g.id
               AND (s.sort_at <> g.sort_at OR s.external_key <> COALESCE(g.external_id, ''));
         END IF;";

/// The sums, moved by what the gathering adds now, less what it added before.
pub(crate) fn moved() -> String {
    let moved = each("{m} = m.{m} + (now_is.{m} - was.{m})");
    let taken = each("{m} = now_is.{m}");
    format!(
        "IF now_is IS DISTINCT FROM was THEN
             UPDATE community_months m SET {moved}
             FROM gathering_scopes s
             WHERE s.gathering_id = the_gathering AND m.scope_id = s.scope_id AND m.month = was.month;
             UPDATE gathering_measures SET due_on = now_is.due_on, {taken} WHERE gathering_id = the_gathering;
         END IF;"
    )
}

/// Whether the short way can be taken: few changes, all of one gathering that is there, in the month and under the
/// scopes that it was in before. `paths` is where it is looked up under what a community stands.
pub(crate) fn look(paths: &str) -> String {
    let counted = counted();
    format!(
        "SELECT COUNT(*), bool_and(x.entity_type = 'GATHERING_REPORT'), array_agg(DISTINCT x.gathering_id),
             (array_agg(x.id ORDER BY x.ordinal DESC))[1]
         INTO written, only_reports, touched, last_change
         FROM (SELECT c.id, c.ordinal, c.entity_type, CASE c.entity_type WHEN 'GATHERING' THEN c.entity_id
                   WHEN 'GATHERING_REPORT' THEN (SELECT r.gathering_id FROM gathering_reports r WHERE r.id = c.entity_id) END
                   AS gathering_id
               FROM changes c WHERE c.change_set_id = NEW.id LIMIT 5) x;
         IF written < 5 AND cardinality(touched) = 1 AND touched[1] IS NOT NULL THEN
             the_gathering := touched[1];
             SELECT m.* INTO was FROM gathering_measures m WHERE m.gathering_id = the_gathering;
             IF was.gathering_id IS NOT NULL AND (only_reports OR
                 ARRAY(SELECT s.scope_id FROM gathering_scopes s WHERE s.gathering_id = the_gathering ORDER BY s.scope_id) =
                 ARRAY(SELECT DISTINCT p.scope_id FROM gathering_hosts h JOIN {paths} p ON p.community_id = h.community_id
                       WHERE h.gathering_id = the_gathering ORDER BY p.scope_id)) THEN
                 {counted}
                 short := COALESCE(now_is.month = was.month, false);
             END IF;
         END IF;"
    )
}

/// The short way. What is read of the scope rows of the report comes before they are written.
fn short() -> String {
    let moved = moved();
    format!(
        "WITH c AS (
             UPDATE changes SET position = head + ordinal,
                 was_visible_to = (SELECT CASE WHEN s.status IN ('SUBMITTED', 'REVIEWED') THEN s.audience ELSE 'AUTHORS' END
                     FROM report_scopes s WHERE s.report_id = changes.entity_id AND s.scope_id = NEW.network_id),
                 visible_to = (SELECT CASE WHEN r.status IN ('SUBMITTED', 'REVIEWED') THEN r.audience ELSE 'AUTHORS' END
                     FROM gathering_reports r WHERE r.id = changes.entity_id)
             WHERE change_set_id = NEW.id
             RETURNING position, entity_type, entity_id)
         INSERT INTO change_scopes (scope_id, position, effect, network_id)
         SELECT s.scope_id, c.position,
             CASE WHEN c.entity_type = 'GATHERING' OR r.report_id IS NOT NULL THEN 'CHANGED' ELSE 'ENTERED' END, NEW.network_id
         FROM gathering_scopes s CROSS JOIN c
         LEFT JOIN report_scopes r ON r.report_id = c.entity_id AND r.scope_id = s.scope_id
         WHERE s.gathering_id = the_gathering;
         {SORTED}
         INSERT INTO report_scopes (scope_id, report_id, gathering_id, sort_at, external_key, audience, status)
         SELECT s.scope_id, r.id, s.gathering_id, s.sort_at, s.external_key, r.audience, r.status
         FROM gathering_scopes s
         JOIN gathering_reports r ON r.gathering_id = s.gathering_id
         LEFT JOIN report_scopes x ON x.report_id = r.id AND x.scope_id = s.scope_id
         WHERE s.gathering_id = the_gathering
           AND (x.scope_id IS NULL OR x.gathering_id <> s.gathering_id OR x.sort_at <> s.sort_at
                OR x.external_key <> s.external_key OR x.audience <> r.audience OR x.status <> r.status)
         ON CONFLICT (report_id, scope_id) DO UPDATE SET gathering_id = excluded.gathering_id, sort_at = excluded.sort_at,
             external_key = excluded.external_key, audience = excluded.audience, status = excluded.status;
         {moved}
         UPDATE network_heads SET position = head + written, change_id = last_change WHERE network_id = NEW.network_id;"
    )
}

/// The long way for many changes, and for those of the tree, which touch whatever stands under it.
pub(crate) fn many(communities: &str, records: &str) -> String {
    format!(
        "CREATE FUNCTION seal_many(new change_sets) RETURNS void LANGUAGE plpgsql AS $seal$
         BEGIN
         {communities}
         {records}
         END $seal$"
    )
}

/// The function that is set off. The advisory lock comes first because waiting for it is cheaper and fairer than waiting
/// for the row.
pub(super) fn function(records: &str) -> String {
    let (look, short) = (look("community_paths"), short());
    format!(
        "CREATE OR REPLACE FUNCTION seal_change_set() RETURNS trigger LANGUAGE plpgsql AS $seal$
         DECLARE
         head bigint;
         written bigint;
         only_reports boolean;
         touched uuid[];
         last_change uuid;
         the_gathering uuid;
         was gathering_measures;
         now_is gathering_measures;
         short boolean := false;
         BEGIN
         PERFORM pg_advisory_xact_lock(hashtextextended(NEW.network_id::text, 0));
         SELECT h.position INTO head FROM network_heads h WHERE h.network_id = NEW.network_id FOR UPDATE;
         {look}
         IF short THEN
         {short}
         RETURN NULL;
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
