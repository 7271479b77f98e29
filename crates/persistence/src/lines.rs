//! Connections that are kept at hand.
//!
//! The library's pool asks a connection for a sign of life each time it is given back, by a task of its own: a round trip for
//! every statement that we run. Here a connection whose statement came to a good end is used again as it is. The pool gets
//! back only those of which that is not known, and looks after them as it always does, those that nobody has needed for a
//! while, and now and then those that are always needed.

mod stop;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use sea_orm::{
    ConnAcquireErr, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, RuntimeErr, Statement, Values,
    sqlx::{AssertSqlSafe, Error, Executor, PgPool, Postgres, SqlSafeStr, Sqlite, SqlitePool, pool::PoolConnection, query_with},
};
use sea_query_sqlx::SqlxValues;
use sqlx_core::{database::Database, transaction::TransactionManager};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use self::stop::{Backend, Interrupt};

/// How long a connection is kept at hand that nobody needs.
const IDLE: Duration = Duration::from_secs(10);
/// How long a connection is used again and again, until the pool looks at it: it ends those that are old.
const ALWAYS_IN_USE: Duration = Duration::from_secs(300);
/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// The target in the log of what is said of each statement.
const STATEMENTS: &str = "convene::statements";

/// The connections to a database, as many as there may be.
#[derive(Debug)]
pub(crate) struct Lines {
    pool: Pool,
    idle: Mutex<VecDeque<AtHand>>,
    /// Who may use one.
    turns: Arc<Semaphore>,
    most: usize,
}

#[derive(Debug)]
enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

/// One connection, and what a statement that runs on it is stopped by.
#[derive(Debug)]
pub(crate) enum Line {
    Postgres(PoolConnection<Postgres>, Backend),
    Sqlite(PoolConnection<Sqlite>, Interrupt),
}

/// A connection that nobody uses now.
#[derive(Debug)]
struct AtHand {
    line: Line,
    /// When the pool gave it.
    opened: Instant,
    since: Instant,
}

/// A connection that is in use. It is kept at hand only if it is given back, and a statement that nobody waits for any more is stopped.
#[derive(Debug)]
pub(crate) struct Taken {
    /// There until it is given back, or given up.
    line: Option<Line>,
    opened: Instant,
    /// Whether a statement was sent whose end was not heard of.
    running: bool,
    /// Given back after the connection.
    turn: Option<OwnedSemaphorePermit>,
}

impl Drop for Taken {
    fn drop(&mut self) {
        if self.running
            && let Some(line) = self.line.take()
        {
            stop::stop(line, self.turn.take());
        }
    }
}

/// Runs something on a connection, as one statement that is stopped when nobody waits for it any more.
macro_rules! on {
    ($taken:expr, $connection:ident => $body:expr) => {{
        $taken.running = true;
        let done = match &mut $taken.line {
            Some(Line::Postgres($connection, _)) => $body,
            Some(Line::Sqlite($connection, _)) => $body,
            None => Err(Error::PoolClosed),
        };
        $taken.running = false;
        done
    }};
}

impl Lines {
    /// The connections of a pool.
    pub(crate) fn new(connection: &DatabaseConnection) -> Arc<Self> {
        let (pool, most) = match connection.get_database_backend() {
            DbBackend::Postgres => {
                let pool = connection.get_postgres_connection_pool().clone();
                let most = pool.options().get_max_connections();
                (Pool::Postgres(pool), most)
            }
            _ => {
                let pool = connection.get_sqlite_connection_pool().clone();
                let most = pool.options().get_max_connections();
                (Pool::Sqlite(pool), most)
            }
        };
        let most = most as usize;
        let lines = Arc::new(Self { pool, idle: Mutex::default(), turns: Arc::new(Semaphore::new(most)), most });
        tokio::spawn(let_go(Arc::downgrade(&lines)));
        lines
    }

    /// Takes a connection, once it is one's turn.
    pub(crate) async fn take(&self) -> Result<Taken, DbErr> {
        let turn = match Arc::clone(&self.turns).try_acquire_owned() {
            Ok(turn) => turn,
            Err(_) => match timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned()).await {
                Ok(Ok(turn)) => turn,
                Ok(Err(_)) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed)),
                Err(_) => return Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)),
            },
        };
        let at_hand = self.idle().pop_back();
        // One that was not used for long may be dead: its way leads through the pool, which sees to that.
        let (line, opened) = match at_hand.filter(|it| it.since.elapsed() < IDLE) {
            Some(AtHand { line, opened, .. }) => (line, opened),
            None => (self.open().await?, Instant::now()),
        };
        Ok(Taken { line: Some(line), opened, running: false, turn: Some(turn) })
    }

    /// Keeps a connection at hand whose last statement came to a good end.
    pub(crate) fn give_back(&self, mut taken: Taken) {
        let (line, opened) = (taken.line.take(), taken.opened);
        let mut idle = self.idle();
        // Nobody takes it from a pool that was closed.
        if !self.turns.is_closed()
            && opened.elapsed() < ALWAYS_IN_USE
            && let Some(line) = line
        {
            idle.push_back(AtHand { line, opened, since: Instant::now() });
        }
    }

    /// How many are in use, and how many are not.
    pub(crate) fn count(&self) -> (usize, usize) {
        let beneath = match &self.pool {
            Pool::Postgres(pool) => pool.num_idle(),
            Pool::Sqlite(pool) => pool.num_idle(),
        };
        (self.most - self.turns.available_permits(), self.idle().len() + beneath)
    }

    /// Closes all that are not in use, and each of the others once it is given back.
    pub(crate) async fn close(&self) {
        self.turns.close();
        let idle = std::mem::take(&mut *self.idle());
        let closing = async {
            match &self.pool {
                Pool::Postgres(pool) => pool.close().await,
                Pool::Sqlite(pool) => pool.close().await,
            }
        };
        // The pool is closed from the moment on that it begins to be, and what comes back to it then is dropped.
        futures::join!(closing, async move { drop(idle) });
    }

    async fn open(&self) -> Result<Line, DbErr> {
        let opened = async {
            match &self.pool {
                Pool::Postgres(pool) => {
                    let mut connection = pool.acquire().await?;
                    let backend = Backend::of(pool, &mut connection).await?;
                    Ok(Line::Postgres(connection, backend))
                }
                Pool::Sqlite(pool) => {
                    let mut connection = pool.acquire().await?;
                    let interrupt = Interrupt::of(&mut connection).await?;
                    Ok(Line::Sqlite(connection, interrupt))
                }
            }
        };
        opened.await.map_err(|error| match error {
            Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
            Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
            error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
        })
    }

    fn idle(&self) -> MutexGuard<'_, VecDeque<AtHand>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the pool back what nobody needs, for as long as there is someone who might.
async fn let_go(lines: Weak<Lines>) {
    loop {
        tokio::time::sleep(IDLE).await;
        let Some(lines) = lines.upgrade() else { return };
        let mut idle = lines.idle();
        let unused = idle.partition_point(|it| it.since.elapsed() >= IDLE);
        let unused: Vec<_> = idle.drain(..unused).collect();
        drop(idle);
        drop(unused);
    }
}

/// How a statement went, for the log: its text, but never its values.
struct Said(Option<(String, Instant)>);

impl Said {
    fn of(statement: &Statement) -> Self {
        let is_heard = tracing::enabled!(target: STATEMENTS, tracing::Level::TRACE);
        Self(is_heard.then(|| (statement.sql.clone(), Instant::now())))
    }

    fn done<T>(self, outcome: Result<T, Error>) -> Result<T, Error> {
        if let Some((sql, begun)) = self.0 {
            let elapsed_us = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
            tracing::trace!(target: STATEMENTS, sql, elapsed_us, failed = outcome.is_err(), "statement");
        }
        outcome
    }
}

impl Taken {
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<ExecResult, DbErr> {
        let said = Said::of(&statement);
        let (sql, values) = parts(statement);
        let done = on!(self, connection => {
            query_with(sql, values).execute(&mut **connection).await.map(Into::into)
        });
        said.done(done).map_err(not_executed)
    }

    pub(crate) async fn execute_unprepared(&mut self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = AssertSqlSafe(sql.to_owned());
        on!(self, connection => (&mut **connection).execute(sql).await.map(Into::into)).map_err(not_executed)
    }

    pub(crate) async fn query_one(&mut self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let said = Said::of(&statement);
        let (sql, values) = parts(statement);
        let found = on!(self, connection => {
            query_with(sql, values).fetch_optional(&mut **connection).await.map(|row| row.map(Into::into))
        });
        said.done(found).map_err(not_read)
    }

    pub(crate) async fn query_all(&mut self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let said = Said::of(&statement);
        let (sql, values) = parts(statement);
        let found = on!(self, connection => {
            let rows = query_with(sql, values).fetch_all(&mut **connection).await;
            rows.map(|rows| rows.into_iter().map(Into::into).collect())
        });
        said.done(found).map_err(not_read)
    }

    /// Hands over each row as it comes. All of them together take much more room than what is read from them.
    pub(crate) async fn query_each(
        &mut self,
        statement: Statement,
        mut each: impl FnMut(QueryResult) + Send,
    ) -> Result<(), DbErr> {
        let said = Said::of(&statement);
        let (sql, values) = parts(statement);
        let found = on!(self, connection => {
            let rows = query_with(sql, values).fetch(&mut **connection);
            rows.map_ok(|row| each(row.into())).try_collect::<()>().await
        });
        said.done(found).map_err(not_read)
    }

    /// Begins a transaction, with a statement of its own if there is one.
    pub(crate) async fn begin(&mut self, statement: Option<&'static str>) -> Result<(), DbErr> {
        let statement = statement.map(SqlSafeStr::into_sql_str);
        match &mut self.line {
            Some(Line::Postgres(connection, _)) => <Postgres as Database>::TransactionManager::begin(connection, statement).await,
            Some(Line::Sqlite(connection, _)) => <Sqlite as Database>::TransactionManager::begin(connection, statement).await,
            None => Err(Error::PoolClosed),
        }
        .map_err(not_read)
    }

    pub(crate) async fn commit(&mut self) -> Result<(), DbErr> {
        match &mut self.line {
            Some(Line::Postgres(connection, _)) => <Postgres as Database>::TransactionManager::commit(connection).await,
            Some(Line::Sqlite(connection, _)) => <Sqlite as Database>::TransactionManager::commit(connection).await,
            None => Err(Error::PoolClosed),
        }
        .map_err(not_read)
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), DbErr> {
        match &mut self.line {
            Some(Line::Postgres(connection, _)) => <Postgres as Database>::TransactionManager::rollback(connection).await,
            Some(Line::Sqlite(connection, _)) => <Sqlite as Database>::TransactionManager::rollback(connection).await,
            None => Err(Error::PoolClosed),
        }
        .map_err(not_read)
    }

    /// Has the transaction taken back before anything else is done on the connection.
    pub(crate) fn start_rollback(&mut self) {
        match &mut self.line {
            Some(Line::Postgres(connection, _)) => <Postgres as Database>::TransactionManager::start_rollback(connection),
            Some(Line::Sqlite(connection, _)) => <Sqlite as Database>::TransactionManager::start_rollback(connection),
            None => {}
        }
    }
}

fn parts(statement: Statement) -> (AssertSqlSafe<String>, SqlxValues) {
    (AssertSqlSafe(statement.sql), SqlxValues(statement.values.unwrap_or(Values(Vec::new()))))
}

fn not_executed(error: Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

fn not_read(error: Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}
