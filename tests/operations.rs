//! The example operations of `schema/operations`, as they are given to front-end teams.

use std::{collections::HashMap, fs};

use serde_json::{Value, json};

use crate::{
    live::{Follower, text, token},
    on_both,
    program::{Service, project, succeed},
};

/// What the values in braces stand for, as the pages of `/graphiql` fill them in.
async fn known(service: &Service, secret: &str) -> HashMap<&'static str, Value> {
    let query = "{ networks(first: 1) { nodes { id slug communities(first: 1, filter: { levels: [NATIONAL] }) { nodes { id } } \
                 gatherings(first: 50, filter: { statuses: [HELD] }) { nodes { id report { id } } } gatheringReports(first: 1) { nodes { id } } } } }";
    let data = service.ask_as(secret, query, json!({})).await;
    let network = &data["networks"]["nodes"][0];
    let gatherings = network["gatherings"]["nodes"].as_array().expect("gatherings");
    let unreported = gatherings.iter().find(|gathering| gathering["report"].is_null()).expect("one without a report");
    HashMap::from([
        ("within", network["id"].clone()),
        ("network", network["id"].clone()),
        ("slug", network["slug"].clone()),
        ("community", network["communities"]["nodes"][0]["id"].clone()),
        ("gathering", gatherings[0]["id"].clone()),
        ("unreported", unreported["id"].clone()),
        ("report", network["gatheringReports"]["nodes"][0]["id"].clone()),
        ("key", json!(uuid::Uuid::new_v4().to_string())),
    ])
}

fn fill(value: &mut Value, known: &HashMap<&'static str, Value>) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
                *value = known.get(name).unwrap_or_else(|| panic!("nothing is known by the name {name}")).clone();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, known)),
        Value::Object(values) => values.values_mut().for_each(|value| fill(value, known)),
        _ => {}
    }
}

async fn every_example_operation_runs(address: String) {
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    let (service, secret) = (Service::start(&address), token(&address));
    let mut ran = HashMap::from([("query", 0), ("mutation", 0), ("subscription", 0)]);
    let mut files: Vec<_> =
        fs::read_dir(project("schema/operations")).expect("reads").map(|file| file.expect("reads").path()).collect();
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "graphql")) {
        let operation = fs::read_to_string(file).expect("reads");
        let own = fs::read_to_string(file.with_extension("json")).unwrap_or_else(|_| "{}".to_owned());
        let known = known(&service, &secret).await;
        let mut variables: Value = serde_json::from_str(&own).expect("JSON");
        fill(&mut variables, &known);
        for name in ["within", "network"] {
            if operation.contains(&format!("${name}: ID!")) {
                variables[name] = known[name].clone();
            }
        }
        let kind =
            ["query", "mutation", "subscription"].into_iter().find(|kind| operation.lines().any(|line| line.starts_with(kind)));
        let kind = kind.unwrap_or_else(|| panic!("{}: no operation", file.display()));
        *ran.get_mut(kind).expect("a kind") += 1;
        if kind == "subscription" {
            let (_, first) = Follower::open(&service, Some(&secret), &operation, variables).await;
            let message: Value = serde_json::from_str(&first).expect("JSON");
            assert_eq!(
                (message["type"].as_str(), message["payload"].get("errors")),
                (Some("next"), None),
                "{}: {first}",
                file.display()
            );
            continue;
        }
        let data = service.ask_as(&secret, &operation, variables).await;
        for (field, payload) in data.as_object().expect("data") {
            assert!(!payload.is_null(), "{}: {field} is null", file.display());
            if kind == "mutation" {
                assert_eq!(payload["userErrors"], json!([]), "{}", file.display());
                assert!(!text(&payload["cursor"]).is_empty());
            }
        }
    }
    assert!(ran.values().all(|count| *count >= 2), "some of each kind: {ran:?}");
}
on_both!(every_example_operation_runs);
