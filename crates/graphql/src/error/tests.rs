use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};

use super::*;

/// The codes of the table in `schema/README.md`, which clients rely on.
fn documented() -> Vec<&'static str> {
    let table = include_str!("../../../../schema/README.md").lines().filter_map(|line| line.strip_prefix("| `"));
    table.filter_map(|row| row.split('`').next()).collect()
}

#[test]
fn the_codes_are_those_of_the_documentation() {
    let codes: Vec<_> = ErrorCode::all().iter().map(|code| code.as_str()).collect();
    assert_eq!(codes, documented());
}

struct Query;

#[Object]
impl Query {
    async fn fine(&self) -> i32 {
        1
    }
    async fn missing(&self, ctx: &Context<'_>) -> Option<i32> {
        nullable(ctx, Err(Error::client(ErrorCode::NotFound, "no such gathering")))
    }
    async fn broken(&self, ctx: &Context<'_>) -> Option<i32> {
        nullable(ctx, Err(Error::internal("password=secret")))
    }
    async fn refused(&self) -> Result<i32, Error> {
        Err(Error::client(ErrorCode::BadCursor, "not a cursor of this list"))
    }
    async fn careless(&self) -> async_graphql::Result<i32> {
        Err(std::io::Error::other("password=secret"))?
    }
    async fn text(&self, ctx: &Context<'_>) -> Option<i32> {
        nullable(ctx, Err(Error::unavailable("password=secret")))
    }
}

async fn run(query: &str) -> async_graphql::Response {
    let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
    let mut response = schema.execute(query).await;
    finish(&mut response.errors);
    response
}

async fn code(query: &str) -> String {
    let mut response = run(query).await;
    assert_eq!(response.errors.len(), 1);
    let error = response.errors.remove(0);
    assert!(!error.message.contains("secret"), "{error}");
    match error.extensions.as_ref().and_then(|extensions| extensions.get("code")) {
        Some(Value::String(code)) => code.clone(),
        other => panic!("no code but {other:?}"),
    }
}

#[tokio::test]
async fn siblings_of_a_failed_nullable_field_survive() {
    let response = run("{ before: fine missing after: fine }").await;
    let expected = r#"{"before":1,"missing":null,"after":1}"#;
    assert_eq!(serde_json::to_string(&response.data).unwrap(), expected);
    let error = serde_json::to_value(&response.errors[0]).unwrap();
    let expected = serde_json::json!({
        "message": "no such gathering",
        "path": ["missing"],
        "locations": [{ "line": 1, "column": 16 }],
        "extensions": { "code": "NOT_FOUND", "classification": "BAD_REQUEST" },
    });
    assert_eq!(error, expected);
}

#[tokio::test]
async fn every_error_has_a_code_and_no_inner_text() {
    assert_eq!(code("{ missing }").await, "NOT_FOUND");
    assert_eq!(code("{ refused }").await, "BAD_CURSOR");
    assert_eq!(code("{ broken }").await, "INTERNAL_SERVER_ERROR");
    assert_eq!(code("{ careless }").await, "INTERNAL_SERVER_ERROR");
    assert_eq!(code("{ text }").await, "UNAVAILABLE");
    assert_eq!(code("{ nothing }").await, "GRAPHQL_VALIDATION_FAILED");
}

#[tokio::test]
async fn an_answer_does_not_list_thousands_of_errors() {
    assert_eq!(run(&format!("{{ {} }}", "nothing ".repeat(200))).await.errors.len(), MOST_ERRORS);
}

#[test]
fn what_the_database_stopped_took_too_long() {
    let failure = convene_application::Error::Stopped(convene_persistence::Error::NotCommitted);
    let Error::Client { code, .. } = Error::from(failure) else { panic!("it is not ours alone") };
    assert_eq!(code, ErrorCode::DeadlineExceeded);
}
