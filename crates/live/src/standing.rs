//! Whether what was read of a place is still how things are.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use convene_domain::change::{EntityType, Head, Position};
use uuid::Uuid;

use crate::{
    feed::{Shared, is_lately},
    ring::Ring,
};

/// What has changed since something was read, as far as this process can know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// That cannot be said now: there is more in the log than was read of it, which somebody relies on, or there may be.
    Unsure,
    /// Anything may have: it is too long ago, or another log stands in the place of that one.
    Anything,
    /// These records and no others, up to this place in the log.
    These(Vec<Uuid>, Head),
}

/// Where a log stood before something was read.
#[derive(Debug)]
pub struct Standing {
    ring: Arc<Ring>,
    feed: Arc<Shared>,
    /// Nothing that was read has changed up to here.
    position: AtomicI64,
}

impl Standing {
    /// Where a log stands, as far as it was read; `None` when there is more that was not read yet.
    pub(crate) fn now(ring: Arc<Ring>, feed: Arc<Shared>) -> Option<Self> {
        ring.use_now();
        let position = AtomicI64::new(ring.head());
        let standing = Self { ring, feed, position };
        standing.is_current().then_some(standing)
    }

    /// Whether nothing has changed in these places since, as far as this process can know: what it wrote itself it knows at
    /// once, and what others wrote within a second at most. When that cannot be said, it does not hold.
    pub fn holds(&self, places: &[Uuid]) -> bool {
        self.ring.use_now();
        // Looked at first: what is told from here on is of later.
        if !self.is_current() {
            return false;
        }
        match self.ring.unchanged(places, self.position.load(Ordering::Acquire)) {
            Some(position) => {
                self.advance(position);
                true
            }
            None => false,
        }
    }

    fn is_current(&self) -> bool {
        // Whatever was found when it was looked was told to the ring before.
        self.feed.has_looked_lately() && !self.ring.is_broken() && self.ring.is_filled() && !self.ring.is_behind()
    }

    fn advance(&self, position: Position) {
        self.position.fetch_max(position, Ordering::AcqRel);
    }
}

/// Where a log stood before records of one type were read, so that it can be told which of them have changed since. What else
/// is written does not matter to it: it knows of the records though the log grows all the time.
#[derive(Debug)]
pub struct Baseline {
    ring: Arc<Ring>,
    feed: Arc<Shared>,
    /// None of the records has changed up to here.
    position: AtomicI64,
}

impl Baseline {
    /// Where a log stands, as far as it was read; `None` before that.
    pub(crate) fn now(ring: Arc<Ring>, feed: Arc<Shared>) -> Option<Self> {
        ring.use_now();
        let is_read = ring.is_filled() && !ring.is_broken();
        let position = AtomicI64::new(ring.head());
        is_read.then_some(Self { ring, feed, position })
    }

    /// Which records of the type have changed since, as far as this process can know: what somebody relies on it knows, and
    /// what others wrote it knows within a second at most. It is always asked of the same type.
    pub fn changed(&self, entity_type: EntityType) -> Since {
        if self.ring.is_broken() {
            return Since::Anything;
        }
        self.ring.use_now();
        // Looked at first: what is told from here on is of later.
        if !self.is_current() {
            return Since::Unsure;
        }
        let since = self.ring.changed(entity_type, self.position.load(Ordering::Acquire));
        if let Since::These(changed, head) = &since
            && changed.is_empty()
        {
            self.position.fetch_max(head.position, Ordering::AcqRel);
        }
        since
    }

    fn is_current(&self) -> bool {
        let has_looked = self.feed.has_looked_lately() && !self.ring.is_behind();
        !self.ring.owes() && (has_looked || is_lately(self.ring.read_at()))
    }
}
