//! Writing through the API and following it, as its clients do.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::{
    planted,
    program::{DEADLINE, Service, succeed},
};

/// Makes a token on a database.
pub fn token(address: &str) -> String {
    succeed(address, &["token", "create", "--name", "test"]).trim().to_owned()
}

/// Someone who writes, with a token.
#[derive(Clone)]
pub struct Writer {
    pub url: String,
    pub token: String,
    client: reqwest::Client,
}

impl Writer {
    pub fn new(service: &Service, token: &str) -> Self {
        Self::at(&service.url, token)
    }

    /// Someone who writes at the service with this address.
    pub fn at(url: &str, token: &str) -> Self {
        Self { url: format!("{url}/graphql"), token: token.to_owned(), client: reqwest::Client::new() }
    }

    /// Asks a query and gives the whole answer.
    pub async fn query(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let request = self.client.post(&self.url).bearer_auth(&self.token).json(&body);
        request.send().await.expect("answers").json().await.expect("JSON")
    }

    /// Sends a mutation and gives the whole answer; none when the service did not answer.
    pub async fn send(&self, mutation: &str, input: &Value, select: &str) -> Option<Value> {
        planted::plant(input);
        let kind = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        let query = format!(
            "mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ cursor userErrors {{ code message field currentRevision }} {select} }} }}"
        );
        let request = self
            .client
            .post(&self.url)
            .bearer_auth(&self.token)
            .json(&json!({ "query": query, "variables": { "input": input } }));
        request.send().await.ok()?.json().await.ok()
    }

    /// Sends a mutation with a new key and gives its payload, whatever it says.
    pub async fn ask(&self, mutation: &str, mut input: Value, select: &str) -> Value {
        if input.get("idempotencyKey").is_none() {
            input["idempotencyKey"] = json!(uuid::Uuid::new_v4().to_string());
        }
        let mut answer = self.send(mutation, &input, select).await.expect("answers");
        assert!(answer.get("errors").is_none(), "{mutation} {input}: {answer}");
        answer["data"][mutation].take()
    }

    /// Sends a mutation that has to succeed and gives its payload.
    pub async fn done(&self, mutation: &str, input: Value, select: &str) -> Value {
        let payload = self.ask(mutation, input.clone(), select).await;
        assert_eq!(payload["userErrors"], json!([]), "{mutation} {input}");
        payload
    }

    /// Sends a mutation that has to succeed and gives the id and revision of the record under the name.
    pub async fn make(&self, mutation: &str, input: Value, noun: &str) -> (String, i64) {
        let payload = self.done(mutation, input, &format!("{noun} {{ id revision }}")).await;
        (text(&payload[noun]["id"]), payload[noun]["revision"].as_i64().expect("a revision"))
    }
}

/// A JSON string's text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Someone who follows, over one connection with one operation.
pub struct Follower {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The cursor of the last item.
    pub cursor: String,
}

/// What every test asks of what it follows. The whole record is asked for, so that items can be compared by the byte.
pub const REPORTS: &str = "subscription ($within: ID!, $after: String) { gatheringReportChanged(within: $within, after: $after) { \
    cursor change { kind effect entityType entityId revision occurredAt recordedAt } \
    report { id revision status audience attendance items { kind text } gathering { id title hosts { slug } } } community { id slug } } }";

/// The same of everything in a place.
pub const EVERYTHING: &str = "subscription ($within: ID!, $after: String) { changed(within: $within, after: $after) { \
    cursor change { kind effect entityType entityId revision occurredAt recordedAt } entity { __typename id } } }";

impl Follower {
    /// Begins to follow, and takes the checkpoint that comes first.
    pub async fn start(service: &Service, token: Option<&str>, query: &str, within: &str, after: Option<&str>) -> Self {
        let (mut follower, first) = Self::open(service, token, query, json!({ "within": within, "after": after })).await;
        let item = follower.item(&first);
        assert_eq!(item["change"], Value::Null, "the first item is a checkpoint: {first}");
        follower
    }

    /// Sends an operation and gives its first message.
    pub async fn open(service: &Service, token: Option<&str>, query: &str, variables: Value) -> (Self, String) {
        let mut follower = Self::connect(service, token).await;
        assert!(follower.message().await.contains("connection_ack"));
        follower.subscribe("1", query, variables).await;
        let first = follower.message().await;
        (follower, first)
    }

    /// Connects, and says who it is.
    async fn connect(service: &Service, token: Option<&str>) -> Self {
        let mut request =
            format!("{}/graphql", service.url.replace("http://", "ws://")).into_client_request().expect("an address");
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let (socket, _) = tokio_tungstenite::connect_async(request).await.expect("connects");
        let mut follower = Self { socket, cursor: String::new() };
        let payload = token.map_or(json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
        follower.say(json!({ "type": "connection_init", "payload": payload })).await;
        follower
    }

    /// Signs in with a token that is refused, and gives the code with which the socket is closed.
    pub async fn refused(service: &Service, token: &str) -> u16 {
        let mut follower = Self::connect(service, Some(token)).await;
        match tokio::time::timeout(DEADLINE, follower.socket.next()).await.expect("in time").expect("a message") {
            Ok(Message::Close(Some(frame))) => frame.code.into(),
            other => panic!("{other:?}"),
        }
    }

    /// Sends an operation.
    pub async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        self.say(json!({ "type": "subscribe", "id": id, "payload": { "query": query, "variables": variables } })).await;
    }

    async fn say(&mut self, message: Value) {
        self.socket.send(Message::text(message.to_string())).await.expect("is sent");
    }

    /// The next message, as its text.
    pub async fn message(&mut self) -> String {
        loop {
            let message = tokio::time::timeout(DEADLINE, self.socket.next()).await.expect("in time").expect("a message");
            match message.expect("is received") {
                Message::Text(text) => return text.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn item(&mut self, message: &str) -> Value {
        let message: Value = serde_json::from_str(message).expect("JSON");
        assert_eq!(message["type"], "next", "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        let data = message["payload"]["data"].as_object().expect("data");
        let item = data.values().next().expect("an item").clone();
        self.cursor = text(&item["cursor"]);
        item
    }

    /// The next message that tells of a change, as its text, with the item in it.
    pub async fn change(&mut self) -> (String, Value) {
        loop {
            let message = self.message().await;
            let item = self.item(&message);
            if !item["change"].is_null() {
                return (message, item);
            }
        }
    }

    /// The next so many messages that tell of changes.
    pub async fn changes(&mut self, count: usize) -> Vec<(String, Value)> {
        let mut changes = Vec::new();
        while changes.len() < count {
            changes.push(self.change().await);
        }
        changes
    }
}

/// A short form of an item: what happened, and what it means here.
pub fn brief(item: &Value) -> String {
    let change = &item["change"];
    format!("{} {} {}", text(&change["kind"]), text(&change["effect"]), text(&change["entityId"]))
}

/// A road to a server that can be closed: whoever uses it then finds that nobody answers.
pub struct Road {
    pub address: SocketAddr,
    open: Arc<Mutex<Vec<JoinHandle<()>>>>,
    accepting: JoinHandle<()>,
}

impl Road {
    /// Opens a road to a server.
    pub async fn open(to: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let open: Arc<Mutex<Vec<JoinHandle<()>>>> = Arc::default();
        let travellers = Arc::clone(&open);
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let to = to.clone();
                let traveller = tokio::spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(&to).await {
                        // However it ends, it has ended.
                        let _ = copy_bidirectional(&mut near, &mut far).await;
                    }
                });
                travellers.lock().expect("is whole").push(traveller);
            }
        });
        Self { address, open, accepting }
    }

    /// Closes it, with everyone on it.
    pub fn close(&self) {
        self.accepting.abort();
        for traveller in self.open.lock().expect("is whole").drain(..) {
            traveller.abort();
        }
    }
}

/// Waits until something is so.
pub async fn until<F: Future<Output = bool>>(what: &str, is_so: impl Fn() -> F) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}
