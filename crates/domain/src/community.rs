//! Communities of practice and the tree they form.

use chrono::NaiveDate;
use chrono_tz::Tz;

use crate::{
    Invalid,
    access::Audience,
    gathering::Format,
    id::{CommunityId, NetworkId},
    place::{Area, Home},
    text::{Cadence, Country, HeadCount, Language, Slug, Text},
    words::words,
};

words! {
    /// How wide a community's circle is.
    Level, "level" {
        /// A nation.
        National = "NATIONAL",
        /// A region of a nation.
        Regional = "REGIONAL",
        /// A city.
        City = "CITY",
    }
}

impl Level {
    /// Whether a community of this level may have one of the given level as its parent. Levels may be skipped.
    pub fn may_be_under(self, parent: Self) -> bool {
        // The order of the definition is from wide to narrow.
        parent < self
    }
}

words! {
    /// Where a community is in its life. Whether it is active is never stored: a policy computes it.
    CommunityStatus, "community status" {
        /// Being brought together; it has not opened yet.
        Forming = "FORMING",
        /// Open to its members.
        Open = "OPEN",
        /// Resting, and meaning to come back.
        Paused = "PAUSED",
        /// Ended; kept in history.
        Closed = "CLOSED",
    }
}

words! {
    /// What can be done to a community's status.
    CommunityStep, "step of a community" {
        /// Open a forming community.
        Open = "OPEN",
        /// Let an open or forming community rest.
        Pause = "PAUSE",
        /// End a community.
        Close = "CLOSE",
        /// Open a paused or closed one again.
        Reopen = "REOPEN",
    }
}

impl CommunityStatus {
    /// The status after a step, or why it cannot be taken.
    pub fn after(self, step: CommunityStep) -> Result<Self, Invalid> {
        match (self, step) {
            (Self::Forming, CommunityStep::Open) | (Self::Paused | Self::Closed, CommunityStep::Reopen) => Ok(Self::Open),
            (Self::Forming | Self::Open, CommunityStep::Pause) => Ok(Self::Paused),
            (Self::Forming | Self::Open | Self::Paused, CommunityStep::Close) => Ok(Self::Closed),
            _ => Err(Invalid::new(format!("is {self}: it cannot {step}"))),
        }
    }

    /// Reads a status of this or another system: `ACTIVE` and `INACTIVE` mean open there, `REMOVED` closed.
    pub fn from_source(word: &str) -> Result<Self, Invalid> {
        match word {
            "ACTIVE" | "INACTIVE" => Ok(Self::Open),
            "REMOVED" => Ok(Self::Closed),
            _ => word.parse().map_err(|_| {
                Invalid::new("is no community status: one of FORMING, OPEN, PAUSED, CLOSED, ACTIVE, INACTIVE, REMOVED")
            }),
        }
    }
}

/// A community of practice.
#[derive(Debug, Clone, PartialEq)]
pub struct Community {
    /// The network it belongs to.
    pub network: NetworkId,
    /// The name in addresses, unique within the network, old names included.
    pub slug: Slug,
    /// The name in full.
    pub name: Text,
    /// How wide its circle is.
    pub level: Level,
    /// The community it belongs to, of a higher level.
    pub parent: Option<CommunityId>,
    /// Where it is at home.
    pub home: Home,
    /// The time zone that its local times are in.
    pub time_zone: Option<Tz>,
    /// The day it was founded.
    pub founded_on: Option<NaiveDate>,
    /// The day it joined the network.
    pub joined_network_on: Option<NaiveDate>,
    /// Where it is in its life.
    pub status: CommunityStatus,
    /// The status in the words of the system it was imported from.
    pub source_status: Option<Text>,
    /// How many members it says it has.
    pub members: Option<HeadCount>,
    /// Who may read its reports where a report does not say.
    pub default_audience: Option<Audience>,
    /// How often it means to meet.
    pub cadence: Option<Cadence>,
    /// Within how many days after a gathering its report is due.
    pub report_due_days: Option<u16>,
    /// Where the entry comes from (`origin` in the files).
    pub provenance: Option<Text>,
    /// How its region was found.
    pub region_method: Option<Text>,
    /// Its key in the system it was imported from.
    pub source_id: Option<Text>,
    /// Its page in the system it was imported from.
    pub source_url: Option<Text>,
    /// What the community is about, in its own words, and how it works.
    pub profile: Profile,
}

/// What a community says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// What it is for: the shared concern.
    pub purpose: Option<Text>,
    /// How it usually meets.
    pub format: Option<Format>,
    /// The languages it works in.
    pub languages: Vec<Language>,
}

impl Community {
    /// Checks a place in the tree: same network, and a parent of a higher level.
    pub fn check_parent(level: Level, network: NetworkId, parent_level: Level, parent_network: NetworkId) -> Result<(), Invalid> {
        if network != parent_network {
            return Err(Invalid::new("belongs to another network"));
        }
        if !level.may_be_under(parent_level) {
            return Err(Invalid::new(format!("is {parent_level}, which is not above {level}")));
        }
        Ok(())
    }
}

/// Which communities a list shows. An empty list of values means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct CommunityFilter {
    /// Only these levels.
    pub levels: Vec<Level>,
    /// Only these statuses.
    pub statuses: Vec<CommunityStatus>,
    /// Only these countries.
    pub countries: Vec<Country>,
    /// Only these region codes.
    pub region_codes: Vec<Text>,
    /// Only communities founded in one of these years.
    pub founded_years: Vec<i32>,
    /// Only communities whose name, city or slug contains this text, capitals or not.
    pub text: Option<String>,
    /// Only communities whose coordinates lie in this box, edges included.
    pub area: Option<Area>,
    /// Only direct children of this community.
    pub parent: Option<CommunityId>,
    /// Only communities without a parent.
    pub top: bool,
    /// Only communities right under the place that is asked within.
    pub children: bool,
}

words! {
    /// How a list of communities is sorted; by code point, ascending, then by id.
    CommunityOrder, "order of communities" {
        /// By name.
        Name = "NAME",
        /// By slug.
        Slug = "SLUG",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_is_of_a_higher_level_and_levels_may_be_skipped() {
        assert!(Level::City.may_be_under(Level::Regional) && Level::City.may_be_under(Level::National));
        for level in Level::ALL {
            assert!(!level.may_be_under(*level) && !level.may_be_under(Level::City));
        }
    }

    #[test]
    fn a_closed_community_reopens_but_does_not_rest() {
        assert_eq!(CommunityStatus::Closed.after(CommunityStep::Reopen), Ok(CommunityStatus::Open));
        assert_eq!(CommunityStatus::Forming.after(CommunityStep::Open), Ok(CommunityStatus::Open));
        assert!(CommunityStatus::Closed.after(CommunityStep::Open).is_err());
        assert!(CommunityStatus::Closed.after(CommunityStep::Pause).is_err());
        assert!(CommunityStatus::Open.after(CommunityStep::Open).is_err());
    }

    #[test]
    fn words_of_other_systems_are_understood() {
        assert_eq!(CommunityStatus::from_source("INACTIVE"), Ok(CommunityStatus::Open));
        assert_eq!(CommunityStatus::from_source("REMOVED"), Ok(CommunityStatus::Closed));
        assert_eq!(CommunityStatus::from_source("PAUSED"), Ok(CommunityStatus::Paused));
        assert!(CommunityStatus::from_source("active").is_err());
    }
}
