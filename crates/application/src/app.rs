//! The application: what every use case works on.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use convene_domain::{
    change::{Head, Position},
    id::NetworkId,
};
use convene_live::{Baseline, Feed, Follower, Group, Interest, Redis, Source, Standing, WakeUps};
use convene_persistence::{Database, Reads, log};
use metrics::Counter;
use tokio::{
    runtime::Handle,
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::{Error, Result, tree::Trees};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Statements that read entries of logs, for the memory that followers are served from, or past it.
pub(crate) static LOG_READS: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("convene_log_reads_total"));

/// How long those who read logs in the background wait for an answer. They ask again, and that may fare better.
const READING: Duration = Duration::from_secs(5);

/// How many parts tables may have together whose rows are being read, where one that has few may still have many groups. A
/// row takes a hundred times what its number does, and one request may ask for several tables at once.
const ROOM_FOR_TABLES: u32 = 200;
const ROOM_OF_TABLE: u32 = 20;

/// The open application. Clones share its connections.
#[derive(Debug, Clone)]
pub struct App {
    database: Database,
    wake_ups: WakeUps,
    feed: Option<Feed>,
    trees: Arc<Trees>,
    tables: Arc<Semaphore>,
}

impl App {
    /// Opens the application on a database that has been migrated.
    pub async fn open(database_url: &str, connections: u32, wake_ups: WakeUps) -> Result<Self> {
        let database = Database::open(database_url, connections).await?;
        let tables = Arc::new(Semaphore::new(ROOM_FOR_TABLES as usize));
        Ok(Self { database, wake_ups, feed: None, trees: Arc::default(), tables })
    }

    /// Begins to listen to what is written, here and elsewhere, so that logs can be followed. Followers are served, and
    /// woken, on a runtime of their own.
    #[must_use]
    pub fn listening(self, serving: Handle) -> Self {
        let (of_entries, of_heads) = (self.database.clone(), self.database.clone());
        let source = Source {
            entries: Box::new(move |network, after, limit| {
                LOG_READS.increment(1);
                let database = of_entries.clone();
                Box::pin(async move { Ok(timeout(READING, log::list(database.reader(), network, after, limit)).await??) })
            }),
            heads: Box::new(move |networks| {
                let database = of_heads.clone();
                Box::pin(async move {
                    let heads = log::load_heads(database.reader(), database.instance(), &networks);
                    let heads = timeout(READING, heads).await.map_err(Cause::from).and_then(|heads| Ok(heads?));
                    let result = if heads.is_ok() { "ok" } else { "failed" };
                    metrics::counter!("convene_heads_polls_total", "result" => result).increment(1);
                    Ok(heads?.into_values().collect())
                })
            }),
        };
        Self { feed: Some(Feed::start(source, &self.wake_ups, serving)), ..self }
    }

    /// Waits until the rows of a table with so many parts may be read.
    pub(crate) async fn room_for_table(&self, parts: usize) -> Option<SemaphorePermit<'_>> {
        let parts = u32::try_from(parts).unwrap_or(ROOM_FOR_TABLES).clamp(ROOM_OF_TABLE, ROOM_FOR_TABLES);
        // It fails only once it is closed, which nobody does.
        self.tables.acquire_many(parts).await.ok()
    }

    /// Asks everything that the application depends on for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.database.ping().await?)
    }

    /// Whether Redis carries wake-ups at the moment.
    pub fn redis(&self) -> Redis {
        self.wake_ups.redis()
    }

    /// Whether the logs that are followed could be read when it was last tried.
    pub fn reads_logs(&self) -> bool {
        self.feed.as_ref().is_none_or(Feed::is_reading)
    }

    /// Says to all who follow a log that the process is about to stop.
    pub fn stop(&self) {
        if let Some(feed) = &self.feed {
            feed.stop();
        }
    }

    /// Closes all connections.
    pub async fn close(self) -> Result<()> {
        if let Some(feed) = &self.feed {
            feed.close();
        }
        self.wake_ups.flush().await;
        Ok(self.database.close().await?)
    }

    /// The database, for commands of the operator that are more than one use case.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Says what was written to whoever follows it, here and elsewhere, and waits for nobody to hear it.
    pub(crate) fn wake(&self, heads: &[Head]) {
        if let Some(feed) = &self.feed {
            for head in heads {
                feed.wake(head.log.network, head.position);
            }
        }
        self.wake_ups.send(heads);
    }

    /// Says that whoever reads from now on has to be told of what was written up to a position, and so of no tree from before.
    pub(crate) fn heed(&self, network: NetworkId, position: Position) {
        if let Some(feed) = &self.feed {
            feed.owe(network, position);
        }
    }

    /// Follows what a group is told of the log of a network, and begins such a group if there is none.
    pub(crate) async fn follow(&self, network: NetworkId, group: Group, interest: Interest) -> Result<Follower> {
        let feed = self.feed.as_ref().ok_or(Error::Lost("the means to follow logs"))?;
        feed.follow(network, group, interest).await.map_err(Error::Unreadable)
    }

    /// Follows what a group is told, if there is such a group.
    pub fn find_followed(&self, group: Group) -> Option<Follower> {
        self.feed.as_ref()?.find(group)
    }

    /// Finds where the log of a network ends; `None` when no logs are followed here.
    pub(crate) async fn find_end(&self, network: NetworkId) -> Result<Option<Head>> {
        let Some(feed) = &self.feed else { return Ok(None) };
        Ok(Some(feed.end(network).await.map_err(Error::Unreadable)?))
    }

    /// Finds the change at a position of a log among its newest entries, which are in memory; `None` when it is not among
    /// them.
    pub(crate) async fn locate(&self, network: NetworkId, position: Position) -> Result<Option<Head>> {
        let Some(feed) = &self.feed else { return Ok(None) };
        feed.locate(network, position).await.map_err(Error::Unreadable)
    }

    /// Where the log of a network stands, for whoever keeps what is read from now on; `None` when that is not known yet.
    /// It begins to be found out then.
    pub fn standing(&self, network: NetworkId) -> Option<Standing> {
        let feed = self.feed.as_ref()?;
        let standing = feed.standing(network);
        if standing.is_none() {
            feed.attend(network);
        }
        standing
    }

    /// The trees of communities that are in memory.
    pub(crate) fn trees(&self) -> &Trees {
        &self.trees
    }

    /// Where the log of a network stands, for whoever keeps records that are read from now on; `None` when that is not known
    /// yet. It begins to be found out then.
    pub(crate) fn baseline(&self, network: NetworkId) -> Option<Baseline> {
        let feed = self.feed.as_ref()?;
        let baseline = feed.baseline(network);
        if baseline.is_none() {
            feed.attend(network);
        }
        baseline
    }

    /// Where use cases read from.
    pub(crate) fn reader(&self) -> &impl Reads {
        self.database.reader()
    }
}
