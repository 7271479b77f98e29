//! Gathering reports and their parts. Who may read a report depends on its audience and status, and who may read an
//! item also on whether it is confidential: every use case here asks first.

use std::{collections::HashMap, sync::Arc};

use convene_domain::{
    access::Caller,
    gathering::GatheringOrder,
    id::{CommunityId, GatheringId, ItemId, ReportId, Within},
    page::{Page, PageRequest},
    record::Recorded,
    report::{AttendancePart, GatheringReport, ItemFilter, ReportFilter, ReportItem, Tags},
};
use convene_persistence::reports;

use crate::{
    App, Result, access,
    communities::{self, CommunityRecord},
    gatherings::GatheringRecord,
    nodes, tree,
};

/// A gathering report as stored.
pub type ReportRecord = Recorded<ReportId, GatheringReport>;

/// Loads the reports with these identities that the caller may read.
pub async fn load_many(app: &App, caller: &Caller, ids: &[ReportId]) -> Result<HashMap<ReportId, ReportRecord>> {
    Ok(reports::load_many(app.reader(), &caller.rights(), ids).await?)
}

/// A report with what stands around it.
#[derive(Debug, Clone)]
pub struct Surrounded {
    /// The report.
    pub report: ReportRecord,
    /// The gathering that it reports.
    pub gathering: GatheringRecord,
    /// The hosts, in the order in which they were named, each with the communities that it stands under, the widest first.
    pub hosts: Vec<(Arc<CommunityRecord>, Vec<Arc<CommunityRecord>>)>,
}

/// Loads a report that the caller may read, with its gathering, the hosts and what they stand under.
pub async fn load_surrounded(app: &App, caller: &Caller, id: ReportId) -> Result<Option<Surrounded>> {
    let Some(found) = reports::load_surrounded(app.reader(), &caller.rights(), id).await? else { return Ok(None) };
    let now = tree::of(app, found.report.network).await?;
    let in_tree = |id: &CommunityId| {
        let tree = &now.as_ref()?.tree;
        Some((Arc::clone(tree.get(*id)?), tree.ancestors(*id)?))
    };
    let hosts: Option<Vec<_>> = found.hosts.iter().map(in_tree).collect();
    let hosts = match hosts {
        Some(hosts) => hosts,
        None => {
            let mut records = communities::load_many(app, &found.hosts).await?;
            let mut above = communities::load_ancestors(app, &found.hosts).await?;
            let host = |id| Some((records.remove(id)?, above.remove(id).unwrap_or_default()));
            found.hosts.iter().filter_map(host).collect()
        }
    };
    Ok(Some(Surrounded { report: found.report, gathering: found.gathering, hosts }))
}

/// Loads the reports of these gatherings that the caller may read.
pub async fn load_by_gathering(app: &App, caller: &Caller, ids: &[GatheringId]) -> Result<HashMap<GatheringId, ReportRecord>> {
    Ok(reports::load_by_gathering(app.reader(), &caller.rights(), ids).await?)
}

/// Lists the reports in one place, which has to exist, that the caller may read.
pub async fn list(
    app: &App,
    caller: &Caller,
    within: Within,
    filter: &ReportFilter,
    order: GatheringOrder,
    page: &PageRequest,
) -> Result<Page<ReportRecord>> {
    let found = list_many(app, caller, &[within], filter, order, page).await?.remove(&within);
    nodes::page_of(app, within, found).await
}

/// Lists the reports in each place that the caller may read. A place without any is missing from the answer.
pub async fn list_many(
    app: &App,
    caller: &Caller,
    within: &[Within],
    filter: &ReportFilter,
    order: GatheringOrder,
    page: &PageRequest,
) -> Result<HashMap<Within, Page<ReportRecord>>> {
    let rights = access::rights_within(app, caller, within).await?;
    Ok(nodes::by_place(within, reports::list(app.reader(), &rights, within, filter, order, page).await?))
}

/// Counts the reports in each place that the caller may read. A place without any is missing from the answer.
pub async fn count_many(app: &App, caller: &Caller, within: &[Within], filter: &ReportFilter) -> Result<HashMap<Within, u64>> {
    let rights = access::rights_within(app, caller, within).await?;
    Ok(nodes::by_place(within, reports::count(app.reader(), &rights, within, filter).await?))
}

/// Loads the items that pass the filter and that the caller may read, in order. The reports are ones that the caller
/// was given by another use case.
pub async fn load_items(
    app: &App,
    caller: &Caller,
    filter: &ItemFilter,
    ids: &[ReportId],
) -> Result<HashMap<ReportId, Vec<(ItemId, ReportItem)>>> {
    Ok(reports::load_items(app.reader(), &caller.rights(), filter, ids).await?)
}

/// Loads the items with these identities that the caller may read, each with its report.
pub async fn load_items_by_id(app: &App, caller: &Caller, ids: &[ItemId]) -> Result<HashMap<ItemId, (ReportRecord, ReportItem)>> {
    let rights = caller.rights();
    let items = reports::load_items_by_id(app.reader(), &rights, ids).await?;
    let of: Vec<ReportId> = items.values().map(|(report, _)| *report).collect();
    let reports = reports::load_many(app.reader(), &rights, &of).await?;
    // An item of a report that is hidden from the caller is hidden with it.
    let readable = items.into_iter().filter_map(|(id, (report, item))| Some((id, (reports.get(&report)?.clone(), item))));
    Ok(readable.collect())
}

/// Loads who came, by role and organisation, in order. The reports are ones that the caller was given by another use
/// case.
pub async fn load_attendance(app: &App, ids: &[ReportId]) -> Result<HashMap<ReportId, Vec<AttendancePart>>> {
    Ok(reports::load_attendance(app.reader(), ids).await?)
}

/// Loads which outcomes and functions were served, in order. The reports are ones that the caller was given by another
/// use case.
pub async fn load_tags(app: &App, ids: &[ReportId]) -> Result<HashMap<ReportId, Tags>> {
    Ok(reports::load_tags(app.reader(), ids).await?)
}
