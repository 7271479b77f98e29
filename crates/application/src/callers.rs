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
        Who::Token(id) => match tokens::find(app.reader(), id).await? {
            Some(found) => token(app, &found, now).await?,
            None => None,
        },
        Who::Account(id) => {
            let found = accounts::find(app.reader(), id).await?;
            found.and_then(|(found, roles)| account(&found, roles, signed.expires_at))
        }
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
    let mut found = tokens::load_many(app.reader(), &of_tokens).await?;
    found.retain(|token| token.is_valid(now));
    // A token ends with the account of whoever made it.
    of_accounts.extend(found.iter().filter_map(|token| token.account));
    let accounts = accounts::load_many(app.reader(), &of_accounts).await?;
    let there: HashSet<AccountId> = accounts.iter().filter(|account| account.erased_at.is_none()).map(|it| it.id).collect();
    found.retain(|token| token.account.is_none_or(|account| there.contains(&account)));
    Ok(found.iter().map(|token| Who::Token(token.id)).chain(there.into_iter().map(Who::Account)).collect())
}
