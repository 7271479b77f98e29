//! Lists that are part of an answer and are in memory as a whole, read page by page like all others.

use std::borrow::Cow;

use async_graphql::{Context, Object, OutputType, TypeName};
use convene_domain::page::{Direction, Page, PageRequest, Place};

use crate::{budget, connection::PageInfo, cursor, error::Error, scalars::int};

/// The page of a whole list, which need not be sorted: its places are in the order of number, text and id.
pub(crate) fn page_of<T>(mut all: Vec<(Place, T)>, request: &PageRequest) -> Page<T> {
    let key = |place: &Place| (place.instant, place.text.clone(), place.id);
    all.sort_by_cached_key(|(place, _)| key(place));
    if let Some(before) = request.before() {
        all.truncate(all.partition_point(|(place, _)| key(place) < key(before)));
    }
    if let Some(after) = request.after() {
        all.drain(..all.partition_point(|(place, _)| key(place) <= key(after)));
    }
    let read = usize::try_from(request.limit()).unwrap_or(usize::MAX).saturating_add(1);
    match request.direction() {
        Direction::Forward => all.truncate(read),
        Direction::Backward => {
            all.drain(..all.len().saturating_sub(read));
            all.reverse();
        }
    }
    Page::from_read(request, all)
}

/// A page of such a list, and how many entries the whole of it has.
#[derive(Debug)]
pub(crate) struct Listed<N> {
    page: Page<N>,
    total: usize,
}

impl<N> Listed<N> {
    /// A page with the total of its list.
    pub(crate) fn new(page: Page<N>, total: usize) -> Self {
        Self { page, total }
    }
}

impl<N: OutputType> TypeName for Listed<N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Connection", N::type_name()).into()
    }
}

/// A page of a list. To read on, ask for the next page with `after` and this page's `endCursor`.
#[Object(name_type)]
impl<N: OutputType> Listed<N> {
    /// The entries of the page, each with its cursor.
    async fn edges(&self, ctx: &Context<'_>) -> Result<Vec<ListedEdge<'_, N>>, Error> {
        let entries = &self.page.entries;
        budget::spend(ctx, entries.len()).await?;
        Ok(entries.iter().map(|(place, node)| ListedEdge { place, node }).collect())
    }

    /// The entries of the page without their cursors.
    async fn nodes(&self, ctx: &Context<'_>) -> Result<Vec<&N>, Error> {
        let entries = &self.page.entries;
        budget::spend(ctx, entries.len()).await?;
        Ok(entries.iter().map(|(_, node)| node).collect())
    }

    /// Whether the list goes on, and where.
    async fn page_info(&self) -> PageInfo {
        PageInfo::of(&self.page)
    }

    /// How many entries the whole list has that pass the filter.
    async fn total_count(&self) -> i32 {
        int(self.total)
    }
}

/// An entry of such a page.
#[derive(Debug)]
pub(crate) struct ListedEdge<'a, N> {
    place: &'a Place,
    node: &'a N,
}

impl<N: OutputType> TypeName for ListedEdge<'_, N> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Edge", N::type_name()).into()
    }
}

/// An entry of a page, with its place in the list.
#[Object(name_type)]
impl<N: OutputType> ListedEdge<'_, N> {
    /// The place of the entry in this list and order, for `after` and `before`.
    async fn cursor(&self) -> String {
        cursor::encode(self.place)
    }

    /// The entry.
    async fn node(&self) -> &N {
        self.node
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn place(n: i64) -> Place {
        Place { list: "test".to_owned(), instant: n, text: String::new(), id: Uuid::nil() }
    }

    fn read(first: Option<i64>, last: Option<i64>, after: Option<i64>, before: Option<i64>) -> (Vec<i64>, bool, bool) {
        let request = PageRequest::try_new(first, last, after.map(place), before.map(place)).unwrap();
        let page = page_of([3, 1, 5, 2, 4].map(|n| (place(n), n)).to_vec(), &request);
        (page.entries.into_iter().map(|(_, n)| n).collect(), page.has_previous, page.has_next)
    }

    #[test]
    fn a_list_in_memory_is_paged_like_any_other() {
        assert_eq!(read(Some(2), None, None, None), (vec![1, 2], false, true));
        assert_eq!(read(Some(2), None, Some(2), None), (vec![3, 4], true, true));
        assert_eq!(read(Some(2), None, Some(4), None), (vec![5], true, false));
        assert_eq!(read(None, Some(2), None, None), (vec![4, 5], true, false));
        assert_eq!(read(None, Some(2), None, Some(3)), (vec![1, 2], false, true));
        assert_eq!(read(Some(9), None, Some(1), Some(4)), (vec![2, 3], true, true));
    }
}
