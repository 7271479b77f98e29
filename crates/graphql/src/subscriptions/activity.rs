//! Numbers that move when something happens.

use std::time::Duration;

use async_graphql::{Context, Object};
use convene_application::reports;
use convene_domain::{
    gathering::GatheringOrder,
    id::Within,
    metric::Question,
    page::PageRequest,
    report::{ReportFilter, ReportStatus},
};

use super::Delivery;
use crate::{
    cursor,
    error::{Error, nullable},
    loaders::{self, Loads},
    queries::answer_activity,
    types::{Activity, GatheringReport},
};

/// How often numbers are told at most: once in so many seconds, at least and at most.
const SECONDS: (i32, i32) = (1, 20);

/// How often numbers are told at most.
pub(super) fn interval(seconds: Option<i32>) -> Result<Duration, Error> {
    let seconds = seconds.unwrap_or(SECONDS.0);
    let sound = (SECONDS.0..=SECONDS.1).contains(&seconds).then_some(seconds).and_then(|seconds| u64::try_from(seconds).ok());
    let reason = || Error::bad_user_input(format!("everySeconds is not a number from {} to {}", SECONDS.0, SECONDS.1));
    sound.map(Duration::from_secs).ok_or_else(reason)
}

/// The numbers of a place as they are now.
#[derive(Debug)]
pub(crate) struct ActivityChanged {
    pub(super) delivery: Delivery,
    pub(super) question: Question,
}

/// The numbers of a place as they are now.
#[Object]
impl ActivityChanged {
    /// A place in the log that the numbers cover: everything that was written up to here is counted, for `after`.
    async fn cursor(&self) -> String {
        cursor::encode_log(self.delivery.cursor)
    }

    /// The numbers.
    async fn activity(&self, ctx: &Context<'_>) -> Result<Activity, Error> {
        answer_activity(ctx, &self.question).await
    }

    /// The report of the newest gathering in the place among those that were handed in and that you may read, whenever it was;
    /// null when there is none.
    async fn newest_report(&self, ctx: &Context<'_>) -> Option<GatheringReport> {
        nullable(ctx, newest(ctx, self.question.within).await)
    }
}

async fn newest(context: &Context<'_>, within: Within) -> Result<Option<GatheringReport>, Error> {
    let Loads { app, caller, .. } = loaders::of(context)?;
    let filter = ReportFilter { statuses: vec![ReportStatus::Submitted, ReportStatus::Reviewed], ..ReportFilter::default() };
    let first = PageRequest::try_new(Some(1), None, None, None).map_err(|reason| Error::internal(reason.to_string()))?;
    let page = reports::list(app, caller, within, &filter, GatheringOrder::NewestFirst, &first).await?;
    Ok(page.entries.into_iter().next().map(|(_, report)| std::sync::Arc::new(report).into()))
}
