//! The logs that this process's clients follow, and how it hears that they have grown.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use convene_domain::{
    change::{Entry, Head, Position},
    id::NetworkId,
};
use futures::{StreamExt, future::BoxFuture, stream};
use tokio::{runtime::Handle, task::AbortHandle};
use tracing::{debug, info, warn};

use crate::{
    Baseline, Follower, Group, Interest, Standing, WakeUps, listen,
    ring::{Read, Ring},
};

/// How often the heads of all logs that are followed are read. With Redis away a change is seen this much later.
const POLL: Duration = Duration::from_millis(400);
/// How many entries are read at a time.
const PAGE: u64 = 256;
/// How old what is known of the heads may be for what was read before to count as how things are.
const LATELY: Duration = Duration::from_secs(1);
/// How far back a ring reaches when it is made, so that those who come back after a restart are served from memory.
const REACH_BACK: Position = 256;
/// How long a ring is kept that nobody follows any more: clients that lost their connection come back.
const KEPT: Duration = Duration::from_secs(60);
/// How many groups are told at the same time where they are.
const PLACES: usize = 8;
/// How long to wait for the newest entries of a log that was not followed before.
const FILLING: Duration = Duration::from_secs(1);
/// How long to wait before a log is read again that could not be read, at first and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), POLL);

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Reading<T> = BoxFuture<'static, Result<T, Cause>>;

/// Where logs are read from. Given by whoever knows the database.
pub struct Source {
    /// Reads the entries of a network's log after a position, in order, at most so many.
    pub entries: Box<dyn Fn(NetworkId, Position, u64) -> Reading<Vec<Entry>> + Send + Sync>,
    /// Reads where the logs of networks end.
    pub heads: Box<dyn Fn(Vec<NetworkId>) -> Reading<Vec<Head>> + Send + Sync>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").finish_non_exhaustive()
    }
}

/// The logs that this process's clients follow. Clones share them.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    source: Source,
    rings: Mutex<HashMap<NetworkId, Kept>>,
    /// Held by whoever begins a ring.
    looking: tokio::sync::Mutex<()>,
    stopping: AtomicBool,
    /// Whether the heads could not be read when it was last tried.
    blind: AtomicBool,
    /// When the heads were last read, and nothing was missing then that had been written before.
    seen: Mutex<Option<Instant>>,
    tasks: Mutex<Vec<AbortHandle>>,
    /// The runtime that serves followers.
    serving: Handle,
}

/// A ring and the task that fills it.
#[derive(Debug)]
struct Kept {
    ring: Arc<Ring>,
    /// When it was last seen without followers.
    left: Option<Instant>,
    filling: AbortHandle,
}

impl Shared {
    /// Whether what others wrote up to a second ago is known.
    pub(crate) fn has_looked_lately(&self) -> bool {
        is_lately(*self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether the process is about to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// Whether it was no more than a second ago.
pub(crate) fn is_lately(at: Option<Instant>) -> bool {
    at.is_some_and(|at| at.elapsed() < LATELY)
}

impl Feed {
    /// Begins to listen, on Redis too if there is one. Whether that answers shows later, and nothing depends on it.
    /// Followers are woken on the runtime that serves them.
    pub fn start(source: Source, wake_ups: &WakeUps, serving: Handle) -> Self {
        let feed = Self::new(source, serving);
        if let Some((client, health)) = wake_ups.hearing() {
            feed.keep(tokio::spawn(listen::run(client, health, feed.clone())).abort_handle());
        }
        feed.keep(tokio::spawn(poll(feed.clone())).abort_handle());
        feed
    }

    fn new(source: Source, serving: Handle) -> Self {
        let (rings, looking, stopping, blind, seen, tasks) = Default::default();
        Self(Arc::new(Shared { source, rings, looking, stopping, blind, seen, tasks, serving }))
    }

    fn keep(&self, task: AbortHandle) {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    /// Follows what a group is told, if there is such a group in a log that is followed already.
    pub fn find(&self, group: Group) -> Option<Follower> {
        let waker = Arc::default();
        // Whoever lets go of rings does so under the same lock, and then counts this one.
        let (ring, line) = self.with(|rings| {
            rings.values().find_map(|kept| kept.ring.find_line(group, &waker).map(|line| (Arc::clone(&kept.ring), line)))
        })?;
        Some(Follower::new(ring, line, waker, Arc::clone(&self.0)))
    }

    /// Follows what a group is told of the log of a network, and begins such a group if there is none.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot be read, or there is no such network.
    pub async fn follow(&self, network: NetworkId, group: Group, interest: Interest) -> Result<Follower, Cause> {
        let (waker, mut interest) = (Arc::default(), Some(interest));
        loop {
            self.ring(network).await?;
            let joined = self.with(|rings| {
                let ring = &rings.get(&network)?.ring;
                Some((Arc::clone(ring), ring.join(group, interest.take()?, &waker)))
            });
            // It may have been let go of in between, and is then begun anew.
            if let Some((ring, line)) = joined {
                return Ok(Follower::new(ring, line, waker, Arc::clone(&self.0)));
            }
        }
    }

    /// Finds where the log of a network ends: whatever was written before this was asked is before that. Of many who ask
    /// at the same time one looks.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot be read, or there is no such network.
    pub async fn end(&self, network: NetworkId) -> Result<Head, Cause> {
        let asked = Instant::now();
        let ring = self.ring(network).await?;
        let mut looked = ring.looked.lock().await;
        if let Some((_, head)) = looked.filter(|(since, _)| *since >= asked) {
            return Ok(head);
        }
        let (since, stood) = (Instant::now(), ring.head());
        let heads = (self.0.source.heads)(vec![network]).await?;
        let head = *heads.first().ok_or("the network has no log")?;
        if ring.contradicts(stood, &head) {
            self.give_up(network, &ring);
            return Err("the log is another one than before".into());
        }
        *looked = Some((since, head));
        ring.owe(head.position);
        Ok(head)
    }

    /// Finds the change at a position of a network's log among the newest entries, as a place to go on from; `None` when
    /// it is not among them.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot be read, or there is no such network.
    pub async fn locate(&self, network: NetworkId, position: Position) -> Result<Option<Head>, Cause> {
        let ring = self.ring(network).await?;
        let found = async {
            // Others may have been told already of what this process has still to read.
            if ring.is_filled() && ring.head() < position && self.end(network).await?.position < position {
                return Ok(None);
            }
            while (!ring.is_filled() || ring.head() < position) && !ring.is_broken() {
                tokio::time::sleep(PAUSE.0).await;
            }
            Ok(ring.find(position).filter(|_| !ring.is_broken()))
        };
        tokio::time::timeout(FILLING, found).await.unwrap_or(Ok(None))
    }

    /// The newest entries of a log. They are read from now on if they were not.
    async fn ring(&self, network: NetworkId) -> Result<Arc<Ring>, Cause> {
        let find = |rings: &mut HashMap<NetworkId, Kept>| rings.get(&network).map(|kept| Arc::clone(&kept.ring));
        if let Some(ring) = self.with(find) {
            return Ok(ring);
        }
        // Of many who come at once one looks.
        let _looking = self.0.looking.lock().await;
        if let Some(ring) = self.with(find) {
            return Ok(ring);
        }
        let heads = (self.0.source.heads)(vec![network]).await?;
        let head = *heads.first().ok_or("the network has no log")?;
        let ring = Arc::new(Ring::new(head.log, (head.position - REACH_BACK).max(0), self.0.serving.clone()));
        let filling = tokio::spawn(fill(self.clone(), network, Arc::clone(&ring))).abort_handle();
        self.with(|rings| rings.insert(network, Kept { ring: Arc::clone(&ring), left: None, filling }));
        Ok(ring)
    }

    /// Where the log of a network stands, for whoever keeps what is read from now on; `None` when that is not known yet.
    pub fn standing(&self, network: NetworkId) -> Option<Standing> {
        let ring = self.with(|rings| rings.get(&network).map(|kept| Arc::clone(&kept.ring)))?;
        Standing::now(ring, Arc::clone(&self.0))
    }

    /// Where the log of a network stands, for whoever keeps records that are read from now on; `None` when it was not read yet.
    pub fn baseline(&self, network: NetworkId) -> Option<Baseline> {
        let ring = self.with(|rings| rings.get(&network).map(|kept| Arc::clone(&kept.ring)))?;
        Baseline::now(ring, Arc::clone(&self.0))
    }

    /// Begins to read the log of a network, so that it is known later where it stands.
    pub fn attend(&self, network: NetworkId) {
        if self.with(|rings| rings.contains_key(&network)) {
            return;
        }
        let feed = self.clone();
        tokio::spawn(async move {
            if let Err(error) = feed.ring(network).await {
                debug!(%error, %network, "a log cannot be read yet");
            }
        });
    }

    /// Says that the log of a network has reached a position.
    pub fn wake(&self, network: NetworkId, position: Position) {
        self.with(|rings| {
            if let Some(kept) = rings.get(&network) {
                kept.ring.tell(position);
            }
        });
    }

    /// Says that the log of a network has reached a position, and that whoever reads from now on has to be told of it.
    pub fn owe(&self, network: NetworkId, position: Position) {
        self.with(|rings| {
            if let Some(kept) = rings.get(&network) {
                kept.ring.owe(position);
            }
        });
    }

    /// Whether the logs that are followed could be read when it was last tried.
    pub fn is_reading(&self) -> bool {
        !self.0.blind.load(Ordering::Relaxed)
    }

    /// Says to all who follow that the process is about to stop.
    pub fn stop(&self) {
        self.0.stopping.store(true, Ordering::Release);
        for ring in self.with(|rings| rings.values().map(|kept| Arc::clone(&kept.ring)).collect::<Vec<_>>()) {
            ring.wake();
        }
    }

    /// Ends all that runs for it.
    pub fn close(&self) {
        self.stop();
        for task in self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        self.with(|rings| {
            for (_, kept) in rings.drain() {
                kept.filling.abort();
            }
        });
    }

    /// Reads where the logs that are followed end, and lets go of those that nobody follows any more.
    ///
    /// # Errors
    ///
    /// Fails if the database cannot be read.
    pub(crate) async fn look(&self) -> Result<(), Cause> {
        let now = Instant::now();
        let followed: HashMap<NetworkId, (Arc<Ring>, Position)> = self.with(|rings| {
            rings.retain(|_, kept| {
                if kept.ring.followers() > 0 || kept.ring.was_used() {
                    kept.left = None;
                    return true;
                }
                let stays = now.duration_since(*kept.left.get_or_insert(now)) < KEPT;
                if !stays {
                    kept.filling.abort();
                    // Whoever still holds it must not take what it knows for how things are.
                    kept.ring.fail();
                }
                stays
            });
            rings.iter().map(|(network, kept)| (*network, (Arc::clone(&kept.ring), kept.ring.head()))).collect()
        });
        if followed.is_empty() {
            self.see(now);
            return Ok(());
        }
        for head in (self.0.source.heads)(followed.keys().copied().collect()).await? {
            let Some((ring, stood)) = followed.get(&head.log.network) else { continue };
            if ring.contradicts(*stood, &head) {
                self.give_up(head.log.network, ring);
            } else {
                ring.tell(head.position);
            }
        }
        self.see(now);
        Ok(())
    }

    /// Notes that the heads of all logs that are followed were read, and when that was begun.
    fn see(&self, begun: Instant) {
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
    }

    /// Has those told where they are to whom nothing has happened for long.
    fn tell_places(&self) {
        let now = Instant::now();
        for ring in self.with(|rings| rings.values().map(|kept| Arc::clone(&kept.ring)).collect::<Vec<_>>()) {
            let quiet = ring.sweep(now);
            if let Some(end) = ring.end().filter(|_| !quiet.is_empty()) {
                // A few at a time: there may be thousands.
                tokio::spawn(stream::iter(quiet).for_each_concurrent(PLACES, move |line| line.tell_place(end)));
            }
        }
    }

    /// Lets go of a ring whose log is no more.
    fn give_up(&self, network: NetworkId, ring: &Arc<Ring>) {
        warn!(%network, "the log of a network is another one than before; all who follow it have to begin anew");
        self.with(|rings| {
            if rings.get(&network).is_some_and(|kept| Arc::ptr_eq(&kept.ring, ring))
                && let Some(kept) = rings.remove(&network)
            {
                kept.filling.abort();
            }
        });
        ring.fail();
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<NetworkId, Kept>) -> T) -> T {
        work(&mut self.0.rings.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Looks at the heads again and again, and at who follows.
async fn poll(feed: Feed) {
    let mut failing = false;
    loop {
        tokio::time::sleep(POLL).await;
        feed.tell_places();
        let looked = feed.look().await;
        feed.0.blind.store(looked.is_err(), Ordering::Relaxed);
        match looked {
            Ok(()) if failing => {
                failing = false;
                info!("the heads of the logs can be read again");
            }
            Ok(()) => {}
            Err(error) if !failing => {
                failing = true;
                warn!(%error, "the heads of the logs cannot be read");
            }
            Err(_) => {}
        }
    }
}

/// Fills a ring whenever there is a reason to look.
async fn fill(feed: Feed, network: NetworkId, ring: Arc<Ring>) {
    let mut pause = PAUSE.0;
    loop {
        ring.told().await;
        loop {
            // The newest entry is read once more: it tells whether this is still the same log.
            let begun = Instant::now();
            let read = (feed.0.source.entries)(network, (ring.head() - 1).max(0), PAGE).await;
            // What was said of the log before it was read is settled with a page that is not full.
            let is_full = read.as_ref().is_ok_and(|entries| entries.len() as u64 == PAGE);
            match read.map(|entries| ring.push(entries)) {
                Ok(Read::Broken) => {
                    feed.give_up(network, &ring);
                    return;
                }
                Ok(Read::Same) => pause = PAUSE.0,
                Err(error) => {
                    if pause == PAUSE.0 {
                        warn!(%error, %network, "a log cannot be read");
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE.1);
                    continue;
                }
            }
            if !is_full {
                ring.fill(begun);
                break;
            }
            ring.wait_for_lines().await;
        }
        debug!(%network, head = ring.head(), "a log was read");
    }
}

#[cfg(test)]
mod tests;
