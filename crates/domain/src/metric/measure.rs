//! What can be added up.

use crate::{
    gathering::Format,
    report::{ActivityKind, ItemKind},
    words::words,
};

words! {
    /// What a gathering adds to the sums of every place that it stands under. The written forms are the columns of
    /// `gathering_measures` and `community_months`.
    Measure, "measure" {
        /// 1 when it is announced.
        Planned = "planned",
        /// 1 when it was held.
        Held = "held",
        /// 1 when it was called off.
        Cancelled = "cancelled",
        /// 1 when it was held in one place.
        HeldInPerson = "held_in_person",
        /// 1 when it was held online.
        HeldOnline = "held_online",
        /// 1 when it was held in a place and online.
        HeldHybrid = "held_hybrid",
        /// 1 when it was held and nobody said how.
        HeldUnknown = "held_unknown",
        /// 1 when it was held, its hours are known, and it lasted at most a day.
        Timed = "timed",
        /// The minutes of one that is timed.
        Minutes = "minutes",
        /// On how many local dates it took place, when it was held.
        Days = "days",
        /// 1 when it was held and it is known how many people said they would come.
        WithRsvps = "with_rsvps",
        /// How many people said that they would come, when it was held.
        RsvpYes = "rsvp_yes",
        /// How many people were on the waiting list, when it was held.
        RsvpWaitlist = "rsvp_waitlist",
        /// 1 when its report was handed in.
        Reports = "reports",
        /// 1 when it is known when its report was handed in and until when it was due.
        ReportsDated = "reports_dated",
        /// 1 when it is known that its report was handed in by the day it was due.
        ReportsOnTime = "reports_on_time",
        /// 1 when its report says how many people came.
        ReportsWithAttendance = "reports_with_attendance",
        /// How many people came, by its report.
        Attendance = "attendance",
        /// 1 when it was held, and it is known both how many said they would come and how many came.
        WithBoth = "with_both",
        /// Of one with both: how many said they would come.
        RsvpsOfBoth = "rsvps_of_both",
        /// Of one with both: how many came.
        AttendanceOfBoth = "attendance_of_both",
        /// Items of its report that tell what is hard.
        Challenges = "challenges",
        /// Items of its report that tell what went well.
        Successes = "successes",
        /// Items of its report that tell what people lack.
        Needs = "needs",
        /// Items of its report that ask something of others.
        Requests = "requests",
        /// Items of its report that can be used again.
        Resources = "resources",
        /// Next steps of its report that are still to be done.
        NextStepsOpen = "next_steps_open",
        /// Next steps of its report that are done.
        NextStepsDone = "next_steps_done",
        /// Next steps of its report that were given up.
        NextStepsDropped = "next_steps_dropped",
        /// Activities of its report: solving problems.
        ProblemSolving = "problem_solving",
        /// Activities of its report: asking for information.
        RequestsForInformation = "requests_for_information",
        /// Activities of its report: seeking experience.
        SeekingExperience = "seeking_experience",
        /// Activities of its report: reusing assets.
        ReusingAssets = "reusing_assets",
        /// Activities of its report: coordination and strategy.
        CoordinationAndStrategy = "coordination_and_strategy",
        /// Activities of its report: building an argument.
        BuildingAnArgument = "building_an_argument",
        /// Activities of its report: growing confidence.
        GrowingConfidence = "growing_confidence",
        /// Activities of its report: discussing developments.
        DiscussingDevelopments = "discussing_developments",
        /// Activities of its report: documenting projects.
        DocumentingProjects = "documenting_projects",
        /// Activities of its report: visits.
        Visits = "visits",
        /// Activities of its report: mapping knowledge.
        MappingKnowledge = "mapping_knowledge",
    }
}

impl Measure {
    /// All gatherings, whatever became of them.
    pub const ALL_GATHERINGS: &'static [Self] = &[Self::Planned, Self::Held, Self::Cancelled];

    /// What is told of people in reports: how many came, and the records that this is taken from or divided by.
    pub const OF_PEOPLE: &'static [Self] =
        &[Self::ReportsWithAttendance, Self::Attendance, Self::WithBoth, Self::RsvpsOfBoth, Self::AttendanceOfBoth];

    /// The next steps of reports, whatever became of them.
    pub const ALL_NEXT_STEPS: &'static [Self] = &[Self::NextStepsOpen, Self::NextStepsDone, Self::NextStepsDropped];

    /// The activities of reports, of every kind.
    pub const ALL_ACTIVITIES: &'static [Self] = &[
        Self::ProblemSolving,
        Self::RequestsForInformation,
        Self::SeekingExperience,
        Self::ReusingAssets,
        Self::CoordinationAndStrategy,
        Self::BuildingAnArgument,
        Self::GrowingConfidence,
        Self::DiscussingDevelopments,
        Self::DocumentingProjects,
        Self::Visits,
        Self::MappingKnowledge,
    ];

    /// The items of reports, of every kind.
    pub const ALL_ITEMS: &'static [Self] = &[
        Self::ProblemSolving,
        Self::RequestsForInformation,
        Self::SeekingExperience,
        Self::ReusingAssets,
        Self::CoordinationAndStrategy,
        Self::BuildingAnArgument,
        Self::GrowingConfidence,
        Self::DiscussingDevelopments,
        Self::DocumentingProjects,
        Self::Visits,
        Self::MappingKnowledge,
        Self::Challenges,
        Self::Successes,
        Self::Needs,
        Self::Requests,
        Self::Resources,
        Self::NextStepsOpen,
        Self::NextStepsDone,
        Self::NextStepsDropped,
    ];

    /// Whether it says something of people that only those know who may read the reports.
    pub fn is_of_people(self) -> bool {
        Self::OF_PEOPLE.contains(&self)
    }

    /// Whether it is about those who wanted to come and those who came together.
    pub fn is_of_both(self) -> bool {
        matches!(self, Self::WithBoth | Self::RsvpsOfBoth | Self::AttendanceOfBoth)
    }

    /// Activities of a kind.
    pub fn of_activity(kind: ActivityKind) -> Self {
        match kind {
            ActivityKind::ProblemSolving => Self::ProblemSolving,
            ActivityKind::RequestsForInformation => Self::RequestsForInformation,
            ActivityKind::SeekingExperience => Self::SeekingExperience,
            ActivityKind::ReusingAssets => Self::ReusingAssets,
            ActivityKind::CoordinationAndStrategy => Self::CoordinationAndStrategy,
            ActivityKind::BuildingAnArgument => Self::BuildingAnArgument,
            ActivityKind::GrowingConfidence => Self::GrowingConfidence,
            ActivityKind::DiscussingDevelopments => Self::DiscussingDevelopments,
            ActivityKind::DocumentingProjects => Self::DocumentingProjects,
            ActivityKind::Visits => Self::Visits,
            ActivityKind::MappingKnowledge => Self::MappingKnowledge,
        }
    }

    /// Items of a kind.
    pub fn of_item(kind: ItemKind) -> &'static [Self] {
        match kind {
            ItemKind::Activity => Self::ALL_ACTIVITIES,
            ItemKind::Challenge => &[Self::Challenges],
            ItemKind::Success => &[Self::Successes],
            ItemKind::Need => &[Self::Needs],
            ItemKind::Request => &[Self::Requests],
            ItemKind::Resource => &[Self::Resources],
            ItemKind::NextStep => Self::ALL_NEXT_STEPS,
        }
    }

    /// Held gatherings of a format.
    pub fn of_format(format: Format) -> Self {
        match format {
            Format::InPerson => Self::HeldInPerson,
            Format::Online => Self::HeldOnline,
            Format::Hybrid => Self::HeldHybrid,
            Format::Unknown => Self::HeldUnknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The column of a kind is its word in small letters: whoever knows one knows the other.
    #[test]
    fn measures_are_called_as_what_they_count() {
        for kind in ActivityKind::ALL {
            assert_eq!(Measure::of_activity(*kind).as_str(), kind.as_str().to_lowercase());
        }
        for format in Format::ALL {
            assert_eq!(Measure::of_format(*format).as_str(), format!("held_{}", format.as_str().to_lowercase()));
        }
        assert!(ActivityKind::ALL.iter().all(|kind| Measure::ALL_ACTIVITIES.contains(&Measure::of_activity(*kind))));
        assert!(Measure::ALL_ACTIVITIES.iter().chain(Measure::ALL_NEXT_STEPS).all(|one| Measure::ALL_ITEMS.contains(one)));
        assert_eq!(Measure::ALL_ITEMS.len(), 11 + 3 + 5);
    }
}
