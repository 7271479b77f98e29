//! Reading the log of a network, page by page.

use async_graphql::{Context, ID, Object, SimpleObject};
use convene_application::changes::{self, ChangeFilter, ChangePage as Page};
use convene_domain::{
    change::{ReadingCursor, SnapshotPlace},
    id::NodeId,
};

use crate::{
    budget,
    connection::Paging,
    cursor,
    error::{Error, ErrorCode},
    input,
    loaders::{self, Loads},
    subscriptions::Changed,
    types::{ChangeKind, EntityType, Node},
};

#[derive(Debug, Default)]
pub(crate) struct ChangesQuery;

#[Object]
impl ChangesQuery {
    /// Everything that happened in a place, page by page, in the order in which it was written. Without `after` it begins
    /// with all records as they are (kind `SNAPSHOT`: networks and terms, communities, gatherings, reports), and goes on
    /// with what was written since the reading began; follow `cursor` until `hasMore` is false, then subscribe to
    /// `changed` with it: nothing is missed. What is written while the records are read can be told twice, as it was read and as
    /// it was written. Errors: `NOT_FOUND` when the place does not exist;
    /// `BAD_CURSOR`, `CURSOR_EXPIRED` and `SCOPE_CHANGED` as for `changed`.
    #[graphql(complexity = "child_complexity + 1")]
    async fn changes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "Go on after this cursor: of a page, of an item, of a mutation or of a subscription.")] after: Option<
            String,
        >,
        #[graphql(desc = "How many, 1 to 100; 20 when left out. A page can have fewer, or none, and more can follow.")]
        first: Option<i32>,
        #[graphql(
            desc = "Only these types of records, and communities that come or go with everything under them; all when left out."
        )]
        entity_types: Option<Vec<EntityType>>,
        #[graphql(
            desc = "Only these kinds of changes, and whatever leaves your sight; all when left out. A snapshot is told whole."
        )]
        kinds: Option<Vec<ChangeKind>>,
    ) -> Result<ChangePage, Error> {
        let first = Paging::first(first)?;
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let within = input::id("within", &within)?;
        let filter =
            ChangeFilter { entity_types: input::values("entityTypes", entity_types)?, kinds: input::values("kinds", kinds)? };
        let page = match after.as_deref().map(decode).transpose()? {
            None => {
                let reader = changes::open(app, caller, within, None).await?;
                changes::snapshot(app, caller, &reader, &filter, (SnapshotPlace::start_of(0), first)).await?
            }
            Some(ReadingCursor { log, snapshot }) => {
                let reader = changes::open(app, caller, within, Some(log)).await?;
                match snapshot {
                    Some(place) => changes::snapshot(app, caller, &reader, &filter, (place, first)).await?,
                    None => changes::page(app, reader, &filter, first).await?,
                }
            }
        };
        Ok(page.into())
    }
}

fn decode(after: &str) -> Result<ReadingCursor, Error> {
    cursor::decode_reading(after).ok_or_else(|| Error::client(ErrorCode::BadCursor, "after is not a cursor of a log"))
}

/// Loads a record of the log, whatever it is.
pub(crate) async fn load_entity(context: &Context<'_>, id: NodeId) -> Result<Option<Node>, Error> {
    Ok(match id {
        NodeId::Network(id) => loaders::load(context, id).await?.map(|it| Node::Network(it.into())),
        NodeId::Community(id) => loaders::load(context, id).await?.map(|it| Node::Community(it.into())),
        NodeId::Gathering(id) => loaders::load(context, id).await?.map(|it| Node::Gathering(it.into())),
        NodeId::Report(id) => loaders::load(context, id).await?.map(|it| Node::GatheringReport(it.into())),
        NodeId::Term(id) => loaders::load(context, id).await?.map(|it| Node::VocabularyTerm(it.into())),
        // Items are parts of reports: the log says nothing of them; and it tells nobody of grants and work sites.
        NodeId::Item(_) | NodeId::Grant(_) | NodeId::WorkSite(_) => None,
    })
}

/// A page of what happened in a place.
#[derive(Debug, SimpleObject)]
#[graphql(complex)]
pub(crate) struct ChangePage {
    #[graphql(skip)]
    page: Page,
    /// Where to read on, for `after` of `changes`; once `hasMore` was false, of `changed` too.
    cursor: String,
    /// Whether there is more to read now.
    has_more: bool,
}

impl From<Page> for ChangePage {
    fn from(page: Page) -> Self {
        Self { cursor: cursor::encode_reading(&page.end), has_more: page.has_more, page }
    }
}

#[async_graphql::ComplexObject]
impl ChangePage {
    /// What happened, in order.
    async fn items(&self, ctx: &Context<'_>) -> Result<Vec<Changed>, Error> {
        budget::spend(ctx, self.page.items.len()).await?;
        let items = self.page.items.iter();
        Ok(items.map(|(at, seen)| Changed { cursor: cursor::encode_reading(at), delivery: Some(seen.clone()) }).collect())
    }
}
