//! What a coordinator should look at, of gatherings, reports and next steps.
//!
//! All kinds are one statement: the gatherings of the window are found once, by their scope rows, and each kind is a part of
//! a union over them. So the cost follows the window and not the history.

mod parts;

use std::collections::HashMap;

use chrono::{NaiveDate, NaiveTime};
use convene_domain::{
    Invalid,
    access::Rights,
    attention::{AttentionEntry, AttentionKind, Problem},
    id::{CommunityId, GatheringId, ItemId, ReportId, Within},
    occurrence::Window,
    page::Place,
};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use uuid::Uuid;

use crate::{Result, column::Row};

/// What is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where.
    pub within: Within,
    /// The gatherings of which days; it ends with the date of evaluation.
    pub window: Window,
    /// Which reports and items may be read.
    pub rights: Rights,
    /// After how many days a report should have been reviewed.
    pub review_days: u32,
    /// Which kinds.
    pub kinds: Vec<AttentionKind>,
}

/// The place of an entry: problems in the order of their definition, then the oldest first.
pub fn place(list: &str, problem: Problem, since: NaiveDate, id: Uuid) -> Place {
    let instant = Problem::ALL.iter().position(|it| *it == problem).and_then(|at| i64::try_from(at).ok()).unwrap_or(i64::MAX);
    Place { list: list.to_owned(), instant, text: since.to_string(), id }
}

/// The part of a statement that all kinds have in common, and what it is asked with.
struct Union {
    sql: String,
    values: Vec<Value>,
    backend: DbBackend,
}

impl Union {
    /// `None` when no kind is asked for that is about gatherings.
    fn of(backend: DbBackend, asked: &Asked) -> Option<Self> {
        let parts: Vec<String> = asked.kinds.iter().flat_map(|kind| parts::of(backend, *kind, asked)).collect();
        if parts.is_empty() {
            return None;
        }
        let sql = format!("{} SELECT * FROM ({}) e", parts::window(backend), parts.join(" UNION ALL "));
        Some(Self { sql, values: values(asked), backend })
    }
}

/// The values that every part counts on: the place, the window as instants with a day to spare on either side, for local
/// dates differ from UTC's by less, and as dates.
fn values(asked: &Asked) -> Vec<Value> {
    let midnight = |day: Option<NaiveDate>, usual: NaiveDate| day.unwrap_or(usual).and_time(NaiveTime::MIN).and_utc();
    let (from, to) = (asked.window.from(), asked.window.to());
    vec![
        asked.within.uuid().into(),
        midnight(from.pred_opt(), from).timestamp_micros().into(),
        midnight(to.succ_opt(), to).timestamp_micros().into(),
        from.into(),
        to.into(),
    ]
}

/// Lists what is about gatherings after a place, in order, at most so many.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    asked: &Asked,
    after: Option<&Place>,
    limit: u64,
) -> Result<Vec<AttentionEntry>> {
    let Some(mut union) = Union::of(connection.get_database_backend(), asked) else { return Ok(Vec::new()) };
    if let Some(after) = after {
        let n = union.values.len();
        union.sql += &format!(" WHERE (e.problem, e.since, e.id) > (${}, ${}, ${})", n + 1, n + 2, n + 3);
        // Not a value that Postgres takes for a number of another width.
        let rank = i32::try_from(after.instant).unwrap_or(i32::MAX);
        union.values.extend([Value::from(rank), after.text.clone().into(), after.id.into()]);
    }
    union.sql += &format!(" ORDER BY e.problem, e.since, e.id LIMIT {limit}");
    let statement = Statement::from_sql_and_values(union.backend, union.sql, union.values);
    let found = connection.query_all_raw(statement).await?.iter().map(read).collect::<Result<Vec<_>>>()?;
    let gatherings: Vec<Uuid> = found.iter().map(|found| found.gathering).collect();
    let hosts = hosts(connection, asked.within, &gatherings).await?;
    // Whatever has lost its last host here since is not ours to look at any more.
    let entry = |found: Found| {
        Some(AttentionEntry {
            problem: found.problem,
            community: found.host.or_else(|| hosts.get(&found.gathering).copied())?,
            gathering: Some(GatheringId::from_uuid(found.gathering)),
            report: found.report.map(ReportId::from_uuid),
            item: found.item.map(ItemId::from_uuid),
            since: found.since,
            due: found.due,
        })
    };
    Ok(found.into_iter().filter_map(entry).collect())
}

/// Counts what is about gatherings, by problem. A problem without any is missing from the answer.
pub async fn count<C: ConnectionTrait>(connection: &C, asked: &Asked) -> Result<HashMap<Problem, u64>> {
    let Some(union) = Union::of(connection.get_database_backend(), asked) else { return Ok(HashMap::new()) };
    let sql = union.sql.replacen("SELECT * FROM (", "SELECT e.problem, COUNT(*) AS entries FROM (", 1) + " GROUP BY e.problem";
    let rows = connection.query_all_raw(Statement::from_sql_and_values(union.backend, sql, union.values)).await?;
    let count = |row: &QueryResult| {
        Ok((problem(row.try_get("", "problem")?)?, u64::try_from(row.try_get::<i64>("", "entries")?).unwrap_or_default()))
    };
    rows.iter().map(count).collect()
}

/// Finds the communities whose attendance fell three times running up to their last gathering with people counted, and the
/// day of that one.
pub async fn falling<C: ConnectionTrait>(connection: &C, asked: &Asked) -> Result<Vec<(CommunityId, NaiveDate)>> {
    let backend = connection.get_database_backend();
    let sql = format!(
        "{window} SELECT f.community_id, CAST(f.start_date AS text) AS day FROM
         (SELECT h.community_id, w.start_date, r.attendance AS last, LEAD(r.attendance, 1) OVER o AS second,
              LEAD(r.attendance, 2) OVER o AS third, LEAD(r.attendance, 3) OVER o AS fourth, ROW_NUMBER() OVER o AS place
          FROM w JOIN gathering_hosts h ON h.gathering_id = w.id
          JOIN community_scopes s ON s.community_id = h.community_id AND s.scope_id = $1
          JOIN gathering_reports r ON r.gathering_id = w.id AND r.attendance IS NOT NULL AND {readable}
          WHERE w.status = 'HELD'
          WINDOW o AS (PARTITION BY h.community_id ORDER BY w.sort_at DESC, w.id)) f
         WHERE f.place = 1 AND f.last < f.second AND f.second < f.third AND f.third < f.fourth",
        window = parts::window(backend),
        readable = parts::handed_in(backend, &asked.rights),
    );
    let rows = connection.query_all_raw(Statement::from_sql_and_values(backend, sql, values(asked))).await?;
    let fallen = |row: &QueryResult| {
        let id: Uuid = row.try_get("", "community_id")?;
        Ok((CommunityId::from_uuid(id), day(Row { table: "gatherings", id }, &row.try_get::<String>("", "day")?)?))
    };
    rows.iter().map(fallen).collect()
}

/// The first host of each gathering among the communities in a place.
async fn hosts<C: ConnectionTrait>(connection: &C, within: Within, gatherings: &[Uuid]) -> Result<HashMap<Uuid, CommunityId>> {
    use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};

    use crate::{
        dialect,
        entity::{community_scope, gathering_host},
    };
    let mut select = Query::select();
    select
        .column(("h", gathering_host::Column::GatheringId))
        .column(("h", gathering_host::Column::CommunityId))
        .from_as(gathering_host::Entity, "h")
        .join_as(
            sea_orm::JoinType::InnerJoin,
            community_scope::Entity,
            "s",
            Expr::col(("s", community_scope::Column::CommunityId)).equals(("h", gathering_host::Column::CommunityId)),
        )
        .and_where(Expr::col(("s", community_scope::Column::ScopeId)).eq(within.uuid()))
        .and_where(dialect::is_any_id(connection.get_database_backend(), ("h", gathering_host::Column::GatheringId), gatherings))
        .order_by(("h", gathering_host::Column::Ordinal), Order::Asc);
    let mut hosts = HashMap::new();
    if gatherings.is_empty() {
        return Ok(hosts);
    }
    for row in connection.query_all(&select).await? {
        let host = CommunityId::from_uuid(row.try_get("", "community_id")?);
        hosts.entry(row.try_get("", "gathering_id")?).or_insert(host);
    }
    Ok(hosts)
}

/// A row of the union.
struct Found {
    problem: Problem,
    since: NaiveDate,
    gathering: Uuid,
    report: Option<Uuid>,
    item: Option<Uuid>,
    host: Option<CommunityId>,
    due: Option<NaiveDate>,
}

fn read(row: &QueryResult) -> Result<Found> {
    let gathering: Uuid = row.try_get("", "gathering_id")?;
    let of = Row { table: "gatherings", id: gathering };
    Ok(Found {
        problem: problem(row.try_get("", "problem")?)?,
        since: day(of, &row.try_get::<String>("", "since")?)?,
        gathering,
        report: row.try_get("", "report_id")?,
        item: row.try_get("", "item_id")?,
        host: row.try_get::<Option<Uuid>>("", "host_id")?.map(CommunityId::from_uuid),
        due: row.try_get::<Option<String>>("", "due")?.map(|text| day(of, &text)).transpose()?,
    })
}

fn day(row: Row, text: &str) -> Result<NaiveDate> {
    row.check("start_date", text.parse().map_err(|_| Invalid::new("is no date")))
}

fn problem(rank: i32) -> Result<Problem> {
    let found = usize::try_from(rank).ok().and_then(|rank| Problem::ALL.get(rank)).copied();
    Row { table: "attention", id: Uuid::nil() }.check("problem", found.ok_or_else(|| Invalid::new("is no problem")))
}
