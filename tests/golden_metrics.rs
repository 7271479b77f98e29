//! The golden answers that are numbers, asked of `activity`.

use serde_json::{Map, Value, json};

use crate::program::Service;

/// Asks for activity and gives the field.
pub async fn ask(service: &Service, variables: Value) -> Value {
    let mut answer = answer(service, variables.clone()).await;
    assert!(answer.get("errors").is_none(), "{variables}: {answer}");
    answer["data"]["activity"].take()
}

/// Asks for activity and gives the whole answer.
pub async fn answer(service: &Service, variables: Value) -> Value {
    let query = "query ($within: ID!, $window: Window, $period: RelativePeriod, $lastDays: Int, $asOf: Date, $bucket: Bucket, \
        $groupBy: [Dimension!], $filter: ActivityFilter, $metrics: [Metric!]!, $compareWith: CompareWith, $orderBy: ActivityOrder, \
        $first: Int) { activity(within: $within, window: $window, period: $period, lastDays: $lastDays, asOf: $asOf, bucket: $bucket, \
        groupBy: $groupBy, filter: $filter, metrics: $metrics, compareWith: $compareWith, orderBy: $orderBy, first: $first) { \
        asOf cursor from to seriesCount buckets { from to label } comparedBuckets { from to } total { ...numbers } \
        series { key { dimension code label community { slug } } ...numbers } } } \
        fragment numbers on ActivitySeries { expectedReports receivedReports metrics { metric values numerators denominators bases \
        unreliable comparedValues comparedBases changes changesUnreliable } }";
    service.answer(query, variables).await
}

/// The value of a series in a part of the period.
pub fn value(series: &Value, metric: usize, part: usize) -> &Value {
    &series["metrics"][metric]["values"][part]
}

/// The code of a series in a dimension; `Unknown` where there is none.
pub fn code(series: &Value, dimension: usize) -> String {
    series["key"][dimension]["code"].as_str().unwrap_or("Unknown").to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

/// The first metric by group.
fn by_group(found: &Value) -> Value {
    let groups = list(&found["series"]).iter().map(|series| (code(series, 0), value(series, 0, 0).clone()));
    Value::Object(groups.collect())
}

/// A metric of a series by the names of parts, without nothing.
fn by_part(found: &Value, series: &Value, metric: usize) -> Value {
    let parts = list(&found["buckets"]).iter().zip(list(&series["metrics"][metric]["values"]));
    let some = parts.filter(|(_, value)| !value.is_null() && *value != &json!(0));
    Value::Object(some.map(|(part, value)| (part["label"].as_str().expect("a label").to_owned(), value.clone())).collect())
}

/// Answers a question by metrics; `None` when it is none of numbers.
pub async fn by_metrics(service: &Service, network: &str, id: &str, question: &str) -> Option<Value> {
    let ask = async |variables: Value| {
        let mut all = json!({ "within": network });
        all.as_object_mut().expect("an object").extend(variables.as_object().expect("an object").clone());
        ask(service, all).await
    };
    let chapters = json!({ "levels": ["CITY"] });
    Some(match id {
        "G01" => by_group(&ask(json!({ "groupBy": ["LEVEL"], "metrics": ["COMMUNITIES"] })).await),
        "G02" => {
            let mut formats = by_group(&ask(json!({ "groupBy": ["FORMAT"], "metrics": ["GATHERINGS"] })).await);
            // The files write an empty field for what nobody said.
            if let Some(unknown) = formats.as_object_mut().and_then(|formats| formats.remove("UNKNOWN")) {
                formats[""] = unknown;
            }
            let statuses = by_group(&ask(json!({ "groupBy": ["STATUS"], "metrics": ["GATHERINGS"] })).await);
            json!({ "format": formats, "status": statuses })
        }
        "G03" => {
            let found = ask(json!({ "groupBy": ["COUNTRY"], "bucket": "YEAR", "metrics": ["GATHERINGS_HELD"] })).await;
            let countries = list(&found["series"]).iter().map(|series| (code(series, 0), by_part(&found, series, 0)));
            Value::Object(countries.collect())
        }
        "G05" => {
            let year: i32 = question.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 4)?.parse().ok()?;
            let window = json!({ "from": format!("{year}-01-01"), "to": format!("{}-01-01", year + 1) });
            let found = ask(json!({
                "groupBy": ["COMMUNITY"], "filter": chapters, "window": window, "metrics": ["GATHERINGS_HELD"], "first": 20,
                "orderBy": { "metric": "GATHERINGS_HELD" },
            }))
            .await;
            list(&found["series"]).iter().map(|series| json!([code(series, 0), value(series, 0, 0)])).collect()
        }
        "G07" => by_group(&ask(json!({ "groupBy": ["COMMUNITY"], "filter": chapters, "metrics": ["RSVPS_MEDIAN"] })).await),
        "G09" => {
            let mut years =
                by_group(&ask(json!({ "groupBy": ["FOUNDING_YEAR"], "filter": chapters, "metrics": ["COMMUNITIES"] })).await);
            years.as_object_mut().expect("years").remove("Unknown");
            years
        }
        "G12" => by_group(&ask(json!({ "groupBy": ["COUNTRY"], "metrics": ["RSVPS"] })).await),
        "G14" => {
            let found = ask(json!({ "bucket": "YEAR", "metrics": ["GATHERINGS_CANCELLED"] })).await;
            by_part(&found, &found["total"], 0)
        }
        "G16" => {
            let found = by_group(&ask(json!({ "groupBy": ["WEEKDAY"], "metrics": ["GATHERINGS_HELD"] })).await);
            let days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"].into_iter();
            let short = |day: &str| day.chars().take(1).chain(day.to_lowercase().chars().skip(1).take(2)).collect();
            // A day without gatherings is no group.
            Value::Object(days.map(|day| (short(day), found.get(day).cloned().unwrap_or(json!(0)))).collect())
        }
        "G21" => {
            let found = ask(json!({
                "groupBy": ["COUNTRY"], "bucket": "QUARTER", "window": { "from": "2019-01-01", "to": "2022-01-01" },
                "filter": { "countries": ["BR", "DE", "GB"] }, "metrics": ["GATHERINGS_HELD", "ACTIVE_COMMUNITIES", "RSVPS"],
            }))
            .await;
            let mut countries = Map::new();
            for series in list(&found["series"]) {
                let quarter = |(at, part): (usize, &Value)| {
                    let [held, active, rsvp] = [0, 1, 2].map(|metric| value(series, metric, at));
                    let numbers = json!({ "held": held, "active_chapters": active, "rsvp": rsvp });
                    (part["label"].as_str().expect("a label").to_owned(), numbers)
                };
                let quarters: Map<String, Value> = list(&found["buckets"]).iter().enumerate().map(quarter).collect();
                countries.insert(code(series, 0), Value::Object(quarters));
            }
            Value::Object(countries)
        }
        "G24" => {
            let unknown = json!({ "formats": ["UNKNOWN"] });
            by_group(&ask(json!({ "groupBy": ["STATUS"], "filter": unknown, "metrics": ["GATHERINGS"] })).await)
        }
        "G26" => {
            let metrics = json!(["COMMUNITIES_FOUNDED", "COMMUNITIES_FOUNDED_TO_DATE"]);
            let found = ask(json!({ "bucket": "YEAR", "filter": chapters, "metrics": metrics })).await;
            let founded = by_part(&found, &found["total"], 0);
            let mut so_far = by_part(&found, &found["total"], 1);
            so_far.as_object_mut().expect("years").retain(|year, _| founded.get(year).is_some());
            so_far
        }
        "G29" => {
            let found = ask(json!({ "bucket": "YEAR", "metrics": ["MINUTES_HELD"] })).await;
            by_part(&found, &found["total"], 0)
        }
        _ => return None,
    })
}

/// What changed from quarter to quarter and from year to year (Q13 of the programme managers), of the real network only.
pub async fn quarters_change_as_counted_elsewhere(service: &Service, network: &str) {
    let ask = async |with: &str| {
        let metrics = json!(["GATHERINGS_HELD", "ACTIVE_COMMUNITIES", "GATHERINGS_PER_ACTIVE_COMMUNITY"]);
        let found = ask(
            service,
            json!({ "within": network, "period": "LAST_CLOSED_QUARTER", "asOf": "2026-08-22", "compareWith": with, "metrics": metrics }),
        )
        .await;
        assert_eq!((&found["from"], &found["to"]), (&json!("2026-04-01"), &json!("2026-07-01")));
        let metrics = list(&found["total"]["metrics"]).to_vec();
        assert_eq!(metrics[0]["values"], json!([34]));
        assert_eq!(metrics[1]["values"], json!([21]));
        assert_eq!(metrics[2]["values"][0].as_f64(), Some(34.0 / 21.0));
        (metrics[0].clone(), metrics[1]["comparedValues"].clone())
    };
    let per_mille = |metric: &Value| (metric["changes"][0].as_f64().expect("a change") * 1000.0).round();
    let (held, active) = ask("PREVIOUS_PERIOD").await;
    assert_eq!((&held["comparedValues"], per_mille(&held), active), (&json!([29]), 172.0, json!([22])));
    let (held, active) = ask("SAME_PERIOD_LAST_YEAR").await;
    assert_eq!((&held["comparedValues"], per_mille(&held), active), (&json!([82]), -585.0, json!([43])));
}
