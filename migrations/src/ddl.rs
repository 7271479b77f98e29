//! Table definitions in SQL that is the same on Postgres and SQLite but for the words in braces.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

/// The words in braces, what they become on Postgres, and on SQLite.
///
/// Released steps go through this list: words may be added, but none may change.
const WORDS: [(&str, &str, &str); 5] = [
    ("{uuid}", "uuid", "blob"),
    // Sorted and compared by code point on both, whatever locale the server was set up with.
    ("{text}", "text COLLATE \"C\"", "text"),
    ("{instant}", "timestamptz", "text"),
    ("{date}", "date", "text"),
    // Rows that live only inside one transaction need no write-ahead log.
    ("{scratch}", "UNLOGGED", ""),
];

/// Runs statements one after the other.
pub(crate) async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    for statement in statements {
        let sql = WORDS.iter().fold((*statement).to_owned(), |sql, (word, on_postgres, on_sqlite)| {
            sql.replace(word, if postgres { on_postgres } else { on_sqlite })
        });
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// Runs statements on one of the two only.
pub(crate) async fn run_on(manager: &SchemaManager<'_>, backend: DbBackend, statements: &[&str]) -> Result<(), DbErr> {
    if manager.get_database_backend() == backend { run(manager, statements).await } else { Ok(()) }
}
