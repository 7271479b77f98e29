//! Asking for communities side by side, and for the page for funders.

use async_graphql::{Context, ID, Object};
use chrono::Utc;
use convene_application::metrics::{self, Beside, Comparing};
use convene_domain::{
    id::{CommunityId, Within},
    metric,
};

use super::reach::reach;
use crate::{
    cursor,
    error::Error,
    input::{self, When, Window},
    loaders, memory,
    scalars::Date,
    types::{Comparison, FunderPage, Metric, RelativePeriod, start_funder_page},
};

#[derive(Debug, Default)]
pub(crate) struct ComparisonQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a question")]
impl ComparisonQuery {
    /// Two to fifty communities of a network side by side, each with everything beneath it, over the same metrics and period:
    /// values, ranks, shares, growth, and how far they are from the middle of their peers. Earlier periods and peers are counted
    /// only when they are selected. Errors: `NOT_FOUND` when a community does not exist, `BAD_USER_INPUT` when what is asked for
    /// does not go together, with the name of the argument.
    async fn comparison(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The ids of 2 to 50 communities (com_...) of one network.")] communities: Vec<ID>,
        #[graphql(
            desc = "These dates. Without `window`, `period` and `lastDays`: from the month of the first record to that of the last."
        )]
        window: Option<Window>,
        #[graphql(desc = "A period that is named by its place before `asOf`; not together with `window`.")] period: Option<
            RelativePeriod,
        >,
        #[graphql(desc = "So many days before `asOf`, 1 to 3660; not together with `window` or `period`.")] last_days: Option<
            i32,
        >,
        #[graphql(
            desc = "The date of the question; today (UTC) when left out. Where it is given, nothing from that date on is counted: it is the answer as of then, by what is known now."
        )]
        as_of: Option<Date>,
        #[graphql(desc = "What is measured: 1 to 60 metrics that are asked by `activity`.")] metrics: Vec<Metric>,
        #[graphql(desc = "The answer covers everything that was written up to this cursor, such as that of a mutation.")]
        at_least: Option<String>,
    ) -> Result<Comparison, Error> {
        let loads = loaders::of(ctx)?;
        let communities: Vec<CommunityId> = input::parsed("communities", Some(communities))?;
        let below = ctx.look_ahead().field("metrics");
        let wants = |fields: &[&str]| fields.iter().any(|field| below.field(field).exists());
        let beside = Beside {
            previous: wants(&[
                "previousValues",
                "previousBases",
                "previousChanges",
                "previousChangesUnreliable",
                "previousSuppressed",
            ]),
            last_year: wants(&[
                "lastYearValues",
                "lastYearBases",
                "lastYearChanges",
                "lastYearChangesUnreliable",
                "lastYearSuppressed",
            ]),
            peers: wants(&["peerMedians", "peerDistances", "peerCounts", "peersSuppressed"]),
        };
        let time = When { window, period, last_days, as_of }.check(Utc::now().date_naive())?;
        let metrics: Vec<metric::Metric> = metrics.into_iter().map(|metric| metric.0).collect();
        if let Some(community) = communities.first() {
            reach(ctx, loads, Within::Community(*community), at_least).await?;
        }
        for (at, community) in communities.iter().enumerate() {
            if at > 0 {
                // Each place that is said is one that was read.
                loaders::of(ctx)?;
            }
            memory::reads(ctx, &loads.app, Within::Community(*community));
        }
        if beside.peers {
            memory::refers(ctx);
        }
        let asked = Comparing { communities, time, metrics, beside };
        let found = metrics::comparison(&loads.app, &loads.caller, &asked).await?;
        for community in &asked.communities {
            memory::belongs(ctx, Within::Community(*community), found.head.log.network);
        }
        let cursor = cursor::encode_log(found.head.cursor(&loads.caller.rights_in(found.head.log.network)));
        Ok(Comparison { found, as_of: time.as_of, cursor })
    }

    /// A page for those who pay for the work: what was held, how it grew, where, by whom, and to what end. Errors: `NOT_FOUND`
    /// when the place does not exist, `BAD_USER_INPUT` when the period is given twice.
    async fn funder_page(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "These dates. Without `window`, `period` and `lastDays`: the last twelve closed months.")]
        window: Option<Window>,
        #[graphql(desc = "A period that is named by its place before `asOf`; not together with `window`.")] period: Option<
            RelativePeriod,
        >,
        #[graphql(desc = "So many days before `asOf`, 1 to 3660; not together with `window` or `period`.")] last_days: Option<
            i32,
        >,
        #[graphql(
            desc = "The date of the question; today (UTC) when left out. Where it is given, nothing from that date on is counted."
        )]
        as_of: Option<Date>,
        #[graphql(desc = "The answer covers everything that was written up to this cursor, such as that of a mutation.")]
        at_least: Option<String>,
    ) -> Result<FunderPage, Error> {
        let within = input::id("within", &within)?;
        reach(ctx, loaders::peek(ctx)?, within, at_least).await?;
        let period = period.or((window.is_none() && last_days.is_none()).then_some(RelativePeriod::Last12ClosedMonths));
        let time = When { window, period, last_days, as_of }.check(Utc::now().date_naive())?;
        start_funder_page(ctx, within, time).await
    }
}
