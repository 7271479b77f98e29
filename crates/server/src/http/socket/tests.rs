//! Sockets of a real server, with operations that the tests make up.

mod conversation;
mod pace;
mod unfinished;

use std::{
    collections::HashMap,
    future::{self, Future},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use axum::body::Bytes;
use convene_domain::access::Caller;
use convene_graphql::{
    follow::{Event, Following, Item, Started},
    request::{GraphqlRequest, Outcome},
};
use convene_live::Redis;
use futures::{FutureExt, SinkExt, StreamExt, stream};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{
        Semaphore,
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    },
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{self, client::IntoClientRequest},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::*;
use crate::{
    http::{Live, Rate, Rates, SocketLimits},
    serve::Server,
};

/// Nothing here takes this long unless it is broken.
const DEADLINE: Duration = Duration::from_secs(10);

const LONG: Patience =
    Patience { init: DEADLINE, ping: DEADLINE, silence: DEADLINE, write: DEADLINE, finish: DEADLINE, farewell: DEADLINE };

/// How many connections the server of a test takes.
const CONNECTIONS: usize = 64;

const WIDE: SocketLimits = SocketLimits { operations: 100, message: 1 << 18, rate: 1_000_000 };

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(DEADLINE, what).await.unwrap()
}

async fn until(condition: impl Fn() -> bool) {
    soon(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// What the made-up operations do, by the text of the query.
struct Operations {
    /// `feed NAME`: the events that the test sends.
    feeds: Mutex<HashMap<String, UnboundedReceiver<Event>>>,
    /// `hang`: how many have begun, and leave for them to end.
    hanging: AtomicUsize,
    release: Semaphore,
    /// `flood`: how many events were asked for, and what tells that it was dropped.
    flooded: Arc<AtomicUsize>,
    dried: CancellationToken,
}

impl Operations {
    async fn start(&self, caller: Caller, request: GraphqlRequest) -> Started {
        match request.query.split_once(' ').unwrap_or((&request.query, "")) {
            ("feed", name) => {
                let mut feed = self.feeds.lock().unwrap().remove(name).unwrap();
                follow(stream::poll_fn(move |context| feed.poll_recv(context)))
            }
            ("flood", _) => {
                let (flooded, dropped) = (Arc::clone(&self.flooded), self.dried.clone().drop_guard());
                let event = item(Bytes::from(format!("\"{}\"", "x".repeat(1 << 16))));
                follow(stream::poll_fn(move |_| {
                    let _dropped_with_this = &dropped;
                    flooded.fetch_add(1, Ordering::Relaxed);
                    Poll::Ready(Some(event.clone()))
                }))
            }
            ("hang", _) => {
                self.hanging.fetch_add(1, Ordering::Relaxed);
                self.release.acquire().await.unwrap().forget();
                done(json!({ "hung": true }))
            }
            ("caller", _) => done(json!({ "caller": format!("{caller:?}") })),
            ("large", bytes) => done(json!("x".repeat(bytes.parse().unwrap()))),
            ("panic", _) => panic!("as the test wants it"),
            _ => refused(ErrorCode::GraphqlParseFailed),
        }
    }
}

fn follow(events: impl futures::Stream<Item = Event> + Send + 'static) -> Started {
    Started::Following(Following::new(events, None, 1))
}

fn done(data: Value) -> Started {
    let response = async_graphql::Response::new(async_graphql::Value::from_json(data).unwrap());
    Started::Done(Box::new(Outcome { response, failure: None, operation: None, operation_name: None, cost: None, ready: None }))
}

fn refused(code: ErrorCode) -> Started {
    Started::Done(Box::new(Outcome::refused(Refusal::new(code, "no"))))
}

async fn authenticate(token: String) -> Result<Caller, Refusal> {
    match token.as_str() {
        "ana" => Ok(Caller::Operator),
        "later" => Err(Refusal::new(ErrorCode::Unavailable, "no")),
        "never" => future::pending().await,
        _ => Err(Refusal::new(ErrorCode::Unauthenticated, "no")),
    }
}

/// A running server with made-up operations.
struct Service {
    address: SocketAddr,
    operations: Arc<Operations>,
    open: TaskTracker,
    room: Arc<Semaphore>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Service {
    async fn start(patience: Patience) -> Self {
        Self::with_limits(patience, WIDE).await
    }

    async fn with_limits(patience: Patience, sockets: SocketLimits) -> Self {
        Self::with(patience, sockets, None).await
    }

    async fn with(patience: Patience, sockets: SocketLimits, rate: Option<u64>) -> Self {
        let operations = Arc::new(Operations {
            feeds: Mutex::default(),
            hanging: AtomicUsize::new(0),
            release: Semaphore::new(0),
            flooded: Arc::default(),
            dried: CancellationToken::new(),
        });
        let (stopping, open, stop) = (CancellationToken::new(), TaskTracker::new(), CancellationToken::new());
        let (started, room) = (Arc::clone(&operations), crate::http::room(1 << 18, 1 << 18));
        let http = Http {
            authenticate: Arc::new(|token| authenticate(token).boxed()),
            execute: Arc::new(|_, _| async { Outcome::internal() }.boxed()),
            export: Arc::new(|_, _| async { Err(Box::new(Outcome::internal())) }.boxed()),
            start: Arc::new(move |caller, request| {
                let operations = Arc::clone(&started);
                async move { operations.start(caller, request).await }.boxed()
            }),
            ping_database: Arc::new(|| async { Ok(()) }.boxed()),
            serving: tokio::runtime::Handle::current(),
            metrics: Arc::new(String::new),
            look_at_live: Arc::new(|| Live { reads_logs: true, redis: Redis::None }),
            stopping: stopping.clone(),
            open: open.clone(),
            body_limit: 1 << 18,
            room: Arc::clone(&room),
            body_timeout: patience.init,
            get_queries: false,
            origins: Arc::default(),
            rates: Rates::new(Rate::new(rate, 0), Rate::new(None, 0), 0),
            sockets,
            patience,
            explorer: false,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, crowded) = (crate::http::router(http.clone()), crate::http::crowded(http));
        let server = Server {
            listener,
            stopping,
            open: open.clone(),
            router,
            crowded,
            connections: CONNECTIONS,
            head_timeout: DEADLINE,
            write_timeout: DEADLINE,
            grace: DEADLINE,
        };
        let running = tokio::spawn(server.run(stop.clone().cancelled_owned()));
        Self { address, operations, open, room, stop, running }
    }

    /// The events of the operation `feed NAME`.
    fn feed(&self, name: &str) -> UnboundedSender<Event> {
        let (sender, receiver) = unbounded_channel();
        self.operations.feeds.lock().unwrap().insert(name.to_owned(), receiver);
        sender
    }

    async fn shake_hands(&self, subprotocol: Option<&'static str>) -> Result<Client, tungstenite::Error> {
        let mut request = format!("ws://{}/graphql", self.address).into_client_request().unwrap();
        if let Some(subprotocol) = subprotocol {
            request.headers_mut().insert("sec-websocket-protocol", subprotocol.parse().unwrap());
        }
        soon(connect_async(request)).await.map(|(socket, _)| Client { socket })
    }

    /// A client that has said nothing yet.
    async fn connect(&self) -> Client {
        self.shake_hands(Some(SUBPROTOCOL)).await.unwrap()
    }

    /// A client that may start operations.
    async fn client(&self) -> Client {
        let mut client = self.connect().await;
        client.send(json!({ "type": "connection_init" })).await;
        assert_eq!(client.receive().await, json!({ "type": "connection_ack" }));
        client
    }
}

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    async fn send(&mut self, message: Value) {
        soon(self.socket.send(message.to_string().into())).await.unwrap();
    }

    async fn subscribe(&mut self, id: &str, query: &str) {
        self.send(json!({ "type": "subscribe", "id": id, "payload": { "query": query } })).await;
    }

    async fn complete(&mut self, id: &str) {
        self.send(json!({ "type": "complete", "id": id })).await;
    }

    /// The next text, without what keeps the connection alive.
    async fn text(&mut self) -> String {
        loop {
            match soon(self.socket.next()).await.unwrap().unwrap() {
                tungstenite::Message::Text(text) => return text.to_string(),
                tungstenite::Message::Ping(_) | tungstenite::Message::Pong(_) => {}
                other => panic!("no text: {other:?}"),
            }
        }
    }

    async fn receive(&mut self) -> Value {
        serde_json::from_str(&self.text().await).unwrap()
    }

    /// Everything until the socket has answered a ping: what comes later was caused later.
    async fn received(&mut self) -> Vec<Value> {
        self.send(json!({ "type": "ping", "payload": "fence" })).await;
        let mut messages = Vec::new();
        loop {
            match self.receive().await {
                message if message == json!({ "type": "pong", "payload": "fence" }) => return messages,
                message => messages.push(message),
            }
        }
    }

    /// Code and reason of the close frame, which has to come next; an acknowledgement may have overtaken it.
    async fn closed(&mut self) -> (u16, String) {
        loop {
            match soon(self.socket.next()).await {
                Some(Ok(tungstenite::Message::Close(Some(frame)))) => return (frame.code.into(), frame.reason.to_string()),
                Some(Ok(tungstenite::Message::Text(text))) if text.contains("connection_ack") => {}
                other => panic!("not closed: {other:?}"),
            }
        }
    }
}

fn item(body: Bytes) -> Event {
    Event::Next(Item::new(body, None))
}

fn event(number: usize) -> Event {
    item(Bytes::from(json!({ "data": number }).to_string()))
}

fn next(id: &str, number: usize) -> Value {
    json!({ "type": "next", "id": id, "payload": { "data": number } })
}

fn complete(id: &str) -> Value {
    json!({ "type": "complete", "id": id })
}

fn code_of(message: &Value) -> &str {
    assert_eq!(message["type"], "error");
    message["payload"][0]["extensions"]["code"].as_str().unwrap()
}
