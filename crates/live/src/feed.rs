//! The logs that this process's clients follow, and how it hears that they have grown.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use convene_domain::{
    change::{Entry, Head, Position},
    id::NetworkId,
};
use futures::future::BoxFuture;
use tokio::{sync::watch, task::AbortHandle};
use tracing::{debug, info, warn};

use crate::{
    WakeUps, listen,
    ring::{Read, Ring},
};

/// How often the heads of all logs that are followed are read. With Redis away a change is seen this much later.
const POLL: Duration = Duration::from_millis(400);
/// How many entries are read at a time.
const PAGE: u64 = 256;
/// How far back a ring reaches when it is made, so that those who come back after a restart are served from memory.
const REACH_BACK: Position = 256;
/// How long a ring is kept that nobody follows any more: clients that lost their connection come back.
const KEPT: Duration = Duration::from_secs(60);
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
struct Shared {
    source: Source,
    rings: Mutex<HashMap<NetworkId, Kept>>,
    stopping: watch::Sender<bool>,
    /// Whether the heads could not be read when it was last tried.
    blind: AtomicBool,
    tasks: Mutex<Vec<AbortHandle>>,
}

/// A ring and the task that fills it.
#[derive(Debug)]
struct Kept {
    ring: Arc<Ring>,
    followers: Arc<AtomicUsize>,
    /// When it was last seen without followers.
    left: Option<Instant>,
    filling: AbortHandle,
}

/// A log that is followed, until this is dropped.
#[derive(Debug)]
pub struct Followed {
    ring: Arc<Ring>,
    followers: Arc<AtomicUsize>,
    stopping: watch::Receiver<bool>,
}

impl Followed {
    /// The newest entries of the log.
    pub fn ring(&self) -> &Ring {
        &self.ring
    }

    /// Whether the process is about to stop.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Waits until the process is about to stop.
    pub async fn stopping(&self) {
        // It fails only when the feed is gone, which comes to the same.
        let _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        self.followers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Feed {
    /// Begins to listen, on Redis too if there is one. Whether that answers shows later, and nothing depends on it.
    pub fn start(source: Source, wake_ups: &WakeUps) -> Self {
        let feed = Self::new(source);
        if let Some((client, health)) = wake_ups.hearing() {
            feed.keep(tokio::spawn(listen::run(client, health, feed.clone())).abort_handle());
        }
        feed.keep(tokio::spawn(poll(feed.clone())).abort_handle());
        feed
    }

    fn new(source: Source) -> Self {
        let (rings, stopping, tasks) = (Mutex::default(), watch::Sender::new(false), Mutex::default());
        Self(Arc::new(Shared { source, rings, stopping, blind: AtomicBool::new(false), tasks }))
    }

    fn keep(&self, task: AbortHandle) {
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(task);
    }

    /// Follows the log of a network.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot be read, or there is no such network.
    pub async fn follow(&self, network: NetworkId) -> Result<Followed, Cause> {
        if let Some(followed) = self.followed(network) {
            return Ok(followed);
        }
        let heads = (self.0.source.heads)(vec![network]).await?;
        let head = *heads.first().ok_or("the network has no log")?;
        self.with(|rings| {
            // Another may have made it meanwhile.
            rings.entry(network).or_insert_with(|| {
                let ring = Arc::new(Ring::new(head.log, (head.position - REACH_BACK).max(0)));
                ring.tell(head.position);
                let filling = tokio::spawn(fill(self.clone(), network, Arc::clone(&ring))).abort_handle();
                Kept { ring, followers: Arc::default(), left: None, filling }
            });
        });
        self.followed(network).ok_or_else(|| "the ring is gone".into())
    }

    fn followed(&self, network: NetworkId) -> Option<Followed> {
        self.with(|rings| {
            let Kept { ring, followers, .. } = rings.get(&network)?;
            followers.fetch_add(1, Ordering::Relaxed);
            let (ring, followers) = (Arc::clone(ring), Arc::clone(followers));
            Some(Followed { ring, followers, stopping: self.0.stopping.subscribe() })
        })
    }

    /// Says that the log of a network has reached a position.
    pub fn wake(&self, network: NetworkId, position: Position) {
        self.with(|rings| {
            if let Some(kept) = rings.get(&network) {
                kept.ring.tell(position);
            }
        });
    }

    /// Whether the logs that are followed could be read when it was last tried.
    pub fn is_reading(&self) -> bool {
        !self.0.blind.load(Ordering::Relaxed)
    }

    /// Says to all who follow that the process is about to stop.
    pub fn stop(&self) {
        self.0.stopping.send_replace(true);
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
                if kept.followers.load(Ordering::Relaxed) > 0 {
                    kept.left = None;
                    return true;
                }
                let stays = now.duration_since(*kept.left.get_or_insert(now)) < KEPT;
                if !stays {
                    kept.filling.abort();
                }
                stays
            });
            rings.iter().map(|(network, kept)| (*network, (Arc::clone(&kept.ring), kept.ring.head()))).collect()
        });
        if followed.is_empty() {
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
        Ok(())
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

/// Looks at the heads again and again.
async fn poll(feed: Feed) {
    let mut failing = false;
    loop {
        tokio::time::sleep(POLL).await;
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

/// Fills a ring whenever its log has grown.
async fn fill(feed: Feed, network: NetworkId, ring: Arc<Ring>) {
    let (mut pause, mut failing) = (PAUSE.0, false);
    loop {
        ring.told().await;
        while ring.lags() {
            // The newest entry is read once more: it tells whether this is still the same log.
            let read = (feed.0.source.entries)(network, (ring.head() - 1).max(0), PAGE).await;
            match read.map(|entries| ring.push(entries)) {
                Ok(Read::Grown) => (pause, failing) = (PAUSE.0, false),
                // Told of what this connection does not see yet, or of what never was.
                Ok(Read::Nothing) => rest(&mut pause).await,
                Ok(Read::Broken) => {
                    feed.give_up(network, &ring);
                    return;
                }
                Err(error) => {
                    if !failing {
                        warn!(%error, %network, "a log cannot be read");
                    }
                    failing = true;
                    rest(&mut pause).await;
                }
            }
        }
        debug!(%network, head = ring.head(), "a log was read");
    }
}

async fn rest(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(PAUSE.1);
}

#[cfg(test)]
mod tests {
    use convene_domain::id::ChangeId;
    use uuid::Uuid;

    use super::*;
    use crate::{
        Reach,
        ring::tests::{entry, log as tests_log},
    };

    const DEADLINE: Duration = Duration::from_secs(20);

    fn network() -> NetworkId {
        tests_log().network
    }

    /// A log that is a number: how far it has grown. Its entries cannot be read while it is negative, and each try makes
    /// it more so.
    fn feed(log: &Arc<Mutex<Position>>) -> Feed {
        let (of_entries, of_heads) = (Arc::clone(log), Arc::clone(log));
        let source = Source {
            entries: Box::new(move |_, after, limit| {
                let mut log = of_entries.lock().unwrap();
                let end = *log;
                // Each failure shows, for the test to wait for.
                *log -= i64::from(end < 0);
                let limit = i64::try_from(limit).unwrap();
                Box::pin(async move {
                    if end < 0 {
                        Err("out of reach".into())
                    } else {
                        Ok((after + 1..=end.min(after + limit)).map(entry).collect())
                    }
                })
            }),
            heads: Box::new(move |networks| {
                let position = of_heads.lock().unwrap().abs();
                Box::pin(async move {
                    assert_eq!(networks, [network()]);
                    Ok(vec![Head { log: tests_log(), position, change: ChangeId::from_uuid(Uuid::nil()) }])
                })
            }),
        };
        Feed::start(source, &WakeUps::try_new(None).unwrap())
    }

    async fn read_to(followed: &Followed, mut position: Position, end: Position) -> Vec<Position> {
        let mut seen = Vec::new();
        while position < end {
            tokio::time::timeout(DEADLINE, followed.ring().grown(position)).await.unwrap();
            let Reach::Next(slots) = followed.ring().after(position) else { panic!("beyond {position}") };
            seen.extend(slots.iter().map(|slot| slot.entry.change.position));
            position = *seen.last().unwrap();
        }
        seen
    }

    #[tokio::test]
    async fn a_ring_reaches_back_and_grows_when_it_is_told_or_looks() {
        let log = Arc::new(Mutex::new(1_000));
        let feed = feed(&log);
        let followed = feed.follow(network()).await.unwrap();
        assert_eq!(read_to(&followed, 1_000 - REACH_BACK, 1_000).await, (1_000 - REACH_BACK + 1..=1_000).collect::<Vec<_>>());
        // Told of more than there is, and of the same twice.
        *log.lock().unwrap() = 1_002;
        for position in [1_001, 1_002, 1_002, 1_001] {
            feed.wake(network(), position);
        }
        assert_eq!(read_to(&followed, 1_000, 1_002).await, [1_001, 1_002]);
        // Not told at all.
        *log.lock().unwrap() = 1_700;
        assert_eq!(read_to(&followed, 1_002, 1_700).await, (1_003..=1_700).collect::<Vec<_>>());
        feed.close();
    }

    #[tokio::test]
    async fn a_log_that_is_out_of_reach_for_a_while_is_read_when_it_is_back() {
        let log = Arc::new(Mutex::new(3));
        let feed = feed(&log);
        let followed = feed.follow(network()).await.unwrap();
        assert_eq!(read_to(&followed, 0, 3).await, [1, 2, 3]);
        *log.lock().unwrap() = -5;
        feed.wake(network(), 5);
        // The reading is under way, fails, and is tried again.
        let failed = async {
            while log.lock().unwrap().abs() < 6 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, failed).await.unwrap();
        assert_eq!(followed.ring().head(), 3);
        *log.lock().unwrap() = 5;
        assert_eq!(read_to(&followed, 3, 5).await, [4, 5]);
        feed.close();
    }

    #[tokio::test]
    async fn who_follows_hears_that_the_process_stops() {
        let feed = feed(&Arc::new(Mutex::new(0)));
        let followed = feed.follow(network()).await.unwrap();
        feed.stop();
        tokio::time::timeout(DEADLINE, followed.stopping()).await.unwrap();
        feed.close();
    }
}
