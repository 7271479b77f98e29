//! One database: Postgres, or SQLite in a file.

use std::{sync::Arc, time::Duration};

use convene_domain::id::InstanceId;
use futures::FutureExt;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, EntityTrait, sqlx::postgres::PgConnectOptions};

use crate::{
    Error, Result,
    connections::{Connections, Transaction},
    entity::instance,
    keeper::Keeper,
};

/// How long a transaction may wait for its client (milliseconds). A client that was frozen or cut off in the middle
/// of a write holds what it locked no longer than this.
const IDLE_IN_TRANSACTION: &str = "1000";
/// How long a statement waits for a lock (milliseconds); the seal at COMMIT is bounded by nothing else.
const LOCK_TIMEOUT: &str = "5000";
/// How long one statement may run, unless operations may take longer: nobody waits for it any more then.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a session may say nothing (milliseconds). We close connections that nobody needs much earlier, so this ends
/// only those whose client was cut off and does not know it.
const IDLE_SESSION: &str = "120000";
/// How long a connection is kept that nobody needs.
const IDLE: Duration = Duration::from_secs(30);
/// How long to wait for a connection. While the database is away it is tried again at intervals of up to a fifth of this.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// The connections to one database.
#[derive(Debug, Clone)]
pub struct Database {
    reader: Connections,
    writer: Connections,
    instance: InstanceId,
    /// Nobody else tells when a SQLite file is lost, and it never is.
    _keeper: Option<Arc<Keeper>>,
}

/// A connection, or a transaction, that can be read from.
pub trait Reads: ConnectionTrait {}

impl<C: ConnectionTrait> Reads for C {}

impl Database {
    /// Connects to a database that has been migrated.
    pub async fn open(address: &str, connections: u32) -> Result<Self> {
        Self::open_for(address, connections, STATEMENT_TIMEOUT).await
    }

    /// The same, for operations that may take so long.
    pub async fn open_for(address: &str, connections: u32, operation: Duration) -> Result<Self> {
        let (reader, writer, keeper) = if is_sqlite(address) {
            // SQLite has one writer at a time. One connection for all writes makes them wait in our queue, where the
            // wait is short and fair, instead of failing on the file's lock.
            let reader = connect_sqlite(address, connections.max(1), false).await?;
            (Connections::new(&reader), Connections::new(&connect_sqlite(address, 1, false).await?), None)
        } else {
            let (connections, statement) = (connections.max(2), operation.max(STATEMENT_TIMEOUT));
            let pool = Connections::new(&connect_postgres(address, connections, statement, false).await?);
            let renewed = address.to_owned();
            let renew = move || {
                let address = renewed.clone();
                async move { connect_postgres(&address, connections, statement, true).await }.boxed()
            };
            let keeper = Keeper::start(check_postgres(address)?, pool.clone(), renew);
            (pool.clone(), pool, Some(Arc::new(keeper)))
        };
        let not_ours = || Error::Address("names a database that was not migrated (see `convene migrate up`)".to_owned());
        let row = match instance::Entity::find().one(&reader).await {
            Err(error) if is_missing_table(&error) => return Err(not_ours()),
            row => row?,
        };
        let instance = row.ok_or_else(not_ours)?.id;
        Ok(Self { reader, writer, instance: InstanceId::from_uuid(instance), _keeper: keeper })
    }

    /// Opens one connection, for migrations: they must not meet the limits of serving connections. A SQLite file that is
    /// not there is made.
    pub async fn connect_once(address: &str) -> Result<DatabaseConnection> {
        if is_sqlite(address) {
            return connect_sqlite(address, 1, true).await;
        }
        check_postgres(address)?;
        let mut options = ConnectOptions::new(address);
        options.max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT).sqlx_logging(false);
        Ok(sea_orm::Database::connect(options).await?)
    }

    /// Where to read from.
    pub fn reader(&self) -> &Connections {
        &self.reader
    }

    /// The instance that this database belongs to.
    pub fn instance(&self) -> InstanceId {
        self.instance
    }

    /// Begins to read at one moment: whatever is written meanwhile is not seen.
    pub async fn snapshot(&self) -> Result<Transaction> {
        let statement = match self.reader.get_database_backend() {
            DbBackend::Postgres => Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            // A deferred transaction reads from the moment of its first statement on.
            _ => None,
        };
        let snapshot = self.reader.begin(statement).await?;
        if snapshot.get_database_backend() == DbBackend::Postgres {
            // It locks nothing, and what reads everything takes its time, between statements too.
            snapshot.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
            snapshot.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        }
        Ok(snapshot)
    }

    /// Begins a transaction that writes. One that reads first and writes later fails on SQLite if another wrote in between;
    /// one that takes the write lock at once waits its turn instead.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        let statement = (self.writer.get_database_backend() == DbBackend::Sqlite).then_some("BEGIN IMMEDIATE");
        Ok(self.writer.begin(statement).await?)
    }

    /// The pools of connections: a name, how many are in use, and how many are not.
    pub fn pools(&self) -> Vec<(&'static str, usize, usize)> {
        let named = match self.reader.get_database_backend() {
            DbBackend::Postgres => vec![("shared", &self.reader)],
            _ => vec![("reader", &self.reader), ("writer", &self.writer)],
        };
        let count = |(name, connections): (&'static str, &Connections)| {
            let (in_use, idle) = connections.count();
            (name, in_use, idle)
        };
        named.into_iter().map(count).collect()
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<()> {
        self.reader.execute_unprepared("SELECT 1").await?;
        Ok(())
    }

    /// Closes all connections.
    pub async fn close(self) -> Result<()> {
        self.writer.close().await;
        self.reader.close().await;
        Ok(())
    }

    pub(crate) fn writer(&self) -> &Connections {
        &self.writer
    }
}

fn is_sqlite(address: &str) -> bool {
    address.starts_with("sqlite:")
}

fn check_postgres(address: &str) -> Result<PgConnectOptions> {
    if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
        return Err(Error::Address("begins with none of sqlite://, postgres://, postgresql://".to_owned()));
    }
    // The library's own error would repeat the address, with its password.
    address.parse::<PgConnectOptions>().map_err(|_| Error::Address("is not one of Postgres".to_owned()))
}

/// SQLite says so in words only, Postgres by its state.
fn is_missing_table(error: &sea_orm::DbErr) -> bool {
    let text = error.to_string();
    text.contains("no such table") || text.contains("relation \"instances\" does not exist")
}

async fn connect_sqlite(address: &str, connections: u32, create: bool) -> Result<DatabaseConnection> {
    let file = address.trim_start_matches("sqlite:").trim_start_matches("//");
    if file.split('?').next().is_none_or(str::is_empty) {
        return Err(Error::Address("names no file".to_owned()));
    }
    if address.contains(":memory:") || address.contains("mode=memory") {
        return Err(Error::Address(
            "is in memory, where each connection would have a database of its own; name a file".to_owned(),
        ));
    }
    let mut options = ConnectOptions::new(address);
    options.max_connections(connections).sqlx_logging(false).test_before_acquire(false).map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .create_if_missing(create)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .pragma("journal_mode", "WAL")
            // NORMAL can lose the last commits when the power goes; what was acknowledged must not be lost.
            .pragma("synchronous", "FULL")
            // In KiB; the pages of each connection are its own, and the system keeps those of the file for all.
            .pragma("cache_size", "-1024")
    });
    Ok(sea_orm::Database::connect(options).await?)
}

async fn connect_postgres(address: &str, connections: u32, statement: Duration, lazy: bool) -> Result<DatabaseConnection> {
    check_postgres(address)?;
    let statement = statement.as_millis().to_string();
    let mut options = ConnectOptions::new(address);
    options
        .max_connections(connections)
        .connect_lazy(lazy)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE)
        .sqlx_logging(false)
        // A check before every use costs a round trip a statement, and the keeper notices when the database was away.
        .test_before_acquire_if_idle_for(Duration::from_secs(10))
        .map_sqlx_postgres_opts(move |postgres| {
            postgres.options([
                ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
                ("lock_timeout", LOCK_TIMEOUT),
                ("statement_timeout", &statement),
                ("idle_session_timeout", IDLE_SESSION),
            ])
        });
    Ok(sea_orm::Database::connect(options).await?)
}
