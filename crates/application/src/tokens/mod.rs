//! Tokens: what programs sign in with.

mod issue;

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::{
    Invalid,
    access::{Caller, Role, RoleAt, Verb, Who},
    id::{CommunityId, TokenId, Within},
    text::Text,
};
use convene_persistence::{accounts, tokens};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{App, Error, Result, accounts::payer, nodes};

pub use self::issue::{LIMIT, issue, list_own, withdraw};
pub use convene_persistence::tokens::Token;

/// What the secret of a token begins with, so that one that was published by mistake is found.
pub const PREFIX: &str = "cvn_";

/// How often it is noted that a token is used.
pub const NOTED: TimeDelta = TimeDelta::minutes(1);

/// A token that is to be made.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whom or what it is for.
    pub name: Text,
    /// Where it may be used; `None` for everywhere.
    pub within: Option<Within>,
    /// Its role there; `None` for the highest that there is.
    pub role: Option<Role>,
    /// What it may be used for, whatever its role.
    pub verbs: Vec<Verb>,
    /// From when on it is no longer valid; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl NewToken {
    /// A token that may do everything.
    pub fn everything(name: Text) -> Self {
        Self { name, within: None, role: None, verbs: Verb::ALL.to_vec(), expires_at: None }
    }
}

/// Makes a token. Answers its secret too, which is kept nowhere.
///
/// # Errors
///
/// Fails if the place is not there, or there is no such role in it.
pub async fn create(app: &App, new: NewToken, now: DateTime<Utc>) -> Result<(Token, String)> {
    let allows = allowed(app, new.within, new.role).await?;
    if new.verbs.is_empty() {
        return Err(Error::Invalid { argument: "verbs", reason: Invalid::new("has to name what the token may be used for") });
    }
    let secret = secret(PREFIX);
    let token = Token {
        id: TokenId::from_uuid(Uuid::now_v7()),
        name: new.name,
        allows,
        verbs: new.verbs,
        account: None,
        created_at: now,
        expires_at: new.expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    tokens::add(app.database(), &token, &hash(&secret)).await?;
    Ok((token, secret))
}

/// A role in a place, if it is there and knows such a role.
async fn allowed(app: &App, within: Option<Within>, role: Option<Role>) -> Result<RoleAt> {
    let no_such_role = |reason: &str| Err(Error::Invalid { argument: "role", reason: Invalid::new(reason) });
    let Some(within) = within else {
        return match role {
            None | Some(Role::Admin) => Ok(RoleAt::everywhere(Role::Admin)),
            Some(_) => no_such_role("is one in a network or a community: name it"),
        };
    };
    let network = nodes::network_of(app, within).await?;
    match within {
        Within::Network(_) => Ok(RoleAt::in_network(network, role.unwrap_or(Role::Admin))),
        Within::Community(_) if role == Some(Role::Admin) => no_such_role("cannot be ADMIN in a community: only in its network"),
        Within::Community(community) => Ok(RoleAt::at(network, community, role.unwrap_or(Role::Coordinator))),
    }
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
    match found {
        Some(token) => caller(app, &token, now).await,
        None => Ok(None),
    }
}

/// Notes that a token is used.
pub async fn note_use(app: &App, id: TokenId, now: DateTime<Utc>) -> Result<()> {
    Ok(tokens::note_use(app.database(), id, now - NOTED, now).await?)
}

/// A token as a caller; `None` when it is no longer valid. Whatever it says, it may do no more than the account that made it.
pub(crate) async fn caller(app: &App, token: &Token, now: DateTime<Utc>) -> Result<Option<Caller>> {
    if !token.is_valid(now) {
        return Ok(None);
    }
    let (roles, payer) = match token.account {
        None => (vec![token.allows], token.id.uuid()),
        Some(account) => match accounts::find(app.reader(), account).await? {
            Some((account, roles)) if account.erased_at.is_none() => (common(app, token.allows, &roles).await?, payer(&account)),
            _ => return Ok(None),
        },
    };
    let caller = Caller::signed_in(Who::Token(token.id), roles, token.verbs.clone(), token.expires_at);
    Ok(Some(caller.paid_by(payer)))
}

/// What is left of a role for someone who has no others than these.
async fn common(app: &App, allows: RoleAt, roles: &[RoleAt]) -> Result<Vec<RoleAt>> {
    let mut communities: Vec<CommunityId> = roles.iter().chain([&allows]).filter_map(|role| role.community).collect();
    communities.sort_unstable();
    communities.dedup();
    let above = if allows.community.is_some() && communities.len() > 1 {
        accounts::find_above(app.reader(), &communities).await?
    } else {
        HashSet::new()
    };
    let lies_in = |inner: RoleAt, outer: RoleAt| match (outer.network, outer.community) {
        (None, _) => true,
        (network, None) => inner.network == network,
        (_, Some(outer)) => inner.community.is_some_and(|inner| inner == outer || above.contains(&(inner, outer))),
    };
    let narrower = |role: &RoleAt| {
        let place = if lies_in(allows, *role) { Some(allows) } else { lies_in(*role, allows).then_some(*role) };
        place.map(|place| RoleAt { role: allows.role.min(role.role), ..place })
    };
    Ok(roles.iter().filter_map(narrower).collect())
}

/// A secret that nobody guesses: 244 random bits, from the operating system.
pub(crate) fn secret(prefix: &str) -> String {
    format!("{prefix}{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// The fingerprint of a secret.
pub(crate) fn hash(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
