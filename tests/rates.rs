//! What a caller may ask for in a minute, on one process and on two that share Redis.

use std::time::Duration;

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    issuer::Issuer,
    live::{Writer, text, token, until},
    program::{Running, Service, convene, redis_address},
};

/// A page of a hundred networks that need not be there, and what it costs.
const QUERY: &str = "{ networks(first: 100) { nodes { id } } }";
const COST: u64 = 201;

const SETTINGS: [&str; 6] = ["--trusted-proxies", "1", "--rate-anonymous", "1000", "--rate-signed-in", "2000"];

/// Asks from an address, with a token if there is one.
async fn ask(service: &Service, address: &str, token: Option<&str>, accept: &str) -> Response {
    let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).header("accept", accept);
    let request = request.header("x-forwarded-for", format!("203.0.113.99, {address}")).json(&json!({ "query": QUERY }));
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
        assert_eq!(answered(&service, "192.0.2.1", None).await, 4);
        for accept in ["application/json", "text/event-stream"] {
            let response = ask(&service, "192.0.2.1", None, accept).await;
            assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
            let wait: u64 = response.headers()["retry-after"].to_str().expect("text").parse().expect("a number");
            let answer: Value = response.json().await.expect("JSON");
            let expected = json!({ "code": "RATE_LIMITED", "limit": 1_000, "cost": COST, "retryAfterSeconds": wait });
            assert_eq!(answer["errors"][0]["extensions"], expected);
            assert!((1..=12).contains(&wait) && answer.get("data").is_none(), "{answer}");
        }
        // Others are served: from another address, and with a token from the same one.
        assert_eq!(answered(&service, "192.0.2.2", None).await, 4);
        assert_eq!(answered(&service, "192.0.2.1", Some(&token)).await, 9);
        assert_eq!(answered(&service, "192.0.2.3", Some(&token)).await, 0);
        assert_eq!(answered(&service, "2001:db8::1", None).await, 4);
        assert_eq!(answered(&service, "2001:db8::2", None).await, 0);
        // Tokens are not to be guessed.
        let statuses = [
            ask(&service, "192.0.2.4", Some("cvn_wrong"), "*/*").await.status(),
            ask(&service, "192.0.2.4", Some("cvn_worse"), "*/*").await.status(),
            ask(&service, "192.0.2.4", Some("cvn_worst"), "*/*").await.status(),
        ];
        assert_eq!(statuses.map(|status| status.as_u16()), [401, 401, 429]);
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
        // A purse of its own would do for nine; this one has been filling since.
        for token in [&another, &asha] {
            assert!(answered(&service, "192.0.2.1", Some(token)).await <= 3);
        }
        assert!(answered(&service, "192.0.2.1", Some(&token(&address))).await >= 8);
    })
    .await;
}

/// Two processes count together, and each for itself while Redis is away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_count_together() {
    with_database(Kind::Sqlite, async |address| {
        let start = || {
            let mut command = convene(&address, &[&["--listen", "127.0.0.1:0"][..], &SETTINGS].concat());
            command.env("REDIS_URL", format!("redis://{}", redis_address()));
            Service::follow(Running::start(command))
        };
        let (one, other) = (start(), start());
        // An address of its own: others may use this Redis.
        let client = format!("2001:db8:{:x}:{:x}::1", std::process::id() >> 16, std::process::id() & 0xFFFF);
        assert_eq!(ask(&other, &client, None, "*/*").await.status(), 200);
        assert_eq!(answered(&one, &client, None).await, 4);
        // What is asked of the other makes it look; it would answer three more if it counted for itself.
        let asked = std::cell::Cell::new(0);
        until("the other has heard", async || {
            tokio::time::sleep(Duration::from_millis(300)).await;
            asked.set(asked.get() + 1);
            ask(&other, &client, None, "*/*").await.status() == StatusCode::TOO_MANY_REQUESTS
        })
        .await;
        assert!(asked.get() <= 3, "{asked:?}");
    })
    .await;
}
