//! Table definitions in SQL that is the same on Postgres and SQLite but for the words in braces.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{ConnectionTrait, DbBackend},
};

/// The words in braces, what they become on Postgres, and on SQLite.
///
/// Released steps go through this list: words may be added, but none may change.
const WORDS: [(&str, &str, &str); 10] = [
    ("{uuid}", "uuid", "blob"),
    // Sorted and compared by code point on both, whatever locale the server was set up with.
    ("{text}", "text COLLATE \"C\"", "text"),
    ("{instant}", "timestamptz", "text"),
    ("{date}", "date", "text"),
    // Rows that live only inside one transaction need no write-ahead log.
    ("{scratch}", "UNLOGGED", ""),
    // A table that is nothing but its key is kept in the order of the key alone.
    ("{clustered}", "", "WITHOUT ROWID"),
    // On how many local dates the gathering `g` takes place. What ends at midnight does not touch the day that begins
    // then. SQLite reckons in milliseconds: fractions of a second are cut off before it can round them.
    (
        "{local_dates}",
        "CASE WHEN g.ends_at > g.starts_at THEN ((g.ends_at AT TIME ZONE 'UTC') + g.start_offset * INTERVAL '1 second'
              - INTERVAL '1 microsecond')::date - g.start_date + 1
          WHEN g.starts_at IS NULL AND g.ends_at IS NULL AND g.end_date IS NOT NULL THEN g.end_date - g.start_date + 1
          ELSE 1 END",
        "CASE WHEN g.ends_at > g.starts_at THEN CAST(julianday(date(substr(g.ends_at, 1, 19), g.start_offset || ' seconds',
              CASE WHEN instr(g.ends_at, '.') = 0 THEN '-1 seconds' ELSE '0 seconds' END)) - julianday(g.start_date) AS integer) + 1
          WHEN g.starts_at IS NULL AND g.ends_at IS NULL AND g.end_date IS NOT NULL
              THEN CAST(julianday(g.end_date) - julianday(g.start_date) AS integer) + 1
          ELSE 1 END",
    ),
    // The date on which the report `r` was handed in, where its gathering `g` took place. Of a gathering without an hour
    // it is known when its day began.
    (
        "{submitted_on}",
        "((r.submitted_at AT TIME ZONE 'UTC') + COALESCE(g.start_offset,
              EXTRACT(EPOCH FROM g.start_date)::bigint - g.sort_at / 1000000) * INTERVAL '1 second')::date",
        "date(substr(r.submitted_at, 1, 19), COALESCE(g.start_offset,
              CAST(strftime('%s', g.start_date) AS integer) - g.sort_at / 1000000) || ' seconds')",
    ),
    // The day by which the report of the gathering `x` is due.
    ("{due_on}", "x.last_date + x.due_days", "date(x.last_date, x.due_days || ' days')"),
    // The date of the change set that is sealed.
    ("{recorded_on}", "(NEW.recorded_at AT TIME ZONE 'UTC')::date", "substr(NEW.recorded_at, 1, 10)"),
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
