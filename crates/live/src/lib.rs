//! Wake-ups: telling whoever follows a network that its log has grown.
//!
//! A wake-up is the fast road and nothing more. The log is in the database; who misses a wake-up reads the head a
//! moment later. So a wake-up is sent after the commit, its failure is no failure of the write, and it is never waited
//! for longer than [`PATIENCE`].

#![warn(missing_docs)]

use std::time::Duration;

use convene_domain::change::Head;
use redis::{
    Client, IntoConnectionInfo, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tracing::warn;

/// The Redis channel of wake-ups. A message is the network, the position and the change at it, with blanks between.
pub const CHANNEL: &str = "convene:heads";

/// How long a wake-up may keep the write that sends it.
pub const PATIENCE: Duration = Duration::from_millis(300);

/// The address of Redis is not one that can be used.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis cannot be used")]
pub struct AddressError(#[source] RedisError);

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
        let info = url.into_connection_info().map_err(AddressError)?;
        let tcp = info.tcp_settings().clone().set_nodelay(true);
        let client = Client::open(info.set_tcp_settings(tcp)).map_err(AddressError)?;
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
            messages.publish(CHANNEL, format!("{} {} {}", head.network, head.position, head.change)).ignore();
        }
        match tokio::time::timeout(PATIENCE, messages.query_async::<()>(&mut redis)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!(%error, "a wake-up was not sent; others will see the change a little later"),
            Err(_) => warn!("a wake-up was not sent in time; others will see the change a little later"),
        }
    }
}
