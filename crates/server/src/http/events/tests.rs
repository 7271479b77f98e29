//! Event streams of a real server, with operations that the tests make up.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use convene_graphql::{error::ErrorCode, follow::Started, guard::Refusal, request::GraphqlRequest};
use futures::FutureExt;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::*;
use crate::{
    http::{Http, Patience, SocketLimits},
    serve::Server,
};

/// Nothing here takes this long unless it is broken.
const DEADLINE: Duration = Duration::from_secs(10);

async fn soon<T>(what: impl Future<Output = T>) -> T {
    timeout(DEADLINE, what).await.unwrap()
}

/// What the made-up operations do, by the text of the query.
#[derive(Default)]
struct Operations {
    /// `feed NAME`: the events that the test sends.
    feeds: Mutex<HashMap<String, UnboundedReceiver<Event>>>,
    /// `flood`: how many events were asked for.
    flooded: AtomicUsize,
    /// Tells that the flood was dropped.
    dried: CancellationToken,
}

impl Operations {
    fn start(self: Arc<Self>, request: &GraphqlRequest) -> Started {
        let follow = |events: BoxStream<'static, Event>| Started::Following(Following::new(events, None, 1));
        match request.query.split_once(' ').unwrap_or((&request.query, "")) {
            ("feed", name) => {
                let mut feed = self.feeds.lock().unwrap().remove(name).unwrap();
                follow(stream::poll_fn(move |context| feed.poll_recv(context)).boxed())
            }
            ("flood", _) => {
                let dropped = self.dried.clone().drop_guard();
                follow(
                    stream::repeat_with(move || {
                        let _dropped_with_this = &dropped;
                        self.flooded.fetch_add(1, Ordering::Relaxed);
                        event(&format!("\"{}\"", "x".repeat(1 << 16)))
                    })
                    .boxed(),
                )
            }
            ("resumed", _) => done(json!({ "after": request.last_event_id })),
            _ => Started::Done(Box::new(Outcome::refused(Refusal::new(ErrorCode::GraphqlParseFailed, "no")))),
        }
    }
}

fn done(data: serde_json::Value) -> Started {
    let response = async_graphql::Response::new(async_graphql::Value::from_json(data).unwrap());
    Started::Done(Box::new(Outcome { response, failure: None, operation: None, operation_name: None, cost: None, ready: None }))
}

fn event(body: &str) -> Event {
    Event::Next(Item::new(Bytes::copy_from_slice(body.as_bytes()), None))
}

struct Service {
    address: SocketAddr,
    operations: Arc<Operations>,
    open: TaskTracker,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Service {
    async fn start(write_timeout: Duration) -> Self {
        let operations: Arc<Operations> = Arc::default();
        let (stopping, open, stop) = (CancellationToken::new(), TaskTracker::new(), CancellationToken::new());
        let started = Arc::clone(&operations);
        let http = Http {
            start: Arc::new(move |_, request| {
                let operations = Arc::clone(&started);
                async move { operations.start(&request) }.boxed()
            }),
            stopping: stopping.clone(),
            open: open.clone(),
            body_timeout: DEADLINE,
            patience: Patience::default(),
            sockets: SocketLimits { operations: 1, message: 1_024, rate: 1 },
            ..crate::http::tests::http(Ok(()))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, crowded) = (crate::http::router(http.clone()), crate::http::crowded(http));
        let (connections, head_timeout, grace) = (8, DEADLINE, DEADLINE);
        let open_too = open.clone();
        let server =
            Server { listener, stopping, open: open_too, router, crowded, connections, head_timeout, write_timeout, grace };
        let running = tokio::spawn(server.run(stop.clone().cancelled_owned()));
        Self { address, operations, open, stop, running }
    }

    fn feed(&self, name: &str) -> UnboundedSender<Event> {
        let (sender, receiver) = unbounded_channel();
        self.operations.feeds.lock().unwrap().insert(name.to_owned(), receiver);
        sender
    }

    fn request(&self, query: &str) -> reqwest::RequestBuilder {
        let client = reqwest::Client::new().post(format!("http://{}/graphql", self.address));
        client.header("accept", "text/event-stream").json(&json!({ "query": query }))
    }

    async fn ask(&self, query: &str) -> reqwest::Response {
        soon(self.request(query).send()).await.unwrap()
    }
}

/// What comes next, until it ends so.
async fn until(response: &mut reqwest::Response, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        let chunk = soon(response.chunk()).await.unwrap().unwrap_or_else(|| panic!("ended after {text:?}"));
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    text
}

const COMPLETED: &str = "event: complete\ndata:\n\n";

#[tokio::test]
async fn events_come_as_they_happen_and_an_end_is_told() {
    let service = Service::start(DEADLINE).await;
    let feed = service.feed("a");
    feed.send(event(r#"{"data":1}"#)).unwrap();
    let mut response = service.ask("feed a").await;
    let header = |name: &str| response.headers()[name].to_str().unwrap();
    assert_eq!((response.status().as_u16(), header("content-type")), (200, "text/event-stream; charset=utf-8"));
    assert_eq!((header("cache-control"), header("x-accel-buffering"), header("vary")), ("no-store", "no", "accept"));
    assert_eq!(until(&mut response, "\n\n").await, "event: next\ndata: {\"data\":1}\n\n");
    feed.send(event(r#"{"data":2}"#)).unwrap();
    assert_eq!(until(&mut response, "\n\n").await, "event: next\ndata: {\"data\":2}\n\n");
    drop(feed);
    assert_eq!(until(&mut response, COMPLETED).await, COMPLETED);
    assert_eq!(soon(response.chunk()).await.unwrap(), None);
}

#[tokio::test]
async fn errors_that_end_an_operation_are_told_before_the_end() {
    let service = Service::start(DEADLINE).await;
    let feed = service.feed("a");
    feed.send(Event::Errors(Bytes::from_static(br#"[{"message":"no","extensions":{"code":"LAGGED"}}]"#))).unwrap();
    let text = soon(service.ask("feed a").await.text()).await.unwrap();
    let told = r#"{"errors":[{"message":"no","extensions":{"code":"LAGGED"}}]}"#;
    assert_eq!(text, format!("event: next\ndata: {told}\n\n{COMPLETED}"));
    // The connection is not told that the operation failed, for that is no matter of the connection.
    soon(feed.closed()).await;
    let text = soon(service.ask("{").await.text()).await.unwrap();
    let told = r#"{"errors":[{"message":"no","extensions":{"code":"GRAPHQL_PARSE_FAILED"}}]}"#;
    assert_eq!(text, format!("event: next\ndata: {told}\n\n{COMPLETED}"));
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_operation() {
    let service = Service::start(DEADLINE).await;
    let feed = service.feed("a");
    feed.send(event("1")).unwrap();
    let mut response = service.ask("feed a").await;
    until(&mut response, "\n\n").await;
    drop(response);
    soon(feed.closed()).await;
    soon(async {
        while !service.open.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_says_where_it_was() {
    let service = Service::start(DEADLINE).await;
    for (sent, told) in [(Some("abc"), json!("abc")), (Some(""), json!(null)), (None, json!(null))] {
        let request = service.request("resumed");
        let request = sent.map_or(request.try_clone().unwrap(), |id| request.header("last-event-id", id));
        let text = soon(soon(request.send()).await.unwrap().text()).await.unwrap();
        assert!(text.starts_with(&format!("event: next\ndata: {{\"data\":{{\"after\":{told}}}")), "{text}");
    }
}

#[tokio::test]
async fn who_accepts_both_gets_events_only_where_an_operation_goes_on() {
    let service = Service::start(DEADLINE).await;
    let _feed = service.feed("a");
    for (query, content_type) in [("feed a", "text/event-stream; charset=utf-8"), ("resumed", "application/json; charset=utf-8")]
    {
        let client = reqwest::Client::new().post(format!("http://{}/graphql", service.address));
        let request = client.header("accept", "application/json, text/event-stream").json(&json!({ "query": query }));
        let response = soon(request.send()).await.unwrap();
        assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (200, &content_type.parse().unwrap()));
    }
}

#[tokio::test]
async fn silence_is_broken() {
    let response = respond(stream::pending().boxed(), Summary::default(), Duration::from_millis(10));
    let mut body = response.into_body().into_data_stream();
    for _ in 0..3 {
        assert_eq!(soon(body.next()).await.unwrap().unwrap(), ":\n\n");
    }
}

#[tokio::test]
async fn a_reader_that_takes_nothing_is_not_written_for_and_cut_off_in_the_end() {
    let service = Service::start(Duration::from_millis(300)).await;
    let mut stream = TcpStream::connect(service.address).await.unwrap();
    let body = r#"{"query":"flood"}"#;
    let head = "POST /graphql HTTP/1.1\r\nhost: a\r\naccept: text/event-stream\r\ncontent-type: application/json";
    stream.write_all(format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).as_bytes()).await.unwrap();
    soon(service.operations.dried.cancelled()).await;
    // What the system keeps of a connection is less than this.
    assert!(service.operations.flooded.load(Ordering::Relaxed) < (64 << 20) >> 16);
    let mut rest = Vec::new();
    // Whether the end is heard as one or as a failure depends on what is still on its way.
    let _ = soon(stream.read_to_end(&mut rest)).await;
    assert!(!rest.ends_with(b"0\r\n\r\n"), "what was cut off does not look whole");
}

#[tokio::test]
async fn the_service_waits_until_streams_have_come_to_their_end() {
    let service = Service::start(DEADLINE).await;
    let feed = service.feed("a");
    feed.send(event("1")).unwrap();
    let mut response = service.ask("feed a").await;
    until(&mut response, "\n\n").await;
    service.stop.cancel();
    soon(async { while TcpStream::connect(service.address).await.is_ok() {} }).await;
    assert!(!service.running.is_finished());
    feed.send(Event::Errors(Bytes::from_static(br#"[{"message":"no"}]"#))).unwrap();
    let told = "event: next\ndata: {\"errors\":[{\"message\":\"no\"}]}\n\n";
    assert_eq!(until(&mut response, COMPLETED).await, format!("{told}{COMPLETED}"));
    assert_eq!(soon(response.chunk()).await.unwrap(), None);
    soon(service.running).await.unwrap();
}
