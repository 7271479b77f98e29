//! The newest entries of one network's log, with what was made of them.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use convene_domain::change::{Entry, Position};
use tokio::sync::{OnceCell, watch};

/// How many entries are kept.
const SLOTS: usize = 4_096;
/// How many bytes of what was made of entries are kept.
const BYTES: usize = 32 << 20;
/// How many entries are handed out at a time.
const STRIDE: usize = 64;

/// Those who are served the same: the fingerprint of what they asked for, and of the rights they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group(pub [u8; 32]);

/// An entry of a log, and what was made of it for those who follow.
#[derive(Debug)]
pub struct Slot {
    /// The entry.
    pub entry: Entry,
    frames: Mutex<HashMap<Group, Arc<OnceCell<Bytes>>>>,
    bytes: Arc<AtomicUsize>,
}

impl Slot {
    fn new(entry: Entry, bytes: Arc<AtomicUsize>) -> Self {
        Self { entry, frames: Mutex::default(), bytes }
    }

    /// What is made of the entry for a group: by whoever asks first, while the others wait for it. Should that one be
    /// gone before it is made, or fail, the next one makes it.
    ///
    /// # Errors
    ///
    /// Fails as the making fails; nothing is kept then.
    pub async fn frame<E>(&self, group: Group, make: impl Future<Output = Result<Bytes, E>>) -> Result<Bytes, E> {
        let cell = Arc::clone(self.frames.lock().unwrap_or_else(PoisonError::into_inner).entry(group).or_default());
        let made = async {
            let frame = make.await?;
            self.bytes.fetch_add(frame.len(), Ordering::Relaxed);
            Ok(frame)
        };
        cell.get_or_try_init(|| made).await.cloned()
    }

    fn weight(&self) -> usize {
        let frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        frames.values().filter_map(|cell| cell.get()).map(Bytes::len).sum()
    }
}

/// What a ring has for a follower.
#[derive(Debug)]
pub enum Reach {
    /// The entries that come next; none when there is nothing new.
    Next(Vec<Arc<Slot>>),
    /// The ring does not reach back so far.
    Beyond,
}

/// The newest entries of one network's log.
#[derive(Debug)]
pub struct Ring {
    slots: RwLock<VecDeque<Arc<Slot>>>,
    /// The position of the newest entry that followers can read.
    head: watch::Sender<Position>,
    /// The position that the log is known to have reached.
    known: watch::Sender<Position>,
    bytes: Arc<AtomicUsize>,
}

impl Ring {
    /// A ring whose first entry will be the one after a position.
    pub(crate) fn new(position: Position) -> Self {
        Self {
            slots: RwLock::default(),
            head: watch::Sender::new(position),
            known: watch::Sender::new(position),
            bytes: Arc::default(),
        }
    }

    /// The position of the newest entry.
    pub fn head(&self) -> Position {
        *self.head.borrow()
    }

    /// Reads on from a position.
    pub fn after(&self, position: Position) -> Reach {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        // The head is moved while the slots are locked, so both are of one moment.
        let first = self.head() - i64::try_from(slots.len()).unwrap_or_default() + 1;
        match usize::try_from(position + 1 - first) {
            Ok(skip) => Reach::Next(slots.iter().skip(skip).take(STRIDE).cloned().collect()),
            Err(_) => Reach::Beyond,
        }
    }

    /// Waits until there is an entry after a position.
    pub async fn grown(&self, position: Position) {
        // It fails only once the ring is gone, which whoever waits here holds.
        let _ = self.head.subscribe().wait_for(|head| *head > position).await;
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

    /// Adds the entries that follow the newest one.
    pub(crate) fn push(&self, entries: Vec<Entry>) {
        let Some(last) = entries.last().map(|entry| entry.change.position) else { return };
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        slots.extend(entries.into_iter().map(|entry| Arc::new(Slot::new(entry, Arc::clone(&self.bytes)))));
        while slots.len() > SLOTS || (slots.len() > 1 && self.bytes.load(Ordering::Relaxed) > BYTES) {
            let Some(old) = slots.pop_front() else { break };
            self.bytes.fetch_sub(old.weight(), Ordering::Relaxed);
        }
        self.head.send_replace(last);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::DateTime;
    use convene_domain::{
        change::{Change, ChangeKind, EntityType},
        id::{ChangeId, NetworkId},
    };
    use uuid::Uuid;

    use super::*;

    pub(crate) fn entry(position: Position) -> Entry {
        let change = Change {
            network: NetworkId::from_uuid(Uuid::from_u128(1)),
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

    fn positions(reach: Reach) -> Option<Vec<Position>> {
        match reach {
            Reach::Next(slots) => Some(slots.iter().map(|slot| slot.entry.change.position).collect()),
            Reach::Beyond => None,
        }
    }

    #[test]
    fn a_follower_reads_on_from_wherever_the_ring_reaches() {
        let ring = Ring::new(10);
        assert_eq!(positions(ring.after(10)), Some(vec![]));
        assert_eq!(positions(ring.after(9)), None);
        ring.push(vec![entry(11), entry(12), entry(13)]);
        assert_eq!(positions(ring.after(10)), Some(vec![11, 12, 13]));
        assert_eq!(positions(ring.after(12)), Some(vec![13]));
        assert_eq!(positions(ring.after(9)), None);
        // Someone who was told of more than this node has read yet.
        assert_eq!(positions(ring.after(20)), Some(vec![]));
    }

    #[test]
    fn the_oldest_entries_go_when_there_are_too_many() {
        let ring = Ring::new(0);
        let many = i64::try_from(SLOTS).unwrap() + 5;
        ring.push((1..=many).map(entry).collect());
        assert_eq!(positions(ring.after(4)), None);
        assert_eq!(positions(ring.after(5)).map(|found| found[0]), Some(6));
    }

    #[tokio::test]
    async fn the_oldest_entries_go_when_too_much_was_made_of_them() {
        let ring = Ring::new(0);
        ring.push(vec![entry(1), entry(2)]);
        let Reach::Next(slots) = ring.after(0) else { panic!("covered") };
        let large = Bytes::from(vec![0; BYTES + 1]);
        let made = slots[0].frame(Group([0; 32]), async { Ok::<_, ()>(large.clone()) }).await;
        assert_eq!(made.map(|frame| frame.len()), Ok(BYTES + 1));
        ring.push(vec![entry(3)]);
        assert_eq!(positions(ring.after(0)), None);
        assert_eq!(positions(ring.after(1)), Some(vec![2, 3]));
        assert_eq!(ring.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_is_made_of_an_entry_is_made_once_for_a_group_and_again_after_a_failure() {
        let slot = Slot::new(entry(1), Arc::default());
        let (made, group, other) = (AtomicUsize::new(0), Group([1; 32]), Group([2; 32]));
        let make = |result: Result<&'static str, ()>| {
            let made = &made;
            async move {
                made.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                result.map(Bytes::from)
            }
        };
        assert_eq!(slot.frame(group, make(Err(()))).await, Err(()));
        let (first, second) = tokio::join!(slot.frame(group, make(Ok("a"))), slot.frame(group, make(Ok("b"))));
        assert_eq!((first, second), (Ok(Bytes::from("a")), Ok(Bytes::from("a"))));
        assert_eq!(slot.frame(other, make(Ok("c"))).await, Ok(Bytes::from("c")));
        assert_eq!(made.load(Ordering::Relaxed), 3);
    }
}
