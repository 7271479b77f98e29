//! Queries that clients send once, and from then on only name by their hash: a GET with a hash is short, and what it answers
//! can be asked for on condition.

use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use lru::LruCache;
use sha2::{Digest, Sha256};

use crate::{error::ErrorCode, guard::Refusal, request::GraphqlRequest};

/// How many queries are remembered.
const QUERIES: usize = 2_000;
/// The longest query that is remembered, in bytes.
const LONGEST: usize = 16 << 10;

/// The SHA-256 of a query.
pub(crate) type Hash = [u8; 32];

/// The queries that clients name by their hash.
#[derive(Debug)]
pub(crate) struct Persisted(Mutex<LruCache<Hash, Arc<str>>>);

impl Default for Persisted {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(QUERIES).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Persisted {
    /// Gives a request its query, if it only names it.
    ///
    /// # Errors
    ///
    /// Fails if the query was not sent lately, so that the client sends it, or if the hash is not its own.
    pub(crate) fn recover(&self, request: &mut GraphqlRequest) -> Result<(), Refusal> {
        let Some(hash) = request.persisted else { return Ok(()) };
        if request.query.is_empty() {
            let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
            // Clients know it by this very message.
            let missing = || Refusal::new(ErrorCode::PersistedQueryNotFound, "PersistedQueryNotFound");
            found.ok_or_else(missing)?.as_ref().clone_into(&mut request.query);
        } else if hash != Hash::from(Sha256::digest(&request.query)) {
            let message = "\"extensions.persistedQuery.sha256Hash\" is not the hash of the query";
            return Err(Refusal::new(ErrorCode::MalformedRequest, message));
        }
        Ok(())
    }

    /// Remembers the query of a request that was sound, if the client is going to name it.
    pub(crate) fn remember(&self, hash: Option<Hash>, query: &str) {
        let Some(hash) = hash.filter(|_| query.len() <= LONGEST) else { return };
        let mut queries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !queries.promote(&hash) {
            queries.put(hash, query.into());
        }
    }
}

/// Reads a hash as clients write it.
pub(crate) fn parse(text: &str) -> Option<Hash> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    let bytes: Vec<u8> = digits?.chunks(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    bytes.try_into().ok().filter(|_| text.len() == 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_digits() {
        let hash: Hash = Sha256::digest("{ networks { nodes { id } } }").into();
        let text: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(parse(&text), Some(hash));
        assert_eq!(parse(&text.to_uppercase()), Some(hash));
        for wrong in [&text[1..], "", &format!("{text}0"), &text.replace(&text[..1], "g")] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
