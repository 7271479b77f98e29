//! The synthetic network: as large as the largest that we mean to serve, and the same bytes on every run.
//!
//! 40 nations of 10 regions, 4,000 cities; in five years 200,000 gatherings, 180,000 reports, 600,000 activities and 500,000
//! next steps. The first region of each nation is a lively one: 20 cities that meet twenty times a year, each time with a
//! report. The short history is the last half year of as many communities that meet as often: a tenth of everything.

mod chance;
mod places;
mod reports;

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::{Context, Result};
use chrono::NaiveDate;

pub(crate) use places::{NATIONS, nation_slug, region_slug};

/// Changed whenever the files are: databases that were filled with others are made anew.
pub(crate) const EDITION: u32 = 1;
pub(crate) const NETWORK: &str = "synthetic";

/// How much history a network has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct History {
    pub(crate) name: &'static str,
    from: (i32, u32, u32),
    gatherings: u64,
}

pub(crate) const LONG: History = History { name: "long", from: (2021, 11, 1), gatherings: 200_000 };
pub(crate) const SHORT: History = History { name: "short", from: (2026, 5, 1), gatherings: 20_000 };

/// The day after the last gathering of either history.
pub(crate) const END: (i32, u32, u32) = (2026, 11, 1);

/// Writes the files of an import.
pub(crate) fn write(folder: &Path, history: History) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    places::write(folder)?;
    reports::write(folder, history)
}

fn day((year, month, day): (i32, u32, u32)) -> Result<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day).context("no such day")
}

/// A file that is written line by line, after its header.
struct Sheet(BufWriter<File>);

impl Sheet {
    fn new(folder: &Path, name: &str, header: &str) -> Result<Self> {
        let file = File::create(folder.join(name)).with_context(|| format!("cannot write {name}"))?;
        let mut sheet = Self(BufWriter::with_capacity(1 << 20, file));
        sheet.line(header)?;
        Ok(sheet)
    }

    fn line(&mut self, line: &str) -> Result<()> {
        writeln!(self.0, "{line}").context("cannot write a line")
    }

    fn finish(mut self) -> Result<()> {
        self.0.flush().context("cannot write the last lines")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Counts lines, of one kind of item if one is named.
    fn count(folder: &Path, file: &str, kind: &str) -> usize {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        text.lines().skip(1).filter(|line| kind.is_empty() || line.split(',').nth(2) == Some(kind)).count()
    }

    #[test]
    fn the_short_history_is_a_tenth_and_the_same_on_every_run() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(first.path(), SHORT).unwrap();
        write(second.path(), SHORT).unwrap();
        for file in fs::read_dir(first.path()).unwrap() {
            let name = file.unwrap().file_name();
            assert_eq!(fs::read(first.path().join(&name)).unwrap(), fs::read(second.path().join(&name)).unwrap(), "{name:?}");
        }
        let counts = [
            count(first.path(), "communities.csv", ""),
            count(first.path(), "gatherings.csv", ""),
            count(first.path(), "reports.csv", ""),
            count(first.path(), "items.csv", "NEXT_STEP"),
            count(first.path(), "items.csv", "ACTIVITY"),
        ];
        assert_eq!(counts, [4_440, 20_000, 18_000, 50_000, 60_000]);
    }
}
