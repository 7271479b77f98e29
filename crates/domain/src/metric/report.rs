//! What gathering reports add up to.

use super::{Definition, Formula, Measure, Metric, Unit};

const REPORTS: &str =
    "Reports handed in of gatherings that were held, hosted by the community or one beneath it, each once; whoever asks.";

const PEOPLE: &str = "Reports handed in of gatherings that were held, hosted by the community or one beneath it, each once; of reports that the caller may not read, only as many together as tell of 5 people or more.";
const READABLE: &str = "Reports handed in of gatherings that were held, hosted by the community or one beneath it, each once, as far as the caller may read them.";

const HELD: &str = "By the gathering's local start date; the end of the window does not belong to it.";

pub(super) const DEFINITIONS: &[Definition] = &[
    Definition {
        metric: Metric::Attendance,
        version: 2,
        title: "Attendance",
        text: "How many people came, as reports say; someone who comes twice counts twice. Null when no report says it.",
        unit: Unit::People,
        numerator: "people counted",
        denominator: Some("reports that say how many came"),
        window: HELD,
        population: PEOPLE,
        asked_by: "activity",
        formula: Formula::Sum { of: &[Measure::Attendance], base: Some(&[Measure::ReportsWithAttendance]) },
    },
    Definition {
        metric: Metric::AttendanceMean,
        version: 2,
        title: "Mean attendance",
        text: "How many people came to a gathering, on average, among those whose reports say it.",
        unit: Unit::People,
        numerator: "people counted",
        denominator: Some("reports that say how many came"),
        window: HELD,
        population: PEOPLE,
        asked_by: "activity",
        formula: Formula::Ratio { of: &[Measure::Attendance], base: &[Measure::ReportsWithAttendance] },
    },
    Definition {
        metric: Metric::AttendanceMedian,
        version: 2,
        title: "Median attendance",
        text: "How many people came to a gathering: the middle value, or the mean of the two middle ones.",
        unit: Unit::People,
        numerator: "the middle value of the people counted",
        denominator: Some("reports that say how many came"),
        window: HELD,
        population: READABLE,
        asked_by: "activity",
        formula: Formula::Median { of: Measure::Attendance, base: Measure::ReportsWithAttendance },
    },
    Definition {
        metric: Metric::Reports,
        version: 1,
        title: "Reports",
        text: "Gathering reports that were handed in: submitted or reviewed, not drafts and not withdrawn.",
        unit: Unit::Reports,
        numerator: "reports handed in",
        denominator: Some("held gatherings, each of which is expected to have one"),
        window: HELD,
        population: REPORTS,
        asked_by: "activity",
        formula: Formula::Sum { of: &[Measure::Reports], base: None },
    },
    Definition {
        metric: Metric::ReportingRate,
        version: 1,
        title: "Reporting rate",
        text: "The share of gatherings held whose report was handed in. A gathering that was held once is expected to have a report for ever, so the rate of a past period only changes by late reports and corrections.",
        unit: Unit::Share,
        numerator: "reports handed in",
        denominator: Some("held gatherings"),
        window: HELD,
        population: REPORTS,
        asked_by: "activity",
        formula: Formula::Ratio { of: &[Measure::Reports], base: &[Measure::Held] },
    },
    Definition {
        metric: Metric::ReportsOnTimeRate,
        version: 1,
        title: "Rate on time",
        text: "The share of reports that were handed in by the day they were due: the last day of the gathering and the days that its hosts allowed themselves at the time.",
        unit: Unit::Share,
        numerator: "reports handed in by the day they were due",
        denominator: Some("reports of which the day of handing in and the deadline are known"),
        window: HELD,
        population: REPORTS,
        asked_by: "activity",
        formula: Formula::Ratio { of: &[Measure::ReportsOnTime], base: &[Measure::ReportsDated] },
    },
];
