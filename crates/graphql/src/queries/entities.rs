//! Entities: what a federation router looks up by the ids that other services gave it.

use async_graphql::{Context, ID, Object};

use super::{community, gathering, gathering_report, network};
use crate::{
    budget,
    error::{Error, nullable},
    types::{Community, Gathering, GatheringReport, Network},
};

/// Charges one entry of `_entities`, and looks it up.
async fn entity<T>(context: &Context<'_>, find: impl Future<Output = Result<Option<T>, Error>>) -> Result<Option<T>, Error> {
    budget::spend(context, 1).await?;
    find.await
}

#[derive(Debug, Default)]
pub(crate) struct Entities;

#[Object]
impl Entities {
    #[graphql(entity)]
    async fn find_network_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Network> {
        nullable(ctx, entity(ctx, network::find(ctx, &id)).await)
    }

    #[graphql(entity)]
    async fn find_community_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Community> {
        nullable(ctx, entity(ctx, community::find(ctx, &id)).await)
    }

    #[graphql(entity)]
    async fn find_gathering_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<Gathering> {
        nullable(ctx, entity(ctx, gathering::find(ctx, &id)).await)
    }

    #[graphql(entity)]
    async fn find_gathering_report_by_id(&self, ctx: &Context<'_>, id: ID) -> Option<GatheringReport> {
        nullable(ctx, entity(ctx, gathering_report::find(ctx, &id)).await)
    }
}
