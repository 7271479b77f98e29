//! Offsets of the few time zones that the sample uses, valid for 2024 to 2026.

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, NaiveDateTime, TimeZone};

/// A local time of day with the offset that its zone has then.
pub(super) fn local(zone: &str, when: NaiveDateTime) -> Result<DateTime<FixedOffset>> {
    let hours = match zone {
        "Africa/Nairobi" => 3,
        "America/Sao_Paulo" | "America/Recife" => -3,
        "Asia/Jakarta" => 7,
        "Asia/Makassar" => 8,
        "Asia/Jayapura" => 9,
        "Europe/London" => i32::from(is_british_summer(when)?),
        _ => bail!("no offsets for the time zone {zone}"),
    };
    let offset = FixedOffset::east_opt(hours * 3600).context("offset out of range")?;
    offset.from_local_datetime(&when).single().context("no such local time")
}

/// From 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.
fn is_british_summer(when: NaiveDateTime) -> Result<bool> {
    let first = last_sunday(when.year(), 3)?.and_hms_opt(1, 0, 0).context("no such time")?;
    let last = last_sunday(when.year(), 10)?.and_hms_opt(2, 0, 0).context("no such time")?;
    Ok(first <= when && when < last)
}

/// March and October both have 31 days.
fn last_sunday(year: i32, month: u32) -> Result<NaiveDate> {
    let end = NaiveDate::from_ymd_opt(year, month, 31).context("month without a 31st")?;
    let back = u64::from(end.weekday().num_days_from_sunday());
    end.checked_sub_days(Days::new(back)).context("date out of range")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn london_changes_its_clocks() {
        let offset = |month, day| {
            let date = NaiveDate::from_ymd_opt(2024, month, day).unwrap();
            local("Europe/London", date.and_hms_opt(12, 0, 0).unwrap()).unwrap().to_rfc3339()
        };
        assert!(offset(3, 30).ends_with("+00:00"));
        assert!(offset(3, 31).ends_with("+01:00"));
        assert!(offset(10, 26).ends_with("+01:00"));
        assert!(offset(10, 27).ends_with("+00:00"));
    }
}
