use super::*;
use crate::lifecycle::calendar::days_after;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

fn history(held: &[&str], planned: &[&str], cadence: Option<&str>) -> History {
    let days = |days: &[&str]| days.iter().map(|text| day(text)).collect();
    History::new(days(held), days(planned), cadence.map(|rule| Cadence::try_new(rule).expect("a cadence")))
}

fn rules(text: &str) -> Rules {
    text.parse().expect("rules")
}

#[test]
fn rules_have_one_written_form() {
    for text in [
        "OWN_CADENCE",
        "1 HELD IN 90 DAYS; 6 HELD IN 12 MONTHS",
        "1 NOT_CANCELLED_OR_AHEAD IN 6 MONTHS",
        "2 HELD IN 12 CLOSED_MONTHS",
    ] {
        assert_eq!(rules(text).to_string(), text);
    }
    for text in ["", "0 HELD IN 90 DAYS", "1 HELD IN 0 DAYS", "1 HELD IN 90", "1 MET IN 90 DAYS", "1 HELD IN 99999 DAYS"] {
        assert!(text.parse::<Rules>().is_err(), "{text}");
    }
    for policy in BUILT_IN {
        assert_eq!(policy.rules().to_string().parse(), Ok(policy.rules()), "{}", policy.code);
        assert!(Code::try_new(policy.code).is_ok() && BuiltIn::find(policy.code) == Some(policy));
    }
}

#[test]
fn ninety_days_back_is_in_and_ninety_one_is_not() {
    let ninety = rules("1 HELD IN 90 DAYS");
    let held = history(&["2026-05-24"], &[], None);
    assert_eq!(ninety.hold(&held, day("2026-08-22")), Some(true));
    assert_eq!(ninety.hold(&held, day("2026-08-23")), Some(false));
    // What begins on the day itself does not count yet.
    assert_eq!(ninety.hold(&held, day("2026-05-24")), Some(false));
    assert_eq!(ninety.hold(&held, day("2026-05-25")), Some(true));
    assert_eq!(ninety.end(&held, day("2026-08-22")), Some((day("2026-08-23"), ninety.all()[0])));
    assert_eq!(ninety.ended(&held, day("2026-10-01")), Some(day("2026-08-23")));
    assert_eq!(ninety.ended(&held, day("2026-08-22")), None);
}

#[test]
fn months_are_cut_and_closed_ones_are_whole() {
    let (six, closed) = (rules("1 HELD IN 6 MONTHS"), rules("1 HELD IN 2 CLOSED_MONTHS"));
    let held = history(&["2026-02-28"], &[], None);
    assert_eq!(six.hold(&held, day("2026-08-31")), Some(true));
    assert_eq!(six.hold(&held, day("2026-09-01")), Some(false));
    assert_eq!(six.end(&held, day("2026-08-01")).map(|(day, _)| day), Some(day("2026-09-01")));
    assert_eq!(closed.hold(&held, day("2026-02-28")), Some(false));
    assert_eq!(closed.hold(&held, day("2026-03-01")), Some(true));
    assert_eq!(closed.hold(&held, day("2026-04-30")), Some(true));
    assert_eq!(closed.hold(&held, day("2026-05-01")), Some(false));
}

#[test]
fn what_is_planned_counts_where_the_rule_says_so() {
    let ahead = history(&[], &["2026-09-10"], None);
    assert_eq!(rules("1 HELD IN 6 MONTHS").hold(&ahead, day("2026-08-22")), Some(false));
    assert_eq!(rules("1 NOT_CANCELLED IN 6 MONTHS").hold(&ahead, day("2026-08-22")), Some(false));
    assert_eq!(rules("1 NOT_CANCELLED IN 6 MONTHS").hold(&ahead, day("2026-09-11")), Some(true));
    assert_eq!(rules("1 NOT_CANCELLED_OR_AHEAD IN 6 MONTHS").hold(&ahead, day("2026-08-22")), Some(true));
}

#[test]
fn a_cadence_gives_an_interval_and_some_grace() {
    let own = rules("OWN_CADENCE");
    let every_two = history(&["2026-06-08"], &[], Some("FREQ=MONTHLY;INTERVAL=2"));
    assert_eq!(own.hold(&every_two, day("2026-08-22")), Some(true));
    assert_eq!(own.hold(&every_two, day("2026-08-23")), Some(false));
    assert_eq!(own.end(&every_two, day("2026-08-01")).map(|(day, _)| day), Some(day("2026-08-23")));
    let weekly = history(&["2026-08-01"], &[], Some("freq=weekly;byday=TU"));
    assert_eq!(own.hold(&weekly, day("2026-08-22")), Some(true));
    assert_eq!(own.hold(&weekly, day("2026-08-23")), Some(false));
    assert_eq!(own.hold(&history(&["2026-08-20"], &[], None), day("2026-08-22")), None);
    assert_eq!(own.hold(&history(&["2026-08-20"], &[], Some("FREQ=HOURLY")), day("2026-08-22")), None);
}

#[test]
fn any_rule_is_enough_and_what_cannot_be_told_is_not_false() {
    let either = rules("1 HELD IN 30 DAYS; OWN_CADENCE");
    assert_eq!(either.hold(&history(&["2026-08-20"], &[], None), day("2026-08-22")), Some(true));
    assert_eq!(either.hold(&history(&["2026-01-20"], &[], None), day("2026-08-22")), None);
    assert_eq!(either.hold(&history(&["2026-01-20"], &[], Some("FREQ=WEEKLY")), day("2026-08-22")), Some(false));
}

/// The stretches are another way to say what the counts say, so they have to agree on each day.
#[test]
fn the_end_is_the_first_day_on_which_the_counts_say_no() {
    let mut seed = 7_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let start = day("2025-01-01");
    let policies = [
        "1 HELD IN 45 DAYS; 3 HELD IN 6 MONTHS",
        "2 HELD IN 3 CLOSED_MONTHS",
        "1 NOT_CANCELLED_OR_AHEAD IN 2 MONTHS",
        "2 NOT_CANCELLED IN 60 DAYS; OWN_CADENCE",
    ];
    let mut ends = 0;
    for round in 0..400 {
        let as_of = days_after(start, 300 + u32::try_from(next(31)).expect("small"));
        let mut days = |from: u32, below: u64, number: u64| -> Vec<NaiveDate> {
            (0..next(number)).map(|_| days_after(start, from + u32::try_from(next(below)).expect("small"))).collect()
        };
        let (held, planned) = (days(0, 299, 9), days(320, 100, 3));
        let history = History::new(held, planned, Cadence::try_new("FREQ=MONTHLY").ok());
        let rules = rules(policies[round % policies.len()]);
        let holds = |after: u32| rules.hold(&history, days_after(as_of, after)) == Some(true);
        let end = rules.end(&history, as_of).map(|(day, _)| (day - as_of).num_days());
        let first = if holds(0) { (1..900).find(|after| !holds(*after)).map(i64::from) } else { None };
        assert_eq!(end, first, "{rules} {history:?} {as_of}");
        ends += usize::from(end.is_some());
        if let Some(since) = rules.ended(&history, as_of) {
            assert!(rules.hold(&history, since.pred_opt().expect("a day")) == Some(true), "{rules} {history:?} {since}");
            assert!(
                (0..(as_of - since).num_days()).all(|after| {
                    rules.hold(&history, days_after(since, u32::try_from(after).expect("small"))) == Some(false)
                })
            );
        }
    }
    assert!(ends > 100);
}
