//! The limit to compare with: a bare WebSocket server on the same libraries, which sends ready-made frames to everyone.

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, Utf8Bytes, WebSocket},
    },
    http::StatusCode,
    response::Response,
    routing::{get, post},
    serve::ListenerExt,
};
use tokio::{
    net::TcpListener,
    sync::broadcast::{self, Sender},
};

/// How many frames a slow socket may fall behind before it is cut off.
const BACKLOG: usize = 1 << 14;

/// Serves on a free port until it is killed, and says where in the words of the service.
pub(crate) fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("no free port")?;
        let address = listener.local_addr()?;
        let router = Router::new().route("/graphql", get(follow)).route("/frames", post(send)).with_state(Sender::new(BACKLOG));
        eprintln!("serving http://{address}/graphql");
        // What is written is sent at once, as in the service. A socket that refuses this is only slower.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await.context("cannot serve")
    })
}

/// Sends a text to everyone. The answer does not wait until they have been told, as it does not in the service.
async fn send(State(frames): State<Sender<Utf8Bytes>>, text: String) -> StatusCode {
    tokio::spawn(async move { frames.send(text.into()) });
    StatusCode::NO_CONTENT
}

async fn follow(State(frames): State<Sender<Utf8Bytes>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(2_048)
        .write_buffer_size(0)
        .max_write_buffer_size(65_536)
        .max_message_size(64 << 10)
        .max_frame_size(64 << 10)
        .on_upgrade(move |socket| pass_on(socket, frames.subscribe()))
}

async fn pass_on(mut socket: WebSocket, mut frames: broadcast::Receiver<Utf8Bytes>) {
    loop {
        tokio::select! {
            frame = frames.recv() => {
                let Ok(frame) = frame else { return };
                if socket.send(Message::Text(frame)).await.is_err() {
                    return;
                }
            }
            received = socket.recv() => {
                if !matches!(received, Some(Ok(_))) {
                    return;
                }
            }
        }
    }
}
