//! What is counted: one text, by which the tables are filled and the seal counts again.

use sea_orm_migration::prelude::*;

use crate::ddl;

/// Each measure and what a gathering adds to it: `x` is the gathering with its report, if one was handed in.
const MEASURES: [(&str, &str); 21] = [
    ("planned", "CASE WHEN x.status = 'PLANNED' THEN 1 ELSE 0 END"),
    ("held", "CASE WHEN x.status = 'HELD' THEN 1 ELSE 0 END"),
    ("cancelled", "CASE WHEN x.status = 'CANCELLED' THEN 1 ELSE 0 END"),
    ("held_in_person", "CASE WHEN x.status = 'HELD' AND x.format = 'IN_PERSON' THEN 1 ELSE 0 END"),
    ("held_online", "CASE WHEN x.status = 'HELD' AND x.format = 'ONLINE' THEN 1 ELSE 0 END"),
    ("held_hybrid", "CASE WHEN x.status = 'HELD' AND x.format = 'HYBRID' THEN 1 ELSE 0 END"),
    ("held_unknown", "CASE WHEN x.status = 'HELD' AND x.format = 'UNKNOWN' THEN 1 ELSE 0 END"),
    // Longer ones are entered as days, or by mistake.
    ("timed", "CASE WHEN x.status = 'HELD' AND x.minutes <= 1440 THEN 1 ELSE 0 END"),
    ("minutes", "CASE WHEN x.status = 'HELD' AND x.minutes <= 1440 THEN x.minutes ELSE 0 END"),
    ("days", "CASE WHEN x.status = 'HELD' THEN x.local_dates ELSE 0 END"),
    ("with_rsvps", "CASE WHEN x.status = 'HELD' AND x.rsvp_yes IS NOT NULL THEN 1 ELSE 0 END"),
    ("rsvp_yes", "CASE WHEN x.status = 'HELD' THEN COALESCE(x.rsvp_yes, 0) ELSE 0 END"),
    ("rsvp_waitlist", "CASE WHEN x.status = 'HELD' THEN COALESCE(x.rsvp_waitlist, 0) ELSE 0 END"),
    ("reports", "CASE WHEN x.report_id IS NULL THEN 0 ELSE 1 END"),
    ("reports_dated", "CASE WHEN x.submitted_on IS NOT NULL AND x.due_days IS NOT NULL THEN 1 ELSE 0 END"),
    ("reports_on_time", "CASE WHEN x.submitted_on <= {due_on} THEN 1 ELSE 0 END"),
    ("reports_with_attendance", "CASE WHEN x.attendance IS NULL THEN 0 ELSE 1 END"),
    ("attendance", "COALESCE(x.attendance, 0)"),
    ("with_both", "CASE WHEN x.status = 'HELD' AND x.rsvp_yes IS NOT NULL AND x.attendance IS NOT NULL THEN 1 ELSE 0 END"),
    (
        "rsvps_of_both",
        "CASE WHEN x.status = 'HELD' AND x.rsvp_yes IS NOT NULL AND x.attendance IS NOT NULL THEN x.rsvp_yes ELSE 0 END",
    ),
    (
        "attendance_of_both",
        "CASE WHEN x.status = 'HELD' AND x.rsvp_yes IS NOT NULL AND x.attendance IS NOT NULL THEN x.attendance ELSE 0 END",
    ),
];

/// Each measure that counts items of the report, and which: `i` is the item.
const ITEMS: [(&str, &str); 19] = [
    ("challenges", "i.kind = 'CHALLENGE'"),
    ("successes", "i.kind = 'SUCCESS'"),
    ("needs", "i.kind = 'NEED'"),
    ("requests", "i.kind = 'REQUEST'"),
    ("resources", "i.kind = 'RESOURCE'"),
    ("next_steps_open", "i.kind = 'NEXT_STEP' AND i.state = 'OPEN'"),
    ("next_steps_done", "i.kind = 'NEXT_STEP' AND i.state = 'DONE'"),
    ("next_steps_dropped", "i.kind = 'NEXT_STEP' AND i.state = 'DROPPED'"),
    ("problem_solving", "i.activity_kind = 'PROBLEM_SOLVING'"),
    ("requests_for_information", "i.activity_kind = 'REQUESTS_FOR_INFORMATION'"),
    ("seeking_experience", "i.activity_kind = 'SEEKING_EXPERIENCE'"),
    ("reusing_assets", "i.activity_kind = 'REUSING_ASSETS'"),
    ("coordination_and_strategy", "i.activity_kind = 'COORDINATION_AND_STRATEGY'"),
    ("building_an_argument", "i.activity_kind = 'BUILDING_AN_ARGUMENT'"),
    ("growing_confidence", "i.activity_kind = 'GROWING_CONFIDENCE'"),
    ("discussing_developments", "i.activity_kind = 'DISCUSSING_DEVELOPMENTS'"),
    ("documenting_projects", "i.activity_kind = 'DOCUMENTING_PROJECTS'"),
    ("visits", "i.activity_kind = 'VISITS'"),
    ("mapping_knowledge", "i.activity_kind = 'MAPPING_KNOWLEDGE'"),
];

/// Measures whose sums may outgrow what four bytes hold.
const WIDE: [&str; 6] = ["minutes", "rsvp_yes", "rsvp_waitlist", "attendance", "rsvps_of_both", "attendance_of_both"];

/// All measures in order.
pub(super) fn names() -> Vec<&'static str> {
    MEASURES.iter().chain(&ITEMS).map(|(name, _)| *name).collect()
}

/// Writes something for each measure, `{m}` being its name, with a comma between.
pub(super) fn each(text: &str) -> String {
    names().iter().map(|name| text.replace("{m}", name)).collect::<Vec<_>>().join(", ")
}

/// What gatherings add to the sums, counted from the records: the gathering, its month, the day by which its report is
/// due, and each measure. `source` gives the gatherings as `g`, of which those are counted that meet the condition.
///
/// Nobody is late while one host's deadline runs, so the longest of the hosts' deadlines holds.
pub(super) fn select(source: &str, condition: &str) -> String {
    let measures: Vec<String> = MEASURES.iter().map(|(name, of)| format!("{of} AS {name}")).collect();
    let items: Vec<String> = ITEMS.iter().map(|(name, _)| format!("x.{name}")).collect();
    let counts: Vec<String> = ITEMS.iter().map(|(name, of)| format!("COUNT(CASE WHEN {of} THEN 1 END) AS {name}")).collect();
    let (measures, items, counts) = (measures.join(", "), items.join(", "), counts.join(", "));
    format!(
        "SELECT x.gathering_id, x.month, {{due_on}} AS due_on, {measures}, {items}
         FROM (SELECT g.id AS gathering_id, g.month, g.status, g.format, g.minutes, g.rsvp_yes, g.rsvp_waitlist,
                 COALESCE(g.end_date, g.start_date) AS last_date, {{local_dates}} AS local_dates,
                 r.id AS report_id, r.attendance, {{submitted_on}} AS submitted_on,
                 (SELECT MAX(d.days) FROM gathering_hosts h JOIN report_deadlines d ON d.community_id = h.community_id
                  WHERE h.gathering_id = g.id AND d.effective_from =
                      (SELECT MAX(e.effective_from) FROM report_deadlines e
                       WHERE e.community_id = h.community_id AND e.effective_from <= g.start_date)) AS due_days,
                 {counts}
             FROM {source}
             LEFT JOIN gathering_reports r ON r.gathering_id = g.id AND r.status IN ('SUBMITTED', 'REVIEWED')
                 AND g.status = 'HELD'
             LEFT JOIN report_items i ON i.report_id = r.id
             WHERE {condition}
             GROUP BY g.id, r.id) x"
    )
}

/// Makes the tables, and fills them for a database that has records.
pub(super) async fn create(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let measures = each("{m} integer NOT NULL");
    let sums = names().into_iter().map(|name| {
        let width = if WIDE.contains(&name) { "bigint" } else { "integer" };
        format!("{name} {width} NOT NULL")
    });
    let sums = sums.collect::<Vec<_>>().join(", ");
    let (columns, summed, select) = (each("{m}"), each("SUM(m.{m})"), select("gatherings g", "1 = 1"));
    let statements = [
        format!(
            "CREATE TABLE gathering_measures (gathering_id {{uuid}} PRIMARY KEY, month integer NOT NULL, due_on {{date}}, {measures})"
        ),
        format!(
            "CREATE TABLE community_months (scope_id {{uuid}} NOT NULL, month integer NOT NULL, gatherings integer NOT NULL,
             {sums}, PRIMARY KEY (scope_id, month))"
        ),
        format!("INSERT INTO gathering_measures (gathering_id, month, due_on, {columns}) {select}"),
        format!(
            "INSERT INTO community_months (scope_id, month, gatherings, {columns})
             SELECT s.scope_id, m.month, COUNT(*), {summed}
             FROM gathering_measures m JOIN gathering_scopes s ON s.gathering_id = m.gathering_id
             GROUP BY s.scope_id, m.month"
        ),
    ];
    ddl::run(manager, &statements.each_ref().map(String::as_str)).await
}
