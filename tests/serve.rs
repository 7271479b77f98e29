//! The service as its operators and clients meet it.

use serde_json::{Value, json};

use crate::{
    databases::{Kind, with_database},
    on_both,
    program::{Running, Service, convene, project, run, succeed},
};

async fn an_empty_service_serves_is_healthy_and_stops_when_told(address: String) {
    let mut service = Service::start(&address);
    let client = reqwest::Client::new();
    for path in ["livez", "readyz"] {
        let answer = client.get(format!("{}/{path}", service.url)).send().await.expect("answers");
        assert_eq!(answer.status(), 200, "{path}");
    }
    let data = service.ask("{ networks { totalCount nodes { name } } }", json!({})).await;
    assert_eq!(data, json!({ "networks": { "totalCount": 0, "nodes": [] } }));
    service.program.signal("TERM");
    assert_eq!(service.program.end(), Some(0));
}
on_both!(an_empty_service_serves_is_healthy_and_stops_when_told);

/// What another process imports is seen at once: a node keeps nothing that could be old.
async fn an_import_beside_a_running_service_is_seen(address: String) {
    let service = Service::start(&address);
    succeed(&address, &["import", project("samples").to_str().expect("a path")]);
    let network = service.network("mending-table").await;
    assert_eq!(service.communities(&network, json!({})).await, 36);
    assert_eq!(service.gatherings(&network, json!({})).await, 201);
}
on_both!(an_import_beside_a_running_service_is_seen);

#[tokio::test]
async fn a_database_that_goes_away_is_said_on_readyz() {
    with_database(Kind::Postgres, |address| async move {
        let service = Service::start(&address);
        let (server, name) = address.rsplit_once('/').expect("an address");
        let admin = format!("{server}/postgres");
        crate::databases::execute(&admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false")).await;
        crate::databases::execute(
            &admin,
            &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"),
        )
        .await;
        let client = reqwest::Client::new();
        let answer = client.get(format!("{}/readyz", service.url)).send().await.expect("answers");
        assert_eq!(answer.status(), 503);
        assert!(answer.text().await.expect("text").contains("database"));
        let answer = service.answer("{ networks { totalCount } }", json!({})).await;
        assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAVAILABLE", "{answer}");
        crate::databases::execute(&admin, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")).await;
        let answer = client.get(format!("{}/readyz", service.url)).send().await.expect("answers");
        assert_eq!(answer.status(), 200, "it recovers by itself");
    })
    .await;
}

#[tokio::test]
async fn requests_are_refused_with_a_code_and_answered_with_their_id() {
    with_database(Kind::Sqlite, |address| async move {
        let service = Service::start(&address);
        let client = reqwest::Client::new();
        let url = format!("{}/graphql", service.url);
        let request = client.get(&url).query(&[("query", "{ networks { totalCount } }")]).header("x-convene-preflight", "1");
        let answer = request.header("x-request-id", "field-7").send().await.expect("answers");
        assert_eq!((answer.status().as_u16(), answer.headers()["x-request-id"].to_str().ok()), (200, Some("field-7")));
        let answer: Value = answer.json().await.expect("JSON");
        assert_eq!(answer["data"]["networks"]["totalCount"], 0);
        assert!(answer["extensions"]["cost"]["cost"].as_u64().is_some_and(|cost| cost > 0), "{answer}");
        let answer = client.post(&url).header("content-type", "text/plain").body("{}").send().await.expect("answers");
        assert_eq!(answer.status(), 415);

        for (query, code) in [
            ("{ networks { ", "GRAPHQL_PARSE_FAILED"),
            ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("{ node(id: \"nonsense\") { id } }", "BAD_USER_INPUT"),
            ("{ gatherings(within: \"com_00000000000070008000000000000000\") { totalCount } }", "NOT_FOUND"),
            ("{ networks(first: 1000) { totalCount } }", "BAD_USER_INPUT"),
            ("{ networks(after: \"nonsense\") { totalCount } }", "BAD_CURSOR"),
        ] {
            let answer = service.answer(query, json!({})).await;
            assert_eq!(answer["errors"][0]["extensions"]["code"], code, "{query}: {answer}");
        }
        // Variables that are declared and left out are as if the argument were not there; null asks for the default.
        let paged = "query ($first: Int, $last: Int, $after: String, $order: CommunityOrder, $top: Boolean, $within: ID!) { \
                     networks(first: $first, after: $after) { nodes { id } } \
                     communities(within: $within, first: $first, last: $last, orderBy: $order, filter: { top: $top }) { totalCount } }";
        succeed(&address, &["import", project("samples").to_str().expect("a path")]);
        let network = service.network("mending-table").await;
        for variables in [json!({ "within": network }), json!({ "within": network, "first": null, "order": null, "top": null })] {
            let data = service.ask(paged, variables).await;
            assert_eq!(data["communities"]["totalCount"], 36);
        }
        let many: String = (0..200).map(|n| format!("a{n}: networks {{ totalCount }} ")).collect();
        let answer = service.answer(&format!("{{ {many} }}"), json!({})).await;
        assert!(answer.get("data").is_none_or(Value::is_null), "{answer}");
        // Introspection is closed unless the profile opens it.
        let answer = service.answer("{ __schema { queryType { name } } }", json!({})).await;
        assert!(answer["errors"].is_array(), "{answer}");
        let open = Service::follow(Running::start(convene(&address, &["--listen", "127.0.0.1:0", "--profile", "development"])));
        let data = open.ask("{ __schema { queryType { name } } }", json!({})).await;
        assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    })
    .await;
}

#[test]
fn settings_that_are_not_there_are_refused_with_the_nearest_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("convene.toml");
    std::fs::write(&file, "lisen = \"127.0.0.1:0\"\n").expect("writes");
    let output = run("sqlite://unused.db", &["--config", file.to_str().expect("a path")]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("lisen") && said.contains("listen"), "{said}");
    let output = convene("sqlite://unused.db", &["schema"]).env("CONVENE_PROFIL", "development").output().expect("runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("CONVENE_PROFILE"));
}
