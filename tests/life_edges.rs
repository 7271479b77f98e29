//! Life-cycle at its edges: ends of months, dated policies and statuses, moves, several hosts.

use serde_json::{Value, json};

use crate::{
    databases::execute,
    handmade::Handmade,
    on_both,
    program::{run, succeed},
};

/// The communities of a life-cycle by slug: state, and whether each is active.
async fn standings(world: &Handmade, within: &str, arguments: Value) -> Vec<(String, String, Option<bool>)> {
    let mut variables = arguments;
    variables["within"] = within.into();
    let query =
        "query ($within: ID!, $asOf: Date, $window: Window, $policy: ActivityPolicyChoice, $levels: [Level!], $closed: Boolean) {
        lifeCycle(within: $within, asOf: $asOf, window: $window, policy: $policy, levels: $levels, closed: $closed) {
            population { value } communities(first: 100) { totalCount nodes { community { slug } state active } } } }";
    let answer = world.service.ask(query, variables).await["lifeCycle"].take();
    let nodes = answer["communities"]["nodes"].as_array().expect("nodes");
    assert_eq!(answer["population"]["value"].as_f64(), Some(nodes.len() as f64), "{answer}");
    assert_eq!(answer["communities"]["totalCount"].as_u64(), u64::try_from(nodes.len()).ok());
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    nodes.iter().map(|node| (text(&node["community"]["slug"]), text(&node["state"]), node["active"].as_bool())).collect()
}

async fn active(world: &Handmade, as_of: &str, policy: Value) -> Vec<Option<bool>> {
    let found = standings(world, &world.network, json!({ "asOf": as_of, "policy": policy, "levels": ["CITY"] })).await;
    found.into_iter().map(|(_, _, active)| active).collect()
}

async fn dates_are_counted_in_one_calendar(address: String) {
    let world = Handmade::new(&address).await;
    let ends = world.community("a-ends", "CITY", None, json!({ "cadence": "FREQ=MONTHLY;INTERVAL=2" })).await;
    let ahead = world.community("b-ahead", "CITY", None, json!({})).await;
    world.held(&[&ends], "2026-02-28", json!({})).await;
    world.planned(&[&ahead], "2026-10-01", json!({})).await;
    let off = world.planned(&[&ahead], "2026-08-01", json!({})).await;
    world.done("cancelGathering", json!({ "gathering": off, "expectedRevision": 1 }), "__typename").await;
    for (as_of, policy, expected) in [
        ("2026-08-31", json!({ "code": "SIX_MONTHS" }), [Some(true), Some(false)]),
        ("2026-09-01", json!({ "code": "SIX_MONTHS" }), [Some(false), Some(false)]),
        ("2026-02-28", json!({ "code": "SIX_MONTHS" }), [Some(false), Some(false)]),
        ("2026-03-01", json!({ "code": "SIX_MONTHS" }), [Some(true), Some(false)]),
        ("2026-08-31", json!({ "code": "SIX_MONTHS_OR_AHEAD" }), [Some(true), Some(true)]),
        ("2026-05-29", json!({ "rules": [{ "days": 90 }] }), [Some(true), Some(false)]),
        ("2026-05-30", json!({ "rules": [{ "days": 90 }] }), [Some(false), Some(false)]),
        ("2026-02-28", json!({ "code": "TWELVE_CLOSED_MONTHS" }), [Some(false), Some(false)]),
        ("2027-02-28", json!({ "code": "TWELVE_CLOSED_MONTHS" }), [Some(true), Some(false)]),
        ("2027-03-01", json!({ "code": "TWELVE_CLOSED_MONTHS" }), [Some(false), Some(false)]),
        // Two months back from May 14 is March 14, and 14 days more is February 28.
        ("2026-05-14", json!({ "code": "OWN_CADENCE" }), [Some(true), None]),
        ("2026-05-15", json!({ "code": "OWN_CADENCE" }), [Some(false), None]),
    ] {
        assert_eq!(active(&world, as_of, policy.clone()).await, expected, "{as_of} {policy}");
    }
    let states: Vec<_> = standings(&world, &world.network, json!({ "asOf": "2026-08-31" })).await;
    assert_eq!(states.iter().map(|(_, state, _)| state.as_str()).collect::<Vec<_>>(), ["NEW", "NEVER_MET"]);
    // An overlap, a window that does not end with the date, and a policy that nobody made.
    let window = json!({ "from": "2026-01-01", "to": "2026-07-01" });
    for wrong in [
        json!({ "asOf": "2026-08-01", "window": window }),
        json!({ "policy": { "code": "NOBODYS" } }),
        json!({ "policy": { "rules": [] } }),
        json!({ "policy": { "rules": [{ "days": 1, "months": 1 }] } }),
        json!({ "policy": { "rules": [{ "days": 9999 }] } }),
        json!({ "policy": { "code": "SIX_MONTHS", "rules": [{ "days": 1 }] } }),
    ] {
        let query = "query ($within: ID!, $asOf: Date, $window: Window, $policy: ActivityPolicyChoice) {
            lifeCycle(within: $within, asOf: $asOf, window: $window, policy: $policy) { asOf } }";
        let mut variables = wrong.clone();
        variables["within"] = world.network.clone().into();
        let answer = world.service.answer(query, variables.clone()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{wrong}: {answer}");
        // Also where there is nothing to hold against the policy.
        if wrong["policy"]["code"] == "NOBODYS" {
            for field in [
                "lifeCycle(within: $within, policy: $policy, levels: [REGIONAL]) { asOf }",
                "attention(within: $within, policy: $policy, kinds: [REPORT_MISSING]) { asOf }",
            ] {
                let query = format!("query ($within: ID!, $policy: ActivityPolicyChoice) {{ {field} }}");
                let answer = world.service.answer(&query, variables.clone()).await;
                assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{field}: {answer}");
            }
        }
    }
    let query = "{ lifeCycle(within: \"com_00000000000000000000000000000000\") { asOf } }";
    assert_eq!(world.service.answer(query, json!({})).await["errors"][0]["extensions"]["code"], "NOT_FOUND");
}
on_both!(dates_are_counted_in_one_calendar);

async fn a_community_takes_its_history_along_and_every_host_counts(address: String) {
    let world = Handmade::new(&address).await;
    let kenya = world.community("kenya", "NATIONAL", None, json!({})).await;
    let uganda = world.community("uganda", "NATIONAL", None, json!({})).await;
    let busia = world.community("busia", "CITY", Some(&kenya), json!({ "foundedOn": "2020-01-01" })).await;
    let tororo = world.community("tororo", "CITY", Some(&uganda), json!({})).await;
    let joint = world.held(&[&busia, &tororo], "2026-05-01", json!({})).await;
    let city = |within: String| {
        let world = &world;
        async move {
            let asked = json!({ "asOf": "2026-06-01", "levels": ["CITY"] });
            standings(world, &within, asked).await.into_iter().map(|(slug, state, _)| (slug, state)).collect::<Vec<_>>()
        }
    };
    let new = |slug: &str| (slug.to_owned(), "NEW".to_owned());
    assert_eq!(city(world.network.clone()).await, [new("busia"), new("tororo")]);
    assert_eq!(city(kenya.clone()).await, [new("busia")]);
    // What is hosted beneath a community is not its own.
    let all = standings(&world, &kenya, json!({ "asOf": "2026-06-01" })).await;
    assert_eq!(all[1].1, "NEVER_MET");
    world.change("moveCommunity", &busia, json!({ "parent": uganda })).await;
    assert_eq!(city(kenya).await, []);
    assert_eq!(city(uganda).await, [new("busia"), new("tororo")]);
    // Other hosts, another date, and no gathering any more.
    let step = |more: Value| {
        let mut input = json!({ "gathering": joint });
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        input
    };
    world.done("changeGathering", step(json!({ "expectedRevision": 2, "hosts": [tororo] })), "__typename").await;
    let met = async || city(world.network.clone()).await.into_iter().map(|(_, state)| state).collect::<Vec<_>>();
    assert_eq!(met().await, ["NEVER_MET", "NEW"]);
    world.done("rescheduleGathering", step(json!({ "expectedRevision": 3, "startDate": "2025-11-30" })), "__typename").await;
    assert_eq!(met().await, ["NEVER_MET", "QUIET"]);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    world.done("removeGathering", step(json!({ "expectedRevision": 4 })), "__typename").await;
    assert_eq!(met().await, ["NEVER_MET", "NEVER_MET"]);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    execute(&address, "INSERT INTO hosted_days (community_id, start_date, gathering_id, status) SELECT id, founded_on, id, 'HELD' FROM communities WHERE founded_on IS NOT NULL").await;
    let said = String::from_utf8(run(&address, &["verify"]).stdout).expect("text");
    assert!(said.contains("hosted_days: com_"), "{said}");
}
on_both!(a_community_takes_its_history_along_and_every_host_counts);

async fn statuses_are_dated(address: String) {
    let world = Handmade::new(&address).await;
    let today = chrono::Utc::now().date_naive();
    let city = world.community("busia", "CITY", None, json!({})).await;
    let state = |as_of: chrono::NaiveDate, closed: bool| {
        let world = &world;
        async move {
            let found = standings(world, &world.network, json!({ "asOf": as_of.to_string(), "closed": closed })).await;
            found.into_iter().map(|(_, state, _)| state).collect::<Vec<_>>()
        }
    };
    let yesterday = today.pred_opt().expect("a day");
    assert_eq!(state(today, false).await, ["NEVER_MET"]);
    world.change("closeCommunity", &city, json!({})).await;
    // The test may run over midnight in UTC: what was closed yesterday is closed today.
    let now = chrono::Utc::now().date_naive();
    assert_eq!((state(now, false).await.len(), state(now, true).await), (0, vec!["CLOSED".to_owned()]));
    assert_eq!(state(yesterday, false).await, ["NEVER_MET"]);
    world.change("reopenCommunity", &city, json!({})).await;
    assert_eq!(state(chrono::Utc::now().date_naive(), false).await, ["NEVER_MET"]);
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
    execute(&address, "UPDATE community_statuses SET status = 'PAUSED' WHERE effective_from > '2000-01-01'").await;
    let said = String::from_utf8(run(&address, &["verify"]).stdout).expect("text");
    assert!(said.contains("community_statuses: com_"), "{said}");
    assert!(!said.contains("hosted_days"), "{said}");
}
on_both!(statuses_are_dated);

async fn policies_are_data_and_dated(address: String) {
    let world = Handmade::new(&address).await;
    let busia = world.community("busia", "CITY", None, json!({})).await;
    let tororo = world.community("tororo", "CITY", None, json!({})).await;
    for city in [&busia, &tororo] {
        world.held(&[city], "2026-05-01", json!({})).await;
    }
    let network = world.network.clone();
    let rules = json!([{ "atLeast": 2, "months": 3 }, { "ownCadence": true }]);
    let policy = json!({ "network": network, "code": "TWO_A_QUARTER", "name": "Two a quarter", "rules": rules });
    let selected = "network { revision activityPolicies { code builtIn rules { atLeast months ownCadence } } }";
    let added = world.done("addActivityPolicy", policy.clone(), selected).await;
    let policies = added["network"]["activityPolicies"].as_array().expect("policies");
    assert_eq!(policies.iter().filter(|policy| policy["builtIn"] == true).count(), 6);
    assert_eq!(policies.last().expect("one")["rules"][0], json!({ "atLeast": 2, "months": 3, "ownCadence": false }));
    let pair = |code: &str, field: &str| (code.to_owned(), field.to_owned());
    assert_eq!(world.refused("addActivityPolicy", policy.clone()).await, pair("TAKEN", "code"));
    let mut wrong = policy.clone();
    wrong["code"] = "SIX_MONTHS".into();
    assert_eq!(world.refused("addActivityPolicy", wrong.clone()).await, pair("TAKEN", "code"));
    wrong["rules"] = json!([{ "days": 0 }]);
    assert_eq!(world.refused("addActivityPolicy", wrong.clone()).await, pair("INVALID", "0"));
    wrong["rules"] = json!([]);
    assert_eq!(world.refused("addActivityPolicy", wrong).await, pair("INVALID", "rules"));

    // The network's from June on, a community's own from July on, and none any more from August on.
    let choose = |policy: Value, from: &str, revision: i64| json!({ "network": network, "expectedRevision": revision, "policy": policy, "from": from });
    let revision = world.revision(&network).await;
    assert_eq!(revision, 2);
    world
        .done("chooseNetworkActivityPolicy", choose("TWO_A_QUARTER".into(), "2026-06-01", revision), "network { revision }")
        .await;
    assert_eq!(
        world.refused("chooseNetworkActivityPolicy", choose("TWO_A_QUARTER".into(), "2026-06-01", revision)).await,
        pair("CONFLICT", "expectedRevision")
    );
    assert_eq!(
        world.refused("chooseNetworkActivityPolicy", choose("NOBODYS".into(), "2026-06-01", revision + 1)).await,
        pair("NOT_FOUND", "policy")
    );
    world.change("chooseCommunityActivityPolicy", &busia, json!({ "policy": "SIX_MONTHS", "from": "2026-07-01" })).await;
    world.change("chooseCommunityActivityPolicy", &busia, json!({ "policy": null, "from": "2026-08-01" })).await;
    let no_verdict = None;
    for (as_of, expected) in [
        ("2026-05-31", [Some(true), Some(true)]),
        ("2026-06-01", [no_verdict, no_verdict]),
        ("2026-07-01", [Some(true), no_verdict]),
        ("2026-08-01", [no_verdict, no_verdict]),
    ] {
        assert_eq!(active(&world, as_of, Value::Null).await, expected, "{as_of}");
    }
    let query = "query ($id: ID!) { community(id: $id) { july: activityPolicy(asOf: \"2026-07-31\") { code }
        august: activityPolicy(asOf: \"2026-08-01\") { code } network { activityPolicy(asOf: \"2026-05-31\") { code } } } }";
    let found = world.service.ask(query, json!({ "id": busia })).await;
    assert_eq!(
        found["community"],
        json!({ "july": { "code": "SIX_MONTHS" }, "august": { "code": "TWO_A_QUARTER" }, "network": { "activityPolicy": { "code": "SIX_MONTHS" } } })
    );

    // A change holds for whatever date is asked about from now on.
    let change = |code: &str, revision: i64| json!({ "network": network, "expectedRevision": revision, "code": code, "rules": [{ "atLeast": 1, "months": 3 }] });
    let revision = world.revision(&network).await;
    world.done("changeActivityPolicy", change("TWO_A_QUARTER", revision), "network { revision }").await;
    assert_eq!(active(&world, "2026-06-01", Value::Null).await, [Some(true), Some(true)]);
    assert_eq!(world.refused("changeActivityPolicy", change("SIX_MONTHS", revision + 1)).await, pair("NOT_ALLOWED", "code"));
    assert_eq!(world.refused("changeActivityPolicy", change("NOBODYS", revision + 1)).await, pair("NOT_FOUND", "code"));

    // Everything is a change of the log, and nothing derived was forgotten.
    let log = "query ($within: ID!) { changes(within: $within, first: 100) { items { change { kind entityType revision } } } }";
    let changes = world.service.ask(log, json!({ "within": network })).await;
    let snapshot = changes["changes"]["items"].as_array().expect("items");
    assert!(
        snapshot.iter().any(|item| item["change"]["entityType"] == "NETWORK" && item["change"]["revision"] == 4),
        "{changes}"
    );
    let merged = json!({ "community": busia, "expectedRevision": world.revision(&busia).await, "merged": tororo, "expectedMergedRevision": 1 });
    world.done("mergeCommunities", merged, "__typename").await;
    assert!(succeed(&address, &["verify"]).contains("nothing differs"));
}
on_both!(policies_are_data_and_dated);
