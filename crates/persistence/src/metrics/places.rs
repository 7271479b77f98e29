//! The places that are counted in, and what groups are called.

use std::collections::HashMap;

use chrono::NaiveDate;
use convene_domain::{
    change::{Head, LogId},
    community::Level,
    id::{ChangeId, CommunityId, InstanceId, NetworkId, Within},
    metric::month_start,
    network::VocabularyKind,
};
use sea_orm::{ConnectionTrait, QueryResult};
use uuid::Uuid;

use super::sql::{Sql, words};
use crate::{Result, column::Row};

/// A place that is counted in, and where the log of its network ended before anything was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The place.
    pub within: Within,
    /// The end of the log.
    pub head: Head,
    /// What it is called.
    pub name: Named,
    /// The level of a community; `None` for a network.
    pub level: Option<Level>,
    /// The communities right beneath it, if they were asked for.
    pub children: HashMap<Uuid, Named>,
}

/// A community or network as people know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name in addresses.
    pub slug: String,
    /// Its name in full.
    pub name: String,
}

const COLUMNS: &str = "c.id, c.slug, c.name, h.network_id, h.position, h.change_id, h.epoch";
const LEVEL: &str = ", c.level AS level";
const NO_LEVEL: &str = ", NULL AS level";

/// Finds places, and the communities right beneath them if they are asked for. One that is not there is missing from the
/// answer.
pub async fn load<C: ConnectionTrait>(
    connection: &C,
    instance: InstanceId,
    places: &[Within],
    children: bool,
) -> Result<HashMap<Within, Place>> {
    let (mut networks, mut communities): (Vec<Uuid>, Vec<Uuid>) = (Vec::new(), Vec::new());
    for place in places {
        match place {
            Within::Network(id) => networks.push(id.uuid()),
            Within::Community(id) => communities.push(id.uuid()),
        }
    }
    let mut sql = Sql::new(connection.get_database_backend());
    let joined = "JOIN network_heads h ON h.network_id =";
    let mut arm = "";
    if !communities.is_empty() {
        sql.push(&format!("SELECT c.id AS above, {COLUMNS}{LEVEL} FROM communities c {joined} c.network_id WHERE "));
        sql.any("c.id", &communities);
        if children {
            sql.push(&format!(" UNION ALL SELECT c.parent_id, {COLUMNS}{LEVEL} FROM communities c {joined} c.network_id WHERE "));
            sql.any("c.parent_id", &communities);
        }
        arm = " UNION ALL ";
    }
    if !networks.is_empty() {
        sql.push(&format!("{arm}SELECT c.id AS above, {COLUMNS}{NO_LEVEL} FROM networks c {joined} c.id WHERE "));
        sql.any("c.id", &networks);
        if children {
            sql.push(&format!(
                " UNION ALL SELECT c.network_id, {COLUMNS}{LEVEL} FROM communities c {joined} c.network_id WHERE "
            ));
            sql.any("c.network_id", &networks).push(" AND c.parent_id IS NULL");
        }
    }
    let mut rows = Vec::new();
    if !places.is_empty() {
        rows = sql.all(connection).await?;
    }
    let mut found: HashMap<Uuid, (Head, Named, Option<Level>)> = HashMap::new();
    let mut beneath: HashMap<Uuid, HashMap<Uuid, Named>> = HashMap::new();
    for row in &rows {
        let (above, id): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let named = Named { slug: row.try_get_by_index(2)?, name: row.try_get_by_index(3)? };
        if above == id {
            let level: Option<String> = row.try_get_by_index(8)?;
            let level = Row { table: "communities", id }.parse_opt("level", level.as_deref())?;
            found.insert(id, (head(row, instance)?, named, level));
        } else {
            beneath.entry(above).or_default().insert(id, named);
        }
    }
    let place = |within: &Within| {
        let (head, name, level) = found.remove(&within.uuid())?;
        let children = beneath.remove(&within.uuid()).unwrap_or_default();
        Some((*within, Place { within: *within, head, name, level, children }))
    };
    Ok(places.iter().filter_map(place).collect())
}

fn head(row: &QueryResult, instance: InstanceId) -> Result<Head> {
    let change: Option<Uuid> = row.try_get_by_index(6)?;
    let epoch: i32 = row.try_get_by_index(7)?;
    Ok(Head {
        log: LogId {
            instance,
            network: NetworkId::from_uuid(row.try_get_by_index(4)?),
            // Epochs are counted up from 1.
            epoch: u32::try_from(epoch).unwrap_or_default(),
        },
        position: row.try_get_by_index(5)?,
        change: ChangeId::from_uuid(change.unwrap_or_default()),
    })
}

/// The first month in which one of the places has a gathering, and the last, by their first dates; with the days on which
/// their communities were founded, if those count too. `None` when there is nothing.
pub async fn bounds<C: ConnectionTrait>(
    connection: &C,
    places: &[Uuid],
    founded: bool,
) -> Result<Option<(NaiveDate, NaiveDate)>> {
    let mut sql = Sql::new(connection.get_database_backend());
    sql.push("SELECT MIN(month), MAX(month) FROM community_months WHERE gatherings > 0 AND ").any("scope_id", places);
    let mut days: Vec<NaiveDate> = Vec::new();
    for row in sql.all(connection).await? {
        for at in 0..2 {
            let month: Option<i32> = row.try_get_by_index(at)?;
            days.extend(month.and_then(month_start));
        }
    }
    if founded {
        let mut sql = Sql::new(connection.get_database_backend());
        sql.push(
            "SELECT MIN(c.founded_on), MAX(c.founded_on) FROM community_scopes i JOIN communities c ON c.id = i.community_id ",
        );
        sql.push("WHERE ").any("i.scope_id", places);
        for row in sql.all(connection).await? {
            for at in 0..2 {
                let day: Option<NaiveDate> = row.try_get_by_index(at)?;
                days.extend(day);
            }
        }
    }
    Ok(days.iter().min().copied().zip(days.iter().max().copied()))
}

/// A community that others are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer {
    /// The community.
    pub id: CommunityId,
    /// Its level.
    pub level: Level,
}

/// The open communities of a network at these levels.
pub async fn peers<C: ConnectionTrait>(connection: &C, network: NetworkId, levels: &[Level]) -> Result<Vec<Peer>> {
    let mut sql = Sql::new(connection.get_database_backend());
    sql.push("SELECT id, level FROM communities WHERE status = 'OPEN' AND network_id = ").bind(network.uuid());
    sql.and_any("level", &words(levels));
    let rows = sql.all(connection).await?;
    let peer = |row: &QueryResult| {
        let (id, level): (Uuid, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok(Peer { id: CommunityId::from_uuid(id), level: Row { table: "communities", id }.parse("level", &level)? })
    };
    rows.iter().map(peer).collect()
}

/// What communities are called.
pub async fn names<C: ConnectionTrait>(connection: &C, ids: &[CommunityId]) -> Result<HashMap<Uuid, Named>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut names = HashMap::new();
    // A statement holds only so many values on SQLite.
    for chunk in ids.chunks(8_192) {
        let mut sql = Sql::new(connection.get_database_backend());
        sql.push("SELECT id, slug, name FROM communities WHERE ").any("id", chunk);
        for row in sql.all(connection).await? {
            names.insert(row.try_get_by_index(0)?, Named { slug: row.try_get_by_index(1)?, name: row.try_get_by_index(2)? });
        }
    }
    Ok(names)
}

/// What the regions of a network are called, by their codes.
pub async fn regions<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<HashMap<String, String>> {
    let mut sql = Sql::new(connection.get_database_backend());
    sql.push("SELECT region_code, MIN(region_name) FROM communities WHERE region_code IS NOT NULL AND region_name IS NOT NULL ");
    sql.push("AND network_id = ").bind(network.uuid()).push(" GROUP BY region_code");
    let rows = sql.all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}

/// What the terms of a vocabulary are called, by their codes.
pub async fn terms<C: ConnectionTrait>(
    connection: &C,
    network: NetworkId,
    kind: VocabularyKind,
) -> Result<HashMap<String, String>> {
    let mut sql = Sql::new(connection.get_database_backend());
    sql.push("SELECT code, label FROM terms WHERE network_id = ").bind(network.uuid());
    sql.push(" AND kind = ").bind(kind.as_str());
    let rows = sql.all(connection).await?;
    rows.iter().map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))).collect()
}
