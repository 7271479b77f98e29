//! An entry of a log, and what was made of it for those who follow.

use std::{
    collections::HashMap,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use convene_domain::change::{Change, Entry};
use metrics::Counter;
use tokio::sync::watch;

/// How many bytes of what was made of a ring's entries are kept.
const BYTES: usize = 32 << 20;
/// What keeping something costs beside its own bytes.
const OVERHEAD: usize = 256;

static SHARED: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("convene_frames_shared_total"));

/// Those who are served the same: the fingerprint of what they asked for, and of the rights they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group(pub [u8; 32]);

/// What was made of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What is sent.
    pub bytes: Bytes,
    /// Whether it is as good for those who come later.
    pub keep: bool,
}

/// What all slots of a ring share.
#[derive(Debug, Default)]
pub(crate) struct Stock {
    /// How much is kept.
    bytes: AtomicUsize,
    /// How often something may have been hidden that could be read before. What was made earlier may show it.
    hidden: AtomicU64,
}

impl Stock {
    /// Notes that the log has grown by a change.
    pub(crate) fn note(&self, change: &Change) {
        if change.hides() {
            self.hidden.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether so much is kept that room has to be made.
    pub(crate) fn is_short(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) > BYTES / 2
    }
}

/// An entry of a log, and what was made of it for those who follow.
#[derive(Debug)]
pub struct Slot {
    /// The entry.
    pub entry: Entry,
    frames: Mutex<Frames>,
    stock: Arc<Stock>,
}

#[derive(Debug, Default)]
struct Frames {
    by_group: HashMap<Group, Frame>,
    /// Whether the entry has left the ring, and nothing is kept of it.
    left: bool,
}

/// What was made for a group, or is being made.
#[derive(Debug)]
struct Frame {
    made: watch::Receiver<Option<Bytes>>,
    hidden: u64,
    weight: usize,
}

impl Slot {
    pub(crate) fn new(entry: Entry, stock: Arc<Stock>) -> Self {
        Self { entry, frames: Mutex::default(), stock }
    }

    /// What is made of the entry for a group, once for all who ask. A task of its own makes it: whoever asks first may
    /// be slow, or go away, and the others do not wait for that. `None` when it could not be made; whoever asks next
    /// has it tried again.
    pub async fn frame<F>(self: &Arc<Self>, group: Group, make: impl FnOnce() -> F) -> Option<Bytes>
    where
        F: Future<Output = Option<Made>> + Send + 'static,
    {
        let mut made = self.with(|frames| {
            let hidden = self.stock.hidden.load(Ordering::Relaxed);
            // Of a making that failed only the closed channel is left.
            let good =
                |frame: &&Frame| frame.hidden == hidden && (frame.made.borrow().is_some() || frame.made.has_changed().is_ok());
            if let Some(frame) = frames.by_group.get(&group).filter(good) {
                SHARED.increment(1);
                return frame.made.clone();
            }
            let (done, made) = watch::channel(None);
            self.forget(frames, group);
            frames.by_group.insert(group, Frame { made: made.clone(), hidden, weight: 0 });
            let (slot, making) = (Arc::clone(self), make());
            tokio::spawn(async move {
                if let Some(made) = making.await {
                    slot.keep(group, &done, made);
                }
            });
            made
        });
        made.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// Hands out what was made, and keeps it if there is room, and if nobody has it made again meanwhile.
    fn keep(&self, group: Group, done: &watch::Sender<Option<Bytes>>, Made { bytes, keep }: Made) {
        let weight = bytes.len() + OVERHEAD;
        done.send_replace(Some(bytes));
        self.with(|frames| {
            let room = self.stock.bytes.load(Ordering::Relaxed) + weight <= BYTES;
            let Some(frame) = frames.by_group.get_mut(&group).filter(|frame| frame.made.same_channel(&done.subscribe())) else {
                return;
            };
            if keep && room && !frames.left {
                frame.weight = weight;
                self.stock.bytes.fetch_add(weight, Ordering::Relaxed);
            } else {
                frames.by_group.remove(&group);
            }
        });
    }

    /// Keeps nothing that was made of it any more, now and later.
    pub(crate) fn leave(&self) {
        self.with(|frames| frames.left = true);
        self.clear();
    }

    /// Lets go of what was made of it.
    pub(crate) fn clear(&self) {
        self.with(|frames| {
            let made: Vec<Group> =
                frames.by_group.iter().filter(|(_, frame)| frame.weight > 0).map(|(group, _)| *group).collect();
            for group in made {
                self.forget(frames, group);
            }
        });
    }

    fn forget(&self, frames: &mut Frames, group: Group) {
        if let Some(frame) = frames.by_group.remove(&group) {
            self.stock.bytes.fetch_sub(frame.weight, Ordering::Relaxed);
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Frames) -> T) -> T {
        work(&mut self.frames.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use convene_domain::{access::Visibility, change::ChangeKind};

    use super::*;
    use crate::ring::tests::entry;

    fn slot() -> Arc<Slot> {
        Arc::new(Slot::new(entry(1), Arc::default()))
    }

    fn made(bytes: &'static [u8]) -> Option<Made> {
        Some(Made { bytes: Bytes::from_static(bytes), keep: true })
    }

    async fn frame(slot: &Arc<Slot>, group: u8, made: Option<Made>) -> Option<Bytes> {
        slot.frame(Group([group; 32]), || async { made }).await
    }

    fn kept(slot: &Slot) -> usize {
        slot.stock.bytes.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn what_is_made_of_an_entry_is_made_once_for_a_group_and_again_after_a_failure() {
        let slot = slot();
        assert_eq!(frame(&slot, 1, None).await, None);
        let (first, second) = tokio::join!(frame(&slot, 1, made(b"a")), frame(&slot, 1, made(b"b")));
        assert_eq!((first, second), (Some(Bytes::from("a")), Some(Bytes::from("a"))));
        assert_eq!(frame(&slot, 2, made(b"c")).await, Some(Bytes::from("c")));
        assert_eq!(frame(&slot, 1, None).await, Some(Bytes::from("a")));
    }

    /// Someone who asked first and is not attended to, as when its socket takes nothing, holds nobody up.
    #[tokio::test]
    async fn who_asked_first_holds_nobody_up() {
        let slot = slot();
        let (let_go, held) = tokio::sync::oneshot::channel::<()>();
        let mut first = Box::pin(slot.frame(Group([1; 32]), || async { held.await.ok().and(made(b"a")) }));
        assert!(futures::poll!(&mut first).is_pending());
        let_go.send(()).unwrap();
        let second = tokio::time::timeout(Duration::from_secs(10), frame(&slot, 1, None)).await;
        assert_eq!(second, Ok(Some(Bytes::from("a"))));
    }

    #[tokio::test]
    async fn what_was_made_before_something_was_hidden_is_made_again() {
        let slot = slot();
        assert_eq!(frame(&slot, 1, made(b"in full")).await, Some(Bytes::from("in full")));
        let mut change = entry(2).change;
        slot.stock.note(&change);
        assert_eq!(frame(&slot, 1, made(b"again")).await, Some(Bytes::from("in full")));
        change.was_visible_to = Some(Visibility::Authors);
        slot.stock.note(&change);
        assert_eq!(
            frame(&slot, 1, made(b"again")).await,
            Some(Bytes::from("in full")),
            "a draft that is handed in hides nothing"
        );
        change.was_visible_to = Some(Visibility::Public);
        slot.stock.note(&change);
        assert_eq!(frame(&slot, 1, made(b"less")).await, Some(Bytes::from("less")));
        change = entry(3).change;
        change.kind = ChangeKind::Removed;
        slot.stock.note(&change);
        assert_eq!(frame(&slot, 1, made(b"gone")).await, Some(Bytes::from("gone")));
        assert_eq!(kept(&slot), 4 + OVERHEAD);
    }

    #[tokio::test]
    async fn so_much_is_kept_and_no_more() {
        let slot = slot();
        let large = Bytes::from(vec![0; BYTES]);
        let whole = Some(Made { bytes: large.clone(), keep: true });
        assert_eq!(frame(&slot, 1, whole).await, Some(large), "it is sent all the same");
        assert_eq!(kept(&slot), 0);
        let failed = Some(Made { bytes: Bytes::from("errors"), keep: false });
        assert_eq!(frame(&slot, 1, failed).await, Some(Bytes::from("errors")));
        assert_eq!(frame(&slot, 1, made(b"better")).await, Some(Bytes::from("better")));
        assert_eq!(kept(&slot), 6 + OVERHEAD);
        slot.leave();
        assert_eq!(kept(&slot), 0);
        // What is made now is for those who still hold the entry.
        assert_eq!(frame(&slot, 1, made(b"late")).await, Some(Bytes::from("late")));
        assert_eq!(kept(&slot), 0);
    }
}
