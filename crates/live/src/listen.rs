//! Hearing wake-ups over Redis, on a connection that is made again whenever it breaks.

use std::time::Duration;

use convene_domain::{change::Position, id::NetworkId};
use futures::StreamExt;
use redis::{Client, IntoConnectionInfo, RedisError};
use tracing::{info, warn};

use crate::{AddressError, CHANNEL, Feed};

/// How long to wait before the connection is tried again, at first and at most. The heads are read meanwhile.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// How long the connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(2);

/// A client for the Redis at an address.
pub(crate) fn client(url: &str) -> Result<Client, AddressError> {
    let info = url.into_connection_info().map_err(AddressError)?;
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Client::open(info.set_tcp_settings(tcp)).map_err(AddressError)
}

/// Listens for ever.
pub(crate) async fn run(client: Client, feed: Feed) {
    let (mut pause, mut lost) = (BACK_OFF.0, false);
    loop {
        match tokio::time::timeout(CONNECTING, subscribe(&client)).await {
            Ok(Ok(messages)) => {
                if lost {
                    info!("wake-ups from Redis are heard again");
                }
                pause = BACK_OFF.0;
                hear(messages, &feed).await;
                warn!("wake-ups from Redis are no longer heard; changes of others come a little later");
            }
            Ok(Err(error)) if !lost => warn!(%error, "wake-ups from Redis are not heard; changes of others come a little later"),
            Err(_) if !lost => warn!("Redis does not answer in time; changes of others come a little later"),
            _ => {}
        }
        lost = true;
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACK_OFF.1);
    }
}

async fn subscribe(client: &Client) -> Result<redis::aio::PubSub, RedisError> {
    let mut connection = client.get_async_pubsub().await?;
    connection.subscribe(CHANNEL).await?;
    Ok(connection)
}

/// Passes wake-ups on until the connection breaks.
async fn hear(mut connection: redis::aio::PubSub, feed: &Feed) {
    // What was said before now was not heard. Whoever cannot read the heads now does so a moment later anyway.
    let _ = feed.look().await;
    let mut messages = connection.on_message();
    while let Some(message) = messages.next().await {
        match message.get_payload::<String>().ok().as_deref().and_then(parse) {
            Some((network, position)) => feed.wake(network, position),
            None => warn!("a wake-up from Redis cannot be read"),
        }
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
