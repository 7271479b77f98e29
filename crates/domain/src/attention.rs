//! What a coordinator should look at.

use chrono::NaiveDate;

use crate::{
    id::{CommunityId, GatheringId, ItemId, ReportId},
    metric::Metric,
    words::words,
};

words! {
    /// What kind of thing it is.
    AttentionKind, "kind of attention" {
        /// A community was active by its policy and is not any more.
        PolicyBroken = "POLICY_BROKEN",
        /// A community is active and will not be soon if nothing more is held.
        PolicyAtRisk = "POLICY_AT_RISK",
        /// A community is later than its own cadence says.
        CadenceMissed = "CADENCE_MISSED",
        /// Fewer and fewer people come to a community's gatherings.
        AttendanceFalling = "ATTENDANCE_FALLING",
        /// A gathering was held and has no report that was handed in.
        ReportMissing = "REPORT_MISSING",
        /// A gathering was held, has no report that was handed in, and should have by now.
        ReportLate = "REPORT_LATE",
        /// A report was handed in a while ago and not reviewed since.
        ReportAwaitingReview = "REPORT_AWAITING_REVIEW",
        /// Something is not said of a gathering that was held.
        DataMissing = "DATA_MISSING",
        /// Something that is said of a gathering cannot be.
        DataContradictory = "DATA_CONTRADICTORY",
        /// A next step is open past its day.
        NextStepOverdue = "NEXT_STEP_OVERDUE",
    }
}

words! {
    /// What is wrong.
    Problem, "problem" {
        /// No rule of the policy holds any more.
        NotActive = "NOT_ACTIVE",
        /// The last rule of the policy ceases to hold soon.
        ActivityEnding = "ACTIVITY_ENDING",
        /// No gathering was held within an interval of the cadence and some days of grace.
        LaterThanCadence = "LATER_THAN_CADENCE",
        /// Attendance fell three times running.
        FellThreeTimes = "FELL_THREE_TIMES",
        /// There is no report that was handed in.
        NoReport = "NO_REPORT",
        /// The report was due up to 60 days ago.
        PastDue = "PAST_DUE",
        /// The report was due more than 60 days ago.
        PastDueSixtyDays = "PAST_DUE_60_DAYS",
        /// The report was not reviewed.
        NotReviewed = "NOT_REVIEWED",
        /// It is not said how people met.
        NoFormat = "NO_FORMAT",
        /// It is not said when it ended.
        NoEnd = "NO_END",
        /// It is not said where people met in person.
        NoPlace = "NO_PLACE",
        /// The report does not say how many people came.
        NoAttendance = "NO_ATTENDANCE",
        /// It was held, and its title says that it was cancelled or postponed.
        TitleSaysCancelled = "TITLE_SAYS_CANCELLED",
        /// Another gathering of the same community begins at the same time.
        SameTimeTwice = "SAME_TIME_TWICE",
        /// It lasts longer than three days.
        LongerThanThreeDays = "LONGER_THAN_THREE_DAYS",
        /// It is planned for a day that is over: it was neither held nor called off.
        PlannedInThePast = "PLANNED_IN_THE_PAST",
        /// The next step is open, and its day is over.
        StepPastDue = "STEP_PAST_DUE",
    }
}

impl AttentionKind {
    /// The metric that counts it.
    pub fn metric(self) -> Metric {
        match self {
            Self::PolicyBroken => Metric::PoliciesBroken,
            Self::PolicyAtRisk => Metric::PoliciesAtRisk,
            Self::CadenceMissed => Metric::CadencesMissed,
            Self::AttendanceFalling => Metric::AttendanceFalling,
            Self::ReportMissing => Metric::ReportsMissing,
            Self::ReportLate => Metric::ReportsLate,
            Self::ReportAwaitingReview => Metric::ReportsAwaitingReview,
            Self::DataMissing => Metric::DataMissing,
            Self::DataContradictory => Metric::DataContradictory,
            Self::NextStepOverdue => Metric::NextStepsOverdue,
        }
    }

    /// Whether it is about a community as a whole, not about one gathering.
    pub fn is_of_community(self) -> bool {
        self <= Self::AttendanceFalling
    }
}

impl Problem {
    /// The kind of thing that it is a case of.
    pub fn kind(self) -> AttentionKind {
        match self {
            Self::NotActive => AttentionKind::PolicyBroken,
            Self::ActivityEnding => AttentionKind::PolicyAtRisk,
            Self::LaterThanCadence => AttentionKind::CadenceMissed,
            Self::FellThreeTimes => AttentionKind::AttendanceFalling,
            Self::NoReport => AttentionKind::ReportMissing,
            Self::PastDue | Self::PastDueSixtyDays => AttentionKind::ReportLate,
            Self::NotReviewed => AttentionKind::ReportAwaitingReview,
            Self::NoFormat | Self::NoEnd | Self::NoPlace | Self::NoAttendance => AttentionKind::DataMissing,
            Self::TitleSaysCancelled | Self::SameTimeTwice | Self::LongerThanThreeDays | Self::PlannedInThePast => {
                AttentionKind::DataContradictory
            }
            Self::StepPastDue => AttentionKind::NextStepOverdue,
        }
    }
}

/// One thing to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttentionEntry {
    /// What is wrong.
    pub problem: Problem,
    /// The community that should see to it.
    pub community: CommunityId,
    /// The gathering, where it is about one.
    pub gathering: Option<GatheringId>,
    /// The report, where it is about one.
    pub report: Option<ReportId>,
    /// The next step, where it is about one.
    pub item: Option<ItemId>,
    /// Since which day it has been so, or, for what is about to happen, from which day on it will be.
    pub since: NaiveDate,
    /// By which day it should be done.
    pub due: Option<NaiveDate>,
}

impl AttentionEntry {
    /// How many days ago it should have been done; `None` where there is no such day, or it lies ahead.
    pub fn days_overdue(&self, as_of: NaiveDate) -> Option<i64> {
        self.due.map(|due| (as_of - due).num_days()).filter(|days| *days > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lists are sorted by problem, and those of one kind have to stand together.
    #[test]
    fn problems_stand_in_the_order_of_their_kinds() {
        assert!(Problem::ALL.is_sorted_by_key(|problem| problem.kind()));
        assert!(AttentionKind::ALL.iter().all(|kind| Problem::ALL.iter().any(|problem| problem.kind() == *kind)));
    }
}
