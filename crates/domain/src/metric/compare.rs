//! Putting numbers side by side.

use super::sheet::Column;

/// The rank of each number: 1 for the greatest, equal ones share theirs, and the next one counts them all. What cannot be
/// computed has none.
pub fn ranks(values: &[Option<f64>]) -> Vec<Option<usize>> {
    let greater = |value: f64| values.iter().flatten().filter(|other| **other > value).count();
    values.iter().map(|value| value.map(|value| greater(value) + 1)).collect()
}

/// The part that each number is of their sum; none where the sum is 0.
pub fn shares(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let sum: f64 = values.iter().flatten().sum();
    values.iter().map(|value| value.filter(|_| sum > 0.0).map(|value| value / sum)).collect()
}

/// The middle value, or the mean of the two middle ones; `None` of none.
pub fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*low, *high))
}

/// By what part of it a number grew; `None` where it was nothing, or either cannot be computed.
pub fn growth(now: Option<f64>, earlier: Option<f64>) -> Option<f64> {
    let earlier = earlier.filter(|earlier| *earlier > 0.0)?;
    Some((now? - earlier) / earlier)
}

/// A number of an earlier period, and how the present one grew from it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Earlier {
    /// The earlier number; `None` where it cannot be computed, or there is none to compare with.
    pub value: Option<f64>,
    /// From how many records it was taken; `None` where there is none.
    pub base: Option<f64>,
    /// By what part of it the number grew.
    pub change: Option<f64>,
    /// Whether either was taken from so few records that chance decides how it grew.
    pub unreliable: bool,
    /// Whether people are left out of the earlier number, because the caller may not read the reports that tell of them.
    pub suppressed: bool,
}

impl Earlier {
    /// Puts the numbers of an earlier period beside the present ones.
    pub fn of(now: &Column, earlier: &Column) -> Vec<Self> {
        let beside = |(at, now): (usize, &super::Cell)| {
            let earlier = earlier.cells.get(at);
            let value = earlier.and_then(|earlier| earlier.value);
            Self {
                value,
                base: earlier.map(|earlier| earlier.base),
                change: growth(now.value, value),
                suppressed: earlier.is_some_and(|earlier| earlier.suppressed),
                unreliable: now.is_unreliable() || earlier.is_none_or(super::Cell::is_unreliable),
            }
        };
        now.cells.iter().enumerate().map(beside).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Cell, Metric},
        *,
    };

    #[test]
    fn equal_numbers_share_a_rank() {
        assert_eq!(ranks(&[Some(3.0), None, Some(7.0), Some(3.0), Some(1.0)]), [Some(2), None, Some(1), Some(2), Some(4)]);
        assert_eq!(ranks(&[]), []);
    }

    #[test]
    fn shares_are_of_what_is_known() {
        assert_eq!(shares(&[Some(1.0), None, Some(3.0)]), [Some(0.25), None, Some(0.75)]);
        assert_eq!(shares(&[Some(0.0), Some(0.0)]), [None, None]);
    }

    #[test]
    fn the_middle_of_an_even_number_is_between_two() {
        assert_eq!(median(vec![5.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }

    #[test]
    fn growth_from_few_is_not_to_be_relied_upon() {
        let column = |of: &[f64]| {
            let cell =
                |count: &f64| Cell { value: Some(*count), numerator: *count, denominator: None, base: *count, suppressed: false };
            Column { metric: Metric::GatheringsHeld, cells: of.iter().map(cell).collect() }
        };
        let found = Earlier::of(&column(&[12.0, 30.0, 5.0, 40.0]), &column(&[10.0, 2.0, 20.0]));
        let changes: Vec<_> = found.iter().map(|it| (it.base, it.change, it.unreliable)).collect();
        let expected =
            [(Some(10.0), Some(0.2), false), (Some(2.0), Some(14.0), true), (Some(20.0), Some(-0.75), true), (None, None, true)];
        assert_eq!(changes, expected);
    }

    #[test]
    fn nothing_grows_from_nothing() {
        assert_eq!(growth(Some(34.0), Some(29.0)).map(|part| (part * 1000.0).round()), Some(172.0));
        assert_eq!(growth(Some(0.0), Some(4.0)), Some(-1.0));
        assert_eq!(growth(Some(3.0), Some(0.0)), None);
        assert_eq!(growth(None, Some(2.0)), None);
    }
}
