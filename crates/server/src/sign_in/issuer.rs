//! An issuer that is trusted, and its keys: found by discovery, kept, and asked for again when a token names one that is
//! not known. When the issuer is away, the keys that are known still hold.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use anyhow::{Context, ensure};
use axum::http::Uri;
use serde::Deserialize;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};
use tracing::{info, warn};

use super::{
    asking::Asking,
    jwt::Jwt,
    keys::{self, Key, KeySet, Verdict},
    settings::check_url,
};

/// How long an issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often an issuer is asked at most, whatever tokens come, and how far ahead of that it may be asked: five times at once.
const PAUSE: Duration = Duration::from_secs(2);
const AHEAD: Duration = PAUSE.saturating_mul(4);

/// How old keys get before they are asked for again, so that one that was withdrawn does not hold for ever; and how long
/// until then when that failed.
const AGE: Duration = Duration::from_mins(5);
const AGAIN: Duration = Duration::from_secs(30);

/// An issuer that is trusted.
pub(super) struct Issuer {
    pub(super) url: String,
    /// Whom its tokens have to be for: any of these.
    pub(super) audiences: Vec<String>,
    asking: Asking,
    known: RwLock<Known>,
    turn: Mutex<Turn>,
}

/// What is known of an issuer's keys.
#[derive(Clone)]
pub(super) struct Known {
    keys: Arc<[Key]>,
    /// How often they were read.
    times: u64,
    /// From when on they are to be read again.
    until: Instant,
}

/// Whose turn it is to ask.
struct Turn {
    /// Not before.
    next: Instant,
    /// Whether the issuer did not answer when it was asked last.
    away: bool,
}

/// Why a signature could not be found to be right.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unproven {
    /// It is wrong.
    Wrong,
    /// The issuer cannot be asked for the key.
    Away,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(url: String, audiences: Vec<String>, asking: Asking) -> Self {
        let now = Instant::now();
        let known = RwLock::new(Known { keys: Arc::new([]), times: 0, until: now });
        Self { url, audiences, asking, known, turn: Mutex::new(Turn { next: now, away: false }) }
    }

    /// Checks that this issuer signed a token.
    pub(super) async fn check(self: &Arc<Self>, token: &Jwt<'_>) -> Result<(), Unproven> {
        let known = self.known();
        if known.until <= Instant::now() && known.times > 0 {
            self.renew_later(&known);
        }
        let verdict = match keys::check(&known.keys, token) {
            // It may have a new key. Whoever comes with one waits for it.
            Verdict::Unknown => keys::check(&self.renew(known.times).await?.keys, token),
            verdict => verdict,
        };
        if verdict == Verdict::Signed { Ok(()) } else { Err(Unproven::Wrong) }
    }

    /// Asks for the keys in a while, while those that are known still hold.
    fn renew_later(self: &Arc<Self>, known: &Known) {
        self.with(|kept| kept.until = Instant::now() + AGAIN);
        let (issuer, times) = (Arc::clone(self), known.times);
        tokio::spawn(async move { issuer.renew(times).await });
    }

    /// Asks for the keys, unless someone did since they were read so many times.
    pub(super) async fn renew(&self, times: u64) -> Result<Known, Unproven> {
        let mut turn = self.turn.lock().await;
        let known = self.known();
        if known.times != times {
            return Ok(known);
        }
        let now = Instant::now();
        if turn.away && now < turn.next {
            return Err(Unproven::Away);
        }
        // What was read a moment ago has to do: otherwise whoever makes tokens up could have everyone wait.
        if turn.next > now + AHEAD {
            return Ok(known);
        }
        // Said before it is asked: whoever asked may leave before there is an answer.
        turn.next = turn.next.max(now) + PAUSE;
        let read = timeout(PATIENCE, self.read()).await.context("it takes too long").flatten();
        turn.away = read.is_err();
        if turn.away {
            turn.next = Instant::now() + PAUSE;
        }
        match read {
            Ok(keys) => {
                info!(issuer = self.url, keys = keys.len(), "the keys of an issuer were read");
                Ok(self.with(|known| {
                    *known = Known { keys: keys.into(), times: times + 1, until: Instant::now() + AGE };
                    known.clone()
                }))
            }
            Err(error) => {
                warn!(issuer = self.url, error = format!("{error:#}"), "the keys of an issuer cannot be read");
                Err(Unproven::Away)
            }
        }
    }

    async fn read(&self) -> anyhow::Result<Vec<Key>> {
        let place: Uri = format!("{}/.well-known/openid-configuration", self.url.trim_end_matches('/')).parse()?;
        let found: Discovery = self.asking.read(&place).await?;
        // Otherwise one issuer could answer for another.
        ensure!(found.issuer == self.url, "it calls itself \"{}\": name it so in the settings", found.issuer);
        let place = check_url(&found.jwks_uri).context("jwks_uri")?;
        ensure!(place.scheme_str() == Some("https") || self.url.starts_with("http:"), "jwks_uri must begin with https://");
        let keys = keys::usable(self.asking.read::<KeySet>(&place).await?);
        ensure!(!keys.is_empty(), "it has no keys that could be used");
        Ok(keys)
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Known) -> T) -> T {
        work(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }
}
