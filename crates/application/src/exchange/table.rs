//! A CSV file as rows whose cells are read by column, with a fault for whatever is not as it has to be.

use std::{cell::RefCell, collections::HashMap, fs, path::Path};

use convene_domain::{
    Invalid,
    occurrence::Moment,
    text::{HeadCount, TEXT_LIMIT},
};

use super::{
    fault::{Fault, Faults, shown},
    files::File,
    quotes,
};

/// The rows of a file.
#[derive(Debug)]
pub(super) struct Table {
    file: &'static File,
    header: HashMap<String, usize>,
    rows: Vec<(u64, csv::StringRecord)>,
}

/// A row that is being read.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'a Table,
    line: u64,
    cells: &'a csv::StringRecord,
    faults: &'a RefCell<Faults>,
}

impl Table {
    /// Reads a file of a folder; `None` when it is not there. Its header and the shape of its rows are checked.
    pub(super) fn read(folder: &Path, file: &'static File, faults: &RefCell<Faults>) -> Option<Self> {
        let path = folder.join(file.name);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                faults.borrow_mut().add_unreadable(&path, &error);
                return None;
            }
        };
        // Spreadsheets put a byte order mark in front.
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut records = reader.byte_records();
        let Some(Ok(header)) = records.next() else {
            faults.borrow_mut().add_file(file.name, "is empty: the first line names the columns");
            return None;
        };
        let header = read_header(file, &header, faults)?;
        if let Some((line, index, reason)) = quotes::check(bytes) {
            let column = header.iter().find(|(_, at)| **at == index).map(|(name, _)| name.clone());
            faults.borrow_mut().add(Fault {
                file: file.name.to_owned(),
                line: Some(line),
                column,
                value: None,
                reason: reason.to_owned(),
            });
            return None;
        }
        let mut table = Self { file, header, rows: Vec::new() };
        let mut lines = Lines { bytes, at: 0, line: 1 };
        for record in records {
            // Reading from memory does not fail.
            let Ok(record) = record else { continue };
            let line = lines.at(record.position().map_or(0, csv::Position::byte));
            table.add(line, &record, faults);
        }
        Some(table)
    }

    fn add(&mut self, line: u64, record: &csv::ByteRecord, faults: &RefCell<Faults>) {
        let fault = |column: Option<(&str, usize)>, reason: String| {
            let value = column.and_then(|(_, index)| record.get(index)).map(|bytes| shown(&String::from_utf8_lossy(bytes)));
            let column = column.map(|(name, _)| name.to_owned());
            faults.borrow_mut().add(Fault { file: self.file.name.to_owned(), line: Some(line), column, value, reason });
        };
        if record.len() != self.header.len() {
            fault(None, format!("has {} fields, the header has {}", record.len(), self.header.len()));
            return;
        }
        for (name, index) in &self.header {
            let field = record.get(*index).unwrap_or_default();
            if field.len() > TEXT_LIMIT {
                fault(Some((name, *index)), format!("is {} bytes long, more than {TEXT_LIMIT}", field.len()));
                return;
            }
        }
        match csv::StringRecord::from_byte_record(record.clone()) {
            Ok(record) => self.rows.push((line, record)),
            Err(error) => {
                let index = error.utf8_error().field();
                let column = self.header.iter().find(|(_, at)| **at == index).map(|(name, _)| (name.as_str(), index));
                fault(column, "is not UTF-8".to_owned());
            }
        }
    }

    /// The rows from the top.
    pub(super) fn rows<'a>(&'a self, faults: &'a RefCell<Faults>) -> impl Iterator<Item = Row<'a>> {
        self.rows.iter().map(move |(line, cells)| Row { table: self, line: *line, cells, faults })
    }
}

/// Counts lines. The reader's own count is one short where lines end in CR LF: it notices the LF only with the next row.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that begins at a byte, or behind the line ends there.
    fn at(&mut self, byte: u64) -> u64 {
        let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let mut to = usize::try_from(byte).unwrap_or(usize::MAX).min(self.bytes.len());
        while self.bytes.get(to).is_some_and(is_end) {
            to += 1;
        }
        for at in self.at..to {
            let ends = self.bytes[at] == b'\n' || (self.bytes[at] == b'\r' && self.bytes.get(at + 1) != Some(&b'\n'));
            self.line += u64::from(ends);
        }
        self.at = to;
        self.line
    }
}

fn read_header(file: &'static File, record: &csv::ByteRecord, faults: &RefCell<Faults>) -> Option<HashMap<String, usize>> {
    let fault = |column: &str, reason: String| {
        let column = Some(shown(column));
        faults.borrow_mut().add(Fault { file: file.name.to_owned(), line: Some(1), column, value: None, reason });
    };
    let before = faults.borrow().count();
    let mut header = HashMap::new();
    for (index, name) in record.iter().enumerate() {
        let name = String::from_utf8_lossy(name).into_owned();
        if !file.columns.contains(&name.as_str()) {
            let nearest = file.columns.iter().max_by(|a, b| strsim::jaro(a, &name).total_cmp(&strsim::jaro(b, &name)));
            fault(&name, format!("is not a column of this file; the nearest is {}", nearest.copied().unwrap_or_default()));
        } else if header.insert(name.clone(), index).is_some() {
            fault(&name, "is there twice".to_owned());
        }
    }
    for required in file.required {
        if !header.contains_key(*required) {
            fault(required, "is missing".to_owned());
        }
    }
    (faults.borrow().count() == before).then_some(header)
}

impl<'a> Row<'a> {
    /// The line that the row begins on.
    pub(super) fn line(self) -> u64 {
        self.line
    }

    /// What stands in a column; `None` when it is empty or the file has no such column.
    pub(super) fn text(self, column: &str) -> Option<&'a str> {
        let index = self.table.header.get(column)?;
        self.cells.get(*index).filter(|text| !text.is_empty())
    }

    /// Reads a cell that may be empty. `None` also when there is a fault.
    pub(super) fn read<T>(self, column: &'static str, read: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        let text = self.text(column)?;
        read(text).map_err(|reason| self.fault(column, reason.to_string())).ok()
    }

    /// Reads a cell that must not be empty. `None` only when there is a fault.
    pub(super) fn need<T>(self, column: &'static str, read: impl FnOnce(&str) -> Result<T, Invalid>) -> Option<T> {
        if self.text(column).is_none() {
            self.fault(column, "is empty".to_owned());
        }
        self.read(column, read)
    }

    /// Reads a cell that names a record of another row. Where that row has a fault of its own, this one has none.
    pub(super) fn refer<T>(
        self,
        column: &'static str,
        is_broken: impl FnOnce(&str) -> bool,
        find: impl FnOnce(&str) -> Result<T, Invalid>,
    ) -> Option<T> {
        match self.text(column) {
            Some(key) if is_broken(key) => None,
            _ => self.need(column, find),
        }
    }

    /// Reads a cell with several values and `;` between them.
    pub(super) fn read_list<T>(self, column: &'static str, read: impl Fn(&str) -> Result<T, Invalid>) -> Vec<T> {
        let parts = self.text(column).unwrap_or_default().split(';').filter(|part| !part.is_empty());
        parts.filter_map(|part| read(part).map_err(|reason| self.fault(column, reason.to_string())).ok()).collect()
    }

    /// Takes a value that several cells make up, or adds the fault to one of them.
    pub(super) fn take<T>(self, column: &str, value: Result<T, Invalid>) -> Option<T> {
        value.map_err(|reason| self.fault(column, reason.to_string())).ok()
    }

    /// Adds a fault of a cell.
    pub(super) fn fault(self, column: &str, reason: impl Into<String>) {
        self.faults.borrow_mut().add(Fault {
            file: self.table.file.name.to_owned(),
            line: Some(self.line),
            column: Some(column.to_owned()),
            value: self.text(column).map(shown),
            reason: reason.into(),
        });
    }

    /// Builds a record from the row, unless a fault was found on the way.
    pub(super) fn build<T>(self, build: impl FnOnce() -> Option<T>) -> Option<T> {
        let before = self.faults.borrow().count();
        let built = build();
        if self.faults.borrow().count() == before { built } else { None }
    }
}

/// Reads a whole number.
pub(super) fn integer(text: &str) -> Result<i64, Invalid> {
    // The library would also take +5.
    text.parse().ok().filter(|_| !text.starts_with('+')).ok_or_else(|| Invalid::new("is not a whole number"))
}

/// Reads a whole number that is small and not negative.
pub(super) fn small(text: &str) -> Result<u16, Invalid> {
    let number = integer(text).ok().and_then(|number| u16::try_from(number).ok());
    number.ok_or_else(|| Invalid::new(format!("is not a whole number from 0 to {}", u16::MAX)))
}

/// Reads a decimal number.
pub(super) fn decimal(text: &str) -> Result<f64, Invalid> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err(Invalid::new("is not a number")),
    }
}

/// Reads `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, Invalid> {
    text.parse().map_err(|_| Invalid::new("is neither true nor false"))
}

/// Reads a calendar day.
pub(super) fn day(text: &str) -> Result<chrono::NaiveDate, Invalid> {
    match Moment::parse(text, None) {
        Ok(Moment::Day(day)) => Ok(day),
        _ => Err(Invalid::new("is not a day (YYYY-MM-DD) of the years 1900 to 2199")),
    }
}

/// Reads a number of people.
pub(super) fn people(text: &str) -> Result<HeadCount, Invalid> {
    integer(text).and_then(HeadCount::try_new)
}
