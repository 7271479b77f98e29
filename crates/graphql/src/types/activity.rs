//! The activity of a place: numbers by group and part of a period.

use async_graphql::{Context, Enum, Object, SimpleObject};
use chrono::NaiveDate;
use convene_application::metrics;
use convene_domain::metric;

use crate::{
    budget,
    error::Error,
    loaders,
    scalars::{Date, int},
    types::{
        Community,
        metric::{Flags, MetricColumn, Numbers},
    },
};

/// A period that is named by its place before a date, `asOf`.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "metric::RelativePeriod")]
pub(crate) enum RelativePeriod {
    /// The twelve calendar months that ended last.
    #[graphql(name = "LAST_12_CLOSED_MONTHS")]
    Last12ClosedMonths,
    /// The calendar month that ended last.
    LastClosedMonth,
    /// The calendar quarter that ended last.
    LastClosedQuarter,
    /// The calendar year that ended last.
    LastClosedYear,
    /// The calendar month up to the date, which does not belong to it.
    ThisMonthToDate,
    /// The calendar quarter up to the date, which does not belong to it.
    ThisQuarterToDate,
    /// The calendar year up to the date, which does not belong to it.
    ThisYearToDate,
}

/// The parts that a period is cut into.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "metric::Bucket")]
pub(crate) enum Bucket {
    /// Calendar months, the first and the last clipped to the period.
    Month,
    /// Calendar quarters, the first and the last clipped to the period.
    Quarter,
    /// Calendar years, the first and the last clipped to the period.
    Year,
    /// One part: the period itself.
    Whole,
}

/// Which earlier period one is compared with.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "metric::CompareWith")]
pub(crate) enum CompareWith {
    /// The period of the same length right before: months for whole months, days for other dates. Of a period to date, the
    /// same dates of the month, quarter or year before.
    PreviousPeriod,
    /// The same dates a year before.
    SamePeriodLastYear,
}

/// Which end of a list comes first.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The smallest first.
    Ascending,
    /// The greatest first.
    Descending,
}

/// What numbers are grouped by. What is said of hosts is said of the communities in the place that host a gathering, never of
/// its venue; a gathering counts once in each group in which it has a host.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "metric::Dimension")]
pub(crate) enum Dimension {
    /// The communities right beneath the place, each with everything beneath it, and what the place hosts itself.
    Child,
    /// Each host, with what it hosts itself; `filter.levels` says of which levels.
    Community,
    /// The level of the hosts.
    Level,
    /// The country of the hosts.
    Country,
    /// The region of the hosts.
    Region,
    /// The year in which the hosts were founded.
    FoundingYear,
    /// How people met. Not for metrics that count communities.
    Format,
    /// What became of the gathering. Not for metrics that count communities.
    Status,
    /// The weekday of the local start date. Not for metrics that count communities.
    Weekday,
    /// The outcomes that the report names: a gathering counts once for each. Not for metrics that count communities, nor for
    /// `REPORTING_RATE`.
    Outcome,
    /// The functions that the report names: a gathering counts once for each. Not for metrics that count communities, nor for
    /// `REPORTING_RATE`.
    Function,
    /// What an item of a report is. Only for `ITEMS`.
    ItemKind,
    /// What was done together. Only for `ACTIVITIES`.
    ActivityKind,
}

/// The activity of a place.
#[derive(Debug)]
pub(crate) struct Activity {
    pub(crate) found: metrics::Activity,
    pub(crate) bucket: metric::Bucket,
    pub(crate) as_of: NaiveDate,
    pub(crate) cursor: String,
}

/// The activity of a place: numbers by group and part of a period. Lists of numbers have one entry for each of `buckets`.
#[Object]
impl Activity {
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

    /// The parts of the period, in order. None when the period has no day.
    async fn buckets(&self, ctx: &Context<'_>) -> Result<Vec<ActivityBucket>, Error> {
        self.parts(ctx, &self.found.parts).await
    }

    /// The parts of the earlier period that each is compared with; null without `compareWith`.
    async fn compared_buckets(&self, ctx: &Context<'_>) -> Result<Option<Vec<ActivityBucket>>, Error> {
        match &self.found.compared {
            Some(parts) => Ok(Some(self.parts(ctx, parts).await?)),
            None => Ok(None),
        }
    }

    /// Everything together, each thing counted once, also where it is in several groups.
    async fn total(&self) -> ActivitySeries<'_> {
        ActivitySeries(&self.found.total)
    }

    /// The groups, sorted; empty without `groupBy`. Groups in which nothing was counted are left out.
    async fn series(&self, ctx: &Context<'_>) -> Result<Vec<ActivitySeries<'_>>, Error> {
        budget::spend(ctx, self.found.series.len()).await?;
        Ok(self.found.series.iter().map(ActivitySeries).collect())
    }

    /// How many groups there are, also beyond `first`.
    async fn series_count(&self) -> i32 {
        int(self.found.groups)
    }
}

impl Activity {
    async fn parts(&self, ctx: &Context<'_>, parts: &[metric::Span]) -> Result<Vec<ActivityBucket>, Error> {
        budget::spend(ctx, parts.len()).await?;
        let bucket =
            |part: &metric::Span| ActivityBucket { from: Date(part.from), to: Date(part.to), label: part.label(self.bucket) };
        Ok(parts.iter().map(bucket).collect())
    }
}

/// A part of a period.
#[derive(Debug, SimpleObject)]
pub(crate) struct ActivityBucket {
    /// Its first date.
    from: Date,
    /// The first date after it.
    to: Date,
    /// What it is called: `2026-05`, `2026-Q2`, `2026`, or both dates of the period itself, `2025-08-01/2026-08-01`.
    label: String,
}

/// The numbers of a group, or of everything.
#[derive(Debug)]
pub(crate) struct ActivitySeries<'a>(&'a metrics::Series);

/// The numbers of a group, or of everything.
#[Object]
impl<'a> ActivitySeries<'a> {
    /// What the group is, dimension by dimension as in `groupBy`; empty for everything.
    async fn key(&self, ctx: &Context<'_>) -> Result<Vec<ActivityGroup<'a>>, Error> {
        budget::spend(ctx, self.0.group.len()).await?;
        Ok(self.0.group.iter().map(ActivityGroup).collect())
    }

    /// Gatherings held, part by part: each is expected to have a report.
    async fn expected_reports(&self) -> Numbers {
        Numbers(self.0.expected_reports.clone())
    }

    /// Reports handed in, part by part.
    async fn received_reports(&self) -> Numbers {
        Numbers(self.0.received_reports.clone())
    }

    /// The metrics, in the order in which they were asked for.
    async fn metrics(&self, ctx: &Context<'_>) -> Result<Vec<MetricSeries<'a>>, Error> {
        budget::spend(ctx, self.0.metrics.len()).await?;
        Ok(self.0.metrics.iter().map(MetricSeries).collect())
    }
}

/// What a group is in one dimension.
#[derive(Debug)]
pub(crate) struct ActivityGroup<'a>(pub(crate) &'a metrics::Group);

/// What a group is in one dimension.
#[Object]
impl ActivityGroup<'_> {
    /// The dimension.
    async fn dimension(&self) -> Dimension {
        self.0.dimension.into()
    }

    /// What programs call it: the slug of a community, a code, a word or a year; null where nobody said.
    async fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// What people call it.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// The community; null for other dimensions. Among the groups of `CHILD`, the place itself stands for what it hosts itself.
    async fn community(&self, ctx: &Context<'_>) -> Result<Option<Community>, Error> {
        match self.0.community {
            Some(id) => Ok(Some(loaders::load_referred(ctx, id).await?.into())),
            None => Ok(None),
        }
    }
}

/// A metric, part by part.
#[derive(Debug)]
pub(crate) struct MetricSeries<'a>(&'a metrics::Compared);

/// A metric, part by part: each list has one entry for each of the period's `buckets`.
#[Object]
impl MetricSeries<'_> {
    #[graphql(flatten)]
    async fn column(&self) -> MetricColumn<'_> {
        MetricColumn(&self.0.column)
    }

    /// The numbers of the earlier period; null without `compareWith`.
    async fn compared_values(&self) -> Option<Numbers> {
        self.0.earlier.as_deref().map(|earlier| Numbers::of(earlier, |it| it.value))
    }

    /// From how many records each number of the earlier period was taken; null without `compareWith`.
    async fn compared_bases(&self) -> Option<Numbers> {
        self.0.earlier.as_deref().map(|earlier| Numbers::of(earlier, |it| it.base))
    }

    /// By what part of it the number of the earlier period grew: 0.172 is 17.2 % more, -0.5 is half as many. Null without
    /// `compareWith`, and an entry is null where the earlier number is 0 or either cannot be computed.
    async fn changes(&self) -> Option<Numbers> {
        self.0.earlier.as_deref().map(|earlier| Numbers::of(earlier, |it| it.change))
    }

    /// Whether people are left out of each number of the earlier period, as `suppressed` says it of the present one; null without
    /// `compareWith`.
    async fn compared_suppressed(&self) -> Option<Flags> {
        self.0.earlier.as_deref().map(|earlier| Flags::of(earlier, |it| it.suppressed))
    }

    /// Whether either of the two numbers was taken from fewer than 10 records, so that chance decides how it grew; null without
    /// `compareWith`.
    async fn changes_unreliable(&self) -> Option<Flags> {
        self.0.earlier.as_deref().map(|earlier| Flags::of(earlier, |it| it.unreliable))
    }
}
