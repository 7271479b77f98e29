//! The work-list of a coordinator.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    handmade::Handmade,
    on_both,
    program::{Service, succeed},
};

/// An entry as tests compare it: what is wrong, whose it is, the gathering's title, since when, how many days overdue.
type Entry = (String, String, String, String, Option<f64>);

/// The whole work-list, in pages of three, after its counts were compared with it.
async fn list(world: &Handmade, token: Option<&str>, arguments: Value) -> Vec<Entry> {
    let query = "query ($within: ID!, $asOf: Date, $from: Date, $kinds: [AttentionKind!], $reviewDays: Int, $ahead: Int, $after: String) {
        attention(within: $within, asOf: $asOf, from: $from, kinds: $kinds, reviewDays: $reviewDays, ahead: $ahead) {
            counts { kind entries { value metric } }
            entries(first: 3, after: $after) { pageInfo { hasNextPage endCursor } nodes {
                kind problem community { slug } gathering { title } since dueOn daysOverdue { value } nextStep report { id } } } } }";
    let (mut all, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut variables = arguments.clone();
        variables["after"] = after;
        if variables.get("within").is_none() {
            variables["within"] = world.network.clone().into();
        }
        let data = match token {
            Some(token) => world.service.ask_as(token, query, variables).await,
            None => world.service.ask(query, variables).await,
        };
        let page = &data["attention"];
        all.extend(page["entries"]["nodes"].as_array().expect("nodes").iter().cloned());
        if page["entries"]["pageInfo"]["hasNextPage"] == false {
            let mut listed: BTreeMap<String, f64> = BTreeMap::new();
            for entry in &all {
                *listed.entry(entry["kind"].as_str().expect("a kind").to_owned()).or_default() += 1.0;
            }
            for count in page["counts"].as_array().expect("counts") {
                let kind = count["kind"].as_str().expect("a kind");
                assert_eq!(count["entries"]["value"].as_f64(), Some(listed.remove(kind).unwrap_or_default()), "{kind}");
            }
            assert_eq!(listed, BTreeMap::new(), "what is listed is counted");
            return all.iter().map(entry).collect();
        }
        after = page["entries"]["pageInfo"]["endCursor"].clone();
    }
}

fn entry(node: &Value) -> Entry {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let title = text(&node["gathering"]["title"]);
    (text(&node["problem"]), text(&node["community"]["slug"]), title, text(&node["since"]), node["daysOverdue"]["value"].as_f64())
}

fn wrong(problem: &str, community: &str, title: &str, since: &str, overdue: Option<f64>) -> Entry {
    (problem.to_owned(), community.to_owned(), title.to_owned(), since.to_owned(), overdue)
}

async fn reports_are_due_by_the_days_that_held_then(address: String) {
    let world = Handmade::new(&address).await;
    let kenya = world.community("kenya", "NATIONAL", None, json!({})).await;
    let busia = world.community("busia", "CITY", Some(&kenya), json!({ "reportDueDays": 7 })).await;
    let tororo = world.community("tororo", "CITY", None, json!({})).await;
    let titled = |title: &str| json!({ "title": title });
    world.held(&[&busia], "2026-05-01", json!({ "title": "First", "endDate": "2026-05-02" })).await;
    world.held(&[&tororo, &busia], "2026-05-03", titled("Joint")).await;
    world.held(&[&tororo], "2026-05-04", titled("Free")).await;
    let told = world.held(&[&busia], "2026-05-05", titled("Told")).await;
    world.report(&told, json!({ "attendance": 3 })).await;
    world.planned(&[&busia], "2026-05-06", titled("Planned")).await;
    // A later change makes no past report late, nor less so.
    world.change("changeCommunity", &busia, json!({ "reportDueDays": 300 })).await;
    let reports = |as_of: &str| json!({ "asOf": as_of, "kinds": ["REPORT_MISSING", "REPORT_LATE"] });

    let missing = [
        wrong("NO_REPORT", "busia", "First", "2026-05-02", None),
        wrong("NO_REPORT", "tororo", "Joint", "2026-05-03", None),
        wrong("NO_REPORT", "tororo", "Free", "2026-05-04", None),
    ];
    assert_eq!(list(&world, None, reports("2026-05-09")).await, missing);
    let late = list(&world, None, reports("2026-05-10")).await;
    assert_eq!(late[0], wrong("NO_REPORT", "busia", "First", "2026-05-02", Some(1.0)));
    assert_eq!(late[3..], [wrong("PAST_DUE", "busia", "First", "2026-05-09", Some(1.0))]);
    let late = |days: f64| wrong("PAST_DUE", "busia", "First", "2026-05-09", Some(days));
    assert_eq!(list(&world, None, reports("2026-07-08")).await[3], late(60.0));
    let later = list(&world, None, reports("2026-07-09")).await;
    assert_eq!(
        later[3..],
        [
            wrong("PAST_DUE", "tororo", "Joint", "2026-05-10", Some(60.0)),
            wrong("PAST_DUE_60_DAYS", "busia", "First", "2026-05-09", Some(61.0)),
        ]
    );
    // In a nation the joint gathering is the one host's that is there.
    let mut in_kenya = reports("2026-05-09");
    in_kenya["within"] = kenya.into();
    assert_eq!(list(&world, None, in_kenya).await[1..], [wrong("NO_REPORT", "busia", "Joint", "2026-05-03", None)]);
    // Gatherings of the last twelve months, or from a date on.
    assert_eq!(list(&world, None, reports("2027-05-04")).await.len(), 1);
    assert_eq!(
        list(&world, None, json!({ "asOf": "2027-05-04", "from": "2026-05-03", "kinds": ["REPORT_MISSING"] })).await.len(),
        2
    );
}
on_both!(reports_are_due_by_the_days_that_held_then);

async fn what_is_missing_or_cannot_be_is_listed(address: String) {
    let world = Handmade::new(&address).await;
    let busia = world.community("busia", "CITY", None, json!({})).await;
    let whole = |title: &str, day: &str| json!({ "title": title, "format": "ONLINE", "endDate": day });
    let with = |title: &str, day: &str, field: &str, value: Value| {
        let mut input = whole(title, day);
        input[field] = value;
        input
    };
    let held = async |day: &str, input: Value| drop(world.held(&[&busia], day, input).await);
    let may = "2026-05-01";
    held(may, whole("Fine", may)).await;
    held(may, with("Cancelled: rain", may, "startsAt", "2026-05-01T09:00:00+03:00".into())).await;
    held(may, with("Twin", may, "startsAt", "2026-05-01T07:00:00+01:00".into())).await;
    held("2026-04-27", whole("Three days", "2026-04-29")).await;
    held("2026-04-20", whole("Four days", "2026-04-23")).await;
    held("2026-04-10", with("Endless", "2026-04-10", "endDate", Value::Null)).await;
    held("2026-04-11", with("Formless", "2026-04-11", "format", "UNKNOWN".into())).await;
    held("2026-04-12", with("Somewhere", "2026-04-12", "format", "IN_PERSON".into())).await;
    let mut placed = with("At the well", "2026-04-13", "format", "IN_PERSON".into());
    placed["venue"] = json!({ "city": "Busia" });
    held("2026-04-13", placed).await;
    world.planned(&[&busia], "2026-04-14", whole("Forgotten", "2026-04-14")).await;
    let off = world.planned(&[&busia], "2026-04-15", json!({ "title": "Off" })).await;
    world.done("cancelGathering", json!({ "gathering": off, "expectedRevision": 1 }), "__typename").await;
    let asked = json!({ "asOf": "2026-06-01", "kinds": ["DATA_MISSING", "DATA_CONTRADICTORY"] });
    assert_eq!(
        list(&world, None, asked).await.into_iter().map(|(problem, _, title, _, _)| (problem, title)).collect::<Vec<_>>(),
        [
            ("NO_FORMAT", "Formless"),
            ("NO_END", "Endless"),
            ("NO_PLACE", "Somewhere"),
            ("TITLE_SAYS_CANCELLED", "Cancelled: rain"),
            ("SAME_TIME_TWICE", "Cancelled: rain"),
            ("SAME_TIME_TWICE", "Twin"),
            ("LONGER_THAN_THREE_DAYS", "Four days"),
            ("PLANNED_IN_THE_PAST", "Forgotten"),
        ]
        .map(|(problem, title)| (problem.to_owned(), title.to_owned()))
    );
}
on_both!(what_is_missing_or_cannot_be_is_listed);

async fn who_may_not_read_is_not_told(address: String) {
    let world = Handmade::new(&address).await;
    let busia = world.community("busia", "CITY", None, json!({})).await;
    let step = |text: &str, due: &str, state: &str, confidential: bool| json!({ "kind": "NEXT_STEP", "text": text, "dueOn": due, "state": state, "confidential": confidential });
    let steps = json!([
        step("Dig", "2026-05-20", "OPEN", false),
        step("Ask", "2026-05-10", "OPEN", true),
        step("Done", "2026-05-10", "DONE", false),
        step("Later", "2026-06-01", "OPEN", false),
    ]);
    let title = |title: &str| json!({ "title": title, "format": "ONLINE", "endDate": "2026-05-01" });
    for (name, audience) in [("Public", "PUBLIC"), ("Ours", "MEMBERS")] {
        let gathering = world.held(&[&busia], "2026-05-01", title(name)).await;
        world.report(&gathering, json!({ "audience": audience, "items": steps })).await;
    }
    let token = world.token.clone();
    let asked = json!({ "asOf": "2026-06-01", "kinds": ["NEXT_STEP_OVERDUE", "DATA_MISSING"] });
    let by_title = |entries: Vec<Entry>| {
        let mut found: Vec<_> = entries.into_iter().map(|(problem, _, title, since, _)| (problem, title, since)).collect();
        found.sort();
        found
    };
    let told = |problem: &str, title: &str, since: &str| (problem.to_owned(), title.to_owned(), since.to_owned());
    assert_eq!(
        by_title(list(&world, None, asked.clone()).await),
        [told("NO_ATTENDANCE", "Public", "2026-05-01"), told("STEP_PAST_DUE", "Public", "2026-05-20"),]
    );
    assert_eq!(
        by_title(list(&world, Some(&token), asked).await),
        [
            told("NO_ATTENDANCE", "Ours", "2026-05-01"),
            told("NO_ATTENDANCE", "Public", "2026-05-01"),
            told("STEP_PAST_DUE", "Ours", "2026-05-10"),
            told("STEP_PAST_DUE", "Ours", "2026-05-20"),
            told("STEP_PAST_DUE", "Public", "2026-05-10"),
            told("STEP_PAST_DUE", "Public", "2026-05-20"),
        ]
    );
    // They were handed in today, so that they wait since today.
    let today = |days: i32| json!({ "from": "2026-01-01", "kinds": ["REPORT_AWAITING_REVIEW"], "reviewDays": days });
    assert_eq!(list(&world, None, today(0)).await.len(), 1);
    assert_eq!(list(&world, Some(&token), today(0)).await.len(), 2);
    assert_eq!(list(&world, Some(&token), today(14)).await, []);
}
on_both!(who_may_not_read_is_not_told);

async fn communities_that_slow_down_are_listed(address: String) {
    let world = Handmade::new(&address).await;
    let held = async |slug: &str, cadence: Option<&str>, days: &[(&str, Option<u32>)]| {
        let city = world.community(slug, "CITY", None, json!({ "cadence": cadence })).await;
        for (day, people) in days {
            let gathering = world.held(&[&city], day, json!({ "format": "ONLINE", "endDate": day })).await;
            if let Some(people) = people {
                world.report(&gathering, json!({ "attendance": people, "audience": "PUBLIC" })).await;
            }
        }
        city
    };
    let kinds = json!(["POLICY_BROKEN", "POLICY_AT_RISK", "CADENCE_MISSED", "ATTENDANCE_FALLING"]);
    held("broken", None, &[("2026-01-10", None)]).await;
    held("risk", Some("FREQ=MONTHLY"), &[("2026-02-20", Some(9))]).await;
    held(
        "falling",
        None,
        &[
            ("2026-05-01", Some(20)),
            ("2026-05-08", Some(15)),
            ("2026-05-15", None),
            ("2026-06-01", Some(12)),
            ("2026-07-01", Some(11)),
        ],
    )
    .await;
    held(
        "steady",
        None,
        &[("2026-05-01", Some(20)), ("2026-05-08", Some(15)), ("2026-06-01", Some(15)), ("2026-07-01", Some(11))],
    )
    .await;
    held("never", None, &[]).await;
    let closed = held("closed", None, &[("2025-12-01", None)]).await;
    world.change("closeCommunity", &closed, json!({})).await;
    let found = list(&world, None, json!({ "asOf": "2026-08-10", "kinds": kinds })).await;
    // Closed since today only: as of the summer it was open.
    assert_eq!(
        found,
        [
            wrong("NOT_ACTIVE", "closed", "", "2026-06-02", Some(69.0)),
            wrong("NOT_ACTIVE", "broken", "", "2026-07-11", Some(30.0)),
            wrong("ACTIVITY_ENDING", "risk", "", "2026-08-21", None),
            wrong("LATER_THAN_CADENCE", "risk", "", "2026-04-07", Some(125.0)),
            wrong("FELL_THREE_TIMES", "falling", "", "2026-07-01", None),
        ]
    );
    let sooner = list(&world, None, json!({ "asOf": "2026-08-10", "kinds": ["POLICY_AT_RISK"], "ahead": 10 })).await;
    assert_eq!(sooner, []);
}
on_both!(communities_that_slow_down_are_listed);

/// The whole list of the real network as of the snapshot, against the files.
async fn the_real_network(address: String) {
    let Some(files) = std::env::var_os("CONVENE_TEST_DATA") else { return };
    succeed(&address, &["import", files.to_str().expect("a path"), "--audience", "PUBLIC"]);
    let service = Service::start(&address);
    let network = service.network("rladies").await;
    let query = "query ($within: ID!, $from: Date) { attention(within: $within, asOf: \"2026-08-22\", from: $from) {
        counts { kind entries { value } } entries(first: 100) { nodes { problem community { slug } } } } }";
    let data = service.ask(query, json!({ "within": network, "from": "2012-01-01" })).await;
    let counts: BTreeMap<&str, f64> = data["attention"]["counts"]
        .as_array()
        .expect("counts")
        .iter()
        .map(|count| (count["kind"].as_str().expect("a kind"), count["entries"]["value"].as_f64().expect("a number")))
        .collect();
    // Every gathering that was held has a report, and none of them counted people.
    assert_eq!((counts["REPORT_MISSING"], counts["REPORT_LATE"], counts["NEXT_STEP_OVERDUE"]), (0.0, 0.0, 0.0));
    assert!(counts["DATA_MISSING"] > 5002.0 + 175.0, "{counts:?}");
    assert!(counts["DATA_CONTRADICTORY"] >= 22.0, "{counts:?}");
    // Those that ever met and are not active by the usual policy, without those that are closed.
    assert_eq!(counts["POLICY_BROKEN"], 251.0 - 27.0 - 27.0, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_network_on_sqlite() {
    with_database(Kind::Sqlite, the_real_network).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_network_on_postgres() {
    with_database(Kind::Postgres, the_real_network).await;
}
