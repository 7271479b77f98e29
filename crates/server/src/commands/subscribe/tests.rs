//! Following a server that is made up, message by message.

use futures::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async,
    tungstenite::{
        Message,
        handshake::server::{Request, Response},
        protocol::CloseFrame,
    },
};

use super::*;

/// Nothing here takes this long unless it is broken.
const DEADLINE: Duration = Duration::from_secs(10);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(DEADLINE, what).await.unwrap()
}

struct Server {
    listener: TcpListener,
}

/// One connection as the server sees it.
struct Connection {
    socket: WebSocketStream<TcpStream>,
}

impl Server {
    async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    fn following(&self, place: &str, more: impl FnOnce(&mut SubscribeArgs)) -> Following {
        let url = endpoint(&format!("http://{}/graphql", self.listener.local_addr().unwrap())).unwrap();
        let mut arguments = SubscribeArgs { place: place.parse().unwrap(), url, token: None, after: None, json: false };
        more(&mut arguments);
        Following::new(arguments)
    }

    #[expect(clippy::result_large_err, reason = "as tungstenite has it")]
    async fn accept(&self) -> Connection {
        let (stream, _) = soon(self.listener.accept()).await.unwrap();
        let shake = |request: &Request, mut response: Response| {
            assert_eq!(request.uri().path(), "/graphql");
            response.headers_mut().insert("sec-websocket-protocol", request.headers()["sec-websocket-protocol"].clone());
            Ok(response)
        };
        Connection { socket: soon(accept_hdr_async(stream, shake)).await.unwrap() }
    }

    /// A connection that has come as far as the subscription.
    async fn subscribed(&self, after: Value) -> Connection {
        let mut connection = self.accept().await;
        connection.acknowledge(json!({})).await;
        connection.expect_subscription(after).await;
        connection
    }
}

impl Connection {
    async fn receive(&mut self) -> Value {
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                other => assert!(matches!(other, Message::Pong(_))),
            }
        }
    }

    async fn send(&mut self, message: Value) {
        self.socket.send(message.to_string().into()).await.unwrap();
    }

    async fn next(&mut self, id: &str, data: Value) {
        self.send(json!({ "type": "next", "id": id, "payload": { "data": data } })).await;
    }

    async fn error(&mut self, id: &str, code: &str) {
        let error = json!({ "message": "no", "extensions": { "code": code } });
        self.send(json!({ "type": "error", "id": id, "payload": [error] })).await;
    }

    async fn acknowledge(&mut self, payload: Value) {
        assert_eq!(self.receive().await, json!({ "type": "connection_init", "payload": payload }));
        self.send(json!({ "type": "connection_ack" })).await;
    }

    /// Answers the search for the place.
    async fn find(&mut self, variables: Value) {
        let message = self.receive().await;
        assert_eq!((&message["type"], &message["payload"]["variables"]), (&json!("subscribe"), &variables));
        self.next("1", json!({ "place": { "id": "com_1", "name": "Nairobi" } })).await;
        self.send(json!({ "type": "complete", "id": "1" })).await;
    }

    async fn expect_subscription(&mut self, after: Value) {
        let message = self.receive().await;
        assert_eq!(message["payload"], json!({ "query": SUBSCRIPTION, "variables": { "within": "com_1", "after": after } }));
    }

    async fn item(&mut self, id: &str, cursor: &str) {
        self.next(id, json!({ "gatheringReportChanged": item(cursor) })).await;
    }
}

/// An item; a checkpoint if its cursor says so.
fn item(cursor: &str) -> Value {
    let change =
        json!({ "kind": "UPDATED", "effect": "LEFT", "entityId": format!("rep_{cursor}"), "recordedAt": "2026-11-22T18:05:01Z" });
    let change = if cursor.starts_with("checkpoint") { Value::Null } else { change };
    json!({ "cursor": cursor, "change": change, "report": null, "community": null })
}

/// What was printed, and why it ended, when the server has played its part.
async fn played(mut following: Following, server: impl Future<Output = ()>) -> (Following, String, Option<String>) {
    let mut out = Vec::new();
    let (reason, ()) = soon(async { tokio::join!(following.run(&mut out), server) }).await;
    (following, String::from_utf8(out).unwrap(), reason.unwrap())
}

fn left(cursor: &str) -> String {
    format!("2026-11-22T18:05:01Z LEFT       rep_{cursor}\n")
}

#[tokio::test]
async fn it_goes_on_where_it_was_whatever_ends_the_connection() {
    let server = Server::start().await;
    let following = server.following("mending-table/nairobi", |arguments| arguments.token = Some("secret".to_owned()));
    let script = async {
        // Before it ever succeeded, too.
        drop(soon(server.listener.accept()).await);
        let token = json!({ "authorization": "Bearer secret" });
        let mut connection = server.accept().await;
        connection.acknowledge(token.clone()).await;
        connection.find(json!({ "network": "mending-table", "community": "nairobi" })).await;
        connection.expect_subscription(Value::Null).await;
        connection.item("2", "checkpoint").await;
        connection.item("2", "a").await;
        connection.item("2", "b").await;
        connection.socket.flush().await.unwrap();
        drop(connection);
        for (number, code) in ["LAGGED", "SHUTTING_DOWN", "UNAVAILABLE"].into_iter().enumerate() {
            let after = if number == 0 { "b".to_owned() } else { format!("c{}", number - 1) };
            let mut connection = server.accept().await;
            connection.acknowledge(token.clone()).await;
            connection.expect_subscription(json!(after)).await;
            connection.send(json!({ "type": "ping", "payload": { "at": 1 } })).await;
            assert_eq!(connection.receive().await, json!({ "type": "pong", "payload": { "at": 1 } }));
            connection.item("1", &format!("c{number}")).await;
            connection.error("1", code).await;
        }
        let mut connection = server.accept().await;
        connection.acknowledge(token.clone()).await;
        connection.expect_subscription(json!("c2")).await;
        connection.item("1", "checkpoint 2").await;
        connection.socket.close(Some(CloseFrame { code: 1001.into(), reason: "service is stopping".into() })).await.unwrap();
        let mut connection = server.accept().await;
        connection.acknowledge(token).await;
        connection.expect_subscription(json!("checkpoint 2")).await;
        connection.error("1", "CURSOR_EXPIRED").await;
    };
    let (following, printed, reason) = played(following, script).await;
    assert_eq!(printed, ["following Nairobi\n".to_owned(), left("a"), left("b"), left("c0"), left("c1"), left("c2")].concat());
    assert_eq!((reason.as_deref(), following.cursor.as_deref()), (Some("no (CURSOR_EXPIRED)"), Some("checkpoint 2")));
}

#[tokio::test]
async fn what_will_not_get_better_ends_it() {
    for code in ["SCOPE_CHANGED", "UNAUTHENTICATED", "NOT_FOUND", "BAD_CURSOR", "BAD_USER_INPUT", "TOO_COMPLEX"] {
        let server = Server::start().await;
        let mut following = server.following("nairobi", |arguments| arguments.after = Some("a".to_owned()));
        following.found = Some(Found { id: "com_1".to_owned(), name: "Nairobi".to_owned() });
        let script = async { server.subscribed(json!("a")).await.error("1", code).await };
        let (following, printed, reason) = played(following, script).await;
        assert_eq!((printed, reason), (String::new(), Some(format!("no ({code})"))));
        assert_eq!(following.cursor.as_deref(), Some("a"));
    }
    let server = Server::start().await;
    let script = async {
        let mut connection = server.accept().await;
        connection.receive().await;
        connection.socket.close(Some(CloseFrame { code: 4403.into(), reason: "Forbidden".into() })).await.unwrap();
    };
    let (_, _, reason) = played(server.following("nairobi", |_| ()), script).await;
    assert!(reason.unwrap().contains("UNAUTHENTICATED"));
    let script = async {
        let mut connection = server.accept().await;
        connection.acknowledge(json!({})).await;
        connection.receive().await;
        connection.next("1", json!({ "place": null })).await;
    };
    let (_, _, reason) = played(server.following("nairobi", |_| ()), script).await;
    assert!(reason.unwrap().contains("NOT_FOUND"));
}

/// A report that could not be loaded is not a hidden one.
#[tokio::test]
async fn an_item_that_lacks_a_part_is_asked_for_again() {
    let server = Server::start().await;
    let mut following = server.following("nairobi", |_| ());
    following.found = Some(Found { id: "com_1".to_owned(), name: "Nairobi".to_owned() });
    let script = async {
        let mut connection = server.subscribed(Value::Null).await;
        connection.item("1", "a").await;
        let errors = json!([{ "message": "no", "extensions": { "code": "UNAVAILABLE" } }]);
        let data = json!({ "gatheringReportChanged": item("b") });
        connection.send(json!({ "type": "next", "id": "1", "payload": { "data": data, "errors": errors } })).await;
        let mut connection = server.subscribed(json!("a")).await;
        connection.item("1", "b").await;
        connection.error("1", "SCOPE_CHANGED").await;
    };
    let (_, printed, _) = played(following, script).await;
    assert_eq!(printed, ["following Nairobi\n".to_owned(), left("a"), left("b")].concat());
}

#[tokio::test]
async fn as_json_every_item_is_a_line() {
    let server = Server::start().await;
    let mut following = server.following("nairobi", |arguments| arguments.json = true);
    following.found = Some(Found { id: "com_1".to_owned(), name: "Nairobi".to_owned() });
    let script = async {
        let mut connection = server.subscribed(Value::Null).await;
        connection.item("1", "checkpoint").await;
        connection.item("1", "a").await;
        connection.error("1", "SCOPE_CHANGED").await;
    };
    let (_, printed, _) = played(following, script).await;
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, [item("checkpoint"), item("a")]);
}

#[tokio::test]
async fn when_nobody_reads_it_ends_quietly() {
    let server = Server::start().await;
    let mut following = server.following("nairobi", |_| ());
    following.found = Some(Found { id: "com_1".to_owned(), name: "Nairobi".to_owned() });
    let (mut out, reader) = tokio::io::duplex(1_000);
    drop(reader);
    let script = async { server.subscribed(Value::Null).await.item("1", "a").await };
    let (reason, ()) = soon(async { tokio::join!(following.run(&mut out), script) }).await;
    assert_eq!((reason.unwrap(), following.cursor), (None, None));
}

#[test]
fn only_addresses_without_tls_are_taken() {
    for (text, expected) in [
        ("http://127.0.0.1:8080/graphql", "ws://127.0.0.1:8080/graphql"),
        ("ws://convene.example/graphql", "ws://convene.example/graphql"),
    ] {
        assert_eq!(endpoint(text).unwrap().to_string(), expected);
    }
    for text in ["https://convene.example/graphql", "wss://convene.example/graphql"] {
        assert!(endpoint(text).unwrap_err().contains("TLS"));
    }
    for text in ["", "convene.example", "ftp://convene.example", "http://"] {
        assert!(endpoint(text).is_err(), "{text}");
    }
}
