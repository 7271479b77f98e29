//! Who changed what, for those who look after a place; and that nothing people wrote is in the logs.

use serde_json::{Value, json};

use crate::{
    handmade::Handmade,
    live::{Follower, REPORTS, Writer, text, token},
    on_both, planted,
    program::{Running, Service, convene, succeed},
    weave::{Places, import},
};

const TRAIL: &str = "query ($within: ID!, $record: ID, $by: ID, $first: Int, $after: String) { \
    auditTrail(within: $within, record: $record, by: $by, first: $first, after: $after) { hasMore items { \
    cursor kind entityType entityId fromRevision revision occurredAt recordedAt by { kind id name } } } }";

/// Each entry as one line.
fn lines(page: &Value) -> Vec<String> {
    let entries = page["auditTrail"]["items"].as_array().expect("entries");
    let line = |entry: &Value| {
        let by = entry["by"]["name"].as_str().unwrap_or_else(|| entry["by"]["kind"].as_str().expect("a kind"));
        let from = entry["fromRevision"].as_i64().map_or_else(|| "-".to_owned(), |revision| revision.to_string());
        format!("{} {} {from} -> {} by {by}", text(&entry["entityType"]), text(&entry["kind"]), entry["revision"])
    };
    entries.iter().map(line).collect()
}

async fn who_changed_what_is_told_to_those_who_look_after_it(address: String) {
    import(&address, 8);
    let service = Service::start(&address);
    let places = Places::find(&service).await;
    let (kenya, rift, coast) = (places.id("kenya"), places.id("rift"), places.id("coast"));
    let secret = |name: &str| succeed(&address, &["token", "create", "--name", name]).trim().to_owned();
    let (amina, otieno) = (secret("Amina's app"), secret("Otieno's app"));
    let [first, second] = [&amina, &otieno].map(|secret| Writer::new(&service, secret));

    let gathering = &places.gatherings["g-0000"];
    let (report, revision) =
        first.make("submitGatheringReport", json!({ "gathering": gathering, "attendance": 12 }), "report").await;
    let amended = json!({ "report": report, "expectedRevision": revision, "attendance": 14 });
    second.make("amendGatheringReport", amended, "report").await;
    let (other, _) = second
        .make("submitGatheringReport", json!({ "gathering": places.gatherings["g-0002"], "attendance": 9 }), "report")
        .await;

    let ask = async |variables: Value| service.ask_as(&amina, TRAIL, variables).await;
    let all = ask(json!({ "within": rift, "first": 3 })).await;
    assert_eq!(
        lines(&all),
        [
            "GATHERING_REPORT AMENDED 1 -> 2 by Otieno's app",
            "GATHERING_REPORT SUBMITTED - -> 1 by Amina's app",
            "GATHERING CREATED - -> 1 by OPERATOR",
        ],
        "{all}"
    );
    assert_eq!(all["auditTrail"]["hasMore"], true);
    let entry = &all["auditTrail"]["items"][0];
    assert_eq!(text(&entry["entityId"]), report);
    assert!(text(&entry["by"]["id"]).starts_with("tok_"), "{entry}");

    // What touched another place only is not there; above both, everything is.
    assert_eq!(lines(&ask(json!({ "within": coast, "first": 1 })).await), ["GATHERING_REPORT SUBMITTED - -> 1 by Otieno's app"]);
    let of_record = ask(json!({ "within": kenya, "record": other })).await;
    assert_eq!(lines(&of_record), ["GATHERING_REPORT SUBMITTED - -> 1 by Otieno's app"]);
    assert_eq!(of_record["auditTrail"]["hasMore"], false);
    let by = ask(json!({ "within": places.id("weave"), "by": entry["by"]["id"] })).await;
    assert_eq!(lines(&by).len(), 2, "{by}");
    assert!(lines(&by).iter().all(|line| line.ends_with("by Otieno's app")), "{by}");

    // Page by page it is the same as at once.
    let whole = ask(json!({ "within": kenya, "first": 100 })).await;
    let (mut paged, mut after) = (Vec::new(), Value::Null);
    loop {
        let page = ask(json!({ "within": kenya, "first": 4, "after": after })).await;
        paged.extend(page["auditTrail"]["items"].as_array().expect("entries").clone());
        after = paged.last().expect("an entry")["cursor"].clone();
        if page["auditTrail"]["hasMore"] == false {
            break;
        }
    }
    assert_eq!(json!(paged), whole["auditTrail"]["items"]);
    assert!(paged.len() > 8, "what was imported is in the trail, too");

    // A revoked token is still named.
    let id = text(&entry["by"]["id"]);
    succeed(&address, &["token", "revoke", &id]);
    assert_eq!(lines(&ask(json!({ "within": rift, "first": 1 })).await), ["GATHERING_REPORT AMENDED 1 -> 2 by Otieno's app"]);

    let code = |answer: &Value| text(&answer["errors"][0]["extensions"]["code"]);
    assert_eq!(code(&service.answer(TRAIL, json!({ "within": rift })).await), "UNAUTHENTICATED");
    let wrong = [
        (json!({ "within": format!("com_{}", &gathering[4..]) }), "NOT_FOUND"),
        (json!({ "within": rift, "after": "nonsense" }), "BAD_CURSOR"),
        (json!({ "within": rift, "record": "nonsense" }), "BAD_USER_INPUT"),
        (json!({ "within": rift, "by": rift }), "BAD_USER_INPUT"),
        (json!({ "within": rift, "first": 101 }), "BAD_USER_INPUT"),
    ];
    for (variables, expected) in wrong {
        let answer = first.query(TRAIL, variables.clone()).await;
        assert_eq!(code(&answer), expected, "{variables}: {answer}");
    }
}

on_both!(who_changed_what_is_told_to_those_who_look_after_it);

async fn the_trail_of_what_is_no_more_is_for_those_who_look_after_the_network(address: String) {
    let hand = Handmade::new(&address).await;
    let (stays, goes) =
        (hand.community("stays", "CITY", None, json!({})).await, hand.community("goes", "CITY", None, json!({})).await);
    let holder = |within: &str, role: &str| {
        let made = succeed(&address, &["token", "create", "--name", role, "--within", within, "--role", role]);
        Writer::new(&hand.service, made.trim())
    };
    let (admin, coordinator, member) =
        (holder(&hand.network, "ADMIN"), holder(&stays, "COORDINATOR"), holder(&hand.network, "MEMBER"));
    let input = json!({ "community": stays, "expectedRevision": 1, "merged": goes, "expectedMergedRevision": 1 });
    hand.done("mergeCommunities", input, "__typename").await;
    let told = admin.query(TRAIL, json!({ "within": goes })).await;
    assert_eq!(lines(&told["data"])[0], "COMMUNITY MERGED 1 -> 2 by Test", "{told}");
    for other in [coordinator, member] {
        let refused = other.query(TRAIL, json!({ "within": goes })).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], "FORBIDDEN", "{refused}");
    }
}

on_both!(the_trail_of_what_is_no_more_is_for_those_who_look_after_the_network);

/// Words that no log line has by accident, in every place where people can write.
fn told(n: usize) -> Value {
    json!([
        { "kind": "CHALLENGE", "text": format!("Quittenmus {n} at the well of Wanjiru"), "contributor": format!("Wanjiru Quitte {n}") },
        { "kind": "NEXT_STEP", "text": format!("Fetch Quittenkern {n} home"), "owner": format!("Odhiambo Quitte {n}"), "state": "OPEN" },
        { "kind": "SUCCESS", "text": format!("Quittenbrot {n} for everyone"), "confidential": true },
    ])
}

async fn what_people_write_is_in_no_log(address: String) {
    import(&address, 8);
    let mut command = convene(&address, &["--listen", "127.0.0.1:0"]);
    command.env("CONVENE_LOG", "trace");
    let mut service = Service::follow(Running::start(command));
    let places = Places::find(&service).await;
    let secret = token(&address);
    let writer = Writer::new(&service, &secret);
    let mut follower = Follower::start(&service, Some(&secret), REPORTS, places.id("weave"), None).await;

    let gathering = &places.gatherings["g-0000"];
    let (report, revision) =
        writer.make("submitGatheringReport", json!({ "gathering": gathering, "items": told(1) }), "report").await;
    follower.change().await;
    // What is refused, what does not fit the schema, and what is no GraphQL at all: each error is about what was sent.
    let stale = json!({ "report": report, "expectedRevision": revision + 7, "addItems": told(2) });
    let refused = writer.ask("amendGatheringReport", stale, "report { id }").await;
    assert_ne!(refused["userErrors"], json!([]));
    planted::remember("Quittenlikör of Wanjiru");
    for faulty in [
        "query { communities(within: \"Quittenlikör of Wanjiru\") { totalCount } }",
        "query { gatheringReports(within: \"x\", filter: { itemText: \"Quittenlikör of Wanjiru\" }) { totalCount } }",
        "query { node(id: \"Quittenlikör of Wanjiru\") { id } } }}} \"Quittenlikör of Wanjiru\"",
        "query ($a: Quittenlikör) { x(a: \"Quittenlikör of Wanjiru\") }",
    ] {
        let answer = writer.query(faulty, json!({ "a": "Quittenlikör of Wanjiru" })).await;
        assert!(answer.get("errors").is_some(), "{faulty}: {answer}");
    }
    let network = places.id("weave");
    let search = "query ($within: ID!) { gatheringReports(within: $within, filter: { itemText: \"Quittenmus\" }) { nodes { items { text contributor } } } }";
    let found = service.ask_as(&secret, search, json!({ "within": network })).await;
    assert_eq!(found["gatheringReports"]["nodes"].as_array().map(Vec::len), Some(1), "{found}");
    let metrics = reqwest::get(format!("{}/metrics", service.url)).await.expect("answers").text().await.expect("text");
    assert_eq!(planted::found_in(&metrics), None, "a metric says what someone wrote");

    assert!(planted::count() > 5);
    assert!(service.program.count("TRACE") > 0, "everything is logged that can be");
    service.program.signal("TERM");
    service.program.end();
    service.program.check_words();
}

on_both!(what_people_write_is_in_no_log);
