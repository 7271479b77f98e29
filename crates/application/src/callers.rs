//! Whether those who signed in still may do what they could: a connection is signed in once, and can be open for days.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{Caller, Who},
    id::{AccountId, TokenId},
};
use convene_persistence::{accounts, tokens};

use crate::{App, Result, accounts::caller as account, tokens::caller as token};

/// The caller with what they may do now; `None` when they have to sign in anew.
pub async fn renew(app: &App, caller: &Caller, now: DateTime<Utc>) -> Result<Option<Caller>> {
    let Caller::SignedIn(signed) = caller else { return Ok(Some(caller.clone())) };
    if signed.expires_at.is_some_and(|end| end <= now) {
        return Ok(None);
    }
    Ok(match signed.who {
        Who::Token(id) => tokens::find(app.reader(), id).await?.and_then(|found| token(&found, now)),
        Who::Account(id) => match accounts::find(app.reader(), id).await? {
            Some(found) => account(app, &found, signed.expires_at).await?,
            None => None,
        },
    })
}

/// Which of these need not sign in anew.
pub async fn find_valid(app: &App, callers: &[Who], now: DateTime<Utc>) -> Result<HashSet<Who>> {
    let (mut of_tokens, mut of_accounts): (Vec<TokenId>, Vec<AccountId>) = Default::default();
    for caller in callers {
        match caller {
            Who::Token(id) => of_tokens.push(*id),
            Who::Account(id) => of_accounts.push(*id),
        }
    }
    let mut valid = HashSet::with_capacity(callers.len());
    if !of_tokens.is_empty() {
        let found = tokens::load_many(app.reader(), &of_tokens).await?;
        valid.extend(found.iter().filter(|token| token.is_valid(now)).map(|token| Who::Token(token.id)));
    }
    if !of_accounts.is_empty() {
        let found = accounts::load_many(app.reader(), &of_accounts).await?;
        valid.extend(found.iter().filter(|account| account.erased_at.is_none()).map(|account| Who::Account(account.id)));
    }
    Ok(valid)
}
