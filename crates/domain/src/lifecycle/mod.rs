//! Where communities are in their life, as of a date and computed each time: when one counts as active, who is new, came
//! back or went quiet, and the silences between.
//!
//! A gathering is a community's when the community hosts it itself. What lies before a date of evaluation counts, the date
//! itself does not.

pub mod calendar;
mod history;
mod policy;
mod spell;
mod standing;

pub use history::History;
pub use policy::{ActivityPolicy, BUILT_IN, BuiltIn, Counted, GRACE_DAYS, Period, Rule, Rules};
pub use spell::{QuietSpell, SpellNumbers, quiet_spells};
pub use standing::{Activity, Band, LifeState, Maturity, Periods, QuietBand, Standing};

/// The middle of some numbers, or the mean of the two middle ones; `None` of none.
pub fn median(mut numbers: Vec<i64>) -> Option<f64> {
    numbers.sort_unstable();
    let half = numbers.len() / 2;
    let upper = *numbers.get(half)?;
    let lower = if numbers.len().is_multiple_of(2) { *numbers.get(half - 1)? } else { upper };
    // Counts of days and gatherings are far below what an f64 holds exactly.
    let middle = (lower + upper) as f64 / 2.0;
    Some(middle)
}
