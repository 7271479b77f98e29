//! What is asked for, and what its limit is.

use anyhow::{Context, Result};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{
    limit::{Limit, Value},
    load::Asked,
    places::{Guide, Mark, Places, marks, stored, text},
};
use crate::{
    kept::Kind,
    table::{Figure, Goal},
};

/// Something to measure.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) name: String,
    /// What it should cost, in milliseconds, and what the limit cost where that was set.
    pub(super) goal: (f64, Option<f64>),
    pub(super) asked: Asked,
    pub(super) limit: Option<Limit>,
}

impl Work {
    /// A figure of it: what it costs, beside what the limit cost at the same time if that was measured. The ratio of the two
    /// binds, for machines differ.
    pub(super) fn figure(&self, clients: usize, cost: f64, limit: Option<f64>) -> Figure {
        let figure = Figure::new(format!("{}, {clients} clients", self.name), "us", cost);
        match (limit, self.goal) {
            (Some(limit), (goal, Some(least))) => figure.limit(limit).goal(Goal::TimesLimit(goal / least)),
            (_, (goal, _)) => figure.goal(Goal::AtMost(goal * 1e3)),
        }
    }
}

const REPORT: &str = "query ($id: ID!) { gatheringReport(id: $id) { id status audience submittedAt attendance \
    gathering { id title startDate status hosts { id name level parent { id name level parent { id name level } } } } } }";

const PAGE: &str = "query ($within: ID!, $after: String) { gatheringReports(within: $within, first: 50, after: $after) { \
    nodes { id externalId status audience submittedAt attendance revision } pageInfo { hasNextPage endCursor } } }";

const REGION: &str = "query ($id: ID!) { community(id: $id) { id name children(first: 20) { nodes { id name \
    gatherings(first: 10) { nodes { id title startDate report { id status attendance \
    items(kinds: [NEXT_STEP]) { id text owner dueOn nextStepState } } } } } } } }";

/// How many groups there may be makes no difference, and tells one question from another that would be answered from memory.
const ACTIVITY: &str = "query ($within: ID!, $window: Window!, $first: Int) { activity(within: $within, window: $window, bucket: MONTH, \
    groupBy: [CHILD], metrics: [GATHERINGS_HELD, REPORTS, ATTENDANCE, NEXT_STEPS_OPEN, NEXT_STEPS_DONE], first: $first) { \
    from to buckets { label } series { key { code label } metrics { metric values } } } }";

const PLAN: &str =
    "mutation ($input: PlanGatheringInput!) { planGathering(input: $input) { gathering { id } userErrors { code message } } }";

const SUBMIT: &str = "mutation ($input: SubmitGatheringReportInput!) { submitGatheringReport(input: $input) { \
    report { id revision } cursor userErrors { code message } } }";

const REPORT_LIMIT: &str = "SELECT r.id, r.status, r.audience, r.submitted_at, r.attendance, g.id, g.title, g.start_date, g.status, \
    c.id, c.name, c.level, p.id, p.name, p.level, q.id, q.name, q.level \
    FROM gathering_reports r JOIN gatherings g ON g.id = r.gathering_id JOIN gathering_hosts h ON h.gathering_id = g.id \
    JOIN communities c ON c.id = h.community_id LEFT JOIN communities p ON p.id = c.parent_id LEFT JOIN communities q ON q.id = p.parent_id \
    WHERE r.id = $1 AND r.audience = 'PUBLIC' AND r.status IN ('SUBMITTED', 'REVIEWED')";

const PAGE_LIMIT: &str = "SELECT s.sort_at, s.external_key, r.id, r.external_id, r.status, r.audience, r.submitted_at, r.attendance, \
    r.revision FROM report_scopes s JOIN gathering_reports r ON r.id = s.report_id \
    WHERE s.scope_id = $1 AND s.sort_at <= $2 AND s.audience = 'PUBLIC' AND s.status IN ('SUBMITTED', 'REVIEWED') \
    ORDER BY s.sort_at DESC, s.external_key, s.report_id LIMIT 51";

const REGION_LIMIT: &str = "SELECT c.id, c.name, g.id, g.title, g.start_date, r.id, r.status, r.attendance, \
    i.id, i.body, i.owner, i.due_on, i.state FROM communities c \
    CROSS JOIN LATERAL (SELECT s.gathering_id FROM gathering_scopes s WHERE s.scope_id = c.id \
        ORDER BY s.sort_at DESC, s.external_key, s.gathering_id LIMIT 10) s \
    JOIN gatherings g ON g.id = s.gathering_id \
    LEFT JOIN gathering_reports r ON r.gathering_id = g.id AND r.audience = 'PUBLIC' AND r.status IN ('SUBMITTED', 'REVIEWED') \
    LEFT JOIN report_items i ON i.report_id = r.id AND i.kind = 'NEXT_STEP' AND NOT i.confidential WHERE c.parent_id = $1";

const COMPARISON: &str = "query ($communities: [ID!]!, $window: Window!, $metrics: [Metric!]!) { \
    comparison(communities: $communities, window: $window, metrics: $metrics) { \
    from to compared { code label } metrics { metric values ranks } } }";

const COMPARED: [&str; 17] = [
    "GATHERINGS_HELD",
    "REPORTS",
    "ATTENDANCE",
    "ATTENDANCE_MEAN",
    "NEXT_STEPS_OPEN",
    "NEXT_STEPS_DONE",
    "PROBLEM_SOLVING",
    "REQUESTS_FOR_INFORMATION",
    "SEEKING_EXPERIENCE",
    "REUSING_ASSETS",
    "COORDINATION_AND_STRATEGY",
    "BUILDING_AN_ARGUMENT",
    "GROWING_CONFIDENCE",
    "DISCUSSING_DEVELOPMENTS",
    "DOCUMENTING_PROJECTS",
    "VISITS",
    "MAPPING_KNOWLEDGE",
];

const COMPARISON_LIMIT: &str = "SELECT m.scope_id, SUM(m.held), SUM(m.reports), SUM(m.attendance), SUM(m.reports_with_attendance), \
    SUM(m.next_steps_open), SUM(m.next_steps_done), SUM(m.problem_solving), SUM(m.requests_for_information), \
    SUM(m.seeking_experience), SUM(m.reusing_assets), SUM(m.coordination_and_strategy), SUM(m.building_an_argument), \
    SUM(m.growing_confidence), SUM(m.discussing_developments), SUM(m.documenting_projects), SUM(m.visits), SUM(m.mapping_knowledge) \
    FROM community_months m WHERE m.scope_id = ANY($1) AND m.month >= $2 AND m.month < 202611 GROUP BY m.scope_id";

const ACTIVITY_LIMIT: &str = "SELECT c.id, c.name, m.month, m.held, m.reports, m.attendance, m.reports_with_attendance, \
    m.next_steps_open, m.next_steps_done FROM communities c JOIN community_months m ON m.scope_id = c.id \
    WHERE c.parent_id = $1 AND m.month >= $2 AND m.month < 202611";

/// Without what follows from it: no scope, no log, no wake-up.
const SUBMIT_LIMIT: &str = "WITH report AS (INSERT INTO bench_reports \
    (id, network_id, revision, origin, gathering_id, status, audience, submitted_at, attendance) \
    VALUES ($1, $2, 1, $2, $1, 'SUBMITTED', 'PUBLIC', now(), 14)) \
    INSERT INTO bench_items (id, report_id, ordinal, kind, activity_kind, body, search_text, confidential) \
    SELECT gen_random_uuid(), $1, n, 'ACTIVITY', 'VISITS', $3, $3, false FROM generate_series(1, 6) n";

/// The tables that the limit of writing writes to: the same, without what they refer to.
pub(super) fn limit_tables() -> [String; 4] {
    [
        "DROP TABLE IF EXISTS bench_reports".to_owned(),
        "DROP TABLE IF EXISTS bench_items".to_owned(),
        "CREATE TABLE bench_reports (LIKE gathering_reports INCLUDING ALL)".to_owned(),
        "CREATE TABLE bench_items (LIKE report_items INCLUDING ALL)".to_owned(),
    ]
}

/// Everything that reads.
pub(super) fn reads(guide: &mut Guide, places: &Places) -> Result<Vec<Work>> {
    let nations = &places.nations;
    let mut works = vec![
        activity(nations, "activity of a nation by region and month, 12 months", 202_511, UNALIKE)?,
        activity(nations, "activity of a nation by region and month, 6 months", 202_605, UNALIKE)?,
        Work { goal: (0.03, None), limit: None, ..activity(nations, "activity, polled and unchanged", 202_511, 1)? },
        comparison(nations, "five nations beside each other, 12 months", 202_511)?,
        comparison(nations, "five nations beside each other, 6 months", 202_605)?,
        report(places)?,
    ];
    let network = std::slice::from_ref(&places.network);
    // In the second nation strangers can read next to nothing.
    let (hidden, open) = (&nations[1..2], [&nations[..1], &nations[2..]].concat());
    let middle = Some("2026-08-01");
    for (name, within, before) in [
        ("second page of 50 reports: nation", open.as_slice(), None),
        ("... network", network, None),
        ("... region", places.regions.as_slice(), None),
        ("... network, deep", network, middle),
        ("... nation, deep", open.as_slice(), middle),
        ("... nation, mostly hidden, first page", hidden, None),
    ] {
        let mut marks = marks(guide, within, before)?;
        if name.ends_with("first page") {
            marks.iter_mut().for_each(|mark| mark.cursor = None);
        }
        works.extend((!marks.is_empty()).then(|| page(name, &marks)).transpose()?);
    }
    works.push(region(places)?);
    Ok(works)
}

fn asked(query: &str, variables: impl Iterator<Item = Json>) -> Asked {
    let bodies = variables.map(|variables| json!({ "query": query, "variables": variables }).to_string()).collect();
    Asked { headers: "content-type: application/json\r\n".to_owned(), bodies, once: false }
}

/// So many questions differ that none of them is still in memory when its turn comes again.
const UNALIKE: usize = 200;

/// Five nations at a time. Of each question there is one for every order of the metrics, so that none of them is still in
/// memory when its turn comes again.
fn comparison(nations: &[String], name: &str, from: i32) -> Result<Work> {
    let window = window(from);
    let chosen = |turn: usize| -> Vec<&String> {
        let step = [1, 3, 7, 9, 11, 13, 17, 19][turn / nations.len() % 8];
        (0..5).map(|place| &nations[(turn + place * step) % nations.len()]).collect()
    };
    let questions = (0..8 * nations.len() * COMPARED.len()).map(|turn| {
        let mut metrics = COMPARED;
        metrics.rotate_left(turn / nations.len() / 8);
        json!({ "communities": chosen(turn), "window": window, "metrics": metrics })
    });
    let values = (0..nations.len()).map(|turn| {
        let ids: Vec<_> = chosen(turn).into_iter().map(|id| stored(id)).collect::<Result<_>>()?;
        Ok(vec![Value::Ids(ids), Value::Month(from)])
    });
    let limit = Limit { sql: COMPARISON_LIMIT.to_owned(), values: values.collect::<Result<_>>()? };
    Ok(Work { name: name.to_owned(), goal: (0.45, Some(0.24)), asked: asked(COMPARISON, questions), limit: Some(limit) })
}

/// From the first day of a month to the end of all gatherings.
fn window(from: i32) -> Json {
    json!({ "from": format!("{}-{:02}-01", from / 100, from % 100), "to": "2026-11-01" })
}

fn activity(nations: &[String], name: &str, from: i32, turns: usize) -> Result<Work> {
    let window = window(from);
    let questions = (0..turns).flat_map(|turn| nations.iter().map(move |nation| (nation, 100 + turn)));
    let asked = asked(ACTIVITY, questions.map(|(nation, first)| json!({ "within": nation, "window": window, "first": first })));
    let values = nations.iter().map(|id| Ok(vec![Value::Id(stored(id)?), Value::Month(from)]));
    let limit = Limit { sql: ACTIVITY_LIMIT.to_owned(), values: values.collect::<Result<_>>()? };
    Ok(Work { name: name.to_owned(), goal: (0.45, Some(0.23)), asked, limit: Some(limit) })
}

fn report(places: &Places) -> Result<Work> {
    let values = places.reports.iter().map(|id| Ok(vec![Value::Id(stored(id)?)]));
    Ok(Work {
        name: "report by id, its gathering, three communities up".to_owned(),
        goal: (0.15, Some(0.05)),
        asked: asked(REPORT, places.reports.iter().map(|id| json!({ "id": id }))),
        limit: Some(Limit { sql: REPORT_LIMIT.to_owned(), values: values.collect::<Result<_>>()? }),
    })
}

fn page(name: &str, marks: &[Mark]) -> Result<Work> {
    // The limit begins where the page begins, which the cursor says; cursors are for the service alone to read, but we made it.
    let values = marks.iter().map(|mark| {
        let place = mark.cursor.as_deref().map_or(Ok(i64::MAX), super::cursor::instant)?;
        Ok(vec![Value::Id(stored(&mark.within)?), Value::Number(place)])
    });
    let values: Vec<_> = values.collect::<Result<_>>()?;
    Ok(Work {
        name: name.to_owned(),
        goal: (0.25, Some(0.08)),
        asked: asked(PAGE, marks.iter().map(|mark| json!({ "within": mark.within, "after": mark.cursor }))),
        limit: Some(Limit { sql: PAGE_LIMIT.to_owned(), values }),
    })
}

fn region(places: &Places) -> Result<Work> {
    let values = places.regions.iter().map(|id| Ok(vec![Value::Id(stored(id)?)]));
    Ok(Work {
        name: "region: 20 cities, 10 gatherings, report, next steps".to_owned(),
        goal: (2.8, Some(1.5)),
        asked: asked(REGION, places.regions.iter().map(|id| json!({ "id": id }))),
        limit: Some(Limit { sql: REGION_LIMIT.to_owned(), values: values.collect::<Result<_>>()? }),
    })
}

/// Gatherings that are new and have no report, so many of them, and the requests that hand one in for each.
pub(super) fn submissions(guide: &mut Guide, places: &Places, token: &str, count: usize) -> Result<Work> {
    let mut bodies = Vec::with_capacity(count);
    for number in 0..count {
        let host = &places.cities[number % places.cities.len()];
        let input = json!({ "idempotencyKey": Uuid::new_v4(), "hosts": [host], "title": format!("Evening circle {number}"),
            "startsAt": format!("2026-11-{:02}T18:00:00+00:00", 1 + number % 20), "format": "IN_PERSON" });
        let data = guide.ask(PLAN, &json!({ "input": input }))?;
        let gathering = text(&data["planGathering"]["gathering"]["id"]).with_context(|| data.to_string())?;
        bodies.push(json!({ "query": SUBMIT, "variables": { "input": submission(&gathering, number) } }).to_string());
    }
    let network = stored(&places.network)?;
    let text = "Two groups now meet without us and one of them has begun a third in the next village.".to_owned();
    Ok(Work {
        name: "submit a report, 3 activities, 3 next steps".to_owned(),
        goal: (0.8, Some(0.15)),
        asked: Asked {
            headers: format!("content-type: application/json\r\nauthorization: Bearer {token}\r\n"),
            bodies,
            once: true,
        },
        limit: Some(Limit {
            sql: SUBMIT_LIMIT.to_owned(),
            values: vec![vec![Value::New, Value::Id(network), Value::Text(text)]],
        }),
    })
}

fn submission(gathering: &str, number: usize) -> Json {
    let activity = |kind: &str| json!({ "kind": "ACTIVITY", "activityKind": kind, "text": "How do we care for those who care, and who cares for us?" });
    let step = |day: usize| {
        json!({ "kind": "NEXT_STEP", "owner": "Ama", "dueOn": format!("2026-12-{day:02}"),
            "text": "Ask the clinic whether its waiting room is free on Thursday evenings." })
    };
    json!({ "idempotencyKey": Uuid::new_v4(), "gathering": gathering, "audience": "PUBLIC", "attendance": 10 + number % 40,
        "items": [activity("PROBLEM_SOLVING"), activity("VISITS"), activity("GROWING_CONFIDENCE"), step(5), step(12), step(19)] })
}

/// How many requests of a kind a measurement may use up.
pub(super) fn most_submissions(kind: Kind, quick: bool) -> usize {
    match (kind, quick) {
        (_, true) => 800,
        (Kind::Postgres, false) => 3_000,
        (Kind::Sqlite, false) => 3_000,
    }
}
