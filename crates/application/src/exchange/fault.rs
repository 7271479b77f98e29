//! What is wrong with the files of an import.

use std::{fmt, path::Path};

/// How many faults are listed. All are counted.
const LISTED: usize = 200;
/// How many characters of a value are shown.
const SHOWN: usize = 80;

/// A fault: where it is, what stands there, and why that cannot be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The file's name.
    pub file: String,
    /// The line that the row begins on, from 1; `None` when the file as a whole is meant.
    pub line: Option<u64>,
    /// The column; `None` when the whole row is meant.
    pub column: Option<String>,
    /// What stands there, cut to 80 characters; `None` when nothing does.
    pub value: Option<String>,
    /// Why it cannot be.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = &self.column {
            // A name of the file's own can hold anything, and this is read on a terminal.
            write!(f, ", column {}", column.escape_debug())?;
        }
        match &self.value {
            Some(value) => write!(f, ": {value:?} {}", self.reason),
            None => write!(f, ": {}", self.reason),
        }
    }
}

/// All faults of an import: the first ones in full, and how many there are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    listed: Vec<Fault>,
    count: usize,
}

impl Faults {
    /// Adds a fault.
    pub fn add(&mut self, fault: Fault) {
        self.count += 1;
        if self.listed.len() < LISTED {
            self.listed.push(fault);
        }
    }

    /// Adds a fault of a whole file, or of the folder.
    pub(super) fn add_file(&mut self, file: &str, reason: impl Into<String>) {
        self.add(Fault { file: file.to_owned(), line: None, column: None, value: None, reason: reason.into() });
    }

    /// Adds a fault of a file that cannot be read.
    pub(super) fn add_unreadable(&mut self, path: &Path, error: &std::io::Error) {
        self.add_file(&path.display().to_string(), format!("cannot be read: {error}"));
    }

    /// How many faults there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The first faults, in the order of the files.
    pub fn listed(&self) -> &[Fault] {
        &self.listed
    }
}

/// A value as a fault shows it.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
