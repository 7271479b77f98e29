//! The one calendar arithmetic: what so many days, months or closed months before a date means.

use chrono::{Datelike, Days, Months, NaiveDate};

use crate::occurrence::Window;

/// So many calendar months earlier; the last day of the month where it has no such day.
pub fn months_before(day: NaiveDate, months: u32) -> NaiveDate {
    day.checked_sub_months(Months::new(months)).unwrap_or(NaiveDate::MIN)
}

/// So many days earlier.
pub fn days_before(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_sub_days(Days::new(days.into())).unwrap_or(NaiveDate::MIN)
}

/// So many days later.
pub fn days_after(day: NaiveDate, days: u32) -> NaiveDate {
    day.checked_add_days(Days::new(days.into())).unwrap_or(NaiveDate::MAX)
}

/// The first day of the month.
pub fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The first day of the month so many months later.
pub(super) fn month_after(day: NaiveDate, months: u32) -> NaiveDate {
    month_of(day).checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX)
}

/// The last day from which so many calendar months back do not lead past a day.
pub(super) fn last_day_reaching(day: NaiveDate, months: u32) -> NaiveDate {
    let mut last = day.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX);
    // From the ends of long months one gets to the same day of a short one.
    while let Some(next) = last.succ_opt().filter(|next| months_before(*next, months) <= day) {
        last = next;
    }
    last
}

/// How many whole calendar months lie between two days: the most that can be gone back from the later one without getting
/// past the earlier one.
pub fn whole_months(earlier: NaiveDate, later: NaiveDate) -> u32 {
    let months = |day: NaiveDate| day.year() * 12 + i32::try_from(day.month0()).unwrap_or_default();
    let most = u32::try_from(months(later) - months(earlier)).unwrap_or_default();
    if most > 0 && months_before(later, most) < earlier { most - 1 } else { most }
}

/// The period of the same length right before one: as many months where it is made of whole ones, else as many days.
pub fn period_before(window: Window) -> Window {
    let (from, to) = (window.from(), window.to());
    let whole = from.day() == 1 && to.day() == 1;
    let months = whole_months(from, to);
    let days = u32::try_from((to - from).num_days()).unwrap_or(u32::MAX);
    // A period of months that was counted back from its end is continued in the same way.
    let start = if whole || (months > 0 && months_before(to, months) == from) {
        months_before(to, months * 2)
    } else {
        days_before(from, days)
    };
    Window::try_new(start, from).unwrap_or(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn window(from: &str, to: &str) -> Window {
        Window::try_new(day(from), day(to)).expect("a window")
    }

    #[test]
    fn months_end_where_the_shorter_month_does() {
        assert_eq!(months_before(day("2026-08-31"), 6), day("2026-02-28"));
        assert_eq!(months_before(day("2024-08-29"), 6), day("2024-02-29"));
        assert_eq!(months_before(day("2026-03-31"), 1), day("2026-02-28"));
        for (earlier, later, months) in [
            ("2026-02-28", "2026-08-31", 6),
            ("2026-02-27", "2026-08-31", 6),
            ("2026-03-01", "2026-08-31", 5),
            ("2026-02-28", "2026-08-28", 6),
            ("2026-02-28", "2026-08-27", 5),
            ("2026-08-31", "2027-02-28", 5),
            ("2026-08-01", "2026-08-31", 0),
        ] {
            assert_eq!(whole_months(day(earlier), day(later)), months, "{earlier} {later}");
        }
    }

    #[test]
    fn from_several_days_one_gets_back_to_the_end_of_a_short_month() {
        assert_eq!(last_day_reaching(day("2026-02-28"), 6), day("2026-08-31"));
        assert_eq!(last_day_reaching(day("2026-02-27"), 6), day("2026-08-27"));
        assert_eq!(last_day_reaching(day("2025-12-31"), 2), day("2026-02-28"));
    }

    #[test]
    fn the_period_before_is_as_long_in_the_same_calendar() {
        assert_eq!(period_before(window("2026-04-01", "2026-07-01")), window("2026-01-01", "2026-04-01"));
        assert_eq!(period_before(window("2026-02-22", "2026-08-22")), window("2025-08-22", "2026-02-22"));
        assert_eq!(period_before(window("2026-02-28", "2026-08-31")), window("2025-08-31", "2026-02-28"));
        assert_eq!(period_before(window("2026-03-05", "2026-03-15")), window("2026-02-23", "2026-03-05"));
    }
}
