//! The gathering report: exactly one per gathering, made of parts that can be counted.

mod attendance;
mod item;

pub use attendance::{Attendance, AttendancePart};
pub use item::{ActivityKind, ITEM_LIMIT, ItemDetail, ItemFields, ItemKind, NamedAs, NextStepState, ReportItem, Severity};

use chrono::{DateTime, Utc};

use crate::{
    Invalid,
    access::Audience,
    id::{GatheringId, NetworkId},
    occurrence::Window,
    text::{Code, HeadCount, Text},
    words::words,
};

words! {
    /// How far a report has come.
    ReportStatus, "report status" {
        /// Being written.
        Draft = "DRAFT",
        /// Handed in: it counts.
        Submitted = "SUBMITTED",
        /// Read and accepted by a coordinator.
        Reviewed = "REVIEWED",
        /// Taken back: it does not count.
        Withdrawn = "WITHDRAWN",
    }
}

words! {
    /// What can be done to a report's status.
    ReportStep, "step of a report" {
        /// Hand in a draft, or a withdrawn report again.
        Submit = "SUBMIT",
        /// Change what a report says: one that was handed in needs a new review, any other stays what it is.
        Amend = "AMEND",
        /// Accept it.
        Review = "REVIEW",
        /// Take it back.
        Withdraw = "WITHDRAW",
    }
}

impl ReportStatus {
    /// Whether the report was handed in, so that it counts.
    pub fn is_handed_in(self) -> bool {
        matches!(self, Self::Submitted | Self::Reviewed)
    }

    /// The status after a step, or why it cannot be taken.
    pub fn after(self, step: ReportStep) -> Result<Self, Invalid> {
        match (self, step) {
            (Self::Draft | Self::Withdrawn, ReportStep::Submit) | (Self::Submitted | Self::Reviewed, ReportStep::Amend) => {
                Ok(Self::Submitted)
            }
            (Self::Draft | Self::Withdrawn, ReportStep::Amend) => Ok(self),
            (Self::Submitted, ReportStep::Review) => Ok(Self::Reviewed),
            (Self::Submitted | Self::Reviewed, ReportStep::Withdraw) => Ok(Self::Withdrawn),
            _ => Err(Invalid::new(format!("is {self}: it cannot {step}"))),
        }
    }
}

/// A gathering report without its parts, which are loaded when they are asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct GatheringReport {
    /// The network of the gathering.
    pub network: NetworkId,
    /// The gathering it reports.
    pub gathering: GatheringId,
    /// Its key in the system it was imported from; unique within the network.
    pub external_id: Option<Text>,
    /// How far it has come.
    pub status: ReportStatus,
    /// Who may read it.
    pub audience: Audience,
    /// When it was handed in; `None` for a draft, and where the source does not say.
    pub submitted_at: Option<DateTime<Utc>>,
    /// How many people came in all; `None` when nobody counted.
    pub attendance: Option<HeadCount>,
}

/// The parts of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportParts {
    /// Who came.
    pub attendance: Attendance,
    /// What happened and what is to happen, in the order in which it was told.
    pub items: Vec<ReportItem>,
    /// What the gathering served.
    pub tags: Tags,
}

/// What a gathering served, by the codes of its network's vocabulary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Desired outcomes.
    pub outcomes: Vec<Code>,
    /// Functions.
    pub functions: Vec<Code>,
}

/// Which reports a list shows. An empty list of values means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ReportFilter {
    /// Only reports of gatherings whose local date lies in the window.
    pub window: Option<Window>,
    /// Only these statuses.
    pub statuses: Vec<ReportStatus>,
    /// Only reports of gatherings that one of these communities hosts itself.
    pub hosts: Vec<crate::id::CommunityId>,
    /// Only reports with an item that passes this filter.
    pub items: ItemFilter,
}

/// Which items of reports are meant: one item has to fit in all respects. An empty list of values means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ItemFilter {
    /// Only these kinds.
    pub kinds: Vec<ItemKind>,
    /// Only these codes of themes.
    pub themes: Vec<String>,
    /// Only these kinds of activity.
    pub activity_kinds: Vec<ActivityKind>,
    /// Only next steps in one of these statuses.
    pub next_step_states: Vec<NextStepState>,
    /// Only items whose text contains this, capitals or not.
    pub text: Option<String>,
}

impl ItemFilter {
    /// Whether every item passes.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_reviewed_after_it_was_handed_in() {
        assert_eq!(ReportStatus::Draft.after(ReportStep::Submit), Ok(ReportStatus::Submitted));
        assert!(ReportStatus::Draft.after(ReportStep::Review).is_err());
        assert_eq!(ReportStatus::Withdrawn.after(ReportStep::Amend), Ok(ReportStatus::Withdrawn));
        assert!(ReportStatus::Withdrawn.after(ReportStep::Review).is_err());
        assert_eq!(ReportStatus::Reviewed.after(ReportStep::Amend), Ok(ReportStatus::Submitted));
        assert_eq!(ReportStatus::Reviewed.after(ReportStep::Withdraw), Ok(ReportStatus::Withdrawn));
    }
}
