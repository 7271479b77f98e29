//! Entities: what a federation router looks up by the ids that other services gave it.

use async_graphql::{Context, ID, Object};

use super::{community, gathering, gathering_report, network};
use crate::{
    error::nullable,
    types::{Community, Gathering, GatheringReport, Network},
};

#[derive(Debug, Default)]
pub(crate) struct Entities;

#[Object]
impl Entities {
    #[graphql(entity)]
    async fn find_network_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Network> {
        nullable(ctx, network::find(ctx, &id).await)
    }

    #[graphql(entity)]
    async fn find_community_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Community> {
        nullable(ctx, community::find(ctx, &id).await)
    }

    #[graphql(entity)]
    async fn find_gathering_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Gathering> {
        nullable(ctx, gathering::find(ctx, &id).await)
    }

    #[graphql(entity)]
    async fn find_gathering_report_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<GatheringReport> {
        nullable(ctx, gathering_report::find(ctx, &id).await)
    }
}
