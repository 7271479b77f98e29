//! A subscription that runs: a reader of the log who is told what its group is told.
//!
//! One loop serves those who come back and those who are there: a reader takes what comes after its place from its group,
//! or, where that does not reach back so far, out of the database, and waits when there is nothing.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use convene_application::changes::{self, CHECKPOINT, End, Follower, Made, Next, Reader, Seen, TRIES, Told, Unmade, Waiting};
use convene_domain::{
    access::{Caller, Rights},
    change::{Change, Head, Position},
};
use futures::{FutureExt, Stream, future::BoxFuture};
use tokio::time::{Sleep, sleep};
use tracing::debug;

use super::{Event, Item, asked::Asked, errors, merged::Merged, signed::Signed};
use crate::error::ErrorCode;

/// How far a follower that had read all there was may fall behind what it could have been told: as far as a node
/// remembers.
const BEHIND: Position = 4_096;
/// How many changes are read from the database at a time.
const PAGE: usize = 100;
/// How long reading from the database may take before it is tried again.
const READING: Duration = Duration::from_secs(5);
/// How long to wait before something is tried again, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How often roles had been given, when nobody has looked.
const UNKNOWN: u64 = u64::MAX;

/// Why a reader ends whose places cover something else than before.
const MOVED: &str = "a community has moved, and with it what you may read";

/// A subscription that runs.
pub(super) struct Run {
    asked: Arc<Asked>,
    follower: Follower,
    /// Who it is, if they signed in.
    signed: Option<(Arc<Signed>, Waiting, Caller)>,
    /// How often roles had been given when it was last looked whether its own were. At first that is not known: some may
    /// have been taken back since it was found out who it is.
    granted: u64,
    /// When they have to sign in anew.
    end: Option<Pin<Box<Sleep>>>,
    /// Everything up to here was told.
    here: Head,
    /// What is told first.
    first: Option<Bytes>,
    /// What was read from the database and not told yet.
    past: VecDeque<Seen>,
    doing: Option<BoxFuture<'static, Done>>,
    /// Whether it has read all there was, once: whoever falls far behind after that is too slow.
    caught_up: bool,
    /// When it was told something.
    told: Instant,
    back_off: Duration,
    /// How often the next one took too long.
    late: u32,
    over: bool,
    /// For those who are told only the last state: what they have heard of, which may be more than they were told.
    heard: Position,
}

/// What was done that is not there at once.
enum Done {
    /// What is told of a change was made, or could not be, after something had been hidden so often.
    Made(Box<Change>, Result<Bytes, Unmade>, u64),
    /// The log was read from the database, up to here.
    Read(Vec<Seen>, Head),
    /// It was pruned past the reader.
    Expired,
    /// What the reader may read is something else from here on.
    Reshaped,
    /// When roles had been given so often, these were its rights; none when it has to sign in anew.
    Looked(u64, Option<Rights>),
    /// What says where the reader is was made, or could not be.
    Checkpoint(Option<Bytes>),
    /// Enough time has passed to try again.
    Rested,
}

impl Run {
    pub(super) fn new(
        asked: Arc<Asked>,
        follower: Follower,
        signed: Option<(Arc<Signed>, Option<DateTime<Utc>>, Caller)>,
        (here, first): (Head, Bytes),
    ) -> Self {
        let until = signed.as_ref().and_then(|(_, until, _)| *until);
        let end = until.map(|end| Box::pin(sleep((end - Utc::now()).to_std().unwrap_or_default())));
        let signed = signed.map(|(signed, _, caller)| {
            let waiting = signed.followers.add(follower.waker());
            (signed, waiting, caller)
        });
        Self {
            asked,
            follower,
            signed,
            granted: UNKNOWN,
            end,
            here,
            first: Some(first),
            past: VecDeque::new(),
            doing: None,
            caught_up: false,
            told: Instant::now(),
            back_off: BACK_OFF.0,
            late: 0,
            over: false,
            heard: here.position,
        }
    }

    /// Why it has to end at once, if it has to.
    fn must_end(&mut self, context: &mut Context<'_>) -> Option<(ErrorCode, &'static str)> {
        if self.end.as_mut().is_some_and(|end| end.as_mut().poll(context).is_ready()) {
            return Some((ErrorCode::Unauthenticated, "the token has expired"));
        }
        if self.signed.as_ref().is_some_and(|(signed, ..)| signed.is_over()) {
            return Some((ErrorCode::Unauthenticated, "the token is no longer valid"));
        }
        self.follower.end().map(reason)
    }

    /// Whether roles were given, or taken back, that may be its own: until that is known it is told nothing.
    fn is_behind(&self) -> bool {
        self.signed.is_some() && self.granted != self.follower.granted()
    }

    /// Looks whether it may still read what it reads.
    fn look_at_rights(&mut self) {
        let Some((signed, _, caller)) = &self.signed else { return };
        let (signed, caller, app) = (Arc::clone(signed), caller.clone(), self.asked.service.app.clone());
        let (granted, since) = (self.follower.granted(), Instant::now());
        let network = self.here.log.network;
        let looking = self.asked.runtime.spawn(async move {
            match tokio::time::timeout(READING, signed.renew(&app, &caller, since)).await {
                Ok(Ok(caller)) => Some(caller.map(|caller| caller.rights_in(network))),
                Ok(Err(error)) => {
                    debug!(%error, "what someone may do cannot be looked up");
                    None
                }
                Err(_) => None,
            }
        });
        let pause = self.pause();
        self.doing = Some(
            async move {
                match looking.await.ok().flatten() {
                    Some(rights) => Done::Looked(granted, rights),
                    None => rest(pause).await,
                }
            }
            .boxed(),
        );
    }

    /// What comes next in memory.
    fn poll_line(&mut self) -> Poll<Option<Event>> {
        match self.follower.poll_next(self.here.position) {
            Poll::Pending => {
                self.caught_up = true;
                Poll::Pending
            }
            // Roles are counted before what comes after them is told.
            Poll::Ready(Next::Told(_)) if self.is_behind() => Poll::Ready(None),
            Poll::Ready(Next::Told(told)) if self.asked.reshapes(&told.slot.entry) => {
                Poll::Ready(Some(self.end(ErrorCode::ScopeChanged, MOVED)))
            }
            Poll::Ready(Next::Told(told)) => Poll::Ready(match told.frame() {
                Some(frame) => Some(self.tell(&told.slot.entry.change, frame)),
                None => {
                    self.make(&told);
                    None
                }
            }),
            Poll::Ready(Next::Checkpoint(here, frame)) => {
                self.here = here;
                Poll::Ready(Some(self.say(frame)))
            }
            Poll::Ready(Next::Beyond) if self.caught_up && self.follower.made() - self.here.position > BEHIND => {
                Poll::Ready(Some(self.end(ErrorCode::Lagged, "messages were not read in time")))
            }
            Poll::Ready(Next::Beyond) => {
                // What was to be told could not be made in time: that is none of its own doing, and it may catch up.
                self.caught_up = false;
                self.read_back();
                Poll::Ready(None)
            }
            Poll::Ready(Next::End(end)) => {
                let (code, message) = reason(end);
                Poll::Ready(Some(self.end(code, message)))
            }
        }
    }

    /// What comes next for those who are told only the last state.
    fn poll_state(&mut self, interval: Duration) -> Poll<Option<Event>> {
        match self.follower.poll_next(self.heard) {
            Poll::Ready(Next::Told(told)) => self.heard = told.slot.entry.change.position,
            Poll::Ready(Next::Checkpoint(here, frame)) => {
                (self.here, self.heard) = (here, here.position);
                return Poll::Ready(Some(self.say(frame)));
            }
            Poll::Ready(Next::Beyond) => self.heard = self.follower.made().max(self.heard + 1),
            Poll::Ready(Next::End(end)) => {
                let (code, message) = reason(end);
                return Poll::Ready(Some(self.end(code, message)));
            }
            Poll::Pending if self.heard <= self.here.position => return Poll::Pending,
            Poll::Pending => match self.asked.merged.covering(self.heard) {
                Some((head, frame)) => {
                    (self.here, self.heard) = (head, head.position);
                    return Poll::Ready(Some(self.say(frame)));
                }
                None => {
                    Merged::renew(&self.asked, interval, self.follower.rouse());
                    return Poll::Pending;
                }
            },
        }
        Poll::Ready(None)
    }

    /// Tells of a change, which takes the reader past it.
    fn tell(&mut self, change: &Change, frame: Bytes) -> Event {
        (self.here.position, self.here.change) = (change.position, change.id);
        (self.back_off, self.late) = (BACK_OFF.0, 0);
        self.say(frame)
    }

    fn say(&mut self, frame: Bytes) -> Event {
        self.told = Instant::now();
        Event::Next(Item::new(frame, Some(self.asked.cursor(self.here))))
    }

    fn make(&mut self, told: &Arc<Told>) {
        let (making, change) = (self.follower.make(told), Box::new(told.slot.entry.change.clone()));
        let hidden = self.follower.hidden();
        self.doing = Some(async move { Done::Made(change, making.await, hidden) }.boxed());
    }

    /// Makes what is told of a change that was read from the database, in a task of its own: whoever waits here may not
    /// be attended to for long, as when its socket takes nothing, and must not sit on a connection to the database.
    fn make_past(&mut self, seen: &Seen) {
        let (hidden, change) = (self.follower.hidden(), Box::new(seen.change.clone()));
        let making = self.asked.runtime.spawn(self.asked.make(seen, None));
        self.doing = Some(
            async move {
                let made = making.await.unwrap_or(Err(Unmade::Unavailable));
                Done::Made(change, made.map(|made| made.bytes), hidden)
            }
            .boxed(),
        );
    }

    /// Reads on from the database.
    fn read_back(&mut self) {
        let app = self.asked.service.app.clone();
        let mut ahead = Reader { here: self.here, ..self.asked.opened.reader.clone() };
        let reading = self.asked.runtime.spawn(async move {
            match tokio::time::timeout(READING, changes::read_on(&app, &mut ahead, PAGE)).await {
                Ok(Ok((seen, _))) => Some(Done::Read(seen, ahead.here)),
                Ok(Err(convene_application::Error::CursorExpired)) => Some(Done::Expired),
                Ok(Err(convene_application::Error::ScopeChanged)) => Some(Done::Reshaped),
                Ok(Err(error)) => {
                    debug!(%error, "a log cannot be read for someone who comes back");
                    None
                }
                Err(_) => None,
            }
        });
        let pause = self.pause();
        self.doing = Some(
            async move {
                match reading.await.ok().flatten() {
                    Some(done) => done,
                    None => rest(pause).await,
                }
            }
            .boxed(),
        );
    }

    fn say_where(&mut self) {
        let making = self.asked.runtime.spawn(Arc::clone(&self.asked).checkpoint(self.here));
        let made = |made: Result<Result<Made, Unmade>, _>| made.ok()?.ok().map(|made| made.bytes);
        self.doing = Some(async move { Done::Checkpoint(made(making.await)) }.boxed());
    }

    /// Goes on with what was done.
    fn done(&mut self, done: Done) -> Option<Event> {
        match done {
            // The socket may have taken nothing for long: what was hidden since is not told.
            Done::Made(_, Ok(_), hidden) if hidden != self.follower.hidden() => {}
            // Nor is what its rights do not cover any more.
            Done::Made(_, Ok(_), _) if self.is_behind() => {}
            Done::Made(change, Ok(frame), _) => {
                self.past.pop_front();
                return Some(self.tell(&change, frame));
            }
            Done::Made(_, Err(unmade), _) => {
                self.late += u32::from(unmade == Unmade::Late);
                if self.late == TRIES {
                    let (code, message) = reason(End::Late);
                    return Some(self.end(code, message));
                }
                let pause = self.pause();
                self.doing = Some(rest(pause).boxed());
            }
            Done::Read(seen, ahead) => {
                self.past = seen.into_iter().filter(|it| self.asked.wants(&it.change, it.effect)).collect();
                if !self.past.is_empty() {
                    // They may have been read ahead of what is known here of roles.
                    self.granted = UNKNOWN;
                }
                // Past what means nothing to it; past the rest it goes as it is told of it.
                if self.past.is_empty() {
                    self.here = ahead;
                    if self.told.elapsed() >= CHECKPOINT {
                        self.say_where();
                    }
                }
                self.back_off = BACK_OFF.0;
            }
            Done::Reshaped => return Some(self.end(ErrorCode::ScopeChanged, MOVED)),
            Done::Looked(_, None) => return Some(self.end(ErrorCode::Unauthenticated, "the token is no longer valid")),
            Done::Looked(granted, Some(rights)) if rights == self.asked.opened.reader.rights => {
                (self.granted, self.back_off) = (granted, BACK_OFF.0);
            }
            Done::Looked(..) => return Some(self.end(ErrorCode::ScopeChanged, "your roles have changed")),
            Done::Expired => return Some(self.end(ErrorCode::CursorExpired, "the log no longer reaches back to here")),
            Done::Checkpoint(made) => return made.map(|frame| self.say(frame)),
            Done::Rested => {}
        }
        None
    }

    fn pause(&mut self) -> Duration {
        let pause = self.back_off;
        self.back_off = (pause * 2).min(BACK_OFF.1);
        pause
    }

    /// The end, with where to go on.
    fn end(&mut self, code: ErrorCode, message: &str) -> Event {
        self.over = true;
        Event::Errors(errors(code, message, Some(self.asked.cursor(self.here))))
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(self.say(first)));
        }
        self.follower.register(context);
        loop {
            if let Some((code, message)) = self.must_end(context) {
                return Poll::Ready(Some(self.end(code, message)));
            }
            if let Some(doing) = &mut self.doing {
                let done = ready!(doing.as_mut().poll(context));
                self.doing = None;
                if let Some(event) = self.done(done) {
                    return Poll::Ready(Some(event));
                }
            } else if self.is_behind() {
                self.look_at_rights();
            } else if let Some(seen) = self.past.front().cloned() {
                self.make_past(&seen);
            } else if let Some(interval) = self.asked.opened.wants.interval() {
                if let Some(event) = ready!(self.poll_state(interval)) {
                    return Poll::Ready(Some(event));
                }
            } else if let Some(event) = ready!(self.poll_line()) {
                return Poll::Ready(Some(event));
            }
        }
    }
}

impl Stream for Run {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.poll_event(context)
    }
}

async fn rest(pause: Duration) -> Done {
    tokio::time::sleep(pause).await;
    Done::Rested
}

fn reason(end: End) -> (ErrorCode, &'static str) {
    match end {
        End::Stopping => (ErrorCode::ShuttingDown, "the service is about to stop"),
        End::Broken => (ErrorCode::CursorExpired, "the log is another one than before"),
        End::Late => (ErrorCode::DeadlineExceeded, "what is to be told takes too long"),
    }
}
