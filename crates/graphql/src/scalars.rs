//! Dates and times as the API writes them.

use std::ops::RangeInclusive;

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use chrono::{Datelike, FixedOffset, NaiveDate, SecondsFormat};
use convene_domain::{Invalid, occurrence::Moment};

/// The years that dates from clients may have.
const YEARS: RangeInclusive<i32> = 1900..=2199;

/// A date of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Date(pub(crate) NaiveDate);

/// A local date without a time of day, as `YYYY-MM-DD`, such as `2026-05-01`; of the years 1900 to 2199 where you give one.
#[Scalar]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        // chrono would also take 2026-5-1 and +10000-01-01. The databases do not agree on years of more digits or fewer.
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let date = date.filter(|date| YEARS.contains(&date.year()) && date.to_string() == *text);
        date.map(Self).ok_or_else(|| InputValueError::custom("not a date of the form YYYY-MM-DD, 1900 to 2199"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        date.0
    }
}

/// A date that is today, in UTC, when it is left out.
pub(crate) fn or_today(date: Option<Date>) -> NaiveDate {
    date.map_or_else(|| chrono::Utc::now().date_naive(), NaiveDate::from)
}

/// An instant of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateTime(pub(crate) chrono::DateTime<FixedOffset>);

/// An instant with its offset from UTC, as RFC 3339, such as `2026-05-01T18:30:00+03:00`. For a gathering the offset is
/// that of its place, so that the time of day is the local one.
#[Scalar]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = &value else { return Err(InputValueError::expected_type(value)) };
        let instant = chrono::DateTime::parse_from_rfc3339(text);
        instant.map(Self).map_err(|_| InputValueError::custom("not an instant by RFC 3339 with an offset"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl DateTime {
    /// The instant as the domain takes it: no slip of the keyboard, and no finer than what is stored.
    pub(crate) fn moment(self) -> Result<Moment, Invalid> {
        Moment::parse(&self.0.to_rfc3339(), None)
    }
}

impl From<chrono::DateTime<chrono::Utc>> for DateTime {
    fn from(instant: chrono::DateTime<chrono::Utc>) -> Self {
        Self(instant.fixed_offset())
    }
}

/// A number as GraphQL's `Int` holds it. None of ours comes near its end.
pub(crate) fn int<T: TryInto<i32>>(number: T) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_spelling() {
        let parse = |text: &str| Date::parse(Value::from(text)).ok().map(|date| date.0.to_string());
        assert_eq!(parse("2026-05-01").as_deref(), Some("2026-05-01"));
        for text in ["1900-01-01", "2199-12-31"] {
            assert_eq!(parse(text).as_deref(), Some(text));
        }
        for text in ["2026-5-1", "2026-05-1 ", "2026-02-30", "01.05.2026", "", "+2026-05-1", "+2026-05-01", "-2026-05-01"] {
            assert_eq!(parse(text), None, "{text}");
        }
        for text in ["+10000-01-01", "10000-01-01", "1899-12-31", "2200-01-01", "0000-01-01", "2026-05-01T00:00", "２026-05-01"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_offset_is_kept() {
        let parse = |text: &str| DateTime::parse(Value::from(text)).ok().map(|instant| instant.to_value());
        for text in ["2026-05-01T18:30:00+03:00", "2026-05-01T18:30:00Z", "2026-05-01T18:30:00.250-07:30"] {
            assert_eq!(parse(text), Some(Value::from(text)));
        }
        assert_eq!(parse("2026-05-01T18:30:00"), None);
    }
}
