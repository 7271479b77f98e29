//! Asking for work sites.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::work_sites;

use crate::{
    connection::{Connection, Paging},
    error::Error,
    input::{self, WorkSiteFilter},
    loaders::{self, Loads, SitesOf, WorkSites},
};

#[derive(Debug, Default)]
pub(crate) struct WorkSiteQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl WorkSiteQuery {
    /// The work sites in a place that you may see, by name: of all communities of a network, or of a community and everything
    /// beneath it. Each says where it is as precisely as you may know, and with `assessment` how strong or how needed the practice
    /// is there, and how old that is.
    async fn work_sites(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "Which sites; all when left out.")] filter: Option<WorkSiteFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<WorkSites>, Error> {
        let (within, filter) = (input::id("within", &within)?, input::filter(filter)?);
        let page = Paging { first, after, last, before }.check::<WorkSites>(())?;
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let found = work_sites::list(app, caller, within, &filter, &page).await?;
        Ok(Connection::new(SitesOf::Within(within), filter, found.map(Arc::new)))
    }
}
