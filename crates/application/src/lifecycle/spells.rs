//! Quiet spells and come-backs.

use chrono::NaiveDate;
use convene_domain::{
    community::{CommunityStatus, Level},
    id::{GatheringId, Within},
    lifecycle::{QuietSpell, SpellNumbers, quiet_spells},
    metric::{Metric, Value},
};
use convene_persistence::lifecycle;

use super::{load, real};
use crate::{App, Result};

/// What is asked of the silences of communities.
#[derive(Debug, Clone)]
pub struct SpellQuestion {
    /// Where.
    pub within: Within,
    /// The date of evaluation.
    pub as_of: NaiveDate,
    /// Of which levels; of all when empty.
    pub levels: Vec<Level>,
    /// Whether communities count that were closed as of the date.
    pub closed: bool,
    /// Silences are longer than this.
    pub longer_than: u32,
}

/// Which silences a list shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SpellFilter {
    /// Only those that ended, or only those that last.
    pub ended: Option<bool>,
    /// Only those of at least so many days.
    pub min_days: Option<i64>,
}

/// A silence, with the name of its community, by which lists are sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spell {
    /// The silence.
    pub spell: QuietSpell,
    /// The name of its community.
    pub name: String,
}

/// The answer: everything is counted from the same silences that are listed.
#[derive(Debug, Clone)]
pub struct Spells {
    /// The date of evaluation.
    pub as_of: NaiveDate,
    /// How many communities ever held a gathering.
    pub ever_met: usize,
    /// The silences, those of a community together, by name, id and day.
    pub spells: Vec<Spell>,
    numbers: SpellNumbers,
}

/// Finds the silences of the communities in a place, which has to exist.
pub async fn spells(app: &App, question: &SpellQuestion) -> Result<Spells> {
    let SpellQuestion { within, as_of, levels, closed, longer_than } = question;
    let mut past = load(app, *within, levels, *as_of).await?;
    past.retain(|past| *closed || past.status != CommunityStatus::Closed);
    past.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    let ever_met = past.iter().filter(|past| !past.history.held_before(*as_of).is_empty()).count();
    let of = |past: &lifecycle::Past| {
        let name = past.name.clone();
        let spells = quiet_spells(past.id, &past.history, *longer_than, *as_of);
        spells.into_iter().map(move |spell| Spell { spell, name: name.clone() }).collect::<Vec<_>>()
    };
    let spells: Vec<Spell> = past.iter().flat_map(of).collect();
    let numbers = SpellNumbers::of(&spells.iter().map(|spell| spell.spell).collect::<Vec<_>>());
    Ok(Spells { as_of: *as_of, ever_met, spells, numbers })
}

/// Finds the gatherings that ended silences, in their order.
pub async fn ends(app: &App, spells: &[QuietSpell]) -> Result<Vec<Option<GatheringId>>> {
    Ok(lifecycle::find_ends(app.reader(), spells).await?)
}

impl SpellFilter {
    /// Whether a silence is shown.
    pub fn passes(self, spell: &QuietSpell) -> bool {
        self.ended.is_none_or(|ended| ended == spell.to.is_some()) && self.min_days.is_none_or(|days| spell.days >= days)
    }
}

impl Spells {
    /// How many silences there are.
    pub fn count(&self) -> Value {
        Value::count(Metric::QuietSpells, real(self.numbers.spells))
    }

    /// How many of them ended.
    pub fn ended(&self) -> Value {
        Value::count(Metric::QuietSpellsEnded, real(self.numbers.ended))
    }

    /// How many of them ended after more than a year.
    pub fn ended_after_a_year(&self) -> Value {
        Value::count(Metric::QuietSpellsEndedAfterAYear, real(self.numbers.ended_after_a_year))
    }

    /// How long those lasted that ended: the middle value.
    pub fn median_days(&self) -> Value {
        let middle = self.numbers.median_days.unwrap_or_default();
        Value::of(Metric::QuietSpellDaysMedian, middle, real(self.numbers.ended))
    }

    /// How many communities came back, of those that ever met.
    pub fn came_back(&self) -> Value {
        Value::of(Metric::CommunitiesComeBack, real(self.numbers.came_back), real(self.ever_met))
    }
}
