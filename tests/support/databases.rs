//! A database for one test: a file for SQLite, a database of its own on the Postgres that the test command found.

use std::{
    env,
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
};

use convene_persistence::Database;
use futures::FutureExt;
use sea_orm::ConnectionTrait;

/// Which kind of database a test runs on. Every contract runs on both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// Runs a test against a migrated database and removes the database afterwards, whether the test passed or not.
pub async fn with_database<F, R>(kind: Kind, test: F)
where
    F: FnOnce(String) -> R,
    R: Future<Output = ()>,
{
    let folder = tempfile::tempdir().expect("a folder for the test");
    let name = format!("convene_test_{}", uuid::Uuid::new_v4().simple());
    let address = match kind {
        Kind::Sqlite => format!("sqlite://{}", folder.path().join("convene.db").display()),
        Kind::Postgres => {
            execute(&server(), &format!("CREATE DATABASE {name}")).await;
            let server = server();
            let (base, _) = server.rsplit_once('/').expect("an address with a database");
            format!("{base}/{name}")
        }
    };
    migrate(&address).await;
    let outcome = AssertUnwindSafe(test(address)).catch_unwind().await;
    if kind == Kind::Postgres {
        execute(&server(), &format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
    if let Err(failure) = outcome {
        resume_unwind(failure);
    }
}

/// Takes all migration steps.
pub async fn migrate(address: &str) {
    let connection = Database::connect_once(address).await.expect("connects");
    convene_migrations::up(&connection).await.expect("migrates");
    connection.close().await.expect("closes");
}

/// Runs statements behind the service's back.
pub async fn execute(address: &str, sql: &str) {
    let connection = Database::connect_once(address).await.expect("connects");
    connection.execute_unprepared(sql).await.expect("runs");
    connection.close().await.expect("closes");
}

fn server() -> String {
    env::var("CONVENE_TEST_POSTGRES_URL").expect("CONVENE_TEST_POSTGRES_URL is set: run the tests with `cargo xtask test`")
}

/// Declares a test that runs on both kinds of database.
#[macro_export]
macro_rules! on_both {
    ($name:ident) => {
        mod $name {
            use $crate::databases::{Kind, with_database};

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                with_database(Kind::Sqlite, super::$name).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                with_database(Kind::Postgres, super::$name).await;
            }
        }
    };
}
