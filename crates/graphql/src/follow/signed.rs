//! Whether those who follow may still do what they may do: a connection is signed in once, and can be open for days.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use convene_application::{App, changes::Wakers, tokens};
use convene_domain::id::TokenId;
use tracing::warn;

/// How often it is looked whether tokens are still valid.
const LOOK: Duration = Duration::from_secs(10);

/// The tokens with which something is followed. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct SignIns(Arc<Mutex<HashMap<TokenId, Weak<Signed>>>>);

/// A token with which something is followed.
#[derive(Debug, Default)]
pub(super) struct Signed {
    over: AtomicBool,
    pub(super) followers: Wakers,
}

impl Signed {
    /// Whether the token is no longer valid.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

impl SignIns {
    /// Watches a token that is valid now, as long as the answer is held.
    pub(super) fn watch(&self, app: &App, token: TokenId) -> Arc<Signed> {
        self.with(|tokens| {
            if let Some(signed) = tokens.get(&token).and_then(Weak::upgrade).filter(|signed| !signed.is_over()) {
                return signed;
            }
            let signed = Arc::<Signed>::default();
            if tokens.is_empty() {
                tokio::spawn(self.clone().look(app.clone()));
            }
            tokens.insert(token, Arc::downgrade(&signed));
            signed
        })
    }

    /// Looks again and again, until nothing is followed with any token.
    async fn look(self, app: App) {
        loop {
            tokio::time::sleep(LOOK).await;
            let watched: Vec<TokenId> = self.with(|tokens| {
                tokens.retain(|_, signed| signed.upgrade().is_some_and(|signed| !signed.is_over()));
                tokens.keys().copied().collect()
            });
            if watched.is_empty() {
                return;
            }
            match tokio::time::timeout(LOOK, tokens::find_valid(&app, &watched, Utc::now())).await {
                Ok(Ok(valid)) => {
                    for token in watched.iter().filter(|token| !valid.contains(token)) {
                        self.end(*token);
                    }
                }
                // When it cannot be found out, it is looked again later.
                Ok(Err(error)) => warn!(%error, "tokens cannot be looked up"),
                Err(_) => warn!("tokens cannot be looked up in time"),
            }
        }
    }

    fn end(&self, token: TokenId) {
        if let Some(signed) = self.with(|tokens| tokens.get(&token).and_then(Weak::upgrade)) {
            signed.over.store(true, Ordering::Release);
            signed.followers.wake();
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<TokenId, Weak<Signed>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
