use async_graphql::{Context, InputObject, Object, Subscription, futures_util::stream};

use super::*;
use crate::{
    error::{Error, nullable},
    guard::Limits,
};

struct Query;

#[derive(InputObject)]
struct Range {
    from: i32,
    to: Option<i32>,
}

#[Object]
impl Query {
    async fn hello(&self, name: Option<String>) -> String {
        format!("hello {}", name.as_deref().unwrap_or("you"))
    }
    async fn sum(&self, range: Range) -> i32 {
        (range.from..range.to.unwrap_or(range.from)).sum()
    }
    async fn slow(&self) -> i32 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        1
    }
    async fn panics(&self) -> i32 {
        let nothing: [i32; 0] = [];
        nothing.iter().sum::<i32>() / i32::try_from(nothing.len()).unwrap_or(1)
    }
    async fn maybe(&self, ctx: &Context<'_>) -> Option<i32> {
        nullable(ctx, Err(Error::internal("password=secret")))
    }
    async fn must(&self) -> Result<i32, Error> {
        Err(Error::client(ErrorCode::NotFound, "no such community"))
    }
    async fn loader(&self, ctx: &Context<'_>) -> Option<i32> {
        ctx.data_opt::<i32>().copied()
    }
    async fn day(&self, date: chrono::NaiveDate) -> String {
        date.to_string()
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn change(&self) -> i32 {
        2
    }
}

struct Live;

#[Subscription]
impl Live {
    async fn ticks(&self) -> impl futures::Stream<Item = i32> {
        stream::iter([1])
    }
}

async fn answer(request: Result<GraphqlRequest, Refusal>) -> Outcome {
    let schema = Schema::new(Query, Mutation, Live);
    let guard = Guard::try_new(Limits::default(), &schema.sdl()).unwrap();
    match request {
        Ok(request) => {
            execute((&schema, &schema), &guard, request, Duration::from_millis(50), |request| request.data(7_i32)).await
        }
        Err(refusal) => Outcome::refused(refusal),
    }
}

async fn post(body: &str) -> serde_json::Value {
    let outcome = answer(GraphqlRequest::from_json(body.as_bytes())).await;
    let json = outcome.to_json().unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json.get("data").is_none(), outcome.failure.is_some(), "data is there exactly if something was executed");
    json
}

async fn query(query: &str, variables: serde_json::Value) -> serde_json::Value {
    post(&serde_json::json!({ "query": query, "variables": variables }).to_string()).await
}

async fn code(query_text: &str, variables: serde_json::Value) -> String {
    query(query_text, variables).await["errors"][0]["extensions"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn answers_carry_data_and_cost() {
    let answer = query("query($n: String) { hello(name: $n) loader }", serde_json::json!({ "n": "Ana" })).await;
    let expected = serde_json::json!({
        "data": { "hello": "hello Ana", "loader": 7 },
        "extensions": { "cost": { "cost": 2, "limit": 50_000 } },
    });
    assert_eq!(answer, expected);
}

#[tokio::test]
async fn the_body_must_be_one_well_formed_request() {
    for (body, expected) in [
        ("", "the body is no valid JSON"),
        ("{", "the body is no valid JSON"),
        ("\u{1}", "the body is no valid JSON"),
        ("null", "the body must be a JSON object"),
        ("\"{ hello }\"", "the body must be a JSON object"),
        ("{}", "\"query\" is missing"),
        (r#"{"query": null}"#, "\"query\" must be a string"),
        (r#"{"query": 7}"#, "\"query\" must be a string"),
        (r#"{"query": "{ hello }", "operationName": 1}"#, "\"operationName\" must be a string or null"),
        (r#"{"query": "{ hello }", "variables": "{}"}"#, "\"variables\" must be an object or null"),
        (r#"{"query": "{ hello }", "variables": []}"#, "\"variables\" must be an object or null"),
        (r#"{"query": "{ hello }", "extensions": 0}"#, "\"extensions\" must be an object or null"),
    ] {
        let error = &post(body).await["errors"][0];
        assert_eq!(error["message"], expected, "{body}");
        assert_eq!(error["extensions"]["code"], "MALFORMED_REQUEST", "{body}");
    }
    assert_eq!(post(r#"[{"query": "{ hello }"}]"#).await["errors"][0]["extensions"]["code"], "BATCH_NOT_SUPPORTED");
    let deep = format!("{{\"query\": \"{{ hello }}\", \"variables\": {{\"a\": {}1{}}}}}", "[".repeat(5_000), "]".repeat(5_000));
    assert_eq!(post(&deep).await["errors"][0]["extensions"]["code"], "MALFORMED_REQUEST");
    let nulls = r#"{"query": "{ hello }", "operationName": null, "variables": null, "extensions": null, "more": 1}"#;
    assert_eq!(post(nulls).await["data"]["hello"], "hello you");
}

#[tokio::test]
async fn a_query_string_is_a_request_too() {
    let text = "query=query+A(%24n:String)%7Bhello(name:%24n)%7D+query+B%7Bhello%7D&operationName=A&variables=%7B%22n%22:%22%C3%89va%22%7D&x=1";
    let outcome = answer(GraphqlRequest::from_query_string(text)).await;
    assert_eq!(serde_json::to_value(&outcome.response.data).unwrap(), serde_json::json!({ "hello": "hello Éva" }));
    assert_eq!(outcome.operation_name.as_deref(), Some("A"));
    for text in ["", "query=%7Bhello%7D&variables=%7B", "query=%7Bhello%7D&variables=1", "query=%7Bhello%7D&query=%7Bhello%7D"] {
        assert_eq!(answer(GraphqlRequest::from_query_string(text)).await.failure, Some(ErrorCode::MalformedRequest), "{text}");
    }
}

#[tokio::test]
async fn a_query_string_changes_nothing() {
    let outcome = answer(GraphqlRequest::from_query_string("query=mutation%7Bchange%7D")).await;
    assert_eq!(outcome.failure, Some(ErrorCode::MethodNotAllowed));
    assert_eq!(query("mutation { change }", serde_json::json!({})).await["data"]["change"], 2);
}

#[tokio::test]
async fn what_fails_before_execution_has_a_code_and_no_data() {
    let none = || serde_json::json!({});
    assert_eq!(code("{ hello", none()).await, "GRAPHQL_PARSE_FAILED");
    assert_eq!(code("{ nothing }", none()).await, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code("{ sum }", none()).await, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code("{ sum(range: {from: \"a\"}) }", none()).await, "GRAPHQL_VALIDATION_FAILED");
    assert_eq!(code("query($r: Range!) { sum(range: $r) }", none()).await, "BAD_USER_INPUT");
    assert_eq!(code("query($r: Range!) { sum(range: $r) }", serde_json::json!({ "r": { "to": 1 } })).await, "BAD_USER_INPUT");
    assert_eq!(code("query($a: Int!) { sum(range: {from: $a}) }", serde_json::json!({ "a": "x" })).await, "BAD_USER_INPUT");
    assert_eq!(code("subscription { ticks }", none()).await, "OPERATION_NOT_SUPPORTED");
    assert_eq!(code("{ hello }", serde_json::json!({ "a": "x".repeat(600_000) })).await, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn what_fails_in_a_field_leaves_the_rest() {
    let answer = query("{ hello maybe }", serde_json::json!({})).await;
    assert_eq!(answer["data"], serde_json::json!({ "hello": "hello you", "maybe": null }));
    assert_eq!(answer["errors"][0]["message"], "internal error");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "INTERNAL_SERVER_ERROR");
    let answer = query("{ hello must }", serde_json::json!({})).await;
    assert_eq!((&answer["data"], &answer["errors"][0]["extensions"]["code"]), (&serde_json::Value::Null, &"NOT_FOUND".into()));
}

#[tokio::test]
async fn a_scalar_that_does_not_parse_is_the_clients_fault() {
    for (text, variables) in [
        ("{ day(date: \"yesterday\") }", serde_json::json!({})),
        ("query($d: NaiveDate!) { day(date: $d) }", serde_json::json!({ "d": "2024-13-01" })),
    ] {
        let answer = query(text, variables).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
    }
}

#[tokio::test]
async fn slow_and_panicking_requests_end() {
    assert_eq!(code("{ slow }", serde_json::json!({})).await, "DEADLINE_EXCEEDED");
    let answer = query("{ panics }", serde_json::json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "internal error");
    assert!(answer["errors"][0].get("locations").is_none());
}

#[tokio::test]
async fn the_text_of_a_real_schema_is_understood() {
    let schema = Schema::build(Query, Mutation, Live).enable_federation().finish();
    assert!(Guard::try_new(Limits::default(), &schema.sdl()).is_ok());
    let federated = schema.sdl_with_options(async_graphql::SDLExportOptions::new().federation());
    assert!(Guard::try_new(Limits::default(), &federated).is_ok());
}

#[tokio::test]
async fn closed_introspection_is_a_validation_error() {
    let schema = Schema::build(Query, Mutation, Live).enable_federation().disable_introspection().disable_suggestions().finish();
    let guard = Guard::try_new(Limits::default(), &schema.sdl()).unwrap();
    for text in
        ["{ _service { sdl } }", "{ __schema { types { name } } }", "{ __type(name: \"Query\") { name kind } }", "{ hell }"]
    {
        let request = GraphqlRequest::from_json(serde_json::json!({ "query": text }).to_string().as_bytes())
            .map_err(|it| it.code)
            .unwrap_or_else(|_| panic!());
        let outcome = execute((&schema, &schema), &guard, request, Duration::from_secs(1), |request| request).await;
        assert_eq!(outcome.failure, Some(ErrorCode::GraphqlValidationFailed), "{text}: {:?}", outcome.response);
        assert!(!outcome.response.errors[0].message.contains("hello"), "{:?}", outcome.response);
    }
}

/// Whoever guesses names is told no others, and not which of several guesses were right.
#[tokio::test]
async fn where_introspection_is_closed_errors_say_nothing_of_the_schema() {
    let schema = Schema::build(Query, Mutation, Live).disable_introspection().disable_suggestions().finish();
    let guard = Guard::try_new(Limits::default(), &schema.sdl()).unwrap();
    let run = async |query: &str, variables: serde_json::Value| {
        let body = serde_json::json!({ "query": query, "variables": variables }).to_string();
        let request = GraphqlRequest::from_json(body.as_bytes()).map_err(|it| it.message).unwrap();
        let outcome = execute((&schema, &schema), &guard, request, Duration::from_secs(1), |request| request).await;
        serde_json::from_slice::<serde_json::Value>(&outcome.to_json().unwrap()).unwrap()
    };
    let nothing = serde_json::json!({});
    let guesses = [
        "{ nothing }",
        "{ hello nothing sum { a } }",
        "{ hello { name } }",
        "{ hello(nam: 1) }",
        "{ sum }",
        "{ sum(range: {}) }",
        "{ sum(range: { from: 1, til: 2 }) }",
        "{ ... on Range { from } }",
        "query($n: Rang) { hello }",
        "{ __type }",
    ];
    let mut answers = Vec::new();
    for guess in guesses {
        let answer = run(guess, nothing.clone()).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED", "{guess}: {answer}");
        answers.push(answer["errors"].clone());
    }
    assert!(answers.iter().all(|errors| *errors == answers[0]), "{answers:?}");
    assert_eq!(run("{ __type(name: \"Query\") { name } }", nothing.clone()).await["data"], serde_json::json!({ "__type": null }));
    for (query, variables) in [
        ("{ day(date: true) }", nothing.clone()),
        ("{ day(date: \"x\") }", nothing),
        ("query($d: NaiveDate!) { day(date: $d) }", serde_json::json!({ "d": "x" })),
        ("query($r: Int!) { sum(range: { from: $r }) }", serde_json::json!({ "r": 9_999_999_999_u64 })),
    ] {
        let answer = run(query, variables).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "BAD_USER_INPUT", "{answer}");
        let message = answer["errors"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("a value "), "{message}");
        assert!(["NaiveDate", "Range", "Int\""].iter().all(|name| !message.contains(name)), "{message}");
    }
}
