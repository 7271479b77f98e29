//! The measures counted anew from the records, in another way than the seal counts them, so that both do not share a
//! mistake: instants and dates as seconds, deadlines by when each ends, items added up by gathering.

use convene_domain::{
    metric::Measure,
    report::{ActivityKind, ItemKind, NextStepState},
};
use sea_orm::DbBackend;

use super::{Check, Column};

/// A check whose texts are put together.
pub(super) struct Counted {
    subject: &'static str,
    should: String,
    is: String,
    columns: Vec<Column>,
}

impl Counted {
    pub(super) fn check(&self) -> Check<'_> {
        Check { subject: self.subject, should: &self.should, is: &self.is, columns: &self.columns }
    }
}

/// The checks of the measures, of their sums, and of the deadlines that they follow from.
pub(super) fn checks(backend: DbBackend) -> Vec<Counted> {
    let counted = counted(backend);
    let wide = each(|name| format!("CAST({name} AS bigint)"));
    let sums = each(|name| format!("CAST(SUM(m.{name}) AS bigint)"));
    let numbers = || Measure::ALL.iter().map(|measure| Column::Number(measure.as_str()));
    let due_on = match backend {
        DbBackend::Postgres => "COALESCE(CAST(due_on AS text), 'never')",
        _ => "COALESCE(due_on, 'never')",
    };
    vec![
        Counted {
            subject: "report_deadlines",
            should: "SELECT id, COALESCE(report_due_days, -1) FROM communities".into(),
            is:
                "SELECT d.community_id, COALESCE(d.days, -1) FROM report_deadlines d WHERE NOT EXISTS
                 (SELECT 1 FROM report_deadlines n WHERE n.community_id = d.community_id AND n.effective_from > d.effective_from)"
                    .into(),
            columns: vec![Column::Community, Column::Number("days")],
        },
        Counted {
            subject: "report_deadlines",
            should: "SELECT id FROM communities".into(),
            is: "SELECT community_id FROM report_deadlines WHERE effective_from = '0001-01-01'".into(),
            columns: vec![Column::Community],
        },
        Counted {
            subject: "gathering_measures",
            should: format!("SELECT m.gathering_id, m.month, m.due_on, {wide} FROM ({counted}) m"),
            is: format!("SELECT gathering_id, month, {due_on}, {wide} FROM gathering_measures"),
            columns: [Column::Gathering, Column::Number("month"), Column::Text("due_on")].into_iter().chain(numbers()).collect(),
        },
        // From the records and not from the measures, so that one alteration does not hide another.
        Counted {
            subject: "community_months",
            should: format!(
                "SELECT s.scope_id, m.month, COUNT(*), {sums}
                 FROM (SELECT DISTINCT p.scope_id, h.gathering_id FROM gathering_hosts h
                       JOIN community_paths p ON p.community_id = h.community_id) s
                 JOIN ({counted}) m ON m.gathering_id = s.gathering_id
                 GROUP BY s.scope_id, m.month"
            ),
            is: format!("SELECT scope_id, month, CAST(gatherings AS bigint), {wide} FROM community_months"),
            columns: [Column::Scope("scope"), Column::Number("month"), Column::Number("gatherings")]
                .into_iter()
                .chain(numbers())
                .collect(),
        },
    ]
}

fn each(text: impl Fn(&str) -> String) -> String {
    Measure::ALL.iter().map(|measure| text(measure.as_str())).collect::<Vec<_>>().join(", ")
}

/// Every gathering with its month, the day by which its report is due, and its measures.
fn counted(backend: DbBackend) -> String {
    let measures: Vec<String> =
        Measure::ALL.iter().map(|measure| format!("COALESCE({}, 0) AS {measure}", count(*measure, backend))).collect();
    let items: Vec<String> = Measure::ALL
        .iter()
        .filter_map(|measure| Some(format!("SUM(CAST({} AS integer)) AS {measure}", item(*measure)?)))
        .collect();
    let due_on = match backend {
        DbBackend::Postgres => "CAST(CAST(COALESCE(g.end_date, g.start_date) + make_interval(days => d.days) AS date) AS text)",
        _ => "date(julianday(COALESCE(g.end_date, g.start_date)) + d.days)",
    };
    format!(
        "SELECT g.id AS gathering_id, g.month, COALESCE({due_on}, 'never') AS due_on, {}
         FROM gatherings g
         LEFT JOIN (SELECT * FROM gathering_reports WHERE status NOT IN ('DRAFT', 'WITHDRAWN')) r
             ON r.gathering_id = g.id AND g.status NOT IN ('PLANNED', 'CANCELLED')
         LEFT JOIN (SELECT h.gathering_id, MAX(t.days) AS days
                    FROM gathering_hosts h
                    JOIN gatherings a ON a.id = h.gathering_id
                    JOIN (SELECT community_id, days, effective_from,
                              LEAD(effective_from) OVER (PARTITION BY community_id ORDER BY effective_from) AS ends_on
                          FROM report_deadlines) t
                      ON t.community_id = h.community_id AND a.start_date >= t.effective_from
                        AND (t.ends_on IS NULL OR a.start_date < t.ends_on)
                    GROUP BY h.gathering_id) d ON d.gathering_id = g.id
         LEFT JOIN (SELECT report_id, {} FROM report_items GROUP BY report_id) i ON i.report_id = r.id",
        measures.join(", "),
        items.join(", ")
    )
}

/// What a gathering `g` with its report `r` counts for: `d` is its deadline, `i` are the items. Null counts for nothing.
fn count(measure: Measure, backend: DbBackend) -> String {
    let held = |condition: &str| format!("CAST(g.status = 'HELD' AND {condition} AS integer)");
    let amount = |number: &str, condition: &str| format!("CASE WHEN {condition} THEN {number} END");
    let short = "g.minutes BETWEEN 0 AND 1440";
    let both = "g.rsvp_yes IS NOT NULL AND r.attendance IS NOT NULL";
    let status = |status: &str| format!("CAST(g.status = '{status}' AS integer)");
    match measure {
        Measure::Planned => status("PLANNED"),
        Measure::Held => status("HELD"),
        Measure::Cancelled => status("CANCELLED"),
        Measure::HeldInPerson => held("g.format = 'IN_PERSON'"),
        Measure::HeldOnline => held("g.format = 'ONLINE'"),
        Measure::HeldHybrid => held("g.format = 'HYBRID'"),
        Measure::HeldUnknown => held("g.format NOT IN ('IN_PERSON', 'ONLINE', 'HYBRID')"),
        Measure::Timed => held(short),
        Measure::Minutes => amount("g.minutes", &format!("g.status = 'HELD' AND {short}")),
        Measure::Days => amount(&days(backend), "g.status = 'HELD'"),
        Measure::WithRsvps => held("g.rsvp_yes IS NOT NULL"),
        Measure::RsvpYes => amount("g.rsvp_yes", "g.status = 'HELD'"),
        Measure::RsvpWaitlist => amount("g.rsvp_waitlist", "g.status = 'HELD'"),
        Measure::Reports => "CAST(r.id IS NOT NULL AS integer)".to_owned(),
        Measure::ReportsDated => "CAST(r.submitted_at IS NOT NULL AND d.days IS NOT NULL AS integer)".to_owned(),
        Measure::ReportsOnTime => format!("CAST({} AS integer)", on_time(backend)),
        Measure::ReportsWithAttendance => "CAST(r.attendance IS NOT NULL AS integer)".to_owned(),
        Measure::Attendance => "r.attendance".to_owned(),
        Measure::WithBoth => held(both),
        Measure::RsvpsOfBoth => amount("g.rsvp_yes", &format!("g.status = 'HELD' AND {both}")),
        Measure::AttendanceOfBoth => amount("r.attendance", &format!("g.status = 'HELD' AND {both}")),
        _ => format!("i.{measure}"),
    }
}

/// Whether an item is one that the measure counts; `None` when it counts no items.
fn item(measure: Measure) -> Option<String> {
    let kind = |kind: ItemKind| format!("kind = '{kind}'");
    let step = |state: NextStepState| format!("kind || COALESCE(state, '') = '{}{state}'", ItemKind::NextStep);
    Some(match measure {
        Measure::Challenges => kind(ItemKind::Challenge),
        Measure::Successes => kind(ItemKind::Success),
        Measure::Needs => kind(ItemKind::Need),
        Measure::Requests => kind(ItemKind::Request),
        Measure::Resources => kind(ItemKind::Resource),
        Measure::NextStepsOpen => step(NextStepState::Open),
        Measure::NextStepsDone => step(NextStepState::Done),
        Measure::NextStepsDropped => step(NextStepState::Dropped),
        measure => {
            let of = ActivityKind::ALL.iter().find(|kind| Measure::of_activity(**kind) == measure)?;
            format!("kind || COALESCE(activity_kind, '') = '{}{of}'", ItemKind::Activity)
        }
    })
}

/// Seconds since 1970 at an instant, or at the midnight with which a date begins.
fn seconds(backend: DbBackend, at: &str) -> String {
    match backend {
        DbBackend::Postgres => format!("EXTRACT(EPOCH FROM {at})"),
        _ => format!("CAST(strftime('%s', substr({at}, 1, 19)) AS integer)"),
    }
}

/// From the midnight before the start to the end, in days that have begun.
fn days(backend: DbBackend) -> String {
    let seconds = |at| seconds(backend, at);
    let (end, start) = (seconds("g.ends_at"), seconds("g.start_date"));
    let hours = match backend {
        DbBackend::Postgres => format!("GREATEST(1, CAST(CEIL(({end} + g.start_offset - {start}) / 86400) AS integer))"),
        _ => format!("MAX(1, ({end} + (g.ends_at LIKE '%.%') + g.start_offset - {start} + 86399) / 86400)"),
    };
    let dates = format!("CAST(({} - {start}) / 86400 AS integer) + 1", seconds("g.end_date"));
    format!(
        "CASE WHEN g.starts_at IS NOT NULL AND g.ends_at IS NOT NULL THEN {hours}
              WHEN g.starts_at IS NULL AND g.ends_at IS NULL AND g.end_date IS NOT NULL THEN {dates} ELSE 1 END"
    )
}

/// Whether the report came before the midnight after the day it was due, by the clock of where the gathering took place.
fn on_time(backend: DbBackend) -> String {
    let seconds = |at| seconds(backend, at);
    let begins =
        format!("CASE WHEN g.starts_at IS NULL THEN g.sort_at / 1000000 ELSE {} - g.start_offset END", seconds("g.start_date"));
    format!(
        "{} + ({start} - ({begins})) < {} + (d.days + 1) * 86400",
        seconds("r.submitted_at"),
        seconds("COALESCE(g.end_date, g.start_date)"),
        start = seconds("g.start_date"),
    )
}
