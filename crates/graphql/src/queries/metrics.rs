//! Asking for numbers.

use async_graphql::{Context, ID, Object};
use chrono::Utc;
use convene_application::metrics;
use convene_domain::{
    id::Within,
    metric::{self, Question},
};

use super::reach::reach;
use crate::{
    budget, cursor,
    error::Error,
    input::{ActivityArguments, ActivityFilter, ActivityOrder, When, Window},
    loaders, memory,
    scalars::Date,
    types::{Activity, Bucket, CompareWith, Dimension, Metric, MetricDefinition, RelativePeriod},
};

/// Answers a question about the activity of a place.
pub(crate) async fn answer_activity(context: &Context<'_>, question: &Question) -> Result<Activity, Error> {
    let loads = loaders::of(context)?;
    memory::reads(context, &loads.app, question.within);
    let by_words = [Dimension::Outcome, Dimension::Function, Dimension::Region];
    let is_part = matches!(question.within, Within::Community(_));
    if is_part && question.group_by.iter().any(|dimension| by_words.contains(&(*dimension).into())) {
        // What they are called is said somewhere else in the network.
        memory::refers(context);
    }
    let found = metrics::activity(&loads.app, &loads.caller, question).await?;
    memory::belongs(context, question.within, found.head.log.network);
    let cursor = cursor::encode_log(found.head.cursor(&loads.caller.rights_in(found.head.log.network)));
    Ok(Activity { found, bucket: question.bucket, as_of: question.time.as_of, cursor })
}

#[derive(Debug, Default)]
pub(crate) struct MetricsQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a question")]
impl MetricsQuery {
    /// What metrics mean. No number is in any answer that is not defined here.
    async fn metric_definitions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these; all when left out.")] ids: Option<Vec<Metric>>,
    ) -> Result<Vec<MetricDefinition>, Error> {
        let definitions: Vec<MetricDefinition> = match ids {
            None => metric::DEFINITIONS.iter().map(MetricDefinition).collect(),
            Some(ids) => ids.iter().filter_map(|id| id.0.definition()).map(MetricDefinition).collect(),
        };
        budget::spend(ctx, definitions.len()).await?;
        Ok(definitions)
    }

    /// The activity of a place: metrics over a period, in parts, and by groups. One question is one table, map or time line.
    /// Aggregates count every report that was handed in, whoever asks; but of the people who came, those told of in reports that
    /// you may not read count only in batches of at least 5, and `suppressed` says where some are left out. Answers of more than 5,000 groups, or of too many numbers,
    /// are refused. Errors: `NOT_FOUND` when the place does not exist, `BAD_USER_INPUT` when what is asked for does not go
    /// together, with the name of the argument.
    async fn activity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
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
        #[graphql(desc = "The parts of the period.", default_with = "Some(Bucket::Whole)")] bucket: Option<Bucket>,
        #[graphql(desc = "What the numbers are grouped by: up to two.")] group_by: Option<Vec<Dimension>>,
        #[graphql(desc = "Which gatherings are counted; all when left out.")] filter: Option<ActivityFilter>,
        #[graphql(desc = "What is measured: 1 to 60 metrics that are asked by `activity`.")] metrics: Vec<Metric>,
        #[graphql(desc = "The earlier period that each number is compared with.")] compare_with: Option<CompareWith>,
        #[graphql(desc = "How groups are sorted; when left out, by their codes, words in the order of their definition.")]
        order_by: Option<ActivityOrder>,
        #[graphql(desc = "How many groups, 1 to 5000; 1000 when left out.")] first: Option<i32>,
        #[graphql(desc = "The answer covers everything that was written up to this cursor, such as that of a mutation.")]
        at_least: Option<String>,
    ) -> Result<Activity, Error> {
        let when = When { window, period, last_days, as_of };
        let arguments = ActivityArguments { within, when, bucket, group_by, filter, metrics, compare_with, order_by, first };
        let question = arguments.check(Utc::now().date_naive())?;
        reach(ctx, loaders::peek(ctx)?, question.within, at_least).await?;
        answer_activity(ctx, &question).await
    }
}
