//! Tokens that someone makes for programs of their own, at the API.

use chrono::{DateTime, SubsecRound, Utc};
use convene_domain::{
    access::{Caller, NotSignedIn, Role, RoleAt, Verb, Who},
    id::{AccountId, TokenId},
};
use convene_persistence::tokens::{self, Added};
use sha2::{Digest, Sha256};

use super::{NewToken, PREFIX, Token, allowed, common, hash, secret};
use crate::{
    App, Error, Result,
    writing::{Refusal, RefusalCode, check_key},
};

/// How many valid tokens an account may have.
pub const LIMIT: usize = 100;

/// The account of a caller. A token is nobody: what it may do, it cannot hand on.
fn account(caller: &Caller) -> Result<std::result::Result<AccountId, Refusal>> {
    match caller.who() {
        Some(Who::Account(account)) => Ok(Ok(account)),
        Some(Who::Token(_)) => Ok(Err(Refusal::new(RefusalCode::NotAllowed, [], "a token cannot do this: sign in yourself"))),
        None => Err(NotSignedIn.into()),
    }
}

/// Makes a token for a caller, which may do no more than they may. Answers its secret too, which is kept nowhere: asked for
/// again with the same key, it answers the token alone.
///
/// # Errors
///
/// Fails if the caller did not sign in.
pub async fn issue(
    app: &App,
    caller: &Caller,
    key: &str,
    new: NewToken,
    now: DateTime<Utc>,
) -> Result<std::result::Result<(Token, Option<String>), Refusal>> {
    let account = match account(caller)? {
        Ok(account) => account,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Err(refusal) = check_key(key) {
        return Ok(Err(refusal));
    }
    let allows = match allowed(app, new.within, new.role).await {
        Ok(allows) => allows,
        Err(Error::Invalid { argument, reason }) => return Ok(Err(Refusal::invalid([argument], reason.to_string()))),
        Err(Error::NoSuchPlace(_)) => return Ok(Err(Refusal::not_found("within"))),
        Err(error) => return Err(error),
    };
    let (secret, within) = (secret(PREFIX), new.within);
    let mut verbs = new.verbs;
    verbs.sort_unstable();
    verbs.dedup();
    let token = Token {
        id: named(account, key),
        name: new.name,
        allows,
        verbs,
        account: Some(account),
        created_at: now.trunc_subsecs(6),
        expires_at: new.expires_at.map(|end| end.trunc_subsecs(6)),
        revoked_at: None,
        last_used_at: None,
    };
    // What was done is answered again however things are now: it may be over, or more than the caller may by now.
    if let Some(made) = tokens::find(app.reader(), token.id).await? {
        return Ok(again(made, &token));
    }
    if token.expires_at.is_some_and(|end| end <= now) {
        return Ok(Err(Refusal::invalid(["expiresAt"], "is over")));
    }
    if token.verbs.is_empty() {
        return Ok(Err(Refusal::invalid(["verbs"], "is empty: say what the token may be used for")));
    }
    if !may_hand_on(app, caller, allows).await? {
        return Ok(Err(Refusal::forbidden("role", (allows.role, within), false)));
    }
    match tokens::add_own(app.database(), (account, LIMIT), &token, &hash(&secret)).await? {
        Added::Made => Ok(Ok((token, Some(secret)))),
        Added::Full => Ok(Err(Refusal::new(RefusalCode::NotAllowed, [], format!("you have {LIMIT} tokens: revoke one first")))),
        Added::There => {
            let made = tokens::find(app.reader(), token.id).await?.ok_or(Error::Lost("tokens"))?;
            Ok(again(made, &token))
        }
    }
}

/// Answers once more for a token that was made with the same key, if it is the same.
fn again(made: Token, asked: &Token) -> std::result::Result<(Token, Option<String>), Refusal> {
    let same = made.name == asked.name
        && made.allows == asked.allows
        && made.verbs == asked.verbs
        && made.expires_at == asked.expires_at;
    let used = || Refusal::new(RefusalCode::Conflict, ["idempotencyKey"], "was used for another token");
    if same { Ok((made, None)) } else { Err(used()) }
}

/// Lists the tokens of a caller that are valid, the oldest first.
pub async fn list_own(app: &App, caller: &Caller, now: DateTime<Utc>) -> Result<Vec<Token>> {
    match caller.who() {
        Some(Who::Account(account)) => Ok(tokens::of_account(app.reader(), account, now).await?),
        Some(Who::Token(_)) | None => Ok(Vec::new()),
    }
}

/// Revokes a token: one's own, the one that was signed in with, or any that could do nothing outside of what the caller
/// administers. One that is revoked already stays so.
///
/// # Errors
///
/// Fails if the caller did not sign in.
pub async fn withdraw(
    app: &App,
    caller: &Caller,
    id: TokenId,
    now: DateTime<Utc>,
) -> Result<std::result::Result<TokenId, Refusal>> {
    let who = caller.who().ok_or(NotSignedIn)?;
    let Some(token) = tokens::find(app.reader(), id).await? else { return Ok(Err(Refusal::not_found("token"))) };
    let own = who == Who::Token(id) || token.account.is_some_and(|account| who == Who::Account(account));
    let administered = RoleAt { role: Role::Admin, community: None, ..token.allows };
    if !own && !may_hand_on(app, caller, administered).await? {
        return Ok(Err(Refusal::not_found("token")));
    }
    tokens::revoke(app.database(), id, now).await?;
    Ok(Ok(id))
}

/// Whether a caller has a role, or a higher one, in a place, and may decide about others.
async fn may_hand_on(app: &App, caller: &Caller, role: RoleAt) -> Result<bool> {
    Ok(common(app, role, caller.roles(Verb::Manage)).await?.contains(&role))
}

/// The token that an account makes with a key, whether it is there or not.
fn named(account: AccountId, key: &str) -> TokenId {
    let digest = Sha256::new().chain_update(account.uuid()).chain_update(key).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    TokenId::from_uuid(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_names_one_token_of_an_account() {
        let [asha, ben] = [1, 2].map(|n| AccountId::from_uuid(Uuid::from_u128(n)));
        assert_eq!(named(asha, "one"), named(asha, "one"));
        assert_ne!(named(asha, "one"), named(asha, "two"));
        assert_ne!(named(asha, "one"), named(ben, "one"));
    }
}
