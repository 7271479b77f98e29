//! When each community met: by its rhythm, with its quiet spells, and the gatherings set by hand.

use anyhow::{Context, Result};
use chrono::{Datelike, Days, NaiveDate, Weekday};

use super::dice::Dice;
use super::places::{Place, find};
use super::table::{self, Row};

/// A place in the calendar where one or more communities meet.
pub(super) struct Slot {
    pub(super) hosts: Vec<usize>,
    pub(super) date: NaiveDate,
    pub(super) hour: u32,
    pub(super) minutes: i64,
    pub(super) days: u64,
    /// How many usually come.
    pub(super) size: i64,
    /// How often, in a hundred, a report is written.
    pub(super) diligence: i64,
    /// How often, in a hundred, the title is in the community's own language.
    pub(super) local_titles: i64,
    /// What is set by hand for a special gathering.
    pub(super) special: Option<Special>,
}

/// A gathering that is described in `specials.csv`.
pub(super) struct Special {
    pub(super) format: String,
    pub(super) venue: String,
    pub(super) theme: String,
    pub(super) status: String,
    pub(super) title: String,
}

/// All slots, unsorted.
pub(super) fn slots(places: &[Place]) -> Result<Vec<Slot>> {
    let mut slots = Vec::new();
    for row in table::commas("specials", include_str!("data/specials.csv"))? {
        slots.push(special(&row, places)?);
    }
    for row in table::commas("rhythms", include_str!("data/rhythms.csv"))? {
        let host = find(places, row.text("slug")?)?;
        for date in dates(&row)? {
            let near = |slot: &Slot| (slot.date - date).num_days().abs() < 21;
            // Nobody meets twice within three weeks: a special gathering replaces the usual one.
            if !slots.iter().any(|slot| slot.hosts.contains(&host) && near(slot)) {
                slots.push(regular(&row, host, date)?);
            }
        }
    }
    Ok(slots)
}

fn special(row: &Row, places: &[Place]) -> Result<Slot> {
    let hosts = row.list("hosts")?;
    Ok(Slot {
        hosts: hosts.iter().map(|slug| find(places, slug)).collect::<Result<_>>()?,
        date: row.parse("start")?,
        hour: row.parse("hour")?,
        minutes: row.parse("minutes")?,
        days: row.parse("days")?,
        size: row.parse("size")?,
        diligence: 95,
        local_titles: 0,
        special: Some(Special {
            format: row.owned("format")?,
            venue: row.owned("venue")?,
            theme: row.owned("theme")?,
            status: row.owned("status")?,
            title: row.owned("title")?,
        }),
    })
}

fn regular(row: &Row, host: usize, date: NaiveDate) -> Result<Slot> {
    Ok(Slot {
        hosts: vec![host],
        date,
        hour: row.parse("hour")?,
        minutes: row.parse("minutes")?,
        days: row.parse("days")?,
        size: row.parse("size")?,
        diligence: row.parse("diligence")?,
        local_titles: row.parse("local_titles")?,
        special: None,
    })
}

/// The dates of one community, month by month until the end of 2026.
fn dates(row: &Row) -> Result<Vec<NaiveDate>> {
    let first = first_of_month(row.text("first")?)?;
    let last = row.text("last")?;
    let last = first_of_month(if last.is_empty() { "2026-12" } else { last })?;
    let every: u32 = row.parse("every")?;
    let nth: u8 = row.parse("nth")?;
    let weekday: Weekday = row.parse("weekday")?;
    let quiet = row.list("quiet")?;
    let mut dates = Vec::new();
    let mut month = first;
    while month <= last {
        let usual = NaiveDate::from_weekday_of_month_opt(month.year(), month.month(), weekday, nth);
        let usual = usual.with_context(|| format!("no {nth}. {weekday} in {month}"))?;
        let mut dice = Dice::named(&format!("date {} {month}", row.text("slug")?));
        // Halls are double-booked and feasts move: now and then it is a week later.
        let late = if nth < 4 && dice.chance(14) { 7 } else { 0 };
        if !is_quiet(month, &quiet)? {
            dates.push(usual.checked_add_days(Days::new(late)).context("date out of range")?);
        }
        month = month.checked_add_months(chrono::Months::new(every)).context("out of range")?;
    }
    Ok(dates)
}

/// Spells are written as `2025-01..2025-09`, both months included.
fn is_quiet(month: NaiveDate, spells: &[String]) -> Result<bool> {
    for spell in spells {
        let (from, until) = spell.split_once("..").context("a spell has no dots")?;
        if first_of_month(from)? <= month && month <= first_of_month(until)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn first_of_month(text: &str) -> Result<NaiveDate> {
    format!("{text}-01").parse().with_context(|| format!("not a month: {text}"))
}
