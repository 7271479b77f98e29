//! Reading the hand-written tables in `data/`.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use csv::ReaderBuilder;

/// One row, by column name.
pub(super) struct Row {
    at: String,
    fields: HashMap<String, String>,
}

impl Row {
    /// The text of a column, perhaps empty.
    pub(super) fn text(&self, column: &str) -> Result<&str> {
        let found = self.fields.get(column).map(String::as_str);
        found.with_context(|| format!("{}: no column {column}", self.at))
    }

    /// The text of a column as an owned value.
    pub(super) fn owned(&self, column: &str) -> Result<String> {
        self.text(column).map(str::to_owned)
    }

    /// A column as a number or another parsed value.
    pub(super) fn parse<T>(&self, column: &str) -> Result<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let text = self.text(column)?;
        text.parse().map_err(|error| anyhow!("{}: {column} is {text:?}: {error}", self.at))
    }

    /// A column as a parsed value, or nothing where it is empty.
    pub(super) fn parse_optional<T>(&self, column: &str) -> Result<Option<T>>
    where
        T: FromStr,
        T::Err: Display,
    {
        if self.text(column)?.is_empty() { Ok(None) } else { self.parse(column).map(Some) }
    }

    /// A column with several values.
    pub(super) fn list(&self, column: &str) -> Result<Vec<String>> {
        let values = self.text(column)?.split(';').filter(|value| !value.is_empty());
        Ok(values.map(str::to_owned).collect())
    }
}

/// A comma-separated table.
pub(super) fn commas(name: &str, text: &str) -> Result<Vec<Row>> {
    rows(name, text, b',')
}

/// A table separated by bars: sentences are full of commas and quotes.
pub(super) fn bars(name: &str, text: &str) -> Result<Vec<Row>> {
    rows(name, text, b'|')
}

fn rows(name: &str, text: &str, delimiter: u8) -> Result<Vec<Row>> {
    let mut reader = ReaderBuilder::new().delimiter(delimiter).quoting(delimiter == b',').from_reader(text.as_bytes());
    let header = reader.headers().with_context(|| name.to_owned())?.clone();
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let at = format!("{name}, row {}", index + 1);
        let record = record.with_context(|| at.clone())?;
        let pairs = header.iter().zip(record.iter());
        let fields = pairs.map(|(column, field)| (column.to_owned(), field.to_owned())).collect();
        rows.push(Row { at, fields });
    }
    Ok(rows)
}
