//! Loading pages of lists, and their totals, in many places at once.
//!
//! Fields that ask for the same page of the same list, each in its own place, are one statement. Fields whose
//! arguments differ are one each.

use std::{collections::HashMap, fmt::Debug, future::Future, hash::Hash, sync::Arc};

use async_graphql::OutputType;
use convene_application::{Result, communities, gatherings, networks, reports};
use convene_domain::{
    community::{CommunityFilter, CommunityOrder},
    gathering::{GatheringFilter, GatheringOrder},
    id::Within,
    page::{Page, PageRequest},
    report::ReportFilter,
};
use futures::future::try_join_all;

use super::{Batch, Loads};
use crate::types::{Community, Gathering, GatheringReport, Network};

/// A value that can be part of a key.
pub(crate) trait KeyPart: Debug + Clone + Eq + Hash + Send + Sync + 'static {}

impl<T: Debug + Clone + Eq + Hash + Send + Sync + 'static> KeyPart for T {}

/// A list of the API.
pub(crate) trait List: KeyPart {
    /// Where it is asked for.
    type Place: KeyPart + Copy;
    /// Which entries are shown.
    type Filter: KeyPart;
    /// How they are sorted.
    type Order: KeyPart + Copy;
    /// What is stored of an entry.
    type Record: Send + Sync + 'static;
    /// What the API shows of an entry.
    type Node: OutputType + From<Arc<Self::Record>>;

    /// What the places in the list, and so its cursors, are marked with.
    fn mark(order: Self::Order) -> String;

    /// Reads the page in each place; one with nothing in it may be left out.
    fn pages(
        loads: &Loads,
        places: &[Self::Place],
        selection: &Selection<Self>,
    ) -> impl Future<Output = Result<Pages<Self>>> + Send;

    /// Counts the entries in each place; one with nothing in it may be left out.
    fn totals(
        loads: &Loads,
        places: &[Self::Place],
        filter: &Self::Filter,
    ) -> impl Future<Output = Result<HashMap<Self::Place, u64>>> + Send;
}

/// Pages of a list, whose entries are used without copying them.
pub(crate) type Pages<L> = HashMap<<L as List>::Place, Page<Arc<<L as List>::Record>>>;

/// Which page of a list is asked for, whatever the place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Selection<L: List> {
    pub(crate) filter: Arc<L::Filter>,
    pub(crate) order: L::Order,
    pub(crate) page: PageRequest,
}

/// The page of a list in a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PageOf<L: List> {
    pub(crate) place: L::Place,
    pub(crate) selection: Arc<Selection<L>>,
}

impl<L: List> Batch for PageOf<L> {
    type Value = Arc<Page<Arc<L::Record>>>;
    const WHAT: &'static str = "pages";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut alike: HashMap<&Arc<Selection<L>>, Vec<L::Place>> = HashMap::new();
        for key in keys {
            alike.entry(&key.selection).or_default().push(key.place);
        }
        let found = try_join_all(alike.into_iter().map(async |(selection, places)| {
            let pages = L::pages(loads, &places, selection).await?;
            let key = |place| Self { place, selection: Arc::clone(selection) };
            Result::Ok(pages.into_iter().map(move |(place, page)| (key(place), Arc::new(page))).collect::<Vec<_>>())
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }
}

/// How many entries a list has in a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TotalOf<L: List> {
    pub(crate) place: L::Place,
    pub(crate) filter: Arc<L::Filter>,
}

impl<L: List> Batch for TotalOf<L> {
    type Value = u64;
    const WHAT: &'static str = "totals";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut alike: HashMap<&Arc<L::Filter>, Vec<L::Place>> = HashMap::new();
        for key in keys {
            alike.entry(&key.filter).or_default().push(key.place);
        }
        let found = try_join_all(alike.into_iter().map(async |(filter, places)| {
            let totals = L::totals(loads, &places, filter).await?;
            let key = |place| Self { place, filter: Arc::clone(filter) };
            Result::Ok(totals.into_iter().map(|(place, total)| (key(place), total)).collect::<Vec<_>>())
        }));
        Ok(found.await?.into_iter().flatten().collect())
    }
}

/// Lets the entries of pages be used without copying them.
fn shared<P: Eq + Hash, T>(pages: HashMap<P, Page<T>>) -> HashMap<P, Page<Arc<T>>> {
    pages.into_iter().map(|(place, page)| (place, page.map(Arc::new))).collect()
}

/// All networks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Networks;

impl List for Networks {
    type Place = ();
    type Filter = ();
    type Order = ();
    type Record = networks::NetworkRecord;
    type Node = Network;

    fn mark((): ()) -> String {
        "networks".to_owned()
    }

    async fn pages(loads: &Loads, _: &[()], selection: &Selection<Self>) -> Result<Pages<Self>> {
        Ok(shared(HashMap::from([((), networks::list(&loads.app, &selection.page).await?)])))
    }

    async fn totals(loads: &Loads, _: &[()], (): &()) -> Result<HashMap<(), u64>> {
        Ok(HashMap::from([((), networks::count(&loads.app).await?)]))
    }
}

/// The communities in a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Communities;

impl List for Communities {
    type Place = Within;
    type Filter = CommunityFilter;
    type Order = CommunityOrder;
    type Record = communities::CommunityRecord;
    type Node = Community;

    fn mark(order: CommunityOrder) -> String {
        format!("communities.{order}")
    }

    async fn pages(loads: &Loads, places: &[Within], asked: &Selection<Self>) -> Result<Pages<Self>> {
        communities::list_many(&loads.app, places, &asked.filter, asked.order, &asked.page).await
    }

    async fn totals(loads: &Loads, places: &[Within], filter: &CommunityFilter) -> Result<HashMap<Within, u64>> {
        communities::count_many(&loads.app, places, filter).await
    }
}

/// The gatherings of the communities in a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Gatherings;

impl List for Gatherings {
    type Place = Within;
    type Filter = GatheringFilter;
    type Order = GatheringOrder;
    type Record = gatherings::GatheringRecord;
    type Node = Gathering;

    fn mark(order: GatheringOrder) -> String {
        format!("gatherings.{order}")
    }

    async fn pages(loads: &Loads, places: &[Within], asked: &Selection<Self>) -> Result<Pages<Self>> {
        Ok(shared(gatherings::list_many(&loads.app, places, &asked.filter, asked.order, &asked.page).await?))
    }

    async fn totals(loads: &Loads, places: &[Within], filter: &GatheringFilter) -> Result<HashMap<Within, u64>> {
        gatherings::count_many(&loads.app, places, filter).await
    }
}

/// The reports of the gatherings of the communities in a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Reports;

impl List for Reports {
    type Place = Within;
    type Filter = ReportFilter;
    type Order = GatheringOrder;
    type Record = reports::ReportRecord;
    type Node = GatheringReport;

    fn mark(order: GatheringOrder) -> String {
        format!("reports.{order}")
    }

    async fn pages(loads: &Loads, places: &[Within], asked: &Selection<Self>) -> Result<Pages<Self>> {
        Ok(shared(reports::list_many(&loads.app, &loads.caller, places, &asked.filter, asked.order, &asked.page).await?))
    }

    async fn totals(loads: &Loads, places: &[Within], filter: &ReportFilter) -> Result<HashMap<Within, u64>> {
        reports::count_many(&loads.app, &loads.caller, places, filter).await
    }
}
