//! Writing networks.

use async_graphql::{Context, Object};

use super::{
    payload::{ChangeNetworkPayload, CreateNetworkPayload},
    perform::perform,
};
use crate::{
    error::Error,
    input::{ChangeNetworkInput, CreateNetworkInput},
};

#[derive(Debug, Default)]
pub(crate) struct NetworkMutation;

#[Object]
impl NetworkMutation {
    /// Begins a network, without communities and words. `TAKEN` when another network has the slug.
    async fn create_network(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The network.")] input: CreateNetworkInput,
    ) -> Result<CreateNetworkPayload, Error> {
        perform(ctx, input).await
    }

    /// Changes what is said of a network. `CONFLICT` when it was changed since you read it.
    async fn change_network(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which network, and what is to be said of it.")] input: ChangeNetworkInput,
    ) -> Result<ChangeNetworkPayload, Error> {
        perform(ctx, input).await
    }
}
