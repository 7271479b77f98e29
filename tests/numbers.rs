//! Numbers that move when something happens, and answers that are given again as long as they are true.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    heard::{self, Numbers},
    live::{Follower, Writer, text, token, until},
    on_both,
    program::{Running, Service, convene, succeed},
    weave::{Places, import},
};

async fn submit(writer: &Writer, places: &Places, n: usize) -> Value {
    let input = json!({ "gathering": places.gatherings[&format!("g-{n:04}")], "attendance": n + 1,
        "items": [{ "kind": "NEED", "text": format!("Need {n}") }] });
    writer.done("submitGatheringReport", input, "report { id }").await
}

async fn bursts_are_merged_and_the_last_state_is_told(address: String) {
    import(&address, 60);
    let token = token(&address);
    let service = Service::start(&address);
    let places = Places::find(&service).await;
    let writer = Writer::new(&service, &token);
    let [all, city] = ["weave", "coast-1"].map(|slug| Numbers::start(vec![service.url.clone()], places.id(slug).to_owned()));
    until("both are told how things are", async || all.heard().items > 0 && city.heard().items > 0).await;
    assert_eq!(all.heard().numbers, heard::ask(&service.url, &all.within).await);
    let (begun, before) = (Instant::now(), [all.heard().items, city.heard().items]);
    for n in 0..40 {
        submit(&writer, &places, n).await;
    }
    for numbers in [&all, &city] {
        let truth = heard::ask(&service.url, &numbers.within).await;
        until("the last state is told", async || numbers.heard().numbers == truth).await;
    }
    let seconds = usize::try_from(begun.elapsed().as_secs()).expect("few");
    for (numbers, before) in [&all, &city].into_iter().zip(before) {
        let told = numbers.heard().items - before;
        assert!((1..=seconds + 2).contains(&told), "{told} items in {seconds} s for 40 writes");
    }
    // What happens elsewhere is nothing to a city.
    let quiet = city.heard().items;
    submit(&writer, &places, 40).await;
    let truth = heard::ask(&service.url, &all.within).await;
    until("the network is told", async || all.heard().numbers == truth).await;
    assert_eq!(city.heard().items, quiet);
}
on_both!(bursts_are_merged_and_the_last_state_is_told);

const NUMBERS: &str = "subscription ($within: ID!, $after: String, $every: Int) { activityChanged(within: $within, after: $after, \
    everySeconds: $every, metrics: [REPORTS]) { cursor activity { total { metrics { values } } } newestReport { attendance } } }";

async fn whoever_comes_back_begins_with_how_things_are(address: String) {
    import(&address, 8);
    let token = token(&address);
    let service = Service::start(&address);
    let places = Places::find(&service).await;
    let within = places.id("kenya");
    let item = |message: &str| -> Value { serde_json::from_str(message).expect("JSON") };
    let (follower, first) = Follower::open(&service, None, NUMBERS, json!({ "within": within })).await;
    let first = item(&first)["payload"]["data"]["activityChanged"].take();
    assert_eq!(first["activity"]["total"]["metrics"][0]["values"], json!([0]));
    assert_eq!(first["newestReport"], Value::Null);
    drop(follower);
    let payload = submit(&Writer::new(&service, &token), &places, 7).await;
    drop(service);
    let service = Service::start(&address);
    for (token, after) in [(None, text(&first["cursor"])), (Some(token.as_str()), text(&payload["cursor"]))] {
        let (_follower, message) = Follower::open(&service, token, NUMBERS, json!({ "within": within, "after": after })).await;
        let now = &item(&message)["payload"]["data"]["activityChanged"];
        assert_eq!(now["activity"]["total"]["metrics"][0]["values"], json!([1]), "{message}");
        assert_eq!(now["newestReport"]["attendance"], 8, "{message}");
    }
    for (variables, code) in [
        (json!({ "within": within, "after": "nonsense" }), "BAD_CURSOR"),
        (json!({ "within": within, "every": 0 }), "BAD_USER_INPUT"),
        (json!({ "within": "com_00000000000000000000000000000001" }), "NOT_FOUND"),
    ] {
        let (_follower, message) = Follower::open(&service, None, NUMBERS, variables).await;
        assert_eq!(item(&message)["payload"][0]["extensions"]["code"], code, "{message}");
    }
}
on_both!(whoever_comes_back_begins_with_how_things_are);

/// How many answers the service has given from memory.
async fn remembered(service: &Service) -> u64 {
    let text = reqwest::get(format!("{}/metrics", service.url)).await.expect("answers").text().await.expect("text");
    let line = text.lines().find_map(|line| line.strip_prefix("convene_answers_from_memory_total "));
    line.map_or(0, |count| count.parse().expect("a number"))
}

const POLLED: &str = "query ($within: ID!) { activity(within: $within, bucket: MONTH, groupBy: [CHILD], \
    metrics: [GATHERINGS_HELD, REPORTS, ATTENDANCE]) { total { metrics { values } } series { key { label } metrics { values } } } }";

/// Polls until an answer comes from memory, which takes as long as the service needs to get to know the log.
async fn warm(service: &Service, query: &str, variables: &Value) -> Value {
    until("it is answered from memory", async || {
        let before = remembered(service).await;
        service.ask(query, variables.clone()).await;
        remembered(service).await > before
    })
    .await;
    service.ask(query, variables.clone()).await
}

async fn polling_what_does_not_change_costs_nothing_and_what_changes_is_seen_at_once(address: String) {
    import(&address, 40);
    let token = token(&address);
    let serve = || Service::follow(Running::start(convene(&address, &["--listen", "127.0.0.1:0"])));
    let service = serve();
    let places = Places::find(&service).await;
    let writer = Writer::new(&service, &token);
    let [rift, coast] = ["rift", "coast"].map(|slug| json!({ "within": places.id(slug) }));
    let was = warm(&service, POLLED, &rift).await;
    warm(&service, POLLED, &coast).await;
    for n in 0..8 {
        // Gatherings take turns: two in the one region, two in the other.
        let (touched, other) = if n % 4 < 2 { (&rift, &coast) } else { (&coast, &rift) };
        let before = [service.ask(POLLED, touched.clone()).await, service.ask(POLLED, other.clone()).await];
        submit(&writer, &places, n).await;
        let after = service.ask(POLLED, touched.clone()).await;
        assert_ne!(after, before[0], "who has written sees it at once");
        until("what is elsewhere is remembered still", async || {
            let count = remembered(&service).await;
            let same = service.ask(POLLED, other.clone()).await == before[1];
            same && remembered(&service).await > count
        })
        .await;
    }
    assert_ne!(service.ask(POLLED, rift.clone()).await, was);
    // A name is part of the answer, wherever in the tree it stands.
    warm(&service, POLLED, &rift).await;
    let query = "query ($id: ID!) { community(id: $id) { revision } }";
    let id = places.id("rift-0");
    let revision = service.ask(query, json!({ "id": id })).await["community"]["revision"].clone();
    writer
        .done("changeCommunity", json!({ "community": id, "expectedRevision": revision, "name": "Naivasha" }), "community { id }")
        .await;
    let renamed = service.ask(POLLED, rift.clone()).await.to_string();
    assert!(renamed.contains("Naivasha"), "{renamed}");
}
on_both!(polling_what_does_not_change_costs_nothing_and_what_changes_is_seen_at_once);

async fn what_another_node_writes_is_seen_within_a_second(address: String) {
    import(&address, 8);
    let token = token(&address);
    let [here, there] = [Service::start(&address), Service::start(&address)];
    let places = Places::find(&here).await;
    let within = json!({ "within": places.id("weave") });
    // Who has written elsewhere says so, and sees it at once.
    let writer = Writer::new(&there, &token);
    let at_least = "query ($within: ID!, $atLeast: String) { activity(within: $within, atLeast: $atLeast, metrics: [REPORTS]) { \
                    total { metrics { values } } } }";
    warm(&here, at_least, &within).await;
    for n in 0..3 {
        let payload = submit(&writer, &places, n).await;
        let asked = json!({ "within": within["within"], "atLeast": payload["cursor"] });
        let told = here.ask(at_least, asked).await;
        assert_eq!(told["activity"]["total"]["metrics"][0]["values"], json!([n + 1]));
    }
    for (cursor, code) in [("nonsense", "BAD_CURSOR"), ("", "BAD_CURSOR")] {
        let answer = here.answer(at_least, json!({ "within": within["within"], "atLeast": cursor })).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
    }
    let before = warm(&here, POLLED, &within).await;
    submit(&writer, &places, 3).await;
    let written = Instant::now();
    while here.ask(POLLED, within.clone()).await == before {
        assert!(written.elapsed() < Duration::from_secs(2), "an old answer is given again and again");
    }
    assert_eq!(here.ask(POLLED, within.clone()).await, there.ask(POLLED, within).await);
}
on_both!(what_another_node_writes_is_seen_within_a_second);

async fn a_query_is_sent_once_and_its_answer_only_when_it_is_another(address: String) {
    import(&address, 8);
    let token = token(&address);
    let service = Service::start(&address);
    let places = Places::find(&service).await;
    let hash = {
        use sha2::{Digest, Sha256};
        Sha256::digest(POLLED).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let client = reqwest::Client::new();
    let variables = json!({ "within": places.id("weave") }).to_string();
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } }).to_string();
    let get = |query: Option<&'static str>, tag: Option<String>| {
        let mut parameters = vec![("variables", variables.as_str()), ("extensions", extensions.as_str())];
        parameters.extend(query.map(|query| ("query", query)));
        let mut request = client.get(format!("{}/graphql", service.url)).query(&parameters);
        if query.is_some() {
            // A web page of someone else could send it else.
            request = request.header("x-convene-preflight", "numbers");
        }
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        async { request.send().await.expect("answers") }
    };
    let unknown: Value = get(None, None).await.json().await.expect("JSON");
    assert_eq!(unknown["errors"][0]["extensions"]["code"], "PERSISTED_QUERY_NOT_FOUND");
    assert_eq!(get(Some(POLLED), None).await.status(), 200);
    let known = get(None, None).await;
    let tag = known.headers()["etag"].to_str().expect("text").to_owned();
    assert_eq!(known.headers()["cache-control"], "private, no-cache");
    let body: Value = known.json().await.expect("JSON");
    assert!(body["data"]["activity"].is_object(), "{body}");
    let same = get(None, Some(tag.clone())).await;
    assert_eq!(same.status(), 304);
    assert_eq!(same.text().await.expect("text"), "");
    submit(&Writer::new(&service, &token), &places, 2).await;
    let changed = get(None, Some(tag.clone())).await;
    assert_eq!(changed.status(), 200);
    assert_ne!(changed.headers()["etag"].to_str().expect("text"), tag);
    let wrong = json!({ "query": "{ __typename }", "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let refused = client.post(format!("{}/graphql", service.url)).json(&wrong).send().await.expect("answers");
    assert_eq!(refused.status(), 400);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(a_query_is_sent_once_and_its_answer_only_when_it_is_another);
