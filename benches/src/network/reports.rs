//! What happened: gatherings in the order of time, and their reports.

use std::path::Path;

use anyhow::Result;
use chrono::{NaiveDateTime, TimeDelta};

use super::{
    END, History, NATIONS, Sheet,
    chance::Dice,
    day,
    places::{City, FUNCTIONS, LIVELY, OUTCOMES, QUIET, ROLES, THEMES},
};

/// A step through the cities that comes to each of them before it comes to one again.
const STRIDE: u64 = 7_919;
/// The places of the gatherings of other than lively cities among twenty.
const OTHERS: [u64; 12] = [2, 3, 4, 7, 8, 9, 12, 13, 14, 17, 18, 19];
/// How many next steps nine reports have: 25, and how many activities three have: 10.
const NEXT_STEPS: [usize; 9] = [5, 2, 2, 5, 2, 2, 3, 2, 2];
const ACTIVITIES: [usize; 3] = [3, 4, 3];

const ACTIVITY_KINDS: [&str; 11] = [
    "PROBLEM_SOLVING",
    "REQUESTS_FOR_INFORMATION",
    "SEEKING_EXPERIENCE",
    "REUSING_ASSETS",
    "COORDINATION_AND_STRATEGY",
    "BUILDING_AN_ARGUMENT",
    "GROWING_CONFIDENCE",
    "DISCUSSING_DEVELOPMENTS",
    "DOCUMENTING_PROJECTS",
    "VISITS",
    "MAPPING_KNOWLEDGE",
];

/// Sentences about as long as facilitators write.
const SENTENCES: [&str; 8] = [
    "Two groups now meet without us and one of them has begun a third in the next village.",
    "The road was closed so half of those who had said yes rang in instead.",
    "Ask the clinic whether its waiting room is free on Thursday evenings.",
    "We went through the first chapter of the handbook and changed three of its examples.",
    "A second room so that children have one of their own while their parents talk.",
    "Write down how the north invited the schools and send it to those who asked.",
    "Nobody had led a circle before; by the end four were willing to try.",
    "Find someone who can translate the exercises before the rains begin.",
];

/// The files that are written together.
struct Sheets {
    gatherings: Sheet,
    reports: Sheet,
    attendance: Sheet,
    items: Sheet,
    tags: Sheet,
}

pub(super) fn write(folder: &Path, history: History) -> Result<()> {
    let gatherings = "external_id,community_slug,title,starts_at,ends_at,format,status,created_at";
    let reports = "external_id,gathering_external_id,submitted_at,attendance,rsvp_yes,rsvp_waitlist,audience";
    let items = "report_external_id,order,kind,activity_kind,text,theme,severity,owner,due_on,state,confidential";
    let mut sheets = Sheets {
        gatherings: Sheet::new(folder, "gatherings.csv", gatherings)?,
        reports: Sheet::new(folder, "reports.csv", reports)?,
        attendance: Sheet::new(folder, "attendance.csv", "report_external_id,role,organisation,people")?,
        items: Sheet::new(folder, "items.csv", items)?,
        tags: Sheet::new(folder, "report_tags.csv", "report_external_id,kind,code")?,
    };
    let (from, to) = (day(history.from)?, day(END)?);
    let days = (to - from).num_days().unsigned_abs();
    let mut reports = 0;
    for number in 0..history.gatherings {
        let mut dice = Dice::of(2, number);
        let start = from.and_hms_opt(9, 0, 0).unwrap_or_default()
            + TimeDelta::days((number * days / history.gatherings).cast_signed())
            + TimeDelta::minutes(15 * dice.below(45).cast_signed());
        let meeting = Meeting { number, city: city(number), start, status: status(number) };
        meeting.write(&mut sheets.gatherings, &mut dice)?;
        if meeting.status == Status::Reported {
            meeting.report(reports, &mut sheets)?;
            reports += 1;
        }
    }
    let Sheets { gatherings, reports, attendance, items, tags } = sheets;
    [gatherings, reports, attendance, items, tags].into_iter().try_for_each(Sheet::finish)
}

/// Of five gatherings two are of lively cities, and each city comes as often as any other of its kind.
fn city(number: u64) -> City {
    let (round, place) = (number / 5, number % 5);
    match place {
        0 | 1 => City::lively((round * 2 + place) * STRIDE % (NATIONS * LIVELY)),
        _ => City::quiet((round * 3 + place - 2) * STRIDE % (NATIONS * QUIET)),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Reported,
    Held,
    Cancelled,
    Planned,
}

/// Of twenty gatherings, one is not held, and one is held and not reported; neither in a lively city.
fn status(number: u64) -> Status {
    let round = number / 20;
    let chosen = Dice::of(3, round).below(12) as usize;
    match OTHERS.iter().position(|place| *place == number % 20) {
        Some(place) if place == chosen && round.is_multiple_of(5) => Status::Planned,
        Some(place) if place == chosen => Status::Cancelled,
        Some(place) if place == (chosen + 5) % OTHERS.len() => Status::Held,
        _ => Status::Reported,
    }
}

struct Meeting {
    number: u64,
    city: City,
    /// Local.
    start: NaiveDateTime,
    status: Status,
}

impl Meeting {
    fn write(&self, sheet: &mut Sheet, dice: &mut Dice) -> Result<()> {
        let Self { number, city, start, status } = self;
        let host = city.slug();
        // Some are held by two cities together.
        let hosts = if dice.chance(3) { format!("{host};{}", city.neighbour().slug()) } else { host };
        let minutes = if dice.chance(1) { 2 * 24 * 60 } else { 60 + 15 * dice.below(9).cast_signed() };
        let offset = format!("{:+03}:00", city.offset());
        // Of some only the day is known, and of some not when they ended.
        let (starts_at, ends_at) = match dice.below(100) {
            0 => (start.date().to_string(), String::new()),
            1 | 2 => (format!("{}{offset}", local(*start)), String::new()),
            _ => (format!("{}{offset}", local(*start)), format!("{}{offset}", local(*start + TimeDelta::minutes(minutes)))),
        };
        let format = dice.weighted(&[(60, "IN_PERSON"), (25, "ONLINE"), (10, "HYBRID")]);
        let status = match status {
            Status::Reported | Status::Held => "HELD",
            Status::Cancelled => "CANCELLED",
            Status::Planned => "PLANNED",
        };
        let created = local(*start - TimeDelta::days(7 + dice.below(60).cast_signed()));
        sheet.line(&format!(
            "g{number},{hosts},Circle {number} of those who care for others,{starts_at},{ends_at},{format},{status},{created}Z"
        ))
    }

    /// Writes the report with this place among all reports.
    fn report(&self, place: usize, sheets: &mut Sheets) -> Result<()> {
        let number = self.number;
        let mut dice = Dice::of(4, number);
        let submitted = self.start + TimeDelta::hours(3 + dice.below(40 * 24).cast_signed());
        let submitted = if dice.chance(95) { format!("{}Z", local(submitted)) } else { String::new() };
        let people = 5 + dice.below(60);
        let attendance = if dice.chance(90) { people.to_string() } else { String::new() };
        let rsvps = if dice.chance(70) { (people + dice.below(20)).to_string() } else { String::new() };
        let waitlist = if dice.chance(20) { dice.below(9).to_string() } else { String::new() };
        // In one nation strangers can read next to nothing.
        let audience = match self.city.nation {
            1 => dice.weighted(&[(1, "PUBLIC"), (99, "MEMBERS")]),
            _ => dice.weighted(&[(70, "PUBLIC"), (20, "NETWORK"), (10, "MEMBERS")]),
        };
        sheets.reports.line(&format!("r{number},g{number},{submitted},{attendance},{rsvps},{waitlist},{audience}"))?;
        if dice.chance(33) && !attendance.is_empty() {
            let some = 1 + dice.below(people - 1);
            sheets.attendance.line(&format!("r{number},{},,{some}", ROLES[0]))?;
            sheets.attendance.line(&format!("r{number},{},,{}", ROLES[1 + dice.below(3) as usize], people - some))?;
        }
        if dice.chance(50) {
            sheets.tags.line(&format!("r{number},DESIRED_OUTCOME,{}", dice.pick(&OUTCOMES)))?;
            sheets.tags.line(&format!("r{number},FUNCTION,{}", dice.pick(&FUNCTIONS)))?;
        }
        self.items(place, &mut sheets.items, &mut dice)
    }

    fn items(&self, place: usize, sheet: &mut Sheet, dice: &mut Dice) -> Result<()> {
        let mut kinds = vec!["ACTIVITY"; ACTIVITIES[place % ACTIVITIES.len()]];
        for (percent, kind) in [(40, "CHALLENGE"), (30, "SUCCESS"), (30, "NEED"), (20, "REQUEST"), (10, "RESOURCE")] {
            kinds.extend(dice.chance(percent).then_some(kind));
        }
        kinds.extend(vec!["NEXT_STEP"; NEXT_STEPS[place % NEXT_STEPS.len()]]);
        for (order, kind) in (1..).zip(kinds) {
            let number = self.number;
            let activity = if kind == "ACTIVITY" { dice.pick(&ACTIVITY_KINDS) } else { "" };
            // Some themes come up much more often than others.
            let most = 1 + dice.below(THEMES.len() as u64);
            let theme = if dice.chance(70) { THEMES[dice.below(most) as usize] } else { "" };
            let severity = match kind {
                "CHALLENGE" | "NEED" => dice.weighted(&[(30, "LOW"), (40, "MEDIUM"), (20, "HIGH"), (5, "CRITICAL")]),
                _ => "",
            };
            let (owner, due, state) = if kind == "NEXT_STEP" {
                let due = self.start.date() + TimeDelta::days(14 + dice.below(90).cast_signed());
                (
                    dice.pick(&["Ama", "Budi", "Chipo", "Dara"]),
                    due.to_string(),
                    dice.weighted(&[(40, "OPEN"), (45, "DONE"), (15, "DROPPED")]),
                )
            } else {
                ("", String::new(), "")
            };
            let (text, confidential) = (dice.pick(&SENTENCES), dice.chance(3));
            sheet.line(&format!(
                "r{number},{order},{kind},{activity},{text},{theme},{severity},{owner},{due},{state},{confidential}"
            ))?;
        }
        Ok(())
    }
}

fn local(time: NaiveDateTime) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}
