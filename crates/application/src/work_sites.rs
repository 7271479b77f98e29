//! Work sites and their assessments. Who may see a site depends on its audience, and whether they see where it is on its
//! precision and on whether they may write it: every use case here asks first.

use std::collections::HashMap;

use chrono::NaiveDate;
use convene_domain::{
    access::Caller,
    id::{CommunityId, Within, WorkSiteId},
    page::{Page, PageRequest},
    work_site::{Assessment, WorkSiteFilter},
};
use convene_persistence::work_sites;

pub use convene_domain::work_site::SeenSite;
pub use convene_persistence::work_sites::LIST;

use crate::{App, Result, access, nodes};

/// Loads the sites with these identities that the caller may see.
pub async fn load_many(app: &App, caller: &Caller, ids: &[WorkSiteId]) -> Result<HashMap<WorkSiteId, SeenSite>> {
    Ok(work_sites::load_many(app.reader(), &caller.rights(), ids).await?)
}

/// Lists the sites of everything in one place, which has to exist, that the caller may see, by name.
pub async fn list(
    app: &App,
    caller: &Caller,
    within: Within,
    filter: &WorkSiteFilter,
    page: &PageRequest,
) -> Result<Page<SeenSite>> {
    let rights = access::rights_within(app, caller, &[within]).await?;
    let found = work_sites::list(app.reader(), &rights, within, filter, page).await?;
    nodes::page_of(app, within, found).await
}

/// Counts the sites of everything in one place that the caller may see.
pub async fn count(app: &App, caller: &Caller, within: Within, filter: &WorkSiteFilter) -> Result<u64> {
    let rights = access::rights_within(app, caller, &[within]).await?;
    Ok(work_sites::count(app.reader(), &rights, within, filter).await?)
}

/// Lists the sites of communities themselves that the caller may see, by name. A community without any is missing from the
/// answer.
pub async fn list_own(
    app: &App,
    caller: &Caller,
    communities: &[CommunityId],
    filter: &WorkSiteFilter,
    page: &PageRequest,
) -> Result<HashMap<CommunityId, Page<SeenSite>>> {
    Ok(work_sites::list_own(app.reader(), &caller.rights(), communities, filter, page).await?)
}

/// Counts the sites of communities themselves that the caller may see. A community without any is missing from the answer.
pub async fn count_own(
    app: &App,
    caller: &Caller,
    communities: &[CommunityId],
    filter: &WorkSiteFilter,
) -> Result<HashMap<CommunityId, u64>> {
    Ok(work_sites::count_own(app.reader(), &caller.rights(), communities, filter).await?)
}

/// Loads the assessments of sites that are no later than a date, the newest first. The sites are ones that the caller was given
/// by another use case.
pub async fn load_assessments(app: &App, ids: &[WorkSiteId], as_of: NaiveDate) -> Result<HashMap<WorkSiteId, Vec<Assessment>>> {
    Ok(work_sites::load_assessments(app.reader(), ids, as_of).await?)
}

/// Loads the newest assessment of each site that is no later than a date. The sites are ones that the caller was given by
/// another use case.
pub async fn load_newest_assessments(app: &App, ids: &[WorkSiteId], as_of: NaiveDate) -> Result<HashMap<WorkSiteId, Assessment>> {
    Ok(work_sites::load_newest_assessments(app.reader(), ids, as_of).await?)
}
