use std::time::{Duration, Instant};

use async_graphql::parser::{
    parse_schema,
    types::{BaseType, TypeKind, TypeSystemDefinition},
};
use convene_domain::{access::Audience, community::Level, report::ReportStatus};
use serde_json::json;

use super::*;
use crate::fixture::{Told, World, statements};

/// A nation with so many gatherings, each with a report of so many items.
async fn world(gatherings: usize, items: usize) -> (World, String, String) {
    let world = World::new().await;
    let nation = world.communities(Level::National, None, ["kenya"]).await;
    let held = world.gatherings(&vec![(nation.as_slice(), "Monthly", "2026-05-01"); gatherings]).await;
    let challenges = vec!["Wells are dry"; items];
    let (audience, status) = (Audience::Public, ReportStatus::Submitted);
    let told = held.into_iter().map(|gathering| Told { gathering, audience, status, challenges: &challenges });
    let reports = world.reports(&told.collect::<Vec<_>>()).await;
    (world, nation[0].to_string(), reports[0].to_string())
}

/// A report in its items, over and over.
fn nest(report: &str) -> String {
    format!(
        r#"{{ gatheringReport(id: "{report}") {{ {} kind {} }} }}"#,
        "items { report { ".repeat(5) + "items {",
        "} }".repeat(5) + "}"
    )
}

#[tokio::test]
async fn lists_that_lead_back_to_each_other_are_refused_once_they_cost_too_much() {
    let (world, _, report) = world(1, 500).await;
    let started = Instant::now();
    let answer = world.ask(nest(&report)).await;
    let took = started.elapsed();
    assert_eq!(answer["errors"].as_array().map(Vec::len), Some(1));
    let error = &answer["errors"][0];
    assert_eq!((&error["extensions"]["code"], &error["extensions"]["limit"]), (&json!("TOO_COMPLEX"), &json!(50_000)));
    assert!(error["message"].as_str().unwrap().starts_with("cost of the answer: "), "{error}");
    assert!(answer.get("data").is_none() && answer.to_string().len() < 500, "{answer}");
    // A release build needs some milliseconds.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn the_deadline_ends_what_never_waits_for_the_database() {
    let (world, _, report) = world(1, 500).await;
    let started = Instant::now();
    let answer = world.ask_within(u64::MAX, Duration::from_millis(300), nest(&report)).await;
    let took = started.elapsed();
    assert_eq!(answer["errors"][0]["extensions"]["code"], "DEADLINE_EXCEEDED", "{}", answer["errors"]);
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_page_of_gatherings_with_reports_and_items_is_answered_in_few_statements() {
    let (world, nation, _) = world(100, 20).await;
    let query = format!(
        r#"{{ gatherings(within: "{nation}", first: 100) {{ totalCount edges {{ cursor node {{
          title startsAt weekday hosts {{ slug name city }} agenda {{ title minutes }} network {{ slug }}
          report {{ status attendance attendanceParts {{ people role {{ code term {{ label }} }} }} outcomes {{ code }}
            items {{ kind text severity theme {{ code term {{ label }} }} report {{ id }} }} }}
        }} }} }} }}"#
    );
    let (data, statements) = statements(world.data(query)).await;
    let edges = data["gatherings"]["edges"].as_array().unwrap();
    assert_eq!(edges.len(), 100);
    assert!(edges.iter().all(|edge| edge["node"]["report"]["items"].as_array().unwrap().len() == 20));
    // The page and its total; hosts and the communities they are, agenda, network and report; attendance, tags,
    // items, and the vocabulary once.
    assert_eq!(statements.len(), 11, "{statements:#?}");
}

#[tokio::test]
async fn entries_are_charged_with_their_fields_down_to_the_next_lists() {
    let (world, nation, report) = world(2, 10).await;
    let entity = format!(r#"{{ __typename: "Community", id: "{nation}" }}"#);
    for (query, charged) in [
        (format!(r#"{{ gatheringReport(id: "{report}") {{ items {{ kind theme {{ code }} }} }} }}"#), 10 * 4),
        (
            format!(r#"{{ gatherings(within: "{nation}", first: 2) {{ nodes {{ report {{ items {{ kind }} }} }} }} }}"#),
            2 * 3 + 20 * 2,
        ),
        (
            format!(
                r#"{{ gatherings(within: "{nation}", first: 2) {{ edges {{ node {{ report {{ items {{ kind }} }} }} }} }} }}"#
            ),
            2 * 4 + 20 * 2,
        ),
        (format!(r#"{{ nodes(ids: ["{nation}", "{report}"]) {{ id }} }}"#), 2 * 2),
        (format!(r#"{{ _entities(representations: [{entity} {entity}]) {{ ... on Community {{ slug }} }} }}"#), 2 * 2),
        (
            format!(
                r#"{{ gatheringReport(id: "{report}") {{ items {{ __typename ...F ...F }} }} }} fragment F on ReportItem {{ kind }}"#
            ),
            10 * 4,
        ),
    ] {
        let ask = |limit| world.ask_within(limit, Duration::from_secs(30), &query);
        assert_eq!(ask(charged).await.get("errors"), None, "{query}");
        let message = format!("cost of the answer: {charged}, but at most {} are allowed", charged - 1);
        assert_eq!(ask(charged - 1).await["errors"][0]["message"], message, "{query}");
    }
}

/// Types of values that are no objects.
const PLAIN: [&str; 4] = ["String", "Int", "Float", "Boolean"];

#[test]
fn the_lists_of_objects_are_known() {
    let document = parse_schema(crate::sdl(true)).unwrap();
    let objects = document.definitions.iter().filter_map(|definition| match definition {
        TypeSystemDefinition::Type(definition) => match &definition.node.kind {
            TypeKind::Object(object) => Some((definition.node.name.node.as_str(), object)),
            _ => None,
        },
        _ => None,
    });
    let objects: Vec<_> = objects.collect();
    let (mut lists, mut others) = (vec!["_entities"], Vec::new());
    for field in objects.iter().flat_map(|(_, object)| &object.fields).map(|field| &field.node) {
        let name = field.name.node.as_str();
        match &field.ty.node.base {
            BaseType::List(entry) if !matches!(&entry.base, BaseType::Named(name) if PLAIN.contains(&name.as_str())) => {
                lists.push(name);
            }
            _ => others.push(name),
        }
    }
    lists.sort_unstable();
    lists.dedup();
    assert_eq!(lists, LISTS);
    assert!(others.iter().all(|name| !LISTS.contains(name)));
}
