//! Who may see what. Each use case asks here first.

mod caller;
mod role;

pub use caller::{Caller, NotSignedIn, SignedIn, Who};
pub use role::{Grant, Role, RoleAt, Verb};

use crate::{report::ReportStatus, words::words};

words! {
    /// Who may read a report.
    Audience, "audience" {
        /// Members of the host communities.
        Members = "MEMBERS",
        /// Everyone in the network.
        Network = "NETWORK",
        /// Everyone.
        Public = "PUBLIC",
    }
}

words! {
    /// Who can read a record.
    Visibility, "visibility" {
        /// Only those who write it: it is a draft, or was taken back.
        Authors = "AUTHORS",
        /// Members of the host communities.
        Members = "MEMBERS",
        /// Everyone in the network.
        Network = "NETWORK",
        /// Everyone.
        Public = "PUBLIC",
    }
}

impl Visibility {
    /// Who can read a report. The seal says the same in SQL.
    pub fn of_report(audience: Audience, status: ReportStatus) -> Self {
        match (status, audience) {
            (ReportStatus::Draft | ReportStatus::Withdrawn, _) => Self::Authors,
            (_, Audience::Members) => Self::Members,
            (_, Audience::Network) => Self::Network,
            (_, Audience::Public) => Self::Public,
        }
    }
}

/// What a caller may read, as one word: callers with the same rights read the same. Cursors of the log name them, and
/// who follows under the same rights shares the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rights {
    /// What everyone may read.
    Public,
    /// Everything.
    All,
}

impl Rights {
    /// Whether a record can be read.
    pub fn see(self, visibility: Visibility) -> bool {
        self == Self::All || visibility == Visibility::Public
    }

    /// The rights as they are written in cursors.
    pub fn code(self) -> u8 {
        match self {
            Self::Public => 0,
            Self::All => 1,
        }
    }

    /// Reads what [`Self::code`] wrote.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Public, Self::All].into_iter().find(|rights| rights.code() == code)
    }
}

/// Which reports, and which of their items, a caller may read. Lists are filtered by it in SQL; what it hides reads
/// as not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportRights {
    /// The audiences whose reports may be read.
    pub audiences: &'static [Audience],
    /// The statuses in which reports may be read.
    pub statuses: &'static [ReportStatus],
    /// Whether confidential items may be read.
    pub confidential: bool,
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::TokenId;

    #[test]
    fn a_stranger_reads_what_is_public_and_submitted_and_writes_nothing() {
        let rights = Caller::Anonymous.report_rights();
        assert_eq!(rights.audiences, [Audience::Public]);
        assert!(!rights.statuses.contains(&ReportStatus::Draft) && !rights.statuses.contains(&ReportStatus::Withdrawn));
        assert!(!rights.confidential);
        assert_eq!(Caller::Anonymous.check_writes(), Err(NotSignedIn));
        assert!(Caller::token(TokenId::from_uuid(Uuid::from_u128(1))).check_writes().is_ok());
    }

    /// What the log says of who sees a report has to be what reading the report says.
    #[test]
    fn rights_as_one_word_say_the_same_as_the_lists() {
        for caller in [Caller::Anonymous, Caller::token(TokenId::from_uuid(Uuid::from_u128(1))), Caller::Operator] {
            for (audience, status) in Audience::ALL.iter().flat_map(|a| ReportStatus::ALL.iter().map(move |s| (*a, *s))) {
                let rights = caller.report_rights();
                let reads = rights.audiences.contains(&audience) && rights.statuses.contains(&status);
                assert_eq!(caller.rights().see(Visibility::of_report(audience, status)), reads, "{caller:?} {audience} {status}");
            }
        }
    }
}
