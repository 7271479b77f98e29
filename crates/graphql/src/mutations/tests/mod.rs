//! Mutations as clients send them, on a database of their own.

mod idempotency;
mod journey;
mod refusals;
mod reports;
mod rules;

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU32, Ordering},
};

use async_graphql::parser::{
    parse_schema,
    types::{TypeKind, TypeSystemDefinition},
};
use convene_domain::{access::Caller, id::TokenId};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::fixture::World;

/// Someone with a token.
fn facilitator(number: u128) -> Caller {
    Caller::token(TokenId::from_uuid(Uuid::from_u128(number)))
}

/// The whole answer to one mutation, which gets a new key unless the input has one.
async fn send(world: &World, caller: Caller, mutation: &str, mut input: Json, selected: &str) -> Json {
    static KEYS: AtomicU32 = AtomicU32::new(0);
    if input.get("idempotencyKey").is_none() {
        input["idempotencyKey"] = format!("key {}", KEYS.fetch_add(1, Ordering::Relaxed)).into();
    }
    let (first, rest) = mutation.split_at(1);
    let query = format!(
        "mutation($input: {}{rest}Input!) {{
           {mutation}(input: $input) {{ {selected} cursor userErrors {{ code message field currentRevision }} }}
         }}",
        first.to_uppercase()
    );
    world.send(caller, query, json!({ "input": input })).await
}

/// What a mutation that is done answers.
async fn done(world: &World, mutation: &str, input: Json, selected: &str) -> Json {
    done_by(world, Caller::Operator, mutation, input, selected).await
}

async fn done_by(world: &World, caller: Caller, mutation: &str, input: Json, selected: &str) -> Json {
    let mut answer = send(world, caller, mutation, input, selected).await;
    assert_eq!(answer.get("errors"), None, "{mutation}: {answer:#}");
    let payload = answer["data"][mutation].take();
    assert_eq!(payload["userErrors"], json!([]), "{mutation}: {payload:#}");
    assert!(payload["cursor"].is_string(), "{mutation}: {payload:#}");
    payload
}

/// Why a mutation is not done: each reason's code, field (empty when none is at fault) and message.
async fn refused(world: &World, mutation: &str, input: Json) -> Vec<(String, String, String)> {
    let answer = send(world, Caller::Operator, mutation, input, "__typename").await;
    assert_eq!(answer.get("errors"), None, "{mutation}: {answer:#}");
    let payload = &answer["data"][mutation];
    assert_eq!(payload["cursor"], Json::Null, "{mutation}: {payload:#}");
    let text = |value: &Json| value.as_str().unwrap().to_owned();
    let errors = payload["userErrors"].as_array().unwrap().iter().map(|error| {
        let path: Vec<String> = error["field"].as_array().into_iter().flatten().map(text).collect();
        assert!(error["field"].is_null() || path[0] == "input", "{mutation}: {error:#}");
        (text(&error["code"]), path.get(1..).unwrap_or_default().join("."), text(&error["message"]))
    });
    let errors: Vec<_> = errors.collect();
    assert!(!errors.is_empty(), "{mutation}: {payload:#}");
    errors
}

/// The code and field of the only reason why a mutation is not done.
async fn reason(world: &World, mutation: &str, input: Json) -> (String, String) {
    let mut reasons = refused(world, mutation, input).await;
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    let (code, field, _) = reasons.remove(0);
    (code, field)
}

fn pair(code: &str, field: &str) -> (String, String) {
    (code.to_owned(), field.to_owned())
}

/// The input of a mutation that names a record and its revision.
fn at(record: &str, id: &Json, revision: i32) -> Json {
    json!({ record: id, "expectedRevision": revision })
}

/// An input with these fields as well.
fn with(mut input: Json, fields: Json) -> Json {
    if let (Json::Object(input), Json::Object(fields)) = (&mut input, fields) {
        input.extend(fields);
    }
    input
}

/// A network with a nation, a region, a city, words, and a gathering in the city: their ids.
struct Place {
    world: World,
    network: Json,
    nation: Json,
    region: Json,
    city: Json,
    gathering: Json,
}

impl Place {
    async fn new() -> Self {
        let world = World::empty().await;
        let input = json!({ "slug": "relief", "name": "Relief", "languages": ["en", "sw"] });
        let network = done(&world, "createNetwork", input, "network { id }").await["network"]["id"].take();
        for (kind, code) in [
            ("PARTICIPANT_ROLE", "LEADERS"),
            ("PARTICIPANT_ROLE", "FUNDERS"),
            ("DESIRED_OUTCOME", "HOPE"),
            ("FUNCTION", "EDUCATE"),
            ("THEME", "WATER"),
            ("INVITATION_GROUP", "CHURCHES"),
            ("AGENDA_KIND", "CARE"),
        ] {
            let input = json!({ "network": network, "kind": kind, "code": code, "label": code.to_lowercase() });
            done(&world, "addVocabularyTerm", input, "term { id }").await;
        }
        let nation = Self::community(&world, &network, "NATIONAL", "kenya", &Json::Null).await;
        let region = Self::community(&world, &network, "REGIONAL", "coast", &nation).await;
        let city = Self::community(&world, &network, "CITY", "mombasa", &region).await;
        let gathering = Self::gathering(&world, &city, "Spring").await;
        Self { world, network, nation, region, city, gathering }
    }

    async fn community(world: &World, network: &Json, level: &str, slug: &str, parent: &Json) -> Json {
        let input = json!({ "network": network, "slug": slug, "name": slug, "level": level, "parent": parent });
        done(world, "createCommunity", input, "community { id }").await["community"]["id"].take()
    }

    async fn gathering(world: &World, host: &Json, title: &str) -> Json {
        let input = json!({ "hosts": [host], "title": title, "startsAt": "2026-05-01T18:30:00+03:00" });
        done(world, "planGathering", input, "gathering { id }").await["gathering"]["id"].take()
    }

    /// What everyone, or someone with a token, reads.
    async fn read(&self, query: impl Into<String>) -> Json {
        let mut answer = self.world.send(facilitator(1), query, Json::Null).await;
        assert_eq!(answer.get("errors"), None, "{answer:#}");
        answer["data"].take()
    }
}

/// Every mutation is idempotent, and its payload says what went wrong.
#[test]
fn inputs_and_payloads_have_what_all_have() {
    let mut fields: HashMap<String, HashMap<String, String>> = HashMap::new();
    for definition in parse_schema(crate::sdl(false)).unwrap().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let found: HashMap<_, _> = match definition.node.kind {
            TypeKind::Object(object) => {
                object.fields.iter().map(|it| (it.node.name.node.to_string(), it.node.ty.to_string())).collect()
            }
            TypeKind::InputObject(input) => {
                input.fields.iter().map(|it| (it.node.name.node.to_string(), it.node.ty.to_string())).collect()
            }
            _ => continue,
        };
        fields.insert(definition.node.name.node.to_string(), found);
    }
    assert_eq!(fields["Mutation"].len(), 46);
    for (mutation, payload) in &fields["Mutation"] {
        let (first, rest) = mutation.split_at(1);
        let name = format!("{}{rest}", first.to_uppercase());
        assert_eq!(*payload, format!("{name}Payload!"));
        assert_eq!(fields[&format!("{name}Input")]["idempotencyKey"], "String!", "{name}");
        let payload = &fields[&format!("{name}Payload")];
        assert_eq!((payload["cursor"].as_str(), payload["userErrors"].as_str()), ("String", "[UserError!]!"), "{name}");
    }
}
