//! Asking for networks.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::networks;
use convene_domain::{id::NetworkId, text::Slug};

use crate::{
    connection::{Connection, Paging},
    error::{Error, nullable},
    input,
    loaders::{self, Networks},
    types::Network,
};

/// Looks up the network with this id.
pub(super) async fn find(context: &Context<'_>, id: &ID) -> Result<Option<Network>, Error> {
    let id: NetworkId = input::id("id", id)?;
    Ok(loaders::load(context, id).await?.map(Network::from))
}

/// Looks up the network with this slug.
async fn find_by_slug(context: &Context<'_>, slug: &str) -> Result<Option<Network>, Error> {
    // What cannot be a slug is nobody's.
    let Ok(slug) = slug.parse::<Slug>() else { return Ok(None) };
    let found = networks::find_by_slug(&loaders::of(context)?.app, &slug).await?;
    Ok(found.map(|record| Network::from(Arc::new(record))))
}

#[derive(Debug, Default)]
pub(crate) struct NetworkQuery;

#[Object]
impl NetworkQuery {
    /// All networks of this service, by slug.
    async fn networks(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Networks>, Error> {
        let page = Paging { first, after, last, before }.check::<Networks>(())?;
        Ok(Connection::new((), (), networks::list(&loaders::of(ctx)?.app, &page).await?.map(Arc::new)))
    }

    /// The network with this id; null when there is none.
    async fn network(&self, ctx: &Context<'_>, #[graphql(desc = "The id of a network (net_...).")] id: ID) -> Option<Network> {
        nullable(ctx, find(ctx, &id).await)
    }

    /// The network with this slug; null when there is none.
    async fn network_by_slug(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The name in addresses.")] slug: String,
    ) -> Option<Network> {
        nullable(ctx, find_by_slug(ctx, &slug).await)
    }
}
