//! What nobody would send, at each door that takes text: it is refused by name, or it works, and nothing breaks.
//!
//! `CONVENE_FUZZ_SECONDS` says how long each door is tried; `fuzz/README.md` how to add what was found.

use std::{
    collections::HashSet,
    fs,
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest, http::HeaderValue};

use crate::{
    databases::{Kind, with_database},
    live::text,
    mutate::Fuzz,
    on_both,
    program::{Service, project, run, succeed},
};

/// Longer than any answer takes, on a machine that is busy with other tests.
const LONG: Duration = Duration::from_secs(10);
/// Longer than anything takes that is answered at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// A service with the sample network.
struct Door {
    service: Service,
    client: reqwest::Client,
    /// The ids of the sample, which are others each time, by what stands for them in the corpus.
    names: [(&'static str, String); 3],
    /// The codes that `schema/README.md` tells of.
    codes: HashSet<String>,
}

impl Door {
    async fn open(address: &str) -> Self {
        succeed(address, &["import", project("samples").to_str().expect("a path")]);
        let service = Service::start(address);
        let network = service.network("mending-table").await;
        let query = "query ($network: String!) { kenya: communityBySlug(network: $network, slug: \"kenya\") { id } \
            brazil: communityBySlug(network: $network, slug: \"brazil\") { id } }";
        let found = service.ask(query, json!({ "network": network })).await;
        let names =
            [("@NETWORK", network), ("@COMMUNITY", text(&found["kenya"]["id"])), ("@OTHER", text(&found["brazil"]["id"]))];
        let told = fs::read_to_string(project("schema/README.md")).expect("reads");
        let codes = told.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(code, _)| code.to_owned());
        Self { service, client: reqwest::Client::new(), names, codes: codes.collect() }
    }

    /// An input as text, with the ids of the sample in it.
    fn named(&self, input: &[u8]) -> String {
        let input = String::from_utf8_lossy(input).into_owned();
        self.names.iter().fold(input, |input, (name, id)| input.replace(name, id))
    }

    fn network(&self) -> &str {
        &self.names[0].1
    }

    /// Sends a body, and checks that the answer is one that the documentation tells of.
    async fn post(&self, fuzz: &mut Fuzz, body: String) {
        let request = self.client.post(format!("{}/graphql", self.service.url)).timeout(PATIENCE);
        let began = Instant::now();
        let answer = request.header("content-type", "application/json").body(body).send().await;
        fuzz.check(answer.is_ok(), "no answer");
        let answer = answer.expect("is there");
        let status = answer.status().as_u16();
        fuzz.check(matches!(status, 200 | 400 | 413), &format!("answered {status}"));
        let said = answer.json::<Value>().await;
        fuzz.check(said.is_ok(), "the answer is no JSON");
        let said = said.expect("is there");
        fuzz.check(began.elapsed() < LONG, &format!("took {:?}", began.elapsed()));
        let mut how = format!("{status}");
        for error in said["errors"].as_array().into_iter().flatten() {
            let code = error["extensions"]["code"].as_str().unwrap_or_default();
            let is_told = self.codes.contains(code) && code != "INTERNAL_SERVER_ERROR";
            fuzz.check(is_told, &format!("{said}"));
            how += &format!("{code} {}", error["message"]);
        }
        fuzz.check(said.get("errors").is_some() || said.get("data").is_some(), "neither data nor errors");
        fuzz.answered(&how);
    }

    /// Everybody else is served as before, and nothing was logged that is our fault.
    fn close(&self, fuzz: &Fuzz) {
        let faults = ["panicked", "\"level\":\"ERROR\""].map(|word| self.service.program.lines_with(word));
        fuzz.check(faults.iter().all(Vec::is_empty), &format!("{faults:?}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn filters() {
    with_database(Kind::Sqlite, async |address| {
        let (door, mut fuzz) = (Door::open(&address).await, Fuzz::start("filters", Vec::new()));
        while let Some(input) = fuzz.input() {
            let input = door.named(&input);
            let (query, variables) = input.split_once("\n---\n").unwrap_or((&input, ""));
            let query = Value::from(query);
            let body = match serde_json::from_str::<Value>(variables) {
                Ok(variables) => json!({ "query": query, "variables": variables }).to_string(),
                // What is no JSON goes as it is.
                Err(_) => format!("{{\"query\":{query},\"variables\":{variables}}}"),
            };
            door.post(&mut fuzz, body).await;
        }
        door.close(&fuzz);
    })
    .await;
}

/// Where cursors and ids are taken: `$cursor` or `$id`.
const ASKED: [&str; 12] = [
    "query ($within: ID!, $cursor: String) { communities(within: $within, after: $cursor) { nodes { id } } }",
    "query ($within: ID!, $cursor: String) { communities(within: $within, orderBy: SLUG, last: 5, before: $cursor) { nodes { id } } }",
    "query ($within: ID!, $cursor: String) { gatherings(within: $within, after: $cursor) { nodes { id } } }",
    "query ($within: ID!, $cursor: String) { gatherings(within: $within, last: 5, before: $cursor) { nodes { id } } }",
    "query ($within: ID!, $cursor: String) { gatheringReports(within: $within, after: $cursor) { nodes { id } } }",
    "query ($cursor: String) { networks(after: $cursor) { nodes { id children: communities(after: $cursor) { nodes { id } } } } }",
    "query ($within: ID!, $cursor: String) { changes(within: $within, after: $cursor, first: 5) { cursor } }",
    "query ($within: ID!, $cursor: String) { activity(within: $within, lastDays: 90, metrics: [REPORTS], atLeast: $cursor) { cursor } }",
    "query ($id: ID!) { node(id: $id) { id } nodes(ids: [$id]) { id } community(id: $id) { id } gatheringReport(id: $id) { id } }",
    "query ($id: ID!, $cursor: String) { gatherings(within: $id, after: $cursor) { totalCount } }",
    "query ($id: ID!, $cursor: String) { changes(within: $id, after: $cursor) { cursor } }",
    "query ($id: ID!) { _entities(representations: [{ __typename: \"Gathering\", id: $id }]) { __typename } }",
];

on_both!(cursors_and_ids);

async fn cursors_and_ids(address: String) {
    let door = Door::open(&address).await;
    let query = "query ($within: ID!) { communities(within: $within, first: 2) { pageInfo { endCursor } } \
        slugs: communities(within: $within, orderBy: SLUG, first: 2) { pageInfo { startCursor } } \
        gatherings(within: $within, first: 2) { pageInfo { endCursor } } gatheringReports(within: $within, first: 2) { \
        pageInfo { endCursor } } changes(within: $within, first: 2) { cursor } activity(within: $within, lastDays: 30, metrics: [REPORTS]) { cursor } }";
    let data = door.service.ask(query, json!({ "within": door.network() })).await;
    let mut cursors = Vec::new();
    collect(&data, &mut cursors);
    assert!(cursors.len() >= 5, "{data}");
    let known = cursors.iter().map(|cursor| BASE64_URL_SAFE_NO_PAD.decode(cursor).expect("a cursor"));
    let known = known.chain(door.names.iter().map(|(_, id)| id.clone().into_bytes())).collect();
    let mut fuzz = Fuzz::start("cursors", known);
    while let Some(input) = fuzz.input() {
        let variables = json!({
            "within": door.network(),
            "cursor": BASE64_URL_SAFE_NO_PAD.encode(&input),
            "id": String::from_utf8_lossy(&input),
        });
        let query = ASKED[rand::Rng::random_range(&mut fuzz.dice, 0..ASKED.len())];
        door.post(&mut fuzz, json!({ "query": query, "variables": variables }).to_string()).await;
    }
    door.close(&fuzz);
}

/// The cursors in an answer.
fn collect(answer: &Value, cursors: &mut Vec<String>) {
    match answer {
        Value::Object(fields) => fields.values().for_each(|value| collect(value, cursors)),
        Value::String(cursor) => cursors.push(cursor.clone()),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_a_socket() {
    with_database(Kind::Sqlite, async |address| {
        let (door, mut fuzz) = (Door::open(&address).await, Fuzz::start("socket", Vec::new()));
        while let Some(input) = fuzz.input() {
            let how = tokio::time::timeout(PATIENCE, converse(&door, &input)).await;
            let how = how.unwrap_or_else(|_| Err("the connection hangs".to_owned()));
            fuzz.check(how.is_ok(), &format!("{how:?}"));
            fuzz.answered(&how.expect("is sound"));
        }
        door.close(&fuzz);
        assert_eq!(door.service.network("mending-table").await, door.network());
    })
    .await;
}

/// Sends each line as a message, and gives what was said until the service closed, or answered a last ping.
async fn converse(door: &Door, input: &[u8]) -> Result<String, String> {
    let mut request = format!("{}/graphql", door.service.url.replace("http", "ws")).into_client_request().expect("an address");
    request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
    let (socket, _) = tokio_tungstenite::connect_async(request).await.map_err(|error| error.to_string())?;
    let (mut said, mut heard) = socket.split();
    for line in input.split(|byte| *byte == b'\n').chain([&br#"{"type":"ping","payload":{"last":true}}"#[..]]) {
        let message = match line.strip_prefix(b"bin ") {
            Some(bytes) => Message::binary(bytes.to_vec()),
            None => Message::text(door.named(line)),
        };
        // It may have been closed meanwhile, which is heard below.
        if said.send(message).await.is_err() {
            break;
        }
    }
    let mut how = String::new();
    while let Some(message) = heard.next().await {
        match message {
            Ok(Message::Text(text)) => {
                let message: Value = serde_json::from_str(&text).map_err(|_| format!("no JSON: {text}"))?;
                let kind = message["type"].as_str().unwrap_or_default();
                if !["connection_ack", "next", "error", "complete", "ping", "pong"].contains(&kind) {
                    return Err(format!("no message of the protocol: {text}"));
                }
                if text.contains("INTERNAL_SERVER_ERROR") {
                    return Err(text.to_string());
                }
                if kind == "pong" && message["payload"]["last"] == true {
                    return Ok(how);
                }
                how += &format!("{kind} {} ", message["payload"][0]["message"]);
            }
            Ok(Message::Close(frame)) => {
                let frame = frame.ok_or("closed without a code")?;
                let code = u16::from(frame.code);
                let known = matches!(code, 1002 | 1007 | 1009 | 4400 | 4401 | 4403 | 4409 | 4429);
                // Digits make no difference to who counts the ways to answer.
                let way = format!("{how} closed {code:b} {}", frame.reason).replace('0', "o").replace('1', "i");
                return if known { Ok(way) } else { Err(format!("closed with {code} {}", frame.reason)) };
            }
            Ok(_) => {}
            Err(error) => return Err(format!("broken off: {error}")),
        }
    }
    Err("ended without a farewell".to_owned())
}

on_both!(files_to_import);

async fn files_to_import(address: String) {
    let (folder, mut fuzz) = (tempfile::tempdir().expect("a folder"), Fuzz::start("csv", Vec::new()));
    while let Some(input) = fuzz.input() {
        unpack(folder.path(), &input);
        let output = run(&address, &["import", folder.path().to_str().expect("a path")]);
        let said = String::from_utf8_lossy(&output.stderr);
        let is_sound = match output.status.code() {
            Some(0) => true,
            // The files are at fault, or one of their places.
            Some(1) => {
                said.trim_end().ends_with("nothing was imported") || said.contains("(see --overwrite); nothing was imported")
            }
            _ => false,
        };
        fuzz.check(is_sound && !said.contains("panicked"), &format!("{:?} {said}", output.status));
        let lines: Vec<&str> = said.lines().filter_map(|line| line.rsplit(": ").next()).take(3).collect();
        fuzz.answered(&lines.join("\n"));
    }
    // Whatever came in is counted right.
    let output = run(&address, &["verify"]);
    fuzz.check(output.status.success(), &format!("verify: {}", String::from_utf8_lossy(&output.stderr)));
}

/// Puts the files of an input, each after a line `== name`, into an empty folder.
fn unpack(folder: &std::path::Path, input: &[u8]) {
    for file in fs::read_dir(folder).expect("a folder").flatten() {
        fs::remove_file(file.path()).expect("removes");
    }
    let mut file: Option<(String, Vec<u8>)> = None;
    let end: &[u8] = b"== ";
    for line in input.split_inclusive(|byte| *byte == b'\n').chain([end]) {
        let Some(name) = line.strip_prefix(b"== ") else {
            if let Some((_, content)) = &mut file {
                content.extend_from_slice(line);
            }
            continue;
        };
        if let Some((name, content)) = file.take() {
            fs::write(folder.join(name), content).expect("writes");
        }
        // Nobody but the test chooses where files lie.
        let name: String =
            String::from_utf8_lossy(name).chars().filter(|it| it.is_ascii_alphanumeric() || "_.".contains(*it)).collect();
        let name = name.trim_start_matches('.').chars().take(60).collect::<String>();
        file = (!name.is_empty()).then_some((name, Vec::new()));
    }
}
