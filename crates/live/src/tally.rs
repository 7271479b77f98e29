//! Counts that processes share.

use std::time::Duration;

use redis::{Client, RedisError, aio::MultiplexedConnection};
use tokio::time::timeout;

use crate::{AddressError, listen};

/// How long Redis may take to answer.
const PATIENCE: Duration = Duration::from_millis(300);

/// What the keys of counts begin with.
const PREFIX: &str = "convene:spent";

/// The counts could not be shared.
#[derive(Debug, thiserror::Error)]
pub enum TallyError {
    /// Redis did not answer in time.
    #[error("no answer in time")]
    Late,
    /// Redis is away, or did not do it.
    #[error(transparent)]
    Redis(#[from] RedisError),
}

/// Counts that processes share through Redis, by period and by name. They are forgotten soon after their period.
#[derive(Debug)]
pub struct Tally {
    client: Client,
    connection: Option<MultiplexedConnection>,
}

impl Tally {
    /// Counts in the Redis at an address.
    ///
    /// # Errors
    ///
    /// Fails if the address is none. Whether Redis answers shows only when something is counted.
    pub fn try_new(redis_url: &str) -> Result<Self, AddressError> {
        Ok(Self { client: listen::client(redis_url)?, connection: None })
    }

    /// Adds to counts of a period that is so long, and answers what they are now, in the same order. All of it is one round trip.
    ///
    /// # Errors
    ///
    /// Fails if Redis does not answer soon; whether it has counted is not known then.
    pub async fn add(&mut self, period: u64, length: Duration, amounts: &[(String, u64)]) -> Result<Vec<u64>, TallyError> {
        let adding = async {
            let connection = match &mut self.connection {
                Some(connection) => connection,
                none => none.insert(self.client.get_multiplexed_async_connection().await?),
            };
            let mut pipe = redis::pipe();
            for (name, amount) in amounts {
                let key = format!("{PREFIX}:{period}:{name}");
                pipe.cmd("INCRBY").arg(&key).arg(*amount).cmd("EXPIRE").arg(&key).arg(2 * length.as_secs()).ignore();
            }
            pipe.query_async::<Vec<u64>>(connection).await
        };
        let outcome = match timeout(PATIENCE, adding).await {
            Ok(outcome) => outcome.map_err(TallyError::Redis),
            Err(_) => Err(TallyError::Late),
        };
        if outcome.is_err() {
            // An answer that comes too late would be taken for that of another question.
            self.connection = None;
        }
        outcome
    }
}
