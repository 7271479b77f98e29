//! Counting communities as they are today.

use chrono::NaiveDate;
use convene_domain::{
    id::Within,
    metric::{ActivityFilter, Dimension, Key},
};
use sea_orm::ConnectionTrait;

use super::{
    gatherings::{host_conditions, join_children, key_of, read_keys},
    sql::Sql,
};
use crate::Result;

/// Communities of one group that were founded on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    /// The group.
    pub group: Vec<Key>,
    /// The day; `None` when it is not known.
    pub on: Option<NaiveDate>,
    /// How many.
    pub communities: i64,
}

/// Counts the communities of a place by group and the day they were founded. Each is in one group.
pub async fn founded<C: ConnectionTrait>(
    connection: &C,
    within: Within,
    dimensions: &[Dimension],
    filter: &ActivityFilter,
) -> Result<Vec<Founded>> {
    let keys: String = dimensions.iter().map(|dimension| format!(", {}", key_of(*dimension))).collect();
    let mut sql = Sql::new(connection.get_database_backend());
    sql.push(&format!("SELECT c.founded_on, CAST(COUNT(*) AS bigint){keys} FROM community_scopes i "));
    sql.push("JOIN communities c ON c.id = i.community_id");
    if dimensions.contains(&Dimension::Child) {
        join_children(&mut sql, within);
    }
    sql.push(" WHERE i.scope_id = ").bind(within.uuid());
    host_conditions(&mut sql, filter);
    sql.push(&format!(" GROUP BY c.founded_on{keys}"));
    let rows = sql.all(connection).await?;
    let read = |row: &sea_orm::QueryResult| {
        Ok(Founded { on: row.try_get_by_index(0)?, communities: row.try_get_by_index(1)?, group: read_keys(row, 2, dimensions)? })
    };
    rows.iter().map(read).collect()
}
