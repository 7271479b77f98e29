//! What can go wrong in storage.

use sea_orm::{DbErr, SqlErr};
use uuid::Uuid;

/// Postgres: connection lost, too many connections, shut down, no such database.
const UNAVAILABLE: [&str; 4] = ["08", "53", "57P", "3D000"];
/// Postgres: deadlock or failed serialisation, lock not to be had in time, cut off for having waited in a transaction.
const COLLISION: [&str; 3] = ["40", "55P03", "25P03"];

/// Postgres: stopped because it ran for too long.
const STOPPED: [&str; 1] = ["57014"];

/// The result of everything in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in storage. That a record is not there is no error but `None`.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be reached, or refused a statement.
    #[error("the database failed")]
    Driver(#[source] DbErr),
    /// A value that has to be unique is there already.
    #[error("a value that has to be unique is there already")]
    Duplicate(#[source] DbErr),
    /// What a row refers to is gone, or what is to go is referred to: another write was faster.
    #[error("a record refers to one that is not there")]
    Dangling(#[source] DbErr),
    /// A row holds what the rules of the domain do not allow.
    #[error("table {table}, record {id}: column {column} {reason}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The record.
        id: Uuid,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The record has another revision than the one the change was made from, or is gone.
    #[error("record {id} is no longer at revision {expected}")]
    Stale {
        /// The record.
        id: Uuid,
        /// The revision that the change was made from.
        expected: i64,
    },
    /// The database answered COMMIT but did not keep the transaction.
    #[error("the database did not keep the transaction")]
    NotCommitted,
    /// The address of the database is not one that can be used.
    #[error("the database address {0}")]
    Address(String),
}

impl Error {
    /// Whether the database could not be reached, which may be over soon, or had no connection free in time.
    pub fn is_unavailable(&self) -> bool {
        use sea_orm::{RuntimeErr, SqlxError};
        match self {
            Self::Driver(DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) => true,
            Self::Driver(DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) => {
                matches!(&**error, SqlxError::Io(_) | SqlxError::PoolTimedOut | SqlxError::PoolClosed)
                    || self.has_state(&UNAVAILABLE)
            }
            _ => false,
        }
    }

    /// Whether another write was in the way: the same one tried again can succeed.
    pub fn is_collision(&self) -> bool {
        matches!(self, Self::Stale { .. } | Self::Duplicate(_) | Self::Dangling(_)) || self.has_state(&COLLISION)
    }

    /// Whether a statement ran for longer than one may.
    pub fn is_stopped(&self) -> bool {
        self.has_state(&STOPPED)
    }

    /// Whether Postgres failed with one of these states, which are given by how they begin.
    fn has_state(&self, states: &[&str]) -> bool {
        use sea_orm::{RuntimeErr, SqlxError};
        let Self::Driver(DbErr::Query(RuntimeErr::SqlxError(error)) | DbErr::Exec(RuntimeErr::SqlxError(error))) = self else {
            return false;
        };
        let SqlxError::Database(error) = &**error else { return false };
        error.code().is_some_and(|code| states.iter().any(|state| code.starts_with(state)))
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Duplicate(error),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => Self::Dangling(error),
            _ => Self::Driver(error),
        }
    }
}
