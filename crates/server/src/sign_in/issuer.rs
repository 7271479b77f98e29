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

/// How old keys get before nobody is let in with them unless the issuer is away: there was nobody for a while, so that they were not asked for.
const OLD: Duration = AGE.saturating_mul(2);

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
    /// When they were read last.
    read: Instant,
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
        let known = RwLock::new(Known { keys: Arc::new([]), times: 0, read: now, until: now });
        Self { url, audiences, asking, known, turn: Mutex::new(Turn { next: now, away: false }) }
    }

    /// Checks that this issuer signed a token.
    pub(super) async fn check(self: &Arc<Self>, token: &Jwt<'_>) -> Result<(), Unproven> {
        let (mut known, now) = (self.known(), Instant::now());
        if known.until <= now && known.times > 0 {
            if known.read + OLD <= now {
                known = self.renew_now(known).await;
            } else {
                self.renew_later(&known);
            }
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
        self.put_off();
        let (issuer, times) = (Arc::clone(self), known.times);
        tokio::spawn(async move { issuer.renew(times).await });
    }

    /// Asks for the keys before those that are known are used again. They do if the issuer is away; for a while nobody waits for it then.
    async fn renew_now(self: &Arc<Self>, known: Known) -> Known {
        let (issuer, times) = (Arc::clone(self), known.times);
        // Whoever asked may leave before there is an answer: others wait for it, too.
        match tokio::spawn(async move { issuer.renew(times).await }).await {
            Ok(Ok(renewed)) => renewed,
            Ok(Err(_)) | Err(_) => {
                self.put_off();
                known
            }
        }
    }

    fn put_off(&self) {
        self.with(|known| known.until = Instant::now() + AGAIN);
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
                    let now = Instant::now();
                    *known = Known { keys: keys.into(), times: times + 1, read: now, until: now + AGE };
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

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use jsonwebtoken::{Algorithm, EncodingKey, crypto, jwk::Jwk};
    use serde_json::{Value, json};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        task::JoinHandle,
    };

    use super::*;

    /// An issuer with one key, which can be another one the next time that it is asked.
    struct Fake {
        url: String,
        key: Arc<RwLock<EncodingKey>>,
        answering: JoinHandle<()>,
    }

    fn key(seed: u8) -> EncodingKey {
        // A secret of Ed25519 as it is written in DER.
        let header = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        EncodingKey::from_ed_der(&[header.as_slice(), &[seed; 32]].concat())
    }

    impl Fake {
        async fn start() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let (key, issuer) = (Arc::new(RwLock::new(key(1))), url.clone());
            let signing = Arc::clone(&key);
            let answering = tokio::spawn(async move {
                loop {
                    let (mut connection, _) = listener.accept().await.unwrap();
                    let mut asked = Vec::new();
                    while !asked.ends_with(b"\r\n\r\n") {
                        asked.push(connection.read_u8().await.unwrap());
                    }
                    let body = if asked.starts_with(b"GET /jwks ") {
                        json!({ "keys": [Jwk::from_encoding_key(&signing.read().unwrap(), Algorithm::EdDSA).unwrap()] })
                    } else {
                        json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/jwks") })
                    };
                    let (body, head) = (body.to_string(), "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length:");
                    let answer = format!("{head} {}\r\n\r\n{body}", body.len());
                    connection.write_all(answer.as_bytes()).await.unwrap();
                }
            });
            Self { url, key, answering }
        }

        fn token(&self) -> String {
            let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
            let claims = json!({ "iss": self.url, "sub": "asha", "aud": "convene", "exp": 2_000_000_000 });
            let signed = format!("{}.{}", part(json!({ "alg": "EdDSA" })), part(claims));
            let signature = crypto::sign(signed.as_bytes(), &self.key.read().unwrap(), Algorithm::EdDSA).unwrap();
            format!("{signed}.{signature}")
        }
    }

    impl Issuer {
        /// As if nobody had come for so long.
        fn grow_old(&self, age: Duration) {
            self.with(|known| {
                known.read -= age;
                known.until = known.read + AGE;
            });
        }
    }

    #[tokio::test]
    async fn a_key_that_was_withdrawn_while_nobody_came_lets_nobody_in() {
        let fake = Fake::start().await;
        let issuer = Arc::new(Issuer::new(fake.url.clone(), vec!["convene".to_owned()], Asking::try_new().unwrap()));
        let check = async |token: &str| issuer.check(&Jwt::read(token).unwrap()).await;
        let old = fake.token();
        assert_eq!(check(&old).await, Ok(()));
        *fake.key.write().unwrap() = key(2);
        assert_eq!(check(&old).await, Ok(()), "as far as anyone here knows");
        issuer.grow_old(OLD);
        let (one, other) = tokio::join!(check(&old), check(&old));
        assert_eq!((one, other), (Err(Unproven::Wrong), Err(Unproven::Wrong)));
        let new = fake.token();
        assert_eq!(check(&new).await, Ok(()));

        // When the issuer is away what is known holds, however old it is.
        fake.answering.abort();
        let _ = fake.answering.await;
        issuer.grow_old(OLD);
        assert_eq!(check(&new).await, Ok(()));
        assert!(issuer.known().until > Instant::now(), "it is not asked each time");
    }
}
