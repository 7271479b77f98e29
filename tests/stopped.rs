//! What takes too long, or is asked by someone who left, is stopped in the database too.

use std::time::{Duration, Instant};

use convene_persistence::Database;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement, TransactionTrait};
use serde_json::json;

use crate::{
    databases::{Kind, with_database},
    live::{Follower, token, until},
    program::{Service, project, succeed},
};

/// How many statements of the service are under way.
async fn running(observer: &DatabaseConnection) -> i64 {
    let count = "SELECT count(*) AS n FROM pg_stat_activity \
        WHERE datname = current_database() AND state = 'active' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()";
    let row = observer.query_one_raw(Statement::from_string(DbBackend::Postgres, count)).await.expect("counts");
    row.expect("a row").try_get("", "n").expect("a number")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_ends_with_the_operation_that_asked_it() {
    with_database(Kind::Postgres, async |address| {
        succeed(&address, &["import", project("samples").to_str().expect("a path")]);
        let service = Service::start_with(&address, &["--request-timeout", "1"]);
        let within = service.network("mending-table").await;
        let [locker, observer] =
            [Database::connect_once(&address).await, Database::connect_once(&address).await].map(|it| it.expect("connects"));
        let lock = locker.begin().await.expect("begins");
        lock.execute_unprepared("LOCK TABLE gatherings IN ACCESS EXCLUSIVE MODE").await.expect("locks");

        let query = "query ($within: ID!) { gatherings(within: $within, first: 7) { nodes { id title } } }";
        let body = json!({ "query": query, "variables": { "within": within } });
        let from = Instant::now();
        let answer = service.answer(query, json!({ "within": within })).await;
        assert_eq!(answer["errors"][0]["extensions"], json!({ "code": "DEADLINE_EXCEEDED", "limit": 1 }), "{answer}");
        // A lock is waited for up to five seconds: whatever ends earlier was ended.
        until("what it asked has ended", async || running(&observer).await == 0).await;
        assert!(from.elapsed() < Duration::from_secs(4), "{:?}", from.elapsed());

        let from = Instant::now();
        let url = format!("{}/graphql", service.url);
        let leaving = tokio::spawn(async move { reqwest::Client::new().post(url).json(&body).send().await });
        until("it asks", async || running(&observer).await > 0).await;
        leaving.abort();
        until("what it asked has ended", async || running(&observer).await == 0).await;
        assert!(from.elapsed() < Duration::from_secs(1), "it was not the limit: {:?}", from.elapsed());

        lock.rollback().await.expect("ends");
        let data = service.ask(query, json!({ "within": within })).await;
        assert_eq!(data["gatherings"]["nodes"].as_array().map(Vec::len), Some(7));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finding_out_what_the_token_of_a_socket_still_may_takes_no_longer_than_an_operation() {
    with_database(Kind::Postgres, async |address| {
        let service = Service::start_with(&address, &["--request-timeout", "1"]);
        let query = "{ networks { totalCount } }";
        let (mut socket, first) = Follower::open(&service, Some(&token(&address)), query, json!({})).await;
        assert!(first.contains("totalCount") && socket.message().await.contains("complete"), "{first}");
        let locker = Database::connect_once(&address).await.expect("connects");
        let lock = locker.begin().await.expect("begins");
        lock.execute_unprepared("LOCK TABLE tokens IN ACCESS EXCLUSIVE MODE").await.expect("locks");
        let from = Instant::now();
        socket.subscribe("2", query, json!({})).await;
        let refused = socket.message().await;
        assert!(refused.contains("DEADLINE_EXCEEDED"), "{refused}");
        assert!(from.elapsed() < Duration::from_secs(4), "{:?}", from.elapsed());
        lock.rollback().await.expect("ends");
        socket.subscribe("3", query, json!({})).await;
        assert!(socket.message().await.contains("totalCount"));
    })
    .await;
}
