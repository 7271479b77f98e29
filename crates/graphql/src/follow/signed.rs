//! Whether those who follow may still do what they may do: a connection is signed in once, and can be open for days.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::Utc;
use convene_application::{App, Result, callers, changes::Wakers};
use convene_domain::access::{Caller, Who};
use tracing::warn;

/// How often it is looked whether those who signed in still may. When a token ends is known from the beginning: whoever
/// follows with it sees to that by the clock.
const LOOK: Duration = Duration::from_secs(10);

/// Those who signed in and follow something. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct SignIns(Arc<Mutex<HashMap<Who, Weak<Signed>>>>);

/// Someone who signed in and follows something.
#[derive(Debug, Default)]
pub(super) struct Signed {
    over: AtomicBool,
    /// What they may do, and when that began to be looked up.
    renewed: tokio::sync::Mutex<Option<(Instant, Option<Caller>)>>,
    pub(super) followers: Wakers,
}

impl Signed {
    /// Whether they have to sign in anew.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// What they may do, looked up after an instant: once for all that they follow. `None` when they have to sign in anew, or
    /// when it cannot be found out, which is an error then.
    pub(super) async fn renew(&self, app: &App, caller: &Caller, since: Instant) -> Result<Option<Caller>> {
        let mut renewed = self.renewed.lock().await;
        if let Some((_, caller)) = renewed.as_ref().filter(|(begun, _)| *begun >= since) {
            return Ok(caller.clone());
        }
        let begun = Instant::now();
        let now = callers::renew(app, caller, Utc::now()).await?;
        *renewed = Some((begun, now.clone()));
        Ok(now)
    }
}

impl SignIns {
    /// Watches someone who may follow now, as long as the answer is held.
    pub(super) fn watch(&self, app: &App, who: Who) -> Arc<Signed> {
        self.with(|watched| {
            if let Some(signed) = watched.get(&who).and_then(Weak::upgrade).filter(|signed| !signed.is_over()) {
                return signed;
            }
            let signed = Arc::<Signed>::default();
            if watched.is_empty() {
                tokio::spawn(self.clone().look(app.clone()));
            }
            watched.insert(who, Arc::downgrade(&signed));
            signed
        })
    }

    /// Looks again and again, until nobody follows who signed in.
    async fn look(self, app: App) {
        loop {
            tokio::time::sleep(LOOK).await;
            let watched: Vec<Who> = self.with(|watched| {
                watched.retain(|_, signed| signed.upgrade().is_some_and(|signed| !signed.is_over()));
                watched.keys().copied().collect()
            });
            if watched.is_empty() {
                return;
            }
            match tokio::time::timeout(LOOK, callers::find_valid(&app, &watched, Utc::now())).await {
                Ok(Ok(valid)) => {
                    for who in watched.iter().filter(|who| !valid.contains(who)) {
                        self.end(*who);
                    }
                }
                // When it cannot be found out, it is looked again later.
                Ok(Err(error)) => warn!(%error, "those who signed in cannot be looked up"),
                Err(_) => warn!("those who signed in cannot be looked up in time"),
            }
        }
    }

    /// Ends what someone follows.
    pub(crate) fn end(&self, who: Who) {
        if let Some(signed) = self.with(|watched| watched.get(&who).and_then(Weak::upgrade)) {
            signed.over.store(true, Ordering::Release);
            signed.followers.wake();
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<Who, Weak<Signed>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
