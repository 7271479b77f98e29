//! Taking the steps: all in one transaction, by one process at a time.
//!
//! A process that dies in the middle leaves the database as it was. Two that start at once take turns: the second
//! finds nothing left to do.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{
        ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, TransactionOptions,
        TransactionTrait,
    },
};

use sea_orm_migration::MigrationStatus;

use crate::Migrator;

/// A step and whether it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name of the step's file.
    pub name: String,
    /// Whether this database has it.
    pub applied: bool,
}

/// Takes all steps that are left.
pub async fn up(connection: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = begin(connection).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

/// Takes back the last steps, as many as said, or all.
pub async fn down(connection: &DatabaseConnection, steps: Option<u32>) -> Result<(), DbErr> {
    let transaction = begin(connection).await?;
    Migrator::down(&transaction, steps).await?;
    transaction.commit().await
}

/// Lists the steps in order.
pub async fn status(connection: &DatabaseConnection) -> Result<Vec<Step>, DbErr> {
    let steps = Migrator::get_migration_with_status_read_only(connection).await?;
    Ok(steps
        .iter()
        .map(|step| Step { name: step.name().to_owned(), applied: step.status() == MigrationStatus::Applied })
        .collect())
}

/// The lock is the transaction's: it goes when the transaction ends, however it ends.
async fn begin(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let options = TransactionOptions { sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate), ..Default::default() };
    let transaction = connection.begin_with_options(options).await?;
    if connection.get_database_backend() == DbBackend::Postgres {
        // Any number will do, as long as nobody else on this database locks it.
        transaction.execute_unprepared("SELECT pg_advisory_xact_lock(6071843201)").await?;
    }
    Ok(transaction)
}
