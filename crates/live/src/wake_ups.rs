//! Sending wake-ups: telling other processes that a log has grown.

use std::time::Duration;

use convene_domain::change::Head;
use redis::{
    RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tracing::warn;

use crate::listen;

/// The Redis channel of wake-ups. A message is the network, the position and the change at it, with blanks between.
pub const CHANNEL: &str = "convene:heads";

/// How long a wake-up may keep the write that sends it.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// The address of Redis is not one that can be used.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis cannot be used")]
pub struct AddressError(#[source] pub(crate) RedisError);

/// Sends wake-ups. Clones share the connection, which is made when it is first needed.
#[derive(Clone)]
pub struct WakeUps {
    redis: Option<ConnectionManager>,
}

impl std::fmt::Debug for WakeUps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WakeUps").field("redis", &self.redis.is_some()).finish()
    }
}

impl WakeUps {
    /// Sends through the Redis at an address; without one there is no other process to wake.
    ///
    /// # Errors
    ///
    /// Fails if the address is none. Whether Redis answers shows only when something is sent.
    pub fn try_new(redis_url: Option<&str>) -> Result<Self, AddressError> {
        let Some(url) = redis_url else { return Ok(Self { redis: None }) };
        let client = listen::client(url)?;
        // Who waits for Redis longer than this has lost more time than the wake-up saves.
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(PATIENCE)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(Self { redis: Some(ConnectionManager::new_lazy_with_config(client, config).map_err(AddressError)?) })
    }

    /// Says how far logs have grown, after the commit. A failure is logged and nothing else.
    pub async fn send(&self, heads: &[Head]) {
        let Some(mut redis) = self.redis.clone() else { return };
        let mut messages = redis::pipe();
        for head in heads {
            messages.publish(CHANNEL, format!("{} {} {}", head.log.network, head.position, head.change)).ignore();
        }
        match tokio::time::timeout(PATIENCE, messages.query_async::<()>(&mut redis)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "a wake-up was not sent; others will see the change a little later"),
            Err(_) => warn!("a wake-up was not sent in time; others will see the change a little later"),
        }
    }
}
