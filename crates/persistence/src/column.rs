//! Reading columns back into values with rules.

use std::str::FromStr;

use convene_domain::{Invalid, text::HeadCount};
use uuid::Uuid;

use crate::{Error, Result};

/// A row that is being read, by name, for errors that say where to look.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) table: &'static str,
    pub(crate) id: Uuid,
}

impl Row {
    /// The value, if the rules allow it.
    pub(crate) fn check<T>(self, column: &'static str, value: std::result::Result<T, Invalid>) -> Result<T> {
        value.map_err(|reason| Error::Inconsistent { table: self.table, id: self.id, column, reason: reason.to_string() })
    }

    /// Reads a text.
    pub(crate) fn parse<T: FromStr<Err = Invalid>>(self, column: &'static str, text: &str) -> Result<T> {
        self.check(column, text.parse())
    }

    /// Reads a text that may be missing.
    pub(crate) fn parse_opt<T: FromStr<Err = Invalid>>(self, column: &'static str, text: Option<&str>) -> Result<Option<T>> {
        text.map(|text| self.parse(column, text)).transpose()
    }

    /// Reads a number of people that may be missing.
    pub(crate) fn people(self, column: &'static str, people: Option<i32>) -> Result<Option<HeadCount>> {
        people.map(|people| self.check(column, HeadCount::try_new(i64::from(people)))).transpose()
    }

    /// Reads a number that is small and not negative.
    pub(crate) fn small(self, column: &'static str, number: i32) -> Result<u16> {
        self.check(column, u16::try_from(number).map_err(|_| Invalid::new("is not a small number")))
    }

    /// Reads a list of texts with `;` between them.
    pub(crate) fn parse_list<T: FromStr<Err = Invalid>>(self, column: &'static str, text: &str) -> Result<Vec<T>> {
        text.split(';').filter(|part| !part.is_empty()).map(|part| self.parse(column, part)).collect()
    }
}

/// Writes a list of texts with `;` between them; none of them contains one.
pub(crate) fn join<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

/// A number of people as the column has it. It is at most ten million.
pub(crate) fn count(people: Option<HeadCount>) -> Option<i32> {
    people.and_then(|people| i32::try_from(people.people()).ok())
}

/// A text as the column has it.
pub(crate) fn text<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}
