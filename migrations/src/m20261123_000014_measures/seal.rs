//! The seal, made anew: what ends every write. Step 8 says what sets it off and why it runs inside the database.
//!
//! It rewrites only what differs. The sums move by one formula, whatever was written: what a gathering adds now to the
//! scopes that it stands under now, less what it added before to those that it stood under before.

use sea_orm_migration::{prelude::*, sea_orm::DbBackend};

use super::{
    counts::{each, names, select},
    postgres,
};
use crate::ddl;

/// Which communities may have got another scope: those that changed and all under them. Then their scope before and
/// after, and the rows that follow from it.
pub(crate) const COMMUNITIES: &[&str] = &[
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
    // What a community begins with holds for all its gatherings; what is changed, from today on.
    "INSERT INTO report_deadlines (community_id, effective_from, days)
     SELECT DISTINCT c.id, CASE WHEN l.effective_from IS NULL THEN CAST('0001-01-01' AS {date})
             WHEN l.effective_from > {recorded_on} THEN l.effective_from ELSE {recorded_on} END, c.report_due_days
     FROM changes x
     JOIN communities c ON c.id = x.entity_id
     LEFT JOIN report_deadlines l ON l.community_id = c.id AND l.effective_from =
         (SELECT MAX(e.effective_from) FROM report_deadlines e WHERE e.community_id = c.id)
     WHERE x.change_set_id = NEW.id AND x.entity_type = 'COMMUNITY'
       AND (l.community_id IS NULL OR l.days IS DISTINCT FROM c.report_due_days)
     ON CONFLICT (community_id, effective_from) DO UPDATE SET days = excluded.days",
];

/// Which gatherings have to be looked at again: those that changed, those whose report changed, those of communities
/// that moved, and those for which another deadline holds from today on. Their scope before is what the scope rows
/// still say.
pub(crate) const GATHERINGS: &[&str] = &[
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
     WHERE x.change_set_id = NEW.id AND x.was_in <> x.is_in
     UNION
     SELECT c.change_set_id, 'GATHERING', h.gathering_id
     FROM changes c
     JOIN report_deadlines d ON d.community_id = c.entity_id AND d.effective_from >= {recorded_on}
     JOIN gathering_hosts h ON h.community_id = c.entity_id
     JOIN gatherings g ON g.id = h.gathering_id AND g.start_date >= d.effective_from
     WHERE c.change_set_id = NEW.id AND c.entity_type = 'COMMUNITY'",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, s.gathering_id, s.scope_id, 1, 0
     FROM seal_touched t JOIN gathering_scopes s ON s.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, s.report_id, s.scope_id, 1, 0
     FROM seal_touched t JOIN report_scopes s ON s.gathering_id = t.entity_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT DISTINCT t.change_set_id, h.gathering_id, p.scope_id, 0, 1
     FROM seal_touched t
     JOIN gathering_hosts h ON h.gathering_id = t.entity_id
     JOIN community_paths p ON p.community_id = h.community_id
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
     ON CONFLICT (change_set_id, entity_id, scope_id) DO UPDATE SET is_in = 1",
    "INSERT INTO seal_scopes (change_set_id, entity_id, scope_id, was_in, is_in)
     SELECT t.change_set_id, r.id, x.scope_id, 0, 1
     FROM seal_touched t
     JOIN gathering_reports r ON r.gathering_id = t.entity_id
     JOIN seal_scopes x ON x.change_set_id = t.change_set_id AND x.entity_id = t.entity_id AND x.is_in = 1
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
     ON CONFLICT (change_set_id, entity_id, scope_id) DO UPDATE SET is_in = 1",
    // The scope rows of reports still say what stood before the change. Every report has one for its network.
    "UPDATE changes SET was_visible_to =
         (SELECT CASE WHEN s.status IN ('SUBMITTED', 'REVIEWED') THEN s.audience ELSE 'AUTHORS' END
          FROM report_scopes s WHERE s.report_id = changes.entity_id AND s.scope_id = NEW.network_id)
     WHERE change_set_id = NEW.id AND entity_type = 'GATHERING_REPORT'",
];

/// The scope rows of the gatherings and of their reports, as far as they differ.
const SCOPES: &[&str] = &[
    "DELETE FROM report_scopes WHERE (report_id, scope_id) IN
     (SELECT entity_id, scope_id FROM seal_scopes WHERE change_set_id = NEW.id AND was_in = 1 AND is_in = 0)",
    "DELETE FROM gathering_scopes WHERE (gathering_id, scope_id) IN
     (SELECT entity_id, scope_id FROM seal_scopes WHERE change_set_id = NEW.id AND was_in = 1 AND is_in = 0)",
    "INSERT INTO gathering_scopes (scope_id, gathering_id, sort_at, external_key)
     SELECT x.scope_id, g.id, g.sort_at, COALESCE(g.external_id, '')
     FROM seal_touched t
     JOIN gatherings g ON g.id = t.entity_id
     JOIN seal_scopes x ON x.change_set_id = t.change_set_id AND x.entity_id = t.entity_id AND x.is_in = 1
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
     ON CONFLICT (gathering_id, scope_id) DO UPDATE SET sort_at = excluded.sort_at, external_key = excluded.external_key
     WHERE gathering_scopes.sort_at <> excluded.sort_at OR gathering_scopes.external_key <> excluded.external_key",
    "INSERT INTO report_scopes (scope_id, report_id, gathering_id, sort_at, external_key, audience, status)
     SELECT x.scope_id, r.id, g.id, g.sort_at, COALESCE(g.external_id, ''), r.audience, r.status
     FROM seal_touched t
     JOIN gatherings g ON g.id = t.entity_id
     JOIN gathering_reports r ON r.gathering_id = t.entity_id
     JOIN seal_scopes x ON x.change_set_id = t.change_set_id AND x.entity_id = r.id AND x.is_in = 1
     WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
     ON CONFLICT (report_id, scope_id) DO UPDATE SET gathering_id = excluded.gathering_id, sort_at = excluded.sort_at,
         external_key = excluded.external_key, audience = excluded.audience, status = excluded.status
     WHERE report_scopes.gathering_id <> excluded.gathering_id OR report_scopes.sort_at <> excluded.sort_at
         OR report_scopes.external_key <> excluded.external_key OR report_scopes.audience <> excluded.audience
         OR report_scopes.status <> excluded.status",
];

/// The places in the log, and the scope of each change with what it means there.
const LOG: &[&str] = &[
    "UPDATE changes
     SET position = ordinal + (SELECT h.position FROM network_heads h WHERE h.network_id = NEW.network_id),
         visible_to = (SELECT CASE WHEN r.status IN ('SUBMITTED', 'REVIEWED') THEN r.audience ELSE 'AUTHORS' END
                       FROM gathering_reports r WHERE r.id = changes.entity_id)
     WHERE change_set_id = NEW.id",
    "INSERT INTO change_scopes (scope_id, position, effect, network_id)
     SELECT x.scope_id, c.position, CASE WHEN x.was_in = x.is_in THEN 'CHANGED' WHEN x.is_in = 1 THEN 'ENTERED' ELSE 'LEFT' END,
         c.network_id
     FROM changes c JOIN seal_scopes x ON x.change_set_id = c.change_set_id AND x.entity_id = c.entity_id
     WHERE c.change_set_id = NEW.id",
    "INSERT INTO change_scopes (scope_id, position, effect, network_id)
     SELECT c.network_id, c.position, CASE WHEN c.kind = 'CREATED' THEN 'ENTERED' ELSE 'CHANGED' END, c.network_id
     FROM changes c WHERE c.change_set_id = NEW.id AND c.entity_type IN ('NETWORK', 'TERM')",
    "UPDATE network_heads
     SET position = position + (SELECT COUNT(*) FROM changes c WHERE c.change_set_id = NEW.id),
         change_id = (SELECT c.id FROM changes c WHERE c.change_set_id = NEW.id ORDER BY c.ordinal DESC LIMIT 1)
     WHERE network_id = NEW.network_id",
    "DELETE FROM seal_scopes WHERE change_set_id = NEW.id",
    "DELETE FROM seal_touched WHERE change_set_id = NEW.id",
    "DELETE FROM seal_measures WHERE change_set_id = NEW.id",
];

/// The measures of the gatherings as they are now, and the sums, moved by the difference to what was counted last.
fn sums() -> [String; 5] {
    let columns = each("{m}");
    let counted = select(
        "seal_touched t JOIN gatherings g ON g.id = t.entity_id",
        "t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'",
    );
    let (less, more) = (each("-o.{m} AS {m}"), each("n.{m} AS {m}"));
    let (summed, moved) =
        (each("SUM(d.{m})"), names().iter().map(|name| format!("SUM(d.{name}) <> 0")).collect::<Vec<_>>().join(" OR "));
    let added = each("{m} = community_months.{m} + excluded.{m}");
    let differ =
        names().iter().map(|name| format!("gathering_measures.{name} <> excluded.{name}")).collect::<Vec<_>>().join(" OR ");
    let taken = each("{m} = excluded.{m}");
    [
        format!(
            "INSERT INTO seal_measures (change_set_id, gathering_id, month, due_on, {columns})
             SELECT NEW.id, c.gathering_id, c.month, c.due_on, {columns} FROM ({counted}) c"
        ),
        format!(
            "INSERT INTO community_months (scope_id, month, gatherings, {columns})
             SELECT d.scope_id, d.month, SUM(d.gatherings), {summed}
             FROM (SELECT x.scope_id, o.month, -1 AS gatherings, {less}
                   FROM seal_touched t
                   JOIN gathering_measures o ON o.gathering_id = t.entity_id
                   JOIN seal_scopes x ON x.change_set_id = t.change_set_id AND x.entity_id = t.entity_id AND x.was_in = 1
                   WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
                   UNION ALL
                   SELECT x.scope_id, n.month, 1 AS gatherings, {more}
                   FROM seal_measures n
                   JOIN seal_scopes x ON x.change_set_id = n.change_set_id AND x.entity_id = n.gathering_id AND x.is_in = 1
                   WHERE n.change_set_id = NEW.id) d
             GROUP BY d.scope_id, d.month
             HAVING SUM(d.gatherings) <> 0 OR {moved}
             ON CONFLICT (scope_id, month) DO UPDATE SET gatherings = community_months.gatherings + excluded.gatherings, {added}"
        ),
        // A month in which nothing is left to count is no month of the scope.
        "DELETE FROM community_months WHERE gatherings = 0 AND (scope_id, month) IN
         (SELECT x.scope_id, o.month
          FROM seal_touched t
          JOIN gathering_measures o ON o.gathering_id = t.entity_id
          JOIN seal_scopes x ON x.change_set_id = t.change_set_id AND x.entity_id = t.entity_id AND x.was_in = 1
          WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING')"
            .to_owned(),
        "DELETE FROM gathering_measures WHERE gathering_id IN
         (SELECT t.entity_id FROM seal_touched t WHERE t.change_set_id = NEW.id AND t.entity_type = 'GATHERING'
            AND NOT EXISTS (SELECT 1 FROM seal_measures n WHERE n.change_set_id = NEW.id AND n.gathering_id = t.entity_id))"
            .to_owned(),
        format!(
            "INSERT INTO gathering_measures (gathering_id, month, due_on, {columns})
             SELECT n.gathering_id, n.month, n.due_on, {n}
             FROM seal_measures n WHERE n.change_set_id = NEW.id
             ON CONFLICT (gathering_id) DO UPDATE SET month = excluded.month, due_on = excluded.due_on, {taken}
             WHERE gathering_measures.month <> excluded.month OR gathering_measures.due_on IS DISTINCT FROM excluded.due_on
                 OR {differ}",
            n = each("n.{m}")
        ),
    ]
}

pub(crate) fn lines<'a>(statements: impl IntoIterator<Item = &'a str>) -> String {
    statements.into_iter().map(|statement| format!("{statement};\n")).collect()
}

/// Takes away what the seal before this one does not know, once that one is back.
pub(super) async fn remove(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    ddl::run(manager, &["DROP TABLE seal_measures"]).await?;
    ddl::run_on(manager, DbBackend::Postgres, &["DROP FUNCTION seal_many", "ALTER TABLE network_heads RESET (fillfactor)"]).await
}

/// Puts the seal in the place of the one that there is.
pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let scratch = format!(
        "CREATE {{scratch}} TABLE seal_measures (change_set_id {{uuid}} NOT NULL, gathering_id {{uuid}} NOT NULL,
         month integer NOT NULL, due_on {{date}}, {}, PRIMARY KEY (change_set_id, gathering_id))",
        each("{m} integer NOT NULL")
    );
    ddl::run(manager, &[&scratch]).await?;
    install(manager).await
}

/// Puts the seal of this step in the place of the one that there is.
pub(crate) async fn install(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (communities, records) = (lines(COMMUNITIES.iter().copied()), records(GATHERINGS));
    replace(manager, (&communities, &records), &postgres::function(&records)).await
}

/// The statements of the seal that deal with gatherings and reports, and write the log.
pub(crate) fn records(gatherings: &[&str]) -> String {
    let sums = sums();
    let sums: Vec<&str> = sums.iter().map(String::as_str).collect();
    lines([gatherings, SCOPES, &sums, LOG].concat())
}

/// Replaces the seal: on Postgres by a function, on SQLite by the statements alone.
pub(crate) async fn replace(
    manager: &SchemaManager<'_>,
    (communities, records): (&str, &str),
    function: &str,
) -> Result<(), DbErr> {
    let many = postgres::many(communities, records);
    ddl::run_on(manager, DbBackend::Postgres, &[&many, function]).await?;
    ddl::run_on(manager, DbBackend::Postgres, postgres::SETTINGS).await?;
    let trigger = format!("CREATE TRIGGER change_sets_seal AFTER INSERT ON change_sets BEGIN\n{communities}{records}END");
    ddl::run_on(manager, DbBackend::Sqlite, &["DROP TRIGGER change_sets_seal", &trigger]).await
}
