//! The items of a report: which sentences it holds, and who owns its next steps.

use std::collections::HashMap;

use anyhow::{Context, Result};
use chrono::TimeDelta;

use super::dice::Dice;
use super::marks::Marks;
use super::meetings::{Meeting, lead};
use super::places::{People, Place};
use super::sheet::{Sheet, optional};
use super::{table, today};

/// How many items of each kind a report has: percent for none, one, two, three.
const AMOUNTS: [(&str, [i64; 4]); 7] = [
    ("ACTIVITY", [2, 28, 45, 25]),
    ("CHALLENGE", [26, 52, 22, 0]),
    ("SUCCESS", [30, 54, 16, 0]),
    ("NEED", [34, 50, 16, 0]),
    ("REQUEST", [60, 40, 0, 0]),
    ("RESOURCE", [66, 34, 0, 0]),
    ("NEXT_STEP", [14, 44, 32, 10]),
];

const OWNER_ROLES: [&str; 6] = ["coordinator", "host team", "treasurer", "training facilitator", "chaplain", "leading team"];

const CONTRIBUTOR_ROLES: [&str; 8] = [
    "a head teacher",
    "a parish nurse",
    "a retired judge",
    "a training facilitator",
    "group leads",
    "a student",
    "an elder",
    "two apprentices",
];

const FILES: [(&str, &str); 4] = [
    ("phrases_activities", include_str!("data/phrases_activities.psv")),
    ("phrases_challenges", include_str!("data/phrases_challenges.psv")),
    ("phrases_successes", include_str!("data/phrases_successes.psv")),
    ("phrases_steps", include_str!("data/phrases_steps.psv")),
];

/// A hand-written sentence with blanks such as `{area}`.
struct Phrase {
    kind: String,
    /// Empty but for activities.
    activity: String,
    theme: String,
    severity: String,
    marks: Marks,
    text: String,
}

/// All sentences, with how often each was used, by whom.
pub(super) struct Phrases {
    all: Vec<Phrase>,
    used: HashMap<usize, Vec<usize>>,
}

impl Phrases {
    pub(super) fn read() -> Result<Self> {
        let mut all = Vec::new();
        for (name, text) in FILES {
            for row in table::bars(name, text)? {
                let kind = row.owned("kind")?;
                let is_plain = AMOUNTS.iter().any(|(known, _)| *known == kind);
                // A word that is not an item kind is one of the eleven activity kinds.
                let (kind, activity) = if is_plain { (kind, String::new()) } else { ("ACTIVITY".to_owned(), kind) };
                all.push(Phrase {
                    kind,
                    activity,
                    theme: row.owned("theme")?,
                    severity: row.owned("severity")?,
                    marks: Marks::read(row.text("marks")?),
                    text: row.owned("text")?,
                });
            }
        }
        Ok(Self { all, used: HashMap::new() })
    }

    /// Write the items of one report and return the activity kinds among them.
    pub(super) fn add_items(
        &mut self,
        sheet: &mut Sheet,
        report: &str,
        meeting: &Meeting,
        places: &[Place],
        people: &People,
    ) -> Result<Vec<String>> {
        let mut dice = Dice::named(&format!("items {report}"));
        let mut chosen: Vec<usize> = Vec::new();
        let mut activities = Vec::new();
        for (kind, amounts) in AMOUNTS {
            let amount = amounts.into_iter().zip(0_usize..).collect::<Vec<_>>();
            for _ in 0..dice.weighted(&amount)? {
                let host = lead(&meeting.hosts, places)?;
                let index = self.choose(kind, meeting, host, &chosen, &mut dice)?;
                chosen.push(index);
                self.used.entry(index).or_default().extend(&meeting.hosts);
                let phrase = self.all.get(index).context("no such sentence")?;
                let order = chosen.len();
                sheet.push(row(phrase, report, order, meeting, places, people, &mut dice)?);
                if !phrase.activity.is_empty() {
                    activities.push(phrase.activity.clone());
                }
            }
        }
        Ok(activities)
    }

    /// The least used sentence that fits, rather on the theme of the day or written for the place.
    fn choose(&self, kind: &str, meeting: &Meeting, host: &Place, chosen: &[usize], dice: &mut Dice) -> Result<usize> {
        let month = meeting.from.format("%Y-%m").to_string();
        let online = meeting.format == "ONLINE";
        let activities: Vec<&str> =
            chosen.iter().filter_map(|index| self.all.get(*index)).map(|phrase| phrase.activity.as_str()).collect();
        let fitting =
            self.all.iter().enumerate().filter(|(index, phrase)| {
                phrase.kind == kind && !chosen.contains(index) && phrase.marks.fit(host, &month, online)
            });
        // Half of what people bring has nothing to do with the theme of the day.
        let on_theme = dice.chance(48);
        let scored = fitting.map(|(index, phrase)| {
            let used = self.used.get(&index).map(Vec::as_slice).unwrap_or_default();
            let own = used.iter().filter(|place| meeting.hosts.contains(place)).count();
            let fixed = !phrase.text.contains('{');
            let count = i64::try_from(used.len()).unwrap_or(i64::MAX / 64);
            let mut score = count * if fixed { 14 } else { 8 } + dice.between(0, 9);
            score += if own > 0 { 500 } else { 0 };
            score -= if on_theme && phrase.theme == meeting.theme { 14 } else { 0 };
            score -= if phrase.marks.is_local() { 7 } else { 0 };
            let again = !phrase.activity.is_empty() && activities.contains(&phrase.activity.as_str());
            score += if again { 60 } else { 0 };
            (score, index)
        });
        let (_, index) = scored.min().with_context(|| format!("no {kind} fits"))?;
        Ok(index)
    }
}

fn row(
    phrase: &Phrase,
    report: &str,
    order: usize,
    meeting: &Meeting,
    places: &[Place],
    people: &People,
    dice: &mut Dice,
) -> Result<[String; 13]> {
    let host = *dice.pick(&meeting.hosts)?;
    let host = places.get(host).context("no such host")?;
    // With one host its name says nothing; with several, some items belong to all.
    let named = meeting.hosts.len() > 1 && dice.chance(60);
    let text = fill(&phrase.text, host, meeting.size, people, dice)?;
    let contributor = if phrase.marks.secret || phrase.kind == "NEXT_STEP" { String::new() } else { contributor(people, dice)? };
    let (owner, due, state) =
        if phrase.kind == "NEXT_STEP" { follow_up(meeting, people, dice)? } else { (String::new(), String::new(), "") };
    Ok([
        report.to_owned(),
        order.to_string(),
        phrase.kind.clone(),
        phrase.activity.clone(),
        text,
        phrase.theme.clone(),
        phrase.severity.clone(),
        contributor,
        if named { host.slug.clone() } else { String::new() },
        owner,
        due,
        state.to_owned(),
        phrase.marks.secret.to_string(),
    ])
}

fn fill(text: &str, host: &Place, size: i64, people: &People, dice: &mut Dice) -> Result<String> {
    let many = dice.between((size / 3).max(6), (size * 3 / 4).max(9));
    Ok(text
        .replace("{area}", dice.pick(&host.areas)?)
        .replace("{org}", dice.pick(&people.organisations)?)
        .replace("{name}", dice.pick(&people.names)?)
        .replace("{lang}", &host.mother_tongue)
        .replace("{n}", &many.to_string())
        .replace("{m}", &dice.between(3, 7).to_string()))
}

fn contributor(people: &People, dice: &mut Dice) -> Result<String> {
    let name = dice.pick(&people.names)?;
    let organisation = dice.pick(&people.organisations)?;
    let role = *dice.pick(&CONTRIBUTOR_ROLES)?;
    Ok(match dice.between(1, 100) {
        1..=14 => name.clone(),
        15..=22 => format!("{name}, {organisation}"),
        23..=28 => organisation.clone(),
        29..=36 => role.to_owned(),
        _ => String::new(),
    })
}

/// Who does it, until when, and how far it has come.
fn follow_up(meeting: &Meeting, people: &People, dice: &mut Dice) -> Result<(String, String, &'static str)> {
    let name = dice.pick(&people.names)?;
    let role = *dice.pick(&OWNER_ROLES)?;
    let owner = match dice.between(1, 100) {
        1..=52 => name.clone(),
        53..=82 => role.to_owned(),
        83..=93 => format!("{name} ({role})"),
        _ => String::new(),
    };
    let due = meeting.until + TimeDelta::days(dice.between(10, 95));
    let due = (!dice.chance(8)).then_some(due);
    let is_past = due.unwrap_or(meeting.until + TimeDelta::days(180)) < today()?;
    let state = if is_past {
        dice.weighted(&[(63, "DONE"), (10, "DROPPED"), (27, "OPEN")])?
    } else {
        dice.weighted(&[(12, "DONE"), (88, "OPEN")])?
    };
    Ok((owner, optional(due), state))
}
