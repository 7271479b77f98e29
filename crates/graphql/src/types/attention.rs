//! What a coordinator should look at.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use convene_application::attention;
use convene_domain::{
    attention as domain,
    id::NodeId,
    metric::{Metric, Value},
    page::{Direction, Page, Place},
};

use crate::{
    budget,
    connection::{PageInfo, Paging},
    cursor,
    error::{Error, nullable},
    loaders::{self, Loads},
    scalars::Date,
    types::{Community, Gathering, GatheringReport, MetricValue, Period},
};

/// What kind of thing a coordinator should look at.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "domain::AttentionKind")]
pub(crate) enum AttentionKind {
    /// A community was active by its policy and is not any more.
    PolicyBroken,
    /// A community is active and will not be soon if nothing more is held.
    PolicyAtRisk,
    /// A community is later than its own cadence says.
    CadenceMissed,
    /// Fewer and fewer people come to a community's gatherings.
    AttendanceFalling,
    /// A gathering was held and has no report that was handed in.
    ReportMissing,
    /// A gathering was held, has no report that was handed in, and should have by now. It is among the missing, too.
    ReportLate,
    /// A report was handed in a while ago and not reviewed since.
    ReportAwaitingReview,
    /// Something is not said of a gathering that was held.
    DataMissing,
    /// Something that is said of a gathering cannot be.
    DataContradictory,
    /// A next step is open past its day.
    NextStepOverdue,
}

/// What is wrong.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "domain::Problem")]
pub(crate) enum AttentionProblem {
    /// No rule of the policy holds any more.
    NotActive,
    /// The last rule of the policy ceases to hold soon.
    ActivityEnding,
    /// No gathering was held within an interval of the cadence and 14 days.
    LaterThanCadence,
    /// Fewer people came to each of the last three gatherings with people counted than to the one before.
    FellThreeTimes,
    /// There is no report that was handed in.
    NoReport,
    /// The report was due up to 60 days ago.
    PastDue,
    /// The report was due more than 60 days ago.
    #[graphql(name = "PAST_DUE_60_DAYS")]
    PastDueSixtyDays,
    /// The report was not reviewed.
    NotReviewed,
    /// It is not said how people met.
    NoFormat,
    /// It is not said when it ended.
    NoEnd,
    /// It is not said where people met in person: neither a city nor a point on the map.
    NoPlace,
    /// The report does not say how many people came.
    NoAttendance,
    /// It was held, and its title says that it was cancelled or postponed.
    TitleSaysCancelled,
    /// Another gathering of the same community, not cancelled either, begins at the same time.
    SameTimeTwice,
    /// It lasts longer than three days.
    LongerThanThreeDays,
    /// It is planned for a day that is over: it was neither held nor called off.
    PlannedInThePast,
    /// The next step is open, and its day is over.
    StepPastDue,
}

/// How many things of a kind there are to look at.
#[derive(Debug, SimpleObject)]
pub(crate) struct AttentionCount {
    /// The kind.
    kind: AttentionKind,
    /// How many.
    entries: MetricValue,
}

/// The work-list of a coordinator.
#[derive(Debug)]
pub(crate) struct Attention(pub(crate) attention::Attention);

/// What a coordinator should look at in a place, as of a date. Reports and next steps that you may not read are neither listed
/// nor counted.
#[Object]
impl Attention {
    /// The date of evaluation. What lies before it counts; the date itself does not.
    async fn as_of(&self) -> Date {
        Date(self.0.as_of())
    }

    /// Gatherings that begin on a local date of this period are looked at, and their reports and next steps.
    async fn window(&self) -> Period {
        self.0.window().into()
    }

    /// How many things of each kind there are, for each kind that was asked for; counted from what `entries` lists.
    async fn counts(&self, ctx: &Context<'_>) -> Result<Vec<AttentionCount>, Error> {
        let Loads { app, .. } = loaders::of(ctx)?;
        let counts = self.0.counts(app).await?;
        budget::spend(ctx, counts.len()).await?;
        let shown = counts.into_iter().map(|(kind, count)| AttentionCount { kind: kind.into(), entries: MetricValue(count) });
        Ok(shown.collect())
    }

    /// The things to look at, by what is wrong in the order of `AttentionProblem`, then the oldest first. Read forward.
    async fn entries(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
    ) -> Result<AttentionEntryConnection, Error> {
        let request = Paging { first, after, last: None, before: None }.of(attention::LIST)?;
        debug_assert_eq!(request.direction(), Direction::Forward);
        let Loads { app, .. } = loaders::of(ctx)?;
        Ok(AttentionEntryConnection { page: self.0.page(app, &request).await?, as_of: self.0.as_of() })
    }
}

/// A page of a work-list.
#[derive(Debug)]
pub(crate) struct AttentionEntryConnection {
    page: Page<domain::AttentionEntry>,
    as_of: chrono::NaiveDate,
}

/// A page of a work-list. To read on, ask for the next page with `after` and this page's `endCursor`.
#[Object]
impl AttentionEntryConnection {
    /// The entries of the page, each with its cursor.
    async fn edges(&self, ctx: &Context<'_>) -> Result<Vec<AttentionEntryEdge>, Error> {
        let entries = &self.page.entries;
        budget::spend(ctx, entries.len()).await?;
        let edge = |(place, entry): &(Place, domain::AttentionEntry)| AttentionEntryEdge {
            cursor: cursor::encode(place),
            node: AttentionEntry { entry: *entry, as_of: self.as_of },
        };
        Ok(entries.iter().map(edge).collect())
    }

    /// The entries of the page without their cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<AttentionEntry>, Error> {
        let entries = &self.page.entries;
        budget::spend(ctx, entries.len()).await?;
        Ok(entries.iter().map(|(_, entry)| AttentionEntry { entry: *entry, as_of: self.as_of }).collect())
    }

    /// Whether the list goes on, and where.
    async fn page_info(&self) -> PageInfo {
        PageInfo::of(&self.page)
    }
}

/// An entry of a page, with its place in the list.
#[derive(Debug, SimpleObject)]
pub(crate) struct AttentionEntryEdge {
    /// The place of the entry in this list, for `after`.
    cursor: String,
    /// The entry.
    node: AttentionEntry,
}

/// One thing to look at.
#[derive(Debug)]
pub(crate) struct AttentionEntry {
    entry: domain::AttentionEntry,
    as_of: chrono::NaiveDate,
}

/// One thing to look at: what is wrong, with what, since when, and whose it is.
#[Object]
impl AttentionEntry {
    /// What kind of thing it is.
    async fn kind(&self) -> AttentionKind {
        self.entry.problem.kind().into()
    }

    /// What is wrong.
    async fn problem(&self) -> AttentionProblem {
        self.entry.problem.into()
    }

    /// The community that should see to it: for a gathering of several hosts the first of them in the place, for a next step
    /// the host that it concerns.
    async fn community(&self, ctx: &Context<'_>) -> Result<Community, Error> {
        Ok(loaders::load_referred(ctx, self.entry.community).await?.into())
    }

    /// The gathering that it is about; null when it is about a community as a whole.
    async fn gathering(&self, ctx: &Context<'_>) -> Option<Gathering> {
        let found = loaders::load(ctx, self.entry.gathering?).await;
        nullable(ctx, found.map(|found| found.map(Gathering::from)))
    }

    /// The report that it is about; null when it is about none.
    async fn report(&self, ctx: &Context<'_>) -> Option<GatheringReport> {
        let found = loaders::load(ctx, self.entry.report?).await;
        nullable(ctx, found.map(|found| found.map(GatheringReport::from)))
    }

    /// The id of the next step that it is about (itm_...), for `node`; null when it is about none.
    async fn next_step(&self) -> Option<ID> {
        self.entry.item.map(|item| NodeId::Item(item).to_string().into())
    }

    /// Since which day it has been so; of what is about to happen the day from which on it will be.
    async fn since(&self) -> Date {
        Date(self.entry.since)
    }

    /// By which day it should be done; null when there is no such day.
    async fn due_on(&self) -> Option<Date> {
        self.entry.due.map(Date)
    }

    /// How many days ago it should have been done. Its `value` is null when there is no such day, or it lies ahead.
    async fn days_overdue(&self) -> MetricValue {
        #[expect(clippy::cast_precision_loss, reason = "numbers of days are far below what an f64 holds exactly")]
        let value = match self.entry.days_overdue(self.as_of) {
            Some(days) => Value::count(Metric::DaysOverdue, days as f64),
            None => Value::of(Metric::DaysOverdue, 0.0, 0.0),
        };
        MetricValue(value)
    }
}
