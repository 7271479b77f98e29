//! Over which local dates something is counted, and in which parts.

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::{Invalid, occurrence::Window, words::words};

words! {
    /// A period that is named by its place before a date.
    RelativePeriod, "period" {
        /// The twelve calendar months that ended last.
        Last12ClosedMonths = "LAST_12_CLOSED_MONTHS",
        /// The calendar month that ended last.
        LastClosedMonth = "LAST_CLOSED_MONTH",
        /// The calendar quarter that ended last.
        LastClosedQuarter = "LAST_CLOSED_QUARTER",
        /// The calendar year that ended last.
        LastClosedYear = "LAST_CLOSED_YEAR",
        /// The calendar month up to the date.
        ThisMonthToDate = "THIS_MONTH_TO_DATE",
        /// The calendar quarter up to the date.
        ThisQuarterToDate = "THIS_QUARTER_TO_DATE",
        /// The calendar year up to the date.
        ThisYearToDate = "THIS_YEAR_TO_DATE",
    }
}

words! {
    /// The parts that a period is cut into.
    Bucket, "bucket" {
        /// Calendar months.
        Month = "MONTH",
        /// Calendar quarters.
        Quarter = "QUARTER",
        /// Calendar years.
        Year = "YEAR",
        /// One part: the period itself.
        Whole = "WHOLE",
    }
}

words! {
    /// Which earlier period one is compared with.
    CompareWith, "comparison" {
        /// The period of the same length right before.
        PreviousPeriod = "PREVIOUS_PERIOD",
        /// The same dates a year before.
        SamePeriodLastYear = "SAME_PERIOD_LAST_YEAR",
    }
}

/// Local dates, half-open: `from` belongs to them, `to` does not. They may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The first date.
    pub from: NaiveDate,
    /// The first date after them.
    pub to: NaiveDate,
}

/// The period that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    /// From the month of the first record to that of the last.
    AllTime,
    /// These dates.
    Window(Window),
    /// A named period before the date of the question.
    Relative(RelativePeriod),
    /// So many days before the date of the question.
    LastDays(u16),
}

/// When a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Time {
    /// Which period.
    pub when: When,
    /// The date of the question. Relative periods end by it.
    pub as_of: NaiveDate,
    /// Whether nothing from that date on counts, even in periods that reach further.
    pub is_cut: bool,
}

/// By how much a period is moved to lie right before itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Months(u32),
    Days(u64),
}

/// A period with its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Its dates.
    pub span: Span,
    step: Step,
}

/// The most parts of a period: a hundred years of months.
pub const BUCKET_LIMIT: usize = 1_200;

impl Time {
    /// The dates of the period; `None` for all time, which depends on the records.
    pub fn period(self) -> Option<Period> {
        let day = self.as_of;
        let (month, quarter, year) = (first_of_month(day), first_of_quarter(day), first_of_year(day));
        let (from, to, step) = match self.when {
            When::AllTime => return None,
            When::Window(window) => (window.from(), window.to(), step(window.from(), window.to())),
            When::LastDays(days) => (before(day, Step::Days(days.into())), day, Step::Days(days.into())),
            When::Relative(period) => match period {
                RelativePeriod::Last12ClosedMonths => (before(month, Step::Months(12)), month, Step::Months(12)),
                RelativePeriod::LastClosedMonth => (before(month, Step::Months(1)), month, Step::Months(1)),
                RelativePeriod::LastClosedQuarter => (before(quarter, Step::Months(3)), quarter, Step::Months(3)),
                RelativePeriod::LastClosedYear => (before(year, Step::Months(12)), year, Step::Months(12)),
                // What a part of a month can be compared with is the same part of the month before.
                RelativePeriod::ThisMonthToDate => (month, day, Step::Months(1)),
                RelativePeriod::ThisQuarterToDate => (quarter, day, Step::Months(3)),
                RelativePeriod::ThisYearToDate => (year, day, Step::Months(12)),
            },
        };
        let period = Period { span: Span { from, to }, step };
        Some(if self.is_cut { period.cut(day) } else { period })
    }

    /// All time, given the first and the last date on which there is something.
    pub fn all(self, bounds: Option<(NaiveDate, NaiveDate)>) -> Period {
        let (first, last) = bounds.unwrap_or((self.as_of, self.as_of));
        let (from, to) = (first_of_month(first), first_of_month(last).checked_add_months(Months::new(1)).unwrap_or(last));
        let period = Period { span: Span { from, to }, step: step(from, to) };
        if self.is_cut { period.cut(self.as_of) } else { period }
    }
}

impl Period {
    fn cut(self, day: NaiveDate) -> Self {
        let from = self.span.from.min(day);
        let span = Span { from, to: self.span.to.min(day).max(from) };
        let step = if span == self.span { self.step } else { step(span.from, span.to) };
        Self { span, step }
    }

    /// The dates of an earlier period, part by part, for the parts of this one.
    ///
    /// # Errors
    ///
    /// Fails if the parts of the earlier period would be no calendar ones.
    pub fn compared(self, with: CompareWith, bucket: Bucket) -> Result<Span, Invalid> {
        let step = match with {
            CompareWith::PreviousPeriod => self.step,
            CompareWith::SamePeriodLastYear => Step::Months(12),
        };
        let months = match bucket {
            Bucket::Month => 1,
            Bucket::Quarter => 3,
            Bucket::Year => 12,
            Bucket::Whole => 0,
        };
        let fits = match step {
            _ if months == 0 => true,
            Step::Months(by) => by % months == 0,
            Step::Days(_) => false,
        };
        if !fits {
            return Err(Invalid::new(format!(
                "{with} cannot be cut into parts by {bucket}: the period is no whole number of them; ask for the bucket WHOLE"
            )));
        }
        let from = before(self.span.from, step);
        // The last date of the period goes back, not the one after it: the 31st becomes the last of a shorter month.
        let last = self.span.to.pred_opt().filter(|_| self.span.to.day() > 1).and_then(|last| before(last, step).succ_opt());
        Ok(Span { from, to: last.unwrap_or_else(|| before(self.span.to, step)).max(from) })
    }
}

impl Span {
    /// Whether there is no date.
    pub fn is_empty(self) -> bool {
        self.from >= self.to
    }

    /// Whether the dates are whole calendar months.
    pub fn is_whole_months(self) -> bool {
        self.from.day() == 1 && self.to.day() == 1
    }

    /// The parts, in order. The first and the last are clipped to the dates.
    ///
    /// # Errors
    ///
    /// Fails if there are too many.
    pub fn buckets(self, bucket: Bucket) -> Result<Vec<Span>, Invalid> {
        let (first, months) = match bucket {
            Bucket::Whole => return Ok(vec![self]),
            Bucket::Month => (first_of_month(self.from), 1),
            Bucket::Quarter => (first_of_quarter(self.from), 3),
            Bucket::Year => (first_of_year(self.from), 12),
        };
        let (mut parts, mut from) = (Vec::new(), first);
        while from < self.to {
            if parts.len() == BUCKET_LIMIT {
                return Err(Invalid::new(format!("{bucket} cuts the period into more than {BUCKET_LIMIT} parts")));
            }
            let Some(to) = from.checked_add_months(Months::new(months)) else { break };
            parts.push(Self { from: from.max(self.from), to: to.min(self.to) });
            from = to;
        }
        Ok(parts)
    }

    /// The name of a part.
    pub fn label(self, bucket: Bucket) -> String {
        match bucket {
            Bucket::Month => self.from.format("%Y-%m").to_string(),
            Bucket::Quarter => format!("{}-Q{}", self.from.year(), self.from.month0() / 3 + 1),
            Bucket::Year => self.from.year().to_string(),
            Bucket::Whole => format!("{}/{}", self.from, self.to),
        }
    }
}

impl Bucket {
    /// The part that a calendar month such as 202605 belongs to, as a number; the statements that count compute the same.
    pub fn key(self, month: i32) -> i32 {
        match self {
            Self::Month => month,
            Self::Quarter => month / 100 * 10 + (month % 100 - 1) / 3,
            Self::Year => month / 100,
            Self::Whole => 0,
        }
    }
}

/// The calendar month of a date as a number such as 202605.
pub fn month_of(day: NaiveDate) -> i32 {
    // Months are 1 to 12, so the conversion is exact.
    day.year() * 100 + i32::try_from(day.month()).unwrap_or_default()
}

/// The first date of a calendar month such as 202605.
pub fn month_start(month: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(month / 100, u32::try_from(month % 100).ok()?, 1)
}

/// The step that fits two dates: months where both begin one, else days.
fn step(from: NaiveDate, to: NaiveDate) -> Step {
    let months = (to.year() - from.year()) * 12 + to.month0().cast_signed() - from.month0().cast_signed();
    match u32::try_from(months) {
        Ok(months) if months > 0 && from.day() == 1 && to.day() == 1 => Step::Months(months),
        _ => Step::Days(u64::try_from((to - from).num_days()).unwrap_or_default()),
    }
}

/// Dates of a month that is shorter become its last.
fn before(day: NaiveDate, step: Step) -> NaiveDate {
    let earlier = match step {
        Step::Months(months) => day.checked_sub_months(Months::new(months)),
        Step::Days(days) => day.checked_sub_days(Days::new(days)),
    };
    earlier.unwrap_or(NaiveDate::MIN)
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

fn first_of_quarter(day: NaiveDate) -> NaiveDate {
    first_of_month(day).with_month0(day.month0() / 3 * 3).unwrap_or(day)
}

fn first_of_year(day: NaiveDate) -> NaiveDate {
    NaiveDate::from_ymd_opt(day.year(), 1, 1).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn span(text: &str) -> Span {
        let (from, to) = text.split_once(' ').expect("two dates");
        Span { from: day(from), to: day(to) }
    }

    fn time(when: When) -> Time {
        Time { when, as_of: day("2026-08-22"), is_cut: false }
    }

    #[test]
    fn closed_periods_end_before_the_date_and_others_at_it() {
        for (period, dates) in [
            (RelativePeriod::Last12ClosedMonths, "2025-08-01 2026-08-01"),
            (RelativePeriod::LastClosedMonth, "2026-07-01 2026-08-01"),
            (RelativePeriod::LastClosedQuarter, "2026-04-01 2026-07-01"),
            (RelativePeriod::LastClosedYear, "2025-01-01 2026-01-01"),
            (RelativePeriod::ThisMonthToDate, "2026-08-01 2026-08-22"),
            (RelativePeriod::ThisQuarterToDate, "2026-07-01 2026-08-22"),
            (RelativePeriod::ThisYearToDate, "2026-01-01 2026-08-22"),
        ] {
            assert_eq!(time(When::Relative(period)).period().map(|it| it.span), Some(span(dates)), "{period}");
        }
        assert_eq!(time(When::LastDays(30)).period().map(|it| it.span), Some(span("2026-07-23 2026-08-22")));
        let first = Time { as_of: day("2026-01-01"), ..time(When::Relative(RelativePeriod::ThisYearToDate)) };
        assert!(first.period().is_some_and(|it| it.span.is_empty()));
    }

    #[test]
    fn nothing_from_the_date_on_counts_when_it_is_said() {
        let window = |from, to| When::Window(Window::try_new(day(from), day(to)).expect("a window"));
        let cut = |when| Time { is_cut: true, ..time(when) }.period().expect("dates").span;
        assert_eq!(cut(window("2026-08-01", "2026-12-01")), span("2026-08-01 2026-08-22"));
        assert!(cut(window("2026-09-01", "2026-12-01")).is_empty());
        assert_eq!(time(window("2026-09-01", "2026-12-01")).period().map(|it| it.span), Some(span("2026-09-01 2026-12-01")));
    }

    #[test]
    fn an_earlier_period_has_the_same_parts() {
        let compared = |when, with, bucket| time(when).period().expect("dates").compared(with, bucket);
        let quarter = When::Relative(RelativePeriod::LastClosedQuarter);
        let (previous, last_year) = (CompareWith::PreviousPeriod, CompareWith::SamePeriodLastYear);
        assert_eq!(compared(quarter, previous, Bucket::Month), Ok(span("2026-01-01 2026-04-01")));
        assert_eq!(compared(quarter, last_year, Bucket::Quarter), Ok(span("2025-04-01 2025-07-01")));
        assert!(compared(quarter, previous, Bucket::Year).is_err());
        let to_date = When::Relative(RelativePeriod::ThisMonthToDate);
        assert_eq!(compared(to_date, previous, Bucket::Month), Ok(span("2026-07-01 2026-07-22")));
        assert_eq!(compared(When::LastDays(10), previous, Bucket::Whole), Ok(span("2026-08-02 2026-08-12")));
        let end_of_may = Time { as_of: day("2026-05-31"), ..time(When::Relative(RelativePeriod::ThisMonthToDate)) };
        let april = end_of_may.period().expect("dates").compared(previous, Bucket::Month);
        assert_eq!(april, Ok(span("2026-04-01 2026-05-01")), "the 30th is the last of April");
        assert!(compared(When::LastDays(10), previous, Bucket::Month).is_err());
    }

    #[test]
    fn parts_are_calendar_ones_clipped_to_the_dates() {
        let dates = span("2025-11-15 2026-04-02");
        let parts = |bucket| -> Vec<String> {
            let parts = dates.buckets(bucket).expect("few");
            assert_eq!((parts[0].from, parts[parts.len() - 1].to), (dates.from, dates.to));
            assert!(parts.windows(2).all(|pair| pair[0].to == pair[1].from));
            parts.iter().map(|part| part.label(bucket)).collect()
        };
        assert_eq!(parts(Bucket::Month), ["2025-11", "2025-12", "2026-01", "2026-02", "2026-03", "2026-04"]);
        assert_eq!(parts(Bucket::Quarter), ["2025-Q4", "2026-Q1", "2026-Q2"]);
        assert_eq!(parts(Bucket::Year), ["2025", "2026"]);
        assert_eq!(parts(Bucket::Whole), ["2025-11-15/2026-04-02"]);
        assert!(span("1900-01-01 2190-01-01").buckets(Bucket::Month).is_err());
        assert_eq!(span("2026-01-01 2026-01-01").buckets(Bucket::Month), Ok(Vec::new()));
        assert_eq!(
            (Bucket::Quarter.key(202_512), Bucket::Year.key(202_512), Bucket::Month.key(202_512)),
            (20_253, 2_025, 202_512)
        );
    }
}
