//! The places that are counted in, and what communities are called: from the tree that is in memory, or from the database.

use std::collections::HashMap;

use convene_domain::{
    community::{CommunityStatus, Level},
    id::{CommunityId, NetworkId, Within},
};
use convene_persistence::metrics::{self, Named, Peer, Place};
use uuid::Uuid;

use crate::{
    App, Error, Result,
    communities::CommunityRecord,
    tree::{self, Now},
};

fn named(record: &CommunityRecord) -> Named {
    Named { slug: record.slug.to_string(), name: record.name.to_string() }
}

/// Finds places and, if it is asked for, what is right beneath them.
///
/// # Errors
///
/// Fails if one of them does not exist.
pub(super) async fn load(app: &App, within: &[Within], children: bool) -> Result<HashMap<Within, Place>> {
    let of_tree = |place: &Within| match place {
        Within::Community(id) => Some(*id),
        Within::Network(_) => None,
    };
    let ids: Vec<CommunityId> = within.iter().filter_map(of_tree).collect();
    let place = |now: &Now, id| {
        let record = now.tree.get(id)?;
        let beneath = if children { now.tree.children(id) } else { &[] };
        Some(Place {
            within: Within::Community(id),
            head: now.head,
            name: named(record),
            level: Some(record.level),
            children: beneath.iter().map(|child| (child.id.uuid(), named(child))).collect(),
        })
    };
    let (found, _) = tree::find(app, &ids, place).await?;
    let mut places: HashMap<Within, Place> = found.into_values().map(|place| (place.within, place)).collect();
    let left: Vec<Within> = within.iter().filter(|within| !places.contains_key(within)).copied().collect();
    if !left.is_empty() {
        let read = metrics::load_places(app.reader(), app.database().instance(), &left, children).await?;
        let communities = read.values().filter_map(|place| Some((of_tree(&place.within)?, place.head.log.network)));
        tree::note(app, communities);
        places.extend(read);
    }
    match within.iter().find(|within| !places.contains_key(within)) {
        Some(missing) => Err(Error::NoSuchPlace(*missing)),
        None => Ok(places),
    }
}

/// What communities are called.
pub(super) async fn names(app: &App, ids: &[CommunityId]) -> Result<HashMap<Uuid, Named>> {
    let (found, left) = tree::find(app, ids, |now, id| now.tree.get(id).map(|record| named(record))).await?;
    let mut names: HashMap<Uuid, Named> = found.into_iter().map(|(id, name)| (id.uuid(), name)).collect();
    if !left.is_empty() {
        names.extend(metrics::names(app.reader(), &left).await?);
    }
    Ok(names)
}

/// What the regions of a network are called, by their codes.
pub(super) async fn regions(app: &App, network: NetworkId) -> Result<HashMap<String, String>> {
    match tree::of(app, network).await? {
        Some(now) => Ok(now.tree.regions().clone()),
        None => Ok(metrics::regions(app.reader(), network).await?),
    }
}

/// The open communities of a network at these levels.
pub(super) async fn peers(app: &App, network: NetworkId, levels: &[Level]) -> Result<Vec<Peer>> {
    let Some(now) = tree::of(app, network).await? else { return Ok(metrics::peers(app.reader(), network, levels).await?) };
    let open = now.tree.all().filter(|record| record.status == CommunityStatus::Open && levels.contains(&record.level));
    Ok(open.map(|record| Peer { id: record.id, level: record.level }).collect())
}
