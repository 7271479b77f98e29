//! Identities: a `UUIDv7` made where the record was born, and its public text with a prefix that names the kind.

use std::{fmt, str::FromStr};

use uuid::Uuid;

use crate::Invalid;

macro_rules! ids {
    ($($(#[$meta:meta])* $name:ident = $prefix:literal,)+) => {
        $(
            $(#[$meta])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $name(Uuid);

            impl $name {
                /// What the text of such an identity begins with.
                pub const PREFIX: &'static str = $prefix;

                /// Takes an identity as stored.
                pub fn from_uuid(id: Uuid) -> Self {
                    Self(id)
                }

                /// The identity as stored.
                pub fn uuid(self) -> Uuid {
                    self.0
                }
            }

            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, "{}{}", Self::PREFIX, self.0.simple())
                }
            }

            impl FromStr for $name {
                type Err = Invalid;

                fn from_str(text: &str) -> Result<Self, Self::Err> {
                    text.strip_prefix(Self::PREFIX).and_then(parse_simple).map(Self).ok_or_else(|| {
                        Invalid::new(format!("is not an id of the form {}<32 hexadecimal digits>", Self::PREFIX))
                    })
                }
            }
        )+
    };
}

ids! {
    /// A network.
    NetworkId = "net_",
    /// A community.
    CommunityId = "com_",
    /// A gathering.
    GatheringId = "gat_",
    /// A gathering report.
    ReportId = "rep_",
    /// An item of a report.
    ItemId = "itm_",
    /// A term of a network's vocabulary.
    TermId = "voc_",
    /// An instance of Convene: one database and whatever nodes serve it.
    InstanceId = "ins_",
    /// A token for a program that signs in.
    TokenId = "tok_",
    /// The account of someone who signs in elsewhere, with an issuer that is trusted.
    AccountId = "acc_",
    /// A role that an account was given.
    GrantId = "gra_",
    /// An invitation to take on a role.
    MembershipInvitationId = "inv_",
    /// A place or an area where people of a community work.
    WorkSiteId = "wsi_",
    /// An assessment of a work site.
    AssessmentId = "asm_",
    /// A change of a network's log; random, so that a cursor which names it proves which log it came from.
    ChangeId = "chg_",
}

/// Only the one canonical form is taken, so that an identity has one spelling and texts can be compared.
fn parse_simple(text: &str) -> Option<Uuid> {
    let canonical = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    canonical.then(|| Uuid::try_parse(text).ok()).flatten()
}

/// The identity of anything that `node(id:)` can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeId {
    /// A network.
    Network(NetworkId),
    /// A community.
    Community(CommunityId),
    /// A gathering.
    Gathering(GatheringId),
    /// A gathering report.
    Report(ReportId),
    /// An item of a report.
    Item(ItemId),
    /// A term of a vocabulary.
    Term(TermId),
    /// A role that an account was given. It is named in logs, and not looked up.
    Grant(GrantId),
    /// A work site.
    WorkSite(WorkSiteId),
}

impl NodeId {
    /// The identity without its kind.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Network(id) => id.uuid(),
            Self::Community(id) => id.uuid(),
            Self::Gathering(id) => id.uuid(),
            Self::Report(id) => id.uuid(),
            Self::Item(id) => id.uuid(),
            Self::Term(id) => id.uuid(),
            Self::Grant(id) => id.uuid(),
            Self::WorkSite(id) => id.uuid(),
        }
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(id) => id.fmt(f),
            Self::Community(id) => id.fmt(f),
            Self::Gathering(id) => id.fmt(f),
            Self::Report(id) => id.fmt(f),
            Self::Item(id) => id.fmt(f),
            Self::Term(id) => id.fmt(f),
            Self::Grant(id) => id.fmt(f),
            Self::WorkSite(id) => id.fmt(f),
        }
    }
}

impl FromStr for NodeId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.get(..4) {
            Some(NetworkId::PREFIX) => text.parse().map(Self::Network),
            Some(CommunityId::PREFIX) => text.parse().map(Self::Community),
            Some(GatheringId::PREFIX) => text.parse().map(Self::Gathering),
            Some(ReportId::PREFIX) => text.parse().map(Self::Report),
            Some(ItemId::PREFIX) => text.parse().map(Self::Item),
            Some(TermId::PREFIX) => text.parse().map(Self::Term),
            Some(WorkSiteId::PREFIX) => text.parse().map(Self::WorkSite),
            _ => Err(Invalid::new("is not an id: it begins with none of net_, com_, gat_, rep_, itm_, voc_, wsi_")),
        }
    }
}

/// Where a question is asked: a whole network, or a community with everything under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Within {
    /// The whole network.
    Network(NetworkId),
    /// The community and everything under it.
    Community(CommunityId),
}

impl fmt::Display for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(id) => id.fmt(f),
            Self::Community(id) => id.fmt(f),
        }
    }
}

impl Within {
    /// The identity that scope rows are kept under.
    pub fn uuid(self) -> Uuid {
        match self {
            Self::Network(id) => id.uuid(),
            Self::Community(id) => id.uuid(),
        }
    }
}

impl FromStr for Within {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.parse() {
            Ok(NodeId::Network(id)) => Ok(Self::Network(id)),
            Ok(NodeId::Community(id)) => Ok(Self::Community(id)),
            _ => Err(Invalid::new("is not the id of a network (net_...) or of a community (com_...)")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text() {
        let id = CommunityId::from_uuid(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));
        assert_eq!(id.to_string(), "com_01900000000070008000000000000001");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.to_string().parse(), Ok(NodeId::Community(id)));
        assert_eq!(id.to_string().parse(), Ok(Within::Community(id)));
    }

    #[test]
    fn other_spellings_and_kinds_are_refused() {
        for text in [
            "",
            "com_",
            "com_0190",
            "gat_01900000000070008000000000000001",
            "com_01900000-0000-7000-8000-000000000001",
            "COM_01900000000070008000000000000001",
            "com_0190000000007000800000000000000G",
            "com_0190000000007000800000000000000A",
            "čom_",
        ] {
            assert!(text.parse::<CommunityId>().is_err(), "{text}");
        }
        assert!("rep_01900000000070008000000000000001".parse::<Within>().is_err());
        assert!("é".parse::<NodeId>().is_err());
    }
}
