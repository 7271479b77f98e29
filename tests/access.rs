//! Who may ask what: every field at the root of the schema that asks, by someone of every role.

use serde_json::{Value, json};

use crate::{
    live::{Follower, REPORTS, Writer},
    on_both,
    program::succeed,
    roles::{CALLERS, HANDED_IN, READ, World, assert_all_named, code, quoted},
};

/// What each of them is answered.
enum Cell {
    /// Everyone the same, and no error.
    Everyone,
    /// So many of the four reports: one that is public, one for the network, one for members and a draft. Or of what else there
    /// is, counted the same way.
    Reports(&'static str, [u64; 6]),
    /// What only those from this one of the callers on may see; a stranger has to sign in, and others are refused.
    From(usize),
    /// The same of a part of what everyone sees: a stranger is refused like others, and the rest is told.
    Part(usize),
}

use Cell::{Everyone, From, Part, Reports};

/// The themes that are told: one in the public report, one in a confidential item of it, and one in each other report that was
/// handed in.
const THEMES: [u64; 6] = [1, 2, 3, 3, 4, 4];

/// Every field that asks. A path leads to a number, or to a list whose entries that are there are counted.
const QUERIES: &[(&str, &str, Cell)] = &[
    ("activity", "activity(within: $city, metrics: [GATHERINGS]) { cursor total { metrics { values } } }", Everyone),
    (
        "attention",
        "attention(within: $city, kinds: [DATA_MISSING], asOf: \"2026-07-01\", from: \"2026-01-01\") { entries(first: 100) { nodes { report { id } } } }",
        Reports("/entries/nodes/*/report", HANDED_IN),
    ),
    ("auditTrail", "auditTrail(within: $city) { __typename }", From(4)),
    (
        "changes",
        "changes(within: $city, first: 100, entityTypes: [GATHERING_REPORT]) { items { entity { id } } }",
        Reports("/items/*/entity", READ),
    ),
    (
        "communities",
        "communities(within: $network) { nodes { slug gatheringReports { totalCount } } }",
        Reports("/nodes/0/gatheringReports/totalCount", READ),
    ),
    (
        "community",
        "community(id: $city) { gatheringReports(first: 10) { nodes { id } } }",
        Reports("/gatheringReports/nodes/*", READ),
    ),
    ("community", "community(id: $city) { memberships { totalCount } membershipInvitations { id } }", Part(4)),
    (
        "communityBySlug",
        "communityBySlug(network: $network, slug: \"a-city\") { gatheringReports(first: 10, filter: { itemText: \"told\" }) { totalCount } }",
        Reports("/gatheringReports/totalCount", READ),
    ),
    ("comparison", "comparison(communities: [$city, $other], metrics: [GATHERINGS]) { cursor metrics { numerators } }", Everyone),
    (
        "funderPage",
        "funderPage(within: $network) { cursor bands { communities { numerator } } countries { total { metrics { values } } } }",
        Everyone,
    ),
    ("gathering", "gathering(id: $membersGathering) { report { id } }", Reports("/report", [0, 0, 1, 1, 1, 1])),
    ("gatheringReport", "gatheringReport(id: $public) { items { text } }", Reports("/items/*", [1, 1, 1, 1, 2, 2])),
    ("gatheringReports", "gatheringReports(within: $network) { totalCount }", Reports("/totalCount", READ)),
    ("gatherings", "gatherings(within: $network) { nodes { report { id } } }", Reports("/nodes/*/report", READ)),
    ("lifeCycle", "lifeCycle(within: $network) { active { numerator } activeShare { numerator denominator } }", Everyone),
    ("metricDefinitions", "metricDefinitions(ids: [GATHERINGS]) { id }", Everyone),
    ("network", "network(id: $network) { gatheringReports { totalCount } }", Reports("/gatheringReports/totalCount", READ)),
    ("network", "network(id: $network) { memberships { totalCount } membershipInvitations { id } }", Part(5)),
    (
        "networkBySlug",
        "networkBySlug(slug: \"relief\") { gatherings { nodes { report { id } } } }",
        Reports("/gatherings/nodes/*/report", READ),
    ),
    ("networks", "networks { nodes { gatheringReports { totalCount } } }", Reports("/nodes/0/gatheringReports/totalCount", READ)),
    ("node", "node(id: $draft) { id }", Reports("", [0, 0, 0, 1, 1, 1])),
    ("nodes", "nodes(ids: [$public, $forNetwork, $forMembers, $draft]) { id }", Reports("/*", READ)),
    ("personTraces", "personTraces(network: $network, name: \"Ana\") { __typename }", From(5)),
    ("quietSpells", "quietSpells(within: $network) { count { numerator } cameBack { numerator } }", Everyone),
    (
        "themes",
        "themes(within: $city, window: { from: \"2026-01-01\", to: \"2026-07-01\" }, first: 100) { nodes { theme { code } } }",
        Reports("/nodes/*", THEMES),
    ),
    ("viewer", "viewer { grants { role } verbs }", Reports("/grants/*", [0, 1, 1, 1, 1, 1])),
    ("workSites", "workSites(within: $network) { nodes { isExact } }", Reports("/nodes/*", HANDED_IN)),
];

/// The number at a path, or how many are there; a `*` stands for each entry of a list.
fn count(value: &Value, path: &str) -> u64 {
    match path.split_once("/*") {
        Some((list, rest)) => {
            let entries = value.pointer(list).and_then(Value::as_array).unwrap_or_else(|| panic!("{value} has no list {list}"));
            entries.iter().map(|entry| count(entry, rest)).sum()
        }
        None => match value.pointer(path).unwrap_or(&Value::Null) {
            Value::Null => 0,
            Value::Number(number) => number.as_u64().expect("a count"),
            Value::Array(entries) => entries.len() as u64,
            _ => 1,
        },
    }
}

fn without_cursor(answer: &mut Value) {
    let data = answer["data"].as_object_mut().expect("data");
    for field in data.values_mut().filter_map(Value::as_object_mut) {
        field.remove("cursor");
    }
}

async fn queries_show_what_a_role_lets_its_holder_read(address: String) {
    let world = World::new(&address).await;
    assert_all_named(&succeed(&address, &["schema"]), "Query", QUERIES.iter().map(|(name, ..)| *name));
    for (name, query, cell) in QUERIES {
        let field = query.split(['(', ' ']).next().expect("a field");
        assert_eq!(field, *name);
        let query = world.fill(&quoted(&format!("{{ {query} }}")));
        let mut answers = Vec::new();
        for (caller, role) in CALLERS.iter().enumerate() {
            let answer = world.ask(caller, &query).await;
            match cell {
                Everyone => assert!(answer.get("errors").is_none(), "{role} asks {query}: {answer}"),
                Reports(path, expected) => {
                    assert!(answer.get("errors").is_none(), "{role} asks {query}: {answer}");
                    assert_eq!(count(&answer["data"][*name], path), expected[caller], "{role} asks {query}: {answer}");
                }
                From(first) => {
                    let expected = if caller == 0 { "UNAUTHENTICATED" } else { "FORBIDDEN" };
                    assert_eq!(code(&answer), if caller < *first { expected } else { "" }, "{role} asks {query}: {answer}");
                }
                Part(first) => {
                    assert_eq!(code(&answer), if caller < *first { "FORBIDDEN" } else { "" }, "{role} asks {query}: {answer}");
                    assert!(answer["data"][*name].is_object(), "{role} asks {query}: {answer}");
                }
            }
            answers.push(answer);
        }
        if matches!(cell, Everyone) {
            // A cursor names the rights that it was read under.
            answers.iter_mut().for_each(without_cursor);
            assert!(answers.iter().all(|answer| answer == &answers[0]), "{name}: {answers:#?}");
        }
    }
}
on_both!(queries_show_what_a_role_lets_its_holder_read);

/// What is joined to another community, or moved away from it, changes what its members may read.
async fn who_hosts_and_where_they_stand_decides(address: String) {
    let world = World::new(&address).await;
    let (hand, names) = (&world.hand, &world.names);
    let sees = async |caller: usize| {
        let query =
            world.fill(&quoted("{ gatheringReport(id: $forMembers) { id } gatheringReports(within: $network) { totalCount } }"));
        let answer = world.ask(caller, &query).await;
        (!answer["data"]["gatheringReport"].is_null(), answer["data"]["gatheringReports"]["totalCount"].as_u64())
    };
    assert_eq!(sees(1).await, (false, Some(2)));
    // Jointly hosted, it is the other community's as well.
    let input =
        json!({ "gathering": names["membersGathering"], "expectedRevision": 2, "hosts": [names["city"], names["other"]] });
    hand.done("changeGathering", input, "__typename").await;
    assert_eq!((sees(1).await, sees(2).await), ((true, Some(3)), (true, Some(3))));
    let input = json!({ "gathering": names["membersGathering"], "expectedRevision": 3, "hosts": [names["city"]] });
    hand.done("changeGathering", input, "__typename").await;
    assert_eq!(sees(1).await, (false, Some(2)));
    // Under the other one, the whole city is.
    let service = &hand.service;
    let network = &names["network"];
    let mut elsewhere = Follower::start(service, world.tokens[1].as_deref(), REPORTS, network, None).await;
    let mut admin = Follower::start(service, world.tokens[5].as_deref(), REPORTS, network, None).await;
    let mut input = json!({ "community": names["city"], "expectedRevision": hand.revision(&names["city"]).await });
    input["parent"] = names["other"].clone().into();
    hand.done("moveCommunity", input, "__typename").await;
    assert_eq!(sees(1).await, (true, Some(3)));
    let input = json!({ "report": names["public"], "items": [{ "kind": "NEED", "text": "more" }] });
    hand.done("appendToGatheringReport", input, "__typename").await;
    loop {
        let message = elsewhere.message().await;
        if message.contains("SCOPE_CHANGED") {
            assert!(message.contains("\"cursor\""), "{message}");
            break;
        }
        assert!(!message.contains(&names["public"]), "nothing is told past the move: {message}");
    }
    loop {
        let (_, item) = admin.change().await;
        if item["change"]["entityId"] == json!(names["public"]) {
            break;
        }
    }
}
on_both!(who_hosts_and_where_they_stand_decides);

/// Whoever may not read a confidential item changes nothing of it.
async fn confidential_items_are_for_coordinators(address: String) {
    let world = World::new(&address).await;
    let query = world.fill(&quoted("{ gatheringReport(id: $public) { revision items { id confidential } } }"));
    let found = world.ask(4, &query).await;
    let report = &found["data"]["gatheringReport"];
    let hidden =
        report["items"].as_array().expect("items").iter().find(|item| item["confidential"] == true).expect("one")["id"].clone();
    let node = format!("{{ node(id: {hidden}) {{ id }} }}");
    for (caller, role) in CALLERS.iter().enumerate() {
        let answer = world.ask(caller, &node).await;
        assert_eq!(!answer["data"]["node"].is_null(), caller >= 4, "{role}: {answer}");
    }
    let amend = async |caller: usize, change: Value| {
        let mut input = json!({ "report": world.names["public"], "expectedRevision": report["revision"] });
        input["changeItems"] = json!([change]);
        let writer = Writer::new(&world.hand.service, world.tokens[caller].as_deref().expect("a token"));
        writer.ask("amendGatheringReport", input, "__typename").await["userErrors"].clone()
    };
    let refused = amend(3, json!({ "id": hidden, "confidential": false })).await;
    assert_eq!((&refused[0]["code"], &refused[0]["field"]), (&json!("NOT_FOUND"), &json!(["input", "changeItems", "0", "id"])));
    assert_eq!(amend(4, json!({ "id": hidden, "text": "told otherwise" })).await, json!([]));
}
on_both!(confidential_items_are_for_coordinators);
