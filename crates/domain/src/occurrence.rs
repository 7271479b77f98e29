//! When a gathering takes place: on a day, or at an hour with the offset of the place.

use chrono::{
    DateTime, Datelike, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, SubsecRound, TimeZone, Timelike, Utc, Weekday,
};
use chrono_tz::Tz;

use crate::Invalid;

/// A beginning or an end: a whole day, or an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Only the day is known.
    Day(NaiveDate),
    /// The local time with its offset from UTC.
    Hour(DateTime<FixedOffset>),
}

impl Moment {
    /// Reads RFC 3339 with offset, local time without offset (in the given time zone), or `YYYY-MM-DD`.
    pub fn parse(text: &str, zone: Option<Tz>) -> Result<Self, Invalid> {
        // The library would also take 2026-3-1.
        if let (10, Ok(day)) = (text.len(), NaiveDate::parse_from_str(text, "%Y-%m-%d")) {
            return Self::Day(day).checked();
        }
        if let Ok(hour) = DateTime::parse_from_rfc3339(text) {
            return Self::Hour(hour).checked();
        }
        let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"]
            .iter()
            .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
            .ok_or_else(|| Invalid::new("is neither RFC 3339 with an offset, nor a local time, nor YYYY-MM-DD"))?;
        let zone = zone.ok_or_else(|| Invalid::new("has no offset, and the community has no time zone"))?;
        match zone.from_local_datetime(&local) {
            // When clocks go back an hour happens twice; the first one is meant more often.
            LocalResult::Single(hour) | LocalResult::Ambiguous(hour, _) => Self::Hour(hour.fixed_offset()).checked(),
            LocalResult::None => Err(Invalid::new(format!("does not exist in {zone}: the clocks were put forward over it"))),
        }
    }

    /// Cuts to microseconds, what both databases keep, and refuses years that are slips of the keyboard.
    fn checked(self) -> Result<Self, Invalid> {
        if !(1900..2200).contains(&self.day().year()) {
            return Err(Invalid::new("lies outside the years 1900 to 2199"));
        }
        match self {
            Self::Hour(hour) if hour.nanosecond() >= 1_000_000_000 => Err(Invalid::new("is a leap second")),
            Self::Hour(hour) => Ok(Self::Hour(hour.trunc_subsecs(6))),
            Self::Day(_) => Ok(self),
        }
    }

    /// The local date.
    pub fn day(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Hour(hour) => hour.date_naive(),
        }
    }

    /// The local time with its offset; `None` when only the day is known.
    pub fn hour(self) -> Option<DateTime<FixedOffset>> {
        match self {
            Self::Day(_) => None,
            Self::Hour(hour) => Some(hour),
        }
    }
}

/// From when to when a gathering lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    start: Moment,
    end: Option<Moment>,
    sort_at: DateTime<Utc>,
}

impl Occurrence {
    /// Checks that the end is not before the start: by the hour where both are known to it, else by the day. The zone
    /// says when a day without an hour begins, for sorting only; UTC without one.
    pub fn try_new(start: Moment, end: Option<Moment>, zone: Option<Tz>) -> Result<Self, Invalid> {
        let ends_first = match (start, end) {
            (Moment::Hour(from), Some(Moment::Hour(to))) => to < from,
            (from, Some(to)) => to.day() < from.day(),
            (_, None) => false,
        };
        if ends_first {
            return Err(Invalid::new("is before the start"));
        }
        let sort_at = match start {
            Moment::Hour(hour) => hour.to_utc(),
            Moment::Day(day) => midnight(day, zone.unwrap_or(Tz::UTC)),
        };
        Ok(Self { start, end, sort_at })
    }

    /// Takes an occurrence as stored, where it was checked before.
    pub fn from_stored(start: Moment, end: Option<Moment>, sort_at: DateTime<Utc>) -> Self {
        Self { start, end, sort_at }
    }

    /// When it begins.
    pub fn start(self) -> Moment {
        self.start
    }

    /// When it ends; `None` when nobody said.
    pub fn end(self) -> Option<Moment> {
        self.end
    }

    /// The instant that lists sort by: the start, or the day's local midnight.
    pub fn sort_at(self) -> DateTime<Utc> {
        self.sort_at
    }

    /// The weekday of the local date.
    pub fn weekday(self) -> Weekday {
        self.start.day().weekday()
    }

    /// The calendar month of the local date as a number such as 202605.
    pub fn month(self) -> i32 {
        let day = self.start.day();
        // Months are 1 to 12, so the conversion is exact.
        day.year() * 100 + i32::try_from(day.month()).unwrap_or_default()
    }

    /// On how many local dates it takes place; 1 when nobody said when it ends.
    pub fn days(self) -> i64 {
        let first = self.start.day();
        let last = match (self.start, self.end) {
            (Moment::Hour(start), Some(Moment::Hour(end))) if end > start => {
                // What ends at midnight does not touch the day that begins then.
                (end.with_timezone(start.offset()) - chrono::TimeDelta::microseconds(1)).date_naive()
            }
            (Moment::Day(_), Some(Moment::Day(end))) => end,
            _ => first,
        };
        (last - first).num_days() + 1
    }

    /// How long it lasts in minutes; `None` when start or end is not known to the hour.
    pub fn minutes(self) -> Option<i64> {
        let end = self.end?.hour()?;
        Some((end - self.start.hour()?).num_minutes())
    }
}

/// The first instant of a day in a zone. A few zones put their clocks forward at midnight: then the day begins later.
fn midnight(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let begin = day.and_time(chrono::NaiveTime::MIN);
    (0..4)
        .find_map(|half_hours| zone.from_local_datetime(&(begin + chrono::TimeDelta::minutes(30 * half_hours))).earliest())
        .map_or_else(|| begin.and_utc(), |instant| instant.to_utc())
}

/// A period of local dates, half-open: `from` belongs to it, `to` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    from: NaiveDate,
    to: NaiveDate,
}

impl Window {
    /// Checks that the window is not empty.
    pub fn try_new(from: NaiveDate, to: NaiveDate) -> Result<Self, Invalid> {
        if from < to { Ok(Self { from, to }) } else { Err(Invalid::new("is empty: `to` is not after `from`")) }
    }

    /// The first date of the window.
    pub fn from(self) -> NaiveDate {
        self.from
    }

    /// The first date after the window.
    pub fn to(self) -> NaiveDate {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str) -> Moment {
        Moment::parse(text, None).expect("legal")
    }

    #[test]
    fn an_offset_is_kept() {
        let hour = moment("2013-02-10T14:00:00-08:00").hour().expect("an hour");
        assert_eq!(hour.to_rfc3339(), "2013-02-10T14:00:00-08:00");
        assert_eq!(moment("2013-02-10"), Moment::Day(NaiveDate::from_ymd_opt(2013, 2, 10).expect("a date")));
    }

    #[test]
    fn a_local_time_needs_a_zone_in_which_it_exists() {
        let berlin = Some(chrono_tz::Europe::Berlin);
        let hour = Moment::parse("2026-07-01T18:30", berlin).ok().and_then(Moment::hour).expect("an hour");
        assert_eq!(hour.to_rfc3339(), "2026-07-01T18:30:00+02:00");
        assert!(Moment::parse("2026-07-01T18:30", None).is_err());
        assert!(Moment::parse("2026-03-29T02:30", berlin).is_err());
        let twice = Moment::parse("2026-10-25T02:30", berlin).ok().and_then(Moment::hour).expect("an hour");
        assert_eq!(twice.to_rfc3339(), "2026-10-25T02:30:00+02:00");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "tomorrow",
            "2026-13-01",
            "2026-02-30",
            "2026-01-01T25:00:00Z",
            "0026-01-01",
            "2016-12-31T23:59:60Z",
            "2026-3-1",
            "01/02/2026",
        ] {
            assert!(Moment::parse(text, Some(Tz::UTC)).is_err(), "{text}");
        }
    }

    #[test]
    fn an_end_is_not_before_the_start() {
        let start = moment("2026-05-01T10:00:00+03:00");
        assert!(Occurrence::try_new(start, Some(moment("2026-05-01T09:00:00+02:00")), None).is_ok());
        assert!(Occurrence::try_new(start, Some(moment("2026-05-01T08:59:59+03:00")), None).is_err());
        assert!(Occurrence::try_new(start, Some(moment("2026-05-01")), None).is_ok_and(|mixed| mixed.minutes().is_none()));
        assert!(Occurrence::try_new(start, Some(moment("2026-04-30")), None).is_err());
        assert!(Occurrence::try_new(moment("2026-05-02"), Some(moment("2026-05-01")), None).is_err());
        let days = Occurrence::try_new(moment("2026-05-01"), Some(moment("2026-05-03")), None).expect("legal");
        assert_eq!((days.minutes(), days.month(), days.weekday()), (None, 202_605, Weekday::Fri));
    }

    #[test]
    fn days_are_local_dates_of_the_start() {
        let days = |start, end| Occurrence::try_new(moment(start), Some(moment(end)), None).expect("legal").days();
        assert_eq!(Occurrence::try_new(moment("2026-05-01"), None, None).map(Occurrence::days), Ok(1));
        assert_eq!(days("2026-05-01", "2026-05-03"), 3);
        assert_eq!(days("2026-05-01T09:00:00+03:00", "2026-05-02T17:00:00+03:00"), 2);
        assert_eq!(days("2026-05-01T22:00:00+03:00", "2026-05-02T00:00:00+03:00"), 1);
        assert_eq!(days("2026-05-01T00:30:00+03:00", "2026-04-30T22:30:00+00:00"), 1);
    }

    #[test]
    fn a_day_sorts_at_its_local_midnight() {
        let nairobi = Occurrence::try_new(moment("2026-05-01"), None, Some(chrono_tz::Africa::Nairobi)).expect("legal");
        assert_eq!(nairobi.sort_at().to_rfc3339(), "2026-04-30T21:00:00+00:00");
        // Cuba's clocks jump from midnight to one o'clock.
        let havana = Occurrence::try_new(moment("2026-03-08"), None, Some(chrono_tz::America::Havana)).expect("legal");
        assert_eq!(havana.sort_at().to_rfc3339(), "2026-03-08T05:00:00+00:00");
        let utc = Occurrence::try_new(moment("2026-05-01"), None, None).expect("legal");
        assert_eq!(utc.sort_at().to_rfc3339(), "2026-05-01T00:00:00+00:00");
    }

    #[test]
    fn a_window_has_days_in_it() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).expect("a date");
        assert!(Window::try_new(day(1), day(2)).is_ok());
        assert!(Window::try_new(day(2), day(2)).is_err());
    }
}
