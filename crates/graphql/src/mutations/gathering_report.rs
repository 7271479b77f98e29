//! Writing gathering reports.

use async_graphql::{Context, Object};

use super::{
    payload::{
        AmendGatheringReportPayload, AppendToGatheringReportPayload, DraftGatheringReportPayload, ReviewGatheringReportPayload,
        SubmitGatheringReportPayload, WithdrawGatheringReportPayload,
    },
    perform::perform,
};
use crate::{
    error::Error,
    input::{
        AmendGatheringReportInput, AppendToGatheringReportInput, DraftGatheringReportInput, ReviewGatheringReportInput,
        SubmitGatheringReportInput, WithdrawGatheringReportInput,
    },
};

#[derive(Debug, Default)]
pub(crate) struct GatheringReportMutation;

#[Object]
impl GatheringReportMutation {
    /// Begins the report of a gathering as a draft, which others can add to. `CONFLICT` when it has one; `NOT_ALLOWED` when
    /// the gathering was cancelled.
    async fn draft_gathering_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which gathering, and what it says so far.")] input: DraftGatheringReportInput,
    ) -> Result<DraftGatheringReportPayload, Error> {
        perform(ctx, input).await
    }

    /// Hands in the report of a gathering: a draft, one that was taken back, or a new one. A gathering that was only planned
    /// has then been held. `NOT_ALLOWED` when the report was handed in before, and when the gathering was cancelled or lies
    /// more than a day in the future; `CONFLICT` when the report was changed since you read it, or there is one that you do
    /// not name the revision of.
    async fn submit_gathering_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Of which gathering, and what it is to say beyond what it says already.")]
        input: SubmitGatheringReportInput,
    ) -> Result<SubmitGatheringReportPayload, Error> {
        perform(ctx, input).await
    }

    /// Adds to a report. Several people can do so at once, so no revision is expected. One that was handed in then needs a
    /// new review.
    async fn append_to_gathering_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which report, and what to add.")] input: AppendToGatheringReportInput,
    ) -> Result<AppendToGatheringReportPayload, Error> {
        perform(ctx, input).await
    }

    /// Changes what a report says. One that was handed in then needs a new review. `CONFLICT` when it was changed since you
    /// read it.
    async fn amend_gathering_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which report, and what to change.")] input: AmendGatheringReportInput,
    ) -> Result<AmendGatheringReportPayload, Error> {
        perform(ctx, input).await
    }

    /// Accepts a report. `NOT_ALLOWED` unless it is `SUBMITTED`; `CONFLICT` when it was changed since you read it.
    async fn review_gathering_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which report.")] input: ReviewGatheringReportInput,
    ) -> Result<ReviewGatheringReportPayload, Error> {
        perform(ctx, input).await
    }

    /// Takes a report back: it no longer counts, and only those who write it can read it. `NOT_ALLOWED` unless it is
    /// `SUBMITTED` or `REVIEWED`; `CONFLICT` when it was changed since you read it.
    async fn withdraw_gathering_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which report.")] input: WithdrawGatheringReportInput,
    ) -> Result<WithdrawGatheringReportPayload, Error> {
        perform(ctx, input).await
    }
}
