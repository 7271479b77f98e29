//! Communities side by side, over HTTP.

use serde_json::{Value, json};

use crate::{
    golden_metrics::ask,
    metrics::{identities, neighbours, sample},
    on_both,
    program::Service,
};

const METRICS: [&str; 9] = [
    "GATHERINGS_HELD",
    "REPORTS",
    "ATTENDANCE_MEAN",
    "NEXT_STEPS_DONE",
    "ACTIVE_COMMUNITIES",
    "RSVPS_MEDIAN",
    "COMMUNITIES",
    "COMMUNITIES_FOUNDED",
    "COMMUNITIES_FOUNDED_TO_DATE",
];

async fn compare(service: &Service, variables: &Value) -> Value {
    let query = "query ($communities: [ID!]!, $window: Window, $metrics: [Metric!]!) { comparison(communities: $communities, \
        window: $window, metrics: $metrics) { cursor from to compared { code label community { slug } } expectedReports receivedReports \
        metrics { metric values numerators denominators bases unreliable ranks shares previousValues previousBases previousChanges \
        previousChangesUnreliable lastYearValues lastYearBases lastYearChanges lastYearChangesUnreliable peerMedians peerDistances peerCounts } } }";
    service.answer(query, variables.clone()).await
}

/// Every number is the one that `activity` gives of the community by itself, now, before, and of its peers.
async fn communities_side_by_side_are_as_by_themselves(address: String) {
    let (service, network) = sample(&address).await;
    let ids = identities(&service, &network).await;
    let nations = ["kenya", "brazil", "indonesia", "united-kingdom"];
    let totals = async |slug: &str, window: &Value| {
        let found = ask(&service, json!({ "within": ids[slug], "window": window, "metrics": METRICS })).await;
        let metrics = found["total"]["metrics"].as_array().expect("metrics").clone();
        metrics
            .into_iter()
            .map(|metric| (metric["values"][0].clone(), metric["bases"][0].clone()))
            .unzip::<_, _, Vec<_>, Vec<_>>()
    };
    // Whole months are read from sums, other dates are counted one by one.
    for (window, previous, last_year) in [
        (["2025-01-01", "2026-01-01"], ["2024-01-01", "2025-01-01"], ["2024-01-01", "2025-01-01"]),
        (["2025-07-01", "2026-01-01"], ["2025-01-01", "2025-07-01"], ["2024-07-01", "2025-01-01"]),
        (["2025-03-10", "2025-09-09"], ["2024-09-08", "2025-03-10"], ["2024-03-10", "2024-09-09"]),
    ] {
        let [window, previous, last_year] = [window, previous, last_year].map(|[from, to]| json!({ "from": from, "to": to }));
        let compared = ["kenya", "brazil"];
        let asked: Vec<&String> = compared.iter().map(|slug| &ids[*slug]).collect();
        let answer = compare(&service, &json!({ "communities": asked, "window": window, "metrics": METRICS })).await;
        let found = &answer["data"]["comparison"];
        assert_eq!(found["compared"][1]["code"], "brazil", "{answer}");
        assert_eq!(found["compared"][1]["community"]["slug"], "brazil");
        let mut now = Vec::new();
        for slug in nations {
            now.push(totals(slug, &window).await.0);
        }
        for (at, slug) in compared.iter().enumerate() {
            let ((before, bases), (year_before, year_bases)) = (totals(slug, &previous).await, totals(slug, &last_year).await);
            for (metric, name) in METRICS.iter().enumerate() {
                let found = &found["metrics"][metric];
                assert_eq!(found["values"][at], now[at][metric], "{slug} {name} {window}");
                assert_eq!(found["previousValues"][at], before[metric], "{slug} {name} before {window}");
                assert_eq!(found["lastYearValues"][at], year_before[metric], "{slug} {name} a year before {window}");
                assert_eq!(found["previousBases"][at], bases[metric], "{slug} {name} before {window}");
                assert_eq!(found["lastYearBases"][at], year_bases[metric], "{slug} {name} a year before {window}");
                let few = |base: &Value| base.as_f64().is_none_or(|base| base < 10.0);
                let by_chance = few(&bases[metric]) || found["unreliable"][at] == true;
                assert_eq!(found["previousChangesUnreliable"][at], by_chance, "{slug} {name} before {window}");
                // The peers of a nation are the other nations; all of the sample are open.
                let others = nations.iter().enumerate().filter(|(_, other)| *other != slug);
                let mut peers: Vec<f64> = others.filter_map(|(other, _)| now[other][metric].as_f64()).collect();
                peers.sort_by(f64::total_cmp);
                assert_eq!(found["peerCounts"][at].as_u64(), Some(peers.len() as u64), "{slug} {name} {window}");
                let median = (!peers.is_empty()).then(|| f64::midpoint(peers[(peers.len() - 1) / 2], peers[peers.len() / 2]));
                assert_eq!(found["peerMedians"][at].as_f64(), median, "{slug} {name} {window}");
            }
        }
        let held = &found["metrics"][0];
        let values = [0, 1].map(|at| held["values"][at].as_f64().expect("a number"));
        let rank = |mine: f64, other: f64| if mine < other { 2 } else { 1 };
        assert_eq!(held["ranks"], json!([rank(values[0], values[1]), rank(values[1], values[0])]));
        // The last digit of a number is the reader's.
        let share = held["shares"][0].as_f64().expect("a share");
        assert!((share - values[0] / (values[0] + values[1])).abs() < 1e-12, "{held}");
        assert_eq!(found["metrics"][2]["shares"], Value::Null, "means do not add up");
        assert!(held["values"] == found["expectedReports"]);
    }
}
on_both!(communities_side_by_side_are_as_by_themselves);

async fn small_numbers_are_marked_and_nonsense_is_refused(address: String) {
    let (service, network) = neighbours(&address).await;
    let ids = identities(&service, &network).await;
    let window = json!({ "from": "2026-01-01", "to": "2026-03-01" });
    let asked =
        json!({ "communities": [ids["kenya"], ids["uganda"]], "window": window, "metrics": ["GATHERINGS_HELD", "RSVPS_MEAN"] });
    let answer = compare(&service, &asked).await;
    let metrics = &answer["data"]["comparison"]["metrics"];
    let held = &metrics[0];
    assert_eq!((&held["values"], &held["bases"], &held["ranks"]), (&json!([4, 1]), &json!([4, 1]), &json!([1, 2])), "{answer}");
    assert_eq!((&held["unreliable"], &held["shares"]), (&json!([true, true]), &json!([0.8, 0.2])));
    assert_eq!((&held["previousValues"], &held["previousChanges"]), (&json!([0, 0]), &json!([null, null])));
    assert_eq!((&metrics[1]["values"], &metrics[1]["ranks"]), (&json!([null, null]), &json!([null, null])));
    for (communities, code) in [
        (json!([ids["kenya"]]), "BAD_USER_INPUT"),
        (json!([ids["kenya"], ids["kenya"]]), "BAD_USER_INPUT"),
        (json!([network, ids["kenya"]]), "BAD_USER_INPUT"),
        (json!([ids["kenya"], "com_00000000000070008000000000000000"]), "NOT_FOUND"),
    ] {
        let refused = compare(&service, &json!({ "communities": communities, "window": window, "metrics": ["ITEMS"] })).await;
        assert_eq!(refused["errors"][0]["extensions"]["code"], code, "{communities}: {refused}");
    }
}
on_both!(small_numbers_are_marked_and_nonsense_is_refused);
