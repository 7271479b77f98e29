//! What a metric comes to.

use super::{Formula, Metric};

/// The value of a metric, with what it was computed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// Of which metric.
    pub metric: Metric,
    /// What was counted or divided.
    pub numerator: f64,
    /// By what it was divided, or out of how many it was taken; `None` for a plain count.
    pub denominator: Option<f64>,
    /// How complete the records are that it was taken from; `None` where no reports are expected.
    pub completeness: Option<Completeness>,
}

/// How many reports there should be, and how many there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Gatherings held, each of which is expected to have a report.
    pub expected: u64,
    /// Reports handed in.
    pub received: u64,
}

impl Value {
    /// From how many records a value has to be taken to be relied upon.
    pub const RELIABLE: f64 = 10.0;

    /// A plain count.
    pub fn count(metric: Metric, numerator: f64) -> Self {
        Self { metric, numerator, denominator: None, completeness: None }
    }

    /// A number with what it is divided by or taken from.
    pub fn of(metric: Metric, numerator: f64, denominator: f64) -> Self {
        Self { denominator: Some(denominator), ..Self::count(metric, numerator) }
    }

    /// The number; `None` when it cannot be computed: there is nothing that it could be taken from.
    pub fn number(&self) -> Option<f64> {
        let Some(denominator) = self.denominator else { return Some(self.numerator) };
        if denominator <= 0.0 {
            return None;
        }
        let divides = match self.metric.formula() {
            Formula::Ratio { .. } | Formula::PerActiveCommunity { .. } => true,
            Formula::Own => self.metric.definition().is_some_and(|definition| definition.unit == super::Unit::Share),
            _ => false,
        };
        Some(if divides { self.numerator / denominator } else { self.numerator })
    }

    /// From how many records it was taken: what it is divided by, else what was counted.
    pub fn base(&self) -> f64 {
        self.denominator.unwrap_or(self.numerator)
    }

    /// Whether it was taken from too few records to be relied upon.
    pub fn is_unreliable(&self) -> bool {
        self.base() < Self::RELIABLE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_divided_and_a_sum_is_not() {
        assert_eq!(Value::of(Metric::AttendanceMean, 30.0, 4.0).number(), Some(7.5));
        assert_eq!(Value::of(Metric::Attendance, 30.0, 4.0).number(), Some(30.0));
        assert_eq!(Value::count(Metric::GatheringsHeld, 0.0).number(), Some(0.0));
    }

    #[test]
    fn nothing_can_be_said_of_nothing() {
        assert_eq!(Value::of(Metric::AttendanceMean, 0.0, 0.0).number(), None);
        assert_eq!(Value::of(Metric::Attendance, 0.0, 0.0).number(), None);
    }

    #[test]
    fn few_records_are_called_few() {
        assert!(Value::of(Metric::AttendanceMean, 900.0, 9.0).is_unreliable());
        assert!(!Value::of(Metric::AttendanceMean, 3.0, 10.0).is_unreliable());
        assert!(Value::count(Metric::GatheringsHeld, 9.0).is_unreliable());
    }
}
