//! The client's side of graphql-transport-ws.

use std::time::Duration;

use axum::http::{HeaderValue, Uri};
use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, client::IntoClientRequest, protocol::CloseFrame},
};

/// A server that does not take the connection by then is as good as down.
const CONNECT: Duration = Duration::from_secs(10);

/// The server pings every 20 s.
const SILENCE: Duration = Duration::from_secs(60);

/// Codes of errors that pass.
const PASSING: [&str; 4] = ["LAGGED", "SHUTTING_DOWN", "UNAVAILABLE", "DEADLINE_EXCEEDED"];

/// What ends a connection.
#[derive(Debug)]
pub(super) enum Ending {
    /// Another one may do better.
    Lost(String),
    /// Another one would end the same.
    Refused(String),
}

/// An acknowledged connection.
pub(super) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The id of the operation that was started last.
    last: u32,
}

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    id: Option<String>,
    payload: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct Answer {
    data: Option<Box<RawValue>>,
    #[serde(default)]
    errors: Vec<GraphqlError>,
}

#[derive(Deserialize)]
struct GraphqlError {
    message: String,
    #[serde(default)]
    extensions: Value,
}

impl Client {
    pub(super) async fn connect(url: &Uri, token: Option<&str>) -> Result<Self, Ending> {
        let lost = |error: &dyn std::fmt::Display| Ending::Lost(format!("cannot connect: {error}"));
        let mut request = url.into_client_request().map_err(|error| lost(&error))?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let (socket, _) = match timeout(CONNECT, connect_async(request)).await {
            // There is a server, and it does not serve this here.
            Ok(Err(tungstenite::Error::Http(answer))) if answer.status().is_client_error() => {
                return Err(Ending::Refused(format!("there is no such service: it answers {}", answer.status())));
            }
            Ok(connected) => connected.map_err(|error| lost(&error))?,
            Err(_) => return Err(lost(&format!("no answer for {} s", CONNECT.as_secs()))),
        };
        let mut client = Self { socket, last: 0 };
        let payload = token.map_or(json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
        client.send(&json!({ "type": "connection_init", "payload": payload })).await?;
        while client.receive().await?.kind != "connection_ack" {}
        Ok(client)
    }

    /// Starts an operation. Nothing more is heard of the one before.
    pub(super) async fn start(&mut self, query: &str, variables: &Value) -> Result<(), Ending> {
        self.last += 1;
        let payload = json!({ "query": query, "variables": variables });
        self.send(&json!({ "type": "subscribe", "id": self.last.to_string(), "payload": payload })).await
    }

    /// The data of the operation's next answer.
    pub(super) async fn next<T>(&mut self) -> Result<T, Ending>
    where
        T: for<'de> Deserialize<'de>,
    {
        let id = self.last.to_string();
        loop {
            let message = self.receive().await?;
            if message.id.as_ref() != Some(&id) {
                continue;
            }
            match (message.kind.as_str(), message.payload) {
                ("next", Some(payload)) => {
                    let answer: Answer = read(payload.get())?;
                    // What lacks a part is not shown as if it were whole.
                    return match (answer.data, answer.errors.is_empty()) {
                        (Some(data), true) => read(data.get()),
                        _ => Err(failed(&answer.errors)),
                    };
                }
                ("error", Some(payload)) => return Err(failed(&read::<Vec<GraphqlError>>(payload.get())?)),
                ("complete", _) => return Err(Ending::Lost("the server ended the operation".to_owned())),
                _ => {}
            }
        }
    }

    async fn send(&mut self, message: &Value) -> Result<(), Ending> {
        match timeout(SILENCE, self.socket.send(message.to_string().into())).await {
            Ok(sent) => sent.map_err(|error| broken(&error)),
            Err(_) => Err(silent()),
        }
    }

    /// The next message that is not only a sign of life.
    async fn receive(&mut self) -> Result<Message, Ending> {
        loop {
            let received = timeout(SILENCE, self.socket.next()).await.map_err(|_| silent())?;
            let text = match received {
                Some(Ok(tungstenite::Message::Text(text))) => text,
                Some(Ok(tungstenite::Message::Close(frame))) => return Err(closed(frame.as_ref())),
                // tungstenite itself answers a ping.
                Some(Ok(_)) => continue,
                Some(Err(error)) => return Err(broken(&error)),
                None => return Err(Ending::Lost("the connection ended".to_owned())),
            };
            let message: Message = read(&text)?;
            match message.kind.as_str() {
                "ping" => self.send(&json!({ "type": "pong", "payload": message.payload })).await?,
                "pong" => {}
                _ => return Ok(message),
            }
        }
    }
}

/// Reads what the server sent.
pub(super) fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Result<T, Ending> {
    serde_json::from_str(text).map_err(|error| Ending::Refused(format!("the server's answer is not understood: {error}")))
}

fn broken(error: &tungstenite::Error) -> Ending {
    Ending::Lost(format!("the connection broke off: {error}"))
}

fn silent() -> Ending {
    Ending::Lost(format!("nothing was heard of the server for {} s", SILENCE.as_secs()))
}

/// The codes of the protocol blame the client, but for one about time.
fn closed(frame: Option<&CloseFrame>) -> Ending {
    let (code, reason) = frame.map_or((1005, ""), |frame| (frame.code.into(), frame.reason.as_str()));
    match code {
        4403 => Ending::Refused("the token is not, or no longer, valid (UNAUTHENTICATED)".to_owned()),
        4400..4500 if code != 4408 => Ending::Refused(format!("the server closed the connection: {code} {reason}")),
        _ => Ending::Lost(format!("the server closed the connection: {code} {reason}")),
    }
}

fn failed(errors: &[GraphqlError]) -> Ending {
    let code = |error: &GraphqlError| error.extensions["code"].as_str().unwrap_or("without a code").to_owned();
    let told: Vec<_> = errors.iter().map(|error| format!("{} ({})", error.message, code(error))).collect();
    let told = if told.is_empty() { "an answer without data".to_owned() } else { told.join("; ") };
    if !errors.is_empty() && errors.iter().all(|error| PASSING.contains(&code(error).as_str())) {
        return Ending::Lost(told);
    }
    Ending::Refused(told)
}
