//! Communities of practice. Everyone may read them.

use std::{collections::HashMap, sync::Arc};

use convene_domain::{
    community::{Community, CommunityFilter, CommunityOrder},
    id::{CommunityId, NetworkId, Within},
    page::{Page, PageRequest},
    record::Recorded,
    text::Slug,
};
use convene_persistence::communities;

use crate::{
    App, Result, nodes,
    tree::{self, Tree},
};

/// A community as stored.
pub type CommunityRecord = Recorded<CommunityId, Community>;

/// Loads communities by identity.
pub async fn load_many(app: &App, ids: &[CommunityId]) -> Result<HashMap<CommunityId, Arc<CommunityRecord>>> {
    let (mut found, left) = tree::find(app, ids, |now, id| now.tree.get(id).cloned()).await?;
    if !left.is_empty() {
        let read = shared(communities::load_many(app.reader(), &left).await?);
        tree::note(app, read.values().map(|record| (record.id, record.network)));
        found.extend(read);
    }
    Ok(found)
}

fn shared(records: HashMap<CommunityId, CommunityRecord>) -> HashMap<CommunityId, Arc<CommunityRecord>> {
    records.into_iter().map(|(id, record)| (id, Arc::new(record))).collect()
}

/// Finds a community of a network by a slug that it has or had.
pub async fn find_by_slug(app: &App, network: NetworkId, slug: &Slug) -> Result<Option<Arc<CommunityRecord>>> {
    let now = tree::of(app, network).await?;
    if let Some(found) = now.as_ref().and_then(|now| now.tree.get_by_slug(slug)) {
        return Ok(Some(Arc::clone(found)));
    }
    Ok(communities::find_by_slug(app.reader(), network, slug).await?.map(Arc::new))
}

/// Finds a community of the network with this slug by a slug that it has or had.
pub async fn find_by_slugs(app: &App, network: &Slug, slug: &Slug) -> Result<Option<Arc<CommunityRecord>>> {
    match convene_persistence::networks::find_by_slug(app.reader(), network).await? {
        Some(network) => find_by_slug(app, network.id, slug).await,
        None => Ok(None),
    }
}

/// Loads the communities that each stands under, the widest first, without itself.
pub async fn load_ancestors(app: &App, ids: &[CommunityId]) -> Result<HashMap<CommunityId, Vec<Arc<CommunityRecord>>>> {
    let (mut found, left) = tree::find(app, ids, |now, id| now.tree.ancestors(id)).await?;
    if !left.is_empty() {
        let read = communities::load_ancestors(app.reader(), &left).await?;
        found.extend(read.into_iter().map(|(id, path)| (id, path.into_iter().map(Arc::new).collect())));
    }
    Ok(found)
}

/// Loads the slugs that each community had before the one it has.
pub async fn load_former_slugs(app: &App, ids: &[CommunityId]) -> Result<HashMap<CommunityId, Vec<Slug>>> {
    Ok(communities::load_former_slugs(app.reader(), ids).await?)
}

/// Lists the communities in one place, which has to exist.
pub async fn list(
    app: &App,
    within: Within,
    filter: &CommunityFilter,
    order: CommunityOrder,
    page: &PageRequest,
) -> Result<Page<Arc<CommunityRecord>>> {
    let found = list_many(app, &[within], filter, order, page).await?.remove(&within);
    nodes::page_of(app, within, found).await
}

/// Lists the communities in each place. A place without any is missing from the answer.
pub async fn list_many(
    app: &App,
    within: &[Within],
    filter: &CommunityFilter,
    order: CommunityOrder,
    page: &PageRequest,
) -> Result<HashMap<Within, Page<Arc<CommunityRecord>>>> {
    let (mut found, left) = find_beneath(app, within, filter, |tree, id| tree.page(id, filter, order, page)).await?;
    if !left.is_empty() {
        let read = communities::list(app.reader(), &left, filter, order, page).await?;
        found.extend(nodes::by_place(&left, read).into_iter().map(|(place, page)| (place, page.map(Arc::new))));
    }
    found.retain(|_, page| !page.entries.is_empty());
    Ok(found)
}

/// Counts the communities in each place. A place without any is missing from the answer.
pub async fn count_many(app: &App, within: &[Within], filter: &CommunityFilter) -> Result<HashMap<Within, u64>> {
    let count = |tree: &Tree, id| tree.filtered(id, filter).map(|communities| communities.count() as u64);
    let (mut found, left) = find_beneath(app, within, filter, count).await?;
    if !left.is_empty() {
        found.extend(nodes::by_place(&left, communities::count(app.reader(), &left, filter).await?));
    }
    found.retain(|_, count| *count > 0);
    Ok(found)
}

/// Finds something of what is right beneath each place, where that is what is asked for and the trees have it, and says of
/// which places it is left to the database.
async fn find_beneath<T>(
    app: &App,
    within: &[Within],
    filter: &CommunityFilter,
    find: impl Fn(&Tree, CommunityId) -> Option<T>,
) -> Result<(HashMap<Within, T>, Vec<Within>)> {
    let of_tree = |place: &Within| match place {
        Within::Community(id) if filter.children => Some(*id),
        _ => None,
    };
    let ids: Vec<CommunityId> = within.iter().filter_map(of_tree).collect();
    // Of one that is new it is not known what is beneath it.
    let (found, _) = tree::find(app, &ids, |now, id| now.tree.get(id).and_then(|_| find(&now.tree, id))).await?;
    let found: HashMap<_, _> = found.into_iter().map(|(id, it)| (Within::Community(id), it)).collect();
    let left = within.iter().filter(|place| !found.contains_key(place)).copied().collect();
    Ok((found, left))
}
