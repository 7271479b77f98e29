//! The newest entries of one network's log, and those who follow it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use convene_domain::{
    change::{EntityType, Entry, Head, LogId, Position},
    id::ChangeId,
};
use futures::task::AtomicWaker;
use tokio::{runtime::Handle, sync::Notify};
use uuid::Uuid;

use crate::{
    line::{Group, Interest, Line},
    slot::Slot,
    standing::Since,
    stock::Stock,
    wakers::Waiting,
};

/// How many entries are kept.
const SLOTS: usize = 4_096;
/// How long entries of a large import wait for groups that have much to make.
const MAKING: Duration = Duration::from_millis(250);
/// How many entries all lines hold together, and each of them at least: thousands of groups may want the same.
const HELD: (usize, usize) = (1 << 18, 64);

/// What came of reading a log for a ring.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// It is the log that was read before.
    Same,
    Broken,
}

/// The newest entries of one network's log, and those who follow it.
#[derive(Debug)]
pub(crate) struct Ring {
    log: LogId,
    slots: Mutex<Slots>,
    /// The position of the newest entry.
    head: AtomicI64,
    /// How far the log has grown, as far as anybody said.
    told_of: AtomicI64,
    /// How far it has to be read before it says which records changed.
    owed: AtomicI64,
    /// When the last reading began that came to the end of the log.
    read: Mutex<Option<Instant>>,
    /// Whether someone has relied on it since that was last asked.
    used: AtomicBool,
    /// Told when there is a reason to look for more.
    nudge: Notify,
    filled: AtomicBool,
    broken: AtomicBool,
    /// Where the log ended when it was last looked for someone, and when that look began.
    pub(crate) looked: tokio::sync::Mutex<Option<(Instant, Head)>>,
    stock: Arc<Stock>,
    /// Where followers are served.
    serving: Handle,
}

#[derive(Debug, Default)]
struct Slots {
    kept: VecDeque<Arc<Slot>>,
    /// The change at the head, once it was read.
    last: Option<ChangeId>,
    lines: HashMap<Group, Arc<Line>>,
    /// The lines that look at each place.
    by_scope: HashMap<Uuid, Vec<Arc<Line>>>,
}

impl Ring {
    /// A ring of a log whose first entry will be the one after a position.
    pub(crate) fn new(log: LogId, position: Position, serving: Handle) -> Self {
        let nudge = Notify::new();
        nudge.notify_one();
        Self {
            log,
            slots: Mutex::default(),
            head: AtomicI64::new(position),
            told_of: AtomicI64::new(position),
            owed: AtomicI64::new(position),
            read: Mutex::default(),
            used: AtomicBool::new(true),
            nudge,
            filled: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            looked: tokio::sync::Mutex::default(),
            stock: Stock::new(),
            serving,
        }
    }

    /// The position of the newest entry.
    pub(crate) fn head(&self) -> Position {
        self.head.load(Ordering::Acquire)
    }

    /// Whether the log that the ring was filled from is no more: another one stands in its place, such as one restored
    /// from a backup.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }

    /// Where the log ends, as far as it was read; `None` until that is known.
    pub(crate) fn end(&self) -> Option<Head> {
        self.with(|slots| self.end_of(slots))
    }

    fn end_of(&self, slots: &Slots) -> Option<Head> {
        let position = self.head();
        let change = if position == 0 { Some(ChangeId::from_uuid(Uuid::nil())) } else { slots.last };
        change.map(|change| Head { log: self.log, position, change })
    }

    /// The change at a position, as a place to go on from; `None` when the ring does not know.
    pub(crate) fn find(&self, position: Position) -> Option<Head> {
        self.with(|slots| {
            let head = self.head();
            let change = if position == head && position > 0 {
                slots.last
            } else {
                let back = usize::try_from(head.checked_sub(position)?).ok()?;
                let index = slots.kept.len().checked_sub(back + 1)?;
                slots.kept.get(index).map(|slot| slot.entry.change.id)
            };
            change.map(|change| Head { log: self.log, position, change })
        })
    }

    /// Joins the line of a group, if it has one and its place is still there. Nobody lets go of the line in between.
    pub(crate) fn find_line(&self, group: Group, waker: &Arc<AtomicWaker>) -> Option<(Arc<Line>, Waiting)> {
        self.with(|slots| {
            let line = slots.lines.get(&group).filter(|line| line.takes_all())?;
            Some((Arc::clone(line), line.followers.add(waker)))
        })
    }

    /// Joins the line of a group. It is begun with an interest if there is none.
    pub(crate) fn join(&self, group: Group, interest: Interest, waker: &Arc<AtomicWaker>) -> (Arc<Line>, Waiting) {
        self.with(|slots| {
            if let Some(line) = slots.lines.get(&group).filter(|line| line.goes_on()) {
                return (Arc::clone(line), line.followers.add(waker));
            }
            slots.leave(group);
            let scope = interest.scope;
            let floor = self.head() - i64::try_from(slots.kept.len()).unwrap_or_default();
            let past = (floor, slots.kept.iter());
            let line = Line::new(interest, Arc::clone(&self.stock), past, self.serving.clone());
            line.keep(slots.share());
            let line = Arc::new(line);
            slots.lines.insert(group, Arc::clone(&line));
            slots.by_scope.entry(scope).or_default().push(Arc::clone(&line));
            let waiting = line.followers.add(waker);
            (line, waiting)
        })
    }

    /// Lets go of the lines that nobody follows any more. Answers those to which nothing has happened for long.
    pub(crate) fn sweep(&self, now: Instant) -> Vec<Arc<Line>> {
        self.with(|slots| {
            let gone = slots.lines.iter().filter(|(_, line)| line.is_left(now) || !line.goes_on());
            for group in gone.map(|(group, _)| *group).collect::<Vec<_>>() {
                slots.leave(group);
            }
            slots.lines.values().filter(|line| line.is_quiet(now)).cloned().collect()
        })
    }

    /// Waits, but not for long, while groups have half a ring to make: followers who keep up are not to be overtaken by
    /// a large import, and nobody waits for a group that takes too long.
    pub(crate) async fn wait_for_lines(&self) {
        let lagging = || self.with(|slots| slots.lines.values().any(|line| line.lags(SLOTS / 2)));
        let waiting = async {
            while lagging() {
                tokio::time::sleep(MAKING / 10).await;
            }
        };
        // Whoever takes longer is left behind.
        let _ = tokio::time::timeout(MAKING, waiting).await;
    }

    /// How often something may have been hidden so far.
    pub(crate) fn hidden(&self) -> u64 {
        self.stock.hidden()
    }

    /// How often someone was given a role so far, or had one taken back.
    pub(crate) fn granted(&self) -> u64 {
        self.stock.granted()
    }

    /// How many follow.
    pub(crate) fn followers(&self) -> usize {
        self.with(|slots| slots.lines.values().map(|line| line.followers.len()).sum())
    }

    /// Wakes all who follow, for they have to end.
    pub(crate) fn wake(&self) {
        for line in self.with(|slots| slots.lines.values().cloned().collect::<Vec<_>>()) {
            line.followers.wake();
        }
    }

    /// Says that the log has reached a position. That is only a reason to look: it may be late, or never have been.
    pub(crate) fn tell(&self, position: Position) {
        self.told_of.fetch_max(position, Ordering::AcqRel);
        if position > self.head() {
            self.nudge.notify_one();
        }
    }

    /// Says that the log has reached a position, and that somebody relies on it.
    pub(crate) fn owe(&self, position: Position) {
        self.owed.fetch_max(position, Ordering::AcqRel);
        self.tell(position);
    }

    /// Whether somebody relies on what was not read yet.
    pub(crate) fn owes(&self) -> bool {
        self.owed.load(Ordering::Acquire) > self.head()
    }

    /// Since when everything that was written before is known; `None` when the log was never read to its end.
    pub(crate) fn read_at(&self) -> Option<Instant> {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the log was said to have grown further than it was read.
    pub(crate) fn is_behind(&self) -> bool {
        self.told_of.load(Ordering::Acquire) > self.head()
    }

    /// Says that someone relies on it, though nobody may follow.
    pub(crate) fn use_now(&self) {
        self.used.store(true, Ordering::Relaxed);
    }

    /// Whether someone has relied on it since this was last asked.
    pub(crate) fn was_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    /// The newest position, if none of the entries after another one touches these places; `None` when one does, or when it
    /// cannot be said. What is no part of the tree, such as a network's words, touches every place; so does a community
    /// that moves: whoever could read more of what is under it, or is hosted jointly with someone there, may not any more.
    pub(crate) fn unchanged(&self, places: &[Uuid], since: Position) -> Option<Position> {
        self.with(|slots| {
            let head = self.head();
            let everywhere = |slot: &Slot| slot.is_of_network() || slot.entry.change.moves_community();
            let touches = |slot: &Slot| everywhere(slot) || places.iter().any(|place| slot.touches(*place));
            let changed = slots.newer(since, head)?.any(touches);
            (!changed).then_some(head)
        })
    }

    /// Which records of a type the entries after a position are of.
    pub(crate) fn changed(&self, entity_type: EntityType, since: Position) -> Since {
        self.with(|slots| {
            let Some(end) = self.end_of(slots) else { return Since::Unsure };
            let Some(newer) = slots.newer(since, end.position) else { return Since::Anything };
            let changes = newer.map(|slot| &slot.entry.change).filter(|change| change.entity_type == entity_type);
            let mut changed: Vec<Uuid> = changes.map(|change| change.entity).collect();
            changed.sort_unstable();
            changed.dedup();
            Since::These(changed, end)
        })
    }

    /// Waits until there is a reason to look.
    pub(crate) async fn told(&self) {
        self.nudge.notified().await;
    }

    /// Says that everything was read that there was when the reading began.
    pub(crate) fn fill(&self, begun: Instant) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some(begun);
        self.filled.store(true, Ordering::Release);
    }

    /// Whether everything was read once that there was.
    pub(crate) fn is_filled(&self) -> bool {
        self.filled.load(Ordering::Acquire)
    }

    /// Whether the end of a log, read after the ring stood at a position, is that of another log than the ring's.
    pub(crate) fn contradicts(&self, stood: Position, head: &Head) -> bool {
        let other = self.find(head.position).is_some_and(|here| here.change != head.change);
        head.log != self.log || head.position < stood || other
    }

    /// Lets go of all who follow.
    pub(crate) fn fail(&self) {
        self.broken.store(true, Ordering::Release);
        self.wake();
        self.with(|slots| {
            slots.lines.clear();
            slots.by_scope.clear();
        });
    }

    /// Adds what was read of the log from the newest entry on, that one included: it tells whether the log is still the
    /// one that the ring was filled from.
    pub(crate) fn push(&self, entries: Vec<Entry>) -> Read {
        self.with(|slots| {
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
                newest += 1;
                // Whoever is told of it from now on is told nothing that it hides.
                self.stock.note(&entry.change);
                slots.add(entry);
                // Lines have it already, so that who has read all of its line stands where the log does.
                self.head.store(newest, Ordering::Release);
            }
            Read::Same
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Slots) -> T) -> T {
        work(&mut self.slots.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Slots {
    fn add(&mut self, entry: Entry) {
        self.last = Some(entry.change.id);
        if entry.change.kind.ends() {
            for line in self.by_scope.get(&entry.change.entity).into_iter().flatten() {
                line.lose_place();
            }
        }
        if entry.change.entity_type == EntityType::Grant {
            // Whoever follows looks whether it was about them.
            self.lines.values().for_each(Line::wake);
        }
        let (slot, share) = (Arc::new(Slot::new(entry)), self.share());
        for line in self.lines_of(&slot) {
            line.add(&slot);
            line.keep(share);
        }
        self.kept.push_back(slot);
        while self.kept.len() > SLOTS {
            let Some(old) = self.kept.pop_front() else { return };
            for line in self.lines_of(&old) {
                line.drop_up_to(old.position());
            }
        }
    }

    /// The entries after a position, of which the newest is at the head; `None` when they do not reach back so far.
    fn newer(&self, since: Position, head: Position) -> Option<impl Iterator<Item = &Slot>> {
        let fresh = usize::try_from(head - since).ok()?;
        Some(self.kept.range(self.kept.len().checked_sub(fresh)?..).map(AsRef::as_ref))
    }

    /// How many entries each line may hold.
    fn share(&self) -> usize {
        (HELD.0 / self.lines.len().max(1)).max(HELD.1)
    }

    /// The lines that may want an entry: those that look at a place that it touches, and when a community moves all of them,
    /// for then others may read something else wherever they look.
    fn lines_of(&self, slot: &Slot) -> impl Iterator<Item = &Arc<Line>> {
        let moves = slot.entry.change.moves_community();
        let all = moves.then(|| self.lines.values()).into_iter().flatten();
        let effects = if moves { &[] } else { slot.entry.effects.as_slice() };
        all.chain(effects.iter().filter_map(|(scope, _)| self.by_scope.get(scope)).flatten())
    }

    fn leave(&mut self, group: Group) {
        let Some(line) = self.lines.remove(&group) else { return };
        if let Some(lines) = self.by_scope.get_mut(&line.interest.scope) {
            lines.retain(|other| !Arc::ptr_eq(other, &line));
            if lines.is_empty() {
                self.by_scope.remove(&line.interest.scope);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
