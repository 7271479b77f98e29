//! Tokens: what those who write sign in with. Only the operator makes them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{Caller, Who},
    id::TokenId,
    text::Text,
};
use convene_persistence::tokens;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{App, Result};

pub use convene_persistence::tokens::Token;

/// What the secret of a token begins with, so that one that was published by mistake is found.
pub const PREFIX: &str = "cvn_";

/// Makes a token. Answers its secret too, which is kept nowhere.
pub async fn create(app: &App, name: Text, expires_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(Token, String)> {
    // 244 random bits, from the operating system.
    let secret = format!("{PREFIX}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let token = Token { id: TokenId::from_uuid(Uuid::now_v7()), name, created_at: now, expires_at, revoked_at: None };
    tokens::add(app.database(), &token, &hash(&secret)).await?;
    Ok((token, secret))
}

/// Lists all tokens, the oldest first.
pub async fn list(app: &App) -> Result<Vec<Token>> {
    Ok(tokens::all(app.reader()).await?)
}

/// Revokes a token; `false` when there is none with this id that is not revoked yet.
pub async fn revoke(app: &App, id: TokenId, now: DateTime<Utc>) -> Result<bool> {
    Ok(tokens::revoke(app.database(), id, now).await?)
}

/// Who has this secret; `None` when it is none, or no longer valid.
pub async fn authenticate(app: &App, secret: &str, now: DateTime<Utc>) -> Result<Option<Caller>> {
    if !secret.starts_with(PREFIX) {
        return Ok(None);
    }
    // A random secret of this length cannot be guessed from the fingerprint, however fast that is computed.
    let found = tokens::find_by_hash(app.reader(), &hash(secret)).await?;
    Ok(found.filter(|token| token.is_valid(now)).map(|token| Caller::token(token.id)))
}

/// Whether a caller who signed in once still may; whoever did not, may.
pub async fn is_valid(app: &App, caller: &Caller, now: DateTime<Utc>) -> Result<bool> {
    let Some(Who::Token(id)) = caller.who() else { return Ok(true) };
    Ok(tokens::find(app.reader(), id).await?.is_some_and(|token| token.is_valid(now)))
}

/// Which of these tokens are valid.
pub async fn find_valid(app: &App, ids: &[TokenId], now: DateTime<Utc>) -> Result<HashSet<TokenId>> {
    let found = tokens::load_many(app.reader(), ids).await?;
    Ok(found.into_iter().filter(|token| token.is_valid(now)).map(|token| token.id).collect())
}

fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
