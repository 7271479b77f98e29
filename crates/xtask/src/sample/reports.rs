//! The gathering reports: when they came in, who was there, and what they are tagged with.

use std::collections::{BTreeSet, HashMap};

use anyhow::{Context, Result};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

use super::dice::Dice;
use super::items::Phrases;
use super::meetings::{Meeting, lead};
use super::now;
use super::places::{People, Place};
use super::sheet::{Sheet, optional};
use super::vocabulary::{self, Term};

const ATTENDANCE: &str = "report_external_id,role,organisation,people";
const ITEMS: &str = "report_external_id,order,kind,activity_kind,text,theme,severity,contributor,\
     host_slug,owner,due_on,state,confidential";

/// Which outcome and function an activity speaks for.
const EVIDENCE: [(&str, &str, &str); 11] = [
    ("PROBLEM_SOLVING", "STRATEGY", "SUPPORT"),
    ("REQUESTS_FOR_INFORMATION", "AWARENESS", "EDUCATE"),
    ("SEEKING_EXPERIENCE", "RELATIONSHIPS", "SUPPORT"),
    ("REUSING_ASSETS", "DEVELOPMENTS_SHARED", "INTEGRATE"),
    ("COORDINATION_AND_STRATEGY", "STRATEGY", "SUPPORT"),
    ("BUILDING_AN_ARGUMENT", "AWARENESS", "ENCOURAGE"),
    ("GROWING_CONFIDENCE", "SKILLS", "CULTIVATE"),
    ("DISCUSSING_DEVELOPMENTS", "DEVELOPMENTS_SHARED", "EDUCATE"),
    ("DOCUMENTING_PROJECTS", "SKILLS", "EDUCATE"),
    ("VISITS", "RELATIONSHIPS", "INTEGRATE"),
    ("MAPPING_KNOWLEDGE", "STRATEGY", "CULTIVATE"),
];

/// How often each role is met in the attendance.
const ROLES: [(i64, &str); 13] = [
    (5, "MASTER_FACILITATOR"),
    (14, "TRAINING_FACILITATOR"),
    (22, "GROUP_FACILITATOR"),
    (12, "MENTAL_HEALTH_PROFESSIONAL"),
    (15, "CHURCH_LEADER"),
    (7, "ORGANISATION_LEADER"),
    (12, "FRONTLINE_PRACTITIONER"),
    (4, "PROGRAMME_MANAGER"),
    (3, "ADMINISTRATOR"),
    (2, "FINANCIAL_PARTNER"),
    (6, "TEACHER"),
    (6, "STUDENT"),
    (5, "COMMUNITY_PARTNER"),
];

/// `reports.csv`, `attendance.csv`, `items.csv` and `report_tags.csv`.
pub(super) fn sheets(
    meetings: &[Meeting],
    places: &[Place],
    people: &HashMap<String, People>,
    vocabulary: &[Term],
) -> Result<Vec<Sheet>> {
    let columns = "external_id,gathering_external_id,submitted_at,attendance,rsvp_yes,\
         rsvp_waitlist,audience";
    let mut reports = Sheet::new("reports.csv", columns);
    let mut attendance = Sheet::new("attendance.csv", ATTENDANCE);
    let mut items = Sheet::new("items.csv", ITEMS);
    let mut tags = Sheet::new("report_tags.csv", "report_external_id,kind,code");
    let mut phrases = Phrases::read()?;
    for meeting in meetings.iter().filter(|meeting| meeting.status == "HELD") {
        let host = lead(&meeting.hosts, places)?;
        let people = people.get(&host.country).context("a country without people")?;
        let id = meeting.id.replacen('g', "r", 1);
        let mut dice = Dice::named(&format!("report {id}"));
        let submitted = submitted_at(meeting, host, &mut dice)?;
        // Some never write, and what would come later than today has not come yet.
        if !dice.chance(meeting.diligence) || submitted > now()? {
            continue;
        }
        let submitted = (!dice.chance(8)).then_some(submitted);
        // Where nobody counted there is no attendance by role either.
        let counted = !dice.chance(9);
        let mut uncounted = Sheet::new("attendance.csv", ATTENDANCE);
        let sheet = if counted { &mut attendance } else { &mut uncounted };
        let present = add_attendance(sheet, &id, meeting, people, &mut dice)?;
        let rsvp = dice.chance(62).then(|| present + dice.between(-2, present / 3).max(1 - present));
        let waiting = rsvp.and_then(|_| {
            let full = dice.chance(15);
            dice.chance(70).then(|| if full { dice.between(1, 9) } else { 0 })
        });
        reports.push([
            id.clone(),
            meeting.id.clone(),
            optional(submitted.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))),
            optional(counted.then_some(present)),
            optional(rsvp),
            optional(waiting),
            audience(host, &mut dice)?.to_owned(),
        ]);
        let activities = phrases.add_items(&mut items, &id, meeting, places, people)?;
        add_tags(&mut tags, &id, &activities, vocabulary, &mut dice);
    }
    Ok(vec![reports, attendance, items, tags])
}

/// Mostly within the days that the community set itself, one in five late.
fn submitted_at(meeting: &Meeting, host: &Place, dice: &mut Dice) -> Result<DateTime<Utc>> {
    let due = host.report_due_days.unwrap_or(21);
    let after = if dice.chance(20) { due + dice.between(1, 45) } else { dice.between(1, due) };
    let close = meeting.until.and_hms_opt(0, 0, 0).context("no midnight")?.and_utc();
    Ok(close + TimeDelta::days(after) + TimeDelta::seconds(dice.between(5 * 3600, 20 * 3600)))
}

fn audience(host: &Place, dice: &mut Dice) -> Result<&'static str> {
    let weights = match host.audience.as_str() {
        "PUBLIC" => [82, 12, 6],
        "NETWORK" => [36, 50, 14],
        "MEMBERS" => [8, 27, 65],
        _ => [45, 30, 25],
    };
    let [public, network, members] = weights;
    dice.weighted(&[(public, "PUBLIC"), (network, "NETWORK"), (members, "MEMBERS")])
}

/// Write who was there, by role and organisation, and return how many there were in all.
fn add_attendance(sheet: &mut Sheet, report: &str, meeting: &Meeting, people: &People, dice: &mut Dice) -> Result<i64> {
    let present = (meeting.size * dice.between(62, 122) / 100).max(4);
    // A few reports give the total and nothing else.
    if dice.chance(5) {
        return Ok(present);
    }
    let mut rows: HashMap<(&str, &str), i64> = HashMap::new();
    let mut left = present;
    for _ in 0..dice.between(4, 8) {
        let role = if dice.chance(94) { dice.weighted(&ROLES)? } else { "" };
        let from = dice.pick(&people.organisations)?.as_str();
        let organisation = if role.is_empty() || dice.chance(42) { from } else { "" };
        let most = if role == "MASTER_FACILITATOR" { 2 } else { (present / 3).max(2) };
        let number = dice.between(1, most).min(left);
        if number > 0 {
            *rows.entry((role, organisation)).or_default() += number;
            left -= number;
        }
    }
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_unstable();
    for ((role, organisation), number) in rows {
        sheet.push([report, role, organisation, &number.to_string()]);
    }
    Ok(present)
}

/// Tag a report with what its activities are evidence for; busy facilitators leave some out.
fn add_tags(sheet: &mut Sheet, report: &str, activities: &[String], vocabulary: &[Term], dice: &mut Dice) {
    if dice.chance(10) {
        return;
    }
    let mut tags = BTreeSet::new();
    for (activity, outcome, function) in EVIDENCE {
        if activities.iter().any(|done| done == activity) {
            if dice.chance(85) {
                tags.insert(("DESIRED_OUTCOME", outcome));
            }
            if dice.chance(75) {
                tags.insert(("FUNCTION", function));
            }
        }
    }
    if dice.chance(45) {
        tags.insert(("DESIRED_OUTCOME", "ENCOURAGEMENT"));
    }
    if dice.chance(30) {
        tags.insert(("FUNCTION", "ENCOURAGE"));
    }
    for (kind, code) in tags {
        // Only what the vocabulary still offers.
        if vocabulary::codes(vocabulary, kind).contains(&code) {
            sheet.push([report, kind, code]);
        }
    }
}
