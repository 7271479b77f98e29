//! Sums of whole calendar months, which the seal keeps.

use convene_domain::{
    id::CommunityId,
    metric::{Bucket, Measure},
};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::sql::Sql;
use crate::Result;

/// What was counted in a part of a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// The scope; `None` for what the place hosts itself.
    pub scope: Option<Uuid>,
    /// The part, as [`Bucket::key`] has it.
    pub part: i32,
    /// The sums, in the order of the measures asked for.
    pub sums: Vec<i64>,
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
}

impl Months<'_> {
    fn columns(&self, table: &str, sums: bool) -> String {
        let column = |measure: &Measure| match sums {
            true => format!(", CAST(SUM({table}.{measure}) AS bigint)"),
            false => format!(", CAST({table}.{measure} AS bigint)"),
        };
        self.measures.iter().map(column).collect()
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
pub async fn sums<C: ConnectionTrait>(
    connection: &C,
    scopes: &[Uuid],
    own: Option<CommunityId>,
    asked: Months<'_>,
) -> Result<Vec<Month>> {
    let mut sql = Sql::new(connection.get_database_backend());
    let (from, to) = asked.months;
    let as_it_is = asked.bucket == Bucket::Month;
    let key = part(asked.bucket, "m.month");
    sql.push(&format!("SELECT m.scope_id, {key} AS part{} FROM community_months m WHERE ", asked.columns("m", !as_it_is)));
    sql.any("m.scope_id", scopes).push(" AND m.month >= ").bind(from).push(" AND m.month < ").bind(to);
    if !as_it_is {
        sql.push(&format!(" GROUP BY m.scope_id{}", by_part(asked.bucket, &key)));
    }
    if let Some(own) = own {
        sql.push(&format!(" UNION ALL SELECT NULL, {key}{} FROM gathering_hosts h ", asked.columns("m", true)));
        sql.push("JOIN gathering_measures m ON m.gathering_id = h.gathering_id WHERE h.community_id = ").bind(own.uuid());
        sql.push(" AND m.month >= ").bind(from).push(" AND m.month < ").bind(to);
        // By the community as well, so that nothing at all is no row and not one of nulls.
        sql.push(&format!(" GROUP BY h.community_id{}", by_part(asked.bucket, &key)));
    }
    let rows = sql.all(connection).await?;
    let month = |row: &sea_orm::QueryResult| {
        let sums = (0..asked.measures.len()).map(|at| row.try_get_by_index(at + 2));
        let sums = sums.collect::<std::result::Result<Vec<i64>, _>>()?;
        Ok(Month { scope: row.try_get_by_index(0)?, part: row.try_get_by_index(1)?, sums })
    };
    rows.iter().map(month).collect()
}

/// A constant is no column to group by.
fn by_part(bucket: Bucket, key: &str) -> String {
    if bucket == Bucket::Whole { String::new() } else { format!(", {key}") }
}
