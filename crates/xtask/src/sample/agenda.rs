//! What was on the agenda, and who was invited.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::dice::Dice;
use super::meetings::{Meeting, lead};
use super::places::{People, Place};
use super::sheet::{Sheet, optional};
use super::table;
use super::vocabulary::{self, Term};

/// The usual course of a day, with how often, in a hundred, each part is on it.
const COURSE: [(&str, i64); 11] = [
    ("PRAYER", 55),
    ("REPORTS", 92),
    ("MAP", 38),
    ("WORLD_NEWS", 34),
    ("PROFESSIONAL_DEVELOPMENT", 78),
    ("NEED_ASSESSMENT", 46),
    ("PROBLEM_SOLVING", 62),
    ("RESEARCH_RESULTS", 12),
    ("CAREGIVER_CARE", 44),
    ("PLANNING", 80),
    ("PRAYER", 40),
];

const PROFESSIONS: [&str; 5] =
    ["clinical psychologist", "counsellor", "psychiatric nurse", "lecturer in social work", "hospital chaplain"];

struct Part {
    kind: String,
    minutes: i64,
    presenter: String,
    title: String,
}

/// `agenda.csv` and `invitations.csv`.
pub(super) fn sheets(
    meetings: &[Meeting],
    places: &[Place],
    people: &HashMap<String, People>,
    vocabulary: &[Term],
) -> Result<Vec<Sheet>> {
    let columns = "gathering_external_id,order,kind,title,minutes,presenter";
    let mut agenda = Sheet::new("agenda.csv", columns);
    let mut invitations = Sheet::new("invitations.csv", "gathering_external_id,group,invited");
    let parts = read_parts()?;
    let groups = vocabulary::codes(vocabulary, "INVITATION_GROUP");
    for meeting in meetings {
        let host = lead(&meeting.hosts, places)?;
        let people = people.get(&host.country).context("a country without people")?;
        let theme = vocabulary::theme_label(vocabulary, &meeting.theme)?;
        add_agenda(&mut agenda, meeting, people, theme, &parts)?;
        add_invitations(&mut invitations, meeting, &groups)?;
    }
    Ok(vec![agenda, invitations])
}

fn add_agenda(sheet: &mut Sheet, meeting: &Meeting, people: &People, theme: &str, parts: &[Part]) -> Result<()> {
    let mut dice = Dice::named(&format!("agenda {}", meeting.id));
    let written = match meeting.status.as_str() {
        "HELD" => 82,
        "PLANNED" => 60,
        _ => 25,
    };
    if !dice.chance(written) {
        return Ok(());
    }
    let days = (meeting.until - meeting.from).num_days() + 1;
    let mut used: Vec<&str> = Vec::new();
    let mut spent = 0;
    for day in 1..=days {
        // An hour of each day goes into arriving, eating and talking in the yard.
        let budget = meeting.minutes * day / days - 20 - if meeting.minutes > 300 { 40 * day } else { 0 };
        for (kind, share) in COURSE {
            let fresh: Vec<&Part> =
                parts.iter().filter(|part| part.kind == kind && !used.contains(&part.title.as_str())).collect();
            // Planning belongs to the last day.
            if !dice.chance(share) || fresh.is_empty() || (kind == "PLANNING" && day < days) {
                continue;
            }
            let part = *dice.pick(&fresh)?;
            if spent + part.minutes > budget {
                continue;
            }
            spent += part.minutes;
            used.push(&part.title);
            let order = used.len().to_string();
            let minutes = (!dice.chance(9)).then_some(part.minutes);
            sheet.push([
                meeting.id.clone(),
                order,
                kind.to_owned(),
                titled(&part.title, theme),
                optional(minutes),
                presenter(part, people, &mut dice)?,
            ]);
        }
    }
    Ok(())
}

/// Theme labels begin with a capital, which stays only at the start of a title.
fn titled(title: &str, theme: &str) -> String {
    if title.starts_with("{theme}") {
        return title.replace("{theme}", theme);
    }
    let mut letters = theme.chars();
    let first = letters.next().map(|letter| letter.to_lowercase().to_string());
    title.replace("{theme}", &format!("{}{}", first.unwrap_or_default(), letters.as_str()))
}

fn presenter(part: &Part, people: &People, dice: &mut Dice) -> Result<String> {
    let name = dice.pick(&people.names)?;
    Ok(match part.presenter.as_str() {
        "pro" => format!("{name}, {}", dice.pick(&PROFESSIONS)?),
        "any" if dice.chance(70) => name.clone(),
        _ => String::new(),
    })
}

fn add_invitations(sheet: &mut Sheet, meeting: &Meeting, groups: &[&str]) -> Result<()> {
    let mut dice = Dice::named(&format!("invitations {}", meeting.id));
    if !dice.chance(64) {
        return Ok(());
    }
    let mut chosen: Vec<&str> = Vec::new();
    for _ in 0..dice.between(2, 5) {
        let group = *dice.pick(groups)?;
        if !chosen.contains(&group) {
            chosen.push(group);
        }
    }
    chosen.sort_unstable();
    for group in chosen {
        let most = (meeting.size / 2).max(4);
        let invited = (!dice.chance(22)).then(|| dice.between(2, most));
        sheet.push([meeting.id.clone(), group.to_owned(), optional(invited)]);
    }
    Ok(())
}

fn read_parts() -> Result<Vec<Part>> {
    let rows = table::bars("agenda", include_str!("data/agenda.psv"))?;
    rows.iter()
        .map(|row| {
            Ok(Part {
                kind: row.owned("kind")?,
                minutes: row.parse("minutes")?,
                presenter: row.owned("presenter")?,
                title: row.owned("title")?,
            })
        })
        .collect()
}
