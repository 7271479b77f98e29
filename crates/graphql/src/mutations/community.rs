//! Writing communities.

use async_graphql::{Context, Object};

use super::{
    payload::{
        ChangeCommunityPayload, CloseCommunityPayload, CreateCommunityPayload, MergeCommunitiesPayload, MoveCommunityPayload,
        OpenCommunityPayload, PauseCommunityPayload, RenameCommunityPayload, ReopenCommunityPayload,
    },
    perform::perform,
};
use crate::{
    error::Error,
    input::{
        ChangeCommunityInput, CloseCommunityInput, CreateCommunityInput, MergeCommunitiesInput, MoveCommunityInput,
        OpenCommunityInput, PauseCommunityInput, RenameCommunityInput, ReopenCommunityInput,
    },
};

#[derive(Debug, Default)]
pub(crate) struct CommunityMutation;

#[Object]
impl CommunityMutation {
    /// Begins a community. `TAKEN` when another community of the network has, or had, the slug; `NOT_ALLOWED` when the parent
    /// is of another network or not of a higher level.
    async fn create_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The community.")] input: CreateCommunityInput,
    ) -> Result<CreateCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Changes what is said of a community. `CONFLICT` when it was changed since you read it.
    async fn change_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community, and what is to be said of it.")] input: ChangeCommunityInput,
    ) -> Result<ChangeCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Gives a community another slug; those that it had before still lead to it. `TAKEN` when another community of the
    /// network has, or had, the slug; `NOT_ALLOWED` when it is the one it has; `CONFLICT` when the community was changed since
    /// you read it.
    async fn rename_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community, and its new slug.")] input: RenameCommunityInput,
    ) -> Result<RenameCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Puts a community, with everything beneath it and all of its history, right beneath another one, or at the top.
    /// `NOT_ALLOWED` when the parent is of another network, not of a higher level, or the one it has; `CONFLICT` when the
    /// community was changed since you read it.
    async fn move_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community, and its new parent.")] input: MoveCommunityInput,
    ) -> Result<MoveCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Opens a community that was being brought together. `NOT_ALLOWED` unless it is `FORMING`; `CONFLICT` when it was
    /// changed since you read it.
    async fn open_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community.")] input: OpenCommunityInput,
    ) -> Result<OpenCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Says that a community rests, and means to come back. `NOT_ALLOWED` unless it is `FORMING` or `OPEN`; `CONFLICT` when it
    /// was changed since you read it.
    async fn pause_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community.")] input: PauseCommunityInput,
    ) -> Result<PauseCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Ends a community; it is kept in history. `NOT_ALLOWED` when it is `CLOSED`; `CONFLICT` when it was changed since you
    /// read it.
    async fn close_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community.")] input: CloseCommunityInput,
    ) -> Result<CloseCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Opens a community again. `NOT_ALLOWED` unless it is `PAUSED` or `CLOSED`; `CONFLICT` when it was changed since you read
    /// it.
    async fn reopen_community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community.")] input: ReopenCommunityInput,
    ) -> Result<ReopenCommunityPayload, Error> {
        perform(ctx, input).await
    }

    /// Makes one community of two that are one in truth. The gatherings of the one that goes, the communities right beneath
    /// it and its slugs become those of the one that stays. `NOT_ALLOWED` when they are of different networks, when the one
    /// that stays stands right beneath the other, when a community beneath the one that goes cannot stand beneath the one that
    /// stays, or when there are more than 10,000 gatherings to carry over; `CONFLICT` when one of the two was changed since you
    /// read it.
    async fn merge_communities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which community stays, and which goes.")] input: MergeCommunitiesInput,
    ) -> Result<MergeCommunitiesPayload, Error> {
        perform(ctx, input).await
    }
}
