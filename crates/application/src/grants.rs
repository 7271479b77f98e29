//! Who holds which roles.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{Caller, Grant, Role, RoleAt, Verb, Who},
    id::{AccountId, CommunityId, GrantId, Within},
    page::{Page, PageRequest},
};
use convene_persistence::{accounts, grants};
use uuid::Uuid;

pub use convene_persistence::grants::{Granted, LIST};

use crate::{App, Result, accounts::Account, communities};

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

/// Whether the caller may know who holds which roles at a community: its coordinators may.
async fn may_list(app: &App, caller: &Caller, community: CommunityId) -> Result<bool> {
    if !caller.signed().is_none_or(|signed| signed.verbs.contains(&Verb::Read)) {
        return Ok(false);
    }
    Ok(role_at(app, caller, Within::Community(community)).await?.is_some_and(|role| role >= Role::Coordinator))
}

/// Lists the roles that are held at a community itself, the oldest first; `None` when the caller may not know.
pub async fn list(app: &App, caller: &Caller, community: CommunityId, page: &PageRequest) -> Result<Option<Page<Granted>>> {
    if !may_list(app, caller, community).await? {
        return Ok(None);
    }
    Ok(Some(grants::list(app.reader(), community, page).await?))
}

/// Counts the roles that are held at a community itself; `None` when the caller may not know.
pub async fn count(app: &App, caller: &Caller, community: CommunityId) -> Result<Option<u64>> {
    if !may_list(app, caller, community).await? {
        return Ok(None);
    }
    Ok(Some(grants::count(app.reader(), community).await?))
}

/// Loads the accounts of those who hold roles that the caller was told of.
pub async fn load_holders(app: &App, ids: &[AccountId]) -> Result<HashMap<AccountId, Account>> {
    Ok(accounts::load_many(app.reader(), ids).await?.into_iter().map(|account| (account.id, account)).collect())
}

/// Loads roles by identity, as the answer to whoever has just given or taken on one.
pub async fn load_many(app: &App, ids: &[GrantId]) -> Result<HashMap<GrantId, Granted>> {
    Ok(grants::load_many(app.reader(), ids).await?)
}

/// Makes an account the administrator of the whole instance.
pub async fn make_administrator(app: &App, account: AccountId, now: DateTime<Utc>) -> Result<Granted> {
    let grant = Grant { id: GrantId::from_uuid(Uuid::now_v7()), holder: account, allows: RoleAt::everywhere(Role::Admin) };
    let granted = Granted { grant, since: now };
    grants::add_to_instance(app.database(), &granted, None).await?;
    Ok(granted)
}
