//! Who may see what. Each use case asks here first.

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

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Someone at the API who did not sign in.
    Anonymous,
    /// Whoever runs commands on the machine of the database, and could read its files anyway.
    Operator,
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

impl Caller {
    /// What this caller may read of reports.
    pub fn report_rights(self) -> ReportRights {
        match self {
            Self::Anonymous => ReportRights {
                audiences: &[Audience::Public],
                statuses: &[ReportStatus::Submitted, ReportStatus::Reviewed],
                confidential: false,
            },
            Self::Operator => ReportRights { audiences: Audience::ALL, statuses: ReportStatus::ALL, confidential: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_reads_what_is_public_and_submitted() {
        let rights = Caller::Anonymous.report_rights();
        assert_eq!(rights.audiences, [Audience::Public]);
        assert!(!rights.statuses.contains(&ReportStatus::Draft) && !rights.statuses.contains(&ReportStatus::Withdrawn));
        assert!(!rights.confidential);
    }
}
