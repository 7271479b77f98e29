//! Someone who follows numbers, whatever happens, and knows what was told last.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures::StreamExt;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    live::text,
    subscriber::{open, send},
};

/// What is asked of the numbers of a place.
const SELECT: &str = "total { metrics { metric values } }";
const METRICS: &str = "[GATHERINGS, GATHERINGS_HELD, RSVPS, REPORTS, ATTENDANCE]";
/// After how long of silence a connection is given up. Something comes at least every 30 seconds, but here much is written.
const SILENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// What was told last, and when.
#[derive(Clone, Default)]
pub struct Heard {
    pub items: usize,
    pub at: Option<Instant>,
    pub numbers: Value,
    pub cursor: Option<String>,
}

/// Someone who follows the numbers of a place, until this is dropped.
pub struct Numbers {
    pub within: String,
    heard: Arc<Mutex<Heard>>,
    task: JoinHandle<()>,
}

impl Numbers {
    /// Begins to follow, at another node each time that something goes wrong.
    pub fn start(urls: Vec<String>, within: String) -> Self {
        let heard = Arc::<Mutex<Heard>>::default();
        let (place, told) = (within.clone(), Arc::clone(&heard));
        let task = tokio::spawn(async move {
            for url in urls.iter().cycle() {
                // However it ends: it goes on elsewhere.
                let _ = follow(url, &place, &told).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self { within, heard, task }
    }

    pub fn heard(&self) -> Heard {
        self.heard.lock().expect("is whole").clone()
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The numbers as a query tells them.
pub async fn ask(url: &str, within: &str) -> Value {
    let query = format!("query ($within: ID!) {{ activity(within: $within, metrics: {METRICS}) {{ {SELECT} }} }}");
    let body = json!({ "query": query, "variables": { "within": within } });
    let answer = reqwest::Client::new().post(format!("{url}/graphql")).json(&body).send().await.expect("answers");
    let mut answer: Value = answer.json().await.expect("JSON");
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"]["activity"].take()
}

async fn follow(url: &str, within: &str, heard: &Mutex<Heard>) -> Result<(), String> {
    let mut socket = timeout(SILENCE, open(url, None)).await.map_err(|_| "no connection")??;
    let query = format!(
        "subscription ($within: ID!, $after: String) {{ activityChanged(within: $within, after: $after, metrics: {METRICS}) {{ \
         cursor activity {{ {SELECT} }} newestReport {{ id }} }} }}"
    );
    let after = heard.lock().expect("is whole").cursor.clone();
    let payload = json!({ "query": query, "variables": { "within": within, "after": after } });
    send(&mut socket, json!({ "type": "subscribe", "id": "1", "payload": payload })).await?;
    loop {
        let message = timeout(SILENCE, socket.next()).await.map_err(|_| "silence")?.ok_or("closed")?;
        let Message::Text(message) = message.map_err(|_| "closed")? else { continue };
        let message: Value = serde_json::from_str(&message).map_err(|error| error.to_string())?;
        let item = &message["payload"]["data"]["activityChanged"];
        if message["type"] != "next" || !item["activity"].is_object() {
            return Err(message.to_string());
        }
        let mut heard = heard.lock().expect("is whole");
        *heard = Heard {
            items: heard.items + 1,
            at: Some(Instant::now()),
            numbers: item["activity"].clone(),
            cursor: Some(text(&item["cursor"])),
        };
    }
}
