//! Quiet spells: silences of a community between two gatherings that it held, or since the last one.

use chrono::NaiveDate;

use super::{History, median};
use crate::id::CommunityId;

/// A silence of a community.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuietSpell {
    /// Whose.
    pub community: CommunityId,
    /// The day of the last gathering before it.
    pub from: NaiveDate,
    /// The day of the gathering that ended it; `None` while it lasts.
    pub to: Option<NaiveDate>,
    /// How many days from one to the other, or to the date of evaluation.
    pub days: i64,
}

/// The silences of a community of more than so many days as of a date, the oldest first.
pub fn quiet_spells(community: CommunityId, history: &History, longer_than: u32, as_of: NaiveDate) -> Vec<QuietSpell> {
    let held = history.held_before(as_of);
    let between = held.windows(2).filter_map(|pair| Some((*pair.first()?, Some(*pair.last()?))));
    let since = held.last().map(|last| (*last, None));
    let spells = between.chain(since).map(|(from, to)| {
        let days = (to.unwrap_or(as_of) - from).num_days();
        QuietSpell { community, from, to, days }
    });
    spells.filter(|spell| spell.days > longer_than.into()).collect()
}

/// What silences add up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpellNumbers {
    /// How many there are.
    pub spells: usize,
    /// How many of them ended.
    pub ended: usize,
    /// How many of those lasted more than a year (365 days).
    pub ended_after_a_year: usize,
    /// The middle length of those that ended, in days; `None` when none did.
    pub median_days: Option<f64>,
    /// How many communities came back at least once.
    pub came_back: usize,
}

impl SpellNumbers {
    /// Adds up silences; those of one community stand together.
    pub fn of(spells: &[QuietSpell]) -> Self {
        let ended: Vec<&QuietSpell> = spells.iter().filter(|spell| spell.to.is_some()).collect();
        Self {
            spells: spells.len(),
            ended: ended.len(),
            ended_after_a_year: ended.iter().filter(|spell| spell.days > 365).count(),
            median_days: median(ended.iter().map(|spell| spell.days).collect()),
            came_back: ended.chunk_by(|a, b| a.community == b.community).count(),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn spells(held: &[&str], as_of: &str) -> Vec<(String, Option<String>, i64)> {
        let days = held.iter().map(|day| day.parse().expect("a date")).collect();
        let history = History::new(days, Vec::new(), None);
        let found = quiet_spells(CommunityId::from_uuid(Uuid::from_u128(1)), &history, 183, as_of.parse().expect("a date"));
        found.iter().map(|spell| (spell.from.to_string(), spell.to.map(|day| day.to_string()), spell.days)).collect()
    }

    #[test]
    fn a_silence_is_longer_than_the_days_that_are_asked_for() {
        assert_eq!(spells(&["2025-01-01", "2025-07-03"], "2025-07-10"), []);
        let one = ("2025-01-01".to_owned(), Some("2025-07-04".to_owned()), 184);
        assert_eq!(spells(&["2025-07-04", "2025-01-01"], "2025-07-10"), [one]);
    }

    #[test]
    fn the_last_silence_lasts_and_what_comes_later_does_not_end_it() {
        assert_eq!(spells(&["2025-01-01"], "2025-07-03"), []);
        let lasting = [("2025-01-01".to_owned(), None, 184)];
        assert_eq!(spells(&["2025-01-01"], "2025-07-04"), lasting);
        assert_eq!(spells(&["2025-01-01", "2025-07-04"], "2025-07-04"), lasting);
        assert_eq!(spells(&[], "2025-07-04"), []);
    }

    #[test]
    fn the_numbers_are_of_the_same_silences() {
        let spell = |community, days, ended: bool| {
            let from: NaiveDate = "2020-01-01".parse().expect("a date");
            let to = from + chrono::TimeDelta::days(days);
            QuietSpell { community: CommunityId::from_uuid(Uuid::from_u128(community)), from, to: ended.then_some(to), days }
        };
        let spells = [spell(1, 200, true), spell(1, 366, true), spell(2, 400, false), spell(3, 365, true), spell(3, 500, true)];
        let numbers = SpellNumbers::of(&spells);
        assert_eq!((numbers.spells, numbers.ended, numbers.ended_after_a_year, numbers.came_back), (5, 4, 2, 2));
        assert_eq!(numbers.median_days, Some(365.5));
        assert_eq!(SpellNumbers::of(&spells[2..3]).median_days, None);
    }
}
