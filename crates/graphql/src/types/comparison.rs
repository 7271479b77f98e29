//! Communities side by side.

use async_graphql::{Context, Object};
use chrono::NaiveDate;
use convene_application::metrics::{self, ComparedMetric, Peers};
use convene_domain::metric::Earlier;

use crate::{
    budget,
    error::Error,
    scalars::Date,
    types::{
        activity::ActivityGroup,
        metric::{Flags, MetricColumn, Numbers},
    },
};

/// Communities side by side.
#[derive(Debug)]
pub(crate) struct Comparison {
    pub(crate) found: metrics::Comparison,
    pub(crate) as_of: NaiveDate,
    pub(crate) cursor: String,
}

/// Communities side by side, each with everything beneath it. Lists have one entry for each of `communities`.
#[Object]
impl Comparison {
    /// The date of the question, which relative periods end by.
    async fn as_of(&self) -> Date {
        Date(self.as_of)
    }

    /// The place in the network's log before anything was counted: subscribe to `changed` with it, and you miss nothing that
    /// is not in these numbers.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The first date of the period.
    async fn from(&self) -> Date {
        Date(self.found.period.span.from)
    }

    /// The first date after the period.
    async fn to(&self) -> Date {
        Date(self.found.period.span.to)
    }

    /// The communities, in the order in which they were asked for.
    async fn compared(&self, ctx: &Context<'_>) -> Result<Vec<ActivityGroup<'_>>, Error> {
        budget::spend(ctx, self.found.communities.len()).await?;
        Ok(self.found.communities.iter().map(ActivityGroup).collect())
    }

    /// Gatherings held: each is expected to have a report.
    async fn expected_reports(&self) -> Numbers {
        Numbers(self.found.expected_reports.clone())
    }

    /// Reports handed in.
    async fn received_reports(&self) -> Numbers {
        Numbers(self.found.received_reports.clone())
    }

    /// The metrics, in the order in which they were asked for.
    async fn metrics(&self, ctx: &Context<'_>) -> Result<Vec<MetricComparison<'_>>, Error> {
        budget::spend(ctx, self.found.metrics.len()).await?;
        Ok(self.found.metrics.iter().map(MetricComparison).collect())
    }
}

/// A metric of communities side by side.
#[derive(Debug)]
pub(crate) struct MetricComparison<'a>(&'a ComparedMetric);

impl MetricComparison<'_> {
    fn earlier<T>(earlier: Option<&Vec<Earlier>>, list: impl FnOnce(&[Earlier]) -> T) -> T {
        list(earlier.map(Vec::as_slice).unwrap_or_default())
    }

    fn peers(&self, list: fn(&Peers) -> &Vec<Option<f64>>) -> Numbers {
        Numbers(self.0.peers.as_ref().map(|peers| list(peers).clone()).unwrap_or_default())
    }
}

/// A metric of communities side by side: each list has one entry for each community of `compared`.
#[Object]
impl MetricComparison<'_> {
    #[graphql(flatten)]
    async fn column(&self) -> MetricColumn<'_> {
        MetricColumn(&self.0.column)
    }

    /// The rank of each, from 1 for the greatest; equal numbers share a rank. Null where there is no number.
    async fn ranks(&self) -> Numbers {
        Numbers(self.0.ranks.clone())
    }

    /// The part of each in the sum of all that are compared; null where that sum is 0. Null as a whole for metrics that do not
    /// add up, such as means. A gathering of two of the communities counts for both.
    async fn shares(&self) -> Option<Numbers> {
        self.0.shares.clone().map(Numbers)
    }

    /// The numbers of the period of the same length right before.
    async fn previous_values(&self) -> Numbers {
        Self::earlier(self.0.previous.as_ref(), |earlier| Numbers::of(earlier, |it| it.value))
    }

    /// From how many records each of `previousValues` was taken.
    async fn previous_bases(&self) -> Numbers {
        Self::earlier(self.0.previous.as_ref(), |earlier| Numbers::of(earlier, |it| it.base))
    }

    /// By what part of the number of the period before each grew: 0.172 is 17.2 % more. Null where that was 0, or either cannot
    /// be computed.
    async fn previous_changes(&self) -> Numbers {
        Self::earlier(self.0.previous.as_ref(), |earlier| Numbers::of(earlier, |it| it.change))
    }

    /// Whether either of the two numbers was taken from fewer than 10 records, so that chance decides how it grew.
    async fn previous_changes_unreliable(&self) -> Flags {
        Self::earlier(self.0.previous.as_ref(), |earlier| Flags::of(earlier, |it| it.unreliable))
    }

    /// Whether people are left out of each of `previousValues`.
    async fn previous_suppressed(&self) -> Flags {
        Self::earlier(self.0.previous.as_ref(), |earlier| Flags::of(earlier, |it| it.suppressed))
    }

    /// The numbers of the same dates a year before.
    async fn last_year_values(&self) -> Numbers {
        Self::earlier(self.0.last_year.as_ref(), |earlier| Numbers::of(earlier, |it| it.value))
    }

    /// From how many records each of `lastYearValues` was taken.
    async fn last_year_bases(&self) -> Numbers {
        Self::earlier(self.0.last_year.as_ref(), |earlier| Numbers::of(earlier, |it| it.base))
    }

    /// By what part of the number of a year before each grew; null as for `previousChanges`.
    async fn last_year_changes(&self) -> Numbers {
        Self::earlier(self.0.last_year.as_ref(), |earlier| Numbers::of(earlier, |it| it.change))
    }

    /// Whether either of the two numbers was taken from fewer than 10 records, so that chance decides how it grew.
    async fn last_year_changes_unreliable(&self) -> Flags {
        Self::earlier(self.0.last_year.as_ref(), |earlier| Flags::of(earlier, |it| it.unreliable))
    }

    /// Whether people are left out of each of `lastYearValues`.
    async fn last_year_suppressed(&self) -> Flags {
        Self::earlier(self.0.last_year.as_ref(), |earlier| Flags::of(earlier, |it| it.suppressed))
    }

    /// The middle value of the peers of each: the other open communities of the same network and level, whether they are
    /// compared or not. Null where no peer has a number.
    async fn peer_medians(&self) -> Numbers {
        self.peers(|peers| &peers.medians)
    }

    /// How far each number is above the middle value of its peers; negative where it is beneath. Null where either is.
    async fn peer_distances(&self) -> Numbers {
        self.peers(|peers| &peers.distances)
    }

    /// How many peers have a number.
    async fn peer_counts(&self) -> Numbers {
        self.peers(|peers| &peers.counts)
    }

    /// Whether people are left out of the numbers of the peers of each.
    async fn peers_suppressed(&self) -> Flags {
        Flags(self.0.peers.as_ref().map(|peers| peers.suppressed.clone()).unwrap_or_default())
    }
}
