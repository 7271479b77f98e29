//! Themes: what recurs across communities, against the same counted from the reports themselves by the test.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{
    live::{text, token},
    on_both,
    program::{Service, project, succeed},
};

const REPORTS: &str = "query ($within: ID!, $filter: GatheringReportFilter, $after: String) { \
    gatheringReports(within: $within, filter: $filter, first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { id \
    gathering { startDate hosts { id regionCode ancestors { id } } } \
    items { kind severity nextStepState theme { code } host { id } } } } }";

const THEMES: &str = "query ($within: ID!, $window: Window!, $kinds: [ItemKind!], $orderBy: ThemeOrder) { \
    themes(within: $within, window: $window, kinds: $kinds, orderBy: $orderBy, first: 100) { \
    window { from to } previousWindow { from to } tagged { metric value numerator denominator } \
    nodes { theme { code term { label } } change mentions { value } previousMentions { value } severeMentions { value denominator } \
    reports { value } communities { value } previousCommunities { value } regions { value } successes { value } \
    successfulCommunities { value } nextStepsDone { value numerator denominator } \
    hosts { community { id } mentions { value } successes { value } } \
    gatheringReports(first: 100) { totalCount nodes { id } } successReports { totalCount } } } }";

/// What the test counts of a theme.
#[derive(Default)]
struct Counted {
    items: u64,
    previous_items: u64,
    severe: u64,
    reports: BTreeSet<String>,
    communities: BTreeMap<String, u64>,
    previous_communities: BTreeSet<String>,
    regions: BTreeSet<String>,
    successes: u64,
    success_reports: BTreeSet<String>,
    successful: BTreeSet<String>,
    steps: u64,
    done: u64,
}

async fn ask(service: &Service, token: Option<&str>, query: &str, variables: Value) -> Value {
    match token {
        Some(token) => service.ask_as(token, query, variables).await,
        None => service.ask(query, variables).await,
    }
}

async fn reports(service: &Service, token: Option<&str>, within: &str, window: &Value) -> Vec<Value> {
    let (mut read, mut after) = (Vec::new(), Value::Null);
    loop {
        let filter = json!({ "window": window, "statuses": ["SUBMITTED", "REVIEWED"] });
        let data = ask(service, token, REPORTS, json!({ "within": within, "filter": filter, "after": after })).await;
        let page = &data["gatheringReports"];
        read.extend(page["nodes"].as_array().expect("nodes").iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return read;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// The hosts that stand in the place, with their regions.
fn hosts(report: &Value, within: &str) -> Vec<(String, Value)> {
    let hosts = report["gathering"]["hosts"].as_array().expect("hosts").iter();
    let stands = |host: &&Value| {
        let above = host["ancestors"].as_array().expect("ancestors");
        within.starts_with("net_") || host["id"] == within || above.iter().any(|it| it["id"] == within)
    };
    hosts.filter(stands).map(|host| (text(&host["id"]), host["regionCode"].clone())).collect()
}

fn count(reports: &[Value], within: &str, (from, kinds): (&str, &[&str])) -> (BTreeMap<String, Counted>, [u64; 2]) {
    let (mut themes, mut tagged): (BTreeMap<String, Counted>, [u64; 2]) = Default::default();
    for report in reports {
        let now = text(&report["gathering"]["startDate"]).as_str() >= from;
        let id = text(&report["id"]);
        for item in report["items"].as_array().expect("items") {
            let kind = item["kind"].as_str().expect("a kind");
            let counts = kinds.contains(&kind);
            if counts && now {
                tagged[0] += u64::from(!item["theme"].is_null());
                tagged[1] += 1;
            }
            let Some(code) = item["theme"]["code"].as_str() else { continue };
            let theme = themes.entry(code.to_owned()).or_default();
            let of: Vec<_> = hosts(report, within)
                .into_iter()
                .filter(|(host, _)| item["host"].is_null() || item["host"]["id"] == **host)
                .collect();
            if counts && !now {
                theme.previous_items += 1;
                theme.previous_communities.extend(of.iter().map(|(host, _)| host.clone()));
            }
            if counts && now {
                theme.items += 1;
                theme.severe += u64::from(item["severity"] == "HIGH" || item["severity"] == "CRITICAL");
                theme.reports.insert(id.clone());
                theme.regions.extend(of.iter().filter_map(|(_, region)| region.as_str().map(str::to_owned)));
            }
            for (host, _) in of.iter().filter(|_| now && (counts || kind == "SUCCESS")) {
                *theme.communities.entry(host.clone()).or_default() += u64::from(counts);
            }
            if now && kind == "SUCCESS" {
                theme.successes += 1;
                theme.success_reports.insert(id.clone());
                theme.successful.extend(of.iter().map(|(host, _)| host.clone()));
            }
            if now && kind == "NEXT_STEP" {
                theme.steps += 1;
                theme.done += u64::from(item["nextStepState"] == "DONE");
            }
        }
    }
    themes.retain(|_, theme| theme.items + theme.previous_items + theme.successes + theme.steps > 0);
    (themes, tagged)
}

fn compare(theme: &Value, expected: &Counted) {
    let value = |field: &str| theme[field]["value"].as_f64().map(|number| number as u64);
    assert_eq!(value("mentions"), Some(expected.items), "{theme}");
    assert_eq!(value("previousMentions"), Some(expected.previous_items), "{theme}");
    assert_eq!(value("severeMentions").unwrap_or_default(), expected.severe, "{theme}");
    assert_eq!(value("reports"), Some(expected.reports.len() as u64), "{theme}");
    let told = expected.communities.values().filter(|items| **items > 0).count();
    assert_eq!(value("communities"), Some(told as u64), "{theme}");
    assert_eq!(value("previousCommunities"), Some(expected.previous_communities.len() as u64), "{theme}");
    assert_eq!(value("regions"), Some(expected.regions.len() as u64), "{theme}");
    assert_eq!(value("successes"), Some(expected.successes), "{theme}");
    assert_eq!(value("successfulCommunities"), Some(expected.successful.len() as u64), "{theme}");
    assert_eq!(theme["nextStepsDone"]["denominator"], expected.steps as f64, "{theme}");
    assert_eq!(theme["nextStepsDone"]["numerator"], expected.done as f64, "{theme}");
    assert_eq!(theme["nextStepsDone"]["value"].is_null(), expected.steps == 0, "{theme}");
    let change = (expected.previous_items > 0).then(|| expected.items as f64 / expected.previous_items as f64 - 1.0);
    assert_eq!(theme["change"].as_f64(), change, "{theme}");
    let hosts: BTreeMap<String, u64> = theme["hosts"]
        .as_array()
        .expect("hosts")
        .iter()
        .map(|host| (text(&host["community"]["id"]), host["mentions"]["value"].as_f64().expect("a number") as u64))
        .collect();
    assert_eq!(hosts, expected.communities, "{theme}");
    let ids = |list: &str| -> BTreeSet<String> {
        theme[list]["nodes"].as_array().expect("nodes").iter().map(|report| text(&report["id"])).collect()
    };
    assert_eq!(ids("gatheringReports"), expected.reports, "the reports it came from: {theme}");
    assert_eq!(theme["successReports"]["totalCount"], expected.success_reports.len(), "{theme}");
}

async fn themes_are_what_the_reports_tell(address: String) {
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    let token = token(&address);
    let service = Service::start(&address);
    let network = service.network("mending-table").await;
    let nations = service
        .ask(
            "query ($within: ID!) { communities(within: $within, filter: { levels: [NATIONAL] }) { nodes { id } } }",
            json!({ "within": network }),
        )
        .await;
    let nation = text(&nations["communities"]["nodes"][0]["id"]);
    let window = json!({ "from": "2026-01-01", "to": "2026-07-01" });
    let both = json!({ "from": "2025-07-01", "to": "2026-07-01" });
    let struggles: &[&str] = &["CHALLENGE", "NEED", "REQUEST"];
    let mut seen = 0;
    for (token, within) in [(Some(token.as_str()), &network), (Some(token.as_str()), &nation), (None, &network)] {
        let reports = reports(&service, token, within, &both).await;
        for (kinds, order) in [(struggles, "RECURRING"), (&["NEED"], "RISING"), (struggles, "FREQUENT")] {
            let asked = if kinds.len() == 3 { Value::Null } else { json!(kinds) };
            let variables = json!({ "within": within, "window": window, "kinds": asked, "orderBy": order });
            let page = ask(&service, token, THEMES, variables).await["themes"].take();
            assert_eq!(page["previousWindow"], json!({ "from": "2025-07-01", "to": "2026-01-01" }));
            let (expected, tagged) = count(&reports, within, ("2026-01-01", kinds));
            assert_eq!(page["tagged"]["numerator"], tagged[0] as f64);
            assert_eq!(page["tagged"]["denominator"], tagged[1] as f64);
            let nodes = page["nodes"].as_array().expect("nodes");
            for theme in nodes {
                compare(theme, expected.get(theme["theme"]["code"].as_str().expect("a code")).unwrap_or(&Counted::default()));
                seen += 1;
            }
            let told: BTreeSet<&str> = nodes.iter().filter_map(|theme| theme["theme"]["code"].as_str()).collect();
            assert!(expected.keys().all(|code| told.contains(code.as_str())), "{told:?}");
            let rank = |theme: &Value| {
                let value = |field: &str| theme[field]["value"].as_f64().expect("a number") as i64;
                match order {
                    "RECURRING" => value("communities"),
                    "RISING" => value("mentions") - value("previousMentions"),
                    _ => value("mentions"),
                }
            };
            assert!(nodes.windows(2).all(|pair| rank(&pair[0]) >= rank(&pair[1])), "{order}");
        }
    }
    assert!(seen > 20, "the sample tells of themes");
}
on_both!(themes_are_what_the_reports_tell);

async fn a_place_that_is_not_there_and_a_window_without_days_are_refused(address: String) {
    let service = Service::start(&address);
    for (window, code) in [(("2026-01-01", "2026-02-01"), "NOT_FOUND"), (("2026-02-01", "2026-02-01"), "BAD_USER_INPUT")] {
        let within = "com_00000000000000000000000000000001";
        let variables = json!({ "within": within, "window": { "from": window.0, "to": window.1 } });
        let answer = service
            .answer(
                "query ($within: ID!, $window: Window!) { themes(within: $within, window: $window) { nodes { change } } }",
                variables,
            )
            .await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{answer}");
    }
}
on_both!(a_place_that_is_not_there_and_a_window_without_days_are_refused);
