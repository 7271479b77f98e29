//! The few places where Postgres and SQLite are asked differently.

use sea_orm::{
    ConnectionTrait, DbBackend, Value,
    sea_query::{Expr, ExprTrait, IntoColumnRef},
};
use uuid::Uuid;

/// `column` is one of `ids`. A single one is compared by `=`, so that an index under it gives its rows in order. For
/// more there is one statement text for any number, so that prepared statements stay few: an array on Postgres; on
/// SQLite a list that is filled up to the next power of two.
pub(crate) fn is_any_id(backend: DbBackend, column: impl IntoColumnRef, ids: &[Uuid]) -> Expr {
    let column = Expr::col(column);
    if let [id] = ids {
        return column.eq(*id);
    }
    if backend == DbBackend::Postgres {
        return column.eq(sea_orm::sea_query::PgFunc::any(Expr::val(array(ids))));
    }
    column.is_in(filled(ids, ids.last().copied().unwrap_or_default()))
}

/// An identity as it stands in a text.
pub(crate) fn id_literal(backend: DbBackend, id: Uuid) -> String {
    if backend == DbBackend::Postgres { format!("'{id}'::uuid") } else { format!("x'{}'", id.simple()) }
}

/// The ids as one value, on Postgres.
pub(crate) fn array(ids: &[Uuid]) -> Value {
    Value::Array(sea_orm::sea_query::ArrayType::Uuid, Some(Box::new(ids.iter().map(|id| Value::from(*id)).collect())))
}

/// The ids, filled up to the next power of two.
pub(crate) fn filled(ids: &[Uuid], with: Uuid) -> impl Iterator<Item = Uuid> {
    ids.iter().copied().chain(std::iter::repeat(with)).take(ids.len().next_power_of_two())
}

/// A pattern for LIKE that finds the text anywhere, whatever characters are in it. Escaped by a backslash, which
/// Postgres takes by itself and SQLite has to be told.
pub(crate) fn contains(column: impl IntoColumnRef, folded: &str) -> Expr {
    let escaped: String =
        folded.chars().flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])).collect();
    Expr::col(column).like(sea_orm::sea_query::LikeExpr::new(format!("%{escaped}%")).escape('\\'))
}

/// The values of a group that are not null, as one text with blanks between them.
pub(crate) fn joined(backend: DbBackend, value: &str) -> String {
    if backend == DbBackend::Postgres { format!("string_agg({value}, ' ')") } else { format!("group_concat({value}, ' ')") }
}

/// A date so many days later; null when either is not known.
pub(crate) fn days_later(backend: DbBackend, date: &str, days: &str) -> String {
    if backend == DbBackend::Postgres { format!("({date} + ({days}))") } else { format!("date({date}, ({days}) || ' days')") }
}

/// The date in UTC of a column with an instant.
pub(crate) fn utc_date(backend: DbBackend, column: &str) -> String {
    if backend == DbBackend::Postgres {
        format!("CAST({column} AT TIME ZONE 'UTC' AS date)")
    } else {
        format!("substr({column}, 1, 10)")
    }
}

/// The first day of a month such as 202605.
pub(crate) fn first_of_month(backend: DbBackend, month: &str) -> String {
    if backend == DbBackend::Postgres {
        format!("make_date({month} / 100, {month} % 100, 1)")
    } else {
        format!("printf('%04d-%02d-01', {month} / 100, {month} % 100)")
    }
}

/// A placeholder that stands for a date.
pub(crate) fn as_date(backend: DbBackend, placeholder: &str) -> String {
    if backend == DbBackend::Postgres { format!("CAST({placeholder} AS date)") } else { placeholder.to_owned() }
}

/// The identity of nothing.
pub(crate) fn no_id(backend: DbBackend) -> &'static str {
    if backend == DbBackend::Postgres { "CAST(NULL AS uuid)" } else { "NULL" }
}

/// A turn that is taken by whoever makes the first administrator. Any number will do that is taken for nothing else.
pub(crate) const FIRST_ADMIN: i64 = 6_071_843_204;

/// Waits until nobody else has this turn, and keeps it until the transaction ends. On SQLite whoever writes has all turns.
pub(crate) async fn take_turn<C: ConnectionTrait>(transaction: &C, turn: i64) -> Result<(), sea_orm::DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        transaction.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({turn})")).await?;
    }
    Ok(())
}
