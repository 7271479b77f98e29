//! Who is told what: every field at the root of the schema that is followed, by someone of every role.

use serde_json::{Value, json};

use crate::{
    live::{EVERYTHING, Follower, REPORTS, text},
    on_both,
    program::succeed,
    roles::{CALLERS, HANDED_IN, READ, World, assert_all_named},
};

/// Every field that is followed, and of how many of the four reports each is told when something is added to them; of numbers,
/// how many of those that were handed in the newest is taken from.
const SUBSCRIPTIONS: &[(&str, [u64; 6])] = &[("activityChanged", HANDED_IN), ("changed", READ), ("gatheringReportChanged", READ)];

/// Everyone is told the same numbers, with the newest of the reports that they may read.
async fn newest_and_numbers(world: &World, readable: &[u64; 6]) {
    let query = "subscription ($within: ID!) { activityChanged(within: $within, metrics: [GATHERINGS], everySeconds: 1) { \
                 cursor newestReport { id } activity { total { metrics { values } } } } }";
    for (caller, role) in CALLERS.iter().enumerate() {
        let token = world.tokens[caller].as_deref();
        let (_, first) = Follower::open(&world.hand.service, token, query, json!({ "within": world.names["city"] })).await;
        let first: Value = serde_json::from_str(&first).expect("JSON");
        let item = &first["payload"]["data"]["activityChanged"];
        let newest = ["public", "forNetwork", "forMembers"][usize::try_from(readable[caller]).expect("small") - 1];
        assert_eq!(item["newestReport"]["id"], json!(world.names[newest]), "{role}: {first}");
        assert_eq!(item["activity"]["total"]["metrics"], json!([{ "values": [4] }]), "{role}: {first}");
    }
}

async fn who_follows_is_told_what_a_role_lets_its_holder_read(address: String) {
    let world = World::new(&address).await;
    assert_all_named(&succeed(&address, &["schema"]), "Subscription", SUBSCRIPTIONS.iter().map(|(name, _)| *name));
    let service = &world.hand.service;
    for (name, expected) in SUBSCRIPTIONS {
        let query = match *name {
            "activityChanged" => {
                newest_and_numbers(&world, expected).await;
                continue;
            }
            "changed" => EVERYTHING,
            "gatheringReportChanged" => REPORTS,
            other => panic!("nobody follows {other}"),
        };
        let mut followers = Vec::new();
        for caller in 0..CALLERS.len() {
            let token = world.tokens[caller].as_deref();
            followers.push(Follower::start(service, token, query, &world.names["city"], None).await);
        }
        // The one that all are told of comes last.
        let mut written = Vec::new();
        for report in ["draft", "forMembers", "forNetwork", "public"] {
            let input = json!({ "report": world.names[report], "items": [{ "kind": "NEED", "text": "more" }] });
            world.hand.done("appendToGatheringReport", input, "__typename").await;
            written.push(world.names[report].clone());
        }
        for (caller, follower) in followers.iter_mut().enumerate() {
            let mut told = Vec::new();
            while told.last() != written.last() {
                let (_, item) = follower.change().await;
                told.push(text(&item["change"]["entityId"]));
                assert!(item.get("entity").or(item.get("report")).is_some_and(|it| !it.is_null()), "{name}: {item}");
            }
            let from = written.len() - usize::try_from(expected[caller]).expect("small");
            assert_eq!(told, written[from..], "{} follows {name}", CALLERS[caller]);
        }
    }
    // A report that is narrowed leaves the sight of those who may not read it any more, and theirs only.
    let mut followers = Vec::new();
    for token in [None, world.tokens[1].as_deref(), world.tokens[2].as_deref()] {
        followers.push(Follower::start(service, token, EVERYTHING, &world.names["city"], None).await);
    }
    let asked = json!({ "id": world.names["public"] });
    let found = service.ask("query ($id: ID!) { gatheringReport(id: $id) { revision } }", asked).await;
    let revision = found["gatheringReport"]["revision"].as_i64().expect("a revision");
    for (at, audience) in [(0, "NETWORK"), (1, "MEMBERS"), (2, "PUBLIC")] {
        let input = json!({ "report": world.names["public"], "expectedRevision": revision + at, "audience": audience });
        world.hand.done("amendGatheringReport", input, "__typename").await;
    }
    let expected = [vec!["LEFT", "ENTERED"], vec!["CHANGED", "LEFT", "ENTERED"], vec!["CHANGED"; 3]];
    for (follower, expected) in followers.iter_mut().zip(expected) {
        let told = follower.changes(expected.len()).await;
        let effects: Vec<_> = told.iter().map(|(_, item)| text(&item["change"]["effect"])).collect();
        assert_eq!(effects, expected);
    }
}
on_both!(who_follows_is_told_what_a_role_lets_its_holder_read);
