//! Loading reports and their parts, as far as the caller may read them.

use std::{collections::HashMap, convert::identity, sync::Arc};

use convene_application::{
    Result,
    reports::{self, ReportRecord},
};
use convene_domain::{
    id::{GatheringId, ItemId, ReportId},
    report::{AttendancePart, ItemFilter, ReportItem, Tags},
};
use futures::future::try_join_all;

use async_graphql::Context;

use super::{Ancestors, Batch, Hosts, Loads, keyed, loaders_of};
use crate::{budget, error::Error, memory};

impl Batch for ReportId {
    type Value = Arc<ReportRecord>;
    const WHAT: &'static str = "reports";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        Ok(keyed(reports::load_many(&loads.app, &loads.caller, keys).await?, identity, Arc::new))
    }
}

/// Loads a report together with its gathering, the hosts and what they stand under, so that none of these has to be loaded when
/// it is asked for.
pub(crate) async fn load_surrounded(
    context: &Context<'_>,
    id: ReportId,
) -> std::result::Result<Option<Arc<ReportRecord>>, Error> {
    budget::check(context)?;
    memory::refers(context);
    let loaders = loaders_of(context)?;
    let Loads { app, caller, .. } = loaders.loader();
    let Some(found) = reports::load_surrounded(app, caller, id).await? else { return Ok(None) };
    let gathering = found.gathering.id;
    loaders.feed_one(Hosts(gathering), found.hosts.iter().map(|(host, _)| host.id).collect()).await;
    for (host, above) in found.hosts {
        let path = std::iter::once(&host).chain(&above);
        loaders.feed_many(path.map(|record| (record.id, Arc::clone(record)))).await;
        loaders.feed_one(Ancestors(host.id), above).await;
    }
    loaders.feed_one(gathering, Arc::new(found.gathering)).await;
    Ok(Some(Arc::new(found.report)))
}

/// The report of a gathering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ReportOf(pub(crate) GatheringId);

impl Batch for ReportOf {
    type Value = Arc<ReportRecord>;
    const WHAT: &'static str = "reports of gatherings";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(reports::load_by_gathering(&loads.app, &loads.caller, &ids).await?, Self, Arc::new))
    }
}

/// Who came, by role and organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Attendance(pub(crate) ReportId);

impl Batch for Attendance {
    type Value = Vec<AttendancePart>;
    const WHAT: &'static str = "attendance";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(reports::load_attendance(&loads.app, &ids).await?, Self, identity))
    }
}

/// The outcomes and functions that a gathering served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TagsOf(pub(crate) ReportId);

impl Batch for TagsOf {
    type Value = Tags;
    const WHAT: &'static str = "outcomes and functions";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(reports::load_tags(&loads.app, &ids).await?, Self, identity))
    }
}

/// The items of a report that pass a filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Items {
    pub(crate) report: ReportId,
    pub(crate) filter: Arc<ItemFilter>,
}

impl Batch for Items {
    type Value = Arc<Vec<(ItemId, Arc<ReportItem>)>>;
    const WHAT: &'static str = "items";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut alike: HashMap<&Arc<ItemFilter>, Vec<ReportId>> = HashMap::new();
        for key in keys {
            alike.entry(&key.filter).or_default().push(key.report);
        }
        let found = try_join_all(alike.into_iter().map(async |(filter, ids)| {
            let found = reports::load_items(&loads.app, &loads.caller, filter, &ids).await?;
            let key = |report| Self { report, filter: Arc::clone(filter) };
            let shared = |items: Vec<_>| Arc::new(items.into_iter().map(|(id, item)| (id, Arc::new(item))).collect());
            Result::Ok(found.into_iter().map(|(report, items)| (key(report), shared(items))).collect::<Vec<_>>())
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }
}
