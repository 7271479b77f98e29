//! The first administrator of an instance. There is no password to begin with: whoever has the machine hands out a secret,
//! which makes whoever shows it first, signed in, the administrator.

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::access::{Caller, NotSignedIn, Who};
use convene_persistence::admins;

use crate::{
    App, Result,
    accounts::new_grant,
    tokens::{hash, secret},
};

pub use convene_persistence::admins::Redeemed;

/// What such a secret begins with.
const PREFIX: &str = "cva_";

/// How long a secret can be used.
pub const VALID: TimeDelta = TimeDelta::hours(1);

/// Makes a secret, which is kept nowhere; `None` when there is an administrator already.
pub async fn create_secret(app: &App, now: DateTime<Utc>) -> Result<Option<String>> {
    if admins::exist(app.reader()).await? {
        return Ok(None);
    }
    let secret = secret(PREFIX);
    admins::add_secret(app.database(), &hash(&secret), now, now + VALID).await?;
    Ok(Some(secret))
}

/// Makes whoever shows a secret the administrator. `None` when they did not sign in as someone: a token is nobody.
///
/// # Errors
///
/// Fails if the caller did not sign in.
pub async fn redeem(app: &App, caller: &Caller, secret: &str, now: DateTime<Utc>) -> Result<Option<Redeemed>> {
    match caller.who() {
        Some(Who::Account(account)) => Ok(Some(admins::redeem(app.database(), &hash(secret), account, new_grant(), now).await?)),
        Some(Who::Token(_)) => Ok(None),
        None => Err(NotSignedIn.into()),
    }
}
