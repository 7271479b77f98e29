//! Asking for communities.

use async_graphql::{Context, ID, Object};
use convene_application::communities;
use convene_domain::{
    id::{CommunityId, NetworkId},
    text::Slug,
};

use crate::{
    connection::{Connection, Paging},
    error::{Error, nullable},
    input::{self, CommunityFilter},
    loaders::{self, Communities},
    types::{Community, CommunityOrder},
};

/// Looks up the community with this id.
pub(super) async fn find(context: &Context<'_>, id: &ID) -> Result<Option<Community>, Error> {
    let id: CommunityId = input::id("id", id)?;
    Ok(loaders::load(context, id).await?.map(Community::from))
}

/// Looks up the community that has or had this slug in a network, which is named by its id or slug.
async fn find_by_slug(context: &Context<'_>, network: &str, slug: &str) -> Result<Option<Community>, Error> {
    let app = &loaders::of(context)?.app;
    // What cannot be a slug is nobody's.
    let Ok(slug) = slug.parse::<Slug>() else { return Ok(None) };
    let found = match (network.parse::<NetworkId>(), network.parse::<Slug>()) {
        (Ok(network), _) => communities::find_by_slug(app, network, &slug).await?,
        (_, Ok(network)) => communities::find_by_slugs(app, &network, &slug).await?,
        _ => None,
    };
    Ok(found.map(Community::from))
}

#[derive(Debug, Default)]
pub(crate) struct CommunityQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl CommunityQuery {
    /// The communities in a place: all of a network, or a community itself and everything beneath it.
    async fn communities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "Which communities; all when left out.")] filter: Option<CommunityFilter>,
        #[graphql(desc = "How they are sorted.", default_with = "Some(CommunityOrder::default())")] order_by: Option<
            CommunityOrder,
        >,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Communities>, Error> {
        let (within, filter, order) =
            (input::id("within", &within)?, input::filter(filter)?, order_by.unwrap_or_default().into());
        let page = Paging { first, after, last, before }.check::<Communities>(order)?;
        let found = communities::list(&loaders::of(ctx)?.app, within, &filter, order, &page).await?;
        Ok(Connection::new(within, filter, found))
    }

    /// The community with this id; null when there is none.
    async fn community(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a community (com_...).")] id: ID,
    ) -> Option<Community> {
        nullable(ctx, find(ctx, &id).await)
    }

    /// The community of a network that has this slug, or had it; null when there is none.
    async fn community_by_slug(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id (net_...) or the slug of the network.")] network: ID,
        #[graphql(desc = "The name in addresses that the community has, or had before.")] slug: String,
    ) -> Option<Community> {
        nullable(ctx, find_by_slug(ctx, &network, &slug).await)
    }
}
