//! Counting communities as they are today.

use chrono::NaiveDate;
use convene_domain::metric::{ActivityFilter, Dimension, Key};
use sea_orm::ConnectionTrait;

use super::{
    gatherings::{Places, host_conditions, join_children, key_of, read_keys},
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

/// Counts the communities of a place, or of each of several, by group and the day they were founded. In a place each is in
/// one group.
pub async fn founded<C: ConnectionTrait>(
    connection: &C,
    places: Places<'_>,
    dimensions: &[Dimension],
    filter: &ActivityFilter,
) -> Result<Vec<Founded>> {
    let each = matches!(places, Places::Each(_));
    let mut keys = if each { ", i.scope_id".to_owned() } else { String::new() };
    keys.extend(dimensions.iter().map(|dimension| format!(", {}", key_of(*dimension))));
    let mut sql = Sql::new(connection.get_database_backend());
    sql.push(&format!("SELECT c.founded_on, CAST(COUNT(*) AS bigint){keys} FROM community_scopes i "));
    sql.push("JOIN communities c ON c.id = i.community_id");
    match places {
        Places::One(within) => {
            if dimensions.contains(&Dimension::Child) {
                join_children(&mut sql, within);
            }
            sql.push(" WHERE i.scope_id = ").bind(within.uuid());
        }
        Places::Each(places) => drop(sql.push(" WHERE ").any("i.scope_id", places)),
    }
    host_conditions(&mut sql, filter);
    sql.push(&format!(" GROUP BY c.founded_on{keys}"));
    let rows = sql.all(connection).await?;
    let read = |row: &sea_orm::QueryResult| {
        let place = if each { vec![Key::Community(row.try_get_by_index(2)?)] } else { Vec::new() };
        let group = [place, read_keys(row, 2 + usize::from(each), dimensions)?].concat();
        Ok(Founded { on: row.try_get_by_index(0)?, communities: row.try_get_by_index(1)?, group })
    };
    rows.iter().map(read).collect()
}
