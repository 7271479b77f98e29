//! How much is told of each theme. Counted from the items that may be read, each time: which those are differs from caller
//! to caller.

use std::collections::HashMap;

use convene_domain::{
    access::Rights,
    id::{CommunityId, Within},
    metric::Span,
    occurrence::Window,
    report::{ItemKind, NextStepState, ReportStatus, Severity},
    text::Code,
    theme::{Theme, ThemeCounts, ThemeOfCommunity, ThemeQuery, Themes},
};
use sea_orm::{
    ConnectionTrait, DbBackend, FromQueryResult, JoinType,
    sea_query::{Alias, Asterisk, CaseStatement, Cond, Condition, Expr, ExprTrait, IntoIden, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Error, Result, access,
    entity::{community, community_scope, gathering, gathering_host, report_item, report_scope},
    gatherings,
};

/// What items say by themselves.
#[derive(Debug, FromQueryResult)]
struct OfItems {
    theme: Option<String>,
    items: i64,
    previous_items: i64,
    severe_items: i64,
    reports: i64,
    successes: i64,
    next_steps: i64,
    next_steps_done: i64,
}

/// Who told them.
#[derive(Debug, FromQueryResult)]
struct OfHosts {
    theme: Option<String>,
    communities: i64,
    previous_communities: i64,
    regions: i64,
    successful_communities: i64,
}

#[derive(Debug, FromQueryResult)]
struct OfHost {
    theme: String,
    community_id: Uuid,
    items: i64,
    successes: i64,
}

/// Counts what is told in a place of every theme.
pub async fn count<C: ConnectionTrait>(connection: &C, rights: &Rights, within: Within, query: &ThemeQuery) -> Result<Themes> {
    let mut themes = Themes { themes: Vec::new(), items: 0 };
    let both = [query.window, query.previous].into_iter().filter(|span| !span.is_empty());
    let bounds = both.clone().map(|span| span.from).min().zip(both.map(|span| span.to).max());
    let Some(both) = bounds.and_then(|(from, to)| Window::try_new(from, to).ok()) else { return Ok(themes) };
    let counted = counted(query);
    let severe = column("i", report_item::Column::Severity).is_in([Severity::High.as_str(), Severity::Critical.as_str()]);
    let done = column("i", report_item::Column::State).eq(NextStepState::Done.as_str());
    let report = || column("i", report_item::Column::ReportId);
    let mut of_items = items(connection.get_database_backend(), rights, within, both);
    of_items
        .column(("i", report_item::Column::Theme))
        .expr_as(sum(counted(&[], true)), "items")
        .expr_as(sum(counted(&[], false)), "previous_items")
        .expr_as(sum(counted(&[], true).add(severe)), "severe_items")
        .expr_as(distinct(counted(&[], true), report()), "reports")
        .expr_as(sum(counted(&[ItemKind::Success], true)), "successes")
        .expr_as(sum(counted(&[ItemKind::NextStep], true)), "next_steps")
        .expr_as(sum(counted(&[ItemKind::NextStep], true).add(done)), "next_steps_done")
        .group_by_col(("i", report_item::Column::Theme));
    let mut places = HashMap::new();
    for row in connection.query_all(&of_items).await? {
        let row = OfItems::from_query_result(&row, "")?;
        themes.items += whole(row.items);
        let Some(code) = row.theme else { continue };
        places.insert(code.clone(), themes.themes.len());
        let counts = ThemeCounts {
            items: whole(row.items),
            previous_items: whole(row.previous_items),
            severe_items: whole(row.severe_items),
            reports: whole(row.reports),
            successes: whole(row.successes),
            next_steps: whole(row.next_steps),
            next_steps_done: whole(row.next_steps_done),
            ..ThemeCounts::default()
        };
        themes.themes.push(Theme { code: parse(&code)?, counts });
    }
    if themes.themes.is_empty() {
        return Ok(themes);
    }
    let host = || column("h", gathering_host::Column::CommunityId);
    let mut of_hosts = items(connection.get_database_backend(), rights, within, both);
    join_hosts(&mut of_hosts);
    of_hosts
        .join_as(
            JoinType::InnerJoin,
            community::Entity,
            "c",
            column("c", community::Column::Id).equals(("h", gathering_host::Column::CommunityId)),
        )
        .column(("i", report_item::Column::Theme))
        .expr_as(distinct(counted(&[], true), host()), "communities")
        .expr_as(distinct(counted(&[], false), host()), "previous_communities")
        .expr_as(distinct(counted(&[], true), column("c", community::Column::RegionCode)), "regions")
        .expr_as(distinct(counted(&[ItemKind::Success], true), host()), "successful_communities")
        .and_where(column("i", report_item::Column::Theme).is_not_null())
        .group_by_col(("i", report_item::Column::Theme));
    for row in connection.query_all(&of_hosts).await? {
        let row = OfHosts::from_query_result(&row, "")?;
        let theme = row.theme.and_then(|code| places.get(&code)).and_then(|at| themes.themes.get_mut(*at));
        if let Some(Theme { counts, .. }) = theme {
            counts.communities = whole(row.communities);
            counts.previous_communities = whole(row.previous_communities);
            counts.regions = whole(row.regions);
            counts.successful_communities = whole(row.successful_communities);
        }
    }
    Ok(themes)
}

/// Lists who told of themes in a place, each theme by itself: those with the most items first, at most so many.
pub async fn list_communities<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    within: Within,
    (query, themes): (&ThemeQuery, &[Code]),
    most: u32,
) -> Result<HashMap<Code, Vec<ThemeOfCommunity>>> {
    let counted = counted(query);
    let Ok(window) = Window::try_new(query.window.from, query.window.to) else { return Ok(HashMap::new()) };
    let (counts, succeeds) = (sum(counted(&[], true)), sum(counted(&[ItemKind::Success], true)));
    let mut hosts = items(connection.get_database_backend(), rights, within, window);
    join_hosts(&mut hosts);
    hosts
        .column(("i", report_item::Column::Theme))
        .column(("h", gathering_host::Column::CommunityId))
        .expr_as(counts, "items")
        .expr_as(succeeds, "successes")
        .and_where(column("i", report_item::Column::Theme).is_in(themes.iter().map(ToString::to_string)))
        .group_by_columns([("i", "theme"), ("h", "community_id")]);
    let ranked = Query::select()
        .column(Asterisk)
        .expr_as(
            Expr::cust("ROW_NUMBER() OVER (PARTITION BY theme ORDER BY items DESC, successes DESC, community_id)"),
            "theme_rank",
        )
        .from_subquery(hosts, Alias::new("hosts"))
        .and_where(Expr::cust("items + successes > 0"))
        .take();
    let statement = Query::select()
        .column(Asterisk)
        .from_subquery(ranked, Alias::new("ranked"))
        .and_where(Expr::col("theme_rank").lte(i64::from(most)))
        .order_by("theme", sea_orm::Order::Asc)
        .order_by("theme_rank", sea_orm::Order::Asc)
        .take();
    let mut found: HashMap<Code, Vec<ThemeOfCommunity>> = HashMap::new();
    for row in connection.query_all(&statement).await? {
        let row = OfHost::from_query_result(&row, "")?;
        found.entry(parse(&row.theme)?).or_default().push(ThemeOfCommunity {
            community: CommunityId::from_uuid(row.community_id),
            items: whole(row.items),
            successes: whole(row.successes),
        });
    }
    Ok(found)
}

/// The items that may be read of reports that were handed in, of gatherings in a place and a period.
fn items(backend: DbBackend, rights: &Rights, within: Within, window: Window) -> SelectStatement {
    let handed_in = ReportStatus::ALL.iter().filter(|status| status.is_handed_in());
    let mut select = Query::select();
    select
        .from_as(report_scope::Entity, "s")
        .join_as(
            JoinType::InnerJoin,
            report_item::Entity,
            "i",
            column("i", report_item::Column::ReportId).equals(("s", report_scope::Column::ReportId)),
        )
        .join_as(
            JoinType::InnerJoin,
            gathering::Entity,
            "g",
            column("g", gathering::Column::Id).equals(("s", report_scope::Column::GatheringId)),
        )
        .and_where(column("s", report_scope::Column::ScopeId).eq(within.uuid()))
        .cond_where(access::readable(backend, ("s", "report_id"), rights))
        .and_where(column("s", report_scope::Column::Status).is_in(handed_in.map(ToString::to_string)))
        .cond_where(gatherings::in_window(window, "s", "g"));
    if let Some(condition) = access::unhidden(backend, "i", rights) {
        select.cond_where(condition);
    }
    select
}

/// Joins the communities of the place that an item is about: the host that it names, else all hosts of the gathering.
fn join_hosts(select: &mut SelectStatement) {
    let of_gathering = column("h", gathering_host::Column::GatheringId).equals(("s", report_scope::Column::GatheringId));
    let about = Cond::any()
        .add(column("i", report_item::Column::HostId).is_null())
        .add(column("i", report_item::Column::HostId).equals(("h", gathering_host::Column::CommunityId)));
    let in_place = Cond::all()
        .add(column("p", community_scope::Column::CommunityId).equals(("h", gathering_host::Column::CommunityId)))
        .add(column("p", community_scope::Column::ScopeId).equals(("s", report_scope::Column::ScopeId)));
    select.join_as(JoinType::InnerJoin, gathering_host::Entity, "h", Cond::all().add(of_gathering).add(about)).join_as(
        JoinType::InnerJoin,
        community_scope::Entity,
        "p",
        in_place,
    );
}

/// Which items count: of these kinds, or of those that are asked for; in the period, or in the earlier one.
fn counted(query: &ThemeQuery) -> impl Fn(&[ItemKind], bool) -> Condition + '_ {
    move |kinds, now| {
        let kinds = if kinds.is_empty() { query.kinds() } else { kinds };
        let Span { from, to } = if now { query.window } else { query.previous };
        Condition::all()
            .add(column("i", report_item::Column::Kind).is_in(kinds.iter().map(ToString::to_string)))
            .add(column("g", gathering::Column::StartDate).gte(from))
            .add(column("g", gathering::Column::StartDate).lt(to))
    }
}

fn sum(condition: Condition) -> Expr {
    Expr::Case(Box::new(case(condition, Expr::val(1)).finally(0))).sum()
}

fn distinct(condition: Condition, of: Expr) -> Expr {
    Expr::Case(Box::new(case(condition, of))).count_distinct()
}

fn case(condition: Condition, then: Expr) -> CaseStatement {
    CaseStatement::new().case(condition, then)
}

fn column(table: &'static str, column: impl IntoIden) -> Expr {
    Expr::col((table, column))
}

fn parse(code: &str) -> Result<Code> {
    code.parse().map_err(|reason: convene_domain::Invalid| Error::Inconsistent {
        table: "report_items",
        id: Uuid::nil(),
        column: "theme",
        reason: reason.to_string(),
    })
}

fn whole(count: i64) -> u64 {
    u64::try_from(count).unwrap_or_default()
}
