//! The gatherings.

use std::collections::HashMap;

use anyhow::{Context, Result};
use chrono::{DateTime, Datelike, Days, FixedOffset, NaiveDate, SecondsFormat, TimeDelta, Utc};

use super::calendar::{self, Slot};
use super::dice::Dice;
use super::marks::Marks;
use super::places::{Place, cities_of, find};
use super::sheet::{Sheet, optional};
use super::vocabulary::{self, Term};
use super::{SITE, now, table, today, zones};

/// A gathering and what its agenda and report are written from.
pub(super) struct Meeting {
    pub(super) id: String,
    pub(super) hosts: Vec<usize>,
    title: String,
    pub(super) theme: String,
    /// First and last day in local time.
    pub(super) from: NaiveDate,
    pub(super) until: NaiveDate,
    begins: DateTime<FixedOffset>,
    starts_at: String,
    ends_at: String,
    /// Minutes of programme over all days.
    pub(super) minutes: i64,
    pub(super) format: String,
    venue: Option<Venue>,
    pub(super) status: String,
    created_at: DateTime<Utc>,
    pub(super) size: i64,
    pub(super) diligence: i64,
}

struct Venue {
    city: String,
    country: String,
    position: Option<(f64, f64)>,
}

struct Title {
    language: String,
    theme: String,
    marks: Marks,
    text: String,
}

/// Titles with how often each was used, by whom.
struct Titles {
    all: Vec<Title>,
    used: HashMap<usize, Vec<usize>>,
}

/// All gatherings by start and id.
pub(super) fn all(places: &[Place], vocabulary: &[Term]) -> Result<Vec<Meeting>> {
    let mut slots = calendar::slots(places)?;
    slots.sort_by_key(|slot| (slot.date, slot.hosts.clone()));
    let themes = vocabulary::codes(vocabulary, "THEME");
    let mut titles = Titles { all: read_titles()?, used: HashMap::new() };
    let mut meetings = Vec::new();
    for slot in &slots {
        meetings.push(meeting(slot, places, &themes, &mut titles)?);
    }
    meetings.sort_by(|a, b| (a.begins, &a.hosts).cmp(&(b.begins, &b.hosts)));
    let mut counts: HashMap<i32, usize> = HashMap::new();
    for meeting in &mut meetings {
        let year = meeting.from.year();
        let count = counts.entry(year).or_default();
        *count += 1;
        meeting.id = format!("g-{year}-{count:04}");
    }
    Ok(meetings)
}

fn meeting(slot: &Slot, places: &[Place], themes: &[&str], titles: &mut Titles) -> Result<Meeting> {
    let host = lead(&slot.hosts, places)?;
    let mut dice = Dice::named(&format!("gathering {} {}", host.slug, slot.date));
    let (title, theme, format) = match &slot.special {
        Some(special) => (special.title.clone(), special.theme.clone(), special.format.clone()),
        None => {
            let format = format_of(host, &mut dice)?;
            let (title, theme) = titles.choose(slot, host, &format, &mut dice)?;
            let theme = if theme.is_empty() { (*dice.pick(themes)?).to_owned() } else { theme };
            (title, theme, format)
        }
    };
    let start = slot.date.and_hms_opt(slot.hour, 0, 0).context("no such hour")?;
    let last = slot.date.checked_add_days(Days::new(slot.days - 1)).context("no such day")?;
    let close = last.and_hms_opt(slot.hour, 0, 0).context("no such hour")? + TimeDelta::minutes(slot.minutes);
    // Of many a gathering of several days only the days are written down.
    let day_only = dice.chance(if slot.days > 1 { 35 } else { 6 });
    let unending = dice.chance(7);
    let written = |when| -> Result<String> { Ok(zones::local(&host.zone, when)?.to_rfc3339_opts(SecondsFormat::Secs, false)) };
    let midnight = slot.date.and_hms_opt(0, 0, 0).context("no midnight")?;
    Ok(Meeting {
        id: String::new(),
        hosts: slot.hosts.clone(),
        title,
        theme,
        from: slot.date,
        until: last,
        begins: zones::local(&host.zone, if day_only { midnight } else { start })?,
        starts_at: if day_only { slot.date.to_string() } else { written(start)? },
        ends_at: match (unending && slot.days == 1, day_only) {
            (true, _) => String::new(),
            (false, true) => last.to_string(),
            (false, false) => written(close)?,
        },
        minutes: slot.minutes * i64::try_from(slot.days).context("too many days")?,
        venue: venue(slot, host, &format, places, &mut dice)?,
        format,
        status: status(slot, &mut dice)?,
        created_at: created(slot, host, &mut dice)?,
        size: slot.size,
        diligence: slot.diligence,
    })
}

/// The host named first, whose place, zone and habits the gathering follows.
pub(super) fn lead<'a>(hosts: &[usize], places: &'a [Place]) -> Result<&'a Place> {
    let first = hosts.first().context("a gathering without hosts")?;
    places.get(*first).context("no such host")
}

fn format_of(host: &Place, dice: &mut Dice) -> Result<String> {
    let format = match host.format.as_str() {
        "ONLINE" => "ONLINE",
        "IN_PERSON" => dice.weighted(&[(85, "IN_PERSON"), (7, "HYBRID"), (4, "ONLINE"), (4, "")])?,
        "HYBRID" => dice.weighted(&[(58, "HYBRID"), (25, "IN_PERSON"), (12, "ONLINE"), (5, "")])?,
        _ => dice.weighted(&[(45, "IN_PERSON"), (15, "ONLINE"), (40, "")])?,
    };
    Ok(format.to_owned())
}

fn status(slot: &Slot, dice: &mut Dice) -> Result<String> {
    if let Some(special) = &slot.special {
        return Ok(special.status.clone());
    }
    let usual = if slot.date > today()? { "PLANNED" } else { "HELD" };
    Ok(if dice.chance(7) { "CANCELLED" } else { usual }.to_owned())
}

/// Entered weeks before, but never before its community was founded nor after the sample's moment.
fn created(slot: &Slot, host: &Place, dice: &mut Dice) -> Result<DateTime<Utc>> {
    let ahead = match (&slot.special, slot.days) {
        // What answers to an event is not planned before that event.
        (Some(_), _) => dice.between(16, 35),
        (None, 1) => dice.between(16, 70),
        (None, _) => dice.between(80, 190),
    };
    let mut day = slot.date - TimeDelta::days(ahead);
    if let Some(founded) = host.founded_on {
        day = day.max(founded + TimeDelta::days(dice.between(3, 15)));
    }
    let day = day.min(now()?.date_naive() - TimeDelta::days(dice.between(2, 20)));
    let minute = TimeDelta::seconds(dice.between(6 * 3600, 21 * 3600));
    Ok(day.and_hms_opt(0, 0, 0).context("no midnight")?.and_utc() + minute)
}

fn venue(slot: &Slot, host: &Place, format: &str, places: &[Place], dice: &mut Dice) -> Result<Option<Venue>> {
    if format == "ONLINE" || (format.is_empty() && dice.chance(50)) {
        return Ok(None);
    }
    let set = slot.special.as_ref().map(|special| special.venue.as_str());
    let city = match set.filter(|slug| !slug.is_empty()) {
        Some(slug) => places.get(find(places, slug)?).context("no such venue")?,
        None => *dice.pick(&cities_of(places, host, slot.date))?,
    };
    // A city has a few halls which it uses again and again.
    let hall = dice.between(1, 4);
    let mut hall = Dice::named(&format!("hall {} {hall}", city.slug));
    let mut near = |middle: f64| -> Result<f64> {
        let steps = i32::try_from(hall.between(-55, 55)).context("too far")?;
        Ok(((middle * 1e4).round() + f64::from(steps)) / 1e4)
    };
    let position = (near(city.latitude)?, near(city.longitude)?);
    let position = (!dice.chance(12)).then_some(position);
    Ok(Some(Venue { city: city.city.clone(), country: city.country.clone(), position }))
}

impl Titles {
    /// The least used title that fits, rather one that this host has not had yet.
    fn choose(&mut self, slot: &Slot, host: &Place, format: &str, dice: &mut Dice) -> Result<(String, String)> {
        let month = slot.date.format("%Y-%m").to_string();
        let own = host.languages.iter().find(|language| *language != "en");
        let language = match own {
            Some(own) if dice.chance(slot.local_titles) => own,
            _ => "en",
        };
        let hosts = &slot.hosts;
        let fitting = self
            .all
            .iter()
            .enumerate()
            .filter(|(_, title)| title.language == language && title.marks.fit(host, &month, format == "ONLINE"));
        let scored = fitting.map(|(index, title)| {
            let used = self.used.get(&index).map(Vec::as_slice).unwrap_or_default();
            let own = used.iter().filter(|place| hosts.contains(place)).count();
            // A title with the month in it may come again and again.
            let own = if title.text.contains("{month}") { own } else { own * 20 };
            (own * 4 + used.len() * 3, dice.between(0, 99), index)
        });
        let (_, _, index) = scored.min().context("no title fits")?;
        self.used.entry(index).or_default().extend(hosts);
        let title = self.all.get(index).context("no such title")?;
        let place = if host.city.is_empty() { &host.name } else { &host.city };
        let text = title
            .text
            .replace("{city}", place)
            .replace("{month}", &slot.date.format("%B").to_string())
            .replace("{year}", &slot.date.year().to_string());
        Ok((text, title.theme.clone()))
    }
}

fn read_titles() -> Result<Vec<Title>> {
    let rows = table::bars("titles", include_str!("data/titles.psv"))?;
    rows.iter()
        .map(|row| {
            Ok(Title {
                language: row.owned("language")?,
                theme: row.owned("theme")?,
                marks: Marks::read(row.text("marks")?),
                text: row.owned("title")?,
            })
        })
        .collect()
}

/// `gatherings.csv`.
pub(super) fn sheet(meetings: &[Meeting], places: &[Place]) -> Result<Sheet> {
    let columns = "external_id,community_slug,title,starts_at,ends_at,format,venue_city,\
         venue_country,venue_latitude,venue_longitude,status,created_at,source_url";
    let mut sheet = Sheet::new("gatherings.csv", columns);
    for meeting in meetings {
        let hosts: Option<Vec<&str>> =
            meeting.hosts.iter().map(|host| places.get(*host).map(|place| place.slug.as_str())).collect();
        let venue = meeting.venue.as_ref();
        let position = venue.and_then(|venue| venue.position);
        sheet.push([
            meeting.id.clone(),
            hosts.context("no such host")?.join(";"),
            meeting.title.clone(),
            meeting.starts_at.clone(),
            meeting.ends_at.clone(),
            meeting.format.clone(),
            optional(venue.map(|venue| &venue.city)),
            optional(venue.map(|venue| &venue.country)),
            optional(position.map(|(latitude, _)| latitude)),
            optional(position.map(|(_, longitude)| longitude)),
            meeting.status.clone(),
            meeting.created_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            format!("{SITE}/gatherings/{}", meeting.id),
        ]);
    }
    Ok(sheet)
}
