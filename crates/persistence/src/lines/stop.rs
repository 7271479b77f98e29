//! Stopping statements that nobody waits for any more.
//!
//! To stop waiting for an answer does not stop the work: Postgres goes on until it has an answer to send, SQLite until it has a row. So
//! whoever goes away in the middle of a statement leaves its connection here.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sea_orm::sqlx::{
    Connection, Error, PgConnection, PgPool, Postgres, Sqlite, pool::PoolConnection, postgres::PgConnectOptions, query,
    query_scalar,
};
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit, time::timeout};
use tracing::debug;

use super::Line;

/// How long stopping may take. A database that is out of reach notices by itself that nobody is there.
const PATIENCE: Duration = Duration::from_secs(5);

/// After how many steps SQLite looks whether to go on. That is a fraction of a millisecond.
const STEPS: i32 = 10_000;

/// The process that serves a connection to Postgres.
#[derive(Debug)]
pub(crate) struct Backend {
    process: i32,
    options: Arc<PgConnectOptions>,
}

impl Backend {
    pub(super) async fn of(pool: &PgPool, connection: &mut PoolConnection<Postgres>) -> Result<Self, Error> {
        let process = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut **connection).await?;
        Ok(Self { process, options: pool.connect_options() })
    }

    /// Has it stop what it does. It takes another connection to say so: the pool may have none to spare.
    async fn cancel(&self) -> Result<(), Error> {
        let mut other = PgConnection::connect_with(&self.options).await?;
        query("SELECT pg_cancel_backend($1)").bind(self.process).execute(&mut other).await?;
        other.close().await
    }
}

/// Says to a connection to SQLite that its statement is to be stopped.
#[derive(Debug)]
pub(crate) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    pub(super) async fn of(connection: &mut PoolConnection<Sqlite>) -> Result<Self, Error> {
        let stopped = Arc::new(AtomicBool::new(false));
        let look = Arc::clone(&stopped);
        connection.lock_handle().await?.set_progress_handler(STEPS, move || !look.load(Ordering::Relaxed));
        Ok(Self(stopped))
    }
}

/// Stops what runs on a connection. Until that is done the connection counts as used, so that what was given up cannot pile up.
pub(super) fn stop(line: Line, turn: Option<OwnedSemaphorePermit>) {
    // Without a runtime the whole program ends.
    let Ok(runtime) = Handle::try_current() else { return };
    runtime.spawn(async move {
        let stopping = async {
            match line {
                Line::Postgres(connection, backend) => {
                    let cancelled = backend.cancel().await;
                    // Only now, so that no other statement of ours runs there and is hit in its place.
                    drop(connection);
                    cancelled
                }
                Line::Sqlite(connection, Interrupt(stopped)) => {
                    stopped.store(true, Ordering::Relaxed);
                    // What was begun there is taken back with it; to use it again would take care.
                    connection.close().await
                }
            }
        };
        match timeout(PATIENCE, stopping).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => debug!(%error, "a statement that nobody waits for could not be stopped"),
            Err(_) => debug!("a statement that nobody waits for could not be stopped in time"),
        }
        drop(turn);
    });
}
