//! Loading work sites, as the caller sees them, and their assessments.

use std::{collections::HashMap, convert::identity, hash::Hash, sync::Arc};

use chrono::NaiveDate;
use convene_application::{
    Result,
    work_sites::{self, SeenSite},
};
use convene_domain::{
    id::{CommunityId, Within, WorkSiteId},
    work_site::{Assessment, WorkSiteFilter},
};

use super::{
    Batch, Loads, keyed,
    list::{List, Pages, Selection},
};
use crate::types::WorkSite;

impl Batch for WorkSiteId {
    type Value = Arc<SeenSite>;
    const WHAT: &'static str = "work sites";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        Ok(keyed(work_sites::load_many(&loads.app, &loads.caller, keys).await?, identity, Arc::new))
    }
}

/// Where work sites are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum SitesOf {
    /// Those of everything in a place.
    Within(Within),
    /// Those of a community itself.
    Community(CommunityId),
}

/// The work sites that the caller may see.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WorkSites;

impl List for WorkSites {
    type Place = SitesOf;
    type Filter = WorkSiteFilter;
    type Order = ();
    type Record = SeenSite;
    type Node = WorkSite;

    fn mark((): ()) -> String {
        work_sites::LIST.to_owned()
    }

    async fn pages(loads: &Loads, places: &[SitesOf], asked: &Selection<Self>) -> Result<Pages<Self>> {
        let Loads { app, caller, .. } = loads;
        let (within, communities) = apart(places);
        let mut pages = HashMap::new();
        if !communities.is_empty() {
            let own = work_sites::list_own(app, caller, &communities, &asked.filter, &asked.page).await?;
            pages.extend(own.into_iter().map(|(id, page)| (SitesOf::Community(id), page.map(Arc::new))));
        }
        // Only the root of a query asks within a place, so there is one at most.
        for place in within {
            let page = work_sites::list(app, caller, place, &asked.filter, &asked.page).await?;
            pages.insert(SitesOf::Within(place), page.map(Arc::new));
        }
        Ok(pages)
    }

    async fn totals(loads: &Loads, places: &[SitesOf], filter: &WorkSiteFilter) -> Result<HashMap<SitesOf, u64>> {
        let Loads { app, caller, .. } = loads;
        let (within, communities) = apart(places);
        let mut totals = HashMap::new();
        if !communities.is_empty() {
            let own = work_sites::count_own(app, caller, &communities, filter).await?;
            totals.extend(own.into_iter().map(|(id, total)| (SitesOf::Community(id), total)));
        }
        for place in within {
            totals.insert(SitesOf::Within(place), work_sites::count(app, caller, place, filter).await?);
        }
        Ok(totals)
    }
}

fn apart(places: &[SitesOf]) -> (Vec<Within>, Vec<CommunityId>) {
    let (mut within, mut communities) = (Vec::new(), Vec::new());
    for place in places {
        match place {
            SitesOf::Within(place) => within.push(*place),
            SitesOf::Community(id) => communities.push(*id),
        }
    }
    (within, communities)
}

/// The newest assessment of a site as of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NewestAssessmentOf(pub(crate) WorkSiteId, pub(crate) NaiveDate);

impl Batch for NewestAssessmentOf {
    type Value = Arc<Assessment>;
    const WHAT: &'static str = "newest assessments";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut found = HashMap::new();
        for (as_of, ids) in by_date(keys.iter().map(|key| (key.1, key.0))) {
            let newest = work_sites::load_newest_assessments(&loads.app, &ids, as_of).await?;
            found.extend(newest.into_iter().map(|(id, it)| (Self(id, as_of), Arc::new(it))));
        }
        Ok(found)
    }
}

/// All assessments of a site as of a date, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct AssessmentsOf(pub(crate) WorkSiteId, pub(crate) NaiveDate);

impl Batch for AssessmentsOf {
    type Value = Arc<Vec<Arc<Assessment>>>;
    const WHAT: &'static str = "assessments";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut found = HashMap::new();
        for (as_of, ids) in by_date(keys.iter().map(|key| (key.1, key.0))) {
            let all = work_sites::load_assessments(&loads.app, &ids, as_of).await?;
            let shared = |all: Vec<Assessment>| Arc::new(all.into_iter().map(Arc::new).collect());
            found.extend(all.into_iter().map(|(id, all)| (Self(id, as_of), shared(all))));
        }
        Ok(found)
    }
}

/// The sites by date, which is the same for all as a rule.
fn by_date(keys: impl Iterator<Item = (NaiveDate, WorkSiteId)>) -> HashMap<NaiveDate, Vec<WorkSiteId>> {
    let mut dates: HashMap<NaiveDate, Vec<WorkSiteId>> = HashMap::new();
    for (as_of, id) in keys {
        dates.entry(as_of).or_default().push(id);
    }
    dates
}
