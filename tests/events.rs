//! Following over server-sent events, as a browser does.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    live::{Writer, text, token},
    program::{DEADLINE, Running, Service, convene},
    weave::{Places, import},
};

const FOLLOW: &str = "subscription ($within: ID!, $after: String) { gatheringReportChanged(within: $within, after: $after) { \
    cursor change { entityId } } }";

/// An event stream, read one event at a time.
pub struct Events {
    response: reqwest::Response,
    unread: String,
}

/// One event: its id, its name and its data.
pub type Event = (Option<String>, String, Value);

impl Events {
    /// Asks for events.
    pub async fn open(request: reqwest::RequestBuilder) -> Self {
        let response = request.header("accept", "text/event-stream").send().await.expect("answers");
        assert_eq!(response.status(), 200);
        assert!(response.headers()["content-type"].to_str().expect("text").starts_with("text/event-stream"));
        Self { response, unread: String::new() }
    }

    /// Follows from a variable, a header, or both.
    async fn follow(service: &Service, within: &str, after: Option<&str>, last_event_id: Option<&str>) -> Self {
        let variables = json!({ "within": within, "after": after });
        let request = reqwest::Client::new().post(format!("{}/graphql", service.url));
        let request = request.json(&json!({ "query": FOLLOW, "variables": variables }));
        Self::open(match last_event_id {
            Some(id) => request.header("last-event-id", id),
            None => request,
        })
        .await
    }

    /// The next event; none when the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((message, rest)) = self.unread.clone().split_once("\n\n") {
                rest.clone_into(&mut self.unread);
                let field =
                    |name: &str| message.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned());
                if let Some(name) = field("event:") {
                    let data = field("data:").expect("data");
                    return Some((field("id:"), name, serde_json::from_str(&data).unwrap_or_default()));
                }
                continue;
            }
            let chunk = tokio::time::timeout(DEADLINE, self.response.chunk()).await.expect("in time").expect("is received")?;
            self.unread.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    /// The next item: its cursor, which is the event's id as well, and the report that it is about.
    async fn item(&mut self) -> (String, Option<String>) {
        let (id, name, data) = self.next().await.expect("an event");
        assert_eq!((name.as_str(), data.get("errors")), ("next", None), "{data}");
        let item = &data["data"]["gatheringReportChanged"];
        assert_eq!(id.as_deref(), item["cursor"].as_str(), "{data}");
        (text(&item["cursor"]), item["change"]["entityId"].as_str().map(str::to_owned))
    }

    /// The error that ends the stream.
    async fn end(&mut self) -> Value {
        let (id, name, mut data) = self.next().await.expect("an event");
        assert_eq!((id, name.as_str()), (None, "next"), "{data}");
        let error = data["errors"][0]["extensions"].take();
        assert_eq!(self.next().await, Some((None, "complete".to_owned(), Value::Null)));
        assert_eq!(self.next().await, None);
        error
    }
}

async fn submit(writer: &Writer, places: &Places, n: usize) -> String {
    let input = json!({ "gathering": places.gatherings[&format!("g-{n:04}")], "audience": "PUBLIC" });
    text(&writer.done("submitGatheringReport", input, "report { id }").await["report"]["id"])
}

#[tokio::test]
async fn who_comes_back_with_the_id_of_the_last_event_misses_nothing() {
    with_database(Kind::Sqlite, async |address| {
        import(&address, 4);
        let mut service = Service::start(&address);
        let (places, token) = (Places::find(&service).await, token(&address));
        let (writer, within) = (Writer::new(&service, &token), service.network("weave").await);

        let mut events = Events::follow(&service, &within, None, None).await;
        let (start, checkpoint) = events.item().await;
        assert_eq!(checkpoint, None);
        let first = submit(&writer, &places, 0).await;
        let (seen, entity) = events.item().await;
        assert_eq!(entity.as_ref(), Some(&first));
        drop(events);
        let second = submit(&writer, &places, 1).await;

        // The header has seen more than the operation that is sent again as it was.
        let mut events = Events::follow(&service, &within, Some(&start), Some(&seen)).await;
        events.item().await;
        assert_eq!(events.item().await.1, Some(second.clone()));
        let mut from_start = Events::follow(&service, &within, Some(&start), None).await;
        from_start.item().await;
        assert_eq!((from_start.item().await.1, from_start.item().await.1), (Some(first), Some(second)));
        let error = Events::follow(&service, &within, Some(&start), Some("no cursor")).await.end().await;
        assert_eq!(error["code"], "BAD_CURSOR");

        // A browser asks with GET, and says itself whose page it is that asks.
        let query = [("query", FOLLOW.to_owned()), ("variables", json!({ "within": within }).to_string())];
        let request = reqwest::Client::new().get(format!("{}/graphql", service.url)).query(&query);
        let request = request.header("sec-fetch-site", "same-origin");
        let mut browser = Events::open(request.header("last-event-id", &start)).await;
        browser.item().await;
        assert_eq!(browser.item().await.0, seen);

        // The service says where to go on before it stops, and is there again at the same place.
        service.program.signal("TERM");
        let error = events.end().await;
        assert_eq!(error["code"], "SHUTTING_DOWN");
        browser.item().await;
        assert_eq!(browser.end().await["code"], "SHUTTING_DOWN");
        drop((from_start, events, browser));
        assert_eq!(service.program.end(), Some(0));
        let service = Service::start(&address);
        let writer = Writer::new(&service, &token);
        let third = submit(&writer, &places, 2).await;
        let mut events = Events::follow(&service, &within, None, Some(error["cursor"].as_str().expect("a cursor"))).await;
        events.item().await;
        assert_eq!(events.item().await.1, Some(third));
    })
    .await;
}

#[tokio::test]
async fn a_token_that_is_not_valid_is_refused_before_anything_is_told() {
    with_database(Kind::Sqlite, async |address| {
        import(&address, 1);
        let service = Service::start(&address);
        let within = service.network("weave").await;
        let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).bearer_auth("cvn_nobody");
        let request =
            request.header("accept", "text/event-stream").json(&json!({ "query": FOLLOW, "variables": { "within": within } }));
        let refused = request.send().await.expect("answers");
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["www-authenticate"]),
            (401, &"Bearer error=\"invalid_token\"".parse().expect("text"))
        );
    })
    .await;
}

/// What operators see: the numbers of what happened, and no names.
#[tokio::test]
async fn operators_are_told_in_numbers() {
    with_database(Kind::Sqlite, async |address| {
        import(&address, 1);
        let service = Service::follow(Running::start(convene(&address, &["--listen", "127.0.0.1:0"])));
        let (within, places) = (service.network("weave").await, Places::find(&service).await);
        let writer = Writer::new(&service, &token(&address));
        let mut events = Events::follow(&service, &within, None, None).await;
        events.item().await;
        submit(&writer, &places, 0).await;
        events.item().await;
        service.answer("{ nothing }", json!({})).await;
        let scrape = async || {
            let response = reqwest::get(format!("{}/metrics", service.url)).await.expect("answers");
            assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
            response.text().await.expect("text")
        };
        let text = scrape().await;
        for line in [
            "convene_connections_open{kind=\"sse\"} 1",
            "convene_subscriptions_open 1",
            "convene_items_delivered_total 2",
            "convene_operations_ended_total{type=\"query\",code=\"GRAPHQL_VALIDATION_FAILED\"} 1",
            "convene_operations_ended_total{type=\"mutation\",code=\"none\"} 1",
            "convene_heads_polls_total{result=\"ok\"}",
            "convene_database_connections{pool=\"writer\",state=\"in_use\"} 0",
            "convene_http_request_duration_seconds_bucket{status=\"200\",le=\"0.001\"}",
            "convene_build_info{version=",
        ] {
            assert!(text.lines().any(|found| found.starts_with(line)), "no {line} in\n{text}");
        }
        assert!(!text.contains("convene_redis_up"), "there is none to be up");
        assert!(!text.contains("weave"));
        drop(events);
        let began = std::time::Instant::now();
        while !scrape().await.contains("convene_operations_ended_total{type=\"subscription\",code=\"none\"} 1\n") {
            assert!(began.elapsed() < DEADLINE, "the end is never counted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(scrape().await.contains("convene_subscriptions_open 0\n"));
    })
    .await;
}
