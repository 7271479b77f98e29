//! Statements that count, put together from text: what they have in common is longer than what differs.

use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value, sea_query::ValueType};

use crate::{Connections, Result};

/// A statement with its values, which are named in the order in which they stand.
pub(super) struct Sql {
    backend: DbBackend,
    text: String,
    values: Vec<Value>,
}

impl Sql {
    pub(super) fn new(backend: DbBackend) -> Self {
        Self { backend, text: String::with_capacity(1_024), values: Vec::new() }
    }

    /// For which database it is.
    pub(super) fn backend(&self) -> DbBackend {
        self.backend
    }

    /// Adds text.
    pub(super) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Adds a value.
    pub(super) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        if self.backend == DbBackend::Postgres {
            self.text.push('$');
            self.text.push_str(&self.values.len().to_string());
        } else {
            self.text.push('?');
        }
        self
    }

    /// Adds a condition: the column has one of the values. The text is the same for any number of them, or for any number
    /// up to a power of two.
    pub(super) fn any<T: Into<Value> + ValueType + Clone>(&mut self, column: &str, values: &[T]) -> &mut Self {
        self.push(column);
        if let [value] = values {
            return self.push(" = ").bind(value.clone());
        }
        if self.backend == DbBackend::Postgres {
            let array = values.iter().map(|value| value.clone().into()).collect();
            let array = Value::Array(T::array_type(), Some(Box::new(array)));
            return self.push(" = ANY(").bind(array).push(")");
        }
        self.push(" IN (");
        let Some(last) = values.last() else { return self.push(")") };
        let filled = values.iter().chain(std::iter::repeat(last)).take(values.len().next_power_of_two());
        for (at, value) in filled.enumerate() {
            self.push(if at == 0 { "" } else { ", " }).bind(value.clone());
        }
        self.push(")")
    }

    /// Adds `AND` and such a condition, unless there are no values, which means any.
    pub(super) fn and_any<T: Into<Value> + ValueType + Clone>(&mut self, column: &str, values: &[T]) -> &mut Self {
        if values.is_empty() { self } else { self.push(" AND ").any(column, values) }
    }

    /// Runs it, and keeps what is read from each row.
    pub(super) async fn each<T: Send>(
        self,
        connection: &Connections,
        read: impl Fn(&QueryResult) -> Result<T> + Send + Sync,
    ) -> Result<Vec<T>> {
        let statement = Statement::from_sql_and_values(self.backend, self.text, self.values);
        let (mut found, mut failure) = (Vec::new(), None);
        let keep = |row: QueryResult| match read(&row) {
            Ok(item) => found.push(item),
            Err(error) => failure = Some(error),
        };
        connection.query_each(statement, keep).await?;
        failure.map_or(Ok(found), Err)
    }

    /// Runs it.
    pub(super) async fn all<C: ConnectionTrait>(self, connection: &C) -> Result<Vec<QueryResult>> {
        let statement = Statement::from_sql_and_values(self.backend, self.text, self.values);
        Ok(connection.query_all_raw(statement).await?)
    }
}

/// The words of values as texts.
pub(super) fn words<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
