//! One CSV file of the sample, as rows of text.

use std::path::Path;

use anyhow::{Context, Result};
use csv::{Terminator, WriterBuilder};

/// A file with its header and rows.
pub(super) struct Sheet {
    pub(super) name: &'static str,
    pub(super) columns: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

impl Sheet {
    /// An empty file; `columns` is its header line.
    pub(super) fn new(name: &'static str, columns: &'static str) -> Self {
        let columns = columns.split(',').collect();
        Self { name, columns, rows: Vec::new() }
    }

    /// Add a row; its fields stand in the order of the columns.
    pub(super) fn push<T: Into<String>>(&mut self, row: impl IntoIterator<Item = T>) {
        self.rows.push(row.into_iter().map(Into::into).collect());
    }

    /// The file's bytes: UTF-8, CRLF, quoted only where needed.
    pub(super) fn bytes(&self) -> Result<Vec<u8>> {
        let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(&self.columns).with_context(|| self.name.to_owned())?;
        for row in &self.rows {
            // The writer refuses a row of another length, which guards every `push`.
            writer.write_record(row).with_context(|| format!("{}: {row:?}", self.name))?;
        }
        writer.into_inner().with_context(|| format!("cannot finish {}", self.name))
    }

    /// Write the file into `dir`.
    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let path = dir.join(self.name);
        std::fs::write(&path, self.bytes()?).with_context(|| format!("cannot write {}", path.display()))
    }
}

/// A missing value is an empty field.
pub(super) fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|known| known.to_string()).unwrap_or_default()
}
