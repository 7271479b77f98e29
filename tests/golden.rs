//! Golden answers: questions to a whole network, answered elsewhere from the same files by other programs.
//!
//! They are asked of the real network where its files are (`CONVENE_TEST_DATA`), and always of the sample, whose answers
//! stand in `golden/samples.json`.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
};

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    golden_metrics,
    program::{Service, project, succeed},
};

struct Set {
    files: PathBuf,
    answers: PathBuf,
}

/// What the real network's description counts as dirt.
const SUSPICIOUS: [&str; 8] = [
    "237 gatherings without a format",
    "2185 online gatherings at the coordinates of a placeholder",
    "62 gatherings at the coordinates 0, 0",
    "170 gatherings without an end",
    "36 gatherings of more than 24 hours",
    "22 held gatherings whose title says cancelled or postponed",
    "124 gatherings of one community at the same time as another of it",
    "148 sets of held gatherings of several communities with the same title and start",
];

fn sample() -> Set {
    Set { files: project("samples"), answers: project("tests/golden/samples.json") }
}

/// The real network, or the sample where it is not to be had.
fn real() -> Set {
    match std::env::var_os("CONVENE_TEST_DATA").map(PathBuf::from) {
        Some(files) => Set { answers: files.join("golden.json"), files },
        None => sample(),
    }
}

async fn every_answer_is_the_golden_one(address: String, set: Set) {
    let folder = set.files.to_str().expect("a path");
    let summary = succeed(&address, &["import", folder, "--audience", "PUBLIC"]);
    if folder.ends_with("rladies") {
        for suspicious in SUSPICIOUS {
            assert!(summary.contains(&format!("suspicious: {suspicious}")), "{suspicious}: {summary}");
        }
    }
    let service = Service::start(&address);
    let networks = fs::read_to_string(set.files.join("networks.csv")).expect("reads");
    let slug = networks.lines().nth(1).and_then(|line| line.split(',').next()).expect("a network");
    let network = service.network(slug).await;
    let golden: Value = serde_json::from_str(&fs::read_to_string(&set.answers).expect("reads")).expect("JSON");
    let mut asked = 0;
    for golden in golden["answers"].as_array().expect("answers") {
        let id = golden["id"].as_str().expect("an id");
        let expected = &golden["answer"];
        let question = golden["question"].as_str().expect("a question");
        let Some(answer) = answer(&service, &network, id, question, expected).await else { continue };
        assert_eq!(&answer, expected, "{id}: {}", golden["question"]);
        asked += 1;
    }
    assert_eq!(asked, 10, "all questions that lists answer were asked");
    let (mut counted, answers) = (0, golden["answers"].as_array().expect("answers"));
    for golden in answers {
        let id = golden["id"].as_str().expect("an id");
        let question = golden["question"].as_str().expect("a question");
        let Some(answer) = golden_metrics::by_metrics(&service, &network, id, question).await else { continue };
        assert_eq!(answer, golden["answer"], "{id} by metrics: {question}");
        counted += 1;
    }
    let is_real = folder.ends_with("rladies");
    assert_eq!(counted, if is_real { 13 } else { 8 }, "all questions of numbers were asked");
    if is_real {
        golden_metrics::quarters_change_as_counted_elsewhere(&service, &network).await;
    }
}

/// Answers a question by lists, filters, counts and pages; `None` when it is about metrics.
async fn answer(service: &Service, network: &str, id: &str, question: &str, expected: &Value) -> Option<Value> {
    Some(match id {
        "G01" => {
            by(&["NATIONAL", "REGIONAL", "CITY"], async |level| service.communities(network, json!({ "levels": [level] })).await)
                .await
        }
        "G02" => {
            let statuses = by(&["PLANNED", "HELD", "CANCELLED"], async |status| {
                service.gatherings(network, json!({ "statuses": [status] })).await
            });
            let mut formats = by(&["IN_PERSON", "ONLINE", "HYBRID", "UNKNOWN"], async |format| {
                service.gatherings(network, json!({ "formats": [format] })).await
            })
            .await;
            // The files write an empty field for what nobody said.
            if let Some(unknown) = formats.as_object_mut().and_then(|formats| formats.remove("UNKNOWN")) {
                formats[""] = unknown;
            }
            json!({ "format": formats, "status": statuses.await })
        }
        "G03" => held_by_country_and_year(service, network, expected).await,
        "G05" => most_held_in(service, network, question).await,
        "G09" => {
            by(&years(expected), async |year| {
                let year: i32 = year.parse().expect("a year");
                service.communities(network, json!({ "levels": ["CITY"], "foundedYears": [year] })).await
            })
            .await
        }
        "G14" => by(&years(expected), async |year| service.gatherings(network, in_year(year, "CANCELLED")).await).await,
        "G16" => {
            let days = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
            let mut held = serde_json::Map::new();
            for day in days {
                let count = service.gatherings(network, json!({ "statuses": ["HELD"], "weekdays": [day] })).await;
                let short: String = day.chars().take(1).chain(day.to_lowercase().chars().skip(1).take(2)).collect();
                held.insert(short, json!(count));
            }
            Value::Object(held)
        }
        "G19" => {
            let ranked = page_through(service, network, json!({}), 120).await;
            ranked[100..].iter().map(|gathering| gathering["externalId"].clone()).collect()
        }
        "G23" => twins(&page_through(service, network, json!({}), usize::MAX).await),
        "G24" => {
            by(&["HELD", "CANCELLED", "PLANNED"], async |status| {
                service.gatherings(network, json!({ "statuses": [status], "formats": ["UNKNOWN"] })).await
            })
            .await
        }
        _ => return None,
    })
}

/// Counts by word, without the words that count nothing.
async fn by<'a>(words: &[&'a str], count: impl AsyncFn(&'a str) -> u64) -> Value {
    let mut counts = serde_json::Map::new();
    for word in words {
        match count(word).await {
            0 => {}
            number => drop(counts.insert((*word).to_owned(), json!(number))),
        }
    }
    Value::Object(counts)
}

/// The years of an answer and those around them, which must count nothing.
fn years(expected: &Value) -> Vec<&str> {
    let mut years: Vec<&str> = expected.as_object().expect("years").keys().map(String::as_str).collect();
    years.extend(["2011", "2014", "2027"]);
    years.sort_unstable();
    years.dedup();
    years
}

fn in_year(year: &str, status: &str) -> Value {
    let next = year.parse::<i32>().expect("a year") + 1;
    json!({ "window": { "from": format!("{year}-01-01"), "to": format!("{next}-01-01") }, "statuses": [status] })
}

/// Each nation's subtree, year by year.
async fn held_by_country_and_year(service: &Service, network: &str, expected: &Value) -> Value {
    let query = "query ($within: ID!, $after: String) { communities(within: $within, filter: { levels: [NATIONAL] }, first: 100, after: $after) \
                 { nodes { id country } pageInfo { hasNextPage endCursor } } }";
    let nations = service.ask(query, json!({ "within": network })).await;
    assert_eq!(nations["communities"]["pageInfo"]["hasNextPage"], false);
    let mut countries = serde_json::Map::new();
    for nation in nations["communities"]["nodes"].as_array().expect("nations") {
        let country = nation["country"].as_str().expect("a country");
        let Some(golden) = expected.get(country) else {
            assert_eq!(service.gatherings(nation["id"].as_str().expect("an id"), json!({ "statuses": ["HELD"] })).await, 0);
            continue;
        };
        let within = nation["id"].as_str().expect("an id");
        countries.insert(
            country.to_owned(),
            by(&years(golden), async |year| service.gatherings(within, in_year(year, "HELD")).await).await,
        );
    }
    Value::Object(countries)
}

/// In the year that the question names.
async fn most_held_in(service: &Service, network: &str, question: &str) -> Value {
    let year = question.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 4).expect("a year");
    let mut held: HashMap<String, u64> = HashMap::new();
    for gathering in page_through(service, network, in_year(year, "HELD"), usize::MAX).await {
        for host in gathering["hosts"].as_array().expect("hosts").iter().filter(|host| host["level"] == "CITY") {
            *held.entry(host["slug"].as_str().expect("a slug").to_owned()).or_default() += 1;
        }
    }
    let mut ranked: Vec<(String, u64)> = held.into_iter().collect();
    ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    ranked.into_iter().take(20).map(|(slug, count)| json!([slug, count])).collect()
}

/// Reads a list of gatherings page by page, newest first.
async fn page_through(service: &Service, network: &str, filter: Value, most: usize) -> Vec<Value> {
    let query = "query ($within: ID!, $filter: GatheringFilter, $after: String) { \
                 gatherings(within: $within, filter: $filter, first: 60, after: $after) { \
                 nodes { externalId startsAt startDate hosts { slug level } } pageInfo { hasNextPage endCursor } } }";
    let (mut read, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut data = service.ask(query, json!({ "within": network, "filter": filter, "after": after })).await;
        let page = &mut data["gatherings"];
        read.extend(page["nodes"].as_array().expect("gatherings").iter().cloned());
        if page["pageInfo"]["hasNextPage"] == false || read.len() >= most {
            read.truncate(most);
            return read;
        }
        after = page["pageInfo"]["endCursor"].take();
    }
}

/// Gatherings of one community that start at the same instant as another of it.
fn twins(gatherings: &[Value]) -> Value {
    let mut at_once: BTreeMap<(String, i64), u64> = BTreeMap::new();
    for gathering in gatherings {
        let Some(starts_at) = gathering["startsAt"].as_str() else { continue };
        let instant = chrono::DateTime::parse_from_rfc3339(starts_at).expect("an instant").timestamp();
        for host in gathering["hosts"].as_array().expect("hosts").iter().filter(|host| host["level"] == "CITY") {
            *at_once.entry((host["slug"].as_str().expect("a slug").to_owned(), instant)).or_default() += 1;
        }
    }
    let groups: Vec<u64> = at_once.into_values().filter(|count| *count > 1).collect();
    json!({ "gatherings": groups.iter().sum::<u64>(), "groups": groups.len() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_network_on_sqlite() {
    with_database(Kind::Sqlite, |address| every_answer_is_the_golden_one(address, real())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_real_network_on_postgres() {
    with_database(Kind::Postgres, |address| every_answer_is_the_golden_one(address, real())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_on_sqlite() {
    with_database(Kind::Sqlite, |address| every_answer_is_the_golden_one(address, sample())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sample_on_postgres() {
    with_database(Kind::Postgres, |address| every_answer_is_the_golden_one(address, sample())).await;
}
