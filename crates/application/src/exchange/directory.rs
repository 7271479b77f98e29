//! Who is who during an import: networks and communities by slug, those of the files before those that are stored.

use std::collections::{HashMap, HashSet};

use chrono_tz::Tz;
use convene_domain::{
    change::EntityType,
    community::{Community, Level},
    id::{CommunityId, NetworkId},
    network::Network,
    record::Recorded,
};
use convene_persistence::{Database, communities, networks, removals};

use super::files::File;
use crate::Error;

/// What an import has to know of a community, wherever it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) id: CommunityId,
    pub(super) network: NetworkId,
    pub(super) level: Level,
    pub(super) parent: Option<CommunityId>,
    pub(super) time_zone: Option<Tz>,
}

/// Networks and communities that are stored, and those that the files bring.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// Stored networks by slug.
    pub(super) stored_networks: HashMap<String, Recorded<NetworkId, Network>>,
    /// Stored communities by identity.
    pub(super) stored_communities: HashMap<CommunityId, Recorded<CommunityId, Community>>,
    networks: HashMap<String, NetworkId>,
    /// The networks that the files name. With none, all that are stored are meant.
    named: HashSet<NetworkId>,
    slugs: HashMap<String, Vec<(NetworkId, CommunityId)>>,
    /// Keys of rows that have a fault, by file.
    broken: HashSet<(&'static str, String)>,
    known: HashMap<CommunityId, Known>,
    /// What was removed here, or merged, by the key that files know it by.
    gone: HashMap<NetworkId, HashSet<(EntityType, String)>>,
}

impl Directory {
    /// Reads what is stored.
    pub(super) async fn load(database: &Database) -> Result<Self, Error> {
        let mut directory = Self::default();
        for network in networks::all(database.reader()).await? {
            directory.networks.insert(network.slug.to_string(), network.id);
            for community in communities::all(database.reader(), network.id).await? {
                directory.know(Known {
                    id: community.id,
                    network: network.id,
                    level: community.level,
                    parent: community.parent,
                    time_zone: community.time_zone,
                });
                directory.stored_communities.insert(community.id, community);
            }
            for (slug, community) in communities::all_slugs(database.reader(), network.id).await? {
                directory.slugs.entry(slug).or_default().push((network.id, community));
            }
            directory.gone.insert(network.id, removals::all_keys(database.reader(), network.id).await?);
            directory.stored_networks.insert(network.slug.to_string(), network);
        }
        Ok(directory)
    }

    /// Whether a record was removed here.
    pub(super) fn is_gone(&self, network: NetworkId, entity_type: EntityType, key: &str) -> bool {
        self.gone.get(&network).is_some_and(|gone| gone.contains(&(entity_type, key.to_owned())))
    }

    /// Whether a slug is that of a community which was merged into another, and leads there now.
    pub(super) fn is_merged(&self, network: NetworkId, slug: &str) -> bool {
        let taken_over = || self.community(network, slug).and_then(|id| self.stored_communities.get(&id));
        self.is_gone(network, EntityType::Community, slug) && taken_over().is_none_or(|owner| *owner.slug != *slug)
    }

    /// Notes that a row has a fault, so that rows which name its record are not reported as well.
    pub(super) fn break_off(&mut self, file: &File, key: Option<&str>) {
        self.broken.extend(key.map(|key| (file.name, key.to_owned())));
    }

    /// Whether the row with this key has a fault.
    pub(super) fn is_broken(&self, file: &File, key: &str) -> bool {
        self.broken.contains(&(file.name, key.to_owned()))
    }

    /// Adds a network that the files name.
    pub(super) fn name_network(&mut self, slug: &str, id: NetworkId) {
        self.networks.insert(slug.to_owned(), id);
        self.named.insert(id);
    }

    /// Notes that the files name a network, wherever it comes from.
    pub(super) fn touch(&mut self, id: NetworkId) {
        self.named.insert(id);
    }

    /// All networks, of the files and stored.
    pub(super) fn all_networks(&self) -> Vec<NetworkId> {
        self.networks.values().copied().collect()
    }

    /// Finds a network by its slug.
    pub(super) fn network(&self, slug: &str) -> Option<NetworkId> {
        self.networks.get(slug).copied()
    }

    /// All networks that this import can touch.
    pub(super) fn touched(&self) -> Vec<NetworkId> {
        if self.named.is_empty() { self.all_networks() } else { self.named.iter().copied().collect() }
    }

    /// Adds a slug that a community has or had.
    pub(super) fn name_community(&mut self, network: NetworkId, slug: &str, id: CommunityId) {
        let of_slug = self.slugs.entry(slug.to_owned()).or_default();
        of_slug.retain(|(other, _)| *other != network);
        of_slug.push((network, id));
    }

    /// Notes what is known of a community, in place of what was.
    pub(super) fn know(&mut self, known: Known) {
        self.known.insert(known.id, known);
    }

    /// What is known of a community.
    pub(super) fn known(&self, id: CommunityId) -> Option<&Known> {
        self.known.get(&id)
    }

    /// Everything that is known of communities.
    pub(super) fn all_known(&self) -> impl Iterator<Item = &Known> {
        self.known.values()
    }

    /// Finds a community of a network by a slug that it has or had.
    pub(super) fn community(&self, network: NetworkId, slug: &str) -> Option<CommunityId> {
        self.slugs.get(slug)?.iter().find(|(of, _)| *of == network).map(|(_, id)| *id)
    }

    /// Finds a community by slug alone, among the networks that this import can touch.
    pub(super) fn community_anywhere(&self, slug: &str) -> Result<Known, String> {
        let all = self.slugs.get(slug).map(Vec::as_slice).unwrap_or_default();
        let mut found = all.iter().filter(|(network, _)| self.named.is_empty() || self.named.contains(network));
        match (found.next(), found.next()) {
            (Some((_, id)), None) => self.known.get(id).copied().ok_or_else(|| "names no community".to_owned()),
            (Some(_), Some(_)) => Err("names a community in more than one network".to_owned()),
            (None, _) => Err("names no community".to_owned()),
        }
    }
}
