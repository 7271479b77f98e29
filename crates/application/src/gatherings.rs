//! Gatherings and their parts. Everyone may read them.

use std::collections::HashMap;

use convene_domain::{
    gathering::{AgendaItem, Gathering, GatheringFilter, GatheringOrder, Invitation},
    id::{CommunityId, GatheringId, Within},
    page::{Page, PageRequest},
    record::Recorded,
};
use convene_persistence::gatherings;

use crate::{App, Result, nodes};

/// A gathering as stored.
pub type GatheringRecord = Recorded<GatheringId, Gathering>;

/// Loads gatherings by identity.
pub async fn load_many(app: &App, ids: &[GatheringId]) -> Result<HashMap<GatheringId, GatheringRecord>> {
    Ok(gatherings::load_many(app.reader(), ids).await?)
}

/// Loads the hosts of gatherings, in the order in which they were named.
pub async fn load_hosts(app: &App, ids: &[GatheringId]) -> Result<HashMap<GatheringId, Vec<CommunityId>>> {
    Ok(gatherings::load_hosts(app.reader(), ids).await?)
}

/// Loads the agendas of gatherings, in order.
pub async fn load_agendas(app: &App, ids: &[GatheringId]) -> Result<HashMap<GatheringId, Vec<AgendaItem>>> {
    Ok(gatherings::load_agenda(app.reader(), ids).await?)
}

/// Loads the invitations to gatherings, in order.
pub async fn load_invitations(app: &App, ids: &[GatheringId]) -> Result<HashMap<GatheringId, Vec<Invitation>>> {
    Ok(gatherings::load_invitations(app.reader(), ids).await?)
}

/// Lists the gatherings in one place, which has to exist.
pub async fn list(
    app: &App,
    within: Within,
    filter: &GatheringFilter,
    order: GatheringOrder,
    page: &PageRequest,
) -> Result<Page<GatheringRecord>> {
    let found = list_many(app, &[within], filter, order, page).await?.remove(&within);
    nodes::page_of(app, within, found).await
}

/// Lists the gatherings in each place. A place without any is missing from the answer.
pub async fn list_many(
    app: &App,
    within: &[Within],
    filter: &GatheringFilter,
    order: GatheringOrder,
    page: &PageRequest,
) -> Result<HashMap<Within, Page<GatheringRecord>>> {
    Ok(nodes::by_place(within, gatherings::list(app.reader(), within, filter, order, page).await?))
}

/// Counts the gatherings in each place. A place without any is missing from the answer.
pub async fn count_many(app: &App, within: &[Within], filter: &GatheringFilter) -> Result<HashMap<Within, u64>> {
    Ok(nodes::by_place(within, gatherings::count(app.reader(), within, filter).await?))
}
