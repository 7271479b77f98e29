//! Who holds which roles.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{Caller, Role, Verb, Who},
    id::{AccountId, GrantId, TokenId, Within},
    page::{Page, PageRequest},
};
use convene_persistence::{accounts, grants, tokens};
use uuid::Uuid;

pub use convene_persistence::grants::{Granted, LIST, MembershipInvitation};

use crate::{App, Error, Result, accounts::Account, audit::Author, communities};

/// What the caller was given, if they signed in with an account.
pub async fn of_caller(app: &App, caller: &Caller) -> Result<Vec<Granted>> {
    let Some(Who::Account(account)) = caller.who() else { return Ok(Vec::new()) };
    Ok(grants::load_by_account(app.reader(), &[account]).await?.remove(&account).unwrap_or_default())
}

/// The account that the caller signed in with.
pub async fn account_of(app: &App, caller: &Caller) -> Result<Option<Account>> {
    let Some(Who::Account(account)) = caller.who() else { return Ok(None) };
    Ok(accounts::find(app.reader(), account).await?.map(|(account, _)| account))
}

/// The highest role that the caller has in a place, or above it, for any use; `None` when they have none.
pub async fn role_at(app: &App, caller: &Caller, place: Within) -> Result<Option<Role>> {
    let roles = match caller {
        Caller::SignedIn(signed) => signed.roles.as_slice(),
        caller => caller.roles(Verb::Manage),
    };
    let scopes = scopes(app, place).await?;
    let here = roles.iter().filter(|role| role.place().is_none_or(|place| scopes.contains(&place)));
    Ok(here.map(|role| role.role).max())
}

/// Fails if the caller has not this role in a place, or above it, to read with.
pub(crate) async fn require(app: &App, caller: &Caller, role: Role, place: Within) -> Result<()> {
    let reads = caller.signed().is_none_or(|signed| signed.verbs.contains(&Verb::Read));
    match role_at(app, caller, place).await? {
        Some(held) if held >= role && reads => Ok(()),
        _ => Err(Error::Forbidden(role, place)),
    }
}

/// A place and all that it stands under.
async fn scopes(app: &App, place: Within) -> Result<Vec<Uuid>> {
    let mut scopes = vec![place.uuid()];
    if let Within::Community(id) = place {
        let above = communities::load_ancestors(app, &[id]).await?.remove(&id).unwrap_or_default();
        scopes.extend(above.iter().map(|community| community.id.uuid()));
        scopes.extend(communities::load_many(app, &[id]).await?.get(&id).map(|community| community.network.uuid()));
    }
    Ok(scopes)
}

/// Fails if the caller may not see who belongs to a place.
async fn require_keeper(app: &App, caller: &Caller, place: Within) -> Result<()> {
    let role = match place {
        Within::Network(_) => Role::Admin,
        Within::Community(_) => Role::Coordinator,
    };
    require(app, caller, role, place).await
}

/// The role that the caller lacks to see who belongs to a place, if they may not.
///
/// # Errors
///
/// Fails if it cannot be found out.
pub async fn find_lacking(app: &App, caller: &Caller, place: Within) -> Result<Option<Role>> {
    match require_keeper(app, caller, place).await {
        Ok(()) => Ok(None),
        Err(Error::Forbidden(role, _)) => Ok(Some(role)),
        Err(error) => Err(error),
    }
}

/// Lists the roles that are held at a place itself, the oldest first.
///
/// # Errors
///
/// Fails if the caller does not look after the place.
pub async fn list(app: &App, caller: &Caller, place: Within, page: &PageRequest) -> Result<Page<Granted>> {
    require_keeper(app, caller, place).await?;
    Ok(grants::list(app.reader(), place, page).await?)
}

/// Counts the roles that are held at a place itself.
///
/// # Errors
///
/// Fails if the caller does not look after the place.
pub async fn count(app: &App, caller: &Caller, place: Within) -> Result<u64> {
    require_keeper(app, caller, place).await?;
    Ok(grants::count(app.reader(), place).await?)
}

/// An invitation that is open, and who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenInvitation {
    /// The invitation.
    pub invitation: MembershipInvitation,
    /// Who made it.
    pub by: Author,
}

/// Lists the invitations to take on a role at a place itself that nobody has accepted and that were not taken back, the oldest
/// first.
///
/// # Errors
///
/// Fails if the caller does not look after the place.
pub async fn list_invitations(app: &App, caller: &Caller, place: Within, now: DateTime<Utc>) -> Result<Vec<OpenInvitation>> {
    require_keeper(app, caller, place).await?;
    let open = grants::list_open(app.reader(), place, now).await?;
    let makers: Vec<Uuid> = open.iter().filter_map(|invitation| invitation.invited_by).collect();
    // Which of the two someone was is not written down with the invitation; no id is both.
    let accounts: Vec<AccountId> = makers.iter().copied().map(AccountId::from_uuid).collect();
    let tokens: Vec<TokenId> = makers.into_iter().map(TokenId::from_uuid).collect();
    let mut makers: HashMap<Uuid, Author> = HashMap::new();
    for account in accounts::load_many(app.reader(), &accounts).await? {
        makers.insert(account.id.uuid(), Author { who: Some(Who::Account(account.id)), name: account.name });
    }
    for token in tokens::load_many(app.reader(), &tokens).await? {
        makers.insert(token.id.uuid(), Author { who: Some(Who::Token(token.id)), name: Some(token.name.to_string()) });
    }
    let with_maker = |invitation: MembershipInvitation| {
        let by = invitation.invited_by.and_then(|id| makers.get(&id).cloned());
        OpenInvitation { invitation, by: by.unwrap_or(Author { who: None, name: None }) }
    };
    Ok(open.into_iter().map(with_maker).collect())
}

/// Loads the accounts of those who hold roles that the caller was told of.
pub async fn load_holders(app: &App, ids: &[AccountId]) -> Result<HashMap<AccountId, Account>> {
    Ok(accounts::load_many(app.reader(), ids).await?.into_iter().map(|account| (account.id, account)).collect())
}

/// Loads roles by identity, as the answer to whoever has just given or taken on one.
pub async fn load_many(app: &App, ids: &[GrantId]) -> Result<HashMap<GrantId, Granted>> {
    Ok(grants::load_many(app.reader(), ids).await?)
}
