//! Where communities are in their life: the figures of the real network, and the edges of a small one.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    program::{Service, succeed},
};

const ASKED: &str = "population { value } neverMet { value metric } new { value } reactivated { value } continuing { value }
    quiet { value } closed { value } nowInactive { value } active { value denominator } activeShare { value }
    withoutVerdict { value } quietBands { band communities { value } } gatheringBands { band communities { value } }
    maturities { maturity activity communities { value } } gatheringsMean { value } gatheringsMedian { value }";

/// The real network, where its files are.
fn real() -> Option<PathBuf> {
    std::env::var_os("CONVENE_TEST_DATA").map(PathBuf::from)
}

async fn life_cycle(service: &Service, arguments: Value, selected: &str) -> Value {
    let query = format!(
        "query ($within: ID!, $asOf: Date, $window: Window, $previous: Window, $policy: ActivityPolicyChoice, $levels: [Level!],
            $closed: Boolean, $ahead: Int) {{
            lifeCycle(within: $within, asOf: $asOf, window: $window, previous: $previous, policy: $policy, levels: $levels,
                closed: $closed, ahead: $ahead) {{ {selected} }} }}"
    );
    service.ask(&query, arguments).await["lifeCycle"].take()
}

fn number(answer: &Value, path: &str) -> f64 {
    answer.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("{path}: {answer}"))
}

/// All communities that a filter lists, page by page.
async fn listed(service: &Service, arguments: &Value, filter: Value) -> (Vec<Value>, f64) {
    let (mut all, mut after, mut total) = (Vec::new(), Value::Null, 0.0);
    loop {
        let mut variables = arguments.clone();
        variables["filter"] = filter.clone();
        variables["after"] = after;
        let query = "query ($within: ID!, $asOf: Date, $window: Window, $policy: ActivityPolicyChoice, $levels: [Level!],
                $closed: Boolean, $filter: LifeCycleFilter, $after: String) {
            lifeCycle(within: $within, asOf: $asOf, window: $window, policy: $policy, levels: $levels, closed: $closed) {
                communities(filter: $filter, first: 100, after: $after) {
                    nodes { community { slug } state active lastOn daysSinceLast { value } mentor { slug country } }
                    pageInfo { hasNextPage endCursor } totalCount } } }";
        let mut page = service.ask(query, variables).await["lifeCycle"]["communities"].take();
        total = f64::max(total, number(&page, "/totalCount"));
        all.extend(page["nodes"].as_array().expect("nodes").iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false {
            return (all, total);
        }
        after = page["pageInfo"]["endCursor"].take();
    }
}

async fn the_figures_of_the_real_network(address: String) {
    let Some(files) = real() else { return };
    succeed(&address, &["import", files.to_str().expect("a path"), "--audience", "PUBLIC"]);
    let service = Service::start(&address);
    let network = service.network("rladies").await;
    let day = json!({ "within": network, "asOf": "2026-08-22", "levels": ["CITY"] });
    let with = |more: Value| {
        let mut all = day.clone();
        for (name, value) in more.as_object().expect("an object") {
            all[name] = value.clone();
        }
        all
    };

    // Chapters, those that never met, and the two populations.
    let everyone = life_cycle(&service, with(json!({ "closed": true })), ASKED).await;
    let open = life_cycle(&service, day.clone(), ASKED).await;
    assert_eq!((number(&everyone, "/population/value"), number(&open, "/population/value")), (259.0, 251.0));
    assert_eq!(number(&open, "/neverMet/value"), 27.0);
    assert_eq!(open["neverMet"]["metric"], "COMMUNITIES_NEVER_MET");
    for answer in [&everyone, &open] {
        let states = ["neverMet", "new", "reactivated", "continuing", "quiet", "closed"];
        let sum: f64 = states.iter().map(|state| number(answer, &format!("/{state}/value"))).sum();
        assert_eq!(sum, number(answer, "/population/value"));
        let bands: f64 = (0..4).map(|band| number(answer, &format!("/quietBands/{band}/communities/value"))).sum();
        let pairs: f64 = (0..12).map(|pair| number(answer, &format!("/maturities/{pair}/communities/value"))).sum();
        assert_eq!((bands, pairs), (sum - 27.0, sum - 27.0));
    }
    assert_eq!(number(&everyone, "/closed/value"), 8.0);

    // One network, five policies; each list is as long as its headline says.
    for (policy, active) in [
        (json!({ "code": "TWELVE_CLOSED_MONTHS" }), 46),
        (json!({ "code": "SIX_MONTHS_OR_AHEAD" }), 29),
        (json!({ "code": "SIX_MONTHS" }), 27),
        (json!({ "code": "THREE_A_YEAR" }), 23),
        (json!({ "rules": [{ "days": 90 }] }), 17),
        (json!({ "rules": [{ "days": 90 }, { "atLeast": 6, "months": 12 }] }), 19),
        (json!({ "code": "NINETY_DAYS_OR_SIX_A_YEAR" }), 19),
    ] {
        let asked = with(json!({ "policy": policy }));
        let answer = life_cycle(&service, asked.clone(), ASKED).await;
        assert_eq!(number(&answer, "/active/value"), f64::from(active), "{policy}");
        assert_eq!(number(&answer, "/active/denominator"), 251.0);
        assert!((number(&answer, "/activeShare/value") - f64::from(active) / 251.0).abs() < 1e-12);
        let (list, total) = listed(&service, &asked, json!({ "active": true })).await;
        assert_eq!((list.len(), total), (usize::try_from(active).expect("a number"), f64::from(active)), "{policy}");
        assert!(list.iter().all(|entry| entry["active"] == true));
    }
    let cadence = life_cycle(&service, with(json!({ "policy": { "code": "OWN_CADENCE" } })), ASKED).await;
    assert_eq!(number(&cadence, "/withoutVerdict/value"), 251.0, "no chapter says how often it means to meet");

    // Bands of the twelve closed months, from the most to the fewest.
    let bands: Vec<f64> = (1..5).rev().map(|at| number(&open, &format!("/gatheringBands/{at}/communities/value"))).collect();
    assert_eq!(bands, [1.0, 8.0, 14.0, 23.0]);

    // A quarter against the one before.
    for (window, expected) in [(json!({ "from": "2026-04-01", "to": "2026-07-01" }), [0.0, 8.0, 13.0, 9.0])] {
        let asked = json!({ "within": network, "window": window, "levels": ["CITY"] });
        let answer = life_cycle(&service, asked, &format!("asOf previous {{ from to }} {ASKED}")).await;
        assert_eq!((&answer["asOf"], &answer["previous"]["from"]), (&window["to"], &json!("2026-01-01")));
        let found = ["new", "reactivated", "continuing", "nowInactive"].map(|it| number(&answer, &format!("/{it}/value")));
        assert_eq!(found, expected);
    }
    // Gatherings and active chapters by quarter.
    for (from, to, held, met) in [
        ("2026-04-01", "2026-07-01", 34.0, 21.0),
        ("2026-01-01", "2026-04-01", 29.0, 22.0),
        ("2025-04-01", "2025-07-01", 82.0, 43.0),
    ] {
        let asked = json!({ "within": network, "window": { "from": from, "to": to }, "levels": ["CITY"], "closed": true });
        let answer = life_cycle(&service, asked, "gatheringsMean { value denominator }").await;
        assert_eq!(number(&answer, "/gatheringsMean/denominator"), met, "{from}");
        assert!((number(&answer, "/gatheringsMean/value") * met - held).abs() < 1e-9, "{from}");
    }

    // Quiet ones are paired with an active one near them.
    let (quiet, _) = listed(&service, &day, json!({ "states": ["QUIET"] })).await;
    assert_eq!(quiet.len(), usize::try_from(number(&open, "/quiet/value") as i64).expect("a number"));
    assert!(quiet.iter().any(|entry| !entry["mentor"].is_null()));

    let query = "query ($within: ID!, $levels: [Level!], $closed: Boolean, $filter: QuietSpellFilter, $after: String) {
        quietSpells(within: $within, asOf: \"2026-08-22\", levels: $levels, closed: $closed) {
            count { value } ended { value } endedAfterAYear { value } medianDays { value } cameBack { value denominator }
            spells(filter: $filter, first: 100, after: $after) { totalCount pageInfo { hasNextPage endCursor }
                nodes { community { id slug } from to days { value } endedBy { startDate status hosts { id } } } } } }";
    let (mut spells, mut after) = (Vec::new(), Value::Null);
    let answer = loop {
        let data = service.ask(query, json!({ "within": network, "levels": ["CITY"], "after": after })).await;
        let answer = &data["quietSpells"];
        spells.extend(answer["spells"]["nodes"].as_array().expect("spells").iter().cloned());
        if answer["spells"]["pageInfo"]["hasNextPage"] == false {
            break answer.clone();
        }
        after = answer["spells"]["pageInfo"]["endCursor"].clone();
    };
    let figures =
        ["count", "ended", "endedAfterAYear", "medianDays", "cameBack"].map(|it| number(&answer, &format!("/{it}/value")));
    assert_eq!(figures, [508.0, 303.0, 116.0, 309.0, 144.0]);
    assert_eq!(number(&answer, "/cameBack/denominator"), 232.0);
    assert_eq!((spells.len(), number(&answer, "/spells/totalCount")), (508, 508.0));
    assert!(spells.is_sorted_by(|a, b| number(a, "/days/value") >= number(b, "/days/value")));
    let ended: Vec<_> = spells.iter().filter(|spell| !spell["to"].is_null()).collect();
    assert_eq!(ended.len(), 303);
    for spell in ended {
        assert_eq!((&spell["endedBy"]["startDate"], &spell["endedBy"]["status"]), (&spell["to"], &json!("HELD")));
        let hosts = spell["endedBy"]["hosts"].as_array().expect("hosts");
        assert!(hosts.iter().any(|host| host["id"] == spell["community"]["id"]));
    }
    let long =
        service.ask(query, json!({ "within": network, "levels": ["CITY"], "filter": { "ended": true, "minDays": 366 } })).await;
    assert_eq!(number(&long["quietSpells"], "/spells/totalCount"), 116.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_network_on_sqlite() {
    with_database(Kind::Sqlite, the_figures_of_the_real_network).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_network_on_postgres() {
    with_database(Kind::Postgres, the_figures_of_the_real_network).await;
}
