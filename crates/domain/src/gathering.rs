//! Gatherings: meetings of one or more communities, an hour to several days long.

use chrono::{DateTime, Utc, Weekday};

use crate::{
    Invalid,
    id::{CommunityId, NetworkId},
    occurrence::{Occurrence, Window},
    place::{Coordinates, Venue},
    text::{Code, HeadCount, Text},
    words::words,
};

words! {
    /// How people meet.
    Format, "format" {
        /// In one place.
        InPerson = "IN_PERSON",
        /// Online only.
        Online = "ONLINE",
        /// In a place and online.
        Hybrid = "HYBRID",
        /// Nobody said.
        Unknown = "UNKNOWN",
    }
}

words! {
    /// What became of a gathering.
    GatheringStatus, "gathering status" {
        /// Announced.
        Planned = "PLANNED",
        /// It took place.
        Held = "HELD",
        /// It did not take place.
        Cancelled = "CANCELLED",
    }
}

words! {
    /// What can be done to a gathering's status.
    GatheringStep, "step of a gathering" {
        /// Say that it took place.
        Hold = "HOLD",
        /// Call it off.
        Cancel = "CANCEL",
        /// Give it another time: a cancelled one is planned again, and of one that took place the time is corrected.
        Reschedule = "RESCHEDULE",
    }
}

impl GatheringStatus {
    /// The status after a step, or why it cannot be taken.
    pub fn after(self, step: GatheringStep) -> Result<Self, Invalid> {
        match (self, step) {
            (Self::Planned, GatheringStep::Hold) => Ok(Self::Held),
            (Self::Planned, GatheringStep::Cancel) => Ok(Self::Cancelled),
            (Self::Planned | Self::Cancelled, GatheringStep::Reschedule) => Ok(Self::Planned),
            (Self::Held, GatheringStep::Reschedule) => Ok(Self::Held),
            _ => Err(Invalid::new(format!("is {self}: it cannot {step}"))),
        }
    }
}

/// The communities that host a gathering together: at least one, each once, at most 50.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts(Vec<CommunityId>);

impl Hosts {
    /// The most hosts that one gathering has.
    pub const MAX: usize = 50;

    /// Checks the list.
    pub fn try_new(hosts: Vec<CommunityId>) -> Result<Self, Invalid> {
        if hosts.is_empty() {
            return Err(Invalid::new("names no community"));
        }
        if hosts.len() > Self::MAX {
            return Err(Invalid::new(format!("names {} communities, more than {}", hosts.len(), Self::MAX)));
        }
        let mut seen = std::collections::HashSet::new();
        if hosts.iter().all(|host| seen.insert(*host)) { Ok(Self(hosts)) } else { Err(Invalid::new("names a community twice")) }
    }

    /// The hosts in the order in which they were named.
    pub fn ids(&self) -> &[CommunityId] {
        &self.0
    }
}

/// How many people said they would come. Not how many came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rsvps {
    /// People who said yes.
    pub yes: Option<HeadCount>,
    /// People on the waiting list.
    pub waitlist: Option<HeadCount>,
    /// When they were counted; `None` when nobody said.
    pub observed_at: Option<DateTime<Utc>>,
}

/// A gathering without its parts, which are loaded when they are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Gathering {
    /// The network of its hosts.
    pub network: NetworkId,
    /// Its key in the system it was imported from; unique within the network.
    pub external_id: Option<Text>,
    /// The title as announced.
    pub title: Text,
    /// When it takes place.
    pub occurrence: Occurrence,
    /// How people meet.
    pub format: Format,
    /// Where it takes place, as given by the source.
    pub venue: Venue,
    /// What became of it.
    pub status: GatheringStatus,
    /// When it was announced.
    pub announced_at: Option<DateTime<Utc>>,
    /// Its page in the system it was imported from.
    pub source_url: Option<Text>,
    /// Who said they would come.
    pub rsvps: Rsvps,
}

impl Gathering {
    /// The point on the map, if it is a real one: sources give online gatherings a placeholder, and 0, 0 to what
    /// they could not find.
    pub fn location(&self) -> Option<Coordinates> {
        self.venue.coordinates.filter(|point| self.format != Format::Online && !point.is_null_island())
    }
}

/// A part of a gathering's agenda.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaItem {
    /// A code of the network's agenda kinds.
    pub kind: Option<Code>,
    /// What it is called.
    pub title: Text,
    /// How long it is planned to last, in minutes.
    pub minutes: Option<u16>,
    /// Who leads it.
    pub presenter: Option<Text>,
}

/// A group that was invited to a gathering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// A code of the network's invitation groups.
    pub group: Code,
    /// How many people of it were invited.
    pub invited: Option<HeadCount>,
}

/// The parts of a gathering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatheringParts {
    /// Who hosts it.
    pub hosts: Hosts,
    /// What it consists of, in order.
    pub agenda: Vec<AgendaItem>,
    /// Who was invited.
    pub invitations: Vec<Invitation>,
}

/// The most agenda items and the most invitations that one gathering has.
pub const PROGRAMME_LIMIT: usize = 200;

/// Which gatherings a list shows. An empty list of values means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct GatheringFilter {
    /// Only gatherings whose local date lies in the window.
    pub window: Option<Window>,
    /// Only these formats.
    pub formats: Vec<Format>,
    /// Only these statuses.
    pub statuses: Vec<GatheringStatus>,
    /// Only gatherings that one of these communities hosts itself.
    pub hosts: Vec<CommunityId>,
    /// Only these weekdays of the local date.
    pub weekdays: Vec<Weekday>,
    /// Only gatherings whose title contains this text, capitals or not.
    pub text: Option<String>,
    /// Only the gathering with this key of the system it was imported from.
    pub external_ids: Vec<String>,
}

words! {
    /// How a list of gatherings or reports is sorted: by the gathering's start, then by external id and id ascending.
    GatheringOrder, "order of gatherings" {
        /// The latest start first.
        NewestFirst = "NEWEST_FIRST",
        /// The earliest start first.
        OldestFirst = "OLDEST_FIRST",
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_gathering_has_hosts_and_each_once() {
        let host = |n| CommunityId::from_uuid(Uuid::from_u128(n));
        assert!(Hosts::try_new(vec![]).is_err());
        assert!(Hosts::try_new(vec![host(1), host(2), host(1)]).is_err());
        assert!(Hosts::try_new((0..51).map(host).collect()).is_err());
        assert_eq!(Hosts::try_new(vec![host(2), host(1)]).map(|hosts| hosts.ids().len()), Ok(2));
    }

    #[test]
    fn what_was_held_cannot_be_called_off() {
        assert!(GatheringStatus::Held.after(GatheringStep::Cancel).is_err());
        assert!(GatheringStatus::Cancelled.after(GatheringStep::Hold).is_err());
        assert_eq!(GatheringStatus::Cancelled.after(GatheringStep::Reschedule), Ok(GatheringStatus::Planned));
    }
}
