//! Activity policies.

use async_graphql::{Context, Object};
use convene_domain::lifecycle::{self, BuiltIn, Period, Rule};

use crate::{budget, error::Error, types::Counted};

/// When a community counts as active. Whether one is is never stored: it is computed from its gatherings as of a date.
#[derive(Debug, Clone)]
pub(crate) struct ActivityPolicy(pub(crate) lifecycle::ActivityPolicy);

/// When a community counts as active. Whether one is is never stored: it is computed from its gatherings as of a date.
#[Object]
impl ActivityPolicy {
    /// The code that communities and questions name it by, unique within the network.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// What people call it.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// What it says, in words; null when nobody wrote it down.
    async fn text(&self) -> Option<&str> {
        self.0.text.as_deref()
    }

    /// Whether every network has it. Such a policy cannot be changed.
    async fn built_in(&self) -> bool {
        BuiltIn::find(&self.0.code).is_some()
    }

    /// Its rules, 1 to 10: a community is active when it fulfils any of them.
    async fn rules(&self, ctx: &Context<'_>) -> Result<Vec<ActivityRule>, Error> {
        let rules = self.0.rules.all();
        budget::spend(ctx, rules.len()).await?;
        Ok(rules.iter().copied().map(ActivityRule).collect())
    }
}

/// A rule of an activity policy.
#[derive(Debug)]
pub(crate) struct ActivityRule(pub(crate) Rule);

/// A rule of an activity policy: so many gatherings in a period before the date of evaluation, or the community's own cadence.
/// The period is told by one of `days`, `months` and `closedMonths`.
#[Object]
impl ActivityRule {
    /// How many gatherings there have to be; null for the own cadence.
    async fn at_least(&self) -> Option<i32> {
        match self.0 {
            Rule::Gatherings { at_least, .. } => Some(at_least.into()),
            Rule::OwnCadence => None,
        }
    }

    /// Which gatherings count; null for the own cadence, which counts those that were held.
    async fn counted(&self) -> Option<Counted> {
        match self.0 {
            Rule::Gatherings { counted, .. } => Some(counted.into()),
            Rule::OwnCadence => None,
        }
    }

    /// So many days before the date; null when the period is told otherwise.
    async fn days(&self) -> Option<i32> {
        match self.0 {
            Rule::Gatherings { period: Period::Days(days), .. } => Some(days.into()),
            _ => None,
        }
    }

    /// So many calendar months back from the date, cut to the end of shorter months; null when the period is told otherwise.
    async fn months(&self) -> Option<i32> {
        match self.0 {
            Rule::Gatherings { period: Period::Months(months), .. } => Some(months.into()),
            _ => None,
        }
    }

    /// So many calendar months that are over on the date; null when the period is told otherwise.
    async fn closed_months(&self) -> Option<i32> {
        match self.0 {
            Rule::Gatherings { period: Period::ClosedMonths(months), .. } => Some(months.into()),
            _ => None,
        }
    }

    /// Whether it asks for a gathering held within one interval of the community's own cadence and 14 days. Of a community
    /// without a cadence, or with one that is not told in days, weeks, months or years, it cannot be told.
    async fn own_cadence(&self) -> bool {
        self.0 == Rule::OwnCadence
    }
}
