//! Asking what recurs across communities.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use chrono::Utc;
use convene_application::{nodes, themes};
use convene_domain::{metric, theme::ThemeQuery as Query};

use super::reach::reach;
use crate::{
    connection::Paging,
    error::Error,
    input::{self, When, Window, checked},
    loaders::{self, Loads},
    memory,
    scalars::Date,
    types::{ItemKind, RelativePeriod, ThemeOrder, Themes, ThemesAsked},
};

#[derive(Debug, Default)]
pub(crate) struct ThemeQuery;

#[Object]
impl ThemeQuery {
    /// Which themes recur and rise across the communities of a place, by the items of their reports that you may read: what
    /// they struggle with, who had a success with it, and the reports that all of it came from. Errors: `NOT_FOUND` when the
    /// place does not exist.
    #[expect(clippy::too_many_arguments, reason = "what is asked for, and which part of it")]
    async fn themes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(
            desc = "When the gatherings took place. Without `window`, `period` and `lastDays`: the twelve calendar months that ended last."
        )]
        window: Option<Window>,
        #[graphql(desc = "A period that is named by its place before `asOf`; not together with `window`.")] period: Option<
            RelativePeriod,
        >,
        #[graphql(desc = "So many days before `asOf`, 1 to 3660; not together with `window` or `period`.")] last_days: Option<
            i32,
        >,
        #[graphql(
            desc = "The date of the question; today (UTC) when left out. Where it is given, nothing from that date on is counted."
        )]
        as_of: Option<Date>,
        #[graphql(desc = "Which kinds of items count; challenges, needs and requests when left out.")] kinds: Option<
            Vec<ItemKind>,
        >,
        #[graphql(desc = "How they are sorted.", default_with = "Some(ThemeOrder::default())")] order_by: Option<ThemeOrder>,
        #[graphql(desc = "How many, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "The answer covers everything that was written up to this cursor, such as that of a mutation.")]
        at_least: Option<String>,
    ) -> Result<Themes, Error> {
        let loads = loaders::of(ctx)?;
        let Loads { app, caller, .. } = loads;
        let within = input::id("within", &within)?;
        reach(ctx, loads, within, at_least).await?;
        let mut time = When { window, period, last_days, as_of }.check(Utc::now().date_naive())?;
        if time.when == metric::When::AllTime {
            time.when = metric::When::Relative(metric::RelativePeriod::Last12ClosedMonths);
        }
        let period = time.period().ok_or_else(|| Error::internal("a period of themes has no dates"))?;
        let previous = checked("window", period.compared(metric::CompareWith::PreviousPeriod, metric::Bucket::Whole))?;
        let query = Query { window: period.span, previous, kinds: input::values("kinds", kinds)? };
        let most = Paging::first(first)?;
        memory::reads(ctx, app, within);
        let network = nodes::network_of(app, within).await?;
        memory::belongs(ctx, within, network);
        let found = themes::count(app, caller, within, &query, order_by.unwrap_or_default().into()).await?;
        let asked = ThemesAsked { network, within, query: Arc::new(query) };
        Ok(Themes { asked: Arc::new(asked), found, most })
    }
}
