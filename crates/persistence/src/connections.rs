//! Connections whose statements end when the database behind them is lost.
//!
//! The library waits for an answer for as long as the connection is open, and one over which bytes have vanished stays open
//! for ever: nothing of it tells that from a slow answer. So all connections of a database are used through here: they
//! are replaced as a whole when the [keeper](crate::keeper) has lost the database and found it again, and whatever still
//! waits for the old ones ends with an error.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    TransactionOptions, TransactionTrait, entity::prelude::async_trait,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The longest that a statement outside a transaction waits for its connection and its answer. The database itself gives
/// up earlier, so an answer that has not come by then never will.
const LONGEST: Duration = Duration::from_secs(45);
/// A statement that was given up after so long may have been sent into the void, with its connection.
const SUSPICIOUS: Duration = Duration::from_secs(4);
/// How long those who wait for a connection of a database that was cut off may go on waiting: it is back.
const GRACE: Duration = Duration::from_secs(10);

/// The connections of a database, which may be replaced by others. Clones share them.
#[derive(Debug, Clone)]
pub struct Connections {
    backend: DbBackend,
    current: Arc<RwLock<Watched<DatabaseConnection>>>,
    suspicion: Arc<Notify>,
}

/// A transaction that ends when the database is lost.
pub type Transaction = Watched<DatabaseTransaction>;

/// What runs statements, and whether it is lost.
#[derive(Debug, Clone)]
pub struct Watched<C> {
    inner: C,
    lost: CancellationToken,
    suspicion: Arc<Notify>,
}

impl Connections {
    pub(crate) fn new(connection: DatabaseConnection) -> Self {
        let suspicion = Arc::<Notify>::default();
        let backend = connection.get_database_backend();
        let watched = Watched { inner: connection, lost: CancellationToken::new(), suspicion: Arc::clone(&suspicion) };
        Self { backend, current: Arc::new(RwLock::new(watched)), suspicion }
    }

    fn current(&self) -> Watched<DatabaseConnection> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections are in use, and how many are not.
    pub(crate) fn count(&self) -> (usize, usize) {
        let Watched { inner, .. } = self.current();
        let (open, idle) = match self.backend {
            DbBackend::Postgres => {
                let pool = inner.get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
            _ => {
                let pool = inner.get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        // They are not read at one moment.
        ((open as usize).saturating_sub(idle), idle)
    }

    pub(crate) async fn begin(&self, options: TransactionOptions) -> Result<Transaction, DbErr> {
        let Watched { inner, lost, suspicion } = self.current();
        let beginning = limited(inner.begin_with_options(options));
        let inner = watch(&lost, &suspicion, beginning).await?;
        Ok(Watched { inner, lost, suspicion })
    }

    /// Puts other connections in the place of these. Whoever waits for an answer of the old ones goes on waiting, unless
    /// they are lost.
    pub(crate) fn replace(&self, connection: DatabaseConnection, lost: bool) {
        let new = Watched { inner: connection, lost: CancellationToken::new(), suspicion: Arc::clone(&self.suspicion) };
        let old = std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), new);
        tokio::spawn(async move {
            if !lost {
                tokio::time::sleep(GRACE).await;
            }
            // Closed first: a connection that comes back to a closed pool is dropped without being asked for an answer.
            let mut closing = pin!(old.inner.close_by_ref());
            // It is marked as closed when that begins.
            let _closing = futures::poll!(closing.as_mut());
            if lost {
                old.lost.cancel();
            }
            // What never comes back is waited for by nobody.
            let _ = tokio::time::timeout(LONGEST, closing).await;
        });
    }

    /// Waits until a statement was given up that may have been sent into the void.
    pub(crate) async fn suspected(&self) {
        self.suspicion.notified().await;
    }

    pub(crate) async fn close(self) -> Result<(), DbErr> {
        self.current().inner.close().await
    }
}

impl Transaction {
    /// Commits. When it fails for want of an answer, it is not known whether it was kept.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        let Self { inner, lost, suspicion } = self;
        watch(&lost, &suspicion, inner.commit()).await
    }

    /// Ends it, and takes back what it has written.
    pub async fn rollback(self) -> Result<(), DbErr> {
        let Self { inner, lost, suspicion } = self;
        watch(&lost, &suspicion, inner.rollback()).await
    }
}

/// Says that a statement was given up, if that took so long that something may be wrong with its connection.
struct GivenUp<'a> {
    since: Instant,
    suspicion: &'a Notify,
    answered: bool,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if !self.answered && self.since.elapsed() > SUSPICIOUS {
            self.suspicion.notify_one();
        }
    }
}

async fn watch<T>(
    lost: &CancellationToken,
    suspicion: &Notify,
    work: impl Future<Output = Result<T, DbErr>>,
) -> Result<T, DbErr> {
    let mut waiting = GivenUp { since: Instant::now(), suspicion, answered: false };
    let outcome = lost.run_until_cancelled(work).await;
    waiting.answered = true;
    outcome.unwrap_or_else(|| Err(unanswered("the database was lost")))
}

async fn limited<T>(work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    tokio::time::timeout(LONGEST, work).await.unwrap_or_else(|_| Err(unanswered("the database did not answer")))
}

fn unanswered(reason: &str) -> DbErr {
    DbErr::Conn(RuntimeErr::Internal(reason.to_owned()))
}

#[async_trait::async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Watched<C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        watch(&self.lost, &self.suspicion, self.inner.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        watch(&self.lost, &self.suspicion, self.inner.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        watch(&self.lost, &self.suspicion, self.inner.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        watch(&self.lost, &self.suspicion, self.inner.query_all_raw(statement)).await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Connections {
    fn get_database_backend(&self) -> DbBackend {
        self.backend
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        limited(self.current().execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        limited(self.current().execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        limited(self.current().query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        limited(self.current().query_all_raw(statement)).await
    }
}
