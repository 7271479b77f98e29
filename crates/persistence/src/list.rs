//! Lists under a scope, read page by page in the order of a key.
//!
//! The same list is asked for one scope (a root field) and for many at once (a field of each entry of another list):
//! both are one statement.

use std::collections::HashMap;

use convene_domain::page::{Direction, Page, PageRequest, Place};
use sea_orm::{
    ConnectionTrait, FromQueryResult, IdenStatic, Order, QueryResult, Value,
    sea_query::{Alias, Asterisk, Condition, Expr, ExprTrait, Query, SelectStatement, WindowStatement},
};
use uuid::Uuid;

use crate::Result;

/// The name of the column that says which scope a row was found under.
pub(crate) const SCOPE: &str = "list_scope_id";
const ROW: &str = "list_row";

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

/// A list: everything but which page of it.
pub(crate) struct ScopedList {
    /// Selects the scope as [`SCOPE`] and what a row consists of, for all scopes that are asked for.
    pub(crate) select: SelectStatement,
    /// The scope's column.
    pub(crate) scope: (&'static str, &'static str),
    /// The whole sort key. Its last column tells any two rows of a scope apart.
    pub(crate) sort: Vec<SortKey>,
}

impl ScopedList {
    /// Reads the page under each scope. A scope without entries is missing from the answer.
    pub(crate) async fn pages<C, M, T>(
        mut self,
        connection: &C,
        scopes: usize,
        page: &PageRequest,
        entry: impl Fn(M) -> Result<(Place, T)>,
    ) -> Result<HashMap<Uuid, Page<T>>>
    where
        C: ConnectionTrait,
        M: FromQueryResult,
    {
        for (place, direction) in [(page.after(), Direction::Forward), (page.before(), Direction::Backward)] {
            if let Some(place) = place {
                self.select.cond_where(beyond(&self.sort, place, direction));
            }
        }
        let statement = if scopes == 1 { self.one(page) } else { self.many(page) };
        let mut read: HashMap<Uuid, Vec<(Place, T)>> = HashMap::new();
        for row in connection.query_all(&statement).await? {
            let (scope, entry) = (scope_of(&row)?, entry(M::from_query_result(&row, "")?)?);
            read.entry(scope).or_default().push(entry);
        }
        Ok(read.into_iter().map(|(scope, entries)| (scope, Page::from_read(page, entries))).collect())
    }

    fn one(mut self, page: &PageRequest) -> SelectStatement {
        for key in &self.sort {
            self.select.order_by_expr(key.expr(), key.order(page.direction()));
        }
        self.select.limit(page.limit() + 1).take()
    }

    fn many(mut self, page: &PageRequest) -> SelectStatement {
        let mut window = WindowStatement::partition_by(self.scope);
        for key in &self.sort {
            window.order_by_expr(key.expr(), key.order(page.direction()));
        }
        self.select.expr_window_as(Expr::cust("ROW_NUMBER()"), window, ROW);
        Query::select()
            .column(Asterisk)
            .from_subquery(self.select, Alias::new("listed"))
            .and_where(Expr::col(ROW).lte(page.limit() + 1))
            .order_by(SCOPE, Order::Asc)
            .order_by(ROW, Order::Asc)
            .take()
    }

    /// Counts the entries under each scope. A scope without entries is missing from the answer.
    pub(crate) async fn counts<C: ConnectionTrait>(mut self, connection: &C) -> Result<HashMap<Uuid, u64>> {
        let statement = self
            .select
            .clear_selects()
            .expr_as(Expr::col(self.scope), SCOPE)
            .expr_as(Expr::cust("COUNT(*)"), ROW)
            .group_by_col(self.scope)
            .take();
        let rows = connection.query_all(&statement).await?;
        rows.iter().map(|row| Ok((scope_of(row)?, u64::try_from(row.try_get::<i64>("", ROW)?).unwrap_or_default()))).collect()
    }
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
