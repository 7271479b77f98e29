//! Writing gatherings.

use async_graphql::{Context, Object};

use super::{
    payload::{
        CancelGatheringPayload, ChangeGatheringPayload, HoldGatheringPayload, MergeGatheringsPayload, PlanGatheringPayload,
        RecordRsvpsPayload, RemoveGatheringPayload, RescheduleGatheringPayload,
    },
    perform::perform,
};
use crate::{
    error::Error,
    input::{
        CancelGatheringInput, ChangeGatheringInput, HoldGatheringInput, MergeGatheringsInput, PlanGatheringInput,
        RecordRsvpsInput, RemoveGatheringInput, RescheduleGatheringInput,
    },
};

#[derive(Debug, Default)]
pub(crate) struct GatheringMutation;

#[Object]
impl GatheringMutation {
    /// Announces a gathering. It takes the role `FACILITATOR` at each of its hosts. `TAKEN` when another gathering of the network has the external id; `NOT_ALLOWED` when the hosts
    /// are of different networks, or one is `CLOSED`.
    async fn plan_gathering(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The gathering.")] input: PlanGatheringInput,
    ) -> Result<PlanGatheringPayload, Error> {
        perform(ctx, input).await
    }

    /// Changes what is said of a gathering, but for its time. With other hosts it moves to their places in the tree, and its
    /// report with it: that takes the role `FACILITATOR` at each host that is added or removed, and, where there is a report,
    /// `COORDINATOR` at one of the hosts of before. `NOT_ALLOWED` when a host is of another network, or one that did not host it before is `CLOSED`;
    /// `CONFLICT` when it was changed since you read it.
    async fn change_gathering(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gathering, and what is to be said of it.")] input: ChangeGatheringInput,
    ) -> Result<ChangeGatheringPayload, Error> {
        perform(ctx, input).await
    }

    /// Gives a gathering another time. One that was called off is planned again; of one that was held, the time was wrong, and
    /// it stays `HELD`: `NOT_ALLOWED` when the new time lies more than a day in the future. `CONFLICT` when it was changed
    /// since you read it.
    async fn reschedule_gathering(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gathering, and when it is to take place.")] input: RescheduleGatheringInput,
    ) -> Result<RescheduleGatheringPayload, Error> {
        perform(ctx, input).await
    }

    /// Says that a gathering took place. To submit its report says so, too. `NOT_ALLOWED` unless it is `PLANNED`, and when it
    /// lies more than a day in the future; `CONFLICT` when it was changed since you read it.
    async fn hold_gathering(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gathering.")] input: HoldGatheringInput,
    ) -> Result<HoldGatheringPayload, Error> {
        perform(ctx, input).await
    }

    /// Calls a gathering off. `NOT_ALLOWED` unless it is `PLANNED`; `CONFLICT` when it was changed since you read it.
    async fn cancel_gathering(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gathering.")] input: CancelGatheringInput,
    ) -> Result<CancelGatheringPayload, Error> {
        perform(ctx, input).await
    }

    /// Takes a gathering that was entered by mistake out of the network, and its report with it. One that only did not take
    /// place is cancelled instead. `CONFLICT` when it was changed since you read it.
    async fn remove_gathering(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gathering.")] input: RemoveGatheringInput,
    ) -> Result<RemoveGatheringPayload, Error> {
        perform(ctx, input).await
    }

    /// Makes one gathering of two that are one in truth: the one that stays gets the hosts of the other as well, and its
    /// report if it has none, and is `HELD` if it was only planned and the other was held. `NOT_ALLOWED` when they are of
    /// different networks, when both have a report, when the one that stays is `CANCELLED` and the other `HELD`, or when there
    /// would be more than 50 hosts; `CONFLICT` when one of the two was changed since you read it.
    async fn merge_gatherings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gathering stays, and which goes.")] input: MergeGatheringsInput,
    ) -> Result<MergeGatheringsPayload, Error> {
        perform(ctx, input).await
    }

    /// Says how many people said that they would come to a gathering, in place of the count before. No revision is expected,
    /// for the newest count is right whatever else was changed. `CONFLICT` when the count before is a later one.
    async fn record_rsvps(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gathering, and how many people.")] input: RecordRsvpsInput,
    ) -> Result<RecordRsvpsPayload, Error> {
        perform(ctx, input).await
    }
}
