//! Accounts: those who sign in with an issuer that the operator trusts.

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{Caller, NotSignedIn, Role, RoleAt, Verb, Who},
    change::{ChangeKind, EntityType, NewChange},
    id::AccountId,
};
use convene_persistence::{Write, accounts, grants};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{App, Error, Result, admins};

pub use convene_persistence::accounts::Account;

/// Whom an issuer says that someone is.
#[derive(Debug, Clone, Copy)]
pub struct Identity<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// What it calls them, for ever.
    pub subject: &'a str,
    /// What others call them, if the issuer says.
    pub name: Option<&'a str>,
    /// Whether they become administrator of the instance, if there never was one.
    pub is_first_admin: bool,
}

/// Signs someone in until an instant. Whoever comes for the first time gets an account, which may do nothing yet. `None`
/// when the account was erased: then it stays so.
pub async fn sign_in(app: &App, identity: Identity<'_>, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Option<Caller>> {
    let Identity { issuer, subject, name, is_first_admin } = identity;
    let (account, mut roles) = match accounts::find_by_subject(app.reader(), issuer, subject).await? {
        Some(found) => found,
        None => {
            accounts::add(app.database(), &new(identity, now)).await?;
            // It may be one that was made at the same time.
            accounts::find_by_subject(app.reader(), issuer, subject).await?.ok_or(Error::Lost("accounts"))?
        }
    };
    if account.erased_at.is_some() {
        return Ok(None);
    }
    if let Some(name) = name.filter(|name| account.name.as_deref() != Some(name)) {
        accounts::rename(app.database(), account.id, name).await?;
    }
    let everything = RoleAt::everywhere(Role::Admin);
    if is_first_admin && !roles.contains(&everything) && admins::make_first(app, account.id, now).await? {
        roles.push(everything);
    }
    Ok(caller(&account, roles, Some(expires_at)))
}

fn new(identity: Identity<'_>, now: DateTime<Utc>) -> Account {
    Account {
        id: AccountId::from_uuid(Uuid::now_v7()),
        issuer: identity.issuer.to_owned(),
        subject: identity.subject.to_owned(),
        name: identity.name.map(str::to_owned),
        created_at: now,
        erased_at: None,
    }
}

/// An account as a caller; `None` when it was erased.
pub(crate) fn caller(account: &Account, roles: Vec<RoleAt>, expires_at: Option<DateTime<Utc>>) -> Option<Caller> {
    let signed_in = || Caller::signed_in(Who::Account(account.id), roles, Verb::ALL.to_vec(), expires_at);
    account.erased_at.is_none().then(|| signed_in().paid_by(payer(account)))
}

/// Who pays for what an account and its tokens ask for: whom the issuer knows. Otherwise whoever erased an account, and signed in again,
/// could begin anew.
pub(crate) fn payer(Account { issuer, subject, .. }: &Account) -> Uuid {
    let digest = Sha256::new().chain_update(issuer).chain_update([0]).chain_update(subject).finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}

/// Erases an account: who it was can no longer be found out, its roles are taken back, and its tokens end. What it wrote stays,
/// told apart by an id that says nothing. Whoever signs in with it later comes for the first time. Answers whether there is such
/// an account, as far as the caller may know: people may erase themselves, and administrators of the instance anyone.
///
/// # Errors
///
/// Fails if the caller did not sign in, or if storage fails; it may be asked for again then.
pub async fn erase(app: &App, caller: &Caller, id: AccountId, now: DateTime<Utc>) -> Result<bool> {
    let own = caller.who() == Some(Who::Account(id));
    match caller {
        Caller::Anonymous => return Err(NotSignedIn.into()),
        caller if !own && !caller.roles(Verb::Manage).contains(&RoleAt::everywhere(Role::Admin)) => return Ok(false),
        _ => {}
    }
    let mut write = Write::begin(app.database(), now).await?;
    write.signed(caller.who());
    let held = grants::load_by_account(write.transaction(), &[id]).await?.remove(&id).unwrap_or_default();
    for granted in held {
        if !grants::revoke(&write, granted.grant.id).await? {
            continue;
        }
        let (kind, entity_type, entity) = (ChangeKind::Removed, EntityType::Grant, granted.grant.id.uuid());
        match granted.grant.allows.network {
            Some(network) => write.record(network, NewChange { kind, entity_type, entity, revision: 2, occurred_at: None }),
            None => admins::tell_all(&mut write, (granted.grant.id, kind, 2)).await?,
        }
    }
    let there = accounts::erase(write.transaction(), id, now).await? || accounts::find(write.transaction(), id).await?.is_some();
    app.wake(&write.seal_or_commit().await?);
    Ok(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(issuer: &'static str, subject: &'static str) -> Account {
        new(Identity { issuer, subject, name: None, is_first_admin: false }, DateTime::UNIX_EPOCH)
    }

    #[test]
    fn whoever_signs_in_anew_pays_as_before() {
        let (asha, again) = (account("https://id.example.org", "asha"), account("https://id.example.org", "asha"));
        assert_ne!(asha.id, again.id);
        assert_eq!(payer(&asha), payer(&again));
        for other in [account("https://id.example.org", "ben"), account("https://id.example.com", "asha")] {
            assert_ne!(payer(&asha), payer(&other));
        }
        let caller = caller(&asha, Vec::new(), None).unwrap();
        assert_eq!(caller.signed().map(|signed| signed.payer), Some(payer(&asha)));
    }
}
