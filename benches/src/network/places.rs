//! Where people meet: the communities, and the words of the network.

use std::path::Path;

use anyhow::Result;

use super::{NETWORK, Sheet, chance::Dice};

pub(crate) const NATIONS: u64 = 40;
const REGIONS: u64 = 10;
/// How many cities there are in the first region of a nation, and in all others together.
pub(super) const LIVELY: u64 = 20;
pub(super) const QUIET: u64 = 80;
const CITIES_OF_QUIET_REGION: u64 = 9;

/// Offsets of the nations' zones, in hours, which have no summer time; so a gathering's offset is always its zone's.
const ZONES: [(i64, &str); 5] =
    [(-3, "America/Sao_Paulo"), (0, "Africa/Accra"), (3, "Africa/Nairobi"), (7, "Asia/Jakarta"), (9, "Asia/Tokyo")];

pub(super) const THEMES: [&str; 20] = [
    "HOUSING",
    "TRAUMA",
    "TRANSLATION",
    "FACILITATORS",
    "FUNDING",
    "VENUES",
    "YOUTH",
    "LAW",
    "CLIMATE",
    "HEALTH",
    "LITERACY",
    "LAND",
    "WATER",
    "TRANSPORT",
    "MEDIA",
    "FAITH",
    "PRISONS",
    "SCHOOLS",
    "DISPLACEMENT",
    "FARMING",
];
pub(super) const ROLES: [&str; 4] = ["FACILITATOR", "MEMBER", "GUEST", "PARTNER"];
pub(super) const OUTCOMES: [&str; 6] = ["AWARENESS", "STRATEGY", "SKILLS", "RESOURCES", "TRUST", "ACTION"];
pub(super) const FUNCTIONS: [&str; 5] = ["EDUCATE", "SUPPORT", "CULTIVATE", "ENCOURAGE", "INTEGRATE"];

/// A city, by its number among all.
#[derive(Debug, Clone, Copy)]
pub(super) struct City {
    pub(super) nation: u64,
    region: u64,
    city: u64,
}

impl City {
    /// One of the cities of lively regions.
    pub(super) fn lively(number: u64) -> Self {
        Self { nation: number / LIVELY, region: 0, city: number % LIVELY }
    }

    /// One of all other cities.
    pub(super) fn quiet(number: u64) -> Self {
        let city = number % QUIET;
        Self { nation: number / QUIET, region: 1 + city / CITIES_OF_QUIET_REGION, city: city % CITIES_OF_QUIET_REGION }
    }

    pub(super) fn slug(self) -> String {
        city_slug(self.nation, self.region, self.city)
    }

    /// Another city of the region.
    pub(super) fn neighbour(self) -> Self {
        Self { city: (self.city + 1) % cities_of(self.region), ..self }
    }

    /// The offset of its local time, in hours.
    pub(super) fn offset(self) -> i64 {
        zone(self.nation).0
    }
}

pub(crate) fn nation_slug(nation: u64) -> String {
    format!("nation-{nation}")
}

pub(crate) fn region_slug(nation: u64, region: u64) -> String {
    format!("region-{nation}-{region}")
}

fn city_slug(nation: u64, region: u64, city: u64) -> String {
    format!("city-{nation}-{region}-{city}")
}

fn zone(nation: u64) -> (i64, &'static str) {
    ZONES[(nation % ZONES.len() as u64) as usize]
}

fn cities_of(region: u64) -> u64 {
    match region {
        0 => LIVELY,
        _ => CITIES_OF_QUIET_REGION.min(QUIET - (region - 1) * CITIES_OF_QUIET_REGION),
    }
}

pub(super) fn write(folder: &Path) -> Result<()> {
    let mut networks = Sheet::new(folder, "networks.csv", "slug,name,languages")?;
    networks.line(&format!("{NETWORK},Synthetic network,en"))?;
    networks.finish()?;
    write_words(folder)?;
    let header = "slug,name,level,parent_slug,network_slug,country,city,latitude,longitude,timezone,founded_on,status,members,\
                  audience,cadence,report_due_days";
    let mut communities = Sheet::new(folder, "communities.csv", header)?;
    for nation in 0..NATIONS {
        let top = nation_slug(nation);
        communities.line(&community(&top, "NATIONAL", "", nation, 30))?;
        for region in 0..REGIONS {
            let middle = region_slug(nation, region);
            communities.line(&community(&middle, "REGIONAL", &top, nation, 21))?;
            for city in 0..cities_of(region) {
                communities.line(&community(&city_slug(nation, region, city), "CITY", &middle, nation, 14))?;
            }
        }
    }
    communities.finish()
}

fn community(slug: &str, level: &str, parent: &str, nation: u64, due: u64) -> String {
    let mut dice = Dice::of(1, slug.bytes().fold(0, |hash: u64, byte| hash.wrapping_mul(257).wrapping_add(u64::from(byte))));
    let (first, second) = (char::from(b'A' + (nation / 26) as u8), char::from(b'A' + (nation % 26) as u8));
    let city = if level == "CITY" { slug } else { "" };
    let (latitude, longitude) = (dice.below(12_000) as f64 / 100.0 - 60.0, dice.below(34_000) as f64 / 100.0 - 170.0);
    let founded = format!("{}-{:02}-{:02}", 2010 + dice.below(11), 1 + dice.below(12), 1 + dice.below(28));
    let status = dice.weighted(&[(93, "OPEN"), (4, "PAUSED"), (3, "CLOSED")]);
    // A fifth says nothing of when reports are due.
    let due = if dice.chance(80) { due.to_string() } else { String::new() };
    let (zone, members) = (zone(nation).1, 5 + dice.below(400));
    format!(
        "{slug},Community of practice {slug},{level},{parent},{NETWORK},{first}{second},{city},{latitude:.2},{longitude:.2},{zone},\
         {founded},{status},{members},PUBLIC,FREQ=MONTHLY,{due}"
    )
}

fn write_words(folder: &Path) -> Result<()> {
    let mut words = Sheet::new(folder, "vocabulary.csv", "network_slug,kind,code,label,order")?;
    let kinds: [(&str, &[&str]); 4] =
        [("THEME", &THEMES), ("PARTICIPANT_ROLE", &ROLES), ("DESIRED_OUTCOME", &OUTCOMES), ("FUNCTION", &FUNCTIONS)];
    for (kind, codes) in kinds {
        for (order, code) in codes.iter().enumerate() {
            words.line(&format!("{NETWORK},{kind},{code},{},{}", code.to_lowercase(), order + 1))?;
        }
    }
    words.finish()
}
