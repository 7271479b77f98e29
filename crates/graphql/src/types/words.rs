//! The enums of the domain, spelled as everywhere else.

use async_graphql::Enum;
use convene_domain::{access, community, gathering, network, report};

/// How wide a community's circle is.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "community::Level")]
pub(crate) enum Level {
    /// A nation.
    National,
    /// A region of a nation.
    Regional,
    /// A city.
    City,
}

/// Where a community is in its life. Whether it is active is another question, which its gatherings answer.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "community::CommunityStatus")]
pub(crate) enum CommunityStatus {
    /// Being brought together; it has not opened yet.
    Forming,
    /// Open to its members.
    Open,
    /// Resting, and meaning to come back.
    Paused,
    /// Ended; kept in history.
    Closed,
}

/// What someone is in a place, and in all that stands under it. Each may do what those before it may.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "access::Role")]
pub(crate) enum Role {
    /// Reads what the members of a community read.
    Member,
    /// Writes gatherings and reports.
    Facilitator,
    /// Looks after a community: its details, its policies, the review of its reports, their confidential items, and who belongs to
    /// it.
    Coordinator,
    /// Looks after a network, or, when it is had everywhere, after the whole instance.
    Admin,
}

/// How people meet.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "gathering::Format")]
pub(crate) enum Format {
    /// In one place.
    InPerson,
    /// Online only.
    Online,
    /// In a place and online at once.
    Hybrid,
    /// Nobody said.
    Unknown,
}

/// What became of a gathering.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "gathering::GatheringStatus")]
pub(crate) enum GatheringStatus {
    /// Announced.
    Planned,
    /// It took place.
    Held,
    /// It did not take place.
    Cancelled,
}

/// A day of the week, of the local date.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "chrono::Weekday")]
pub(crate) enum Weekday {
    /// Monday.
    #[graphql(name = "MONDAY")]
    Mon,
    /// Tuesday.
    #[graphql(name = "TUESDAY")]
    Tue,
    /// Wednesday.
    #[graphql(name = "WEDNESDAY")]
    Wed,
    /// Thursday.
    #[graphql(name = "THURSDAY")]
    Thu,
    /// Friday.
    #[graphql(name = "FRIDAY")]
    Fri,
    /// Saturday.
    #[graphql(name = "SATURDAY")]
    Sat,
    /// Sunday.
    #[graphql(name = "SUNDAY")]
    Sun,
}

/// How far a report has come.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "report::ReportStatus")]
pub(crate) enum ReportStatus {
    /// Being written.
    Draft,
    /// Handed in: it counts.
    Submitted,
    /// Read and accepted by a coordinator.
    Reviewed,
    /// Taken back: it does not count.
    Withdrawn,
}

/// Who may read a report, or see a work site.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "access::Audience")]
pub(crate) enum Audience {
    /// Members of the host communities; of a work site, those of its community.
    Members,
    /// Everyone in the network.
    Network,
    /// Everyone.
    Public,
}

/// What an item of a report is.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "report::ItemKind")]
pub(crate) enum ItemKind {
    /// What was done together; of one of eleven kinds.
    Activity,
    /// What is hard.
    Challenge,
    /// What went well.
    Success,
    /// What people in the area lack.
    Need,
    /// What the community asks of others.
    Request,
    /// What was found or made and can be used again.
    Resource,
    /// What someone is to do next.
    NextStep,
}

/// What communities of practice do together.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "report::ActivityKind")]
pub(crate) enum ActivityKind {
    /// "I'm stuck: can we brainstorm some ideas?"
    ProblemSolving,
    /// "Where can I find out more about this?"
    RequestsForInformation,
    /// "Has anyone else been facing this issue?"
    SeekingExperience,
    /// "I've found this resource that you might like to tweak."
    ReusingAssets,
    /// "Could we develop this together?"
    CoordinationAndStrategy,
    /// "How have others taken their councils with them on this?"
    BuildingAnArgument,
    /// "Can I just check out this idea with you?"
    GrowingConfidence,
    /// "What do you make of these new developments?"
    DiscussingDevelopments,
    /// "Let's write this down for others."
    DocumentingProjects,
    /// "Can we visit an example of best practice?"
    Visits,
    /// "What don't we know about this? Who can help us?"
    MappingKnowledge,
}

/// How much a challenge or a need weighs.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "report::Severity")]
pub(crate) enum Severity {
    /// It can wait.
    Low,
    /// It should be dealt with.
    Medium,
    /// It hurts the work.
    High,
    /// People are at risk, or the work stops.
    Critical,
}

/// What became of a next step.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "report::NextStepState")]
pub(crate) enum NextStepState {
    /// Still to be done.
    Open,
    /// Done.
    Done,
    /// Given up.
    Dropped,
}

/// What a term of a vocabulary names.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "network::VocabularyKind")]
pub(crate) enum VocabularyKind {
    /// In which role people take part, such as training facilitator.
    ParticipantRole,
    /// What a gathering is to bring about, such as encouragement.
    DesiredOutcome,
    /// What a community does for its members, such as educate or support.
    Function,
    /// What an item of a report is about.
    Theme,
    /// Whom a gathering invites, such as leaders of churches.
    InvitationGroup,
    /// What a part of a gathering's agenda is, such as care for the caregiver.
    AgendaKind,
}

/// How communities are sorted: by code point, ascending, then by id.
#[derive(Debug, Enum, Copy, Clone, Default, PartialEq, Eq)]
#[graphql(remote = "community::CommunityOrder")]
pub(crate) enum CommunityOrder {
    /// By name.
    #[default]
    Name,
    /// By slug.
    Slug,
}

/// How gatherings and their reports are sorted: by the gathering's start, then by external id and id ascending.
#[derive(Debug, Enum, Copy, Clone, Default, PartialEq, Eq)]
#[graphql(remote = "gathering::GatheringOrder")]
pub(crate) enum GatheringOrder {
    /// The latest start first.
    #[default]
    NewestFirst,
    /// The earliest start first.
    OldestFirst,
}

#[cfg(test)]
mod tests {
    use async_graphql::resolver_utils::EnumType;

    use super::*;

    fn names<T: EnumType>() -> Vec<&'static str> {
        T::items().iter().map(|item| item.name).collect()
    }

    #[test]
    fn values_are_spelled_and_sorted_as_in_the_domain() {
        macro_rules! same {
            ($($ours:ident = $theirs:path,)+) => {
                $(assert_eq!(names::<$ours>(), <$theirs>::ALL.iter().map(|it| it.as_str()).collect::<Vec<_>>());)+
            };
        }
        same! {
            Level = community::Level,
            CommunityStatus = community::CommunityStatus,
            CommunityOrder = community::CommunityOrder,
            Format = gathering::Format,
            GatheringStatus = gathering::GatheringStatus,
            GatheringOrder = gathering::GatheringOrder,
            ReportStatus = report::ReportStatus,
            Audience = access::Audience,
            Role = access::Role,
            ItemKind = report::ItemKind,
            ActivityKind = report::ActivityKind,
            Severity = report::Severity,
            NextStepState = report::NextStepState,
            VocabularyKind = network::VocabularyKind,
        }
        assert_eq!(names::<Weekday>(), ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]);
    }
}
