//! Whether Redis does what it is there for. Nothing depends on it but how soon others hear what was written.

use std::sync::{Mutex, PoisonError};

use tracing::{info, warn};

/// What there is of Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redis {
    /// There is none, and none is asked for.
    None,
    /// It carries wake-ups.
    Ok,
    /// It does not answer, so that changes of other processes are seen a little later.
    Away,
}

impl Redis {
    /// One word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Ok => "ok",
            Self::Away => "away",
        }
    }
}

/// The two connections to Redis: each can be lost without the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Road {
    Sending,
    Hearing,
}

/// What is known of both.
#[derive(Debug, Default)]
pub(crate) struct Health(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    sends: bool,
    hears: bool,
    /// Whether there is anyone who listens.
    listens: bool,
    /// Whether the log says that it is away.
    said_away: bool,
}

impl State {
    fn is_ok(&self) -> bool {
        self.sends && (self.hears || !self.listens)
    }

    fn set(&mut self, road: Road, works: bool) {
        match road {
            Road::Sending => self.sends = works,
            Road::Hearing => self.hears = works,
        }
    }
}

impl Health {
    /// Both are needed from now on.
    pub(crate) fn await_both(&self) {
        self.change(|state| state.listens = true);
    }

    pub(crate) fn redis(&self) -> Redis {
        if self.change(|state| state.is_ok()) { Redis::Ok } else { Redis::Away }
    }

    /// One of them works.
    pub(crate) fn found(&self, road: Road) {
        let back = self.change(|state| {
            state.set(road, true);
            state.is_ok() && std::mem::take(&mut state.said_away)
        });
        if back {
            info!("Redis is back: wake-ups are sent and heard again");
        }
    }

    /// One of them does not. The log says so once, until both work again.
    pub(crate) fn lost(&self, road: Road, cause: &str) {
        let said = self.change(|state| {
            state.set(road, false);
            std::mem::replace(&mut state.said_away, true)
        });
        if !said {
            let what = match road {
                Road::Sending => "a wake-up was not sent",
                Road::Hearing => "wake-ups are not heard",
            };
            warn!(cause, "Redis is away: {what}, and changes of other processes are seen a little later");
        }
    }

    fn change<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let out = work(&mut state);
        metrics::gauge!("convene_redis_up").set(if state.is_ok() { 1.0 } else { 0.0 });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_when_all_that_is_needed_works() {
        let health = Health::default();
        assert_eq!(health.redis(), Redis::Away, "nobody knows yet");
        health.found(Road::Sending);
        assert_eq!(health.redis(), Redis::Ok, "nobody listens");
        health.await_both();
        assert_eq!(health.redis(), Redis::Away);
        health.found(Road::Hearing);
        assert_eq!(health.redis(), Redis::Ok);
        for road in [Road::Sending, Road::Hearing] {
            health.lost(road, "");
            assert_eq!(health.redis(), Redis::Away);
            health.found(road);
            assert_eq!(health.redis(), Redis::Ok);
        }
    }
}
