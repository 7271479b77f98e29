//! The newest entries of one network's log, with what was made of them.

use std::{
    collections::VecDeque,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use convene_domain::{
    change::{Entry, Head, LogId, Position},
    id::ChangeId,
};
use tokio::sync::watch;

use crate::slot::{Slot, Stock};

/// How many entries are kept.
const SLOTS: usize = 4_096;
/// How many entries are handed out at a time.
const STRIDE: usize = 64;

/// What a ring has for a follower.
#[derive(Debug)]
pub enum Reach {
    /// The entries that come next; none when there is nothing new.
    Next(Vec<Arc<Slot>>),
    /// The ring does not reach back so far.
    Beyond,
    /// The log that the ring was filled from is no more: another one stands in its place, such as one restored from a
    /// backup.
    Broken,
}

/// What came of reading a log for a ring.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    Grown,
    Nothing,
    Broken,
}

/// The newest entries of one network's log.
#[derive(Debug)]
pub struct Ring {
    log: LogId,
    slots: RwLock<Slots>,
    /// The position of the newest entry that followers can read.
    head: watch::Sender<Position>,
    /// The position that the log is known to have reached.
    known: watch::Sender<Position>,
    broken: AtomicBool,
    stock: Arc<Stock>,
}

#[derive(Debug, Default)]
struct Slots {
    kept: VecDeque<Arc<Slot>>,
    /// The change at the head, once it was read.
    last: Option<ChangeId>,
}

impl Ring {
    /// A ring of a log whose first entry will be the one after a position.
    pub(crate) fn new(log: LogId, position: Position) -> Self {
        Self {
            log,
            slots: RwLock::default(),
            head: watch::Sender::new(position),
            known: watch::Sender::new(position),
            broken: AtomicBool::new(false),
            stock: Arc::default(),
        }
    }

    /// The position of the newest entry.
    pub fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// Reads on from a position.
    pub fn after(&self, position: Position) -> Reach {
        if self.broken.load(Ordering::Relaxed) {
            return Reach::Broken;
        }
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        // The head is moved while the slots are locked, so both are of one moment.
        let first = self.head() - i64::try_from(slots.kept.len()).unwrap_or_default() + 1;
        match usize::try_from(position + 1 - first) {
            Ok(skip) => Reach::Next(slots.kept.iter().skip(skip).take(STRIDE).cloned().collect()),
            Err(_) => Reach::Beyond,
        }
    }

    /// Waits until there is an entry after a position, or no ring any more.
    pub async fn grown(&self, position: Position) {
        // It fails only once the ring is gone, which whoever waits here holds.
        let _ = self.head.subscribe().wait_for(|head| *head > position || self.broken.load(Ordering::Relaxed)).await;
    }

    /// Says that the log has reached a position.
    pub(crate) fn tell(&self, position: Position) {
        self.known.send_if_modified(|known| {
            let grown = position > *known;
            if grown {
                *known = position;
            }
            grown
        });
    }

    /// Waits until the log is known to have grown past the newest entry.
    pub(crate) async fn told(&self) {
        let head = self.head();
        let _ = self.known.subscribe().wait_for(|known| *known > head).await;
    }

    /// Whether the log is known to have grown past the newest entry.
    pub(crate) fn lags(&self) -> bool {
        *self.known.borrow() > self.head()
    }

    /// Whether the end of a log, read after the ring stood at a position, is that of another log than the ring's.
    pub(crate) fn contradicts(&self, stood: Position, head: &Head) -> bool {
        head.log != self.log || head.position < stood
    }

    /// Lets go of all who follow.
    pub(crate) fn fail(&self) {
        self.broken.store(true, Ordering::Relaxed);
        self.head.send_modify(|_| {});
    }

    /// Adds what was read of the log from the newest entry on, that one included: it tells whether the log is still the
    /// one that the ring was filled from.
    pub(crate) fn push(&self, entries: Vec<Entry>) -> Read {
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        let head = self.head();
        let mut entries = entries.into_iter().peekable();
        if let Some(first) = entries.next_if(|entry| entry.change.position == head) {
            if slots.last.is_some_and(|last| last != first.change.id) {
                return Read::Broken;
            }
            slots.last = Some(first.change.id);
        } else if head > 0 && entries.peek().is_some() {
            return Read::Broken;
        }
        let mut newest = head;
        for entry in entries {
            if entry.change.position != newest + 1 {
                return Read::Broken;
            }
            newest = entry.change.position;
            slots.last = Some(entry.change.id);
            self.stock.note(&entry.change);
            slots.kept.push_back(Arc::new(Slot::new(entry, Arc::clone(&self.stock))));
        }
        if newest == head {
            return Read::Nothing;
        }
        while slots.kept.len() > SLOTS {
            if let Some(old) = slots.kept.pop_front() {
                old.leave();
            }
        }
        // What was made of the oldest entries goes first; the entries themselves stay.
        for slot in slots.kept.iter().take_while(|_| self.stock.is_short()) {
            slot.clear();
        }
        self.head.send_replace(newest);
        Read::Grown
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::DateTime;
    use convene_domain::{
        change::{Change, ChangeKind, EntityType},
        id::{InstanceId, NetworkId},
    };
    use uuid::Uuid;

    use super::*;

    pub(crate) fn log() -> LogId {
        LogId { instance: InstanceId::from_uuid(Uuid::nil()), network: NetworkId::from_uuid(Uuid::from_u128(1)), epoch: 1 }
    }

    pub(crate) fn entry(position: Position) -> Entry {
        let change = Change {
            network: log().network,
            position,
            id: ChangeId::from_uuid(Uuid::from_u128(position as u128)),
            kind: ChangeKind::Updated,
            entity_type: EntityType::Gathering,
            entity: Uuid::from_u128(9),
            revision: position,
            occurred_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            was_visible_to: None,
            visible_to: None,
        };
        Entry { change, effects: Vec::new() }
    }

    fn entries(positions: std::ops::RangeInclusive<Position>) -> Vec<Entry> {
        positions.map(entry).collect()
    }

    fn positions(reach: Reach) -> Option<Vec<Position>> {
        match reach {
            Reach::Next(slots) => Some(slots.iter().map(|slot| slot.entry.change.position).collect()),
            Reach::Beyond | Reach::Broken => None,
        }
    }

    #[test]
    fn a_follower_reads_on_from_wherever_the_ring_reaches() {
        let ring = Ring::new(log(), 10);
        assert_eq!(positions(ring.after(10)), Some(vec![]));
        assert_eq!(positions(ring.after(9)), None);
        assert_eq!(ring.push(entries(10..=13)), Read::Grown);
        assert_eq!(positions(ring.after(10)), Some(vec![11, 12, 13]));
        assert_eq!(positions(ring.after(12)), Some(vec![13]));
        assert_eq!(positions(ring.after(9)), None);
        // Someone who was told of more than this node has read yet.
        assert_eq!(positions(ring.after(20)), Some(vec![]));
        assert_eq!(ring.push(entries(13..=13)), Read::Nothing);
    }

    #[test]
    fn the_oldest_entries_go_when_there_are_too_many() {
        let ring = Ring::new(log(), 0);
        let many = i64::try_from(SLOTS).unwrap() + 5;
        ring.push(entries(1..=many));
        assert_eq!(positions(ring.after(4)), None);
        assert_eq!(positions(ring.after(5)).map(|found| found[0]), Some(6));
    }

    #[tokio::test]
    async fn another_log_in_the_same_place_is_noticed() {
        let ring = Ring::new(log(), 0);
        assert_eq!(ring.push(entries(1..=5)), Read::Grown);
        let mut other = entry(5);
        other.change.id = ChangeId::from_uuid(Uuid::from_u128(77));
        assert_eq!(ring.push(vec![other, entry(6)]), Read::Broken);
        assert_eq!(ring.push(vec![entry(5), entry(7)]), Read::Broken, "a gap");
        assert_eq!(ring.push(vec![entry(6)]), Read::Broken, "the newest one is gone");
        let head = |epoch, position| Head { log: LogId { epoch, ..log() }, position, change: ChangeId::from_uuid(Uuid::nil()) };
        assert!(ring.contradicts(5, &head(1, 4)) && ring.contradicts(5, &head(2, 9)) && !ring.contradicts(5, &head(1, 5)));
        ring.fail();
        ring.grown(5).await;
        assert!(matches!(ring.after(5), Reach::Broken));
    }
}
