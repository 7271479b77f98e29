//! When a gathering takes place, as it is given.

use async_graphql::InputObject;
use convene_domain::occurrence::{Moment, Occurrence};

use super::{Fields, Part};
use crate::scalars::{Date, DateTime};

/// From when to when a gathering lasts: to the hour, or by days.
#[derive(Debug, InputObject)]
pub(crate) struct TimingInput {
    /// When it begins, with the offset of its place. Give either this or `startDate`.
    starts_at: Option<DateTime>,
    /// The local date on which it begins, when no more is known. Give either this or `startsAt`.
    start_date: Option<Date>,
    /// When it ends, with the offset of its place; not before it begins. Give this, or `endDate`, or neither.
    ends_at: Option<DateTime>,
    /// The local date on which it ends, when no more is known; not before it begins. Give this, or `endsAt`, or neither.
    end_date: Option<Date>,
}

impl Part for TimingInput {
    type Checked = (Moment, Option<Moment>);

    fn check(self, fields: &mut Fields) -> Option<(Moment, Option<Moment>)> {
        let start = moment(fields, ("startsAt", self.starts_at), ("startDate", self.start_date));
        let start = start.and_then(|start| start.or_else(|| fields.refuse("startsAt", "is missing, and startDate as well")));
        let named = if self.ends_at.is_some() { "endsAt" } else { "endDate" };
        let end = moment(fields, ("endsAt", self.ends_at), ("endDate", self.end_date));
        let (start, end) = (start?, end?);
        fields.valid(named, Occurrence::try_new(start, end, None))?;
        Some((start, end))
    }
}

/// Reads a moment that is given to the hour or by its day, or not at all.
fn moment(fields: &mut Fields, hour: (&str, Option<DateTime>), day: (&str, Option<Date>)) -> Option<Option<Moment>> {
    match (hour.1, day.1) {
        (Some(_), Some(_)) => fields.refuse(day.0, format!("is given together with {}: only one of them can be", hour.0)),
        (Some(instant), None) => fields.valid(hour.0, instant.moment()).map(Some),
        (None, Some(date)) => Some(Some(Moment::Day(date.0))),
        (None, None) => Some(None),
    }
}
