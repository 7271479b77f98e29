//! Someone who follows a log.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use convene_domain::change::{Head, Position};
use futures::task::AtomicWaker;

use crate::{
    feed::Shared,
    line::{Line, Reach},
    ring::Ring,
    told::{Told, Unmade},
    wakers::Waiting,
};

/// Someone who follows what a group is told, until this is dropped.
#[derive(Debug)]
pub struct Follower {
    ring: Arc<Ring>,
    line: Arc<Line>,
    feed: Arc<Shared>,
    waker: Arc<AtomicWaker>,
    _waiting: Waiting,
    /// How many checkpoints of the line it has seen.
    checkpoints: u64,
}

/// Wakes the followers of a group.
#[derive(Debug, Clone)]
pub struct Rouse(Arc<Line>);

impl Rouse {
    /// Wakes all of them.
    pub fn all(&self) {
        self.0.wake();
    }

    /// Whether there are any.
    pub fn is_followed(&self) -> bool {
        !self.0.followers.is_empty()
    }
}

/// What comes next for a follower.
#[derive(Debug)]
pub enum Next {
    /// An entry that it is told of.
    Told(Arc<Told>),
    /// Nothing has happened for long: where it is, and what is sent to say so.
    Checkpoint(Head, Bytes),
    /// What comes next is not in memory any more.
    Beyond,
    /// Nothing comes any more.
    End(End),
}

/// Why nothing comes any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The process is about to stop.
    Stopping,
    /// The log is no more: another one stands in its place, such as one restored from a backup.
    Broken,
    /// What is told next took too long to make, several times.
    Late,
}

impl Follower {
    pub(crate) fn new(
        ring: Arc<Ring>,
        (line, waiting): (Arc<Line>, Waiting),
        waker: Arc<AtomicWaker>,
        feed: Arc<Shared>,
    ) -> Self {
        let checkpoints = line.checkpoints();
        Self { ring, line, feed, waker, _waiting: waiting, checkpoints }
    }

    /// What its group asked for.
    pub fn asked<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        Arc::clone(&self.line.interest.asked).downcast().ok()
    }

    /// How it is woken.
    pub fn waker(&self) -> &Arc<AtomicWaker> {
        &self.waker
    }

    /// How far the log has grown that it follows.
    #[cfg(test)]
    pub(crate) fn head(&self) -> Position {
        self.ring.head()
    }

    /// Up to where everything is made that its group is told: so far it could be.
    pub fn made(&self) -> Position {
        self.line.opened()
    }

    /// How often something may have been hidden that could be read before: what was made earlier may show it.
    pub fn hidden(&self) -> u64 {
        self.ring.hidden()
    }

    /// How often someone was given a role, or had one taken back: whoever signed in may be one of them.
    pub fn granted(&self) -> u64 {
        self.ring.granted()
    }

    /// What wakes all who follow what its group is told.
    pub fn rouse(&self) -> Rouse {
        Rouse(Arc::clone(&self.line))
    }

    /// Has the task that runs now be woken when something comes.
    pub fn register(&self, context: &Context<'_>) {
        self.waker.register(context.waker());
    }

    /// Why it has to end at once, if it has to.
    pub fn end(&self) -> Option<End> {
        if self.feed.is_stopping() { Some(End::Stopping) } else { self.ring.is_broken().then_some(End::Broken) }
    }

    /// What comes after a position. When there is nothing, the task that was registered is woken when there is.
    pub fn poll_next(&mut self, position: Position) -> Poll<Next> {
        if let Some(end) = self.end() {
            return Poll::Ready(Next::End(end));
        }
        Poll::Ready(match self.line.after(position, self.checkpoints) {
            Reach::Nothing => return Poll::Pending,
            Reach::Told(told) => Next::Told(told),
            Reach::Checkpoint(checkpoint) => {
                self.checkpoints = checkpoint.number;
                Next::Checkpoint(checkpoint.place, checkpoint.frame)
            }
            Reach::Beyond => Next::Beyond,
            Reach::Ended => Next::End(End::Late),
        })
    }

    /// Makes what its group is told of an entry, if that is not made yet.
    pub fn make(&self, told: &Arc<Told>) -> impl Future<Output = Result<Bytes, Unmade>> + Send + 'static {
        let (line, told) = (Arc::clone(&self.line), Arc::clone(told));
        async move { told.make(|| (line.interest.make)(&told)).await }
    }
}
