//! Writing activity policies.

use async_graphql::{Context, Object};

use super::{
    payload::{
        AddActivityPolicyPayload, ChangeActivityPolicyPayload, ChooseCommunityActivityPolicyPayload,
        ChooseNetworkActivityPolicyPayload,
    },
    perform::perform,
};
use crate::{
    error::Error,
    input::{
        AddActivityPolicyInput, ChangeActivityPolicyInput, ChooseCommunityActivityPolicyInput, ChooseNetworkActivityPolicyInput,
    },
};

#[derive(Debug, Default)]
pub(crate) struct ActivityPolicyMutation;

#[Object]
impl ActivityPolicyMutation {
    /// Adds an activity policy to a network, at most 50. `TAKEN` when another one, of the network or of every network, has the
    /// code. Policies are a part of the network's record: its revision counts up.
    async fn add_activity_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The policy.")] input: AddActivityPolicyInput,
    ) -> Result<AddActivityPolicyPayload, Error> {
        perform(ctx, input).await
    }

    /// Changes an activity policy that the network made, for whatever date is asked about from now on. `CONFLICT` when the
    /// network was changed since you read it, `NOT_ALLOWED` for a policy that every network has.
    async fn change_activity_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which policy, and what is to be said of it.")] input: ChangeActivityPolicyInput,
    ) -> Result<ChangeActivityPolicyPayload, Error> {
        perform(ctx, input).await
    }

    /// Chooses the activity policy of a network from a day on: for all its communities that have none of their own.
    /// `CONFLICT` when the network was changed since you read it.
    async fn choose_network_activity_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which network, which policy, and from when on.")] input: ChooseNetworkActivityPolicyInput,
    ) -> Result<ChooseNetworkActivityPolicyPayload, Error> {
        perform(ctx, input).await
    }

    /// Chooses the activity policy of a community from a day on, for it alone. `CONFLICT` when the community was changed since
    /// you read it.
    async fn choose_community_activity_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community, which policy, and from when on.")] input: ChooseCommunityActivityPolicyInput,
    ) -> Result<ChooseCommunityActivityPolicyPayload, Error> {
        perform(ctx, input).await
    }
}
