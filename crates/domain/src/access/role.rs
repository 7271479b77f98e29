//! What accounts and tokens may do, and where.

use uuid::Uuid;

use crate::{
    id::{AccountId, CommunityId, GrantId, NetworkId},
    words::words,
};

words! {
    /// What someone is in a place. Each role may do what those before it may.
    Role, "role" {
        /// Reads what the members of a community read.
        Member = "MEMBER",
        /// Writes gatherings and reports.
        Facilitator = "FACILITATOR",
        /// Looks after a community: its details, its policies, its reports, who belongs to it.
        Coordinator = "COORDINATOR",
        /// Looks after a network, or a whole instance.
        Admin = "ADMIN",
    }
}

words! {
    /// What a token may be used for, whatever its role.
    Verb, "verb" {
        /// To read what its role may read.
        Read = "READ",
        /// To write gatherings and reports.
        Write = "WRITE",
        /// To do what coordinators and administrators do.
        Manage = "MANAGE",
    }
}

impl Role {
    /// What a token has to be for, to do what only this role and those above it do.
    pub fn verb(self) -> Verb {
        match self {
            Self::Member => Verb::Read,
            Self::Facilitator => Verb::Write,
            Self::Coordinator | Self::Admin => Verb::Manage,
        }
    }
}

/// A role in a place. It holds for everything under the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoleAt {
    /// The network; `None` for all of them.
    pub network: Option<NetworkId>,
    /// The community, which is one of the network; `None` for the whole network.
    pub community: Option<CommunityId>,
    /// The role.
    pub role: Role,
}

impl RoleAt {
    /// A role everywhere.
    pub fn everywhere(role: Role) -> Self {
        Self { network: None, community: None, role }
    }

    /// The place whose scope it is; `None` for everywhere.
    pub fn place(&self) -> Option<Uuid> {
        self.community.map(CommunityId::uuid).or(self.network.map(NetworkId::uuid))
    }

    /// A role in a whole network.
    pub fn in_network(network: NetworkId, role: Role) -> Self {
        Self { network: Some(network), community: None, role }
    }

    /// A role at a community.
    pub fn at(network: NetworkId, community: CommunityId, role: Role) -> Self {
        Self { network: Some(network), community: Some(community), role }
    }
}

/// A role that an account was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// Its identity.
    pub id: GrantId,
    /// Who holds it.
    pub holder: AccountId,
    /// What it allows, and where.
    pub allows: RoleAt,
}
