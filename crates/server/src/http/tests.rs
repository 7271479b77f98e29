//! The routes over a schema of their own.

use async_graphql::{Context, EmptySubscription, Object, Schema};
use axum::{body::Body, http::Request, response::Response};
use convene_graphql::{
    guard::{Guard, Limits},
    request,
};
use futures::{FutureExt, StreamExt};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;

struct Query;

#[Object]
impl Query {
    async fn greeting(&self, to: Option<String>) -> String {
        format!("hello {}", to.as_deref().unwrap_or("you"))
    }
    async fn missing(&self, ctx: &Context<'_>) -> Option<i32> {
        let error = convene_graphql::error::Error::client(ErrorCode::NotFound, "no such gathering");
        convene_graphql::error::nullable(ctx, Err(error))
    }
    async fn caller(&self, ctx: &Context<'_>) -> String {
        format!("{:?}", ctx.data_unchecked::<Caller>())
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn change(&self) -> i32 {
        1
    }
}

const JSON: &str = "application/json; charset=utf-8";
const EVENTS: &str = "text/event-stream; charset=utf-8";
const GRAPHQL: &str = "application/graphql-response+json; charset=utf-8";

pub(super) fn http(database: Result<(), &'static str>) -> Http {
    let schema = Schema::new(Query, Mutation, EmptySubscription);
    let guard = Arc::new(Guard::try_new(Limits::default(), &schema.sdl()).unwrap());
    let execute: Execute = Arc::new(move |caller, request| {
        let (schema, guard) = (schema.clone(), Arc::clone(&guard));
        let data = move |request: async_graphql::Request| request.data(caller);
        async move { request::execute((&schema, &schema), &guard, request, Duration::from_secs(5), data).await }.boxed()
    });
    let starts = Arc::clone(&execute);
    Http {
        serving: tokio::runtime::Handle::current(),
        authenticate: Arc::new(|token| async move { authenticate(&token) }.boxed()),
        execute,
        export: Arc::new(|_, _| async { Err(Box::new(Outcome::internal())) }.boxed()),
        start: Arc::new(move |caller, request| {
            let answered = starts(caller, request);
            async move { Started::Done(Box::new(answered.await)) }.boxed()
        }),
        ping_database: Arc::new(move || async move { database.map_err(anyhow::Error::msg) }.boxed()),
        metrics: Arc::new(|| "up 1\n".to_owned()),
        look_at_live: Arc::new(|| Live { reads_logs: true, redis: Redis::None }),
        stopping: CancellationToken::new(),
        open: TaskTracker::new(),
        body_limit: 1_000,
        room: room(1_000, 1_000),
        body_timeout: Duration::from_millis(100),
        get_queries: true,
        origins: Arc::default(),
        rates: Rates::new(Rate::new(None, 0), Rate::new(None, 0), 0),
        sockets: SocketLimits { operations: 100, message: 1_000, rate: 1_000 },
        patience: Patience::default(),
        explorer: false,
    }
}

fn authenticate(token: &str) -> Result<Caller, Refusal> {
    match token {
        "ana" => Ok(Caller::Operator),
        "later" => Err(Refusal::new(ErrorCode::Unavailable, "try again later")),
        _ => Err(Refusal::new(ErrorCode::Unauthenticated, "no such token")),
    }
}

/// Status, content type and body of an answer.
async fn parts(response: Response) -> (u16, String, Value) {
    let status = response.status().as_u16();
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, content_type, serde_json::from_slice(&body).unwrap())
}

async fn send(request: Request<Body>) -> Response {
    router(http(Ok(()))).oneshot(request).await.unwrap()
}

async fn post(accept: &str, body: &str) -> (u16, String, Value) {
    let request = Request::post("/graphql").header("content-type", "application/json").header("accept", accept);
    parts(send(request.body(Body::from(body.to_owned())).unwrap()).await).await
}

async fn get_query(uri: &str) -> Response {
    send(Request::get(uri).header("accept", "application/graphql-response+json").body(Body::empty()).unwrap()).await
}

fn code(body: &Value) -> &str {
    body["errors"][0]["extensions"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn a_query_is_answered_in_the_type_asked_for() {
    let body = json!({ "query": "query Q($to: String) { greeting(to: $to) } query R { missing }", "operationName": "Q", "variables": { "to": "Ana" } });
    for (accept, expected) in [("application/json", JSON), ("application/graphql-response+json", GRAPHQL), ("*/*", JSON)] {
        let (status, content_type, answer) = post(accept, &body.to_string()).await;
        assert_eq!((status, content_type.as_str()), (200, expected));
        assert_eq!(answer["data"], json!({ "greeting": "hello Ana" }));
        assert_eq!(answer["extensions"]["cost"]["limit"], 50_000);
    }
    let request =
        Request::post("/graphql").header("content-type", "application/json").body(Body::from(body.to_string())).unwrap();
    assert_eq!(parts(send(request).await).await.1, JSON);
    let (status, _, answer) = post("text/html", &body.to_string()).await;
    assert_eq!((status, code(&answer)), (406, "NOT_ACCEPTABLE"));
}

#[tokio::test]
async fn the_status_says_what_the_type_has_it_say() {
    for (body, json_status, graphql_status, expected) in [
        ("{", 400, 400, "MALFORMED_REQUEST"),
        (r#"{"variables": {}}"#, 400, 400, "MALFORMED_REQUEST"),
        (r#"{"query": "{ greeting }", "variables": "x"}"#, 400, 400, "MALFORMED_REQUEST"),
        (r#"[{"query": "{ greeting }"}]"#, 400, 400, "BATCH_NOT_SUPPORTED"),
        (r#"{"query": "{"}"#, 200, 400, "GRAPHQL_PARSE_FAILED"),
        (r#"{"query": "{ nothing }"}"#, 200, 400, "GRAPHQL_VALIDATION_FAILED"),
        (r#"{"query": "{ greeting }", "operationName": "A"}"#, 200, 400, "OPERATION_RESOLUTION_FAILED"),
        (r#"{"query": "query($to: String!) { greeting(to: $to) }"}"#, 200, 400, "BAD_USER_INPUT"),
        (r#"{"query": "subscription { x }"}"#, 200, 400, "OPERATION_NOT_SUPPORTED"),
    ] {
        for (accept, expected_status, content_type) in
            [("application/json", json_status, JSON), ("application/graphql-response+json", graphql_status, GRAPHQL)]
        {
            let (status, answered_in, answer) = post(accept, body).await;
            assert_eq!((status, answered_in.as_str(), code(&answer)), (expected_status, content_type, expected), "{body}");
            assert!(answer.get("data").is_none());
        }
    }
    let (status, _, answer) = post("application/graphql-response+json", r#"{"query": "{ missing greeting }"}"#).await;
    assert_eq!((status, code(&answer)), (200, "NOT_FOUND"));
    assert_eq!(answer["data"], json!({ "missing": null, "greeting": "hello you" }));
}

#[tokio::test]
async fn the_caller_is_the_one_whose_token_it_is() {
    let ask = async |tokens: &[&str]| {
        let mut request = Request::get("/graphql?query=%7Bcaller%7D");
        for token in tokens {
            request = request.header("authorization", *token);
        }
        send(request.body(Body::empty()).unwrap()).await
    };
    assert_eq!(parts(ask(&[]).await).await.2["data"], json!({ "caller": "Anonymous" }));
    assert_eq!(parts(ask(&["bEARER ana"]).await).await.2["data"], json!({ "caller": "Operator" }));
    for tokens in [&["Bearer eve"][..], &["Basic ana"], &["ana"], &[""], &["Bearer ana", "Bearer ana"]] {
        let response = ask(tokens).await;
        assert_eq!(response.headers()["www-authenticate"], "Bearer error=\"invalid_token\"", "{tokens:?}");
        let (status, content_type, answer) = parts(response).await;
        assert_eq!((status, content_type.as_str(), code(&answer)), (401, JSON, "UNAUTHENTICATED"), "{tokens:?}");
    }
    let (status, _, answer) = parts(ask(&["Bearer later"]).await).await;
    assert_eq!((status, code(&answer)), (503, "UNAVAILABLE"));
}

#[tokio::test]
async fn only_json_bodies_are_read() {
    for content_type in
        ["text/plain", "application/graphql", "multipart/form-data; boundary=a", "application/json; charset=utf-16"]
    {
        let request = Request::post("/graphql").header("content-type", content_type);
        let (status, _, answer) = parts(send(request.body(Body::from(r#"{"query": "{ greeting }"}"#)).unwrap()).await).await;
        assert_eq!((status, code(&answer)), (415, "UNSUPPORTED_MEDIA_TYPE"), "{content_type}");
    }
    let bare = Request::post("/graphql").body(Body::from(r#"{"query": "{ greeting }"}"#)).unwrap();
    assert_eq!(send(bare).await.status(), 415);
}

#[tokio::test]
async fn large_slow_and_broken_bodies_are_refused() {
    let (status, _, answer) = post("*/*", &json!({ "query": "#".repeat(1_000) }).to_string()).await;
    assert_eq!((status, code(&answer)), (413, "PAYLOAD_TOO_LARGE"));
    assert_eq!(answer["errors"][0]["extensions"]["limit"], 1_000);
    let streamed = |body: Body| Request::post("/graphql").header("content-type", "application/json").body(body).unwrap();
    let never = Body::from_stream(futures::stream::pending::<Result<&str, std::io::Error>>());
    let (status, _, answer) = parts(send(streamed(never)).await).await;
    assert_eq!((status, code(&answer)), (408, "REQUEST_TIMEOUT"));
    let broken = Body::from_stream(futures::stream::iter([Ok("{"), Err(std::io::Error::other("reset"))]));
    let (status, _, answer) = parts(send(streamed(broken)).await).await;
    assert_eq!((status, code(&answer)), (400, "MALFORMED_REQUEST"));
}

/// Whoever sends only what is refused has no more of it than others.
#[tokio::test]
async fn what_is_refused_is_paid_for_as_a_request() {
    let (post, json) = (|| Request::post("/graphql"), ("content-type", "application/json"));
    let ask = async |http: &Http, request: Request<Body>| {
        let (mut request, peer) = (request, Peer([192, 0, 2, 1].into()));
        request.extensions_mut().insert(peer);
        let (_, _, answer) = parts(router(http.clone()).oneshot(request).await.unwrap()).await;
        code(&answer).to_owned()
    };
    let posted = |body: String| post().header(json.0, json.1).body(Body::from(body)).unwrap();
    let requests: [(&str, &dyn Fn() -> Request<Body>); 8] = [
        ("MALFORMED_REQUEST", &|| posted("{".to_owned())),
        ("BATCH_NOT_SUPPORTED", &|| posted("[]".to_owned())),
        ("PAYLOAD_TOO_LARGE", &|| posted(" ".repeat(2_000))),
        ("UNSUPPORTED_MEDIA_TYPE", &|| post().body(Body::empty()).unwrap()),
        ("NOT_ACCEPTABLE", &|| post().header("accept", "text/html").body(Body::empty()).unwrap()),
        ("METHOD_NOT_ALLOWED", &|| Request::put("/graphql").body(Body::empty()).unwrap()),
        ("PREFLIGHT_REQUIRED", &|| Request::get("/graphql?query=%7Bgreeting%7D").body(Body::empty()).unwrap()),
        ("INTERNAL_SERVER_ERROR", &|| Request::get("/export/activity.csv").body(Body::empty()).unwrap()),
    ];
    for (expected, request) in requests {
        // A table is paid for as well.
        let limit = if expected == "INTERNAL_SERVER_ERROR" { 4_001 } else { 1 };
        let rates = Rates::new(Rate::new(Some(limit), 0), Rate::new(None, 0), 0);
        let http = Http { rates, get_queries: false, ..http(Ok(())) };
        assert_eq!(ask(&http, request()).await, expected);
        assert_eq!(ask(&http, request()).await, "RATE_LIMITED", "{expected}");
    }
}

#[tokio::test]
async fn whoever_keeps_back_a_large_body_keeps_as_much_room_as_has_arrived() {
    let http =
        Http { body_limit: 1 << 20, room: Arc::new(Semaphore::new(50)), body_timeout: Duration::from_secs(30), ..http(Ok(())) };
    let post = |body: Body| {
        let request = Request::post("/graphql").header("content-type", "application/json").body(body).unwrap();
        router(http.clone()).oneshot(request)
    };
    let begun = || futures::stream::iter([Ok::<_, std::io::Error>(" ".repeat(20 << 10))]);
    let mut kept_back = Vec::new();
    for left in [30, 10] {
        kept_back.push(tokio::spawn(post(Body::from_stream(begun().chain(futures::stream::pending())))));
        while http.room.available_permits() != left {
            tokio::task::yield_now().await;
        }
    }
    let (status, _, answer) = parts(post(Body::from_stream(begun())).await.unwrap()).await;
    assert_eq!((status, code(&answer)), (503, "UNAVAILABLE"));
    let gone = kept_back.remove(0);
    gone.abort();
    let _ = gone.await;
    let (_, _, answer) = parts(post(Body::from_stream(begun())).await.unwrap()).await;
    assert_eq!(code(&answer), "MALFORMED_REQUEST");
}

#[tokio::test]
async fn get_runs_queries_and_nothing_else() {
    let (status, content_type, answer) = parts(
        get_query("/graphql?query=query+Q($to:String)%7Bgreeting(to:$to)%7D&variables=%7B%22to%22:%22Ana%22%7D&operationName=Q")
            .await,
    )
    .await;
    assert_eq!((status, content_type.as_str(), &answer["data"]["greeting"]), (200, GRAPHQL, &json!("hello Ana")));
    let response = get_query("/graphql?query=mutation%7Bchange%7D").await;
    assert_eq!(response.headers()["allow"], "POST");
    let (status, _, answer) = parts(response).await;
    assert_eq!((status, code(&answer)), (405, "METHOD_NOT_ALLOWED"));
    for uri in ["/graphql", "/graphql?query=%7Bgreeting%7D&variables=%7B"] {
        let (status, _, answer) = parts(get_query(uri).await).await;
        assert_eq!((status, code(&answer)), (400, "MALFORMED_REQUEST"));
    }
}

#[tokio::test]
async fn other_methods_are_told_which_ones_work() {
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let response = send(Request::builder().method(method).uri("/graphql").body(Body::empty()).unwrap()).await;
        assert_eq!(response.headers()["allow"], "GET, POST", "{method}");
        let (status, _, answer) = parts(response).await;
        assert_eq!((status, code(&answer)), (405, "METHOD_NOT_ALLOWED"));
    }
    let response = send(Request::post("/livez").body(Body::empty()).unwrap()).await;
    assert_eq!(response.headers()["allow"], "GET,HEAD");
    let (status, _, answer) = parts(response).await;
    assert_eq!((status, code(&answer)), (405, "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn unknown_paths_are_json_too() {
    let (status, content_type, answer) = parts(get_query("/nowhere").await).await;
    assert_eq!((status, content_type.as_str(), code(&answer)), (404, JSON, "NOT_FOUND"));
}

#[tokio::test]
async fn whoever_comes_when_too_many_are_there_is_told_so_at_every_path() {
    for path in ["/graphql", "/export/activity.csv", "/graphiql", "/nowhere"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = crowded(http(Ok(()))).oneshot(request).await.unwrap();
        assert_eq!(response.headers()["retry-after"], "5", "{path}");
        let (status, _, answer) = parts(response).await;
        assert_eq!((status, code(&answer)), (503, "UNAVAILABLE"), "{path}");
    }
    let alive = crowded(http(Ok(()))).oneshot(Request::get("/livez").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(alive.status(), 200);
}

#[tokio::test]
async fn health_tells_alive_from_ready() {
    let ask = |http: Http, path: &'static str| async move {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let (status, _, answer) = parts(router(http).oneshot(request).await.unwrap()).await;
        (status, answer)
    };
    let parts =
        |database: &str, log: &str, redis: &str| json!({ "database": database, "log": log, "redis": redis, "service": "ok" });
    let ready = json!({ "status": "ok", "parts": parts("ok", "ok", "none") });
    assert_eq!(ask(http(Ok(())), "/readyz").await, (200, ready));
    let failed = json!({ "status": "unavailable", "parts": parts("failed", "ok", "none") });
    assert_eq!(ask(http(Err("password=secret")), "/readyz").await, (503, failed));
    // Redis only makes it faster, but what cannot be read is not delivered.
    for (reads_logs, redis, expected) in [
        (true, Redis::Ok, (200, json!({ "status": "ok", "parts": parts("ok", "ok", "ok") }))),
        (true, Redis::Away, (200, json!({ "status": "degraded", "parts": parts("ok", "ok", "away") }))),
        (false, Redis::Ok, (503, json!({ "status": "unavailable", "parts": parts("ok", "failed", "ok") }))),
    ] {
        let live = Http { look_at_live: Arc::new(move || Live { reads_logs, redis }), ..http(Ok(())) };
        assert_eq!(ask(live, "/readyz").await, expected);
    }
    assert_eq!(ask(http(Err("gone")), "/livez").await.0, 200);
    let stopping = http(Ok(()));
    stopping.stopping.cancel();
    let (status, answer) = ask(stopping, "/readyz").await;
    assert_eq!((status, &answer["parts"]["service"]), (503, &json!("stopping")));
}

#[tokio::test]
async fn the_page_for_developers_is_there_only_when_it_is_wanted() {
    for path in ["/graphiql", "/graphiql/main.js", "/graphiql/operations.json"] {
        for (explorer, expected) in [(false, 404), (true, 200)] {
            let http = Http { explorer, ..http(Ok(())) };
            let response = router(http).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), expected, "{path}");
        }
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let id_of = async |sent: Option<&str>| {
        let request = Request::get("/livez");
        let request = match sent {
            Some(id) => request.header("x-request-id", id),
            None => request,
        };
        send(request.body(Body::empty()).unwrap()).await.headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id_of(Some("abc-DEF_1.2")).await, "abc-DEF_1.2");
    for insane in ["a b", "", &"a".repeat(65), "a;b"] {
        assert_eq!(id_of(Some(insane)).await.len(), 36, "{insane}");
    }
    assert_ne!(id_of(None).await, id_of(None).await);
}

#[tokio::test]
async fn one_answer_can_be_an_event_stream_too() {
    let events = |request: axum::http::request::Builder| request.header("accept", "text/event-stream");
    let posted = |content_type: &'static str, body: Value| {
        events(Request::post("/graphql")).header("content-type", content_type).body(Body::from(body.to_string())).unwrap()
    };
    let streamed = async |request: Request<Body>| {
        let response = send(request).await;
        assert_eq!((response.status().as_u16(), &response.headers()["content-type"]), (200, &EVENTS.parse().unwrap()));
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        let answer = text.strip_prefix("event: next\ndata: ").unwrap().strip_suffix("\n\nevent: complete\ndata:\n\n").unwrap();
        serde_json::from_str::<Value>(answer).unwrap()
    };
    let (json, greeting) = ("application/json", json!({ "greeting": "hello you" }));
    assert_eq!(streamed(posted(json, json!({ "query": "{ greeting }" }))).await["data"], greeting);
    assert_eq!(streamed(posted(json, json!({ "query": "mutation { change }" }))).await["data"], json!({ "change": 1 }));
    let get = |query: &str| events(Request::get(format!("/graphql?query={query}"))).body(Body::empty()).unwrap();
    assert_eq!(streamed(get("%7Bgreeting%7D")).await["data"], greeting);
    // What is wrong with an operation is told by its stream: a browser shows nothing of another answer.
    for (query, expected) in [("}", "GRAPHQL_PARSE_FAILED"), ("{ nothing }", "GRAPHQL_VALIDATION_FAILED")] {
        let answer = streamed(posted(json, json!({ "query": query }))).await;
        assert_eq!((code(&answer), answer.get("data")), (expected, None));
    }
    let answer = streamed(posted(json, json!({ "query": "{ missing }" }))).await;
    assert_eq!((code(&answer), &answer["data"]), ("NOT_FOUND", &json!({ "missing": null })));
    // What is no request is not.
    let foreign = events(Request::post("/graphql")).header("authorization", "Bearer eve").body(Body::empty()).unwrap();
    for (request, expected, expected_code) in [
        (posted(json, json!({ "variables": {} })), 400, "MALFORMED_REQUEST"),
        (posted(json, json!([])), 400, "BATCH_NOT_SUPPORTED"),
        (posted("text/plain", json!({ "query": "{ greeting }" })), 415, "UNSUPPORTED_MEDIA_TYPE"),
        (posted(json, json!({ "query": "#".repeat(1_000) })), 413, "PAYLOAD_TOO_LARGE"),
        (get("mutation%7Bchange%7D"), 405, "METHOD_NOT_ALLOWED"),
        (events(Request::get("/graphql")).body(Body::empty()).unwrap(), 400, "MALFORMED_REQUEST"),
        (events(Request::put("/graphql")).body(Body::empty()).unwrap(), 405, "METHOD_NOT_ALLOWED"),
        (foreign, 401, "UNAUTHENTICATED"),
    ] {
        let (status, content_type, answer) = parts(send(request).await).await;
        assert_eq!((status, content_type.as_str(), code(&answer)), (expected, JSON, expected_code));
    }
    let (status, _, answer) = post("text/html", &json!({ "query": "{ greeting }" }).to_string()).await;
    assert_eq!((status, code(&answer)), (406, "NOT_ACCEPTABLE"));
}
