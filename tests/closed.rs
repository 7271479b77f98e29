//! The service as it is in production, as those meet it who look for a way in.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest},
};

use crate::{
    databases::{Kind, with_database},
    program::{DEADLINE, Service, project, succeed},
};

/// A service with the defaults of production and the sample network, or with settings of its own.
async fn with_service(settings: &'static [&'static str], test: impl AsyncFnOnce(Service)) {
    with_database(Kind::Sqlite, async |address| {
        succeed(&address, &["import", project("samples").to_str().expect("a path")]);
        test(Service::start_with(&address, settings)).await;
    })
    .await;
}

fn to(service: &Service, method: Method, rest: &str) -> RequestBuilder {
    reqwest::Client::new().request(method, format!("{}/graphql{rest}", service.url))
}

fn post(service: &Service, body: &impl ToString) -> RequestBuilder {
    to(service, Method::POST, "").header("content-type", "application/json").body(body.to_string())
}

async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("answers");
    (response.status(), response.json().await.expect("JSON"))
}

/// The status and the code of a refusal, of which nothing was executed.
async fn refusal(request: RequestBuilder) -> (u16, String) {
    let (status, answer) = answer(request).await;
    assert!(answer.get("data").is_none(), "{answer}");
    let code = answer["errors"][0]["extensions"]["code"].as_str();
    (status.as_u16(), code.unwrap_or_else(|| panic!("no code: {answer}")).to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

fn encoded(query: &str) -> String {
    let pairs = [("query", query)];
    reqwest::Url::parse_with_params("http://x/", pairs).expect("an address").query().expect("a query").to_owned()
}

/// What scanners of GraphQL services look for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_scanners_look_for_is_not_there() {
    with_service(&[], async |service| {
        let asked = async |query: &str| answer(post(&service, &json!({ "query": query, "operationName": "scan" }))).await.1;
        let code = |answer: &Value| answer["errors"][0]["extensions"]["code"].as_str().map(str::to_owned);
        let aliases: String = (0..101).map(|n| format!("a{n}: __typename ")).collect();
        for (query, expected) in [
            (format!("query scan {{ {aliases} }}"), "TOO_MANY_ROOT_FIELDS"),
            ("query scan { __schema { types { name fields { name } } } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
            (
                "query scan { __schema { types { fields { type { fields { type { name } } } } } } }".to_owned(),
                "GRAPHQL_VALIDATION_FAILED",
            ),
            ("query scan { __schema { directive } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
            ("query scan { __type(name: \"Query\") { fields { name } } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
            ("query scan { networkz { nodes { id } } }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
            (format!("query scan {{ __typename {} }}", "@aa".repeat(10)), "GRAPHQL_VALIDATION_FAILED"),
            ("query scan { __typename @skip(if: 1) }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
            (format!("query scan {{ {}: __typename }}", "a".repeat(201)), "DOCUMENT_TOO_LARGE"),
            (format!("query scan {{ __typename {} }}", "@aa".repeat(51)), "TOO_MANY_DIRECTIVES"),
            (format!("query scan {{ {} }}", "__typename ".repeat(500)), "TOO_MANY_ROOT_FIELDS"),
            ("qwerty scan { abc }".to_owned(), "GRAPHQL_PARSE_FAILED"),
        ] {
            let answer = asked(&query).await;
            assert_eq!((code(&answer).as_deref(), answer.get("data")), (Some(expected), None), "{query}: {answer}");
            let errors = answer["errors"].as_array().expect("a list");
            assert_eq!(errors.len(), 1, "{answer}");
            let told = answer.to_string();
            assert!(
                ["Did you mean", "exception", "stack", "tracing", "panicked"].iter().all(|word| !told.contains(word)),
                "{told}"
            );
        }
        let answer = asked("query scan { __typename }").await;
        assert!(answer["extensions"].get("tracing").is_none(), "{answer}");

        let many = vec![json!({ "query": "{ __typename }" }); 10];
        assert_eq!(refusal(post(&service, &json!(many))).await, refused(400, "BATCH_NOT_SUPPORTED"));
        for query in ["query scan { __typename }", "mutation scan { __typename }"] {
            let request = to(&service, Method::GET, &format!("?{}", encoded(query)));
            assert_eq!(refusal(request).await, refused(400, "PREFLIGHT_REQUIRED"));
        }
        let form = to(&service, Method::POST, "").form(&[("query", "query scan { __typename }")]);
        assert_eq!(refusal(form).await, refused(415, "UNSUPPORTED_MEDIA_TYPE"));
        for path in ["/graphiql", "/playground", "/altair", "/", "/graphql/console"] {
            let page = reqwest::Client::new().get(format!("{}{path}", service.url)).header("accept", "text/html");
            assert_eq!(refusal(page).await, refused(404, "NOT_FOUND"), "{path}");
        }
        let page = to(&service, Method::GET, "").header("accept", "text/html");
        assert_eq!(refusal(page).await, refused(406, "NOT_ACCEPTABLE"));
    })
    .await;
}

/// The names of the schema.
fn names() -> BTreeSet<String> {
    let text = std::fs::read_to_string(project("schema/schema.graphql")).expect("the schema");
    let mut quoted = text.split("\"\"\"");
    let mut names = BTreeSet::new();
    while let Some(bare) = quoted.next() {
        names.extend(bare.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.len() > 3).map(str::to_owned));
        quoted.next();
    }
    names
}

/// Whoever guesses names is told none that it has not sent, and cannot tell a good guess from a bad one that is wrong as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_learnt_by_guessing() {
    with_service(&[], async |service| {
        let names = names();
        assert!(names.contains("communityBySlug") && names.contains("GatheringFilter"), "{names:?}");
        // What the sentences of errors are made of.
        let plain: BTreeSet<&str> =
            ["errors", "code", "message", "type", "value", "cost", "limit", "text", "schema", "development"].into();
        let guesses = ["networks", "community", "communityBySlug", "gatherings", "activity", "friends", "users", "me"];
        let mut told = BTreeSet::new();
        for guess in guesses {
            for rest in [
                "",
                " { nothingLikeThis }",
                "(nothing: 1) { id }",
                "(within: {}) { nodes { nothing } }",
                "(first: \"x\") { id }",
                "(orderBy: NOT_THERE) { id }",
                "(orderBy: \"NAME\") { nodes { id } }",
            ] {
                let query = format!("{{ {guess}{rest} }}");
                let (status, answer) = answer(post(&service, &json!({ "query": query }))).await;
                assert_eq!((status.as_u16(), answer.get("data")), (200, None), "{query}: {answer}");
                told.insert(answer["errors"].to_string());
            }
        }
        for query in [
            "{ networks { nodes { communities(orderBy: \"NAME\") { totalCount } } } }",
            "{ activity(within: \"x\", metrics: [GATHERINGS_HELD, \"REPORTS\"]) { cursor } }",
            "{ gatherings(within: \"x\", filter: { statuses: \"HELD\" }) { totalCount } }",
            "query ($bucket: Bucket = \"MONTH\") { activity(within: \"x\", metrics: [REPORTS], bucket: $bucket) { cursor } }",
            "{ ...F } fragment F on Query { attention(within: \"x\", kinds: [\"MISSING_REPORT\"]) { cursor } }",
            "{ __typename(upper: true) }",
            "{ __typename { length } }",
            "{ __typename @skip(if: $unknown) }",
        ] {
            let (status, answer) = answer(post(&service, &json!({ "query": query }))).await;
            assert_eq!((status.as_u16(), answer.get("data")), (200, None), "{query}: {answer}");
            told.insert(answer["errors"].to_string());
        }
        assert_eq!(told.len(), 1, "{told:?}");
        for (query, variables) in [
            ("query($f: GatheringFilter) { networks { nodes { id } } }", json!({})),
            ("mutation($i: CreateNetworkInput!) { createNetwork(input: $i) { cursor } }", json!({ "i": {} })),
            ("query($i: SubmitGatheringReportInput!) { __typename }", json!({ "i": { "gathering": 1 } })),
            ("query($f: GatheringFilter) { __typename }", json!({ "f": { "window": { "from": 3 } } })),
            (
                "query($w: ID!, $f: GatheringFilter) { gatherings(within: $w, filter: $f) { totalCount } }",
                json!({ "w": "x", "f": { "window": { "from": "x", "to": "y" } } }),
            ),
            ("{ gatherings(within: \"x\", filter: { window: { from: \"x\", to: \"y\" } }) { totalCount } }", json!({})),
            ("subscription { x }", json!({})),
            ("{ ... on Nothing { id } }", json!({})),
        ] {
            let sent = format!("{query}{variables}");
            let (_, answer) = answer(post(&service, &json!({ "query": query, "variables": variables }))).await;
            let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("{query}: {answer}"));
            for error in errors {
                let message = error["message"].as_str().expect("a message");
                let words = message.split(|c: char| !c.is_alphanumeric() && c != '_');
                let leaked: Vec<&str> =
                    words.filter(|word| names.contains(*word) && !plain.contains(word) && !sent.contains(word)).collect();
                // Words that are English as well are in small letters.
                let leaked: Vec<&str> = leaked.into_iter().filter(|word| word.chars().any(char::is_uppercase)).collect();
                assert_eq!(leaked, Vec::<&str>::new(), "{query}: {message}");
            }
        }
    })
    .await;
}

/// What a browser sends for any page, without asking first, runs nothing; and pages of other origins read nothing, unless they are listed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_other_origins_may_ask_nothing_unless_they_are_listed() {
    with_service(&["--cors-origins", "https://dash.example, http://localhost:3000"], async |service| {
        let body = json!({ "query": "{ __typename }" }).to_string();
        let types = [
            "text/plain",
            "text/plain; charset=application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/graphql",
            "text/json",
            "",
        ];
        for kind in types {
            let simple = to(&service, Method::POST, "").header("content-type", kind).body(body.clone());
            assert_eq!(refusal(simple).await, refused(415, "UNSUPPORTED_MEDIA_TYPE"), "{kind}");
        }
        assert_eq!(refusal(to(&service, Method::POST, "").body(body.clone())).await, refused(415, "UNSUPPORTED_MEDIA_TYPE"));

        let query = format!("?{}", encoded("{ __typename }"));
        let get = || to(&service, Method::GET, &query);
        for simple in [get(), get().header("accept", "text/event-stream"), get().header("origin", "https://evil.example")] {
            assert_eq!(refusal(simple).await, refused(400, "PREFLIGHT_REQUIRED"));
        }
        for sign in [
            ("x-convene-preflight", "1"),
            ("apollo-require-preflight", "true"),
            ("origin", "https://dash.example"),
            ("sec-fetch-site", "same-origin"),
        ] {
            assert_eq!(answer(get().header(sign.0, sign.1)).await.1["data"]["__typename"], "Query", "{sign:?}");
        }
        // A query that was sent once is named by its hash alone.
        let hash = sha256("{ __typename }");
        let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
        let named = reqwest::Url::parse_with_params("http://x/", [("extensions", extensions.to_string())]).expect("an address");
        let named = || to(&service, Method::GET, &format!("?{}", named.query().expect("a query")));
        assert_eq!(answer(named()).await.1["errors"][0]["message"], "PersistedQueryNotFound");
        assert_eq!(answer(post(&service, &json!({ "query": "{ __typename }", "extensions": extensions }))).await.0, 200);
        assert_eq!(answer(named()).await.1["data"]["__typename"], "Query");

        let preflight = async |origin: &str| {
            let request =
                to(&service, Method::OPTIONS, "").header("origin", origin).header("access-control-request-method", "POST");
            request.header("access-control-request-headers", "content-type").send().await.expect("answers")
        };
        let agreed = preflight("https://dash.example").await;
        let header = |name: &str| agreed.headers()[name].to_str().expect("text").to_owned();
        assert_eq!(
            (agreed.status(), header("access-control-allow-origin").as_str()),
            (StatusCode::NO_CONTENT, "https://dash.example")
        );
        assert!(header("access-control-allow-headers").contains("content-type") && header("access-control-max-age") == "86400");
        let actual = post(&service, &body).header("origin", "http://localhost:3000").send().await.expect("answers");
        assert_eq!(actual.headers()["access-control-allow-origin"], "http://localhost:3000");
        for origin in ["https://evil.example", "https://dash.example.evil", "null"] {
            let asked = preflight(origin).await;
            let answered = post(&service, &body).header("origin", origin).send().await.expect("answers");
            assert_eq!(asked.status(), StatusCode::METHOD_NOT_ALLOWED);
            for response in [asked, answered] {
                assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control-")), "{origin}");
                assert!(response.headers().get_all("vary").iter().any(|vary| vary == "origin"));
            }
        }

        let open = async |origin: Option<&str>| {
            let mut request = format!("{}/graphql", service.url.replace("http", "ws")).into_client_request().expect("a request");
            let headers = request.headers_mut();
            headers.insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
            if let Some(origin) = origin {
                headers.insert("origin", origin.parse().expect("a header"));
            }
            match connect_async(request).await {
                Ok(_) => 101,
                Err(tokio_tungstenite::tungstenite::Error::Http(response)) => response.status().as_u16(),
                Err(error) => panic!("{error}"),
            }
        };
        for (origin, status) in [
            (None, 101),
            (Some(service.url.as_str()), 101),
            (Some("https://dash.example"), 101),
            (Some("https://evil.example"), 403),
            (Some("null"), 403),
        ] {
            assert_eq!(open(origin).await, status, "{origin:?}");
        }
    })
    .await;
}

fn sha256(text: &str) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_sound_request_is_refused_with_a_code() {
    with_service(&[], async |service| {
        let deep = format!("{}1{}", "[".repeat(5_000), "]".repeat(5_000));
        let with = |variables: &str| format!(r#"{{"query":"query($v: String) {{ __typename }}","variables":{variables}}}"#);
        for body in [
            String::new(),
            "null".to_owned(),
            "{".to_owned(),
            "\"x\"".to_owned(),
            r#"{"query":"{ __typename }","query":"{ networks { nodes { id } } }"}"#.to_owned(),
            with(r#"{"v":"a","v":"b"}"#),
            with(r#"{"v":{"a":[{"b":1,"b":2}]}}"#),
            with(r#"{"v":1e999}"#),
            with(r#"{"v":"\ud800"}"#),
            with(&format!(r#"{{"v":{deep}}}"#)),
            with("[]"),
            r#"{"query":1}"#.to_owned(),
            r#"{"query":"{ __typename }","extensions":[]}"#.to_owned(),
            r#"{"query":"{ __typename }","operationName":{}}"#.to_owned(),
        ] {
            assert_eq!(refusal(post(&service, &body)).await, refused(400, "MALFORMED_REQUEST"), "{body:.80}");
        }
        let bytes = |bytes: &'static [u8]| to(&service, Method::POST, "").header("content-type", "application/json").body(bytes);
        for body in [&b"{\"query\":\"\xff\"}"[..], b"\xef\xbb\xbf{}", b"{\"query\":\"\0\"}", b"\x1f\x8b\x08\0\0\0\0\0", b"\0\0\0"]
        {
            assert_eq!(refusal(bytes(body)).await, refused(400, "MALFORMED_REQUEST"), "{body:?}");
        }
        for encoding in ["gzip", "br", "deflate", "identity, gzip", "zstd"] {
            let packed = post(&service, &"{}").header("content-encoding", encoding);
            assert_eq!(refusal(packed).await, refused(415, "UNSUPPORTED_MEDIA_TYPE"), "{encoding}");
        }
        // Texts that no database takes, and numbers that no type has.
        let ask = |query: &str, variables: &str| format!(r#"{{"query":{},"variables":{variables}}}"#, json!(query));
        for body in [
            ask("query($v: ID!) { community(id: $v) { id } }", r#"{"v":"a\u0000b"}"#),
            ask("query($v: Int) { networks(first: $v) { nodes { id } } }", r#"{"v":99999999999999999999}"#),
            ask("query($v: Int) { networks(first: $v) { nodes { id } } }", r#"{"v":-1}"#),
            ask("query($v: String) { networks(after: $v) { nodes { id } } }", r#"{"v":"\u0000"}"#),
            ask("query($v: ID!) { community(id: $v) { id } }", r#"{"v":1.5}"#),
        ] {
            let (status, answer) = answer(post(&service, &body)).await;
            let code = answer["errors"][0]["extensions"]["code"].as_str().unwrap_or_default();
            assert!(status == 200 && ["BAD_USER_INPUT", "BAD_CURSOR"].contains(&code), "{body}: {status} {answer}");
        }
        let many = (0..70).fold(post(&service, &"{}"), |request, n| request.header(format!("x-{n}"), "1"));
        assert_eq!(refusal(many).await, refused(431, "HEADERS_TOO_LARGE"));
        let long = post(&service, &"{}").header("x-long", "x".repeat(40_000));
        assert_eq!(refusal(long).await, refused(431, "HEADERS_TOO_LARGE"));
        let (status, too_long) = answer(post(&service, &"x".repeat((1 << 20) + 1))).await;
        let told = &too_long["errors"][0]["extensions"];
        assert_eq!(
            (status.as_u16(), told),
            (413, &json!({ "code": "PAYLOAD_TOO_LARGE", "limit": 1 << 20, "actual": (1 << 20) + 1 }))
        );
        for (rest, header, value) in [
            ("", "x-content-type-options", "nosniff"),
            ("", "cache-control", "no-store"),
            ("/no", "referrer-policy", "no-referrer"),
        ] {
            let response = to(&service, Method::GET, rest).send().await.expect("answers");
            assert_eq!(response.headers()[header], value);
        }
    })
    .await;
}

/// Sends a part of a request and gives what comes until the connection is closed, and when that was.
async fn unfinished(service: &Service, part: &str) -> (String, Duration) {
    let from = Instant::now();
    let mut connection = TcpStream::connect(service.url.trim_start_matches("http://")).await.expect("connects");
    connection.write_all(part.as_bytes()).await.expect("is sent");
    let mut said = Vec::new();
    let reading = connection.read_to_end(&mut said);
    // A connection that is reset has ended as well.
    let _ended = tokio::time::timeout(DEADLINE, reading).await.expect("is closed in time");
    (String::from_utf8_lossy(&said).into_owned(), from.elapsed())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_waited_for_long() {
    with_service(&["--request-timeout", "2"], async |service| {
        let body = "POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"query\":";
        let socket = "GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n";
        let (head, body, socket, silent) = tokio::join!(
            unfinished(&service, "POST /graphql HTTP/1.1\r\nhost: x\r\nx-a: b\r\n"),
            unfinished(&service, body),
            unfinished(&service, socket),
            unfinished(&service, ""),
        );
        let seconds = |of: &(String, Duration)| of.1.as_secs_f64();
        assert!(seconds(&head) < 12.0 && !head.0.contains("200 OK"), "{head:?}");
        assert!(seconds(&silent) < 12.0, "{silent:?}");
        assert!(seconds(&body) < 4.0 && body.0.starts_with("HTTP/1.1 408") && body.0.contains("REQUEST_TIMEOUT"), "{body:?}");
        assert!(seconds(&socket) < 7.0 && socket.0.starts_with("HTTP/1.1 101"), "{socket:?}");
    })
    .await;
}

/// However many keep back the rest of large bodies, little memory is taken by them, and whoever asks for something small is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_large_bodies_are_received_at_once() {
    with_service(&[], async |service| {
        let head = |length: usize| {
            format!("POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n")
        };
        let announced = unfinished(&service, &head(10_000_000_000)).await;
        assert!(announced.0.starts_with("HTTP/1.1 413") && announced.1 < Duration::from_secs(2), "{announced:?}");
        let mut kept = Vec::new();
        // As many as there is room for, but for less than one, and then more.
        for sent in [1_000_000; 16].into_iter().chain([100_000; 8]) {
            let mut connection = TcpStream::connect(service.url.trim_start_matches("http://")).await.expect("connects");
            // It may be refused before it was sent.
            let _ = connection.write_all(format!("{}{}", head(1 << 20), " ".repeat(sent)).as_bytes()).await;
            kept.push(connection);
        }
        // One of them is told so at once; those that were let in are waited for.
        let ends = kept.iter_mut().map(|connection| {
            Box::pin(async move {
                let mut said = [0; 1_000];
                let read = connection.read(&mut said).await?;
                Ok::<_, std::io::Error>(String::from_utf8_lossy(&said[..read]).into_owned())
            })
        });
        let first = tokio::time::timeout(Duration::from_secs(10), futures::future::select_ok(ends)).await.expect("in time");
        let (first, _) = first.expect("an answer");
        assert!(first.starts_with("HTTP/1.1 503") && first.contains("UNAVAILABLE"), "{first}");
        let (status, _) = answer(post(&service, &json!({ "query": "{ __typename }" }))).await;
        assert_eq!(status, 200);
    })
    .await;
}

/// A limit reads the same over every transport.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_tells_the_limit_and_what_was_found_over_every_transport() {
    with_service(&[], async |service| {
        let nested = |levels: usize| format!("{{ {}id{} }}", "node { ".repeat(levels), " }".repeat(levels));
        let pages = |first: u32| format!("{{ networks(first: {first}) {{ nodes {{ id }} }} }}");
        let ids = |count: usize| vec!["\"net_x\""; count].join(", ");
        let (trail, follow) = (|first: u32| format!("(within: \"net_x\", first: {first})"), "{ cursor }");
        let page = json!({ "code": "BAD_USER_INPUT", "limit": 100, "actual": 101 });
        let heavy: String = (0..13).map(|n| format!("a{n}: activity(within: \"x\") {{ cursor }} ")).collect();
        for (query, expected) in [
            (nested(16), json!({ "code": "TOO_DEEP", "limit": 15, "actual": 17 })),
            (format!("{{ {} }}", "__typename ".repeat(21)), json!({ "code": "TOO_MANY_ROOT_FIELDS", "limit": 20, "actual": 21 })),
            (format!("{{ {heavy} }}"), json!({ "code": "TOO_COMPLEX", "limit": 50_000, "actual": 52_013, "cost": 52_013 })),
            (
                format!("# {}", "x".repeat(1 << 16)),
                json!({ "code": "DOCUMENT_TOO_LARGE", "limit": 1 << 16, "actual": (1 << 16) + 2 }),
            ),
            (pages(101), page.clone()),
            (format!("{{ changes{} {follow} }}", trail(101)), page.clone()),
            (format!("{{ auditTrail{} {{ hasMore }} }}", trail(101)), page.clone()),
            (format!("{{ nodes(ids: [{}]) {{ id }} }}", ids(101)), page),
        ] {
            let body = json!({ "query": query });
            let (_, document) = answer(post(&service, &body)).await;
            assert_eq!(document["errors"][0]["extensions"], expected, "{document}");
            let events = post(&service, &body).header("accept", "text/event-stream").send().await.expect("answers");
            let events = events.text().await.expect("text");
            let data = events.lines().find_map(|line| line.strip_prefix("data: ")).expect("an event");
            let event: Value = serde_json::from_str(data).expect("JSON");
            assert_eq!(event["errors"], document["errors"]);
            let said = over_socket(&service, &body).await;
            let errors = if said["type"] == "error" { &said["payload"] } else { &said["payload"]["errors"] };
            assert_eq!(*errors, document["errors"]);
        }
    })
    .await;
}

/// What a socket says first of an operation.
async fn over_socket(service: &Service, payload: &Value) -> Value {
    use futures::{SinkExt, StreamExt};
    let mut request = format!("{}/graphql", service.url.replace("http", "ws")).into_client_request().expect("a request");
    request.headers_mut().insert("sec-websocket-protocol", "graphql-transport-ws".parse().expect("a header"));
    let (mut socket, _) = connect_async(request).await.expect("connects");
    for message in [json!({ "type": "connection_init" }), json!({ "id": "1", "type": "subscribe", "payload": payload })] {
        socket.send(Message::text(message.to_string())).await.expect("is sent");
    }
    loop {
        let message =
            tokio::time::timeout(DEADLINE, socket.next()).await.expect("in time").expect("a message").expect("a message");
        if let Message::Text(text) = message {
            let said: Value = serde_json::from_str(&text).expect("JSON");
            if said["id"] == "1" {
                return said;
            }
        }
    }
}
