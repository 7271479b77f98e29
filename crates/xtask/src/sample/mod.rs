//! The sample network: a small, rich set of CSV files in the import format, the same bytes on every
//! run. Its people and organisations are invented; its places are real.
//!
//! What a person would want to edit (places, rhythms, titles, sentences) lies in `data/`; the code
//! only decides who met when and which sentences a report holds. Every gathering and report has
//! dice of its own, named after it, so that an edit in one place does not reshuffle the others.

mod agenda;
mod calendar;
mod dice;
mod items;
mod marks;
mod meetings;
mod places;
mod reports;
mod sheet;
mod table;
#[cfg(test)]
mod tests;
mod vocabulary;
mod zones;

use std::path::Path;

use anyhow::{Context, Result};
use chrono::{DateTime, NaiveDate, Utc};

use sheet::Sheet;

/// Slug of the one sample network.
const NETWORK: &str = "mending-table";
/// Base of all addresses; `.example` never resolves (RFC 2606).
const SITE: &str = "https://mending-table.example";
/// The moment at which the sample was "taken": later gatherings are planned.
const NOW: &str = "2026-11-22T08:00:00Z";

/// Write the sample network into `dir`, replacing files of the same names.
pub(crate) fn write(dir: &Path) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot create {}", dir.display()))?;
    for sheet in sheets()? {
        sheet.write(dir)?;
    }
    Ok(())
}

/// All files, in the order in which they refer to each other.
fn sheets() -> Result<Vec<Sheet>> {
    let places = places::read()?;
    let people = places::read_people()?;
    let vocabulary = vocabulary::read()?;
    let meetings = meetings::all(&places, &vocabulary)?;
    let mut sheets = vec![network(), vocabulary::sheet(&vocabulary)];
    sheets.extend(places::sheets(&places));
    sheets.push(meetings::sheet(&meetings, &places)?);
    sheets.extend(agenda::sheets(&meetings, &places, &people, &vocabulary)?);
    sheets.extend(reports::sheets(&meetings, &places, &people, &vocabulary)?);
    Ok(sheets)
}

fn network() -> Sheet {
    let mut sheet = Sheet::new("networks.csv", "slug,name,source_url,languages");
    let name = "Mending Table: trauma healing and care";
    sheet.push([NETWORK, name, SITE, "en;pt;id;sw"]);
    sheet
}

/// The instant at which the sample was taken.
fn now() -> Result<DateTime<Utc>> {
    NOW.parse().context("the sample's moment is not RFC 3339")
}

/// The day on which the sample was taken.
fn today() -> Result<NaiveDate> {
    Ok(now()?.date_naive())
}
