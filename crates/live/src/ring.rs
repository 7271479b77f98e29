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
use tokio::sync::watch;

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
    frames: Mutex<Frames>,
    bytes: Arc<AtomicUsize>,
}

/// What was made of an entry, or is being made.
#[derive(Debug, Default)]
struct Frames {
    made: HashMap<Group, watch::Receiver<Option<Bytes>>>,
    /// Whether the entry has left the ring, and counts no more.
    left: bool,
}

impl Slot {
    fn new(entry: Entry, bytes: Arc<AtomicUsize>) -> Self {
        Self { entry, frames: Mutex::default(), bytes }
    }

    /// What is made of the entry for a group, once for all who ask. A task of its own makes it: whoever asks first may
    /// be slow, or go away, and the others do not wait for that. `None` when it could not be made; whoever asks next
    /// has it tried again.
    pub async fn frame<F>(self: &Arc<Self>, group: Group, make: impl FnOnce() -> F) -> Option<Bytes>
    where
        F: Future<Output = Option<Bytes>> + Send + 'static,
    {
        let mut made = self.with(|frames| {
            // Of a making that failed only the closed channel is left.
            let failed = |made: &watch::Receiver<Option<Bytes>>| made.borrow().is_none() && made.has_changed().is_err();
            match frames.made.get(&group) {
                Some(made) if !failed(made) => made.clone(),
                _ => {
                    let (done, made) = watch::channel(None);
                    frames.made.insert(group, made.clone());
                    let (slot, making) = (Arc::clone(self), make());
                    tokio::spawn(async move {
                        if let Some(frame) = making.await {
                            slot.with(|frames| slot.bytes.fetch_add(if frames.left { 0 } else { frame.len() }, Ordering::Relaxed));
                            done.send_replace(Some(frame));
                        }
                    });
                    made
                }
            }
        });
        made.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// Counts it no more, and says how much it counted for.
    fn leave(&self) -> usize {
        self.with(|frames| {
            frames.left = true;
            frames.made.values().map(|made| made.borrow().as_ref().map_or(0, Bytes::len)).sum()
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Frames) -> T) -> T {
        work(&mut self.frames.lock().unwrap_or_else(PoisonError::into_inner))
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
            self.bytes.fetch_sub(old.leave(), Ordering::Relaxed);
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

    async fn frame(slot: &Arc<Slot>, group: u8, made: Option<Bytes>) -> Option<Bytes> {
        slot.frame(Group([group; 32]), || async { made }).await
    }

    #[tokio::test]
    async fn the_oldest_entries_go_when_too_much_was_made_of_them() {
        let ring = Ring::new(0);
        ring.push(vec![entry(1), entry(2)]);
        let Reach::Next(slots) = ring.after(0) else { panic!("covered") };
        let large = Bytes::from(vec![0; BYTES + 1]);
        assert_eq!(frame(&slots[0], 0, Some(large.clone())).await, Some(large));
        ring.push(vec![entry(3)]);
        assert_eq!(positions(ring.after(0)), None);
        assert_eq!(positions(ring.after(1)), Some(vec![2, 3]));
        assert_eq!(ring.bytes.load(Ordering::Relaxed), 0);
        // What is made of it now is for those who still hold it.
        assert_eq!(frame(&slots[0], 1, Some(Bytes::from("late"))).await, Some(Bytes::from("late")));
        assert_eq!(ring.bytes.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_is_made_of_an_entry_is_made_once_for_a_group_and_again_after_a_failure() {
        let slot = Arc::new(Slot::new(entry(1), Arc::default()));
        assert_eq!(frame(&slot, 1, None).await, None);
        let (first, second) = tokio::join!(frame(&slot, 1, Some(Bytes::from("a"))), frame(&slot, 1, Some(Bytes::from("b"))));
        assert_eq!((first, second), (Some(Bytes::from("a")), Some(Bytes::from("a"))));
        assert_eq!(frame(&slot, 2, Some(Bytes::from("c"))).await, Some(Bytes::from("c")));
        assert_eq!(frame(&slot, 1, None).await, Some(Bytes::from("a")));
    }

    /// Someone who asked first and is not attended to, as when its socket takes nothing, holds nobody up.
    #[tokio::test]
    async fn who_asked_first_holds_nobody_up() {
        let slot = Arc::new(Slot::new(entry(1), Arc::default()));
        let (let_go, held) = tokio::sync::oneshot::channel::<()>();
        let mut first = Box::pin(slot.frame(Group([1; 32]), || async { held.await.ok().map(|()| Bytes::from("a")) }));
        assert!(futures::poll!(&mut first).is_pending());
        let_go.send(()).unwrap();
        let second = tokio::time::timeout(std::time::Duration::from_secs(10), frame(&slot, 1, None)).await;
        assert_eq!(second, Ok(Some(Bytes::from("a"))));
        drop(first);
    }
}
