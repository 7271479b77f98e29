//! Following what happens. The same resolvers serve every transport.
//!
//! A subscription's field is executed once when it is opened, and then once for each change that its followers are
//! told of, whoever they are and however many ([`crate::follow`]). What it is executed for is its [`Stage`].

mod activity;
mod stage;

use async_graphql::{Context, ID, Object, Subscription};
use chrono::Utc;
use convene_application::changes::{ChangeFilter, moves_subtree};
use convene_domain::{
    change::{Effect, EntityType},
    id::{CommunityId, ReportId},
};
use futures::{Stream, future, stream};

use self::activity::ActivityChanged;
pub(crate) use self::stage::{Delivery, Opened, Stage, Wants};
use crate::{
    cursor,
    error::{Error, nullable},
    input, loaders,
    queries::load_entity,
    types::{self, Bucket, Change, ChangeKind, Community, CompareWith, Dimension, GatheringReport, Metric, Node, RelativePeriod},
};

/// The subscription root.
#[derive(Debug, Default)]
pub struct Subscription;

/// What can be followed as it happens. Each operation names one field.
#[Subscription]
impl Subscription {
    /// Follows the gathering reports of a place: of all communities of a network, or of a community and everything
    /// beneath it. Each report that comes into your sight, changes or leaves it is one item, in the order in which it
    /// was written, each exactly once. Errors: `NOT_FOUND` when the place does not exist; for `after` those of
    /// `changed`. The stream ends with an error that has a code, such as
    /// `LAGGED` or `SHUTTING_DOWN`, and the cursor to go on with.
    async fn gathering_report_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(
            desc = "Only these kinds of changes, and whatever leaves your sight or comes with a community; all when left out."
        )]
        kinds: Option<Vec<ChangeKind>>,
        #[graphql(desc = "Go on after this cursor, which missed nothing; begin with what is written from now on when left out.")]
        after: Option<String>,
    ) -> Result<impl Stream<Item = GatheringReportChanged>, Error> {
        let filter = ChangeFilter { entity_types: Vec::new(), kinds: input::values("kinds", kinds)? };
        let delivery = stage::enter(ctx, &within, after.as_deref(), Wants::Reports(filter)).await?;
        Ok(stream::once(future::ready(GatheringReportChanged(delivery))))
    }

    /// Follows everything in a place: each record that comes into your sight, changes or leaves it is one item, in the
    /// order in which it was written, each exactly once. It goes on where the query `changes` ends. Errors: `NOT_FOUND`
    /// when the place does not exist; `BAD_CURSOR` when `after` is no cursor of this network's log; `CURSOR_EXPIRED`
    /// when the log no longer reaches back to it, and `SCOPE_CHANGED` when you may now read more or less than then: read
    /// `changes` without `after` anew. The stream ends with an error that has a code, such as
    /// `LAGGED` or `SHUTTING_DOWN`, and the cursor to go on with.
    async fn changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "Go on after this cursor, which missed nothing; begin with what is written from now on when left out.")]
        after: Option<String>,
        #[graphql(
            desc = "Only these types of records, and communities that come or go with everything under them; all when left out."
        )]
        entity_types: Option<Vec<types::EntityType>>,
        #[graphql(
            desc = "Only these kinds of changes, and whatever leaves your sight or comes with a community; all when left out."
        )]
        kinds: Option<Vec<ChangeKind>>,
    ) -> Result<impl Stream<Item = Changed>, Error> {
        let entity_types = input::values("entityTypes", entity_types)?;
        let filter = ChangeFilter { entity_types, kinds: input::values("kinds", kinds)? };
        let delivery = stage::enter(ctx, &within, after.as_deref(), Wants::Changes(filter)).await?;
        Ok(stream::once(future::ready(Changed::from(delivery))))
    }

    /// Follows the numbers of a place: the first item tells how they are, and each later one how they are after something
    /// has happened there. What happens in a burst is told together, at most once in `everySeconds`; nothing is missed, for
    /// each item is the whole answer. There is one at least every 30 seconds, also when nothing happens. Arguments and errors
    /// as for `activity`, and for `after` those of `changed`; relative periods move with the date. The stream ends with an
    /// error that has a code, such as `SHUTTING_DOWN`, and the cursor to go on with.
    #[expect(clippy::too_many_arguments, reason = "the arguments of a question")]
    async fn activity_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "These dates; all time when neither this nor `period` nor `lastDays` is given.")] window: Option<
            input::Window,
        >,
        #[graphql(desc = "A period that is named by its place before today (UTC); not together with `window`.")] period: Option<
            RelativePeriod,
        >,
        #[graphql(desc = "So many days before today, 1 to 3660; not together with `window` or `period`.")] last_days: Option<i32>,
        #[graphql(desc = "The parts of the period.", default_with = "Some(Bucket::Whole)")] bucket: Option<Bucket>,
        #[graphql(desc = "What the numbers are grouped by: up to two.")] group_by: Option<Vec<Dimension>>,
        #[graphql(desc = "Which gatherings are counted; all when left out.")] filter: Option<input::ActivityFilter>,
        #[graphql(desc = "What is measured: 1 to 60 metrics that are asked by `activity`.")] metrics: Vec<Metric>,
        #[graphql(desc = "The earlier period that each number is compared with.")] compare_with: Option<CompareWith>,
        #[graphql(desc = "How groups are sorted; when left out, by their codes, words in the order of their definition.")]
        order_by: Option<input::ActivityOrder>,
        #[graphql(desc = "How many groups, 1 to 5000; 1000 when left out.")] first: Option<i32>,
        #[graphql(desc = "The numbers are told at most once in so many seconds: 1 to 20.", default_with = "Some(1)")]
        every_seconds: Option<i32>,
        #[graphql(desc = "The cursor of the last item that came; the first item then is how the numbers are now.")] after: Option<
            String,
        >,
    ) -> Result<impl Stream<Item = ActivityChanged>, Error> {
        let (place, when) = (within.clone(), input::When { window, period, last_days, as_of: None });
        let arguments =
            input::ActivityArguments { within, when, bucket, group_by, filter, metrics, compare_with, order_by, first };
        let question = arguments.check(Utc::now().date_naive())?;
        question.check().map_err(convene_application::Error::from)?;
        let wants = Wants::State(activity::interval(every_seconds)?);
        let delivery = stage::enter(ctx, &place, after.as_deref(), wants).await?;
        Ok(stream::once(future::ready(ActivityChanged { delivery, question })))
    }
}

/// Something that happened to the reports of a place, or a checkpoint.
#[derive(Debug)]
pub(crate) struct GatheringReportChanged(Delivery);

/// Something that happened to the reports of a place; or a checkpoint without a change: the first item is one, and there
/// is one at least every 30 seconds, so that you always have a fresh cursor.
#[Object]
impl GatheringReportChanged {
    /// The place in the log right after this item, for `after`.
    async fn cursor(&self) -> String {
        cursor::encode_log(self.0.cursor)
    }

    /// The change; null in a checkpoint.
    async fn change(&self) -> Option<Change> {
        self.0.seen.clone().map(Change)
    }

    /// The report as it is now, at the change's revision or a later one; null in a checkpoint, when it has left your
    /// sight, when it has been removed or hidden from you since, and when the change is of a whole community.
    async fn report(&self, ctx: &Context<'_>) -> Option<GatheringReport> {
        let id = self.0.present(EntityType::GatheringReport).map(ReportId::from_uuid)?;
        nullable(ctx, loaders::load(ctx, id).await.map(|report| report.map(GatheringReport::from)))
    }

    /// The community that moved, with everything under it, into this place (`ENTERED`: read its reports with
    /// `gatheringReports`) or out of it (`LEFT`: forget the reports of which no host is left here); null for all other
    /// changes.
    async fn community(&self, ctx: &Context<'_>) -> Option<Community> {
        let seen = self.0.seen.as_ref().filter(|seen| moves_subtree(&seen.change, seen.effect))?;
        let id = CommunityId::from_uuid(seen.change.entity);
        nullable(ctx, loaders::load(ctx, id).await.map(|community| community.map(Community::from)))
    }
}

/// A change with its record, or a checkpoint.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) cursor: String,
    pub(crate) delivery: Option<convene_application::changes::Seen>,
}

impl From<Delivery> for Changed {
    fn from(delivery: Delivery) -> Self {
        Self { cursor: cursor::encode_log(delivery.cursor), delivery: delivery.seen }
    }
}

/// Something that happened to a record in a place. In a subscription also a checkpoint without a change: the first item is
/// one, and there is one at least every 30 seconds, so that you always have a fresh cursor.
#[Object]
impl Changed {
    /// The place in the log right after this item, for `after`.
    async fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The change; null in a checkpoint.
    async fn change(&self) -> Option<Change> {
        self.delivery.clone().map(Change)
    }

    /// The record as it is now, at the change's revision or a later one; null in a checkpoint, when it has left your
    /// sight, and when it has been removed or hidden from you since.
    async fn entity(&self, ctx: &Context<'_>) -> Option<Node> {
        let seen = self.delivery.as_ref().filter(|seen| seen.effect != Effect::Left)?;
        nullable(ctx, load_entity(ctx, seen.change.entity_type.node(seen.change.entity)).await)
    }
}
