//! The registry of metrics: what each number means, wherever it is shown.
//!
//! A number that is no metric of the registry is in no answer of the API. What is counted in a metric is said here once:
//! in words for those who read it, and as a [`Formula`] for what computes it.

mod activity;
mod attention;
mod compare;
mod item;
mod lifecycle;
mod measure;
mod period;
mod question;
mod report;
mod sheet;
mod theme;
mod value;

use std::sync::LazyLock;

pub use compare::{Earlier, growth, median, ranks, shares};
pub use measure::Measure;
pub use period::{BUCKET_LIMIT, Bucket, CompareWith, Period, RelativePeriod, Span, Time, When, month_of, month_start};
pub use question::{
    ActivityFilter, DIMENSION_LIMIT, Dimension, GROUP_LIMIT, GroupOrder, METRIC_LIMIT, Question, Refused, check_metrics,
    counts_communities, is_of_whole_communities, unfit,
};
pub use sheet::{Cell, Column, Key, LeftOut, Middle, Narrowed, Needs, Sheet, Tally, item_groups};
pub use value::{Completeness, Value};

use crate::words::words;

words! {
    /// What is measured.
    Metric, "metric" {
        /// Gatherings, whatever became of them.
        Gatherings = "GATHERINGS",
        /// Gatherings that are announced.
        GatheringsPlanned = "GATHERINGS_PLANNED",
        /// Gatherings that took place.
        GatheringsHeld = "GATHERINGS_HELD",
        /// Gatherings that were called off.
        GatheringsCancelled = "GATHERINGS_CANCELLED",
        /// The share of gatherings that were called off.
        CancellationRate = "CANCELLATION_RATE",
        /// The share of gatherings in one place.
        InPersonShare = "IN_PERSON_SHARE",
        /// The share of gatherings online.
        OnlineShare = "ONLINE_SHARE",
        /// The share of gatherings in a place and online.
        HybridShare = "HYBRID_SHARE",
        /// The share of gatherings of which nobody said how people meet.
        UnknownFormatShare = "UNKNOWN_FORMAT_SHARE",
        /// Minutes that people met.
        MinutesHeld = "MINUTES_HELD",
        /// Minutes of a gathering on average.
        MinutesMean = "MINUTES_MEAN",
        /// Days on which gatherings took place.
        DaysHeld = "DAYS_HELD",
        /// People who said they would come.
        Rsvps = "RSVPS",
        /// People on waiting lists.
        RsvpsWaitlist = "RSVPS_WAITLIST",
        /// People who said they would come, on average.
        RsvpsMean = "RSVPS_MEAN",
        /// People who said they would come: the middle value.
        RsvpsMedian = "RSVPS_MEDIAN",
        /// People who came.
        Attendance = "ATTENDANCE",
        /// People who came, on average.
        AttendanceMean = "ATTENDANCE_MEAN",
        /// People who came: the middle value.
        AttendanceMedian = "ATTENDANCE_MEDIAN",
        /// Those who came for each who said they would.
        ShowUpRate = "SHOW_UP_RATE",
        /// Reports that were handed in.
        Reports = "REPORTS",
        /// The share of gatherings held with a report.
        ReportingRate = "REPORTING_RATE",
        /// The share of reports that were handed in by the day they were due.
        ReportsOnTimeRate = "REPORTS_ON_TIME_RATE",
        /// Items of reports, of every kind.
        Items = "ITEMS",
        /// Activities.
        Activities = "ACTIVITIES",
        /// Challenges.
        Challenges = "CHALLENGES",
        /// Successes.
        Successes = "SUCCESSES",
        /// Needs.
        Needs = "NEEDS",
        /// Requests.
        Requests = "REQUESTS",
        /// Resources.
        Resources = "RESOURCES",
        /// Next steps.
        NextSteps = "NEXT_STEPS",
        /// Next steps still to be done.
        NextStepsOpen = "NEXT_STEPS_OPEN",
        /// Next steps done.
        NextStepsDone = "NEXT_STEPS_DONE",
        /// Next steps given up.
        NextStepsDropped = "NEXT_STEPS_DROPPED",
        /// The share of next steps that are done.
        NextStepsDoneRate = "NEXT_STEPS_DONE_RATE",
        /// Activities: solving problems.
        ProblemSolving = "PROBLEM_SOLVING",
        /// Activities: asking for information.
        RequestsForInformation = "REQUESTS_FOR_INFORMATION",
        /// Activities: seeking experience.
        SeekingExperience = "SEEKING_EXPERIENCE",
        /// Activities: reusing assets.
        ReusingAssets = "REUSING_ASSETS",
        /// Activities: coordination and strategy.
        CoordinationAndStrategy = "COORDINATION_AND_STRATEGY",
        /// Activities: building an argument.
        BuildingAnArgument = "BUILDING_AN_ARGUMENT",
        /// Activities: growing confidence.
        GrowingConfidence = "GROWING_CONFIDENCE",
        /// Activities: discussing developments.
        DiscussingDevelopments = "DISCUSSING_DEVELOPMENTS",
        /// Activities: documenting projects.
        DocumentingProjects = "DOCUMENTING_PROJECTS",
        /// Activities: visits.
        Visits = "VISITS",
        /// Activities: mapping knowledge.
        MappingKnowledge = "MAPPING_KNOWLEDGE",
        /// Communities that held a gathering.
        ActiveCommunities = "ACTIVE_COMMUNITIES",
        /// Gatherings held for each community that held one.
        GatheringsPerActiveCommunity = "GATHERINGS_PER_ACTIVE_COMMUNITY",
        /// Communities that exist.
        Communities = "COMMUNITIES",
        /// Communities that were founded.
        CommunitiesFounded = "COMMUNITIES_FOUNDED",
        /// Communities that were founded so far.
        CommunitiesFoundedToDate = "COMMUNITIES_FOUNDED_TO_DATE",
        /// Items of a theme.
        ThemeItems = "THEME_ITEMS",
        /// Severe items of a theme.
        ThemeSevereItems = "THEME_SEVERE_ITEMS",
        /// Reports of a theme.
        ThemeReports = "THEME_REPORTS",
        /// Communities of a theme.
        ThemeCommunities = "THEME_COMMUNITIES",
        /// Regions of a theme.
        ThemeRegions = "THEME_REGIONS",
        /// Successes of a theme.
        ThemeSuccesses = "THEME_SUCCESSES",
        /// Communities with a success.
        ThemeSuccessfulCommunities = "THEME_SUCCESSFUL_COMMUNITIES",
        /// Next steps of a theme done.
        ThemeNextStepsDoneRate = "THEME_NEXT_STEPS_DONE_RATE",
        /// Share with a theme.
        ThemeTaggedShare = "THEME_TAGGED_SHARE",
        /// Communities that are asked about in their life.
        LifeCycleCommunities = "LIFE_CYCLE_COMMUNITIES",
        /// Communities that never held a gathering.
        CommunitiesNeverMet = "COMMUNITIES_NEVER_MET",
        /// Communities that held their first gathering.
        CommunitiesNew = "COMMUNITIES_NEW",
        /// Communities that came back.
        CommunitiesReactivated = "COMMUNITIES_REACTIVATED",
        /// Communities that went on.
        CommunitiesContinuing = "COMMUNITIES_CONTINUING",
        /// Communities that fell silent.
        CommunitiesQuiet = "COMMUNITIES_QUIET",
        /// Communities that were closed.
        CommunitiesClosed = "COMMUNITIES_CLOSED",
        /// Communities that stopped from one window to the next.
        CommunitiesNowInactive = "COMMUNITIES_NOW_INACTIVE",
        /// Communities that are active by their policy.
        CommunitiesMeetingPolicy = "COMMUNITIES_MEETING_POLICY",
        /// The share of communities that are active by their policy.
        CommunitiesMeetingPolicyShare = "COMMUNITIES_MEETING_POLICY_SHARE",
        /// Communities of which a policy cannot tell.
        CommunitiesWithoutVerdict = "COMMUNITIES_WITHOUT_VERDICT",
        /// Communities that are about to stop being active.
        CommunitiesAtRisk = "COMMUNITIES_AT_RISK",
        /// Communities by how long ago they last met.
        CommunitiesByQuietBand = "COMMUNITIES_BY_QUIET_BAND",
        /// Communities by how often they met in a year.
        CommunitiesByBand = "COMMUNITIES_BY_BAND",
        /// Communities by maturity and activity.
        CommunitiesByMaturity = "COMMUNITIES_BY_MATURITY",
        /// Gatherings of a community that met, on average.
        GatheringsOfMeetingMean = "GATHERINGS_OF_MEETING_MEAN",
        /// Gatherings of a community that met: the middle value.
        GatheringsOfMeetingMedian = "GATHERINGS_OF_MEETING_MEDIAN",
        /// Gatherings of one community.
        CommunityGatherings = "COMMUNITY_GATHERINGS",
        /// Days since a community's last gathering.
        DaysSinceLastGathering = "DAYS_SINCE_LAST_GATHERING",
        /// Silences of communities.
        QuietSpells = "QUIET_SPELLS",
        /// Silences that ended.
        QuietSpellsEnded = "QUIET_SPELLS_ENDED",
        /// Silences that ended after more than a year.
        QuietSpellsEndedAfterAYear = "QUIET_SPELLS_ENDED_AFTER_A_YEAR",
        /// Days of a silence that ended: the middle value.
        QuietSpellDaysMedian = "QUIET_SPELL_DAYS_MEDIAN",
        /// Days of one silence.
        QuietSpellDays = "QUIET_SPELL_DAYS",
        /// Communities that came back at least once.
        CommunitiesComeBack = "COMMUNITIES_COME_BACK",
        /// Communities that do not meet their policy any more.
        PoliciesBroken = "POLICIES_BROKEN",
        /// Communities that are about to break their policy.
        PoliciesAtRisk = "POLICIES_AT_RISK",
        /// Communities that are later than their cadence says.
        CadencesMissed = "CADENCES_MISSED",
        /// Communities that fewer and fewer people come to.
        AttendanceFalling = "ATTENDANCE_FALLING",
        /// Gatherings held without a report.
        ReportsMissing = "REPORTS_MISSING",
        /// Gatherings held whose report is late.
        ReportsLate = "REPORTS_LATE",
        /// Reports that wait to be reviewed.
        ReportsAwaitingReview = "REPORTS_AWAITING_REVIEW",
        /// Gaps in what is said of gatherings.
        DataMissing = "DATA_MISSING",
        /// Contradictions in what is said of gatherings.
        DataContradictory = "DATA_CONTRADICTORY",
        /// Next steps that are open past their day.
        NextStepsOverdue = "NEXT_STEPS_OVERDUE",
        /// Days that something is overdue.
        DaysOverdue = "DAYS_OVERDUE",
    }
}

words! {
    /// What a metric is counted in.
    Unit, "unit" {
        /// Gatherings.
        Gatherings = "GATHERINGS",
        /// Gathering reports.
        Reports = "REPORTS",
        /// Items of reports.
        Items = "ITEMS",
        /// Communities.
        Communities = "COMMUNITIES",
        /// People.
        People = "PEOPLE",
        /// Minutes.
        Minutes = "MINUTES",
        /// Days.
        Days = "DAYS",
        /// Regions.
        Regions = "REGIONS",
        /// Silences of communities.
        QuietSpells = "QUIET_SPELLS",
        /// A part of a whole, from 0 to 1 as a rule.
        Share = "SHARE",
    }
}

/// How a metric is computed. `None` as a value means that it cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// A sum of measures. With a base it is no number unless something counts towards the base.
    Sum {
        /// What is added up.
        of: &'static [Measure],
        /// How many records it was taken from.
        base: Option<&'static [Measure]>,
    },
    /// A sum of measures for each one of others: a share or a mean.
    Ratio {
        /// What is divided.
        of: &'static [Measure],
        /// By what.
        base: &'static [Measure],
    },
    /// The middle value of a measure over the gatherings at which another is 1; the mean of the two middle ones when
    /// their number is even.
    Median {
        /// Of what.
        of: Measure,
        /// Which gatherings have it.
        base: Measure,
    },
    /// How many communities held a gathering that counts.
    ActiveCommunities,
    /// A sum of measures for each community that held a gathering that counts.
    PerActiveCommunity {
        /// What is divided.
        of: &'static [Measure],
    },
    /// How many communities there are.
    Communities(Founded),
    /// Answered by a question of its own, which [`Definition::asked_by`] names.
    Own,
}

/// Which communities are counted, by the day they were founded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Founded {
    /// All, whenever it was.
    Ever,
    /// Within the period.
    Within,
    /// Before the end of the period.
    Before,
}

/// What a metric means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// Which metric.
    pub metric: Metric,
    /// Counts up whenever the meaning changes.
    pub version: u16,
    /// Its name for people.
    pub title: &'static str,
    /// What it tells, in a sentence or two.
    pub text: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// What is counted or divided.
    pub numerator: &'static str,
    /// By what it is divided, or out of how many it was taken; `None` for a plain count.
    pub denominator: Option<&'static str>,
    /// What belongs to the window.
    pub window: &'static str,
    /// Whose records are counted.
    pub population: &'static str,
    /// The field of the API that answers it.
    pub asked_by: &'static str,
    /// How it is computed.
    pub formula: Formula,
}

/// The fewest people that are told of together to those who may not read the reports which tell of them.
pub const FEWEST_PEOPLE: i64 = 5;

/// Every definition, in the order of [`Metric::ALL`].
pub static DEFINITIONS: LazyLock<Vec<Definition>> = LazyLock::new(|| {
    let parts = [
        activity::DEFINITIONS,
        report::DEFINITIONS,
        item::DEFINITIONS,
        lifecycle::DEFINITIONS,
        attention::DEFINITIONS,
        theme::DEFINITIONS,
    ];
    let mut all: Vec<Definition> = parts.concat();
    all.sort_by_key(|definition| definition.metric);
    all
});

impl Metric {
    /// What it means; `None` would be a metric that was forgotten, which a test forbids.
    pub fn definition(self) -> Option<&'static Definition> {
        let at = DEFINITIONS.binary_search_by_key(&self, |definition| definition.metric).ok()?;
        DEFINITIONS.get(at)
    }

    /// How it is computed.
    pub fn formula(self) -> Formula {
        self.definition().map_or(Formula::Own, |definition| definition.formula)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_defined_once_and_in_full() {
        let defined: Vec<Metric> = DEFINITIONS.iter().map(|definition| definition.metric).collect();
        assert_eq!(defined, Metric::ALL);
        for definition in DEFINITIONS.iter() {
            let texts = [definition.title, definition.text, definition.numerator, definition.window, definition.population];
            assert!(texts.iter().all(|text| !text.is_empty()), "{}", definition.metric);
            assert!(definition.version > 0 && definition.text.ends_with('.'), "{}", definition.metric);
            assert_eq!(definition.metric.definition(), Some(definition));
            let divides = matches!(definition.formula, Formula::Ratio { .. } | Formula::PerActiveCommunity { .. });
            assert!(!divides || definition.denominator.is_some(), "{}", definition.metric);
            assert_eq!(definition.formula == Formula::Own, definition.asked_by != "activity", "{}", definition.metric);
        }
    }
}
