//! Communities of practice. Everyone may read them.

use std::collections::HashMap;

use convene_domain::{
    community::{Community, CommunityFilter, CommunityOrder},
    id::{CommunityId, NetworkId, Within},
    page::{Page, PageRequest},
    record::Recorded,
    text::Slug,
};
use convene_persistence::communities;

use crate::{App, Result, nodes};

/// A community as stored.
pub type CommunityRecord = Recorded<CommunityId, Community>;

/// Loads communities by identity.
pub async fn load_many(app: &App, ids: &[CommunityId]) -> Result<HashMap<CommunityId, CommunityRecord>> {
    Ok(communities::load_many(app.reader(), ids).await?)
}

/// Finds a community of a network by a slug that it has or had.
pub async fn find_by_slug(app: &App, network: NetworkId, slug: &Slug) -> Result<Option<CommunityRecord>> {
    Ok(communities::find_by_slug(app.reader(), network, slug).await?)
}

/// Finds a community of the network with this slug by a slug that it has or had.
pub async fn find_by_slugs(app: &App, network: &Slug, slug: &Slug) -> Result<Option<CommunityRecord>> {
    match convene_persistence::networks::find_by_slug(app.reader(), network).await? {
        Some(network) => find_by_slug(app, network.id, slug).await,
        None => Ok(None),
    }
}

/// Loads the communities that each stands under, the widest first, without itself.
pub async fn load_ancestors(app: &App, ids: &[CommunityId]) -> Result<HashMap<CommunityId, Vec<CommunityRecord>>> {
    Ok(communities::load_ancestors(app.reader(), ids).await?)
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
) -> Result<Page<CommunityRecord>> {
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
) -> Result<HashMap<Within, Page<CommunityRecord>>> {
    let found = communities::list(app.reader(), within, filter, order, page).await?;
    Ok(nodes::by_place(within, found))
}

/// Counts the communities in each place. A place without any is missing from the answer.
pub async fn count_many(app: &App, within: &[Within], filter: &CommunityFilter) -> Result<HashMap<Within, u64>> {
    Ok(nodes::by_place(within, communities::count(app.reader(), within, filter).await?))
}
