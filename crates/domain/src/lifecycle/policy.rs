//! Activity policies: when a community counts as active. They are data, evaluated as of a date.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;

use super::{
    History,
    calendar::{days_after, days_before, last_day_reaching, month_after, month_of, months_before},
};
use crate::{
    Invalid,
    text::{Cadence, Code, Text},
    words::words,
};

/// By how many days a community may be later than its cadence says before it counts as having missed it.
pub const GRACE_DAYS: u32 = 14;

words! {
    /// Which gatherings a rule counts.
    Counted, "way to count gatherings" {
        /// Those that were held in the period.
        Held = "HELD",
        /// Those of the period that were held or are still planned.
        NotCancelled = "NOT_CANCELLED",
        /// Those that were held or are planned, in the period or at any time after it.
        NotCancelledOrAhead = "NOT_CANCELLED_OR_AHEAD",
    }
}

/// A period before a date of evaluation, which itself does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Period {
    /// So many days.
    Days(u16),
    /// So many calendar months back from the date, cut to the end of shorter months.
    Months(u16),
    /// So many calendar months that are over.
    ClosedMonths(u16),
}

impl Period {
    /// The longest period: ten years when it is told in days.
    pub const MAX: u16 = 3_660;

    /// Its first day.
    pub fn start(self, as_of: NaiveDate) -> NaiveDate {
        match self {
            Self::Days(days) => days_before(as_of, days.into()),
            Self::Months(months) => months_before(as_of, months.into()),
            Self::ClosedMonths(months) => months_before(month_of(as_of), months.into()),
        }
    }

    /// The first day that does not belong to it any more.
    pub fn end(self, as_of: NaiveDate) -> NaiveDate {
        match self {
            Self::Days(_) | Self::Months(_) => as_of,
            Self::ClosedMonths(_) => month_of(as_of),
        }
    }

    /// The dates of evaluation whose period has a day in it: the first and the last.
    fn dates_with(self, day: NaiveDate) -> (NaiveDate, NaiveDate) {
        match self {
            Self::Days(days) => (days_after(day, 1), days_after(day, days.into())),
            Self::Months(months) => (days_after(day, 1), last_day_reaching(day, months.into())),
            Self::ClosedMonths(months) => {
                let end = month_after(day, u32::from(months) + 1);
                (month_after(day, 1), end.pred_opt().unwrap_or(end))
            }
        }
    }
}

/// A rule: what makes a community active.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// So many gatherings, or more, in a period.
    Gatherings {
        /// How many.
        at_least: u16,
        /// Which of them count.
        counted: Counted,
        /// In which period.
        period: Period,
    },
    /// A gathering held within one interval of the community's own cadence, and [`GRACE_DAYS`].
    OwnCadence,
}

impl Rule {
    /// Checks the numbers of a rule.
    pub fn try_new(at_least: i64, counted: Counted, period: Period) -> Result<Self, Invalid> {
        let (Period::Days(length) | Period::Months(length) | Period::ClosedMonths(length)) = period;
        if !(1..=Period::MAX).contains(&length) {
            return Err(Invalid::new(format!("has a period of {length}: it is 1 to {}", Period::MAX)));
        }
        match u16::try_from(at_least) {
            Ok(at_least @ 1..=1_000) => Ok(Self::Gatherings { at_least, counted, period }),
            _ => Err(Invalid::new(format!("asks for {at_least} gatherings: it is 1 to 1,000"))),
        }
    }

    /// Whether a community fulfils the rule as of a date; `None` when that cannot be told, because it says no cadence, or
    /// none that can be followed.
    pub fn holds(self, history: &History, as_of: NaiveDate) -> Option<bool> {
        match self {
            Self::Gatherings { at_least, counted, period } => {
                let (from, to) = (period.start(as_of), period.end(as_of));
                let number = match counted {
                    Counted::Held => history.held(from, to),
                    Counted::NotCancelled => history.held(from, to) + history.planned(from, to),
                    Counted::NotCancelledOrAhead => history.held(from, NaiveDate::MAX) + history.planned(from, NaiveDate::MAX),
                };
                Some(number >= usize::from(at_least))
            }
            Self::OwnCadence => {
                let interval = interval(history.cadence.as_ref()?)?;
                Some(history.held(days_before(interval.start(as_of), GRACE_DAYS), as_of) > 0)
            }
        }
    }

    /// The stretches of dates on which the rule is fulfilled, first and last, by what is known as of a date: what was held
    /// before it, and, for rules that count it, what is planned.
    fn stretches(self, history: &History, as_of: NaiveDate) -> Vec<(NaiveDate, NaiveDate)> {
        let (at_least, counted, period, grace) = match self {
            Self::Gatherings { at_least, counted, period } => (usize::from(at_least), counted, period, 0),
            Self::OwnCadence => match history.cadence.as_ref().and_then(interval) {
                Some(interval) => (1, Counted::Held, interval, GRACE_DAYS),
                None => return Vec::new(),
            },
        };
        let days = match counted {
            Counted::Held => history.held_before(as_of).to_vec(),
            Counted::NotCancelled | Counted::NotCancelledOrAhead => history.not_cancelled(),
        };
        let runs = days.windows(at_least).filter_map(|run| Some((*run.first()?, *run.last()?)));
        let stretches = runs.map(|(oldest, newest)| {
            let (_, last) = period.dates_with(days_after(oldest, grace));
            let (first, _) = period.dates_with(newest);
            if counted == Counted::NotCancelledOrAhead { (NaiveDate::MIN, last) } else { (first, last) }
        });
        stretches.filter(|(first, last)| first <= last).collect()
    }
}

/// The interval of a cadence as a period; `None` when it is told in hours or less, or cannot be read.
fn interval(cadence: &Cadence) -> Option<Period> {
    let value =
        |name: &str| cadence.split(';').filter_map(|part| part.split_once('=')).find(|(key, _)| key.eq_ignore_ascii_case(name));
    let (_, frequency) = value("FREQ")?;
    let interval: u16 = value("INTERVAL").map_or(Ok(1), |(_, interval)| interval.parse()).ok()?;
    let (unit, months) = match frequency.to_ascii_uppercase().as_str() {
        "DAILY" => (1, false),
        "WEEKLY" => (7, false),
        "MONTHLY" => (1, true),
        "YEARLY" => (12, true),
        _ => return None,
    };
    let length = interval.checked_mul(unit).filter(|length| (1..=Period::MAX).contains(length))?;
    Some(if months { Period::Months(length) } else { Period::Days(length) })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnCadence => f.write_str("OWN_CADENCE"),
            Self::Gatherings { at_least, counted, period } => {
                let (length, unit) = match period {
                    Period::Days(length) => (length, "DAYS"),
                    Period::Months(length) => (length, "MONTHS"),
                    Period::ClosedMonths(length) => (length, "CLOSED_MONTHS"),
                };
                write!(f, "{at_least} {counted} IN {length} {unit}")
            }
        }
    }
}

/// Reads what [`fmt::Display`] writes, the form that rules are stored in.
impl FromStr for Rule {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let malformed = || Invalid::new("is no rule such as \"3 HELD IN 12 MONTHS\" or \"OWN_CADENCE\"");
        if text == "OWN_CADENCE" {
            return Ok(Self::OwnCadence);
        }
        let words: Vec<&str> = text.split(' ').collect();
        let [at_least, counted, "IN", length, unit] = words[..] else { return Err(malformed()) };
        let length: u16 = length.parse().map_err(|_| malformed())?;
        let period = match unit {
            "DAYS" => Period::Days(length),
            "MONTHS" => Period::Months(length),
            "CLOSED_MONTHS" => Period::ClosedMonths(length),
            _ => return Err(malformed()),
        };
        Self::try_new(at_least.parse().map_err(|_| malformed())?, counted.parse()?, period)
    }
}

/// The rules of a policy: one to ten, any of which makes a community active.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rules(Vec<Rule>);

impl Rules {
    /// The most rules of one policy.
    pub const MAX: usize = 10;

    /// Checks the list.
    pub fn try_new(rules: Vec<Rule>) -> Result<Self, Invalid> {
        if (1..=Self::MAX).contains(&rules.len()) {
            Ok(Self(rules))
        } else {
            Err(Invalid::new(format!("has {} rules: there are 1 to {}", rules.len(), Self::MAX)))
        }
    }

    /// The rules in the order in which they were given.
    pub fn all(&self) -> &[Rule] {
        &self.0
    }

    /// Whether a community is active as of a date; `None` when no rule makes it so and one cannot be answered.
    pub fn hold(&self, history: &History, as_of: NaiveDate) -> Option<bool> {
        let mut answer = Some(false);
        for rule in &self.0 {
            match rule.holds(history, as_of) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
        }
        answer
    }

    /// On which day an active community stops being active if nothing more is held than what is known as of the date, and
    /// which rule is the last to hold. `None` when it is not active, or nothing would end it.
    pub fn end(&self, history: &History, as_of: NaiveDate) -> Option<(NaiveDate, Rule)> {
        let mut stretches: Vec<_> = self.stretches(history, as_of).collect();
        stretches.sort_by_key(|(_, (first, _))| *first);
        let mut end: Option<(NaiveDate, Rule)> = None;
        for (rule, (first, last)) in stretches {
            let reached = end.map_or(as_of, |(day, _)| day);
            // One that begins the day after another ends leaves no day out.
            if first <= reached && last >= reached {
                end = Some((days_after(last, 1), rule));
            }
        }
        end.filter(|(day, _)| *day < NaiveDate::MAX)
    }

    /// Since which day a community has not been active any more as of a date; `None` when it is active, or never was.
    pub fn ended(&self, history: &History, as_of: NaiveDate) -> Option<NaiveDate> {
        if self.hold(history, as_of) != Some(false) {
            return None;
        }
        let ends = self.stretches(history, as_of).filter(|(_, (_, last))| *last < as_of);
        ends.map(|(_, (_, last))| days_after(last, 1)).max()
    }

    fn stretches(&self, history: &History, as_of: NaiveDate) -> impl Iterator<Item = (Rule, (NaiveDate, NaiveDate))> {
        self.0.iter().flat_map(move |rule| rule.stretches(history, as_of).into_iter().map(|stretch| (*rule, stretch)))
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
    }
}

impl FromStr for Rules {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::try_new(text.split("; ").map(str::parse).collect::<Result<_, _>>()?)
    }
}

/// When a community counts as active.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityPolicy {
    /// By what communities and questions name it, unique within the network.
    pub code: Code,
    /// What people call it.
    pub name: Text,
    /// What it says, in words.
    pub text: Option<Text>,
    /// What it says, to compute by.
    pub rules: Rules,
}

/// A policy that every network has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its code.
    pub code: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it says, in words.
    pub text: &'static str,
    rules: &'static [Rule],
}

const fn rule(at_least: u16, counted: Counted, period: Period) -> Rule {
    Rule::Gatherings { at_least, counted, period }
}

/// The policies that every network has, the one that holds where nobody chose one first.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn {
        code: "SIX_MONTHS",
        name: "Six months",
        text: "A gathering was held in the last six calendar months.",
        rules: &[rule(1, Counted::Held, Period::Months(6))],
    },
    BuiltIn {
        code: "SIX_MONTHS_OR_AHEAD",
        name: "Six months or ahead (R-Ladies)",
        text: "A gathering that is not cancelled lies in the last six calendar months or ahead.",
        rules: &[rule(1, Counted::NotCancelledOrAhead, Period::Months(6))],
    },
    BuiltIn {
        code: "TWELVE_CLOSED_MONTHS",
        name: "Twelve closed months",
        text: "A gathering was held in the last twelve calendar months that are over.",
        rules: &[rule(1, Counted::Held, Period::ClosedMonths(12))],
    },
    BuiltIn {
        code: "NINETY_DAYS_OR_SIX_A_YEAR",
        name: "90 days or six a year (CNCF)",
        text: "A gathering was held in the last 90 days, or six in the last twelve calendar months.",
        rules: &[rule(1, Counted::Held, Period::Days(90)), rule(6, Counted::Held, Period::Months(12))],
    },
    BuiltIn {
        code: "THREE_A_YEAR",
        name: "Three a year (OWASP)",
        text: "Three gatherings were held in the last twelve calendar months.",
        rules: &[rule(3, Counted::Held, Period::Months(12))],
    },
    BuiltIn {
        code: "OWN_CADENCE",
        name: "Own cadence",
        text: "A gathering was held within one interval of the community's own cadence and 14 days. Not known for a community without one.",
        rules: &[Rule::OwnCadence],
    },
];

impl BuiltIn {
    /// The one that holds where nobody chose one.
    pub const DEFAULT: &'static Self = &BUILT_IN[0];

    /// Finds one by its code.
    pub fn find(code: &str) -> Option<&'static Self> {
        BUILT_IN.iter().find(|policy| policy.code == code)
    }

    /// Its rules.
    pub fn rules(&self) -> Rules {
        Rules(self.rules.to_vec())
    }
}

#[cfg(test)]
mod tests;
