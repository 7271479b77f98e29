//! Looking things up by identity, whatever they are, and the places in which lists are asked for.

use std::{collections::HashMap, sync::Arc};

use convene_domain::{
    access::Caller,
    id::{CommunityId, GatheringId, ItemId, NetworkId, NodeId, ReportId, TermId, Within, WorkSiteId},
    page::Page,
    report::ReportItem,
};
use uuid::Uuid;

use crate::{
    App, Error, Result,
    communities::{self, CommunityRecord},
    gatherings::{self, GatheringRecord},
    networks::{self, NetworkRecord, TermRecord},
    reports::{self, ReportRecord},
    work_sites::{self, SeenSite},
};

/// The most things that are looked up at once.
pub const LIMIT: usize = 100;

/// Something that has an identity of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A network.
    Network(NetworkRecord),
    /// A term of a vocabulary.
    Term(TermRecord),
    /// A community.
    Community(Arc<CommunityRecord>),
    /// A gathering.
    Gathering(Box<GatheringRecord>),
    /// A gathering report.
    Report(ReportRecord),
    /// An item, with the report that it belongs to.
    Item(ItemId, ReportRecord, ReportItem),
    /// A work site, as the caller sees it.
    WorkSite(SeenSite),
}

/// Loads whatever has these identities and may be read by the caller; at most [`LIMIT`] at once.
pub async fn load_many(app: &App, caller: &Caller, ids: &[NodeId]) -> Result<HashMap<NodeId, Node>> {
    if ids.len() > LIMIT {
        return Err(Error::TooMany { argument: "ids", limit: LIMIT, actual: ids.len() });
    }
    let (mut nodes, asked) = (HashMap::new(), Asked::sort(ids));
    if !asked.networks.is_empty() {
        let found = networks::load_many(app, &asked.networks).await?;
        nodes.extend(found.into_iter().map(|(id, it)| (NodeId::Network(id), Node::Network(it))));
    }
    if !asked.terms.is_empty() {
        let found = networks::load_terms(app, &asked.terms).await?;
        nodes.extend(found.into_iter().map(|(id, it)| (NodeId::Term(id), Node::Term(it))));
    }
    if !asked.communities.is_empty() {
        let found = communities::load_many(app, &asked.communities).await?;
        nodes.extend(found.into_iter().map(|(id, it)| (NodeId::Community(id), Node::Community(it))));
    }
    if !asked.gatherings.is_empty() {
        let found = gatherings::load_many(app, &asked.gatherings).await?;
        nodes.extend(found.into_iter().map(|(id, it)| (NodeId::Gathering(id), Node::Gathering(Box::new(it)))));
    }
    if !asked.reports.is_empty() {
        let found = reports::load_many(app, caller, &asked.reports).await?;
        nodes.extend(found.into_iter().map(|(id, it)| (NodeId::Report(id), Node::Report(it))));
    }
    if !asked.items.is_empty() {
        let found = reports::load_items_by_id(app, caller, &asked.items).await?;
        nodes.extend(found.into_iter().map(|(id, (report, it))| (NodeId::Item(id), Node::Item(id, report, it))));
    }
    if !asked.work_sites.is_empty() {
        let found = work_sites::load_many(app, caller, &asked.work_sites).await?;
        nodes.extend(found.into_iter().map(|(id, it)| (NodeId::WorkSite(id), Node::WorkSite(it))));
    }
    Ok(nodes)
}

/// Identities by what they are of: each kind is one look-up.
#[derive(Default)]
struct Asked {
    networks: Vec<NetworkId>,
    terms: Vec<TermId>,
    communities: Vec<CommunityId>,
    gatherings: Vec<GatheringId>,
    reports: Vec<ReportId>,
    items: Vec<ItemId>,
    work_sites: Vec<WorkSiteId>,
}

impl Asked {
    fn sort(ids: &[NodeId]) -> Self {
        let mut asked = Self::default();
        for id in ids {
            match *id {
                NodeId::Network(id) => asked.networks.push(id),
                NodeId::Term(id) => asked.terms.push(id),
                NodeId::Community(id) => asked.communities.push(id),
                NodeId::Gathering(id) => asked.gatherings.push(id),
                NodeId::Report(id) => asked.reports.push(id),
                NodeId::Item(id) => asked.items.push(id),
                NodeId::WorkSite(id) => asked.work_sites.push(id),
                // Who may do what is told where it is administered.
                NodeId::Grant(_) => {}
            }
        }
        asked
    }
}

/// The page of a list in one place. Only an empty one leaves open whether the place exists, so only then it costs a
/// look-up.
pub(crate) async fn page_of<T>(app: &App, within: Within, found: Option<Page<T>>) -> Result<Page<T>> {
    if let Some(page) = found {
        return Ok(page);
    }
    check_place(app, within).await?;
    Ok(Page::empty())
}

/// Fails if there is no such place.
pub(crate) async fn check_place(app: &App, within: Within) -> Result<()> {
    network_of(app, within).await.map(drop)
}

/// Finds the network of a place.
///
/// # Errors
///
/// Fails if there is no such place.
pub async fn network_of(app: &App, within: Within) -> Result<NetworkId> {
    let found = match within {
        Within::Network(id) => networks::load_many(app, &[id]).await?.remove(&id).map(|network| network.id),
        Within::Community(id) => communities::load_many(app, &[id]).await?.remove(&id).map(|community| community.network),
    };
    found.ok_or(Error::NoSuchPlace(within))
}

/// Gives what was found under stored identities back under the places that were asked for.
pub(crate) fn by_place<T>(within: &[Within], mut found: HashMap<Uuid, T>) -> HashMap<Within, T> {
    within.iter().filter_map(|place| Some((*place, found.remove(&place.uuid())?))).collect()
}
