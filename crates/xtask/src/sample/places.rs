//! The communities and the people around them.

use std::collections::HashMap;

use anyhow::{Context, Result};
use chrono::NaiveDate;

use super::sheet::{Sheet, optional};
use super::table::{self, Row};
use super::{NETWORK, SITE};

/// A community with what is needed to write about it.
pub(super) struct Place {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) level: String,
    pub(super) parent: String,
    pub(super) country: String,
    pub(super) region_code: String,
    region_name: String,
    pub(super) city: String,
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    pub(super) zone: String,
    pub(super) founded_on: Option<NaiveDate>,
    joined_on: String,
    status: String,
    members: String,
    pub(super) audience: String,
    cadence: String,
    pub(super) report_due_days: Option<i64>,
    region_method: String,
    alias: String,
    purpose: String,
    pub(super) format: String,
    pub(super) languages: Vec<String>,
    /// The tongue into which people there want the materials translated.
    pub(super) mother_tongue: String,
    /// Quarters, villages or towns that its reports speak of.
    pub(super) areas: Vec<String>,
}

/// Invented names of people and organisations in one country.
pub(super) struct People {
    pub(super) names: Vec<String>,
    pub(super) organisations: Vec<String>,
}

/// The communities, sorted by level and slug.
pub(super) fn read() -> Result<Vec<Place>> {
    let rows = table::commas("communities", include_str!("data/communities.csv"))?;
    let profiles = table::commas("profiles", include_str!("data/profiles.csv"))?;
    let mut by_slug = HashMap::new();
    for profile in &profiles {
        by_slug.insert(profile.text("slug")?, profile);
    }
    let mut places = Vec::new();
    for row in &rows {
        let slug = row.text("slug")?;
        let profile = by_slug.get(slug).with_context(|| format!("no profile of {slug}"))?;
        places.push(place(row, profile)?);
    }
    places.sort_by(|a, b| (rank(&a.level), &a.slug).cmp(&(rank(&b.level), &b.slug)));
    Ok(places)
}

fn place(row: &Row, profile: &Row) -> Result<Place> {
    Ok(Place {
        slug: row.owned("slug")?,
        name: row.owned("name")?,
        level: row.owned("level")?,
        parent: row.owned("parent_slug")?,
        country: row.owned("country")?,
        region_code: row.owned("region_code")?,
        region_name: row.owned("region_name")?,
        city: row.owned("city")?,
        latitude: row.parse("latitude")?,
        longitude: row.parse("longitude")?,
        zone: row.owned("timezone")?,
        founded_on: row.parse_optional("founded_on")?,
        joined_on: row.owned("joined_network_on")?,
        status: row.owned("status")?,
        members: row.owned("members")?,
        audience: row.owned("audience")?,
        cadence: row.owned("cadence")?,
        report_due_days: row.parse_optional("report_due_days")?,
        region_method: row.owned("region_method")?,
        alias: row.owned("alias")?,
        purpose: profile.owned("purpose")?,
        format: profile.owned("format")?,
        languages: profile.list("languages")?,
        mother_tongue: profile.owned("mother_tongue")?,
        areas: profile.list("areas")?,
    })
}

/// People and organisations by country.
pub(super) fn read_people() -> Result<HashMap<String, People>> {
    let mut all = HashMap::new();
    for row in table::commas("people", include_str!("data/people.csv"))? {
        let people = People { names: row.list("names")?, organisations: row.list("organisations")? };
        all.insert(row.owned("country")?, people);
    }
    Ok(all)
}

/// The index of a community.
pub(super) fn find(places: &[Place], slug: &str) -> Result<usize> {
    let found = places.iter().position(|place| place.slug == slug);
    found.with_context(|| format!("no community {slug}"))
}

/// The city communities at or below a host that exist on that day: those with a room to offer.
pub(super) fn cities_of<'a>(places: &'a [Place], host: &'a Place, day: NaiveDate) -> Vec<&'a Place> {
    let parent_of = |place: &Place| places.iter().find(|other| other.slug == place.parent);
    let below = |place: &Place| {
        place.slug == host.slug || place.parent == host.slug || parent_of(place).is_some_and(|parent| parent.parent == host.slug)
    };
    let exists = |place: &Place| place.founded_on.is_some_and(|founded| founded <= day);
    let cities = places.iter().filter(|place| !place.city.is_empty() && exists(place));
    cities.filter(|place| below(place)).collect()
}

/// `communities.csv`, `community_profiles.csv` and `aliases.csv`.
pub(super) fn sheets(places: &[Place]) -> Vec<Sheet> {
    let mut communities = Sheet::new(
        "communities.csv",
        "slug,name,level,parent_slug,network_slug,country,region_code,region_name,city,latitude,\
         longitude,timezone,founded_on,joined_network_on,status,members,audience,cadence,\
         report_due_days,origin,region_method,source_id,source_url",
    );
    for place in places {
        communities.push(community(place));
    }
    let columns = "community_slug,purpose,format,languages";
    let mut profiles = Sheet::new("community_profiles.csv", columns);
    for place in places {
        let languages = place.languages.join(";");
        profiles.push([&place.slug, &place.purpose, &place.format, &languages]);
    }
    let mut aliases = Sheet::new("aliases.csv", "community_slug,alias");
    for place in places.iter().filter(|place| !place.alias.is_empty()) {
        aliases.push([&place.slug, &place.alias]);
    }
    vec![communities, profiles, aliases]
}

fn community(place: &Place) -> [String; 23] {
    [
        place.slug.clone(),
        place.name.clone(),
        place.level.clone(),
        place.parent.clone(),
        NETWORK.to_owned(),
        place.country.clone(),
        place.region_code.clone(),
        place.region_name.clone(),
        place.city.clone(),
        place.latitude.to_string(),
        place.longitude.to_string(),
        place.zone.clone(),
        optional(place.founded_on),
        place.joined_on.clone(),
        place.status.clone(),
        place.members.clone(),
        place.audience.clone(),
        place.cadence.clone(),
        optional(place.report_due_days),
        "SOURCE".to_owned(),
        place.region_method.clone(),
        format!("mt-{}", place.slug),
        format!("{SITE}/communities/{}", place.slug),
    ]
}

fn rank(level: &str) -> usize {
    ["NATIONAL", "REGIONAL", "CITY"].iter().position(|known| *known == level).unwrap_or(3)
}
