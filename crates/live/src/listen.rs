//! Hearing wake-ups over Redis, on a connection that is made again whenever it breaks.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use convene_domain::{change::Position, id::NetworkId};
use futures::StreamExt;
use metrics::Counter;
use redis::{Client, IntoConnectionInfo, RedisError};
use tokio::time::{sleep, timeout};
use tracing::warn;

use crate::{
    AddressError, CHANNEL, Feed,
    health::{Health, Road},
    wake_ups::PATIENCE,
};

/// How long to wait before the connection is made again. The heads are read meanwhile.
const PAUSE: Duration = Duration::from_millis(250);
/// How often the connection is asked for a sign of life, and how long that may take. A Redis that is frozen, or cut off by the
/// network, closes nothing.
const BEAT: Duration = Duration::from_secs(1);

static HEARD: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("convene_wake_ups_heard_total"));

/// A client for the Redis at an address.
pub(crate) fn client(url: &str) -> Result<Client, AddressError> {
    let info = url.into_connection_info().map_err(AddressError)?;
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Client::open(info.set_tcp_settings(tcp)).map_err(AddressError)
}

/// Listens for ever.
pub(crate) async fn run(client: Client, health: Arc<Health>, feed: Feed) {
    loop {
        let cause = match timeout(PATIENCE, subscribe(&client)).await {
            Ok(Ok(connection)) => {
                health.found(Road::Hearing);
                hear(connection, &feed).await
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        health.lost(Road::Hearing, &cause);
        sleep(PAUSE).await;
    }
}

async fn subscribe(client: &Client) -> Result<redis::aio::PubSub, RedisError> {
    let mut connection = client.get_async_pubsub().await?;
    connection.subscribe(CHANNEL).await?;
    Ok(connection)
}

/// Passes wake-ups on until the connection breaks, and tells why it did.
async fn hear(connection: redis::aio::PubSub, feed: &Feed) -> String {
    let (mut questions, mut messages) = connection.split();
    let beating = async {
        loop {
            sleep(BEAT).await;
            match timeout(BEAT, questions.ping::<redis::Value>()).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return "no sign of life in time".to_owned(),
            }
        }
    };
    let hearing = async {
        // What was said before now was not heard. Whoever cannot read the heads now does so a moment later anyway.
        let _ = feed.look().await;
        while let Some(message) = messages.next().await {
            HEARD.increment(1);
            match message.get_payload::<String>().ok().as_deref().and_then(parse) {
                Some((network, position)) => feed.wake(network, position),
                None => warn!("a wake-up from Redis cannot be read"),
            }
        }
        "the connection was closed".to_owned()
    };
    tokio::select! {
        cause = beating => cause,
        cause = hearing => cause,
    }
}

/// Reads a message: the network, the position and the change at it. The change is for those who look on.
fn parse(message: &str) -> Option<(NetworkId, Position)> {
    let mut words = message.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_network_and_the_position() {
        let network = NetworkId::from_uuid(uuid::Uuid::from_u128(7));
        assert_eq!(parse(&format!("{network} 42 chg_0")), Some((network, 42)));
        for garbage in ["", "net_1 42", &format!("{network}"), &format!("{network} many")] {
            assert_eq!(parse(garbage), None, "{garbage}");
        }
    }
}
