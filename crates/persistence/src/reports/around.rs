//! A report with what stands around it, in one statement: its gathering, the hosts and everything that they stand under.

use std::{collections::HashMap, sync::OnceLock};

use convene_domain::{
    access::ReportRights,
    community::Community,
    gathering::Gathering,
    id::{CommunityId, GatheringId, ReportId},
    record::Recorded,
    report::GatheringReport,
};
use sea_orm::{
    ConnectionTrait, DbBackend, JoinType, Order, Statement,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result,
    entity::{community, community_scope, gathering, gathering_host, gathering_report},
    in_order::{self, Cells, InOrder},
};

/// How many columns stand before those that differ from row to row.
const BEFORE: usize = gathering_report::Model::COLUMNS.len() + gathering::Model::COLUMNS.len();

/// A report with what stands around it.
#[derive(Debug, Clone)]
pub struct Surrounded {
    /// The report.
    pub report: Recorded<ReportId, GatheringReport>,
    /// The gathering that it reports.
    pub gathering: Recorded<GatheringId, Gathering>,
    /// The hosts, in the order in which they were named, each with the communities that it stands under, the widest first.
    pub hosts: Vec<(CommunityId, Vec<CommunityId>)>,
    /// Those communities.
    pub communities: HashMap<CommunityId, Recorded<CommunityId, Community>>,
}

/// Loads a report, if it may be read, with what stands around it.
pub async fn load_surrounded<C: ConnectionTrait>(
    connection: &C,
    rights: ReportRights,
    id: ReportId,
) -> Result<Option<Surrounded>> {
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), id)).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut cells = Cells::of(first);
    let report = Recorded::<ReportId, GatheringReport>::try_from(gathering_report::Model::read(&mut cells)?)?;
    if !rights.audiences.contains(&report.audience) || !rights.statuses.contains(&report.status) {
        return Ok(None);
    }
    let gathering = gathering::Model::read(&mut cells)?.try_into()?;
    let mut surrounded = Surrounded { report, gathering, hosts: Vec::new(), communities: HashMap::new() };
    for row in &rows {
        let mut cells = Cells::from(row, BEFORE);
        let host = CommunityId::from_uuid(cells.take()?);
        let record: Recorded<CommunityId, Community> = community::Model::read(&mut cells)?.try_into()?;
        let id = record.id;
        surrounded.communities.entry(id).or_insert(record);
        if surrounded.hosts.last().is_none_or(|(last, _)| *last != host) {
            surrounded.hosts.push((host, Vec::new()));
        }
        if let Some((_, above)) = surrounded.hosts.last_mut().filter(|_| id != host) {
            above.push(id);
        }
    }
    let Surrounded { hosts, communities, .. } = &mut surrounded;
    for (_, above) in hosts {
        above.sort_by_key(|id| communities.get(id).map(|community| community.level));
    }
    Ok(Some(surrounded))
}

/// The text is always the same, and long enough to be made only once.
fn statement(backend: DbBackend, id: ReportId) -> Statement {
    static TEXTS: [OnceLock<String>; 2] = [OnceLock::new(), OnceLock::new()];
    let text = &TEXTS[usize::from(backend == DbBackend::Postgres)];
    let text = text.get_or_init(|| backend.build(&select()).sql);
    Statement::from_sql_and_values(backend, text, [id.uuid().into()])
}

fn select() -> SelectStatement {
    let (report, gathering, host, scope, community) = ("r", "g", "h", "s", "c");
    let mut select = Query::select();
    in_order::columns::<gathering_report::Model>(&mut select, report);
    in_order::columns::<gathering::Model>(&mut select, gathering);
    select.column((host, gathering_host::Column::CommunityId));
    in_order::columns::<community::Model>(&mut select, community);
    select
        .from_as(gathering_report::Entity, report)
        .join_as(
            JoinType::InnerJoin,
            gathering::Entity,
            gathering,
            Expr::col((gathering, gathering::Column::Id)).equals((report, gathering_report::Column::GatheringId)),
        )
        .join_as(
            JoinType::InnerJoin,
            gathering_host::Entity,
            host,
            Expr::col((host, gathering_host::Column::GatheringId)).equals((gathering, gathering::Column::Id)),
        )
        .join_as(
            JoinType::InnerJoin,
            community_scope::Entity,
            scope,
            Expr::col((scope, community_scope::Column::CommunityId)).equals((host, gathering_host::Column::CommunityId)),
        )
        .join_as(
            JoinType::InnerJoin,
            community::Entity,
            community,
            Expr::col((community, community::Column::Id)).equals((scope, community_scope::Column::ScopeId)),
        )
        .and_where(Expr::col((report, gathering_report::Column::Id)).eq(Uuid::nil()))
        .order_by((host, gathering_host::Column::Ordinal), Order::Asc)
        .take()
}
