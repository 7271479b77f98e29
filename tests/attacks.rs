//! Documents that are to take what others need: each is refused at once, or answered within bounds, and a bystander is served meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    program::{Service, project, succeed},
};

/// How long anything may take, and how long a refusal: what the goals are for a build for production (1 s and 50 ms), four and eight times,
/// for this is none and other tests run meanwhile.
const MOST: (Duration, Duration) = (Duration::from_secs(4), Duration::from_millis(400));

/// How much memory an attack may take that is not given back, in KiB.
const GROWTH: u64 = 64 << 10;

/// How often each attack is sent, at the same time.
const AT_ONCE: usize = 8;

/// Memory of the service, in KiB: what it takes now, and the most that it ever took.
fn memory(service: &Service) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", service.program.child.id())).expect("Linux");
    let figure = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).expect("a figure");
        line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
    };
    (figure("VmRSS:"), figure("VmHWM:"))
}

/// Bodies, each with the code of its refusal; none is answered, whatever else comes with it.
fn attacks(within: &str) -> Vec<(&'static str, String, &'static [&'static str])> {
    let document = |query: &str| json!({ "query": query }).to_string();
    let with = |query: &str, variables: Value| json!({ "query": query, "variables": variables }).to_string();
    let repeated = |count: usize, part: &dyn Fn(usize) -> String| (0..count).map(part).collect::<String>();
    let nested =
        |open: &str, inner: &str, close: &str, count: usize| format!("{}{inner}{}", open.repeat(count), close.repeat(count));
    let bomb = |width: usize, levels: usize| {
        let level = |n: usize| format!("fragment F{n} on Query {{ {} }} ", format!("...F{} ", n + 1).repeat(width));
        format!("{{ ...F0 }} {} fragment F{levels} on Query {{ __typename }}", repeated(levels, &level))
    };
    let lists = |levels: usize| {
        let open = "nodes { children(first: 100) { ".repeat(levels);
        format!("{{ communities(within: \"{within}\", first: 100) {{ {open} nodes {{ id }} {} }} }}", "} }".repeat(levels))
    };
    let page = |first: u32| format!("communities(within: \"{within}\", first: {first}) {{ nodes {{ id name }} }}");
    vec![
        (
            "aliases of one field",
            document(&format!("{{ {} }}", repeated(1_000, &|n| format!("a{n}: __typename ")))),
            &["TOO_MANY_ROOT_FIELDS"],
        ),
        (
            "aliases below the root",
            document(&format!("{{ networks {{ nodes {{ {} }} }} }}", repeated(1_000, &|n| format!("a{n}: id ")))),
            &["TOO_MANY_ALIASES"],
        ),
        ("aliases of lists", document(&format!("{{ {} }}", repeated(20, &|n| format!("a{n}: {} ", page(100))))), &[]),
        (
            "a field many times",
            document(&format!("{{ networks {{ nodes {{ {} }} }} }}", "id ".repeat(5_000))),
            &["TOO_MANY_FIELDS"],
        ),
        ("a fragment bomb", document(&bomb(10, 8)), &["TOO_MANY_ROOT_FIELDS", "TOO_MANY_FIELDS"]),
        (
            "a fragment bomb that nobody spreads",
            document(&format!("{{ __typename }} {}", bomb(10, 8).split_once('}').expect("a part").1)),
            &["TOO_MANY_FIELDS"],
        ),
        ("a long chain of fragments", document(&bomb(1, 200)), &["TOO_DEEP"]),
        (
            "a circle of fragments",
            document("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
            &["GRAPHQL_VALIDATION_FAILED"],
        ),
        ("a circle that nobody spreads", document("{ __typename } fragment A on Query { ...A }"), &["GRAPHQL_VALIDATION_FAILED"]),
        (
            "many fragments",
            document(&format!("{{ __typename }} {}", repeated(1_500, &|n| format!("fragment F{n} on Query {{ __typename }} ")))),
            &["TOO_MANY_TOKENS", "GRAPHQL_VALIDATION_FAILED"],
        ),
        ("deep fields", document(&format!("{{ {} }}", nested("a { ", "b", " }", 60))), &["TOO_DEEP"]),
        ("deeper fields", document(&nested("{ a ", "b", " }", 10_000)), &["TOO_DEEP"]),
        ("deep inline fragments", document(&format!("{{ {} }}", nested("... { ", "__typename", " }", 50))), &["TOO_DEEP"]),
        (
            "deep lists in a literal",
            document(&format!("{{ community(id: {}) {{ id }} }}", nested("[", "1", "]", 10_000))),
            &["TOO_DEEP"],
        ),
        (
            "deep objects in a literal",
            document(&format!("{{ community(id: {}) {{ id }} }}", nested("{a:", "1", "}", 5_000))),
            &["TOO_DEEP"],
        ),
        (
            "deep types of variables",
            document(&format!("query($v: {}) {{ __typename }}", nested("[", "Int", "]", 10_000))),
            &["TOO_DEEP"],
        ),
        ("brackets that never close", document(&format!("query {}", "{".repeat(60_000))), &["TOO_DEEP"]),
        (
            "deep lists in variables",
            format!(r#"{{"query":"query($v: Int) {{ __typename }}","variables":{{"v":{}}}}}"#, nested("[", "1", "]", 10_000)),
            &["MALFORMED_REQUEST"],
        ),
        (
            "long lists in variables",
            with("query($v: [ID!]!) { nodes(ids: $v) { id } }", json!({ "v": vec!["x"; 100_000] })),
            &["TOO_COMPLEX"],
        ),
        (
            "large variables",
            with("query($v: ID!) { community(id: $v) { id } }", json!({ "v": "x".repeat(900_000) })),
            &["PAYLOAD_TOO_LARGE"],
        ),
        (
            "large variables that nobody asked for",
            with("{ __typename }", json!({ "v": "x".repeat(900_000) })),
            &["PAYLOAD_TOO_LARGE"],
        ),
        (
            "one large variable many times",
            with(
                &format!("query($v: [ID!]!) {{ {} }}", repeated(20, &|n| format!("a{n}: nodes(ids: $v) {{ id }} "))),
                json!({ "v": vec!["x"; 50_000] }),
            ),
            &["TOO_COMPLEX"],
        ),
        (
            "many variables",
            document(&format!("query({}) {{ __typename }}", repeated(1_900, &|n| format!("$v{n}: Int ")))),
            &["GRAPHQL_VALIDATION_FAILED", "TOO_MANY_TOKENS"],
        ),
        ("directives", document(&format!("{{ __typename {} }}", "@skip(if: false) ".repeat(1_000))), &["TOO_MANY_DIRECTIVES"]),
        (
            "directives of an operation",
            document(&format!("query {} {{ __typename }}", "@a ".repeat(1_000))),
            &["TOO_MANY_DIRECTIVES"],
        ),
        (
            "arguments",
            document(&format!("{{ networks({}) {{ nodes {{ id }} }} }}", repeated(1_000, &|n| format!("a{n}: 1 ")))),
            &["TOO_MANY_ARGUMENTS"],
        ),
        (
            "a huge number",
            document(&format!("{{ networks(first: {}) {{ nodes {{ id }} }} }}", "9".repeat(60_000))),
            &["DOCUMENT_TOO_LARGE"],
        ),
        (
            "a huge exponent",
            document("{ networks(first: 1e999999999) { nodes { id } } }"),
            &["GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"],
        ),
        ("a huge text", document(&format!("{{ community(id: \"{}\") {{ id }} }}", "x".repeat(100_000))), &["DOCUMENT_TOO_LARGE"]),
        (
            "a text of escapes",
            document(&format!("{{ community(id: \"{}\") {{ id }} }}", "\\u0041".repeat(9_000))),
            &["BAD_USER_INPUT"],
        ),
        ("a huge name", document(&format!("{{ {} }}", "x".repeat(60_000))), &["DOCUMENT_TOO_LARGE"]),
        ("a comment", document(&format!("# {}\n{{ __typename }}", "x".repeat(100_000))), &["DOCUMENT_TOO_LARGE"]),
        (
            "a block text of quotes",
            document(&format!("{{ community(id: \"\"\"{}\"\"\") {{ id }} }}", "\\\"\"\"".repeat(15_000))),
            &["BAD_USER_INPUT"],
        ),
        (
            "a block text of lines",
            document(&format!("{{ community(id: \"\"\"{}\"\"\") {{ id }} }}", "\n ".repeat(30_000))),
            &["BAD_USER_INPUT"],
        ),
        ("a text that never ends", document(&format!("{{ community(id: \"{}", "x".repeat(60_000))), &["GRAPHQL_PARSE_FAILED"]),
        ("signs that are none", document(&"\u{1f3c3}".repeat(15_000)), &["TOO_MANY_TOKENS", "GRAPHQL_PARSE_FAILED"]),
        ("white space", document(&format!("{{{}", " ".repeat(60_000))), &["GRAPHQL_PARSE_FAILED"]),
        (
            "many operations",
            document(&repeated(1_500, &|n| format!("query Q{n} {{ __typename }} "))),
            &["OPERATION_RESOLUTION_FAILED"],
        ),
        ("operations of one name", document(&"query Q { __typename } ".repeat(1_000)), &["GRAPHQL_PARSE_FAILED"]),
        ("lists of lists", document(&lists(2)), &["TOO_COMPLEX"]),
        ("lists of lists of lists", document(&lists(6)), &["TOO_COMPLEX"]),
        ("a page that is too large", document(&format!("{{ {} }}", page(1_000_000))), &["BAD_USER_INPUT"]),
        (
            "the schema",
            document("{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }"),
            &["GRAPHQL_VALIDATION_FAILED"],
        ),
        (
            "a type",
            document("{ __type(name: \"Query\") { fields { type { fields { name } } } } }"),
            &["GRAPHQL_VALIDATION_FAILED"],
        ),
        (
            "many wrong names",
            document(&format!("{{ networks {{ nodes {{ {} }} }} }}", repeated(1_900, &|n| format!("n{n} ")))),
            &["GRAPHQL_VALIDATION_FAILED"],
        ),
        (
            "fields that may clash",
            document(&format!("{{ networks {{ nodes {{ {} }} }} }}", repeated(600, &|n| format!("... {{ id n{n} }} ")))),
            &["GRAPHQL_VALIDATION_FAILED"],
        ),
        ("a batch", format!("[{}]", vec![document("{ __typename }"); 10_000].join(",")), &["BATCH_NOT_SUPPORTED", "TOO_COMPLEX"]),
        ("a deep body", nested("[", "", "]", 400_000), &["MALFORMED_REQUEST"]),
        (
            "a body of keys",
            format!("{{{}\"query\":\"{{ __typename }}\"}}", repeated(60_000, &|n| format!("\"k{n}\":{n},"))),
            &["TOO_COMPLEX"],
        ),
        ("a body that is too large", "x".repeat(3 << 20), &["PAYLOAD_TOO_LARGE"]),
    ]
}

/// Sends a body, and gives the codes of what was answered and how long that took. That a connection is closed under a body that is too large
/// is an answer as well.
async fn send(client: &reqwest::Client, url: &str, body: String) -> (Vec<String>, Duration) {
    let (from, is_too_large) = (Instant::now(), body.len() > 1 << 20);
    let request = client.post(url).header("content-type", "application/json").body(body);
    let response = match request.send().await {
        Ok(response) => response,
        Err(_) if is_too_large => return (vec!["PAYLOAD_TOO_LARGE".to_owned()], from.elapsed()),
        Err(error) => return (vec![format!("{error:?}")], from.elapsed()),
    };
    let status = response.status();
    let answer: Value = response.json().await.expect("JSON");
    let took = from.elapsed();
    assert!(!status.is_server_error(), "{status} {answer}");
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    (errors.iter().map(|error| error["extensions"]["code"].as_str().unwrap_or("none").to_owned()).collect(), took)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attacks_cost_little_and_a_bystander_is_served() {
    with_database(Kind::Sqlite, async |address| {
        succeed(&address, &["import", project("samples").to_str().expect("a path")]);
        let service = Service::start(&address);
        let within = service.network("mending-table").await;
        let (client, url) = (reqwest::Client::new(), format!("{}/graphql", service.url));
        let over = Arc::new(AtomicBool::new(false));
        let bystander = tokio::spawn({
            let (over, url, body) =
                (Arc::clone(&over), url.clone(), json!({ "query": format!("{{ network(id: \"{within}\") {{ name }} }}") }));
            async move {
                let (client, mut longest, mut served) = (reqwest::Client::new(), Duration::ZERO, 0);
                while !over.load(Ordering::Relaxed) {
                    let from = Instant::now();
                    let answer: Value = client.post(&url).json(&body).send().await.expect("answers").json().await.expect("JSON");
                    assert!(answer["data"]["network"]["name"].is_string(), "{answer}");
                    longest = longest.max(from.elapsed());
                    served += 1;
                }
                (longest, served)
            }
        });
        let mut faults = Vec::new();
        for (name, body, codes) in attacks(&within) {
            let (before, _) = memory(&service);
            let sent = (0..AT_ONCE).map(|_| send(&client, &url, body.clone()));
            for (found, took) in futures::future::join_all(sent).await {
                let expected = if codes.is_empty() {
                    found.is_empty()
                } else {
                    !found.is_empty() && found.iter().all(|code| codes.contains(&code.as_str()))
                };
                if !expected {
                    faults.push(format!("{name}: {found:?}"));
                }
                let most = if codes.is_empty() { MOST.0 } else { MOST.1 };
                // Those that are sent together wait for each other.
                if took > most * u32::try_from(AT_ONCE).unwrap_or(1) {
                    faults.push(format!("{name}: took {took:?}"));
                }
            }
            let (after, most) = memory(&service);
            eprintln!("{name}: {} KiB more, {most} at most", after.saturating_sub(before));
            if after > before + GROWTH {
                faults.push(format!("{name}: {} KiB more", after - before));
            }
        }
        over.store(true, Ordering::Relaxed);
        let (longest, served) = bystander.await.expect("is served");
        eprintln!("the bystander was answered {served} times, after {longest:?} at most");
        assert_eq!(faults, Vec::<String>::new());
        assert!(longest < MOST.0 && served > 100, "{served} answers, the slowest after {longest:?}");
    })
    .await;
}
