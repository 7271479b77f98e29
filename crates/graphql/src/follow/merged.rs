//! Answers that say how things are now, whatever has happened: of a burst of changes only the last state is told.
//!
//! One task a group makes the answer, at most one an interval, and only after something has happened. Its members take the
//! newest one that covers what they have heard of.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use convene_application::changes::{self, Rouse};
use convene_domain::change::{Head, Position};
use tokio::time::Instant;
use tracing::debug;

use super::asked::Asked;

/// How long to wait before an answer is made again that could not be made, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// What a group was told last.
#[derive(Debug, Default)]
pub(super) struct Merged(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// What is told, and everything up to where it covers.
    newest: Option<(Head, Bytes)>,
    /// When that was begun, or the last checkpoint made, which says the same.
    begun: Option<Instant>,
    /// Whether a task makes the next one.
    making: bool,
}

impl Merged {
    /// The newest answer, if it covers everything up to a position.
    pub(super) fn covering(&self, position: Position) -> Option<(Head, Bytes)> {
        self.with(|state| state.newest.clone().filter(|(head, _)| head.position >= position))
    }

    /// Has the next answer made, if nobody does yet, and all members woken when it is there.
    pub(super) fn renew(asked: &Arc<Asked>, interval: Duration, rouse: Rouse) {
        let begins = asked.merged.with(|state| !std::mem::replace(&mut state.making, true));
        if begins {
            asked.runtime.spawn(make(Arc::clone(asked), interval, rouse));
        }
    }

    /// Notes that all were told how things are.
    pub(super) fn told(&self) {
        self.with(|state| state.begun = Some(Instant::now()));
    }

    /// Whether anybody waits for the next answer. Who comes when that was denied begins it anew.
    fn goes_on(&self, rouse: &Rouse) -> bool {
        self.with(|state| {
            state.making = rouse.is_followed();
            state.making
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn make(asked: Arc<Asked>, interval: Duration, rouse: Rouse) {
    let mut pause = BACK_OFF.0;
    while asked.merged.goes_on(&rouse) {
        if let Some(begun) = asked.merged.with(|state| state.begun) {
            tokio::time::sleep_until(begun + interval).await;
        }
        let begun = Instant::now();
        // Noted before the data are read: they cover it.
        match changes::find_end(&asked.service.app, asked.opened.reader.here.log.network).await {
            Ok(head) => {
                if let Ok(made) = asked.state_at(head).await {
                    asked.merged.with(|state| {
                        *state = State { newest: Some((head, made.bytes)), begun: Some(begun), making: false };
                    });
                    rouse.all();
                    return;
                }
            }
            Err(error) => debug!(%error, "the end of a log cannot be read for a group that is told the newest state"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(BACK_OFF.1);
    }
}
