//! `/graphql` over WebSocket, by the protocol graphql-transport-ws.
//!
//! One task serves a socket. It reads whenever there is something to read, and asks the operations for events only while the socket
//! takes them: whoever reads slowly slows down nobody else, and nothing piles up for it.

mod allowance;
mod connection;
mod conversation;
mod operations;
mod protocol;
#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::{
    extract::{
        Request,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    response::Response,
};
use convene_graphql::{error::ErrorCode, guard::Refusal};
use tracing::{Instrument, info_span};

use self::{connection::Socket, operations::LARGEST_MESSAGE, protocol::SUBPROTOCOL};
use super::{Http, answer, observe::RequestId};
use crate::meters;

/// Of each of the two buffers that a socket has even when idle; the usual 128 KiB would make thousands of sockets expensive. Small
/// messages are written together when they fill one, or when there are no more.
const BUFFER: usize = 2 << 10;

/// How long a socket waits.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// For the first message.
    init: Duration,
    /// Before it asks for a sign of life.
    ping: Duration,
    /// For any sign of life.
    silence: Duration,
    /// For the peer to take what was written.
    write: Duration,
    /// For operations to end when the service stops.
    finish: Duration,
    /// For the peer to say goodbye.
    farewell: Duration,
}

impl Patience {
    /// That of a service which lets what runs go on for so long when it stops.
    pub(crate) fn with_grace(grace: Duration) -> Self {
        let patience = Self::default();
        // The goodbyes are part of it.
        Self { finish: grace.saturating_sub(patience.farewell), ..patience }
    }

    /// The same, but so long for the first message, before it asks for a sign of life, and for any.
    pub(crate) fn with_peers(self, [init, ping, silence]: [Duration; 3]) -> Self {
        Self { init, ping, silence, ..self }
    }
}

impl Default for Patience {
    fn default() -> Self {
        let [init, ping, silence, write, finish, farewell] = [3, 20, 60, 30, 2, 2].map(Duration::from_secs);
        Self { init, ping, silence, write, finish, farewell }
    }
}

/// Answers a request for a socket, and serves the socket in a task of its own.
pub(super) fn accept(http: Http, upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>, request: &Request) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade.protocols([SUBPROTOCOL]),
        Err(rejection) => return refuse(format!("this is no handshake of a WebSocket: {}", rejection.body_text())),
    };
    if upgrade.selected_protocol().is_none() {
        return refuse(format!("sockets speak the subprotocol {SUBPROTOCOL}"));
    }
    let span = info_span!("socket", request_id = request.extensions().get().map_or("", RequestId::as_str));
    // Taken before the answer, so that the service cannot stop in between without noticing.
    let open = http.open.token();
    let limit = http.sockets.message;
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        // A message that does not fit would fail for good. But it never holds more than one message, for another is only put in
        // when this one is out, the rest of a buffer before it, and a few pongs.
        .max_write_buffer_size(LARGEST_MESSAGE + (64 << 10))
        .max_message_size(limit)
        .max_frame_size(limit)
        .on_upgrade(move |peer| {
            let serving = async move {
                let _open = (open, meters::Open::new(&meters::SOCKETS));
                Socket::new(http, peer).serve().await;
            };
            serving.instrument(span)
        })
}

fn refuse(message: String) -> Response {
    answer::refuse(Refusal::new(ErrorCode::MalformedRequest, message))
}
