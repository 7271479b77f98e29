use serde_json::{Value as Json, json};

use super::{Place, at, done, done_by, facilitator, pair, reason, send, with};
use convene_domain::access::Caller;

fn plan(place: &Place, title: &str, key: &str) -> Json {
    json!({ "hosts": [place.city], "title": title, "startDate": "2026-05-01", "idempotencyKey": key })
}

async fn gatherings(place: &Place) -> Json {
    let query = format!("{{ gatherings(within: {}) {{ totalCount }} }}", place.nation);
    place.read(query).await["gatherings"]["totalCount"].take()
}

#[tokio::test]
async fn what_is_sent_again_is_done_once_and_answered_alike() {
    let place = Place::new().await;
    let first = done(&place.world, "planGathering", plan(&place, "Autumn", "k"), "gathering { id revision }").await;
    let again = done(&place.world, "planGathering", plan(&place, "Autumn", "k"), "gathering { id revision }").await;
    assert_eq!(first, again);
    assert_eq!(gatherings(&place).await, 2);
    assert_eq!(reason(&place.world, "planGathering", plan(&place, "Winter", "k")).await, pair("CONFLICT", "idempotencyKey"));
    assert_eq!(gatherings(&place).await, 2);
}

/// The answer to the first is found though the record has gone on, or is gone.
#[tokio::test]
async fn what_is_sent_again_late_is_the_first_outcome_still() {
    let place = Place::new().await;
    let change = || with(at("community", &place.city, 1), json!({ "name": "One", "idempotencyKey": "k" }));
    let first = done(&place.world, "changeCommunity", change(), "community { name }").await;
    let other = with(at("community", &place.city, 2), json!({ "name": "Two" }));
    done(&place.world, "changeCommunity", other, "community { name }").await;
    let again = done(&place.world, "changeCommunity", change(), "community { name revision }").await;
    assert_eq!(again["cursor"], first["cursor"]);
    assert_eq!(again["community"], json!({ "name": "Two", "revision": 3 }));

    let planned = done(&place.world, "planGathering", plan(&place, "Autumn", "k"), "gathering { id }").await;
    let remove = || with(at("gathering", &planned["gathering"]["id"], 1), json!({ "idempotencyKey": "k" }));
    let removed = done(&place.world, "removeGathering", remove(), "removed").await;
    assert_eq!(done(&place.world, "removeGathering", remove(), "removed").await, removed);
    let again = done(&place.world, "planGathering", plan(&place, "Autumn", "k"), "gathering { id }").await;
    assert_eq!((&again["gathering"], &again["cursor"]), (&Json::Null, &planned["cursor"]));
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free() {
    let place = Place::new().await;
    let taken = json!({ "slug": "relief", "name": "Other", "idempotencyKey": "k" });
    assert_eq!(reason(&place.world, "createNetwork", taken).await, pair("TAKEN", "slug"));
    let blank = json!({ "slug": "other", "name": "", "idempotencyKey": "k" });
    assert_eq!(reason(&place.world, "createNetwork", blank).await, pair("INVALID", "name"));
    let right = json!({ "slug": "other", "name": "Other", "idempotencyKey": "k" });
    done(&place.world, "createNetwork", right, "network { id }").await;
}

#[tokio::test]
async fn a_key_is_of_one_caller_and_one_mutation() {
    let place = Place::new().await;
    for caller in [Caller::Operator, facilitator(1), facilitator(2)] {
        done_by(&place.world, caller, "planGathering", plan(&place, "Autumn", "k"), "gathering { id }").await;
    }
    assert_eq!(gatherings(&place).await, 4);
    let step = |revision| with(at("community", &place.city, revision), json!({ "idempotencyKey": "k" }));
    done(&place.world, "pauseCommunity", step(1), "community { id }").await;
    done(&place.world, "reopenCommunity", step(2), "community { id }").await;
    done(&place.world, "closeCommunity", step(3), "community { id }").await;
}

#[tokio::test]
async fn keys_have_something_to_read_and_an_end() {
    let place = Place::new().await;
    for key in ["", "  ", "a\0b", &"x".repeat(201)] {
        let input = plan(&place, "Autumn", key);
        assert_eq!(reason(&place.world, "planGathering", input).await, pair("INVALID", "idempotencyKey"), "{key:?}");
    }
    done(&place.world, "planGathering", plan(&place, "Autumn", &"é".repeat(200)), "gathering { id }").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_sent_many_times_at_once_is_done_once() {
    let place = Place::new().await;
    let send = |_| done_by(&place.world, facilitator(1), "planGathering", plan(&place, "Autumn", "k"), "gathering { id }");
    let answers = futures::future::join_all((0..8).map(send)).await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    assert_eq!(gatherings(&place).await, 2);
}

/// Of those who hand in the report of one gathering at once, one is first; the others are told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_report_is_handed_in_however_many_are_sent_at_once() {
    let place = Place::new().await;
    let submit = |number: u32| {
        let input = json!({ "gathering": place.gathering, "attendance": number, "idempotencyKey": format!("k{number}") });
        send(&place.world, facilitator(1), "submitGatheringReport", input, "report { status revision }")
    };
    let answers = futures::future::join_all((0..8).map(submit)).await;
    let payloads = answers.iter().map(|answer| &answer["data"]["submitGatheringReport"]);
    let (done, refused): (Vec<_>, Vec<_>) = payloads.partition(|payload| payload["report"].is_object());
    assert_eq!(
        done.iter().map(|payload| &payload["report"]).collect::<Vec<_>>(),
        [&json!({ "status": "SUBMITTED", "revision": 1 })]
    );
    for payload in refused {
        let reason = &payload["userErrors"][0];
        assert_eq!(
            (&reason["code"], &reason["field"]),
            (&json!("CONFLICT"), &json!(["input", "expectedRevision"])),
            "{payload:#}"
        );
        assert_eq!(reason["currentRevision"], 1);
    }
}
