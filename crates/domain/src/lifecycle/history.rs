//! The dates of a community's gatherings.

use chrono::NaiveDate;

use crate::text::Cadence;

/// When a community held gatherings and means to, and how often it wants to: those that it hosts itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    held: Vec<NaiveDate>,
    planned: Vec<NaiveDate>,
    pub(super) cadence: Option<Cadence>,
}

impl History {
    /// Takes the local start dates of what was held and of what is planned, in any order.
    pub fn new(mut held: Vec<NaiveDate>, mut planned: Vec<NaiveDate>, cadence: Option<Cadence>) -> Self {
        held.sort_unstable();
        planned.sort_unstable();
        Self { held, planned, cadence }
    }

    /// How many gatherings were held from a day on and before another.
    pub fn held(&self, from: NaiveDate, to: NaiveDate) -> usize {
        between(&self.held, from, to)
    }

    /// How many gatherings are planned from a day on and before another.
    pub fn planned(&self, from: NaiveDate, to: NaiveDate) -> usize {
        between(&self.planned, from, to)
    }

    /// The dates of what was held before a day, ascending.
    pub fn held_before(&self, day: NaiveDate) -> &[NaiveDate] {
        &self.held[..self.held.partition_point(|held| *held < day)]
    }

    /// How often the community means to meet.
    pub fn cadence(&self) -> Option<&Cadence> {
        self.cadence.as_ref()
    }

    /// The dates of everything that was held or is planned, ascending.
    pub(super) fn not_cancelled(&self) -> Vec<NaiveDate> {
        let mut days = [self.held.as_slice(), &self.planned].concat();
        days.sort_unstable();
        days
    }
}

fn between(days: &[NaiveDate], from: NaiveDate, to: NaiveDate) -> usize {
    let before = |day: NaiveDate| days.partition_point(|it| *it < day);
    before(to).saturating_sub(before(from))
}
