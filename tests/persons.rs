//! What is kept of a person, and how it is taken out.

use serde_json::{Value, json};

use crate::{
    live::{Follower, Writer, text, token},
    on_both,
    program::Service,
    weave::{Places, import},
};

const TRACES: &str = "query ($network: ID!, $name: String!, $first: Int, $after: ID) { \
    personTraces(network: $network, name: $name, first: $first, after: $after) { hasMore traces { itemId reportId namedAs text } } }";

const REPORT: &str = "query ($id: ID!) { gatheringReport(id: $id) { revision status items { text contributor owner } } }";

const NAMES: &str = "subscription ($within: ID!, $after: String) { gatheringReportChanged(within: $within, after: $after) { \
    cursor change { kind entityId } report { items { text contributor owner } } } }";

fn items(name: &str, other: &str) -> Value {
    json!([
        { "kind": "CHALLENGE", "text": "The well is dry", "contributor": name },
        { "kind": "NEXT_STEP", "text": format!("{name} digs a new one"), "owner": format!(" {} ", name.to_uppercase()), "state": "OPEN" },
        { "kind": "SUCCESS", "text": "The school has a roof", "contributor": other },
    ])
}

async fn a_name_is_found_and_taken_out_everywhere(address: String) {
    import(&address, 8);
    let service = Service::start(&address);
    let places = Places::find(&service).await;
    let (network, secret) = (places.id("weave"), token(&address));
    let writer = Writer::new(&service, &secret);
    let submit = async |gathering: &str, items: Value| {
        let gathering = &places.gatherings[gathering];
        writer
            .make("submitGatheringReport", json!({ "gathering": gathering, "audience": "PUBLIC", "items": items }), "report")
            .await
    };
    let (first, _) = submit("g-0000", items("Łucja Wanjirü", "Odhiambo Otieno")).await;
    let (second, _) = submit("g-0001", items("łucja wanjirü", "Łucja Wanjirü-Otieno")).await;
    let (other, _) = submit("g-0002", items("Somebody else", "Odhiambo Otieno")).await;
    // What was taken back is kept, and so is what it says of people.
    let (gone, revision) = submit("g-0003", items("Łucja Wanjirü", "Odhiambo Otieno")).await;
    writer.make("withdrawGatheringReport", json!({ "report": gone, "expectedRevision": revision }), "report").await;

    let ask = async |variables: Value| service.ask_as(&secret, TRACES, variables).await["personTraces"].take();
    let name = "łucja wanjirü";
    let all = ask(json!({ "network": network, "name": name })).await;
    let traces = all["traces"].as_array().expect("traces").clone();
    let mut kinds: Vec<String> = traces.iter().map(|trace| trace["namedAs"].to_string()).collect();
    kinds.sort();
    assert_eq!(kinds, [r#"["CONTRIBUTOR"]"#; 3].into_iter().chain([r#"["OWNER","TEXT"]"#; 3]).collect::<Vec<_>>());
    assert!(traces.iter().all(|trace| trace["reportId"] != json!(other)), "{all}");
    let page = ask(json!({ "network": network, "name": name, "first": 4 })).await;
    assert_eq!((&page["hasMore"], page["traces"].as_array().map(Vec::len)), (&json!(true), Some(4)));
    let rest = ask(json!({ "network": network, "name": name, "first": 4, "after": traces[3]["itemId"] })).await;
    assert_eq!((&rest["hasMore"], &rest["traces"]), (&json!(false), &json!(traces[4..])));

    let mut follower = Follower::start(&service, Some(&secret), NAMES, network, None).await;
    let start = follower.cursor.clone();
    // A draft, and what the same person wrote on a machine that takes letters apart.
    let input = json!({ "gathering": places.gatherings["g-0004"], "items": items("Łucja  Wanjiru\u{308}", "Odhiambo Otieno") });
    let (draft, _) = writer.make("draftGatheringReport", input, "report").await;
    let (told, _) = follower.change().await;
    assert!(told.contains("Wanjiru\u{308}"), "{told}");
    let payload = writer
        .done("erasePerson", json!({ "network": network, "name": "Łucja Wanjirü", "idempotencyKey": "one" }), "network { id }")
        .await;
    assert_eq!(payload["network"]["id"], json!(network));
    // Whoever follows is told of each report, and gets it without the name.
    let mut told = Vec::new();
    for (_, item) in follower.changes(4).await {
        assert_eq!(item["change"]["kind"], "ERASED", "{item}");
        told.push(text(&item["change"]["entityId"]));
    }
    let mut expected = [&first, &second, &gone, &draft].map(String::clone);
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    // Whoever comes back from before is told of the draft as it is now.
    let mut again = Follower::start(&service, Some(&secret), NAMES, network, Some(&start)).await;
    for (message, item) in again.changes(5).await {
        let people: Vec<_> = item["report"]["items"].as_array().expect("items").iter().take(2).collect();
        assert!(people.iter().all(|item| item["contributor"].is_null() && item["owner"].is_null()), "{message}");
    }

    for id in [&first, &second] {
        let report = service.ask_as(&secret, REPORT, json!({ "id": id })).await["gatheringReport"].take();
        assert_eq!((&report["revision"], &report["status"]), (&json!(2), &json!("SUBMITTED")), "{report}");
        let people: Vec<_> =
            report["items"].as_array().expect("items").iter().map(|item| (&item["contributor"], &item["owner"])).collect();
        assert_eq!(people[..2], [(&Value::Null, &Value::Null), (&Value::Null, &Value::Null)], "{report}");
        assert_ne!(people[2].0, &Value::Null, "others stay: {report}");
    }
    let report = service.ask_as(&secret, REPORT, json!({ "id": other })).await["gatheringReport"].take();
    assert_eq!((&report["revision"], &report["items"][0]["contributor"]), (&json!(1), &json!("Somebody else")));
    // What texts say is still found, for people to decide on.
    let left = ask(json!({ "network": network, "name": name })).await;
    let left: Vec<_> = left["traces"].as_array().expect("traces").iter().map(|trace| trace["namedAs"].to_string()).collect();
    assert_eq!(left, [r#"["TEXT"]"#; 3]);
    let apart = ask(json!({ "network": network, "name": "Łucja  Wanjirü" })).await;
    assert_eq!(apart["traces"].as_array().map(Vec::len), Some(1), "a text has just these blanks: {apart}");

    // Asked for again with its key it is answered as the first time; with another, there is nobody any more.
    let again = json!({ "network": network, "name": "Łucja Wanjirü", "idempotencyKey": "one" });
    assert_eq!(writer.done("erasePerson", again, "network { id }").await["cursor"], payload["cursor"]);
    let refused = writer.ask("erasePerson", json!({ "network": network, "name": name }), "network { id }").await;
    assert_eq!(
        (&refused["userErrors"][0]["code"], &refused["userErrors"][0]["field"]),
        (&json!("NOT_FOUND"), &json!(["input", "name"]))
    );
    let refused =
        writer.ask("erasePerson", json!({ "network": format!("net_{}", &first[4..]), "name": " " }), "network { id }").await;
    assert_eq!(refused["userErrors"][0]["field"], json!(["input", "name"]), "{refused}");
    let answer = service.answer(TRACES, json!({ "network": network, "name": name })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED", "{answer}");
}

on_both!(a_name_is_found_and_taken_out_everywhere);
