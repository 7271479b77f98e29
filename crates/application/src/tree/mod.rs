//! The tree of communities of each network, kept in memory as long as it is true.
//!
//! A tree is kept with where the log stood before it was read. Each time it is asked for, the newest entries of the log say
//! which communities changed since: those are read again first. What cannot be said to be true is not used, and whoever asked
//! reads from the database; so does everyone in a process that follows no logs.

mod kept;

use std::{
    collections::HashMap,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use convene_domain::{
    change::{EntityType, Head},
    id::{CommunityId, NetworkId},
};
use convene_live::{Baseline, Since};
use convene_persistence::communities;
use lru::LruCache;

pub(crate) use self::kept::Tree;
use crate::{App, Result};

/// How many communities are kept, of all networks together and of one.
const COMMUNITIES: usize = 20_000;
/// Of how many communities it is remembered to which network they belong.
const PLACES: NonZeroUsize = NonZeroUsize::MIN.saturating_add(65_535);

/// The trees that are kept.
#[derive(Debug)]
pub(crate) struct Trees {
    of_networks: Mutex<LruCache<NetworkId, Arc<Slot>>>,
    /// To which network communities belong. That never changes.
    networks: Mutex<LruCache<CommunityId, NetworkId>>,
}

impl Default for Trees {
    fn default() -> Self {
        Self { of_networks: Mutex::new(LruCache::unbounded()), networks: Mutex::new(LruCache::new(PLACES)) }
    }
}

/// The place of one network's tree.
#[derive(Debug, Default)]
struct Slot {
    kept: Mutex<Kept>,
    communities: AtomicUsize,
    /// Held by whoever reads: of many who come at once one does.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
enum Kept {
    #[default]
    Nothing,
    Tree(Arc<Tree>, Arc<Baseline>),
    /// The network has more communities than are kept.
    TooLarge,
}

/// A tree as it is now.
#[derive(Debug, Clone)]
pub(crate) struct Now {
    /// The tree.
    pub(crate) tree: Arc<Tree>,
    /// Where the log ended when it was asked for.
    pub(crate) head: Head,
}

/// What a slot says of its tree.
enum Found {
    /// It is true; or there is none that could be said to be.
    Known(Option<Now>),
    /// These communities have changed.
    Changed(Arc<Tree>, Vec<CommunityId>),
    Nothing,
}

impl Slot {
    fn look(&self) -> Found {
        let (tree, baseline) = match &*lock(&self.kept) {
            Kept::Tree(tree, baseline) => (Arc::clone(tree), Arc::clone(baseline)),
            Kept::TooLarge => return Found::Known(None),
            Kept::Nothing => return Found::Nothing,
        };
        match baseline.changed(EntityType::Community) {
            Since::These(changed, head) if changed.is_empty() => Found::Known(Some(Now { tree, head })),
            Since::These(changed, _) => Found::Changed(tree, changed.into_iter().map(CommunityId::from_uuid).collect()),
            Since::Unsure => Found::Known(None),
            Since::Anything => Found::Nothing,
        }
    }

    fn keep(&self, tree: Option<Arc<Tree>>, baseline: Baseline) {
        self.communities.store(tree.as_ref().map_or(0, |tree| tree.len()), Ordering::Relaxed);
        *lock(&self.kept) = tree.map_or(Kept::TooLarge, |tree| Kept::Tree(tree, Arc::new(baseline)));
    }
}

impl Trees {
    fn find(&self, network: NetworkId) -> Option<Arc<Slot>> {
        lock(&self.of_networks).get(&network).cloned()
    }

    fn slot(&self, network: NetworkId) -> Arc<Slot> {
        Arc::clone(lock(&self.of_networks).get_or_insert(network, Arc::default))
    }

    /// Lets go of the trees that nobody has asked for the longest, if there are too many.
    fn shrink(&self) {
        let mut slots = lock(&self.of_networks);
        let mut all: usize = slots.iter().map(|(_, slot)| slot.communities.load(Ordering::Relaxed)).sum();
        while all > COMMUNITIES
            && let Some((_, slot)) = slots.pop_lru()
        {
            all -= slot.communities.load(Ordering::Relaxed);
        }
    }

    /// Notes to which network communities belong.
    fn note(&self, communities: impl Iterator<Item = (CommunityId, NetworkId)>) {
        let mut networks = lock(&self.networks);
        for (community, network) in communities {
            networks.put(community, network);
        }
    }

    /// The communities by network, as far as it is known.
    fn by_network(&self, ids: &[CommunityId]) -> HashMap<Option<NetworkId>, Vec<CommunityId>> {
        let (mut networks, mut sorted) = (lock(&self.networks), HashMap::<_, Vec<_>>::new());
        for id in ids {
            sorted.entry(networks.get(id).copied()).or_default().push(*id);
        }
        sorted
    }
}

/// The tree of a network as it is now; `None` when that is not known, and whoever asks has to read from the database.
pub(crate) async fn of(app: &App, network: NetworkId) -> Result<Option<Now>> {
    if let Some(Found::Known(known)) = app.trees().find(network).map(|slot| slot.look()) {
        return Ok(known);
    }
    // This is also how it comes about that the log is read. Only a network that is there has one.
    if app.baseline(network).is_none() {
        return Ok(None);
    }
    let slot = app.trees().slot(network);
    let _reading = slot.reading.lock().await;
    let found = slot.look();
    // Noted before anything is read.
    let Some(baseline) = app.baseline(network) else { return Ok(None) };
    let tree = match found {
        Found::Known(known) => return Ok(known),
        Found::Changed(tree, ids) => Some(tree.with(&ids, communities::load_many(app.reader(), &ids).await?)),
        Found::Nothing => communities::all_up_to(app.reader(), network, COMMUNITIES).await?.map(Tree::new),
    };
    let tree = tree.filter(|tree| tree.len() <= COMMUNITIES).map(Arc::new);
    app.trees().note(tree.iter().flat_map(|tree| tree.all()).map(|record| (record.id, network)));
    slot.keep(tree, baseline);
    app.trees().shrink();
    Ok(match slot.look() {
        Found::Known(known) => known,
        Found::Changed(..) | Found::Nothing => None,
    })
}

/// Finds something of each community in the trees, and says of which it is left to the database: one may be new.
pub(crate) async fn find<T>(
    app: &App,
    ids: &[CommunityId],
    find: impl Fn(&Now, CommunityId) -> Option<T>,
) -> Result<(HashMap<CommunityId, T>, Vec<CommunityId>)> {
    let (mut found, mut left) = (HashMap::with_capacity(ids.len()), Vec::new());
    for (network, ids) in app.trees().by_network(ids) {
        let now = match network {
            Some(network) => of(app, network).await?,
            None => None,
        };
        for id in ids {
            match now.as_ref().and_then(|now| find(now, id)) {
                Some(it) => drop(found.insert(id, it)),
                None => left.push(id),
            }
        }
    }
    Ok((found, left))
}

/// Notes to which networks communities belong that were read from the database, so that the next time it is known in whose
/// tree they stand.
pub(crate) fn note(app: &App, communities: impl Iterator<Item = (CommunityId, NetworkId)>) {
    app.trees().note(communities);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn trees_that_are_not_asked_for_make_room() {
        let trees = Trees::default();
        let network = |n| NetworkId::from_uuid(Uuid::from_u128(n));
        let keep = |n, communities| {
            trees.slot(network(n)).communities.store(communities, Ordering::Relaxed);
            trees.shrink();
        };
        let kept = || (1..=4).map(|n| trees.find(network(n)).is_some()).collect::<Vec<_>>();
        (1..=3).for_each(|n| keep(n, COMMUNITIES / 3));
        assert_eq!(kept(), [true, true, true, false]);
        // The first has just been asked for again.
        trees.find(network(1));
        keep(4, COMMUNITIES / 3);
        assert_eq!(kept(), [true, false, true, true]);
        keep(2, COMMUNITIES);
        assert_eq!(kept(), [false, true, false, false], "one may take all of it");
    }

    #[test]
    fn it_is_remembered_to_which_network_communities_belong() {
        let trees = Trees::default();
        let [id, other] = [1, 2].map(|n| CommunityId::from_uuid(Uuid::from_u128(n)));
        let network = NetworkId::from_uuid(Uuid::from_u128(9));
        trees.note([(id, network)].into_iter());
        assert_eq!(trees.by_network(&[id, other]), HashMap::from([(Some(network), vec![id]), (None, vec![other])]));
    }
}
