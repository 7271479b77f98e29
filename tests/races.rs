//! Several people do things at once that do not go together: each is told what became of theirs.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::{
    live::{Writer, text, token},
    on_both,
    program::{Service, succeed},
};

async fn city(writer: &Writer, network: &str, slug: &str) -> (String, i64) {
    let input = json!({ "network": network, "slug": slug, "name": slug, "level": "CITY", "defaultAudience": "PUBLIC" });
    writer.make("createCommunity", input, "community").await
}

/// Whoever plans at a community that is being merged away plans there in time, or is told that it is gone.
async fn a_host_that_is_merged_away_meanwhile_is_no_fault_of_ours(address: String) {
    let (at, other) = (Service::start(&address), Service::start(&address));
    let secret = token(&address);
    let (writer, beside) = (Writer::new(&at, &secret), Writer::new(&other, &secret));
    let (network, _) = writer.make("createNetwork", json!({ "slug": "weave", "name": "Weave" }), "network").await;
    let (keep, mut revision) = city(&writer, &network, "keep").await;
    for round in 0..15 {
        let (goes, of_goes) = city(&writer, &network, &format!("goes-{round}")).await;
        let merge = json!({ "community": keep, "expectedRevision": revision, "merged": goes, "expectedMergedRevision": of_goes });
        let plan = json!({ "hosts": [goes], "title": "Circle", "startDate": "2026-05-01" });
        let (merged, planned) = tokio::join!(
            writer.make("mergeCommunities", merge, "community"),
            beside.ask("planGathering", plan, "gathering { id hosts { slug } }"),
        );
        revision = merged.1;
        match planned["userErrors"][0]["code"].as_str() {
            None => assert!(!planned["gathering"].is_null(), "{planned}"),
            Some(code) => assert_eq!(code, "NOT_FOUND", "{planned}"),
        }
    }
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(a_host_that_is_merged_away_meanwhile_is_no_fault_of_ours);

/// A list and what its entries refer to are read one after the other, and what was read can be removed in between.
async fn lists_are_answered_while_what_they_show_is_removed(address: String) {
    let service = Service::start(&address);
    let writer = Writer::new(&service, &token(&address));
    let (network, _) = writer.make("createNetwork", json!({ "slug": "weave", "name": "Weave" }), "network").await;
    let (host, _) = city(&writer, &network, "nakuru").await;
    let done = AtomicBool::new(false);
    let come_and_go = async |writer: Writer| {
        for day in 1..=25 {
            let plan = json!({ "hosts": [host], "title": "Circle", "startDate": format!("2026-05-{day:02}") });
            let (gathering, _) = writer.make("planGathering", plan, "gathering").await;
            let report = json!({ "gathering": gathering });
            let report = writer.done("submitGatheringReport", report, "report { gathering { revision } }").await;
            let input = json!({ "gathering": gathering, "expectedRevision": report["report"]["gathering"]["revision"] });
            writer.done("removeGathering", input, "removed").await;
        }
    };
    let writing = async {
        tokio::join!(come_and_go(writer.clone()), come_and_go(writer.clone()), come_and_go(writer.clone()));
        done.store(true, Ordering::Relaxed);
    };
    let reading = async {
        let query = "query ($within: ID!) { gatheringReports(within: $within, first: 50) { nodes { id gathering { title hosts { slug } } } } }";
        let mut shown = 0;
        while !done.load(Ordering::Relaxed) {
            let data = service.ask(query, json!({ "within": network })).await;
            let nodes = data["gatheringReports"]["nodes"].as_array().expect("nodes").clone();
            assert!(nodes.iter().all(|node| text(&node["gathering"]["title"]) == "Circle"));
            shown += nodes.len();
        }
        shown
    };
    let ((), shown) = tokio::join!(writing, reading);
    assert!(shown > 0, "something was there to be read");
    let left =
        service.ask("query ($within: ID!) { gatheringReports(within: $within) { totalCount } }", json!({ "within": network }));
    assert_eq!(left.await["gatheringReports"]["totalCount"], Value::from(0));
}
on_both!(lists_are_answered_while_what_they_show_is_removed);
