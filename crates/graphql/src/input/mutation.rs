//! Inputs of mutations: what each means, and how one that is sent again is known.

use std::collections::BTreeMap;

use async_graphql::{InputObject, InputType, Value};
use convene_application::writing::{Command, Refusal};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::Fields;

/// The input of a mutation. Each has the field of [`Once`].
pub(crate) trait Input: InputType {
    /// What it asks for.
    type Command: Command;

    /// Checks every field, and answers everything that is wrong.
    fn check(self, fields: Fields) -> Result<Self::Command, Vec<Refusal>>;
}

/// What every input of a mutation has.
#[derive(Debug, InputObject)]
pub(crate) struct Once {
    /// By what this request is known when you send it again: 1 to 200 characters. Choose a new one that nobody guesses,
    /// such as a UUID, for each thing you want done, and send the same again when you repeat a request whose answer you
    /// did not get. The same key with the same input is done once, and answered as the first time; with another input it
    /// is a `CONFLICT`. A key is kept for at least 90 days; a refusal does not use it up.
    idempotency_key: String,
}

const KEY: &str = "idempotencyKey";

/// The key that an input came with, and a fingerprint of all else that it says.
///
/// The fingerprint is of what the input means: it does not matter whether a value stood in the document or in a variable,
/// nor in which order fields stood, nor whether a default was spelled out. Fields without a value do not count, so that a
/// field that is new in a later version changes no fingerprint as long as it is left out.
pub(crate) fn identify<I: InputType>(input: &I) -> (String, String) {
    let mut said = input.to_value();
    let key = match &mut said {
        Value::Object(fields) => fields.swap_remove(KEY),
        _ => None,
    };
    let key = if let Some(Value::String(key)) = key { key } else { String::new() };
    (key, format!("{:x}", Sha256::digest(canonical(said).to_string())))
}

/// The one JSON text of a value: objects sorted, without fields that hold nothing.
fn canonical(value: Value) -> Json {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name.to_string(), canonical(value)));
            let said: BTreeMap<_, _> =
                fields.filter(|(_, value)| !value.is_null() && *value != Json::Array(Vec::new())).collect();
            Json::Object(said.into_iter().collect())
        }
        Value::List(values) => Json::Array(values.into_iter().map(canonical).collect()),
        Value::Enum(word) => Json::String(word.to_string()),
        Value::String(text) => Json::String(text),
        Value::Number(number) => Json::Number(number),
        Value::Boolean(truth) => Json::Bool(truth),
        Value::Null | Value::Binary(_) => Json::Null,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Schema, Variables};
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::input::{AmendGatheringReportInput, ChangeGatheringInput, PlanGatheringInput};

    struct Query;

    #[Object]
    impl Query {
        async fn plan(&self, input: PlanGatheringInput) -> Vec<String> {
            told(&input)
        }

        async fn change(&self, input: ChangeGatheringInput) -> Vec<String> {
            told(&input)
        }

        async fn amend(&self, input: AmendGatheringReportInput) -> Vec<String> {
            told(&input)
        }
    }

    fn told<I: Input>(input: &I) -> Vec<String> {
        let (key, body) = identify(input);
        vec![key, body]
    }

    /// The key and the fingerprint of an input as it is sent.
    async fn sent(query: &str, variables: Json) -> (String, String) {
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        let answer = schema.execute(Request::new(query).variables(Variables::from_json(variables))).await;
        let data = answer.into_result().unwrap().data.into_json().unwrap();
        let pair = data.as_object().unwrap().values().next().unwrap().as_array().unwrap();
        (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned())
    }

    const PLAN: &str = "query($input: PlanGatheringInput!) { plan(input: $input) }";

    #[tokio::test]
    async fn the_same_meaning_has_the_same_fingerprint_however_it_is_sent() {
        let literal = r#"{ plan(input: { title: "Spring", hosts: ["com_1"], format: HYBRID, idempotencyKey: "a",
            startsAt: "2026-05-01T18:30:00Z", venue: { latitude: 1, longitude: 2.50 } }) }"#;
        let (key, body) = sent(literal, Json::Null).await;
        assert_eq!((key.as_str(), body.len()), ("a", 64));
        let whole = json!({
            "hosts": ["com_1"], "startsAt": "2026-05-01T18:30:00+00:00", "title": "Spring", "format": "HYBRID",
            "venue": { "longitude": 2.5, "latitude": 1.0, "city": null }, "agenda": [], "idempotencyKey": "b",
        });
        assert_eq!(sent(PLAN, json!({ "input": whole })).await, ("b".to_owned(), body.clone()));
        // One value stands for a list of one, a variable for a part, and a default for a variable that is not given.
        let parts = r#"query($host: ID!, $format: Format = HYBRID, $key: String!, $city: String) { plan(input: {
            hosts: $host, title: "Spring", format: $format, startsAt: "2026-05-01T18:30:00Z",
            venue: { latitude: 1.0, longitude: 2.5, city: $city }, idempotencyKey: $key }) }"#;
        assert_eq!(sent(parts, json!({ "host": "com_1", "key": "a" })).await, ("a".to_owned(), body));
    }

    #[tokio::test]
    async fn a_default_that_is_spelled_out_changes_nothing() {
        let plan = |format| format!(r#"{{ plan(input: {{ title: "A", hosts: [], idempotencyKey: "a" {format} }}) }}"#);
        assert_eq!(sent(&plan(""), Json::Null).await, sent(&plan("format: UNKNOWN"), Json::Null).await);
        assert_ne!(sent(&plan(""), Json::Null).await, sent(&plan("format: ONLINE"), Json::Null).await);
    }

    #[tokio::test]
    async fn another_meaning_has_another_fingerprint() {
        let change = |fields: &str| {
            format!(r#"{{ change(input: {{ gathering: "gat_1", expectedRevision: 1, idempotencyKey: "a" {fields} }}) }}"#)
        };
        let mut bodies = std::collections::HashSet::new();
        for fields in [
            "",
            "sourceUrl: null",
            r#"sourceUrl: "null""#,
            r#"title: "null""#,
            "venue: null",
            r#"venue: { city: "A" }"#,
            r#"venue: { country: "A" }"#,
            "agenda: null",
            r#"agenda: [{ title: "A" }, { title: "B" }]"#,
            r#"agenda: [{ title: "B" }, { title: "A" }]"#,
        ] {
            assert!(bodies.insert(sent(&change(fields), Json::Null).await.1), "{fields}");
        }
        let empties = [sent(&change("agenda: null"), Json::Null).await, sent(&change("agenda: []"), Json::Null).await];
        assert_eq!(empties[0], empties[1]);
        let amend = |change: &str| {
            format!(
                r#"{{ amend(input: {{ report: "rep_1", expectedRevision: 1, idempotencyKey: "a", changeItems: [{{ id: "itm_1" {change} }}] }}) }}"#
            )
        };
        assert_ne!(sent(&amend("theme: null"), Json::Null).await, sent(&amend(""), Json::Null).await);
    }
}
