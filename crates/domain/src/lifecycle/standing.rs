//! Where a community is in its life.

use chrono::NaiveDate;

use super::{
    History,
    calendar::{months_before, period_before, whole_months},
};
use crate::{Invalid, community::CommunityStatus, occurrence::Window, words::words};

words! {
    /// Where a community is in its life, by the gatherings that it held before and in a window.
    LifeState, "state of life" {
        /// It never held a gathering.
        NeverMet = "NEVER_MET",
        /// It held its first gathering in the window.
        New = "NEW",
        /// It held gatherings before and in the window, and none in the window before.
        Reactivated = "REACTIVATED",
        /// It held gatherings in the window and in the one before.
        Continuing = "CONTINUING",
        /// It held gatherings, and none in the window.
        Quiet = "QUIET",
        /// It was closed.
        Closed = "CLOSED",
    }
}

words! {
    /// How long ago a community held its last gathering, in whole calendar months.
    QuietBand, "band of months" {
        /// Less than six months.
        UnderSix = "UNDER_6",
        /// Six months or more, less than twelve.
        SixToTwelve = "FROM_6",
        /// Twelve months or more, less than 24.
        TwelveToTwentyFour = "FROM_12",
        /// 24 months or more.
        TwentyFourOrMore = "FROM_24",
    }
}

impl QuietBand {
    /// The band of a last gathering as of a date.
    pub fn of(last: NaiveDate, as_of: NaiveDate) -> Self {
        // On the very day that lies so many months back it was within them, as for a policy.
        match last {
            _ if last >= months_before(as_of, 6) => Self::UnderSix,
            _ if last >= months_before(as_of, 12) => Self::SixToTwelve,
            _ if last >= months_before(as_of, 24) => Self::TwelveToTwentyFour,
            _ => Self::TwentyFourOrMore,
        }
    }
}

words! {
    /// How many gatherings a community held in twelve months.
    Band, "band of gatherings" {
        /// None.
        None = "NONE",
        /// One or two.
        OneOrTwo = "FROM_1",
        /// Three to five.
        ThreeToFive = "FROM_3",
        /// Six to eleven.
        SixToEleven = "FROM_6",
        /// Twelve or more.
        TwelveOrMore = "FROM_12",
    }
}

impl Band {
    /// The band of a number of gatherings.
    pub fn of(gatherings: usize) -> Self {
        match gatherings {
            0 => Self::None,
            1..=2 => Self::OneOrTwo,
            3..=5 => Self::ThreeToFive,
            6..=11 => Self::SixToEleven,
            _ => Self::TwelveOrMore,
        }
    }
}

words! {
    /// How long ago a community held its first gathering.
    Maturity, "maturity" {
        /// Less than six calendar months.
        New = "NEW",
        /// Less than 24 calendar months.
        Developing = "DEVELOPING",
        /// Longer.
        Established = "ESTABLISHED",
    }
}

impl Maturity {
    /// The maturity of a community with this first gathering as of a date.
    pub fn of(first: NaiveDate, as_of: NaiveDate) -> Self {
        match first {
            _ if first >= months_before(as_of, 6) => Self::New,
            _ if first >= months_before(as_of, 24) => Self::Developing,
            _ => Self::Established,
        }
    }
}

words! {
    /// How many gatherings a community held in the last six calendar months.
    Activity, "activity" {
        /// None.
        Inactive = "INACTIVE",
        /// One or two.
        Low = "LOW",
        /// Three to six.
        Moderate = "MODERATE",
        /// Seven or more.
        High = "HIGH",
    }
}

impl Activity {
    /// The activity of so many gatherings.
    pub fn of(gatherings: usize) -> Self {
        match gatherings {
            0 => Self::Inactive,
            1..=2 => Self::Low,
            3..=6 => Self::Moderate,
            _ => Self::High,
        }
    }
}

/// The date of evaluation, the window that ends with it, and the one that it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// The date of evaluation: what lies before it counts.
    pub as_of: NaiveDate,
    /// The window.
    pub window: Window,
    /// The window before.
    pub previous: Window,
}

impl Periods {
    /// How many calendar months the window has when nobody says.
    const MONTHS: u32 = 6;

    /// Takes what is given: a window ends with the date of evaluation, and the one before it ends before it begins.
    pub fn try_new(as_of: NaiveDate, window: Option<Window>, previous: Option<Window>) -> Result<Self, Invalid> {
        let usual = || Window::try_new(months_before(as_of, Self::MONTHS), as_of);
        let window = window.map_or_else(usual, Ok)?;
        let previous = previous.unwrap_or_else(|| period_before(window));
        if window.to() != as_of {
            return Err(Invalid::new("does not end with `asOf`"));
        }
        if previous.to() > window.from() {
            return Err(Invalid::new("begins before the period that it is compared with has ended"));
        }
        Ok(Self { as_of, window, previous })
    }
}

/// Where a community is in its life, with the numbers that say so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: LifeState,
    /// Whether it held gatherings in the window before and none in the window.
    pub now_inactive: bool,
    /// The day of its first gathering.
    pub first: Option<NaiveDate>,
    /// The day of its last gathering.
    pub last: Option<NaiveDate>,
    /// How many gatherings it held in the window.
    pub gatherings: usize,
    /// How many gatherings it held in the last twelve closed months, as a band.
    pub band: Band,
    /// How long ago its first gathering was; `None` when it never met.
    pub maturity: Option<Maturity>,
    /// How many gatherings it held in the last six months, in words.
    pub activity: Activity,
}

impl Standing {
    /// Finds out where a community with this history and status is.
    pub fn of(history: &History, status: CommunityStatus, periods: &Periods) -> Self {
        let Periods { as_of, window, previous } = *periods;
        let held = history.held_before(as_of);
        let (first, last) = (held.first().copied(), held.last().copied());
        let gatherings = history.held(window.from(), window.to());
        let before = history.held(previous.from(), previous.to()) > 0;
        let state = match first {
            _ if status == CommunityStatus::Closed => LifeState::Closed,
            None => LifeState::NeverMet,
            Some(_) if gatherings == 0 => LifeState::Quiet,
            Some(first) if first >= window.from() => LifeState::New,
            Some(_) if before => LifeState::Continuing,
            Some(_) => LifeState::Reactivated,
        };
        let closed_to = super::calendar::month_of(as_of);
        Self {
            state,
            now_inactive: before && gatherings == 0,
            first,
            last,
            gatherings,
            band: Band::of(history.held(months_before(closed_to, 12), closed_to)),
            maturity: first.map(|first| Maturity::of(first, as_of)),
            activity: Activity::of(history.held(months_before(as_of, 6), as_of)),
        }
    }

    /// How many days ago its last gathering began; `None` when it never met.
    pub fn days_since(&self, as_of: NaiveDate) -> Option<i64> {
        self.last.map(|last| (as_of - last).num_days())
    }

    /// How many whole calendar months ago that was.
    pub fn months_since(&self, as_of: NaiveDate) -> Option<u32> {
        self.last.map(|last| whole_months(last, as_of))
    }

    /// How long ago that was, as a band; `None` when it never met.
    pub fn quiet_band(&self, as_of: NaiveDate) -> Option<QuietBand> {
        self.last.map(|last| QuietBand::of(last, as_of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn quarter(held: &[&str], status: CommunityStatus) -> Standing {
        let window = Window::try_new(day("2026-04-01"), day("2026-07-01")).expect("a window");
        let periods = Periods::try_new(day("2026-07-01"), Some(window), None).expect("periods");
        Standing::of(&History::new(held.iter().map(|held| day(held)).collect(), Vec::new(), None), status, &periods)
    }

    #[test]
    fn states_follow_from_two_windows_and_what_came_before() {
        let state = |held: &[&str]| quarter(held, CommunityStatus::Open).state;
        assert_eq!(state(&[]), LifeState::NeverMet);
        assert_eq!(state(&["2026-07-01"]), LifeState::NeverMet);
        assert_eq!(state(&["2026-04-01"]), LifeState::New);
        assert_eq!(state(&["2026-03-31", "2026-06-30"]), LifeState::Continuing);
        assert_eq!(state(&["2025-12-31", "2026-06-30"]), LifeState::Reactivated);
        assert_eq!(state(&["2026-03-31"]), LifeState::Quiet);
        assert_eq!(quarter(&["2026-06-30"], CommunityStatus::Closed).state, LifeState::Closed);
        assert!(quarter(&["2026-03-31"], CommunityStatus::Open).now_inactive);
        assert!(!quarter(&["2025-12-31"], CommunityStatus::Open).now_inactive);
    }

    #[test]
    fn bands_meet_without_a_gap() {
        let of = |last| QuietBand::of(day(last), day("2026-08-31"));
        assert_eq!(of("2026-02-28"), QuietBand::UnderSix);
        assert_eq!(of("2026-02-27"), QuietBand::SixToTwelve);
        assert_eq!(of("2025-08-31"), QuietBand::SixToTwelve);
        assert_eq!(of("2025-08-30"), QuietBand::TwelveToTwentyFour);
        assert_eq!(of("2024-08-30"), QuietBand::TwentyFourOrMore);
        assert_eq!(
            (Band::of(2), Band::of(3), Band::of(6), Band::of(12)),
            (Band::OneOrTwo, Band::ThreeToFive, Band::SixToEleven, Band::TwelveOrMore)
        );
    }

    #[test]
    fn windows_end_with_the_date_and_follow_each_other() {
        let window = |from, to| Some(Window::try_new(day(from), day(to)).expect("a window"));
        let usual = Periods::try_new(day("2026-08-22"), None, None).expect("periods");
        assert_eq!((usual.window.from(), usual.previous.from()), (day("2026-02-22"), day("2025-08-22")));
        assert!(Periods::try_new(day("2026-08-22"), window("2026-04-01", "2026-07-01"), None).is_err());
        let overlap = window("2026-03-01", "2026-04-02");
        assert!(Periods::try_new(day("2026-07-01"), window("2026-04-01", "2026-07-01"), overlap).is_err());
    }
}
