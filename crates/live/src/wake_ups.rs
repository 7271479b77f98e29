//! Sending wake-ups: telling other processes that a log has grown.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use convene_domain::change::Head;
use metrics::Counter;
use redis::{Client, RedisError, aio::MultiplexedConnection};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout},
};

use crate::{
    health::{Health, Redis, Road},
    listen,
};

/// The Redis channel of wake-ups. A message is the network, the position and the change at it, with blanks between.
pub const CHANNEL: &str = "convene:heads";

/// How long Redis may take to answer. What comes later is no faster than looking.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// How often Redis is asked for a sign of life, and how soon after a failure it is tried again.
const CHECK: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(250);

/// How many wake-ups may wait to be sent, and how many are sent together.
const WAITING: usize = 1_024;
const BATCH: usize = 128;

static SENT: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("convene_wake_ups_sent_total"));
static FAILED: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("convene_wake_ups_failed_total"));

/// The address of Redis is not one that can be used.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis cannot be used")]
pub struct AddressError(#[source] pub(crate) RedisError);

/// Sends wake-ups, from a task of its own: nobody who writes waits for Redis. Clones share the connection, which is made when it is
/// first needed.
#[derive(Debug, Clone)]
pub struct WakeUps {
    redis: Option<Sender>,
}

#[derive(Debug, Clone)]
struct Sender {
    client: Client,
    jobs: mpsc::Sender<Job>,
    health: Arc<Health>,
}

#[derive(Debug)]
enum Job {
    Publish(String),
    /// Only to see whether Redis is there.
    Check,
    /// Told when everything before it is done.
    Flush(oneshot::Sender<()>),
}

impl WakeUps {
    /// Sends through the Redis at an address; without one there is no other process to wake. Has to be called on a runtime.
    ///
    /// # Errors
    ///
    /// Fails if the address is none. Whether Redis answers shows only when something is sent.
    pub fn try_new(redis_url: Option<&str>) -> Result<Self, AddressError> {
        let Some(url) = redis_url else { return Ok(Self { redis: None }) };
        let client = listen::client(url)?;
        let (jobs, queue) = mpsc::channel(WAITING);
        let health: Arc<Health> = Arc::default();
        // It ends with the last clone.
        tokio::spawn(deliver(client.clone(), queue, Arc::clone(&health)));
        Ok(Self { redis: Some(Sender { client, jobs, health }) })
    }

    /// Says how far logs have grown, after the commit, and waits for nothing. What cannot be sent is lost: others look for themselves.
    pub fn send(&self, heads: &[Head]) {
        let Some(Sender { jobs, .. }) = &self.redis else { return };
        for head in heads {
            let message = format!("{} {} {}", head.log.network, head.position, head.change);
            if jobs.try_send(Job::Publish(message)).is_err() {
                FAILED.increment(1);
            }
        }
    }

    /// Waits until what was said so far was sent, or could not be, but not for long.
    pub async fn flush(&self) {
        let Some(Sender { jobs, .. }) = &self.redis else { return };
        let (told, done) = oneshot::channel();
        let flushing = async {
            if jobs.send(Job::Flush(told)).await.is_ok() {
                let _ = done.await;
            }
        };
        let _ = timeout(PATIENCE * 2, flushing).await;
    }

    /// Whether Redis carries wake-ups at the moment.
    pub fn redis(&self) -> Redis {
        self.redis.as_ref().map_or(Redis::None, |sender| sender.health.redis())
    }

    /// Where to listen, if there is a Redis. From now on it is looked after even when there is nothing to send.
    pub(crate) fn hearing(&self) -> Option<(Client, Arc<Health>)> {
        let Sender { client, jobs, health } = self.redis.clone()?;
        health.await_both();
        let weak = jobs.downgrade();
        drop(jobs);
        tokio::spawn(async move {
            while let Some(jobs) = weak.upgrade() {
                // If it is full, it is looked after anyway.
                let _ = jobs.try_send(Job::Check);
                drop(jobs);
                tokio::time::sleep(CHECK).await;
            }
        });
        Some((client, health))
    }
}

/// Does all jobs, one batch after the other.
async fn deliver(client: Client, mut queue: mpsc::Receiver<Job>, health: Arc<Health>) {
    let (mut connection, mut failed) = (None, None::<Instant>);
    let mut jobs = Vec::new();
    while queue.recv_many(&mut jobs, BATCH).await > 0 {
        let wake_ups = jobs.iter().filter(|job| matches!(job, Job::Publish(_))).count() as u64;
        let asks = jobs.iter().any(|job| !matches!(job, Job::Flush(_)));
        // While it is away, it is not asked for every single one.
        let resting = failed.is_some_and(|failed| failed.elapsed() < PAUSE);
        if asks && !resting {
            match timeout(PATIENCE, send(&client, &mut connection, &jobs)).await {
                Ok(Ok(())) => {
                    failed = None;
                    SENT.increment(wake_ups);
                    health.found(Road::Sending);
                }
                // An answer that comes too late would be taken for that of another question.
                outcome => {
                    (connection, failed) = (None, Some(Instant::now()));
                    FAILED.increment(wake_ups);
                    let cause = outcome.map_or_else(|_| "no answer in time".to_owned(), |sent| cause(sent.err()));
                    health.lost(Road::Sending, &cause);
                }
            }
        } else if resting {
            FAILED.increment(wake_ups);
        }
        for job in jobs.drain(..) {
            if let Job::Flush(told) = job {
                // Whoever wanted to know may no longer.
                let _ = told.send(());
            }
        }
    }
}

fn cause(error: Option<RedisError>) -> String {
    error.map(|error| error.to_string()).unwrap_or_default()
}

async fn send(client: &Client, connection: &mut Option<MultiplexedConnection>, jobs: &[Job]) -> Result<(), RedisError> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(client.get_multiplexed_async_connection().await?),
    };
    let mut messages = redis::pipe();
    for job in jobs {
        match job {
            Job::Publish(message) => messages.publish(CHANNEL, message).ignore(),
            Job::Check => messages.cmd("PING").ignore(),
            Job::Flush(_) => continue,
        };
    }
    messages.query_async(connection).await
}
