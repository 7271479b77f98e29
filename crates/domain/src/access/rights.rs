//! What can be read, and where.

use std::{collections::BTreeMap, sync::Arc};

use uuid::Uuid;

use super::{Audience, Role, RoleAt, Visibility};
use crate::{id::NetworkId, report::ReportStatus};

/// How much can be read of a place and its reports: each sees what those before it see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Sight {
    /// What is public.
    Public,
    /// What everyone in the network reads.
    Network,
    /// What the members of the hosts read.
    Members,
    /// Drafts, and what was taken back.
    Drafts,
    /// Confidential items, and who belongs to a community.
    Confidential,
    /// Everything: who administers the network as well.
    Everything,
}

impl Sight {
    /// What a role lets its holder read in its place.
    pub fn of_role(role: Role) -> Self {
        match role {
            Role::Member => Self::Members,
            Role::Facilitator => Self::Drafts,
            Role::Coordinator => Self::Confidential,
            Role::Admin => Self::Everything,
        }
    }

    /// The audiences whose reports may be read.
    pub fn audiences(self) -> &'static [Audience] {
        match self {
            Self::Public => &[Audience::Public],
            Self::Network => &[Audience::Network, Audience::Public],
            Self::Members | Self::Drafts | Self::Confidential | Self::Everything => Audience::ALL,
        }
    }

    /// The statuses in which reports may be read.
    pub fn statuses(self) -> &'static [ReportStatus] {
        if self >= Self::Drafts { ReportStatus::ALL } else { &[ReportStatus::Submitted, ReportStatus::Reviewed] }
    }

    /// Whether a report can be read.
    pub fn sees(self, visibility: Visibility) -> bool {
        let needed = match visibility {
            Visibility::Public => Self::Public,
            Visibility::Network => Self::Network,
            Visibility::Members => Self::Members,
            Visibility::Authors => Self::Drafts,
        };
        self >= needed
    }
}

/// What a caller may read. Callers with the same rights read the same: who follows under the same rights shares the work,
/// and cursors of the log name them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rights {
    everywhere: Sight,
    /// Networks and communities in which more can be read, and in what is under them, in order.
    places: Arc<[(Uuid, Sight)]>,
}

impl Rights {
    /// What everyone may read.
    pub fn public() -> Self {
        Self { everywhere: Sight::Public, places: Arc::default() }
    }

    /// Everything.
    pub fn all() -> Self {
        Self { everywhere: Sight::Everything, places: Arc::default() }
    }

    /// What these roles let their holder read: whoever has a role anywhere in a network is one of the network.
    pub fn of<'r>(roles: impl Iterator<Item = &'r RoleAt> + Clone) -> Self {
        let sight = |role: &RoleAt| Sight::of_role(role.role);
        let whole = roles.clone().filter(|role| role.network.is_none());
        let everywhere = whole.map(sight).max().unwrap_or(Sight::Public);
        let mut networks: BTreeMap<NetworkId, Sight> = BTreeMap::new();
        for role in roles.clone() {
            let Some(network) = role.network else { continue };
            let here = if role.community.is_none() { sight(role) } else { Sight::Network };
            let known = networks.entry(network).or_insert(here);
            *known = here.max(*known);
        }
        let mut places: BTreeMap<Uuid, Sight> = networks.iter().map(|(id, sight)| (id.uuid(), *sight)).collect();
        for role in roles {
            let (Some(network), Some(community)) = (role.network, role.community) else { continue };
            if networks.get(&network).is_none_or(|of_network| *of_network < sight(role)) {
                let known = places.entry(community.uuid()).or_insert(sight(role));
                *known = sight(role).max(*known);
            }
        }
        Self { everywhere, places: places.into_iter().filter(|(_, sight)| *sight > everywhere).collect() }
    }

    /// What can be read wherever it is.
    pub fn everywhere(&self) -> Sight {
        self.everywhere
    }

    /// The networks and communities in which more can be read.
    pub fn places(&self) -> &[(Uuid, Sight)] {
        &self.places
    }

    /// What can be read of what stands under all of these.
    pub fn at(&self, scopes: impl IntoIterator<Item = Uuid>) -> Sight {
        if self.places.is_empty() {
            return self.everywhere;
        }
        let of = |id: Uuid| self.places.binary_search_by_key(&id, |(place, _)| *place).ok().map(|at| self.places[at].1);
        scopes.into_iter().filter_map(of).max().unwrap_or(self.everywhere).max(self.everywhere)
    }

    /// The rights of the same caller in a place where at least this much can be read.
    #[must_use]
    pub fn from(&self, least: Sight) -> Self {
        let everywhere = self.everywhere.max(least);
        Self { everywhere, places: self.places.iter().filter(|(_, sight)| *sight > everywhere).copied().collect() }
    }

    /// The places in which this much can be read, or more.
    pub fn places_of(&self, sight: Sight) -> Vec<Uuid> {
        self.places.iter().filter(|(_, here)| *here >= sight).map(|(id, _)| *id).collect()
    }

    /// The rights as bytes: the same for the same rights only.
    pub fn to_bytes(&self) -> Vec<u8> {
        let places = self.places.iter().flat_map(|(id, sight)| id.into_bytes().into_iter().chain([*sight as u8]));
        [self.everywhere as u8].into_iter().chain(places).collect()
    }

    /// The rights as they are written in cursors.
    pub fn mark(&self) -> RightsMark {
        match (self.everywhere, self.places.is_empty()) {
            (Sight::Public, true) => RightsMark::PUBLIC,
            (Sight::Everything, true) => RightsMark::ALL,
            // FNV-1a: it only has to be the same everywhere and always. Whoever finds two places that make the same of it
            // gains a cursor that is not told to begin anew.
            _ => RightsMark(
                self.to_bytes()
                    .iter()
                    .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)),
            ),
        }
    }
}

/// Under which rights a log was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RightsMark(u64);

impl RightsMark {
    /// Those that everyone has.
    pub const PUBLIC: Self = Self(0);
    /// Those of whoever may read everything.
    pub const ALL: Self = Self(1);

    /// As a number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// Reads what [`Self::number`] wrote.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}
