//! A report with what stands around it, in one statement: its gathering and the hosts.

use std::sync::OnceLock;

use convene_domain::{
    access::{Rights, Visibility},
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
    entity::{gathering, gathering_host, gathering_report},
    in_order::{self, Cells, InOrder},
};

/// How many columns stand before the one that differs from row to row.
const BEFORE: usize = gathering_report::Model::COLUMNS.len() + gathering::Model::COLUMNS.len();

/// A report with what stands around it.
#[derive(Debug, Clone)]
pub struct Surrounded {
    /// The report.
    pub report: Recorded<ReportId, GatheringReport>,
    /// The gathering that it reports.
    pub gathering: Recorded<GatheringId, Gathering>,
    /// The hosts, in the order in which they were named.
    pub hosts: Vec<CommunityId>,
}

/// Loads a report, if it may be read, with what stands around it.
pub async fn load_surrounded<C: ConnectionTrait>(connection: &C, rights: &Rights, id: ReportId) -> Result<Option<Surrounded>> {
    let rows = connection.query_all_raw(statement(connection.get_database_backend(), id)).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let mut cells = Cells::of(first);
    let report = Recorded::<ReportId, GatheringReport>::try_from(gathering_report::Model::read(&mut cells)?)?;
    let visibility = Visibility::of_report(report.audience, report.status);
    // Whether one of its hosts is the caller's is asked only where that decides.
    if !rights.everywhere().sees(visibility)
        && (rights.places().is_empty() || super::load_many(connection, rights, &[id]).await?.is_empty())
    {
        return Ok(None);
    }
    let gathering = gathering::Model::read(&mut cells)?.try_into()?;
    let host = |row| Ok(CommunityId::from_uuid(Cells::from(row, BEFORE).take()?));
    Ok(Some(Surrounded { report, gathering, hosts: rows.iter().map(host).collect::<Result<_>>()? }))
}

/// The text is always the same, and long enough to be made only once.
fn statement(backend: DbBackend, id: ReportId) -> Statement {
    static TEXTS: [OnceLock<String>; 2] = [OnceLock::new(), OnceLock::new()];
    let text = &TEXTS[usize::from(backend == DbBackend::Postgres)];
    let text = text.get_or_init(|| backend.build(&select()).sql);
    Statement::from_sql_and_values(backend, text, [id.uuid().into()])
}

fn select() -> SelectStatement {
    let (report, gathering, host) = ("r", "g", "h");
    let mut select = Query::select();
    in_order::columns::<gathering_report::Model>(&mut select, report);
    in_order::columns::<gathering::Model>(&mut select, gathering);
    select.column((host, gathering_host::Column::CommunityId));
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
        .and_where(Expr::col((report, gathering_report::Column::Id)).eq(Uuid::nil()))
        .order_by((host, gathering_host::Column::Ordinal), Order::Asc)
        .take()
}
