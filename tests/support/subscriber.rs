//! Someone who follows a place for a long time, over as many connections as it takes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use futures::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio::{net::TcpStream, sync::watch, task::JoinHandle, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

use crate::checker::Told;

/// What is asked of a change, whether it is read or followed: the same, so that it can be compared by the byte.
const ITEM: &str = "cursor change { kind effect entityType entityId revision occurredAt recordedAt } \
    entity { __typename id ... on Community { revision slug status } \
    ... on Gathering { revision title status startsAt rsvpYes rsvpWaitlist rsvpsObservedAt hosts { slug } } \
    ... on GatheringReport { revision status attendance items { kind text } } }";

/// How long an answer may take on a connection that works.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to hear nothing before asking whether anyone is there.
const SILENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(50);

/// What was received from one place on, without a gap if all is well.
#[derive(Debug, Default, Clone)]
pub struct Session {
    /// The cursor of the checkpoint that it began with.
    pub start: String,
    pub told: Vec<Told>,
}

#[derive(Debug, Default)]
pub struct Received {
    pub sessions: Vec<Session>,
    /// Where to go on.
    after: Option<String>,
    pub connections: usize,
    /// How operations ended, by code.
    pub ends: BTreeMap<String, usize>,
}

/// Who follows, and what they received so far.
pub struct Subscriber {
    pub name: String,
    pub within: String,
    /// Whether it goes on where it was; else it begins anew each time.
    pub resumes: bool,
    pub token: Option<String>,
    received: Arc<Mutex<Received>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Who is to follow what.
#[derive(Clone)]
pub struct Wanted {
    pub name: String,
    pub within: String,
    pub resumes: bool,
    pub token: Option<String>,
    /// Where to begin, if not now.
    pub after: Option<String>,
    /// The nodes, the first one first.
    pub urls: Vec<String>,
}

impl Subscriber {
    pub fn start(wanted: Wanted) -> Self {
        let received = Arc::new(Mutex::new(Received { after: wanted.after.clone(), ..Received::default() }));
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(follow(wanted.clone(), Arc::clone(&received), stopped));
        let Wanted { name, within, resumes, token, .. } = wanted;
        Self { name, within, resumes, token, received, stop, task }
    }

    pub fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().expect("is whole")
    }

    /// Whether it received anything that passes.
    pub fn has(&self, passes: impl Fn(&Told) -> bool) -> bool {
        self.received().sessions.iter().rev().any(|session| session.told.iter().rev().any(&passes))
    }

    /// Ends it.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        (&mut self.task).await.expect("follows");
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Follows, at another node each time that something went wrong.
async fn follow(wanted: Wanted, received: Arc<Mutex<Received>>, mut stopped: watch::Receiver<bool>) {
    let mut at = 0;
    while !*stopped.borrow() {
        let ended = tokio::select! {
            ended = connection(&wanted, &wanted.urls[at % wanted.urls.len()], &received) => ended,
            _ = stopped.wait_for(|stopped| *stopped) => return,
        };
        at += 1;
        let reason = ended.err().unwrap_or_default();
        *received.lock().expect("is whole").ends.entry(reason).or_default() += 1;
        tokio::time::sleep(PAUSE).await;
    }
}

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Follows over one connection to its end, and gives the reason.
async fn connection(wanted: &Wanted, url: &str, received: &Mutex<Received>) -> Result<(), String> {
    let mut socket = timeout(PATIENCE, open(url, wanted.token.as_deref())).await.map_err(|_| "no connection")??;
    let after = if wanted.resumes { received.lock().expect("is whole").after.clone() } else { wanted.after.clone() };
    let query = format!("subscription ($within: ID!, $after: String) {{ changed(within: $within, after: $after) {{ {ITEM} }} }}");
    let payload = json!({ "query": query, "variables": { "within": wanted.within, "after": after } });
    send(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": payload })).await?;
    let (mut asked, mut first) = (false, true);
    loop {
        let Ok(message) = timeout(if asked { PATIENCE } else { SILENCE }, socket.next()).await else {
            if asked {
                return Err("silence".to_owned());
            }
            asked = true;
            socket.send(Message::Ping(Vec::new().into())).await.map_err(|_| "closed")?;
            continue;
        };
        asked = false;
        let text = match message {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Close(frame))) => return Err(frame.map_or("closed".to_owned(), |frame| frame.code.to_string())),
            Some(Ok(_)) => continue,
            Some(Err(_)) | None => return Err("closed".to_owned()),
        };
        take(wanted, received, &text, &mut first)?;
    }
}

pub async fn open(url: &str, token: Option<&str>) -> Result<Socket, String> {
    let mut request = format!("{}/graphql", url.replace("http://", "ws://")).into_client_request().expect("an address");
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.map_err(|_| "no connection")?;
    let payload = token.map_or(json!({}), |token| json!({ "authorization": format!("Bearer {token}") }));
    send(&mut socket, json!({ "type": "connection_init", "payload": payload })).await?;
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) if text.contains("connection_ack") => return Ok(socket),
            Some(Ok(Message::Ping(_))) => {}
            _ => return Err("no connection".to_owned()),
        }
    }
}

pub async fn send(socket: &mut Socket, message: Value) -> Result<(), String> {
    socket.send(Message::text(message.to_string())).await.map_err(|_| "closed".to_owned())
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Payload {
    data: Option<Data>,
    /// What went wrong with a part of it.
    #[serde(default)]
    errors: Value,
}

#[derive(Deserialize)]
struct Data {
    changed: Item,
}

#[derive(Deserialize)]
struct Item {
    cursor: String,
    change: Option<Box<RawValue>>,
    entity: Option<Box<RawValue>>,
}

impl Item {
    /// The change in it, if it is no checkpoint.
    fn told(&self) -> Option<Told> {
        let change = self.change.as_ref()?;
        let value: Value = serde_json::from_str(change.get()).expect("JSON");
        let entity = self.entity.as_ref().map(|entity| entity.get().to_owned());
        let shown = entity.as_deref().map(|entity| serde_json::from_str::<Value>(entity).expect("JSON")["revision"].as_i64());
        let id = value["entityId"].as_str().expect("an id").to_owned();
        let record = (id, value["revision"].as_i64().expect("a revision"));
        let (cursor, change) = (self.cursor.clone(), change.get().to_owned());
        Some(Told { cursor, change, record, entity, shown: shown.flatten(), at: Instant::now() })
    }
}

/// Takes a message in; the end of the operation is an error.
fn take(wanted: &Wanted, received: &Mutex<Received>, text: &str, first: &mut bool) -> Result<(), String> {
    let frame: Frame<'_> = serde_json::from_str(text).map_err(|_| format!("unreadable {text}"))?;
    let payload = frame.payload.map_or("null", RawValue::get);
    let mut received = received.lock().expect("is whole");
    match frame.kind {
        "next" => {}
        "error" => {
            let errors: Value = serde_json::from_str(payload).map_err(|_| format!("unreadable {text}"))?;
            let extensions = &errors[0]["extensions"];
            // Some go on where they are told to go on, the others where they know that they are.
            if let Some(cursor) = extensions["cursor"].as_str().filter(|_| wanted.name.contains("told")) {
                received.after = Some(cursor.to_owned());
            }
            return Err(extensions["code"].as_str().unwrap_or("no code").to_owned());
        }
        "ping" | "pong" => return Ok(()),
        other => return Err(other.to_owned()),
    }
    let payload: Payload = serde_json::from_str(payload).map_err(|_| format!("unreadable {text}"))?;
    if !payload.errors.is_null() {
        *received.ends.entry(format!("an item with {}", payload.errors)).or_default() += 1;
    }
    let item = payload.data.ok_or_else(|| format!("no data {text}"))?.changed;
    if std::mem::take(first) {
        received.connections += 1;
        if received.sessions.is_empty() || !wanted.resumes {
            received.sessions.push(Session { start: item.cursor.clone(), told: Vec::new() });
        }
    }
    let session = received.sessions.last_mut().expect("a session");
    session.told.extend(item.told());
    received.after = Some(item.cursor);
    Ok(())
}

/// What the log of a place holds after a cursor, as everyone can read it: all of it, or up to the page with another cursor.
pub async fn read_log(url: &str, token: Option<&str>, within: &str, (after, until): (&str, Option<&str>)) -> Vec<Told> {
    #[derive(Deserialize)]
    struct Answer {
        data: Changes,
    }
    #[derive(Deserialize)]
    struct Changes {
        changes: Page,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Page {
        items: Vec<Item>,
        cursor: String,
        has_more: bool,
    }
    let query = format!(
        "query ($within: ID!, $after: String) {{ changes(within: $within, after: $after, first: 100) {{ items {{ {ITEM} }} cursor hasMore }} }}"
    );
    let (client, mut after, mut log) = (reqwest::Client::new(), after.to_owned(), Vec::new());
    loop {
        let body = json!({ "query": query, "variables": { "within": within, "after": after } });
        let mut request = client.post(format!("{url}/graphql")).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let text = request.send().await.expect("answers").text().await.expect("text");
        let answer: Answer = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let page = answer.data.changes;
        log.extend(page.items.iter().filter_map(Item::told));
        let enough = until.is_some_and(|until| log.iter().rev().take(page.items.len()).any(|told| told.cursor == until));
        if enough || !page.has_more {
            return log;
        }
        after = page.cursor;
    }
}
