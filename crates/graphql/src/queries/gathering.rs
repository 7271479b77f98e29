//! Asking for gatherings.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::gatherings;
use convene_domain::id::GatheringId;

use crate::{
    connection::{Connection, Paging},
    error::{Error, nullable},
    input::{self, GatheringFilter},
    loaders::{self, Gatherings},
    types::{Gathering, GatheringOrder},
};

/// Looks up the gathering with this id.
pub(super) async fn find(context: &Context<'_>, id: &ID) -> Result<Option<Gathering>, Error> {
    let id: GatheringId = input::id("id", id)?;
    Ok(loaders::load(context, id).await?.map(Gathering::from))
}

#[derive(Debug, Default)]
pub(crate) struct GatheringQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl GatheringQuery {
    /// The gatherings in a place: of all communities of a network, or of a community and everything beneath it.
    async fn gatherings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "Which gatherings; all when left out.")] filter: Option<GatheringFilter>,
        #[graphql(desc = "How they are sorted.", default_with = "Some(GatheringOrder::default())")] order_by: Option<
            GatheringOrder,
        >,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Gatherings>, Error> {
        let (within, filter, order) =
            (input::id("within", &within)?, input::filter(filter)?, order_by.unwrap_or_default().into());
        let page = Paging { first, after, last, before }.check::<Gatherings>(order)?;
        let found = gatherings::list(&loaders::of(ctx)?.app, within, &filter, order, &page).await?;
        Ok(Connection::new(within, filter, found.map(Arc::new)))
    }

    /// The gathering with this id; null when there is none.
    async fn gathering(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a gathering (gat_...).")] id: ID,
    ) -> Option<Gathering> {
        nullable(ctx, find(ctx, &id).await)
    }
}
