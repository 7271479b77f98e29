//! Sums of whole calendar months, which the seal keeps.

use convene_domain::{
    id::{CommunityId, NetworkId, Within},
    metric::{Bucket, LeftOut, Measure, month_start},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{
    people::{self, Around, LEFT_OUT, NOTHING, People},
    sql::Sql,
};
use crate::{Connections, Result};

/// What was counted in a part of a period, or has to be taken off it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// The scope; `None` for what the place hosts itself.
    pub scope: Option<Uuid>,
    /// The part, as [`Bucket::key`] has it.
    pub part: i32,
    /// The sums, in the order of the measures asked for. There may be another row of the same scope and part: they are to
    /// be added.
    pub sums: Vec<i64>,
    /// How many reports were left out.
    pub left_out: LeftOut,
}

/// Which months are added up.
#[derive(Debug, Clone, Copy)]
pub struct Months<'a> {
    /// The first month, such as 202605, and the one after the last.
    pub months: (i32, i32),
    /// Into which parts.
    pub bucket: Bucket,
    /// Which measures.
    pub measures: &'a [Measure],
    /// Which people.
    pub people: People<'a>,
    /// In which network all scopes are.
    pub network: NetworkId,
    /// The place that all scopes are in.
    pub within: Within,
}

impl Months<'_> {
    fn columns(&self, table: &str, sums: bool) -> String {
        let in_batches = matches!(self.people, People::Batches(_));
        let column = |measure: &Measure| match sums {
            _ if in_batches && measure.is_of_both() => NOTHING.to_owned(),
            true => format!(", CAST(SUM({table}.{measure}) AS bigint)"),
            false => format!(", CAST({table}.{measure} AS bigint)"),
        };
        let columns: String = self.measures.iter().map(column).collect();
        columns + &NOTHING.repeat(LEFT_OUT.len())
    }

    /// What is taken off the sums for gatherings whose reports wait, and how many those are.
    fn taken_off(&self) -> String {
        let column = |measure: &Measure| match measure.is_of_people() && !measure.is_of_both() {
            true => format!(", CAST(-SUM(m.{measure}) AS bigint)"),
            false => NOTHING.to_owned(),
        };
        let left_out = |measure: &Measure| match measure.is_of_both() {
            true => NOTHING.to_owned(),
            false => format!(", CAST(SUM(m.{measure}) AS bigint)"),
        };
        self.measures.iter().map(column).chain(LEFT_OUT.iter().map(left_out)).collect()
    }
}

/// The part of a period that a month belongs to, as [`Bucket::key`] computes it.
pub(super) fn part(bucket: Bucket, month: &str) -> String {
    match bucket {
        Bucket::Month => month.to_owned(),
        Bucket::Quarter => format!("{month} / 100 * 10 + ({month} % 100 - 1) / 3"),
        Bucket::Year => format!("{month} / 100"),
        Bucket::Whole => "0".to_owned(),
    }
}

/// Adds up the months of scopes, and of what a place hosts itself if that is asked for.
pub async fn sums(connection: &Connections, scopes: &[Uuid], own: Option<CommunityId>, asked: Months<'_>) -> Result<Vec<Month>> {
    let mut sql = Sql::new(connection.get_database_backend());
    let (from, to) = asked.months;
    let as_it_is = asked.bucket == Bucket::Month;
    let key = part(asked.bucket, "m.month");
    let waiting = if let People::Batches(rights) = asked.people {
        sql.push("WITH RECURSIVE ");
        people::push_waiting(&mut sql, rights, Around { network: asked.network, within: asked.within, months: asked.months });
        sql.push(" ");
        true
    } else {
        false
    };
    sql.push(&format!("SELECT m.scope_id, {key} AS part{} FROM community_months m WHERE ", asked.columns("m", !as_it_is)));
    sql.any("m.scope_id", scopes).push(" AND m.month >= ").bind(from).push(" AND m.month < ").bind(to);
    if !as_it_is {
        sql.push(&format!(" GROUP BY m.scope_id{}", by_part(asked.bucket, &key)));
    }
    if let Some(own) = own {
        // By their days, which are kept side by side: what was hosted in other years is not looked at.
        sql.push(&format!(" UNION ALL SELECT NULL, {key}{} FROM hosted_days h ", asked.columns("m", true)));
        sql.push("JOIN gathering_measures m ON m.gathering_id = h.gathering_id WHERE h.community_id = ").bind(own.uuid());
        sql.push(" AND h.start_date >= ").bind(month_start(from)).push(" AND h.start_date < ").bind(month_start(to));
        // By the community as well, so that nothing at all is no row and not one of nulls.
        sql.push(&format!(" GROUP BY h.community_id{}", by_part(asked.bucket, &key)));
    }
    if waiting {
        const WAITING: &str = "FROM waiting w JOIN gathering_measures m ON m.gathering_id = w.gathering_id JOIN";
        let (less, by) = (asked.taken_off(), by_part(asked.bucket, &key));
        sql.push(&format!(" UNION ALL SELECT s.scope_id, {key}{less} {WAITING} gathering_scopes s "));
        sql.push("ON s.gathering_id = w.gathering_id WHERE ")
            .any("s.scope_id", scopes)
            .push(&format!(" GROUP BY s.scope_id{by}"));
        if let Some(own) = own {
            sql.push(&format!(" UNION ALL SELECT NULL, {key}{less} {WAITING} gathering_hosts h "));
            sql.push("ON h.gathering_id = w.gathering_id WHERE h.community_id = ").bind(own.uuid());
            sql.push(&format!(" GROUP BY h.community_id{by}"));
        }
    }
    let month = |row: &sea_orm::QueryResult| {
        let (sums, left_out) = people::read(row, 2, asked.measures.len())?;
        Ok(Month { scope: row.try_get_by_index(0)?, part: row.try_get_by_index(1)?, sums, left_out })
    };
    sql.each(connection, month).await
}

/// A constant is no column to group by.
fn by_part(bucket: Bucket, key: &str) -> String {
    if bucket == Bucket::Whole { String::new() } else { format!(", {key}") }
}
