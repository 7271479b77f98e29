//! Asking for gathering reports.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::reports;
use convene_domain::id::ReportId;

use crate::{
    connection::{Connection, Paging},
    error::{Error, nullable},
    input::{self, GatheringReportFilter},
    loaders::{self, Loads, Reports},
    types::{GatheringOrder, GatheringReport},
};

/// Looks up the gathering report with this id.
pub(super) async fn find(context: &Context<'_>, id: &ID) -> Result<Option<GatheringReport>, Error> {
    let id: ReportId = input::id("id", id)?;
    Ok(loaders::load(context, id).await?.map(GatheringReport::from))
}

/// Looks it up together with what else is asked of it.
async fn find_one(context: &Context<'_>, id: &ID) -> Result<Option<GatheringReport>, Error> {
    if !context.look_ahead().field("gathering").field("hosts").exists() {
        return find(context, id).await;
    }
    Ok(loaders::load_surrounded(context, input::id("id", id)?).await?.map(GatheringReport::from))
}

#[derive(Debug, Default)]
pub(crate) struct GatheringReportQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl GatheringReportQuery {
    /// The gathering reports in a place that you may read: of all communities of a network, or of a community and
    /// everything beneath it.
    async fn gathering_reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "Which reports; all when left out.")] filter: Option<GatheringReportFilter>,
        #[graphql(desc = "How they are sorted, by their gatherings.", default_with = "Some(GatheringOrder::default())")] order_by: Option<GatheringOrder>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Reports>, Error> {
        let (within, filter, order) =
            (input::id("within", &within)?, input::filter(filter)?, order_by.unwrap_or_default().into());
        let page = Paging { first, after, last, before }.check::<Reports>(order)?;
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let found = reports::list(app, caller, within, &filter, order, &page).await?;
        Ok(Connection::new(within, filter, found.map(Arc::new)))
    }

    /// The report with this id; null when there is none, or none that you may read.
    async fn gathering_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a gathering report (rep_...).")] id: ID,
    ) -> Option<GatheringReport> {
        nullable(ctx, find_one(ctx, &id).await)
    }
}
