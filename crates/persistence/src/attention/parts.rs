//! The parts of the union, each the gatherings that have one problem.

use convene_domain::{
    access::Rights,
    attention::{AttentionKind, Problem},
    lifecycle::calendar::days_before,
};
use sea_orm::DbBackend;

use super::Asked;
use crate::{access, dialect};

/// The gatherings of the window: `$1` is the place, `$2` and `$3` bound the instants, `$4` and `$5` the dates.
pub(super) fn window(backend: DbBackend) -> String {
    let three_days_on = dialect::days_later(backend, "g.start_date", "2");
    format!(
        "WITH w AS (SELECT g.id, g.start_date, COALESCE(g.end_date, g.start_date) AS last_date, g.end_date, g.sort_at, g.status,
             g.format, g.search_text, g.venue_city, g.venue_latitude, g.venue_longitude,
             CASE WHEN g.minutes IS NULL THEN g.end_date > {three_days_on} ELSE g.minutes > 4320 END AS is_long
         FROM gathering_scopes s JOIN gatherings g ON g.id = s.gathering_id
         WHERE s.scope_id = $1 AND s.sort_at >= $2 AND s.sort_at < $3 AND g.start_date >= $4 AND g.start_date < $5)"
    )
}

/// A report `r` was handed in, and may be read.
pub(super) fn handed_in(backend: DbBackend, rights: &Rights) -> String {
    format!("r.status IN ('SUBMITTED', 'REVIEWED') AND {}", access::readable_text(backend, "r", rights))
}

/// The gatherings that have one of the problems of a kind, as parts of a union.
pub(super) fn of(backend: DbBackend, kind: AttentionKind, asked: &Asked) -> Vec<String> {
    let part = |problem, from: &str| select(backend, problem, from, &Columns::default());
    match kind {
        AttentionKind::PolicyBroken
        | AttentionKind::PolicyAtRisk
        | AttentionKind::CadenceMissed
        | AttentionKind::AttendanceFalling => Vec::new(),
        AttentionKind::ReportMissing => {
            let columns = Columns { since: "w.last_date", due: Some("m.due_on"), ..Columns::default() };
            vec![select(backend, Problem::NoReport, MISSING, &columns)]
        }
        AttentionKind::ReportLate => late(backend),
        AttentionKind::ReportAwaitingReview => {
            let since = dialect::utc_date(backend, "r.submitted_at");
            let due = dialect::days_later(backend, &since, &asked.review_days.to_string());
            let columns = Columns { since: &since, due: Some(&due), report: true, ..Columns::default() };
            let waiting = days_before(asked.window.to(), asked.review_days);
            let from = format!(
                "w JOIN gathering_reports r ON r.gathering_id = w.id AND r.status = 'SUBMITTED' AND {}
                 WHERE {since} <= '{waiting}'",
                access::readable_text(backend, "r", &asked.rights)
            );
            vec![select(backend, Problem::NotReviewed, &from, &columns)]
        }
        AttentionKind::DataMissing => {
            let counted = format!(
                "w JOIN gathering_reports r ON r.gathering_id = w.id AND {} AND r.attendance IS NULL WHERE w.status = 'HELD'",
                handed_in(backend, &asked.rights)
            );
            vec![
                part(Problem::NoFormat, "w WHERE w.status = 'HELD' AND w.format = 'UNKNOWN'"),
                part(Problem::NoEnd, "w WHERE w.status = 'HELD' AND w.end_date IS NULL"),
                part(
                    Problem::NoPlace,
                    "w WHERE w.status = 'HELD' AND w.format = 'IN_PERSON' AND w.venue_city IS NULL
                     AND (w.venue_latitude IS NULL OR (w.venue_latitude = 0 AND w.venue_longitude = 0))",
                ),
                select(backend, Problem::NoAttendance, &counted, &Columns { report: true, ..Columns::default() }),
            ]
        }
        AttentionKind::DataContradictory => vec![
            part(
                Problem::TitleSaysCancelled,
                "w WHERE w.status = 'HELD' AND (w.search_text LIKE '%cancel%' OR w.search_text LIKE '%postpon%')",
            ),
            // By the scope rows of each host, which are found by time, for its own gatherings are only found by id.
            part(
                Problem::SameTimeTwice,
                "w WHERE w.status <> 'CANCELLED' AND EXISTS (SELECT 1 FROM gathering_hosts h
                     JOIN gathering_scopes x ON x.scope_id = h.community_id AND x.sort_at = w.sort_at AND x.gathering_id <> w.id
                     JOIN gathering_hosts i ON i.community_id = h.community_id AND i.gathering_id = x.gathering_id
                     JOIN gatherings t ON t.id = x.gathering_id AND t.status <> 'CANCELLED'
                     WHERE h.gathering_id = w.id)",
            ),
            part(Problem::LongerThanThreeDays, "w WHERE w.status <> 'CANCELLED' AND w.is_long"),
            part(Problem::PlannedInThePast, "w WHERE w.status = 'PLANNED' AND w.last_date < $5"),
        ],
        AttentionKind::NextStepOverdue => {
            let confidential = access::unhidden_text(backend, "i", &asked.rights);
            let from = format!(
                "w JOIN gathering_reports r ON r.gathering_id = w.id AND {}
                 JOIN report_items i ON i.report_id = r.id AND i.kind = 'NEXT_STEP' AND i.state = 'OPEN' {confidential}
                 WHERE i.due_on < $5",
                handed_in(backend, &asked.rights)
            );
            let columns = Columns { since: "i.due_on", due: Some("i.due_on"), report: true, item: true };
            vec![select(backend, Problem::StepPastDue, &from, &columns)]
        }
    }
}

/// The gatherings without a report that was handed in, whoever may read it. By which day it was due is kept with what the
/// gathering is counted for, so that a later change of a deadline makes nothing late.
const MISSING: &str = "w JOIN gathering_measures m ON m.gathering_id = w.id AND m.reports = 0 WHERE w.status = 'HELD'";

fn late(backend: DbBackend) -> Vec<String> {
    let columns = Columns { since: "m.due_on", due: Some("m.due_on"), ..Columns::default() };
    let sixty_ago = dialect::days_later(backend, &dialect::as_date(backend, "$5"), "-60");
    let part = |problem, test: String| select(backend, problem, &format!("{MISSING} AND {test}"), &columns);
    vec![
        part(Problem::PastDue, format!("m.due_on < $5 AND m.due_on >= {sixty_ago}")),
        part(Problem::PastDueSixtyDays, format!("m.due_on < {sixty_ago}")),
    ]
}

/// What a part says beside the gathering.
struct Columns<'a> {
    since: &'a str,
    due: Option<&'a str>,
    report: bool,
    item: bool,
}

impl Default for Columns<'_> {
    fn default() -> Self {
        Self { since: "w.start_date", due: None, report: false, item: false }
    }
}

fn select(backend: DbBackend, problem: Problem, from: &str, columns: &Columns<'_>) -> String {
    let rank = Problem::ALL.iter().position(|it| *it == problem).unwrap_or_default();
    let none = dialect::no_id(backend);
    let (item, host) = if columns.item { ("i.id", "i.host_id") } else { (none, none) };
    let report = if columns.report { "r.id" } else { none };
    let due = columns.due.unwrap_or("NULL");
    format!(
        "SELECT {rank} AS problem, CAST({} AS text) AS since, {} AS id, w.id AS gathering_id, {report} AS report_id,
             {item} AS item_id, {host} AS host_id, CAST({due} AS text) AS due
         FROM {from}",
        columns.since,
        if columns.item { "i.id" } else { "w.id" },
    )
}
