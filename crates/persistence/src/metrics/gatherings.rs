//! Counting gatherings one by one: whatever the sums of months do not say.

use convene_domain::{
    id::{NetworkId, Within},
    metric::{ActivityFilter, Bucket, Dimension, Key, LeftOut, Measure, Middle, Span, month_of},
};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult};
use uuid::Uuid;

use super::{
    months::part,
    people::{self, Around, People},
    sql::{Sql, words},
};
use crate::{Connections, Result};

/// Which gatherings are counted, and how they are grouped.
#[derive(Debug, Clone, Copy)]
pub struct Counted<'a> {
    /// In which place, or in which places.
    pub places: Places<'a>,
    /// On which dates.
    pub span: Span,
    /// In which parts.
    pub bucket: Bucket,
    /// Grouped by what; dimensions of items are none of ours.
    pub dimensions: &'a [Dimension],
    /// Which of them.
    pub filter: &'a ActivityFilter,
    /// Which people.
    pub people: People<'a>,
    /// In which network.
    pub network: NetworkId,
}

/// Where something is counted.
#[derive(Debug, Clone, Copy)]
pub enum Places<'a> {
    /// In one place, and by groups if there are dimensions.
    One(Within),
    /// In each of these by itself, with all that stands under it: each is a group, and there is none of everything.
    Each(&'a [Uuid]),
}

/// What was counted of a group in a part of the period.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell<T> {
    /// The group; `None` for everything.
    pub group: Option<Vec<Key>>,
    /// The part, as [`Bucket::key`] has it.
    pub part: i32,
    /// What was counted.
    pub counted: T,
}

/// Sums of measures, and how many reports were left out of them.
pub type Sums = (Vec<i64>, LeftOut);

/// Adds up measures. One row more than the limit says that there are more than that.
pub async fn sums(
    connection: &Connections,
    counted: &Counted<'_>,
    measures: &[Measure],
    limit: usize,
) -> Result<Vec<Cell<Sums>>> {
    let columns = |table: &str| counted.people.columns(measures, table);
    let (of_groups, of_all, left_out) = (columns("k"), columns("t"), counted.people.kept());
    let mut sql = counted.start(connection.get_database_backend(), counted.people, "");
    if counted.has_groups() {
        let keys = counted.names("k");
        sql.push(&format!("SELECT 1 AS arm{keys}, k.part AS part{of_groups} FROM (SELECT DISTINCT t.id, t.part{left_out}"));
        counted.members(&mut sql);
        sql.push(&format!(") k JOIN gathering_measures m ON m.gathering_id = k.id GROUP BY k.part{keys}"));
    }
    if counted.has_total(&mut sql) {
        sql.push(&format!("SELECT 0{}, t.part{of_all} FROM counted t ", counted.nothing()));
        sql.push("JOIN gathering_measures m ON m.gathering_id = t.id GROUP BY t.part");
    }
    sql.push(&format!(" LIMIT {}", limit + 1));
    let read = |row: &QueryResult, at: usize| people::read(row, at, measures.len());
    sql.each(connection, |row| counted.cell(row, read)).await
}

/// Counts distinct hosts of held gatherings: those in the place.
pub async fn hosts(connection: &Connections, counted: &Counted<'_>) -> Result<Vec<Cell<i64>>> {
    let mut sql = counted.start(connection.get_database_backend(), People::All, " AND g.status = 'HELD'");
    const COUNT: &str = "CAST(COUNT(DISTINCT";
    if counted.has_groups() {
        let keys = counted.names("k");
        sql.push(&format!("SELECT 1 AS arm{keys}, k.part AS part, {COUNT} k.host) AS bigint) "));
        sql.push("FROM (SELECT DISTINCT t.id, t.part, c.id AS host");
        counted.members_with_hosts(&mut sql);
        sql.push(&format!(") k GROUP BY k.part{keys}"));
    }
    if counted.has_total(&mut sql) {
        sql.push(&format!("SELECT 0{}, t.part, {COUNT} c.id) AS bigint) FROM counted t", counted.nothing()));
        counted.hosted(&mut sql);
        sql.push(" GROUP BY t.part");
    }
    sql.each(connection, |row| counted.cell(row, |row, at| Ok(row.try_get_by_index(at)?))).await
}

/// Finds the middle values of a measure over gatherings at which another is 1.
pub async fn medians(
    connection: &Connections,
    counted: &Counted<'_>,
    (of, base): (Measure, Measure),
) -> Result<Vec<Cell<Middle>>> {
    let mut sql = counted.start(connection.get_database_backend(), People::All, "");
    let readable =
        if of.is_of_people() { counted.people.and_readable(connection.get_database_backend(), "k.id") } else { String::new() };
    // The values in order, each with its rank and how many there are; of these the one or two in the middle.
    let middle = |sql: &mut Sql, arm: &str, keys: &str, members: &dyn Fn(&mut Sql)| {
        sql.push(&format!(
            "SELECT {arm}, r.part AS part, CAST(MIN(r.v) AS bigint), CAST(MAX(r.v) AS bigint), CAST(MAX(r.n) AS bigint) FROM ("
        ));
        sql.push(&format!(
            "SELECT k.part{keys}, m.{of} AS v, ROW_NUMBER() OVER (PARTITION BY k.part{keys} ORDER BY m.{of}) AS rn, "
        ));
        sql.push(&format!("COUNT(*) OVER (PARTITION BY k.part{keys}) AS n FROM (SELECT DISTINCT t.id, t.part"));
        members(sql);
        sql.push(&format!(") k JOIN gathering_measures m ON m.gathering_id = k.id WHERE m.{base} = 1{readable}"));
        sql.push(") r WHERE r.rn IN ((r.n + 1) / 2, (r.n + 2) / 2) GROUP BY r.part");
    };
    if counted.has_groups() {
        let outer = counted.names("r");
        middle(&mut sql, &format!("1 AS arm{outer}"), &counted.names("k"), &|sql| counted.members(sql));
        sql.push(&outer);
    }
    if counted.has_total(&mut sql) {
        middle(&mut sql, &format!("0{}", counted.nothing()), "", &|sql| {
            sql.push(" FROM counted t");
        });
    }
    let read = |row: &QueryResult, at: usize| {
        let (low, high): (i64, i64) = (row.try_get_by_index(at)?, row.try_get_by_index(at + 1)?);
        #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
        Ok(Middle { value: (low + high) as f64 / 2.0, of: row.try_get_by_index(at + 2)? })
    };
    sql.each(connection, |row| counted.cell(row, read)).await
}

impl Counted<'_> {
    /// Where and when batches of people are looked at.
    fn around(&self) -> Around {
        let within = match self.places {
            Places::One(within) => within,
            Places::Each(_) => Within::Network(self.network),
        };
        Around { network: self.network, within, months: (month_of(self.span.from), month_of(self.span.to)) }
    }

    /// Begins a statement with the gatherings that are counted: their identities, parts, and what they are grouped by.
    fn start(&self, backend: DbBackend, people: People<'_>, more: &str) -> Sql {
        const DAY: i64 = 86_400_000_000;
        let mut sql = Sql::new(backend);
        people.start(&mut sql, self.around());
        let (part, left_out) = (part(self.bucket, "g.month"), people.left_out(backend));
        sql.push(&format!("SELECT g.id, s.scope_id AS scope, {part} AS part{left_out}"));
        for dimension in self.dimensions {
            sql.push(match dimension {
                Dimension::Format => ", g.format",
                Dimension::Status => ", g.status",
                Dimension::Weekday => ", CAST(g.weekday AS integer) AS weekday",
                _ => "",
            });
        }
        sql.push(" FROM gathering_scopes s JOIN gatherings g ON g.id = s.gathering_id WHERE ");
        match self.places {
            Places::One(within) => sql.push("s.scope_id = ").bind(within.uuid()),
            Places::Each(places) => sql.any("s.scope_id", places),
        };
        sql.push(" AND g.start_date >= ").bind(self.span.from).push(" AND g.start_date < ").bind(self.span.to);
        // Scope rows are indexed by the instant, which is bounded widely enough for any offset.
        sql.push(" AND s.sort_at >= ").bind(midnight(self.span.from).saturating_sub(2 * DAY));
        sql.push(" AND s.sort_at < ").bind(midnight(self.span.to).saturating_add(2 * DAY)).push(more);
        let filter = self.filter;
        sql.and_any("g.format", &words(&filter.formats)).and_any("g.status", &words(&filter.statuses));
        let weekdays: Vec<i32> = filter.weekdays.iter().map(|day| day.number_from_monday().cast_signed()).collect();
        sql.and_any("CAST(g.weekday AS integer)", &weekdays);
        if filter.asks_of_hosts() {
            sql.push(" AND EXISTS (SELECT 1 FROM gathering_hosts h JOIN communities c ON c.id = h.community_id ");
            sql.push("WHERE h.gathering_id = g.id");
            self.in_place(&mut sql, "s.scope_id");
            host_conditions(&mut sql, filter);
            sql.push(")");
        }
        for (kind, codes) in [("DESIRED_OUTCOME", &filter.outcomes), ("FUNCTION", &filter.functions)] {
            if !codes.is_empty() {
                sql.push(" AND EXISTS (SELECT 1 FROM gathering_reports r JOIN report_tags x ON x.report_id = r.id ");
                sql.push(&format!("WHERE r.gathering_id = g.id AND {HANDED_IN} AND x.kind = '{kind}'"));
                sql.and_any("x.code", &words(codes)).push(")");
            }
        }
        sql.push(") ");
        sql
    }

    /// The rest of a selection of gatherings: their groups, and whatever has to be joined for those.
    fn members(&self, sql: &mut Sql) {
        self.keys(sql);
        if self.dimensions.iter().any(|dimension| is_of_hosts(*dimension)) {
            self.hosted(sql);
        }
        self.joined(sql);
    }

    fn members_with_hosts(&self, sql: &mut Sql) {
        self.keys(sql);
        self.hosted(sql);
        self.joined(sql);
    }

    fn keys(&self, sql: &mut Sql) {
        for (at, key) in self.groups().enumerate() {
            sql.push(&format!(", {key} AS k{at}"));
        }
        sql.push(" FROM counted t");
    }

    fn joined(&self, sql: &mut Sql) {
        if let Places::One(within) = self.places
            && self.dimensions.contains(&Dimension::Child)
        {
            join_children(sql, within);
        }
        let (outcomes, functions) = (&self.filter.outcomes, &self.filter.functions);
        for (dimension, kind, table, codes) in
            [(Dimension::Outcome, "DESIRED_OUTCOME", "o", outcomes), (Dimension::Function, "FUNCTION", "f", functions)]
        {
            if self.dimensions.contains(&dimension) {
                sql.push(" JOIN (SELECT r.gathering_id, x.code FROM gathering_reports r ");
                sql.push(&format!("JOIN report_tags x ON x.report_id = r.id WHERE {HANDED_IN} AND x.kind = '{kind}'"));
                sql.and_any("x.code", &words(codes));
                sql.push(&format!(") {table} ON {table}.gathering_id = t.id"));
            }
        }
    }

    /// Joins the hosts that stand in the place and pass the filter.
    fn hosted(&self, sql: &mut Sql) {
        sql.push(" JOIN gathering_hosts h ON h.gathering_id = t.id JOIN communities c ON c.id = h.community_id");
        self.in_place(sql, "t.scope");
        host_conditions(sql, self.filter);
    }

    /// Adds a condition: the host `c` stands in the place. As a join it could be taken first, and then each gathering meets
    /// every community of the place: without statistics Postgres did that, and half a minute was not enough.
    fn in_place(&self, sql: &mut Sql, scope: &str) {
        const STANDS: &str = " AND EXISTS (SELECT 1 FROM community_scopes i WHERE i.community_id = c.id AND i.scope_id = ";
        match self.places {
            // All hosts of a gathering are of its network.
            Places::One(Within::Network(_)) => {}
            Places::One(Within::Community(id)) => drop(sql.push(STANDS).bind(id.uuid()).push(")")),
            Places::Each(_) => drop(sql.push(STANDS).push(scope).push(")")),
        }
    }

    /// What gatherings are grouped by.
    fn groups(&self) -> impl Iterator<Item = &'static str> {
        let places = matches!(self.places, Places::Each(_)).then_some("t.scope");
        places.into_iter().chain(self.dimensions.iter().map(|dimension| key_of(*dimension)))
    }

    fn has_groups(&self) -> bool {
        self.groups().next().is_some()
    }

    /// Whether everything is counted too, beneath the groups if there are any.
    fn has_total(&self, sql: &mut Sql) -> bool {
        if matches!(self.places, Places::Each(_)) {
            return false;
        }
        if self.has_groups() {
            sql.push(" UNION ALL ");
        }
        true
    }

    fn names(&self, table: &str) -> String {
        self.groups().enumerate().map(|(at, _)| format!(", {table}.k{at}")).collect()
    }

    fn nothing(&self) -> String {
        ", NULL".repeat(self.dimensions.len())
    }

    fn cell<T>(&self, row: &QueryResult, read: impl Fn(&QueryResult, usize) -> Result<T>) -> Result<Cell<T>> {
        let arm: i32 = row.try_get_by_index(0)?;
        let (groups, mut keys) = (self.groups().count(), Vec::new());
        if arm == 1 {
            let mut from = 1;
            if matches!(self.places, Places::Each(_)) {
                keys.push(Key::Community(row.try_get_by_index(from)?));
                from += 1;
            }
            keys.extend(read_keys(row, from, self.dimensions)?);
        }
        let group = (arm == 1).then_some(keys);
        Ok(Cell { group, part: row.try_get_by_index(1 + groups)?, counted: read(row, 2 + groups)? })
    }
}

const HANDED_IN: &str = "r.status IN ('SUBMITTED', 'REVIEWED')";

/// The first instant of a date in UTC, as scope rows are sorted by.
fn midnight(date: chrono::NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros()
}

/// What a filter says of the community `c`.
pub(super) fn host_conditions(sql: &mut Sql, filter: &ActivityFilter) {
    let hosts: Vec<Uuid> = filter.hosts.iter().map(|host| host.uuid()).collect();
    sql.and_any("c.level", &words(&filter.levels))
        .and_any("c.status", &words(&filter.host_statuses))
        .and_any("c.country", &words(&filter.countries))
        .and_any("c.region_code", &words(&filter.region_codes))
        .and_any("c.founded_year", &filter.founded_years)
        .and_any("c.id", &hosts);
}

/// Joins, as `b`, the community right beneath the place that the community `c` stands under; none for the place itself.
pub(super) fn join_children(sql: &mut Sql, within: Within) {
    sql.push(" LEFT JOIN (SELECT p.community_id, d.id FROM community_scopes p JOIN communities d ON d.id = p.scope_id WHERE ");
    match within {
        Within::Network(id) => sql.push("d.parent_id IS NULL AND d.network_id = ").bind(id.uuid()),
        Within::Community(id) => sql.push("d.parent_id = ").bind(id.uuid()),
    };
    sql.push(") b ON b.community_id = c.id");
}

/// What a dimension groups by, of the gathering `t`, its host `c` and what is joined to them.
pub(super) fn key_of(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Child => "COALESCE(b.id, c.id)",
        Dimension::Community => "c.id",
        Dimension::Level => "c.level",
        Dimension::Country => "c.country",
        Dimension::Region => "c.region_code",
        Dimension::FoundingYear => "c.founded_year",
        Dimension::Format => "t.format",
        Dimension::Status => "t.status",
        Dimension::Weekday => "t.weekday",
        Dimension::Outcome => "o.code",
        Dimension::Function => "f.code",
        // Told apart by measures, not by rows.
        Dimension::ItemKind | Dimension::ActivityKind => "NULL",
    }
}

fn is_of_hosts(dimension: Dimension) -> bool {
    key_of(dimension).contains("c.") && !matches!(dimension, Dimension::Outcome | Dimension::Function)
}

/// Reads what a row is grouped by.
pub(super) fn read_keys(row: &QueryResult, from: usize, dimensions: &[Dimension]) -> Result<Vec<Key>> {
    let key = |(at, dimension): (usize, &Dimension)| {
        let at = from + at;
        Ok(match dimension {
            Dimension::Child | Dimension::Community => Key::Community(row.try_get_by_index(at)?),
            Dimension::FoundingYear | Dimension::Weekday => {
                row.try_get_by_index::<Option<i32>>(at)?.map_or(Key::Unknown, Key::Number)
            }
            _ => row.try_get_by_index::<Option<String>>(at)?.map_or(Key::Unknown, Key::Word),
        })
    };
    dimensions.iter().enumerate().map(key).collect()
}
