//! Networks and their vocabularies. Everyone may read them.

use std::collections::HashMap;

use convene_domain::{
    id::{NetworkId, TermId},
    network::{Network, Term},
    page::{Page, PageRequest},
    record::Recorded,
    text::Slug,
};
use convene_persistence::{networks, terms};

use crate::{App, Result};

/// A network as stored.
pub type NetworkRecord = Recorded<NetworkId, Network>;
/// A term of a vocabulary as stored.
pub type TermRecord = Recorded<TermId, Term>;

/// Loads networks by identity.
pub async fn load_many(app: &App, ids: &[NetworkId]) -> Result<HashMap<NetworkId, NetworkRecord>> {
    Ok(networks::load_many(app.reader(), ids).await?)
}

/// Finds a network by its slug.
pub async fn find_by_slug(app: &App, slug: &Slug) -> Result<Option<NetworkRecord>> {
    Ok(networks::find_by_slug(app.reader(), slug).await?)
}

/// Lists all networks by slug.
pub async fn list(app: &App, page: &PageRequest) -> Result<Page<NetworkRecord>> {
    Ok(networks::list(app.reader(), page).await?)
}

/// Counts all networks.
pub async fn count(app: &App) -> Result<u64> {
    Ok(networks::count(app.reader()).await?)
}

/// Loads terms of vocabularies by identity.
pub async fn load_terms(app: &App, ids: &[TermId]) -> Result<HashMap<TermId, TermRecord>> {
    Ok(terms::load_many(app.reader(), ids).await?)
}

/// Loads the whole vocabulary of each network, sorted by kind, order and code.
pub async fn load_vocabularies(app: &App, ids: &[NetworkId]) -> Result<HashMap<NetworkId, Vec<TermRecord>>> {
    Ok(terms::load_by_network(app.reader(), ids).await?)
}
