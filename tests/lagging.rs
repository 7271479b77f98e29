//! Someone who stops reading holds up nobody, is let go of, and misses nothing when they come back.

use std::time::Instant;

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::{
    checker::compare_told,
    databases::{Kind, with_database},
    live::{text, until},
    program::{DEADLINE, Service, succeed},
    subscriber::{Subscriber, Wanted, read_log},
    weave::{Places, import},
};

/// More than a node keeps in memory, and far more than fits into the buffers between it and a client.
const CHANGES: usize = 6_000;
/// How much the memory of the service may grow while it does not read, in KiB: less than all that it does not read, which
/// is 192 MB. What the service keeps for everyone, and the caches of its connections to the database, are below that.
const MEMORY: usize = 96 << 10;

/// What makes frames of 32 kB each.
const LARGE: &str = "subscription ($within: ID!, $after: String) { changed(within: $within, after: $after) { cursor change { entityId } \
    entity { ... on Gathering { a: sourceUrl b: sourceUrl c: sourceUrl d: sourceUrl e: sourceUrl f: sourceUrl g: sourceUrl h: sourceUrl \
    i: sourceUrl j: sourceUrl k: sourceUrl l: sourceUrl m: sourceUrl n: sourceUrl o: sourceUrl p: sourceUrl } } } }";

/// A client with small buffers.
struct Slow {
    socket: WebSocketStream<TcpStream>,
    cursor: Option<String>,
    seen: Vec<String>,
}

impl Slow {
    async fn connect(service: &Service, within: &str, after: Option<&str>) -> Self {
        let address = service.url.trim_start_matches("http://").parse().expect("an address");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4_096).expect("a small buffer");
        let stream = socket.connect(address).await.expect("connects");
        let mut request = format!("ws://{address}/graphql").into_client_request().expect("an address");
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("shakes hands");
        let mut slow = Self { socket, cursor: None, seen: Vec::new() };
        let payload = json!({ "query": LARGE, "variables": { "within": within, "after": after } });
        for message in [json!({ "type": "connection_init" }), json!({ "type": "subscribe", "id": "1", "payload": payload })] {
            slow.socket.send(Message::text(message.to_string())).await.expect("is sent");
        }
        slow
    }

    /// Reads until so many changes were received, and gives none; or to the end of the operation, and gives how it ended.
    async fn read(&mut self, count: usize) -> Option<String> {
        while self.seen.len() < count {
            let message = timeout(DEADLINE, self.socket.next()).await.expect("in time");
            let text = match message {
                Some(Ok(Message::Text(text))) => text,
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                _ => return Some("cut".to_owned()),
            };
            let message: Value = serde_json::from_str(&text).expect("JSON");
            match message["type"].as_str() {
                Some("next") => {
                    let item = &message["payload"]["data"]["changed"];
                    self.cursor = Some(item["cursor"].as_str().expect("a cursor").to_owned());
                    self.seen.extend(item["change"]["entityId"].as_str().map(str::to_owned));
                }
                Some("error") => {
                    let extensions = &message["payload"][0]["extensions"];
                    assert_eq!(extensions["cursor"].as_str(), self.cursor.as_deref(), "it says where to go on");
                    return Some(extensions["code"].as_str().expect("a code").to_owned());
                }
                _ => {}
            }
        }
        None
    }
}

/// Many gatherings with long addresses, written at once.
fn import_many(address: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("https://example.org/{}", "x".repeat(1_950));
    let rows: String = (0..CHANGES).map(|n| format!("m-{n:05},rift-0,Circle {n},2026-05-01,HELD,{url}\n")).collect();
    let header = "external_id,community_slug,title,starts_at,status,source_url\n";
    std::fs::write(folder.path().join("gatherings.csv"), format!("{header}{rows}")).expect("writes");
    succeed(address, &["import", folder.path().to_str().expect("a path")]);
}

fn memory(service: &Service) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.program.child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

async fn who_stops_reading_is_let_go_of_and_misses_nothing(address: String) {
    import(&address, 4);
    let service = Service::start(&address);
    let places = Places::find(&service).await;
    let within = places.id("weave");
    let wanted = Wanted {
        name: "beside".to_owned(),
        within: within.to_owned(),
        resumes: true,
        token: None,
        after: None,
        urls: vec![service.url.clone()],
    };
    let beside = Subscriber::start(wanted);
    until("someone follows", async || beside.received().connections > 0).await;
    let start = beside.received().sessions[0].start.clone();
    let mut slow = Slow::connect(&service, within, None).await;
    // It reads that it is there, and then no more.
    until("it follows", async || beside.received().connections > 0).await;
    let first = timeout(DEADLINE, slow.socket.next()).await.expect("in time").expect("a message").expect("is received");
    assert!(first.to_text().expect("text").contains("connection_ack"));
    let checkpoint = timeout(DEADLINE, slow.socket.next()).await.expect("in time").expect("a message").expect("is received");
    let checkpoint: Value = serde_json::from_str(checkpoint.to_text().expect("text")).expect("JSON");
    slow.cursor = Some(text(&checkpoint["payload"]["data"]["changed"]["cursor"]));

    let before = memory(&service);
    tokio::task::block_in_place(|| import_many(&address));
    let began = Instant::now();
    let log = read_log(&service.url, None, within, (&start, None)).await;
    assert_eq!(log.len(), CHANGES);
    let last = log.last().expect("the last").cursor.clone();
    until("the others have everything", async || beside.has(|told| told.cursor == last)).await;
    eprintln!("the others had everything {:?} later", began.elapsed());
    assert_eq!(beside.received().connections, 1, "they were not held up");
    compare_told(&log, &beside.received().sessions[0].told).assert_none();

    let stalled = memory(&service);
    assert!(stalled < before + MEMORY, "what is not read is not kept: {before} {stalled}");

    // All that was sent to it is still on the road. Then it is told that it was too slow, or that is cut off too.
    let mut ends = Vec::new();
    while let Some(end) = slow.read(CHANGES).await {
        assert!(["LAGGED", "cut"].contains(&end.as_str()), "{end}");
        ends.push((slow.seen.len(), end));
        let mut again = Slow::connect(&service, within, slow.cursor.as_deref()).await;
        again.seen = slow.seen;
        // Nothing was received over it yet.
        again.cursor = slow.cursor;
        slow = again;
    }
    eprintln!("it was let go of after {ends:?}");
    assert!(!ends.is_empty(), "it could not keep up");
    let expected: Vec<String> = log.iter().map(|entry| entry.record.0.clone()).collect();
    assert!(slow.seen == expected, "everything, once and in order");
    eprintln!("KiB before, stalled and in the end: {before}, {stalled}, {}", memory(&service));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    with_database(Kind::Sqlite, who_stops_reading_is_let_go_of_and_misses_nothing).await;
}
