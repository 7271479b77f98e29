//! The enums of life-cycle and attention, spelled as everywhere else.

use async_graphql::Enum;
use convene_domain::lifecycle;

/// Which gatherings a rule counts.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "lifecycle::Counted")]
pub(crate) enum Counted {
    /// Those that were held in the period.
    Held,
    /// Those of the period that were held or are still planned.
    NotCancelled,
    /// Those that were held or are planned, in the period or at any time after it.
    NotCancelledOrAhead,
}

/// Where a community is in its life, by the gatherings that it held before and in a window.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "lifecycle::LifeState")]
pub(crate) enum LifeState {
    /// It never held a gathering.
    NeverMet,
    /// It held its first gathering in the window.
    New,
    /// It held gatherings before and in the window, and none in the window before.
    Reactivated,
    /// It held gatherings in the window and in the one before.
    Continuing,
    /// It held gatherings, and none in the window.
    Quiet,
    /// It was closed.
    Closed,
}

/// How long ago a community held its last gathering, in whole calendar months. What lies on the very day so many months back
/// is within them.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "lifecycle::QuietBand")]
pub(crate) enum QuietBand {
    /// Less than six months.
    #[graphql(name = "UNDER_6")]
    UnderSix,
    /// Six months or more, less than twelve.
    #[graphql(name = "FROM_6")]
    SixToTwelve,
    /// Twelve months or more, less than 24.
    #[graphql(name = "FROM_12")]
    TwelveToTwentyFour,
    /// 24 months or more.
    #[graphql(name = "FROM_24")]
    TwentyFourOrMore,
}

/// How many gatherings a community held in twelve closed months.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "lifecycle::Band")]
pub(crate) enum GatheringBand {
    /// None.
    None,
    /// One or two.
    #[graphql(name = "FROM_1")]
    OneOrTwo,
    /// Three to five.
    #[graphql(name = "FROM_3")]
    ThreeToFive,
    /// Six to eleven.
    #[graphql(name = "FROM_6")]
    SixToEleven,
    /// Twelve or more.
    #[graphql(name = "FROM_12")]
    TwelveOrMore,
}

/// How long ago a community held its first gathering.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "lifecycle::Maturity")]
pub(crate) enum Maturity {
    /// Less than six calendar months.
    New,
    /// Less than 24 calendar months.
    Developing,
    /// Longer.
    Established,
}

/// How many gatherings a community held in the last six calendar months.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "lifecycle::Activity")]
pub(crate) enum ActivityBand {
    /// None.
    Inactive,
    /// One or two.
    Low,
    /// Three to six.
    Moderate,
    /// Seven or more.
    High,
}

/// How the communities of a life-cycle are sorted; those that are alike by name, then by id.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq, Default)]
pub(crate) enum LifeCycleOrder {
    /// By name, by code point.
    #[default]
    Name,
    /// Those with the most gatherings in the window first.
    MostGatherings,
    /// Those whose last gathering is the longest ago first; those that never met at the end.
    LongestSilence,
}

/// How quiet spells are sorted.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq, Default)]
pub(crate) enum QuietSpellOrder {
    /// The longest first.
    #[default]
    LongestFirst,
    /// Those that began last first.
    NewestFirst,
}
