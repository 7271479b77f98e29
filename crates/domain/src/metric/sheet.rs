//! What was counted, by group and part of a period, and what metrics come to by it.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Dimension, Formula, Founded, Measure, Metric, Unit, Value};
use crate::report::{ActivityKind, ItemKind};

/// What tells a group from the others of a dimension.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// A community.
    Community(Uuid),
    /// A number: a year, or a weekday from 1 for Monday.
    Number(i32),
    /// A word or a code.
    Word(String),
    /// Nobody said.
    Unknown,
}

/// What metrics are computed from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The measures that are added up. The first two say how complete reports are.
    pub columns: Vec<Measure>,
    /// Whether anything of gatherings is asked for; the measures stand for nothing otherwise.
    pub gatherings: bool,
    /// Whether distinct hosts are counted.
    pub hosts: bool,
    /// Middle values: of which measure, over gatherings at which another is 1.
    pub medians: Vec<(Measure, Measure)>,
    /// Whether communities are counted.
    pub communities: bool,
}

/// Reports whose people are not counted, because the caller may not read them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Reports that say how many came, left out of what is added up.
    pub reports: i64,
    /// Those of them whose gathering says how many wanted to come.
    pub with_both: i64,
    /// Reports that say how many came, left out of middle values.
    pub of_middle: i64,
}

/// How complete reports are: gatherings held, and reports handed in.
const COMPLETENESS: [Measure; 2] = [Measure::Held, Measure::Reports];

impl Needs {
    /// What is needed for these metrics.
    pub fn of(metrics: &[Metric]) -> Self {
        let mut needs = Self { columns: COMPLETENESS.to_vec(), ..Self::default() };
        for metric in metrics {
            let formula = metric.formula();
            needs.gatherings |= !matches!(formula, Formula::Communities(_) | Formula::Own);
            match formula {
                Formula::Sum { of, base } => {
                    needs.add(of);
                    needs.add(base.unwrap_or_default());
                }
                Formula::Ratio { of, base } => {
                    needs.add(of);
                    needs.add(base);
                }
                Formula::Median { of, base } => needs.medians.push((of, base)),
                Formula::ActiveCommunities => needs.hosts = true,
                Formula::PerActiveCommunity { of } => {
                    needs.add(of);
                    needs.hosts = true;
                }
                Formula::Communities(_) => needs.communities = true,
                Formula::Own => {}
            }
            needs.add(metric.records());
        }
        // In whichever order metrics are named, what is asked of the database is the same statement, which it knows already.
        needs.columns.sort_unstable();
        needs
    }

    fn add(&mut self, measures: &[Measure]) {
        for measure in measures {
            if !self.columns.contains(measure) {
                self.columns.push(*measure);
            }
        }
    }

    /// Whether people are counted that reports tell of.
    pub fn count_people(&self) -> bool {
        self.columns.iter().any(|measure| measure.is_of_people()) || self.finds_middle_people()
    }

    /// Whether middle values of such people are asked for.
    pub fn finds_middle_people(&self) -> bool {
        self.medians.iter().any(|(of, _)| of.is_of_people())
    }

    /// Whether sums of months are enough.
    pub fn are_sums(&self) -> bool {
        !self.hosts && !self.communities && self.medians.is_empty()
    }
}

impl Metric {
    /// The records that a number is taken from, where that is not what it is divided by.
    fn records(self) -> &'static [Measure] {
        match (self, self.formula()) {
            // The share is one of people; what it rests on are gatherings.
            (Self::ShowUpRate, _) => &[Measure::WithBoth],
            (Self::Reports, _) => &[Measure::Held],
            (_, Formula::Sum { base: None, .. }) if self.definition().is_some_and(|it| it.unit == Unit::Items) => {
                &[Measure::Reports]
            }
            _ => &[],
        }
    }

    /// Whether values of several groups or periods add up to the value of all of them, where nothing counts twice.
    pub fn is_additive(self) -> bool {
        matches!(self.formula(), Formula::Sum { .. } | Formula::Communities(Founded::Ever | Founded::Within))
    }
}

impl LeftOut {
    /// Of how many records a metric says less than there is.
    fn of(self, metric: Metric) -> i64 {
        let (of, base): (&[Measure], &[Measure]) = match metric.formula() {
            Formula::Sum { of, base } => (of, base.unwrap_or_default()),
            Formula::Ratio { of, base } => (of, base),
            Formula::Median { of, .. } if of.is_of_people() => return self.of_middle,
            _ => return 0,
        };
        let any = |some: &[Measure]| of.iter().chain(base).any(|measure| some.contains(measure));
        if any(&[Measure::Attendance, Measure::ReportsWithAttendance]) {
            self.reports
        } else if any(Measure::OF_PEOPLE) {
            self.with_both
        } else {
            0
        }
    }
}

/// The middle value of some.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Middle {
    /// The value.
    pub value: f64,
    /// Of how many.
    pub of: i64,
}

/// What was counted of one group, part by part.
#[derive(Debug, Clone, PartialEq)]
pub struct Tally {
    /// The sums of measures, part after part.
    pub sums: Vec<i64>,
    /// Distinct hosts of held gatherings, by part.
    pub hosts: Vec<i64>,
    /// The middle values, by what they are of, and by part.
    pub medians: Vec<Vec<Middle>>,
    /// Communities that there are; that were founded in the part; and before its end.
    pub communities: Vec<[i64; 3]>,
    /// What is not in the sums and middle values, by part.
    pub left_out: Vec<LeftOut>,
}

impl Tally {
    /// Nothing.
    pub fn empty(needs: &Needs, parts: usize) -> Self {
        Self {
            sums: vec![0; parts * needs.columns.len()],
            hosts: vec![0; if needs.hosts { parts } else { 0 }],
            medians: needs.medians.iter().map(|_| vec![Middle::default(); parts]).collect(),
            communities: vec![[0; 3]; if needs.communities { parts } else { 0 }],
            left_out: vec![LeftOut::default(); if needs.count_people() { parts } else { 0 }],
        }
    }
}

impl Tally {
    /// Puts the parts of another one behind these.
    pub fn append(&mut self, other: &Self) {
        self.sums.extend_from_slice(&other.sums);
        self.hosts.extend_from_slice(&other.hosts);
        self.communities.extend_from_slice(&other.communities);
        self.left_out.extend_from_slice(&other.left_out);
        for (mine, theirs) in self.medians.iter_mut().zip(&other.medians) {
            mine.extend_from_slice(theirs);
        }
    }
}

/// What was counted: of everything, and of each group.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Of everything, each thing once.
    pub total: Tally,
    /// By group.
    pub groups: BTreeMap<Vec<Key>, Tally>,
}

/// A number, and what it was computed from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// The number; `None` where it cannot be computed.
    pub value: Option<f64>,
    /// What was counted or divided.
    pub numerator: f64,
    /// By what, or out of how many; `None` for plain counts.
    pub denominator: Option<f64>,
    /// From how many records.
    pub base: f64,
    /// Whether people are left out of it, because the caller may not read the reports that tell of them.
    pub suppressed: bool,
}

impl Cell {
    /// Whether it was taken from so few records that chance decides more than anything else.
    pub fn is_unreliable(&self) -> bool {
        self.base < Value::RELIABLE
    }
}

/// What a metric comes to, part by part.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Which metric.
    pub metric: Metric,
    /// The numbers.
    pub cells: Vec<Cell>,
}

/// What tells the groups of items apart: the measures that are counted instead of all.
pub type Narrowed = Option<&'static [Measure]>;

impl Column {
    /// Computes a metric from what was counted.
    #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
    pub fn compute(metric: Metric, needs: &Needs, tally: &Tally, narrowed: Narrowed) -> Self {
        let width = needs.columns.len();
        let places = |measures: &[Measure]| -> Vec<usize> {
            measures.iter().filter_map(|measure| needs.columns.iter().position(|column| column == measure)).collect()
        };
        let parts = tally.sums.len().checked_div(width).unwrap_or_default();
        let add =
            |part: usize, places: &[usize]| -> f64 { places.iter().map(|at| tally.sums[part * width + at]).sum::<i64>() as f64 };
        let host = |part: usize| tally.hosts.get(part).copied().unwrap_or_default() as f64;
        let mut column = Self { metric, cells: Vec::with_capacity(parts) };
        let records = places(metric.records());
        match metric.formula() {
            Formula::Sum { of, base } => {
                let (of, base) = (places(narrowed.unwrap_or(of)), base.map(places));
                for part in 0..parts {
                    let sum = add(part, &of);
                    match &base {
                        Some(base) => {
                            let base = add(part, base);
                            column.push((base > 0.0).then_some(sum), sum, Some(base), base);
                        }
                        None => {
                            column.push(Some(sum), sum, (!records.is_empty()).then(|| add(part, &records)), sum);
                        }
                    }
                }
            }
            Formula::Ratio { of, base } => {
                let (of, base) = (places(of), places(base));
                for part in 0..parts {
                    let (of, base) = (add(part, &of), add(part, &base));
                    let taken_from = if records.is_empty() { base } else { add(part, &records) };
                    column.push((base > 0.0).then(|| of / base), of, Some(base), taken_from);
                }
            }
            Formula::Median { of, base } => {
                let at = needs.medians.iter().position(|median| *median == (of, base));
                for part in 0..parts {
                    let middle = at.and_then(|at| tally.medians.get(at)?.get(part)).copied().unwrap_or_default();
                    let count = middle.of as f64;
                    column.push((middle.of > 0).then_some(middle.value), middle.value, Some(count), count);
                }
            }
            Formula::ActiveCommunities => (0..parts).for_each(|part| column.push(Some(host(part)), host(part), None, host(part))),
            Formula::PerActiveCommunity { of } => {
                let of = places(of);
                for part in 0..parts {
                    let (of, base) = (add(part, &of), host(part));
                    column.push((base > 0.0).then(|| of / base), of, Some(base), base);
                }
            }
            Formula::Communities(founded) => {
                let at = match founded {
                    Founded::Ever => 0,
                    Founded::Within => 1,
                    Founded::Before => 2,
                };
                for part in &tally.communities {
                    let count = part[at] as f64;
                    column.push(Some(count), count, None, count);
                }
            }
            // A question was checked not to ask for these.
            Formula::Own => {}
        }
        for (cell, left_out) in column.cells.iter_mut().zip(&tally.left_out) {
            cell.suppressed = *left_out != LeftOut::default() && left_out.of(metric) > 0;
        }
        column
    }

    fn push(&mut self, value: Option<f64>, numerator: f64, denominator: Option<f64>, base: f64) {
        // Where nothing can be divided, nothing was counted either.
        self.cells.push(Cell { value, numerator, denominator, base, suppressed: false });
    }

    /// The numbers alone.
    pub fn values(&self) -> Vec<Option<f64>> {
        self.cells.iter().map(|cell| cell.value).collect()
    }

    /// Whether there is nothing in any part, neither counted nor left out.
    pub fn is_empty(&self) -> bool {
        let nothing = |cell: &Cell| cell.numerator <= 0.0 && cell.denominator.is_none_or(|number| number <= 0.0);
        self.cells.iter().all(|cell| nothing(cell) && !cell.suppressed)
    }
}

/// The groups that a dimension of items has, with the measures that make them up; `None` for other dimensions.
pub fn item_groups(dimension: Dimension) -> Option<Vec<(&'static str, &'static [Measure])>> {
    match dimension {
        Dimension::ItemKind => Some(ItemKind::ALL.iter().map(|kind| (kind.as_str(), Measure::of_item(*kind))).collect()),
        Dimension::ActivityKind => {
            let group = |at: usize, kind: &ActivityKind| Some((kind.as_str(), Measure::ALL_ACTIVITIES.get(at..=at)?));
            Some(ActivityKind::ALL.iter().enumerate().filter_map(|(at, kind)| group(at, kind)).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(metrics: &[Metric]) -> Needs {
        Needs::of(metrics)
    }

    #[test]
    fn a_share_is_divided_part_by_part() {
        let needs = needs(&[Metric::ReportingRate, Metric::Attendance]);
        assert_eq!(needs.columns, [Measure::Held, Measure::Reports, Measure::ReportsWithAttendance, Measure::Attendance]);
        let mut tally = Tally::empty(&needs, 2);
        tally.sums = vec![4, 3, 2, 50, 0, 0, 0, 0];
        let rate = Column::compute(Metric::ReportingRate, &needs, &tally, None);
        let cell = |value, numerator, denominator, base| Cell {
            value,
            numerator,
            denominator: Some(denominator),
            base,
            suppressed: false,
        };
        assert_eq!(rate.cells, [cell(Some(0.75), 3.0, 4.0, 4.0), cell(None, 0.0, 0.0, 0.0)]);
        let attendance = Column::compute(Metric::Attendance, &needs, &tally, None);
        assert_eq!(attendance.cells, [cell(Some(50.0), 50.0, 2.0, 2.0), cell(None, 0.0, 0.0, 0.0)]);
    }

    #[test]
    fn the_show_up_rate_rests_on_gatherings_and_items_on_reports() {
        let needs = needs(&[Metric::ShowUpRate, Metric::Items]);
        let mut tally = Tally::empty(&needs, 1);
        let mut set =
            |measure, number| tally.sums[needs.columns.iter().position(|it| *it == measure).expect("a column")] = number;
        set(Measure::RsvpsOfBoth, 40);
        set(Measure::AttendanceOfBoth, 30);
        set(Measure::WithBoth, 3);
        set(Measure::Reports, 5);
        set(Measure::Needs, 2);
        set(Measure::Visits, 1);
        let rate = Column::compute(Metric::ShowUpRate, &needs, &tally, None);
        assert_eq!((rate.cells[0].value, rate.cells[0].base), (Some(0.75), 3.0));
        let items = Column::compute(Metric::Items, &needs, &tally, None);
        assert_eq!((items.cells[0].value, items.cells[0].denominator), (Some(3.0), Some(5.0)));
        let visits = Column::compute(Metric::Items, &needs, &tally, Some(&[Measure::Visits]));
        assert_eq!(visits.cells[0].value, Some(1.0));
    }

    #[test]
    fn what_leaves_people_out_says_so() {
        let asked = [Metric::Attendance, Metric::ShowUpRate, Metric::AttendanceMedian, Metric::Rsvps, Metric::Reports];
        let needs = needs(&asked);
        let flags = |left_out| {
            let tally = Tally { left_out: vec![left_out], ..Tally::empty(&needs, 1) };
            asked.map(|metric| Column::compute(metric, &needs, &tally, None).cells[0].suppressed)
        };
        assert_eq!(flags(LeftOut::default()), [false; 5]);
        assert_eq!(flags(LeftOut { reports: 2, with_both: 0, of_middle: 3 }), [true, false, true, false, false]);
        assert_eq!(flags(LeftOut { reports: 2, with_both: 1, of_middle: 0 }), [true, true, false, false, false]);
        let tally = Tally { left_out: vec![LeftOut { reports: 1, ..LeftOut::default() }], ..Tally::empty(&needs, 1) };
        assert!(!Column::compute(Metric::Attendance, &needs, &tally, None).is_empty(), "what is left out is there");
        assert!(!Needs::of(&[Metric::Rsvps, Metric::RsvpsMedian, Metric::Items]).count_people());
    }

    #[test]
    fn the_groups_of_items_make_up_all_items() {
        let all = |dimension| -> Vec<Measure> {
            item_groups(dimension).expect("groups").into_iter().flat_map(|(_, measures)| measures.to_vec()).collect()
        };
        let (mut items, mut every) = (all(Dimension::ItemKind), Measure::ALL_ITEMS.to_vec());
        items.sort();
        every.sort();
        assert_eq!(items, every);
        let activities = item_groups(Dimension::ActivityKind).expect("groups");
        assert!(activities.iter().all(|(code, of)| matches!(of, [one] if one.as_str() == code.to_lowercase())));
        assert_eq!(activities.len(), ActivityKind::ALL.len());
    }

    #[test]
    fn every_metric_that_is_asked_as_activity_is_computed() {
        for metric in Metric::ALL.iter().filter(|metric| metric.formula() != Formula::Own) {
            let needs = needs(&[*metric]);
            let column = Column::compute(*metric, &needs, &Tally::empty(&needs, 3), None);
            assert_eq!(column.cells.len(), 3, "{metric}");
            assert!(column.is_empty(), "{metric}");
        }
    }
}
