//! What those who pay for a network ask.

use async_graphql::{Context, Object, SimpleObject};
use convene_application::metrics::{
    self,
    funder::{self, Section},
};
use convene_domain::{
    id::Within,
    metric::{CompareWith as With, GROUP_LIMIT, Metric, Time, Value},
};

use crate::{
    budget,
    error::Error,
    input::checked,
    loaders, memory,
    queries::answer_activity,
    scalars::{Date, int},
    types::{Activity, CompareWith, MetricDefinition, MetricValue},
};

/// How many communities are named when nobody says how many.
const TOP: usize = 10;

/// A page for funders about a place and a period.
#[derive(Debug)]
pub(crate) struct FunderPage {
    pub(crate) within: Within,
    pub(crate) time: Time,
    pub(crate) cursor: String,
}

impl FunderPage {
    async fn section(&self, context: &Context<'_>, section: Section) -> Result<Activity, Error> {
        answer_activity(context, &funder::question(self.within, self.time, section)).await
    }
}

/// A page for funders about a place and a period: what was held, where, by whom and to what end, with its sources. Each part
/// is counted only when it is selected.
#[Object]
impl FunderPage {
    /// The date of the question, which relative periods end by.
    async fn as_of(&self) -> Date {
        Date(self.time.as_of)
    }

    /// The place in the network's log before anything was counted: subscribe to `changed` with it, and you miss nothing that
    /// is not in these numbers.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// Gatherings, active communities, people and reports, in `total`, beside an earlier period: how they grew.
    async fn growth(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The earlier period.", default_with = "Some(CompareWith::PreviousPeriod)")] compare_with: Option<
            CompareWith,
        >,
    ) -> Result<Activity, Error> {
        self.section(ctx, Section::Growth(compare_with.map_or(With::PreviousPeriod, With::from))).await
    }

    /// The regions in which communities held gatherings, those with most first; `seriesCount` says how many.
    async fn regions(&self, ctx: &Context<'_>) -> Result<Activity, Error> {
        self.section(ctx, Section::Regions).await
    }

    /// The countries in which communities held gatherings, those with most first; `seriesCount` says how many.
    async fn countries(&self, ctx: &Context<'_>) -> Result<Activity, Error> {
        self.section(ctx, Section::Countries).await
    }

    /// How people met.
    async fn formats(&self, ctx: &Context<'_>) -> Result<Activity, Error> {
        self.section(ctx, Section::Formats).await
    }

    /// The communities that held most gatherings; `seriesCount` says how many held any.
    async fn top_communities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 5000; 10 when left out.")] first: Option<i32>,
    ) -> Result<Activity, Error> {
        let first = first.map_or(Some(TOP), |first| usize::try_from(first).ok());
        let reason = || convene_domain::Invalid::new(format!("is not a number from 1 to {GROUP_LIMIT}"));
        self.section(ctx, Section::Communities(checked("first", first.ok_or_else(reason))?)).await
    }

    /// How many communities held how many gatherings. Together they are the `ACTIVE_COMMUNITIES` of the period.
    async fn bands(&self, ctx: &Context<'_>) -> Result<Vec<HealthBand>, Error> {
        let loads = loaders::of(ctx)?;
        memory::reads(ctx, &loads.app, self.within);
        let counts = funder::bands(&loads.app, self.within, self.time).await?;
        budget::spend(ctx, counts.len()).await?;
        let band = |((least, most), communities): (&(u32, Option<u32>), u32)| HealthBand {
            least: int(*least),
            most: most.map(int),
            communities: MetricValue(Value::count(Metric::CommunitiesByBand, communities.into())),
        };
        Ok(funder::BANDS.iter().zip(counts).map(band).collect())
    }

    /// The outcomes that reports name, those with most reports first; a report that names several counts for each.
    async fn outcomes_served(&self, ctx: &Context<'_>) -> Result<Activity, Error> {
        self.section(ctx, Section::Outcomes).await
    }

    /// What the numbers of this page mean.
    async fn sources(&self, ctx: &Context<'_>) -> Result<Vec<FunderSource>, Error> {
        budget::spend(ctx, funder::HEADLINE.len()).await?;
        let source = |metric: &Metric| {
            let (definition, span) = (metric.definition()?, self.time.period()?.span);
            let (from, to, as_of) = (Date(span.from), Date(span.to), Date(self.time.as_of));
            Some(FunderSource { definition: MetricDefinition(definition), from, to, as_of })
        };
        Ok(funder::HEADLINE.iter().filter_map(source).collect())
    }
}

/// Communities that held about as many gatherings.
#[derive(Debug, SimpleObject)]
pub(crate) struct HealthBand {
    /// How many gatherings each held in the period at least.
    least: i32,
    /// How many at most; null when there is no limit.
    most: Option<i32>,
    /// How many communities.
    communities: MetricValue,
}

/// Where a number of a page comes from.
#[derive(Debug, SimpleObject)]
pub(crate) struct FunderSource {
    /// What is counted.
    definition: MetricDefinition,
    /// The first date of the period.
    from: Date,
    /// The first date after the period.
    to: Date,
    /// As of which date.
    as_of: Date,
}

/// Where the log ended before anything of a page was counted.
pub(crate) async fn start(context: &Context<'_>, within: Within, time: Time) -> Result<FunderPage, Error> {
    let loads = loaders::of(context)?;
    memory::reads(context, &loads.app, within);
    let head = metrics::head(&loads.app, within).await?;
    memory::belongs(context, within, head.log.network);
    let cursor = crate::cursor::encode_log(head.cursor(&loads.caller.rights_in(head.log.network)));
    Ok(FunderPage { within, time, cursor })
}
