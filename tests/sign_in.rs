//! Signing in with the tokens of a real OIDC issuer: over HTTP, over sockets and to event streams.

use std::time::{Duration, Instant};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    databases::{Kind, execute, with_database},
    issuer::Issuer,
    live::{EVERYTHING, Follower, Writer, text, token, until},
    on_both,
    program::{DEADLINE, Running, Service, convene},
};

/// What is asked with each token: anyone may.
const QUERY: &str = "{ networks { totalCount } }";

/// A service that takes the tokens of an issuer for the audience "convene".
fn serve(address: &str, issuer: &str) -> Service {
    let trusted = format!("{issuer} convene");
    Service::follow(Running::start(convene(address, &["--listen", "127.0.0.1:0", "--oidc-issuers", &trusted])))
}

/// What is answered to whoever has a token: the status, the code of the error, its message, and what it says of signing in.
async fn ask(service: &Service, token: &str) -> (u16, String, String, String) {
    let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).bearer_auth(token);
    let answer = request.json(&json!({ "query": QUERY })).send().await.expect("answers");
    let header = answer.headers().get("www-authenticate").map(|it| it.to_str().expect("text").to_owned()).unwrap_or_default();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.expect("JSON");
    let error = &body["errors"][0];
    let code = error["extensions"]["code"].as_str().unwrap_or_default().to_owned();
    (status, code, error["message"].as_str().unwrap_or_default().to_owned(), header)
}

async fn is_taken(service: &Service, token: &str) -> bool {
    ask(service, token).await.0 == 200
}

/// What the issuer says in its tokens, as of now.
fn claims(issuer: &Issuer) -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({ "iss": issuer.url, "sub": "field-team", "aud": "convene", "iat": now, "exp": now + 600 })
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

/// Replaces a part of a token.
fn forged(token: &str, part: usize, value: &Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[part] = BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    parts.join(".")
}

async fn refuse_all_but_sound_tokens(address: String) {
    let issuer = Issuer::start();
    let other = issuer.another();
    let service = serve(&address, &issuer.url);
    for algorithm in ["RS256", "PS256", "ES256", "ES384", "EdDSA"] {
        assert!(is_taken(&service, &issuer.token("convene", algorithm, 60).await).await, "{algorithm}");
    }
    let (sound, claims, now) = (issuer.token("convene", "ES256", 600).await, claims(&issuer), chrono::Utc::now().timestamp());
    let sign = async |algorithm: &str, header: Value, claims: &Value| issuer.sign(algorithm, header, claims).await;
    for algorithm in ["RS256", "PS256", "ES256", "ES384", "EdDSA"] {
        assert!(is_taken(&service, &sign(algorithm, json!({ "typ": "JWT" }), &claims).await).await, "{algorithm}");
    }
    let jwk = json!({ "kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA" });
    let far = format!("{}/jwks", other.url);
    let refused = [
        ("expired", "has expired", sign("ES256", json!({}), &with(&claims, "exp", json!(now - 1))).await),
        ("of another audience", "someone else", issuer.token("other", "ES256", 60).await),
        ("of an issuer that is not trusted", "not trusted", other.token("convene", "ES256", 60).await),
        ("of another issuer that says it is ours", "signed by its issuer", other.sign("ES256", json!({}), &claims).await),
        ("not signed", "is not accepted (alg)", sign("none", json!({}), &claims).await),
        ("signed with the public key as a secret", "is not accepted (alg)", sign("HS256", json!({}), &claims).await),
        ("tampered with", "signed by its issuer", forged(&sound, 1, &with(&claims, "sub", json!("admin")))),
        ("signed with a key that is not known", "signed by its issuer", sign("ES256", json!({ "kid": "x" }), &claims).await),
        ("not valid yet", "not valid yet", sign("ES256", json!({}), &with(&claims, "nbf", json!(now + 300))).await),
        ("without an end", "exp", sign("ES256", json!({}), &with(&claims, "exp", json!(null))).await),
        ("without a subject", "sub", sign("ES256", json!({}), &with(&claims, "sub", json!(""))).await),
        ("with an extension", "crit", sign("ES256", json!({ "crit": ["b64"], "b64": false }), &claims).await),
        ("of another type", "typ", sign("ES256", json!({ "typ": "logout+jwt" }), &claims).await),
        (
            "under the name of another key",
            "signed by",
            sign("ES256", json!({ "kid": kid(&issuer, "ES384").await }), &claims).await,
        ),
        (
            "another algorithm than its key's",
            "signed by",
            sign("PS256", json!({ "kid": kid(&issuer, "RS256").await }), &claims).await,
        ),
        ("with a key of its own", "signed by", other.sign("ES256", json!({ "jwk": jwk, "jku": far }), &claims).await),
        ("bound to a key", "cnf", sign("ES256", json!({}), &with(&claims, "cnf", json!({ "jkt": "x" }))).await),
        ("without its signature", "signed by", format!("{}.", sound.rsplit_once('.').expect("parts").0)),
        ("no token", "no JSON Web Token", "a.b.c".to_owned()),
        ("too large", "too large", format!("{sound}{}", "x".repeat(9_000))),
    ];
    for (what, reason, token) in &refused {
        let (status, code, message, header) = ask(&service, token).await;
        assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"), "{what}: {message}");
        assert_eq!(header, "Bearer error=\"invalid_token\"", "{what}");
        assert!(message.contains(reason), "{what}: {message}");
    }
    assert!(other.program.count("asked for keys") == 0, "keys are asked for where the operator said");

    // The same at the other doors.
    let network = network(&service, &address).await;
    let (mut follower, _) = Follower::open(&service, Some(&sound), EVERYTHING, json!({ "within": network })).await;
    follower.subscribe("2", QUERY, json!({})).await;
    assert!(follower.message().await.contains("totalCount"));
    assert_eq!(events(&service, &sound, &network).await.status(), 200);
    for (what, _, token) in refused.iter().take(9) {
        assert_eq!(Follower::refused(&service, token).await, 4403, "{what}");
        assert_eq!(events(&service, token, &network).await.status(), 401, "{what}");
    }
    assert!(is_taken(&service, &sound).await, "and the sound one is still taken");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_sound_tokens_are_taken() {
    with_database(Kind::Sqlite, refuse_all_but_sound_tokens).await;
}

/// The name of the key for an algorithm.
async fn kid(issuer: &Issuer, algorithm: &str) -> String {
    let token = issuer.token("convene", algorithm, 60).await;
    let header = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("text");
    text(&serde_json::from_slice::<Value>(&header).expect("JSON")["kid"])
}

/// A network to follow.
async fn network(service: &Service, address: &str) -> String {
    let writer = Writer::new(service, &token(address));
    writer.make("createNetwork", json!({ "slug": "weave", "name": "Weave" }), "network").await.0
}

/// Asks for an event stream.
async fn events(service: &Service, token: &str, within: &str) -> reqwest::Response {
    let request = reqwest::Client::new().post(format!("{}/graphql", service.url)).bearer_auth(token);
    let body = json!({ "query": EVERYTHING, "variables": { "within": within } });
    request.header("accept", "text/event-stream").json(&body).send().await.expect("answers")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_change_and_the_issuer_goes_away_while_the_service_runs() {
    with_database(Kind::Sqlite, async |address| {
        let mut issuer = Issuer::start();
        let service = serve(&address, &issuer.url);
        let old = issuer.token("convene", "ES256", 600).await;
        assert!(is_taken(&service, &old).await);

        issuer.rotate().await;
        assert!(is_taken(&service, &old).await, "as far as anyone here knows");
        let new = issuer.token("convene", "ES256", 600).await;
        assert!(is_taken(&service, &new).await, "a new key is asked for");
        assert!(!is_taken(&service, &old).await, "the old key was withdrawn");

        // Whoever makes up keys does not make us ask each time, and whoever comes meanwhile is served.
        let (asked, began, claims) = (issuer.program.count("asked for keys"), Instant::now(), claims(&issuer));
        let unknown: Vec<String> =
            join_all((0..100).map(|n| issuer.sign("ES256", json!({ "kid": format!("{n}") }), &claims))).await;
        let flood = join_all(unknown.iter().map(|token| ask(&service, token)));
        let (answers, bystander) = tokio::join!(flood, ask(&service, &new));
        assert_eq!(bystander.0, 200);
        assert!(answers.iter().all(|answer| answer.0 == 401), "{answers:?}");
        let most = 5 + usize::try_from(began.elapsed().as_secs()).expect("a while") / 2;
        let asked = issuer.program.count("asked for keys") - asked;
        assert!(asked <= most, "asked {asked} times in {:?}", began.elapsed());

        issuer.stop();
        assert!(is_taken(&service, &new).await, "what is known holds");
        // As soon as it may be asked again.
        until("it is missed", async || ask(&service, &unknown[0]).await.0 != 401).await;
        let (status, code, message, _) = ask(&service, &unknown[0]).await;
        assert_eq!((status, code.as_str()), (503, "UNAVAILABLE"), "{message}");
        assert!(message.contains("cannot be asked"), "{message}");

        issuer.again();
        let newest = issuer.token("convene", "ES256", 600).await;
        until("the issuer is asked again", async || is_taken(&service, &newest).await).await;
        assert!(!is_taken(&service, &new).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_starts_without_its_issuer_and_without_one_that_calls_itself_otherwise() {
    with_database(Kind::Sqlite, async |address| {
        let mut issuer = Issuer::start();
        let claims = claims(&issuer);
        let token =
            issuer.sign("ES256", json!({}), &with(&claims, "iss", json!(issuer.url.replace("127.0.0.1", "localhost")))).await;
        // The same issuer under another name, which it does not know.
        let service = serve(&address, &issuer.url.replace("127.0.0.1", "localhost"));
        service.program.line("it calls itself");
        assert_eq!(ask(&service, &token).await.0, 503);
        drop(service);

        issuer.stop();
        let service = serve(&address, &issuer.url);
        service.program.line("the keys of an issuer cannot be read");
        assert_eq!(ask(&service, &issuer_token(&claims)).await.0, 503);
        assert_eq!(service.answer(QUERY, json!({})).await["data"]["networks"]["totalCount"], 0, "others are served");
        issuer.again();
        let token = issuer.token("convene", "ES256", 600).await;
        until("the issuer is there", async || is_taken(&service, &token).await).await;
    })
    .await;
}

/// A token in form only.
fn issuer_token(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmVk", part(&json!({ "alg": "ES256", "kid": "x" })), part(claims))
}

async fn what_is_followed_ends_with_the_token_and_with_the_account(address: String) {
    let issuer = Issuer::start();
    let service = serve(&address, &issuer.url);
    let network = network(&service, &address).await;
    let (long, short) = (issuer.token("convene", "RS256", 600).await, issuer.token("convene", "RS256", 6).await);
    let began = Instant::now();
    let mut lasting = Follower::start(&service, Some(&long), EVERYTHING, &network, None).await;
    let mut open = Follower::start(&service, Some(&short), EVERYTHING, &network, None).await;
    let mut stream = events(&service, &short, &network).await;
    assert_eq!(stream.status(), 200);

    let end = open.message().await;
    assert!(end.contains("UNAUTHENTICATED") && end.contains("expired") && end.contains("\"cursor\""), "{end}");
    assert!((Duration::from_secs(3)..Duration::from_secs(8)).contains(&began.elapsed()), "{:?}", began.elapsed());
    let mut said = String::new();
    while let Some(chunk) = tokio::time::timeout(DEADLINE, stream.chunk()).await.expect("in time").expect("is received") {
        said.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
    assert!(
        said.contains("UNAUTHENTICATED") && said.contains("\"cursor\"") && said.ends_with("event: complete\ndata:\n\n"),
        "{said}"
    );
    open.subscribe("2", QUERY, json!({})).await;
    let refused = open.message().await;
    assert!(refused.contains("UNAUTHENTICATED"), "an open connection is no way around it: {refused}");

    execute(&address, "UPDATE accounts SET erased_at = created_at").await;
    let end = lasting.message().await;
    assert!(end.contains("UNAUTHENTICATED") && end.contains("\"cursor\""), "{end}");
    let (status, _, message, _) = ask(&service, &long).await;
    assert_eq!(status, 401, "{message}");
    assert!(message.contains("erased"), "{message}");
}
on_both!(what_is_followed_ends_with_the_token_and_with_the_account);
