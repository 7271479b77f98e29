//! What the followers of one group are told, entry by entry.

use std::{
    any::Any,
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use bytes::Bytes;
use convene_domain::change::{Entry, Head, Position};
use futures::{StreamExt, stream};
use tokio::runtime::Handle;
use tracing::warn;
use uuid::Uuid;

use crate::{
    slot::Slot,
    stock::Stock,
    told::{Making, Told, Unmade},
    wakers::Wakers,
};

/// How many entries of a burst are made at the same time.
const AT_ONCE: usize = 8;
/// How often something is tried again that takes too long each time.
pub const TRIES: u32 = 3;
/// How long to wait before something is made again that could not be made, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// How long it takes to serve one follower, about. All are woken again only when they can have been served: what comes
/// meanwhile is sent with one write.
const SERVING: Duration = Duration::from_micros(8);
/// How long followers hear nothing before they are told where they are. That is to happen within 30 seconds, also when
/// the database, which is looked at in between, does not answer.
pub const CHECKPOINT: Duration = Duration::from_secs(24);
/// How long a line is kept that nobody follows any more: clients that lost their connection come back.
const KEPT: Duration = Duration::from_secs(60);

/// Those who are served the same: the fingerprint of what they asked for, and of the rights they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group(pub [u8; 32]);

/// What a group wants to be told of, and how that is made.
pub struct Interest {
    /// The place that it looks at: changes that do not touch it are nothing to it, unless a community moves.
    pub scope: Uuid,
    /// Whether it wants to be told of an entry that touches the place, or by which a community moves, wherever.
    pub wants: Box<dyn Fn(&Entry) -> bool + Send + Sync>,
    /// Begins to make what it is told of an entry.
    pub make: Box<dyn Fn(&Told) -> Making + Send + Sync>,
    /// Begins to make what it is told when nothing happens.
    pub checkpoint: Box<dyn Fn(Head) -> Making + Send + Sync>,
    /// Whether the place is no more, so that nobody begins to follow it.
    pub is_gone: bool,
    /// What was asked for, for whoever comes later and asks for the same.
    pub asked: Arc<dyn Any + Send + Sync>,
}

/// What the followers of one group are told.
pub(crate) struct Line {
    pub(crate) interest: Interest,
    stock: Arc<Stock>,
    window: RwLock<Window>,
    pub(crate) followers: Wakers,
    /// Where followers are served, and woken.
    serving: Handle,
}

#[derive(Debug)]
struct Window {
    /// What is told, in order.
    told: VecDeque<(Position, Arc<Told>)>,
    /// Everything that is told after this position is here.
    floor: Position,
    /// Everything up to here may be told: it is made, or is made when someone asks for it.
    open: Position,
    making: bool,
    /// When all were woken last.
    woken: Instant,
    /// Whether someone wakes them.
    waking: Waking,
    /// Whether nothing is told any more, because what comes next takes too long to make.
    ended: bool,
    /// Whether the place is no more.
    gone: bool,
    checkpoint: Option<Checkpoint>,
    /// When something was told last.
    spoke: Instant,
    /// When it was last seen without followers.
    left: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waking {
    /// Nobody wakes them.
    Rests,
    /// They are being woken.
    Runs,
    /// They are being woken, and have to be once more.
    Again,
}

/// Where followers are to whom nothing happens.
#[derive(Debug, Clone)]
pub(crate) struct Checkpoint {
    /// Counts checkpoints, so that each is told once.
    pub(crate) number: u64,
    pub(crate) place: Head,
    pub(crate) frame: Bytes,
}

/// What a line has for a follower.
pub(crate) enum Reach {
    Told(Arc<Told>),
    Nothing,
    Checkpoint(Checkpoint),
    Beyond,
    Ended,
}

impl Window {
    fn drop_oldest(&mut self) {
        if let Some((position, _)) = self.told.pop_front() {
            self.floor = position;
            self.open = self.open.max(position);
        }
    }
}

impl std::fmt::Debug for Interest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Interest").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Line").field("scope", &self.interest.scope).finish_non_exhaustive()
    }
}

impl Line {
    /// A line that begins with what is wanted of entries that a ring has already, from a position on. It is made when
    /// somebody asks for it.
    pub(crate) fn new<'r>(
        interest: Interest,
        stock: Arc<Stock>,
        (floor, slots): (Position, impl Iterator<Item = &'r Arc<Slot>>),
        serving: Handle,
    ) -> Self {
        let now = Instant::now();
        let offered = slots.filter(|slot| slot.touches(interest.scope) || slot.entry.change.moves_community());
        let wanted = offered.filter(|slot| (interest.wants)(&slot.entry));
        let told = wanted.map(|slot| (slot.position(), Arc::new(Told::new(Arc::clone(slot), Arc::clone(&stock)))));
        let told: VecDeque<_> = told.collect();
        let open = told.back().map_or(floor, |(position, _)| *position);
        let gone = interest.is_gone;
        let window = Window {
            told,
            floor,
            open,
            making: false,
            woken: now,
            waking: Waking::Rests,
            ended: false,
            gone,
            checkpoint: None,
            spoke: now,
            left: None,
        };
        Self { interest, stock, window: RwLock::new(window), followers: Wakers::default(), serving }
    }

    /// Adds an entry, if it is wanted.
    pub(crate) fn add(self: &Arc<Self>, slot: &Arc<Slot>) {
        if !(self.interest.wants)(&slot.entry) {
            return;
        }
        let position = slot.position();
        let begin = self.change(|window| {
            window.told.push_back((position, Arc::new(Told::new(Arc::clone(slot), Arc::clone(&self.stock)))));
            if !window.making && self.followers.is_empty() {
                // Whoever comes has it made.
                window.open = position;
                return false;
            }
            !std::mem::replace(&mut window.making, true)
        });
        if begin {
            tokio::spawn(Arc::clone(self).make());
        }
    }

    /// Lets go of entries that leave the ring.
    pub(crate) fn drop_up_to(&self, position: Position) {
        self.change(|window| {
            while window.told.front().is_some_and(|(oldest, _)| *oldest <= position) {
                window.drop_oldest();
            }
        });
    }

    /// Keeps only so many entries, the newest.
    pub(crate) fn keep(&self, most: usize) {
        self.change(|window| {
            while window.told.len() > most {
                window.drop_oldest();
            }
        });
    }

    /// What comes after a position for a follower who has seen so many checkpoints.
    pub(crate) fn after(&self, position: Position, checkpoints: u64) -> Reach {
        let window = self.window.read().unwrap_or_else(PoisonError::into_inner);
        if position < window.floor {
            return Reach::Beyond;
        }
        let next = window.told.get(window.told.partition_point(|(told, _)| *told <= position));
        if let Some((_, told)) = next.filter(|(at, _)| *at <= window.open) {
            return Reach::Told(Arc::clone(told));
        }
        if window.ended {
            return Reach::Ended;
        }
        match &window.checkpoint {
            // Who has read on since knows better where it is; and nobody is taken past what is still being made.
            Some(checkpoint)
                if checkpoint.number > checkpoints
                    && checkpoint.place.position >= position
                    && next.is_none_or(|(at, _)| checkpoint.place.position < *at) =>
            {
                Reach::Checkpoint(checkpoint.clone())
            }
            _ => Reach::Nothing,
        }
    }

    /// Up to where everything is made that is told.
    pub(crate) fn opened(&self) -> Position {
        self.look(|window| window.open)
    }

    /// How many checkpoints there were.
    pub(crate) fn checkpoints(&self) -> u64 {
        self.look(|window| window.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.number))
    }

    /// Whether it can be followed.
    pub(crate) fn goes_on(&self) -> bool {
        self.look(|window| !window.ended)
    }

    /// Says that the place is no more.
    pub(crate) fn lose_place(&self) {
        self.change(|window| window.gone = true);
    }

    /// Whether it can be followed by whoever comes, without asking whether there is such a place.
    pub(crate) fn takes_all(&self) -> bool {
        self.look(|window| !window.ended && !window.gone)
    }

    /// Whether so many entries or more are still to be made.
    pub(crate) fn lags(&self, entries: usize) -> bool {
        let open = |window: &Window| window.told.partition_point(|(told, _)| *told <= window.open);
        self.look(|window| window.making && window.told.len() - open(window) >= entries)
    }

    /// Whether it is time for a checkpoint. It is said once.
    pub(crate) fn is_quiet(&self, now: Instant) -> bool {
        let quiet = !self.followers.is_empty() && self.look(|window| now.duration_since(window.spoke) >= CHECKPOINT);
        if quiet {
            self.change(|window| window.spoke = now);
        }
        quiet
    }

    /// Whether it has been without followers for long.
    pub(crate) fn is_left(&self, now: Instant) -> bool {
        let followed = !self.followers.is_empty();
        self.change(|window| {
            if followed {
                window.left = None;
            }
            !followed && now.duration_since(*window.left.get_or_insert(now)) >= KEPT
        })
    }

    /// Tells all who have read everything where they are.
    pub(crate) async fn tell_place(self: Arc<Self>, place: Head) {
        let Ok(made) = (self.interest.checkpoint)(place).await else { return };
        self.change(|window| {
            let number = window.checkpoint.as_ref().map_or(1, |checkpoint| checkpoint.number + 1);
            window.checkpoint = Some(Checkpoint { number, place, frame: made.bytes });
        });
        self.wake();
    }

    /// Makes what is told, several entries at a time but in order, until there is no more to make.
    async fn make(self: Arc<Self>) {
        let begin = |told: Arc<Told>| {
            let line = Arc::clone(&self);
            async move { line.make_one(&told).await.map(|()| told.slot.position()) }
        };
        loop {
            let pending: Vec<Arc<Told>> = self.change(|window| {
                let open = window.open;
                let next = window.told.partition_point(|(told, _)| *told <= open);
                let pending: Vec<_> = window.told.range(next..).map(|(_, told)| Arc::clone(told)).collect();
                window.making = !pending.is_empty();
                pending
            });
            if pending.is_empty() {
                return;
            }
            let mut made = stream::iter(pending).map(begin).buffered(AT_ONCE);
            while let Some(result) = made.next().await {
                match result {
                    Ok(position) => self.change(|window| {
                        window.open = window.open.max(position);
                        window.spoke = Instant::now();
                    }),
                    Err(_) => self.change(|window| window.ended = true),
                }
                self.wake();
                if result.is_err() {
                    return;
                }
            }
        }
    }

    /// Makes what is told of one entry, however long it takes.
    async fn make_one(&self, told: &Arc<Told>) -> Result<(), Unmade> {
        let (mut pause, mut late) = (BACK_OFF.0, 0);
        while !self.followers.is_empty() {
            match told.make(|| (self.interest.make)(told)).await {
                Ok(_) => return Ok(()),
                Err(Unmade::Late) if late + 1 == TRIES => return Err(Unmade::Late),
                Err(unmade) => late += u32::from(unmade == Unmade::Late),
            }
            if pause == BACK_OFF.1 {
                warn!(position = told.slot.position(), "what is told of a change cannot be made yet");
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(BACK_OFF.1);
        }
        // Nobody waits for it any more; whoever comes has it made.
        Ok(())
    }

    /// Wakes all followers, where they are served.
    pub(crate) fn wake(self: &Arc<Self>) {
        let begin = self.change(|window| {
            let begin = window.waking == Waking::Rests;
            window.waking = if begin { Waking::Runs } else { Waking::Again };
            begin
        });
        if begin {
            self.serving.spawn(Arc::clone(self).wake_all());
        }
    }

    async fn wake_all(self: Arc<Self>) {
        loop {
            let rest = self.look(|window| {
                let serving = SERVING * u32::try_from(self.followers.len()).unwrap_or(u32::MAX);
                serving.saturating_sub(window.woken.elapsed())
            });
            if rest >= Duration::from_millis(1) {
                tokio::time::sleep(rest).await;
            }
            // Whatever was opened up to now is seen by all who are woken from now on.
            self.change(|window| (window.waking, window.woken) = (Waking::Runs, Instant::now()));
            self.followers.wake_in_slices().await;
            let again = self.change(|window| {
                let again = window.waking == Waking::Again;
                window.waking = if again { Waking::Runs } else { Waking::Rests };
                again
            });
            if !again {
                return;
            }
        }
    }

    fn look<T>(&self, work: impl FnOnce(&Window) -> T) -> T {
        work(&self.window.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change<T>(&self, work: impl FnOnce(&mut Window) -> T) -> T {
        work(&mut self.window.write().unwrap_or_else(PoisonError::into_inner))
    }
}
