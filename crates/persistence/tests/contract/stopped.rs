//! Statements that nobody waits for any more.

use std::time::{Duration, Instant};

use convene_persistence::Database;
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use tokio::time::timeout;

use crate::{
    databases::{Kind, with_database},
    on_both,
};

on_both!(a_statement_that_nobody_waits_for_is_stopped);

/// Whoever stops waiting for the only connection's statement, which would go on for an hour, leaves it to others.
async fn a_statement_that_nobody_waits_for_is_stopped(address: String) {
    let database = Database::open(&address, 2).await.expect("opens");
    let backend = database.reader().get_database_backend();
    let endless = match backend {
        DbBackend::Postgres => "SELECT pg_sleep(3600), 'endless'",
        _ => "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000000) SELECT max(i) FROM n",
    };
    for in_transaction in [false, true, false] {
        let ask = async {
            let statement = Statement::from_string(backend, endless);
            if in_transaction {
                let snapshot = database.snapshot().await.expect("begins");
                snapshot.query_one_raw(statement).await.map(|_| ())
            } else {
                database.reader().query_one_raw(statement).await.map(|_| ())
            }
        };
        // As many as there are connections.
        let all = futures::future::join(timeout(Duration::from_millis(300), ask), async {
            let statement = Statement::from_string(backend, endless);
            timeout(Duration::from_millis(300), database.reader().query_one_raw(statement)).await.is_err()
        });
        let (one, other) = all.await;
        assert!(one.is_err() && other, "it does not end by itself");
        let from = Instant::now();
        database.ping().await.expect("there is a connection again");
        assert!(from.elapsed() < Duration::from_secs(3), "{:?}", from.elapsed());
        if backend == DbBackend::Postgres {
            let count = "SELECT count(*) AS n FROM pg_stat_activity \
                WHERE datname = current_database() AND state = 'active' AND query LIKE '%endless%' AND pid <> pg_backend_pid()";
            loop {
                let row = database.reader().query_one_raw(Statement::from_string(backend, count)).await.expect("counts");
                let running: i64 = row.expect("a row").try_get("", "n").expect("a number");
                if running == 0 {
                    break;
                }
                assert!(from.elapsed() < Duration::from_secs(3), "{running} go on");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
    database.close().await.expect("closes");
}

/// No statement goes on for longer than the operation that asks it may, and no operation is stopped for taking as long as it may.
#[tokio::test]
async fn a_statement_may_take_as_long_as_an_operation() {
    with_database(Kind::Postgres, async |address| {
        for (operation, expected) in [(1, "30s"), (30, "30s"), (90, "90s")] {
            let database = Database::open_for(&address, 2, Duration::from_secs(operation)).await.expect("opens");
            let show = Statement::from_string(DbBackend::Postgres, "SHOW statement_timeout");
            let row = database.reader().query_one_raw(show).await.expect("tells").expect("a row");
            assert_eq!(row.try_get_by_index::<String>(0).expect("text").replace("1min30s", "90s"), expected);
            let snapshot = database.snapshot().await.expect("begins");
            snapshot.execute_unprepared("SET LOCAL statement_timeout = 20").await.expect("sets");
            let error = snapshot.execute_unprepared("SELECT pg_sleep(60)").await.expect_err("is stopped");
            let error = convene_persistence::Error::from(error);
            assert!(error.is_stopped() && !error.is_unavailable() && !error.is_collision(), "{error:?}");
            drop(snapshot);
            database.close().await.expect("closes");
        }
    })
    .await;
}
