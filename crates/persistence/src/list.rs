//! Lists under a scope, read page by page in the order of a key.
//!
//! The same list is asked for one scope (a root field) and for many at once (a field of each entry of another list):
//! both are one statement.

use std::{cmp::Ordering, collections::HashMap};

use convene_domain::{
    id::Within,
    page::{Direction, Page, PageRequest, Place},
};
use sea_orm::{
    ConnectionTrait, DbBackend, IdenStatic, Order, QueryResult, Statement, Value,
    sea_query::{Condition, Expr, ExprTrait, SelectStatement, ValueTuple},
};
use uuid::Uuid;

use crate::{Result, dialect, in_order::Cells};

/// The name of the column that says which scope a row was found under.
pub(crate) const SCOPE: &str = "list_scope_id";
const COUNT: &str = "list_count";
/// The name of the list of scopes in statements that read under many.
const ASKED: &str = "asked";

/// A column that a list is sorted by.
#[derive(Clone)]
pub(crate) struct SortKey {
    /// The table's alias in the statement.
    pub(crate) table: &'static str,
    /// The column.
    pub(crate) column: &'static str,
    /// In which order, read forward.
    pub(crate) order: Order,
    /// The value at a place.
    pub(crate) value: fn(&Place) -> Value,
    /// How two places compare by it.
    pub(crate) compare: fn(&Place, &Place) -> Ordering,
}

impl SortKey {
    fn expr(&self) -> Expr {
        Expr::col((self.table, self.column))
    }

    fn order(&self, direction: Direction) -> Order {
        match (direction, &self.order) {
            (Direction::Forward, order) => order.clone(),
            (Direction::Backward, Order::Desc) => Order::Asc,
            (Direction::Backward, _) => Order::Desc,
        }
    }
}

/// Sorts by text, by code point.
pub(crate) fn by_text(table: &'static str, column: &'static str) -> SortKey {
    let compare = |a: &Place, b: &Place| a.text.cmp(&b.text);
    SortKey { table, column, order: Order::Asc, value: |place| place.text.clone().into(), compare }
}

/// Sorts by identity.
pub(crate) fn by_id(table: &'static str, column: &'static str) -> SortKey {
    let compare = |a: &Place, b: &Place| a.id.cmp(&b.id);
    SortKey { table, column, order: Order::Asc, value: |place| place.id.into(), compare }
}

/// The scopes of places.
pub(crate) fn uuids(within: &[Within]) -> Vec<Uuid> {
    within.iter().map(|within| within.uuid()).collect()
}

/// A list: everything but where it is asked for, and which page of it.
pub(crate) struct ScopedList {
    /// Selects what a row consists of, from wherever it is, in the order in which it is read.
    pub(crate) select: SelectStatement,
    /// Which rows are shown.
    pub(crate) condition: Condition,
    /// The scope's column, which is one of the table whose rows are listed; none for a list that has no scope.
    pub(crate) scope: Option<(&'static str, &'static str)>,
    /// The whole sort key. Its last column tells any two rows of a scope apart.
    pub(crate) sort: Vec<SortKey>,
}

impl ScopedList {
    /// Reads the page under each scope. A scope without entries is missing from the answer.
    pub(crate) async fn pages<C: ConnectionTrait, T>(
        mut self,
        connection: &C,
        scopes: &[Uuid],
        page: &PageRequest,
        entry: impl Fn(&mut Cells<'_>) -> Result<(Place, T)>,
    ) -> Result<HashMap<Uuid, Page<T>>> {
        for (place, direction) in [(page.after(), Direction::Forward), (page.before(), Direction::Backward)] {
            if let Some(place) = place {
                self.condition = self.condition.add(beyond(&self.sort, place, direction));
            }
        }
        let backend = connection.get_database_backend();
        let statement = match (scopes, self.scope) {
            ([scope], column) => self.one(backend, *scope, column, page),
            (_, Some(column)) if backend == DbBackend::Postgres => self.many_on_postgres(scopes, column, page),
            (_, Some(column)) => self.many_on_sqlite(backend, scopes, column, page),
            (_, None) => return Ok(HashMap::new()),
        };
        let mut read: HashMap<Uuid, Vec<(Place, T)>> = HashMap::new();
        for row in connection.query_all_raw(statement).await? {
            let (scope, entry) = (scope_of(&row)?, entry(&mut Cells::of(&row))?);
            read.entry(scope).or_default().push(entry);
        }
        // Where many were asked for, the statement says which rows, and not in which order.
        if scopes.len() > 1 {
            read.values_mut().for_each(|entries| entries.sort_by(|(a, _), (b, _)| self.compare(a, b, page.direction())));
        }
        Ok(read.into_iter().map(|(scope, entries)| (scope, Page::from_read(page, entries))).collect())
    }

    fn compare(&self, a: &Place, b: &Place, direction: Direction) -> Ordering {
        let by = |key: &SortKey| match key.order(direction) {
            Order::Desc => (key.compare)(b, a),
            _ => (key.compare)(a, b),
        };
        self.sort.iter().map(by).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }

    fn one(
        &self,
        backend: DbBackend,
        scope: Uuid,
        column: Option<(&'static str, &'static str)>,
        page: &PageRequest,
    ) -> Statement {
        let mut select = self.sorted(page);
        select.expr_as(Expr::val(scope), SCOPE);
        if let Some(column) = column {
            select.and_where(Expr::col(column).eq(scope));
        }
        limited(backend.build(&select), page)
    }

    /// Reads no more under a scope than what is shown of it, however many there are: under each, the same as under one.
    fn many_on_postgres(&self, scopes: &[Uuid], column: (&'static str, &'static str), page: &PageRequest) -> Statement {
        let mut select = self.sorted(page);
        select.expr_as(Expr::col(column), SCOPE).and_where(Expr::col(column).equals((ASKED, SCOPE)));
        let mut statement = limited(DbBackend::Postgres.build(&select), page);
        let mut values = statement.values.take().map(|values| values.0).unwrap_or_default();
        values.push(dialect::array(scopes));
        let (place, sql) = (values.len(), &statement.sql);
        let sql = format!("SELECT listed.* FROM unnest(${place}) AS {ASKED} ({SCOPE}) CROSS JOIN LATERAL ({sql}) AS listed");
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    }

    /// SQLite has no LATERAL, but its rows have numbers, which can be asked for under each scope.
    fn many_on_sqlite(
        &self,
        backend: DbBackend,
        scopes: &[Uuid],
        (table, column): (&'static str, &'static str),
        page: &PageRequest,
    ) -> Statement {
        let asked = Expr::col((ASKED, "column1"));
        let mut rows = self.sorted(page);
        rows.clear_selects()
            .column((table, "rowid"))
            .and_where(Expr::col((table, column)).eq(asked.clone()))
            .limit(page.limit() + 1);
        let mut select = self.select.clone();
        select.from_values(dialect::filled(scopes, Uuid::nil()).map(|scope| ValueTuple::One(scope.into())), ASKED);
        select.expr_as(asked, SCOPE).and_where(Expr::col((table, "rowid")).in_subquery(rows));
        backend.build(&select)
    }

    fn sorted(&self, page: &PageRequest) -> SelectStatement {
        let mut select = self.select.clone();
        select.cond_where(self.condition.clone());
        for key in &self.sort {
            select.order_by_expr(key.expr(), key.order(page.direction()));
        }
        select
    }

    /// Counts the entries under each scope. A scope without entries is missing from the answer.
    pub(crate) async fn counts<C: ConnectionTrait>(mut self, connection: &C, scopes: &[Uuid]) -> Result<HashMap<Uuid, u64>> {
        let Some(scope) = self.scope else { return Ok(HashMap::new()) };
        let statement = self
            .select
            .clear_selects()
            .expr_as(Expr::col(scope), SCOPE)
            .expr_as(Expr::cust("COUNT(*)"), COUNT)
            .cond_where(self.condition)
            .and_where(dialect::is_any_id(connection.get_database_backend(), scope, scopes))
            .group_by_col(scope)
            .take();
        let rows = connection.query_all(&statement).await?;
        rows.iter().map(|row| Ok((scope_of(row)?, u64::try_from(row.try_get::<i64>("", COUNT)?).unwrap_or_default()))).collect()
    }
}

/// The number of rows is part of the text: of a number that it does not know, Postgres supposes that it is large, and makes
/// another plan.
fn limited(mut statement: Statement, page: &PageRequest) -> Statement {
    statement.sql.push_str(&format!(" LIMIT {}", page.limit() + 1));
    statement
}

fn scope_of(row: &QueryResult) -> Result<Uuid> {
    Ok(row.try_get("", SCOPE)?)
}

/// The rows beyond a place: `a > x OR (a = x AND (b > y OR ...))`. The first column is bounded once more by itself,
/// because an index can be entered at `a >= x` but not at an OR.
fn beyond(sort: &[SortKey], place: &Place, direction: Direction) -> Condition {
    let mut alternatives = Condition::any();
    for (depth, key) in sort.iter().enumerate() {
        let mut alternative = Condition::all();
        for equal in &sort[..depth] {
            alternative = alternative.add(equal.expr().eq((equal.value)(place)));
        }
        let value = (key.value)(place);
        alternative = alternative.add(match key.order(direction) {
            Order::Desc => key.expr().lt(value),
            _ => key.expr().gt(value),
        });
        alternatives = alternatives.add(alternative);
    }
    let mut beyond = Condition::all().add(alternatives);
    if let Some(first) = sort.first() {
        let value = (first.value)(place);
        beyond = beyond.add(match first.order(direction) {
            Order::Desc => first.expr().lte(value),
            _ => first.expr().gte(value),
        });
    }
    beyond
}

/// Selects all columns of an entity under an alias of its table.
pub(crate) fn columns<E: IdenStatic + sea_orm::Iterable>(select: &mut SelectStatement, alias: &'static str) {
    for column in E::iter() {
        select.column((alias, column.as_str()));
    }
}
