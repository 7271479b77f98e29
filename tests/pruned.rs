//! A log that was pruned: whoever stands where it still reaches reads on, whoever does not is told so, and nothing else
//! is answered differently than before.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    live::{Follower, REPORTS, Writer, text, token},
    on_both,
    program::{Running, Service, convene, run, succeed},
    weave::{Places, import},
};

const PAGE: &str = "query ($within: ID!, $after: String) { changes(within: $within, after: $after, first: 100) { \
    items { cursor change { kind entityId } } cursor hasMore } }";

fn input(places: &Places, n: usize) -> Value {
    json!({ "idempotencyKey": format!("report-{n}"), "gathering": places.gatherings[&format!("g-{n:04}")], "attendance": n })
}

async fn code_of(service: &Service, within: &str, after: &str) -> [String; 2] {
    let variables = json!({ "within": within, "after": after });
    let answer = service.answer(PAGE, variables.clone()).await;
    let (_, first) = Follower::open(service, None, REPORTS, variables).await;
    let first: Value = serde_json::from_str(&first).expect("JSON");
    [&answer["errors"], &first["payload"]].map(|errors| errors[0]["extensions"]["code"].as_str().unwrap_or("none").to_owned())
}

async fn who_stands_below_the_floor_is_told_so(address: String) {
    import(&address, 8);
    let secret = token(&address);
    let service = Service::start(&address);
    let places = Places::find(&service).await;
    let writer = Writer::new(&service, &secret);
    let mut follower = Follower::start(&service, None, REPORTS, places.id("weave"), None).await;
    let early = follower.cursor.clone();
    let first = writer.done("submitGatheringReport", input(&places, 0), "report { id revision }").await;
    follower.change().await;
    import(&address, 1_300);
    // Someone reads this page by page, and has read one when the log is pruned.
    let page = service.ask(PAGE, json!({ "within": places.id("weave"), "after": early })).await;
    let (between, count) = (text(&page["changes"]["cursor"]), page["changes"]["items"].as_array().expect("items").len());
    assert!(page["changes"]["hasMore"] == true && count == 100);
    writer.done("submitGatheringReport", input(&places, 1), "report { id }").await;
    follower.change().await;
    let late = follower.cursor.clone();

    let pruning = ["--listen", "127.0.0.1:0", "--log-keep-days", "0", "--log-keep-changes", "1000"];
    let pruned = Service::follow(Running::start(convene(&address, &pruning)));
    pruned.program.line("the logs were pruned");
    for at in [&service, &pruned] {
        for cursor in [&early, &between] {
            assert_eq!(code_of(at, places.id("weave"), cursor).await, ["CURSOR_EXPIRED", "CURSOR_EXPIRED"]);
        }
        assert_eq!(code_of(at, places.id("weave"), &late).await, ["none", "none"]);
    }
    // Who follows is not disturbed, at the process that was there before and at the new one.
    let mut fresh = Follower::start(&pruned, None, REPORTS, places.id("weave"), Some(&late)).await;
    writer.done("submitGatheringReport", input(&places, 2), "report { id }").await;
    assert_eq!(follower.change().await.0, fresh.change().await.0);
    // A mutation that is asked again is answered as the first time, wherever its change stood.
    let again = writer.done("submitGatheringReport", input(&places, 0), "report { id revision }").await;
    assert_eq!((&again["report"], &again["cursor"]), (&first["report"], &first["cursor"]));

    // A snapshot shows every record, and goes on in the log.
    let (mut seen, mut after, mut reports) = (BTreeSet::new(), Value::Null, 0);
    loop {
        let mut data = pruned.ask(PAGE, json!({ "within": places.id("weave"), "after": after })).await;
        for item in data["changes"]["items"].as_array().expect("items") {
            seen.insert(text(&item["change"]["entityId"]));
        }
        after = data["changes"]["cursor"].take();
        if data["changes"]["hasMore"] == false {
            break;
        }
        if reports == 0 {
            writer.done("submitGatheringReport", input(&places, 3), "report { id }").await;
            reports += 1;
        }
    }
    // The network, seven communities, the gatherings and four reports.
    assert_eq!(seen.len(), 1 + 7 + 1_300 + 4);
    let verified = run(&address, &["verify"]);
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && said.contains("was pruned: it is whole from position "), "{said}");
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(who_stands_below_the_floor_is_told_so);
