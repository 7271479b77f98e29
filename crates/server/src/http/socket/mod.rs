//! `/graphql` over WebSocket, by the protocol graphql-transport-ws.
//!
//! One task serves a socket. It reads whenever there is something to read, and asks the operations for events only while the socket
//! takes them: whoever reads slowly slows down nobody else, and nothing piles up for it.

mod allowance;
mod connection;
mod conversation;
mod frames;
mod operations;
mod pipe;
mod protocol;
#[cfg(test)]
mod tests;

use std::time::Duration;

use anyhow::anyhow;
use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::HeaderValue,
    response::Response,
};
use convene_graphql::{error::ErrorCode, guard::Refusal};
use hyper::{
    header::SEC_WEBSOCKET_PROTOCOL,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::server::create_response_with_body,
        protocol::{Role, WebSocketConfig},
    },
};
use tracing::{Instrument, debug, info_span};

use self::{connection::Socket, pipe::Pipe, protocol::SUBPROTOCOL};
use super::{Http, answer, observe::RequestId, rates::Client};
use crate::{meters, serve::Connection};

/// The buffer that a socket has for reading even when idle; the usual 128 KiB would make thousands of sockets expensive.
const READ_BUFFER: usize = 512;

/// What the WebSocket has room for of its own frames, which go on into the pipe at once.
const WRITE_BUFFER: usize = 4 << 10;

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

/// Answers a request for a socket, and serves the socket in a task of its own, on the runtime of those who follow: whoever
/// asks for an answer does not wait until thousands were sent theirs.
pub(super) fn accept(http: Http, mut request: Request) -> Response {
    if let Err(refusal) = http.origins.allow_socket(request.headers()) {
        return answer::refuse(refusal);
    }
    let from = http.rates.from(request.headers(), request.extensions().get().copied());
    let upgrade = hyper::upgrade::on(&mut request);
    let mut response = match create_response_with_body(&request, Body::empty) {
        Ok(response) => response,
        Err(error) => return refuse(format!("this is no handshake of a WebSocket: {error}")),
    };
    let offered = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter().filter_map(|offered| offered.to_str().ok());
    if !offered.flat_map(|offered| offered.split(',')).any(|offered| offered.trim() == SUBPROTOCOL) {
        return refuse(format!("sockets speak the subprotocol {SUBPROTOCOL}"));
    }
    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    let span = info_span!("socket", request_id = request.extensions().get().map_or("", RequestId::as_str));
    // Taken before the answer, so that the service cannot stop in between without noticing.
    let open = http.open.token();
    let upgraded = async move {
        let socket = match open_socket(http, from, upgrade).await {
            Ok(socket) => socket,
            Err(error) => return debug!(%error, "a connection did not become a socket"),
        };
        // A task of its own again, and a small one: what the handshake took is given back.
        let serving = socket.http.serving.clone();
        serving.spawn(
            async move {
                let _open = (open, meters::Open::new(&meters::SOCKETS));
                socket.serve().await;
            }
            .instrument(span),
        );
    };
    tokio::spawn(upgraded);
    response
}

/// The socket that a connection has become, on the runtime that is to serve it.
async fn open_socket(http: Http, from: Client, upgrade: OnUpgrade) -> anyhow::Result<Box<Socket>> {
    let (connection, read) = take_over(upgrade).await?;
    let pipe = {
        let _there = http.serving.enter();
        Pipe::new(TcpStream::from_std(connection)?, &read)
    };
    // A copy: the buffer that it was read into is several KiB large, and would be kept.
    let peer = speak(pipe, read.to_vec(), http.sockets.message).await;
    let serving = http.serving.clone();
    let _there = serving.enter();
    Ok(Box::new(Socket::new(http, from, peer)))
}

/// A WebSocket over a connection, from which so much was read already, with messages of up to so many bytes.
async fn speak(pipe: Pipe, read: Vec<u8>, message: usize) -> WebSocketStream<Pipe> {
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BUFFER)
        .max_message_size(Some(message))
        .max_frame_size(Some(message));
    WebSocketStream::from_partially_read(pipe, read, Role::Server, Some(config)).await
}

/// Takes the connection out of the server's hands, with what it has read already.
async fn take_over(upgrade: OnUpgrade) -> anyhow::Result<(std::net::TcpStream, Bytes)> {
    let upgraded: Upgraded = upgrade.await?;
    let parts = upgraded.downcast::<TokioIo<Connection>>().map_err(|_| anyhow!("it is none of ours"))?;
    Ok((parts.io.into_inner().into_stream().into_std()?, parts.read_buf))
}

fn refuse(message: String) -> Response {
    answer::refuse(Refusal::new(ErrorCode::MalformedRequest, message))
}
