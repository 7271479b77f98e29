//! What a caller may ask for in a minute, on one process and on two that share Redis.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    issuer::Issuer,
    live::{Follower, Writer, text, token},
    program::{DEADLINE, Running, Service, convene, redis_address},
};

/// A page of a hundred networks that need not be there, and what it costs.
const QUERY: &str = "{ networks(first: 100) { nodes { id } } }";
const COST: u64 = 201;

/// Five and ten of them, with the requests, and so little more that no other is paid for while a test asks.
const SETTINGS: [&str; 6] = ["--trusted-proxies", "1", "--rate-anonymous", "1015", "--rate-signed-in", "2025"];

fn request(service: &Service, address: &str, query: &str) -> RequestBuilder {
    let request = reqwest::Client::new().post(format!("{}/graphql", service.url));
    request.header("x-forwarded-for", format!("203.0.113.99, {address}")).json(&json!({ "query": query }))
}

/// Asks from an address, and gives the status of the answer.
async fn post(service: &Service, address: &str, query: &str) -> StatusCode {
    request(service, address, query).send().await.expect("answers").status()
}

/// Asks from an address, with a token if there is one.
async fn ask(service: &Service, address: &str, token: Option<&str>, accept: &str) -> Response {
    let request = request(service, address, QUERY).header("accept", accept);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    };
    request.send().await.expect("answers")
}

/// How often in a row an address is answered.
async fn answered(service: &Service, address: &str, token: Option<&str>) -> usize {
    for n in 0..50 {
        let response = ask(service, address, token, "application/json").await;
        if response.status() != StatusCode::OK {
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
            return n;
        }
    }
    panic!("nobody is ever refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_asked_for_too_much_is_told_to_wait() {
    with_database(Kind::Sqlite, async |address| {
        let token = token(&address);
        let service = Service::start_with(&address, &SETTINGS);
        assert_eq!(answered(&service, "192.0.2.1", None).await, 5);
        for accept in ["application/json", "text/event-stream"] {
            let response = ask(&service, "192.0.2.1", None, accept).await;
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
            let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("a number");
            let answer: Value = response.json().await.expect("JSON");
            let expected = json!({ "code": "RATE_LIMITED", "limit": 1_015, "cost": COST, "retryAfterSeconds": wait });
            assert_eq!(answer["errors"][0]["extensions"], expected);
            assert!((1..=12).contains(&wait) && answer.get("data").is_none(), "{answer}");
        }
        // Others are served: from another address, and with a token from the same one.
        assert_eq!(answered(&service, "192.0.2.2", None).await, 5);
        assert_eq!(answered(&service, "192.0.2.1", Some(&token)).await, 10);
        assert_eq!(answered(&service, "192.0.2.3", Some(&token)).await, 0);
        assert_eq!(answered(&service, "2001:db8::1", None).await, 5);
        assert_eq!(answered(&service, "2001:db8::2", None).await, 0);
        // Tokens are not to be guessed, over whatever.
        let statuses = [
            ask(&service, "192.0.2.4", Some("cvn_wrong"), "*/*").await.status(),
            ask(&service, "192.0.2.4", Some("cvn_worse"), "*/*").await.status(),
            ask(&service, "192.0.2.4", Some("cvn_worst"), "*/*").await.status(),
        ];
        assert_eq!(statuses.map(|status| status.as_u16()), [401, 401, 429]);
        // The sockets of these tests name no address: all come from this machine.
        let closed = [
            Follower::refused(&service, "cvn_wrong").await,
            Follower::refused(&service, "cvn_worse").await,
            Follower::refused(&service, "cvn_worst").await,
        ];
        assert_eq!(closed, [4403, 4403, 4429]);
    })
    .await;
}

/// Whoever makes tokens gets no second purse with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_and_its_tokens_pay_together() {
    with_database(Kind::Sqlite, async |address| {
        let issuer = Issuer::start();
        let (trusted, first) = (format!("{} convene", issuer.url), format!("{} asha", issuer.url));
        let settings = [&["--oidc-issuers", &trusted, "--first-admin", &first][..], &SETTINGS].concat();
        let service = Service::start_with(&address, &settings);
        let end = chrono::Utc::now().timestamp() + 600;
        let asha =
            issuer.sign("ES256", json!({}), &json!({ "iss": issuer.url, "sub": "asha", "aud": "convene", "exp": end })).await;
        let make = async |key: &str| {
            let input = json!({ "idempotencyKey": key, "name": key, "verbs": ["READ"] });
            let made = Writer::new(&service, &asha).ask("createApiToken", input, "secret").await;
            text(&made["secret"])
        };
        let (one, another) = (make("one").await, make("another").await);
        assert!(answered(&service, "192.0.2.1", Some(&one)).await >= 8);
        // A purse of its own would do for ten; this one has been filling since.
        for token in [&another, &asha] {
            assert!(answered(&service, "192.0.2.1", Some(token)).await <= 3);
        }
        assert!(answered(&service, "192.0.2.1", Some(&token(&address))).await >= 8);
    })
    .await;
}

/// What is spent with one process is spent with the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_count_together() {
    with_database(Kind::Sqlite, async |address| {
        let start = || {
            let mut command = convene(&address, &[&["--listen", "127.0.0.1:0"][..], &SETTINGS].concat());
            command.env("REDIS_URL", format!("redis://{}", redis_address()));
            Service::follow(Running::start(command))
        };
        let (one, other) = (start(), start());
        let minute = || chrono::Utc::now().timestamp() / 60;
        // They count by the minute: what was spent right before it turns may be told to nobody.
        for attempt in 0..3 {
            let begun = minute();
            // An address of its own: others may use this Redis.
            let client = format!("2001:{attempt:x}:{:x}:{:x}::1", std::process::id() >> 16, std::process::id() & 0xFFFF);
            assert_eq!(post(&other, &client, "{ __typename }").await, StatusCode::OK);
            // More than a purse holds, so that it takes more than a minute to fill again.
            let all: String = (0..10).map(|n| format!("a{n}: networks(first: 100) {{ nodes {{ id }} }} ")).collect();
            assert_eq!(post(&one, &client, &format!("{{ {all} }}")).await, StatusCode::OK);
            // What is asked of the other makes it look.
            let (from, mut asked) = (Instant::now(), 0);
            while minute() == begun && from.elapsed() < DEADLINE {
                if post(&other, &client, "{ __typename }").await == StatusCode::TOO_MANY_REQUESTS {
                    assert!(asked < 300, "it has spent {asked} times 2 by itself");
                    return;
                }
                asked += 1;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            assert!(minute() != begun, "the other has not heard after {asked} questions");
        }
        panic!("the minute has turned each time");
    })
    .await;
}
