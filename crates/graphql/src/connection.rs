//! Connections: lists that are read page by page, written once for all of them.

use std::{borrow::Cow, sync::Arc};

use async_graphql::{Context, Object, OutputType, SimpleObject, TypeName};
use convene_domain::page::{Page, PageRequest, Place};
use futures::{FutureExt, future::BoxFuture};

use crate::{
    budget, cursor,
    error::{Error, ErrorCode},
    guard::Refusal,
    loaders::{self, List, PageOf, Selection, TotalOf},
    scalars::int,
};

/// The arguments that choose a page.
#[derive(Debug)]
pub(crate) struct Paging {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl Paging {
    /// Checks the arguments against the list that they are for.
    pub(crate) fn check<L: List>(self, order: L::Order) -> Result<PageRequest, Error> {
        self.of(&L::mark(order))
    }

    /// Checks the arguments against the list with this mark.
    pub(crate) fn of(self, mark: &str) -> Result<PageRequest, Error> {
        let place = |argument: &str, cursor: Option<String>| match cursor {
            Some(cursor) => cursor::decode(&cursor, mark)
                .map(Some)
                .ok_or_else(|| Error::client(ErrorCode::BadCursor, format!("{argument} is not a cursor of this list and order"))),
            None => Ok(None),
        };
        let (after, before) = (place("after", self.after)?, place("before", self.before)?);
        let asked = self.last.or(self.first).map(i64::from);
        PageRequest::try_new(self.first.map(i64::from), self.last.map(i64::from), after, before).map_err(|reason| {
            let too_many = asked.and_then(|asked| u64::try_from(asked).ok()).filter(|asked| *asked > PageRequest::MAX);
            let limit = too_many.map(|_| PageRequest::MAX);
            let refusal = Refusal::new(ErrorCode::BadUserInput, reason.to_string());
            Error::Refused(Box::new(Refusal { limit, actual: too_many, ..refusal }))
        })
    }

    /// How many entries a list is asked for that is read from its start and has no cursors of this kind.
    pub(crate) fn first(first: Option<i32>) -> Result<usize, Error> {
        let request = Self { first, after: None, last: None, before: None }.of("")?;
        Ok(usize::try_from(request.limit()).unwrap_or(usize::MAX))
    }
}

/// A page of a list, and what its total is counted by.
#[derive(Debug)]
pub(crate) struct Connection<L: List> {
    place: L::Place,
    filter: Arc<L::Filter>,
    page: Arc<Page<Arc<L::Record>>>,
}

impl<L: List> Connection<L> {
    /// The page that a use case answered.
    pub(crate) fn new(place: L::Place, filter: L::Filter, page: Page<Arc<L::Record>>) -> Self {
        Self { place, filter: Arc::new(filter), page: Arc::new(page) }
    }

    /// Loads the page of a list that belongs to one entry of another, together with those of the other entries.
    pub(crate) fn load<'c>(
        context: &'c Context<'_>,
        place: L::Place,
        (filter, order): (L::Filter, L::Order),
        paging: Paging,
    ) -> BoxFuture<'c, Result<Self, Error>> {
        async move {
            let (filter, page) = (Arc::new(filter), paging.check::<L>(order)?);
            let selection = Arc::new(Selection::<L> { filter: Arc::clone(&filter), order, page });
            let page = loaders::load(context, PageOf { place, selection }).await?;
            Ok(Self { place, filter, page: page.unwrap_or_else(|| Arc::new(Page::empty())) })
        }
        .boxed()
    }
}

impl<L: List> TypeName for Connection<L> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", L::Node::type_name()).into()
    }
}

/// A page of a list. To read on, ask for the next page with `after` and this page's `endCursor`, or for the one before
/// with `before` and `startCursor`.
#[Object(name_type)]
impl<L: List> Connection<L> {
    /// The entries of the page, each with its cursor.
    async fn edges(&self, ctx: &Context<'_>) -> Result<Vec<Edge<L>>, Error> {
        let entries = &self.page.entries;
        budget::spend(ctx, entries.len()).await?;
        Ok(entries.iter().map(|(place, record)| Edge { place: place.clone(), node: Arc::clone(record) }).collect())
    }

    /// The entries of the page without their cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<L::Node>, Error> {
        let entries = &self.page.entries;
        budget::spend(ctx, entries.len()).await?;
        Ok(entries.iter().map(|(_, record)| Arc::clone(record).into()).collect())
    }

    /// Whether the list goes on, and where.
    async fn page_info(&self) -> PageInfo {
        PageInfo::of(&self.page)
    }

    /// How many entries the whole list has that pass the filter. Counted only when it is asked for.
    async fn total_count(&self, ctx: &Context<'_>) -> Result<i32, Error> {
        let key = TotalOf::<L> { place: self.place, filter: Arc::clone(&self.filter) };
        Ok(loaders::load(ctx, key).await?.map_or(0, int))
    }
}

/// An entry of a page.
#[derive(Debug)]
pub(crate) struct Edge<L: List> {
    place: Place,
    node: Arc<L::Record>,
}

impl<L: List> TypeName for Edge<L> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", L::Node::type_name()).into()
    }
}

/// An entry of a page, with its place in the list.
#[Object(name_type)]
impl<L: List> Edge<L> {
    /// The place of the entry in this list and order, for `after` and `before`.
    async fn cursor(&self) -> String {
        cursor::encode(&self.place)
    }

    /// The entry.
    async fn node(&self) -> L::Node {
        Arc::clone(&self.node).into()
    }
}

/// Whether a list goes on beyond a page, and where.
#[derive(Debug, SimpleObject)]
#[graphql(shareable)]
pub(crate) struct PageInfo {
    /// Whether there is an entry after the last one of this page.
    has_next_page: bool,
    /// Whether there is an entry before the first one of this page.
    has_previous_page: bool,
    /// The cursor of the first entry; null when the page is empty.
    start_cursor: Option<String>,
    /// The cursor of the last entry; null when the page is empty.
    end_cursor: Option<String>,
}

impl PageInfo {
    /// What a page says of its list.
    pub(crate) fn of<T>(page: &Page<T>) -> Self {
        Self {
            has_next_page: page.has_next,
            has_previous_page: page.has_previous,
            start_cursor: page.entries.first().map(|(place, _)| cursor::encode(place)),
            end_cursor: page.entries.last().map(|(place, _)| cursor::encode(place)),
        }
    }
}
