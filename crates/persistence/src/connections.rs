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
    ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement,
    entity::prelude::async_trait,
};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

use crate::lines::{Lines, Taken};

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
    current: Arc<RwLock<Current>>,
    suspicion: Arc<Notify>,
}

/// The connections as they are now, and whether they are lost.
#[derive(Debug, Clone)]
struct Current {
    lines: Arc<Lines>,
    lost: CancellationToken,
}

/// A transaction that ends when the database is lost. One that is dropped before its end is taken back.
#[derive(Debug)]
pub struct Transaction {
    backend: DbBackend,
    begun: Mutex<Begun>,
    current: Current,
    suspicion: Arc<Notify>,
}

/// The connection of a transaction, until its end.
#[derive(Debug)]
struct Begun(Option<Taken>);

impl Drop for Begun {
    fn drop(&mut self) {
        if let Some(taken) = &mut self.0 {
            taken.start_rollback();
        }
    }
}

impl Begun {
    fn taken(&mut self) -> Result<&mut Taken, DbErr> {
        self.0.as_mut().ok_or_else(|| unanswered("the transaction has ended"))
    }
}

impl Connections {
    pub(crate) fn new(connection: &DatabaseConnection) -> Self {
        let current = Current { lines: Lines::new(connection), lost: CancellationToken::new() };
        Self { backend: connection.get_database_backend(), current: Arc::new(RwLock::new(current)), suspicion: Arc::default() }
    }

    fn current(&self) -> Current {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many connections are in use, and how many are not.
    pub(crate) fn count(&self) -> (usize, usize) {
        self.current().lines.count()
    }

    /// Runs a statement on a connection of its own.
    async fn run<T>(&self, work: impl AsyncFnOnce(&mut Taken) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let Current { lines, lost } = self.current();
        let running = async {
            let mut taken = lines.take().await?;
            let done = work(&mut taken).await?;
            lines.give_back(taken);
            Ok(done)
        };
        limited(watch(&lost, &self.suspicion, running)).await
    }

    /// Runs a statement and hands over each row as it comes.
    pub(crate) async fn query_each(&self, statement: Statement, each: impl FnMut(QueryResult) + Send) -> Result<(), DbErr> {
        // In a box, as the other ways to ask are: it would be part of all that waits for it, and many do at once.
        Box::pin(self.run(async move |taken| taken.query_each(statement, each).await)).await
    }

    /// Begins a transaction, with a statement of its own if there is one.
    pub(crate) async fn begin(&self, statement: Option<&'static str>) -> Result<Transaction, DbErr> {
        let current = self.current();
        let beginning = limited(async {
            let mut begun = Begun(Some(current.lines.take().await?));
            begun.taken()?.begin(statement).await?;
            Ok(begun)
        });
        let begun = watch(&current.lost, &self.suspicion, beginning).await?;
        let suspicion = Arc::clone(&self.suspicion);
        Ok(Transaction { backend: self.backend, begun: Mutex::new(begun), current, suspicion })
    }

    /// Puts other connections in the place of these. Whoever waits for an answer of the old ones goes on waiting, unless
    /// they are lost.
    pub(crate) fn replace(&self, connection: &DatabaseConnection, lost: bool) {
        let new = Current { lines: Lines::new(connection), lost: CancellationToken::new() };
        let old = std::mem::replace(&mut *self.current.write().unwrap_or_else(PoisonError::into_inner), new);
        tokio::spawn(async move {
            if !lost {
                tokio::time::sleep(GRACE).await;
            }
            // Closed first: a connection that comes back to a closed pool is dropped without being asked for an answer.
            let mut closing = pin!(old.lines.close());
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

    pub(crate) async fn close(&self) {
        self.current().lines.close().await;
    }
}

impl Transaction {
    /// Commits. When it fails for want of an answer, it is not known whether it was kept.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.end(async |taken| taken.commit().await).await
    }

    /// Ends it, and takes back what it has written.
    pub async fn rollback(self) -> Result<(), DbErr> {
        self.end(async |taken| taken.rollback().await).await
    }

    async fn end(self, work: impl AsyncFnOnce(&mut Taken) -> Result<(), DbErr>) -> Result<(), DbErr> {
        let Self { begun, current: Current { lines, lost }, suspicion, .. } = self;
        let mut begun = begun.into_inner();
        watch(&lost, &suspicion, work(begun.taken()?)).await?;
        if let Some(taken) = begun.0.take() {
            lines.give_back(taken);
        }
        Ok(())
    }

    /// Runs a statement in it.
    async fn run<T>(&self, work: impl AsyncFnOnce(&mut Taken) -> Result<T, DbErr>) -> Result<T, DbErr> {
        let running = async { work(self.begun.lock().await.taken()?).await };
        watch(&self.current.lost, &self.suspicion, running).await
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

macro_rules! runs_statements {
    ($($what:ident)+) => {
        $(#[async_trait::async_trait]
        impl ConnectionTrait for $what {
            fn get_database_backend(&self) -> DbBackend {
                self.backend
            }

            async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
                self.run(async move |taken| taken.execute(statement).await).await
            }

            async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
                self.run(async move |taken| taken.execute_unprepared(sql).await).await
            }

            async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
                self.run(async move |taken| taken.query_one(statement).await).await
            }

            async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
                self.run(async move |taken| taken.query_all(statement).await).await
            }
        })+
    };
}

runs_statements! { Connections Transaction }
