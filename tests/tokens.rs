//! Tokens: who may write, over HTTP and over sockets.

use convene_persistence::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    live::{Follower, REPORTS, Writer, text},
    on_both,
    program::{Service, run, succeed},
};

const CREATE: &str = "mutation ($key: String!) { createNetwork(input: { idempotencyKey: $key, slug: \"weave\", name: \"Weave\" }) \
                      { network { id } userErrors { code } } }";

/// All that is in a database: of SQLite the files, of Postgres the rows as text.
async fn everything(address: &str) -> Vec<u8> {
    if let Some(file) = address.strip_prefix("sqlite://") {
        let file = file.split('?').next().expect("a file");
        let read = |name: String| std::fs::read(name).unwrap_or_default();
        return [read(file.to_owned()), read(format!("{file}-wal"))].concat();
    }
    let database = Database::connect_once(address).await.expect("connects");
    let ask = async |sql: &str| {
        let rows = database.query_all_raw(Statement::from_string(DbBackend::Postgres, sql)).await.expect("answers");
        rows.iter().filter_map(|row| row.try_get_by_index::<Option<String>>(0).expect("text")).collect::<Vec<_>>()
    };
    let mut all = String::new();
    for table in ask("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'").await {
        all += &ask(&format!("SELECT t::text FROM \"{table}\" t")).await.join("\n");
    }
    all.into_bytes()
}

async fn only_those_with_a_valid_token_write(address: String) {
    let service = Service::start(&address);
    let post = async |token: Option<&str>| {
        let mut request = reqwest::Client::new().post(format!("{}/graphql", service.url));
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let answer = request.json(&json!({ "query": CREATE, "variables": { "key": "one" } })).send().await.expect("answers");
        let status = answer.status().as_u16();
        (status, answer.json::<serde_json::Value>().await.expect("JSON"))
    };
    let code = |answer: &serde_json::Value| text(&answer["errors"][0]["extensions"]["code"]);

    let (status, answer) = post(None).await;
    assert_eq!((status, code(&answer).as_str()), (200, "UNAUTHENTICATED"), "{answer}");
    for wrong in ["Bearer cvn_0000", "Bearer ", "Basic YTpi", "Bearer something else"] {
        let (status, answer) = post(Some(wrong)).await;
        assert_eq!((status, code(&answer).as_str()), (401, "UNAUTHENTICATED"), "{wrong}: {answer}");
    }
    let data = service.ask("{ networks { totalCount } }", json!({})).await;
    assert_eq!(data["networks"]["totalCount"], 0, "nothing was written");

    // One that was made beside the running service is known to it at once.
    let secret = succeed(&address, &["token", "create", "--name", "Field team", "--days", "30"]).trim().to_owned();
    let (status, answer) = post(Some(&format!("bearer {secret}"))).await;
    assert_eq!((status, answer["data"]["createNetwork"]["userErrors"].clone()), (200, json!([])), "{answer}");
    let listed = succeed(&address, &["token", "list"]);
    assert!(listed.contains("Field team") && listed.contains("valid until") && !listed.contains(&secret), "{listed}");
    let id = listed.split(' ').next().expect("an id").to_owned();

    // Keys are each token's own: another token may use the same.
    let other = succeed(&address, &["token", "create", "--name", "Other"]).trim().to_owned();
    let payload = Writer::new(&service, &other)
        .ask("createNetwork", json!({ "idempotencyKey": "one", "slug": "mend", "name": "Mend" }), "network { id }")
        .await;
    assert_eq!(payload["userErrors"], json!([]));

    // Someone who followed with the token before it is revoked is told so, and where to go on under other rights.
    let network = service.network("weave").await;
    let mut open = Follower::start(&service, Some(&secret), REPORTS, &network, None).await;

    // The secret is nowhere in the database, but its fingerprint is.
    let kept = everything(&address).await;
    let fingerprint: String = Sha256::digest(&secret).iter().map(|byte| format!("{byte:02x}")).collect();
    let contains = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(contains(&fingerprint) && contains("Field team") && !contains(&secret[4..]));
    assert!(succeed(&address, &["token", "revoke", &id]).contains("is revoked"));
    let (status, answer) = post(Some(&format!("Bearer {secret}"))).await;
    assert_eq!((status, code(&answer).as_str()), (401, "UNAUTHENTICATED"), "{answer}");
    let end = open.message().await;
    assert!(end.contains("UNAUTHENTICATED") && end.contains("\"cursor\""), "{end}");
    open.subscribe(
        "2",
        "mutation { removeGathering(input: { idempotencyKey: \"x\", gathering: \"x\", expectedRevision: 1 }) { removed } }",
        json!({}),
    )
    .await;
    let refused = open.message().await;
    assert!(refused.contains("UNAUTHENTICATED"), "an open connection is no way around it: {refused}");
    assert_eq!(run(&address, &["token", "revoke", &id]).status.code(), Some(1), "there is nothing left to revoke");
    assert!(succeed(&address, &["token", "list"]).contains("revoked at"));

    // A draft is there for those who write only, at whatever door.
    let writer = Writer::new(&service, &other);
    let network = service.network("mend").await;
    let (city, _) = writer
        .make("createCommunity", json!({ "network": network, "slug": "nakuru", "name": "Nakuru", "level": "CITY" }), "community")
        .await;
    let (gathering, _) =
        writer.make("planGathering", json!({ "hosts": [city], "title": "Circle", "startDate": "2026-05-01" }), "gathering").await;
    let mut stranger = Follower::start(&service, None, REPORTS, &network, None).await;
    let mut author = Follower::start(&service, Some(&other), REPORTS, &network, None).await;
    let (report, revision) =
        writer.make("draftGatheringReport", json!({ "gathering": gathering, "audience": "PUBLIC" }), "report").await;
    assert_eq!(author.change().await.1["report"]["status"], "DRAFT");
    let query = "query ($id: ID!) { node(id: $id) { id } gatheringReport(id: $id) { id } }";
    assert_eq!(service.ask(query, json!({ "id": report })).await, json!({ "node": null, "gatheringReport": null }));
    writer.make("submitGatheringReport", json!({ "gathering": gathering, "expectedRevision": revision }), "report").await;
    let (_, seen) = stranger.change().await;
    assert_eq!(
        (seen["change"]["effect"].as_str(), seen["report"]["status"].as_str()),
        (Some("ENTERED"), Some("SUBMITTED")),
        "the draft was not told"
    );
}
on_both!(only_those_with_a_valid_token_write);
