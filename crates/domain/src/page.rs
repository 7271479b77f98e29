//! Pages of lists, by key and never by number: a page stays where it was when records are added before it.

use crate::Invalid;

/// A place in a sorted list: the values of the sort key of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The list and order that the place belongs to, so that it is not used in another.
    pub list: String,
    /// The first sort value when it is an instant, in microseconds since 1970.
    pub instant: i64,
    /// The sort value that is text.
    pub text: String,
    /// The identity of the entry, which breaks ties.
    pub id: uuid::Uuid,
}

/// Which way to read from a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// In the order of the list: `first`, `after`.
    Forward,
    /// From the end of the list: `last`, `before`.
    Backward,
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PageRequest {
    limit: u64,
    direction: Direction,
    after: Option<Place>,
    before: Option<Place>,
}

impl PageRequest {
    /// The number of entries when none is asked for.
    pub const DEFAULT: i64 = 20;
    /// The most entries of a page.
    pub const MAX: u64 = 100;

    /// Checks the arguments of a connection: `first` or `last`, not both, 1 to 100.
    pub fn try_new(first: Option<i64>, last: Option<i64>, after: Option<Place>, before: Option<Place>) -> Result<Self, Invalid> {
        let (asked, direction) = match (first, last) {
            (Some(_), Some(_)) => return Err(Invalid::new("`first` and `last` cannot be given together")),
            (None, Some(last)) => (last, Direction::Backward),
            (first, None) => (first.unwrap_or(Self::DEFAULT), Direction::Forward),
        };
        match u64::try_from(asked) {
            Ok(limit @ 1..=Self::MAX) => Ok(Self { limit, direction, after, before }),
            _ => Err(Invalid::new(format!("a page has 1 to {} entries, not {asked}", Self::MAX))),
        }
    }

    /// The number of entries.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Which way to read.
    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// Only entries after this place.
    pub fn after(&self) -> Option<&Place> {
        self.after.as_ref()
    }

    /// Only entries before this place.
    pub fn before(&self) -> Option<&Place> {
        self.before.as_ref()
    }
}

/// A page of a list, in the order of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The entries with their places.
    pub entries: Vec<(Place, T)>,
    /// Whether there is an entry before the first.
    pub has_previous: bool,
    /// Whether there is an entry after the last.
    pub has_next: bool,
}

impl<T> Page<T> {
    /// A page with nothing on it.
    pub fn empty() -> Self {
        Self { entries: Vec::new(), has_previous: false, has_next: false }
    }

    /// The same page of something that is made of each entry.
    pub fn map<U>(self, make: impl Fn(T) -> U) -> Page<U> {
        let Self { entries, has_previous, has_next } = self;
        Page { entries: entries.into_iter().map(|(place, entry)| (place, make(entry))).collect(), has_previous, has_next }
    }

    /// Makes the page out of what was read: up to one entry more than asked for, in the direction of reading.
    pub fn from_read(request: &PageRequest, mut read: Vec<(Place, T)>) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let more = read.len() > limit;
        read.truncate(limit);
        // A place to read from is itself an entry, so there is something on that side of the page.
        match request.direction {
            Direction::Forward => {
                Self { entries: read, has_previous: request.after.is_some(), has_next: more || request.before.is_some() }
            }
            Direction::Backward => {
                read.reverse();
                Self { entries: read, has_previous: more || request.after.is_some(), has_next: request.before.is_some() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(n: u128) -> Place {
        Place { list: "test".into(), instant: 0, text: String::new(), id: uuid::Uuid::from_u128(n) }
    }

    #[test]
    fn a_page_has_1_to_100_entries_and_one_direction() {
        assert_eq!(PageRequest::try_new(None, None, None, None).map(|page| page.limit()), Ok(20));
        for (first, last) in [(Some(0), None), (Some(101), None), (None, Some(-1)), (Some(1), Some(1))] {
            assert!(PageRequest::try_new(first, last, None, None).is_err());
        }
    }

    #[test]
    fn one_entry_more_tells_that_there_is_a_next_page() {
        let request = PageRequest::try_new(Some(2), None, Some(place(0)), None).expect("legal");
        let page = Page::from_read(&request, vec![(place(1), 1), (place(2), 2), (place(3), 3)]);
        assert_eq!((page.entries.len(), page.has_previous, page.has_next), (2, true, true));
    }

    #[test]
    fn a_page_from_the_end_is_in_the_order_of_the_list() {
        let request = PageRequest::try_new(None, Some(2), None, None).expect("legal");
        let page = Page::from_read(&request, vec![(place(9), 9), (place(8), 8)]);
        assert_eq!(page.entries.iter().map(|(_, n)| *n).collect::<Vec<_>>(), [8, 9]);
        assert!(!page.has_previous && !page.has_next);
    }
}
