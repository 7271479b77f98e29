//! Accounts: those who sign in with an issuer that the operator trusts.

use chrono::{DateTime, Utc};
use convene_domain::{
    access::{Caller, Verb, Who},
    id::AccountId,
};
use convene_persistence::accounts;
use uuid::Uuid;

use crate::{App, Error, Result, grants};

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
}

/// Signs someone in until an instant. Whoever comes for the first time gets an account, which may do nothing yet. `None`
/// when the account was erased: then it stays so.
pub async fn sign_in(app: &App, identity: Identity<'_>, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<Option<Caller>> {
    let Identity { issuer, subject, name } = identity;
    let account = match accounts::find_by_subject(app.reader(), issuer, subject).await? {
        Some(account) => account,
        None => {
            let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
            let name = name.map(str::to_owned);
            let new =
                Account { id: AccountId::from_uuid(Uuid::now_v7()), issuer, subject, name, created_at: now, erased_at: None };
            accounts::add(app.database(), &new).await?;
            // It may be one that was made at the same time.
            accounts::find_by_subject(app.reader(), identity.issuer, identity.subject).await?.ok_or(Error::Lost("accounts"))?
        }
    };
    if let Some(name) = name.filter(|name| account.erased_at.is_none() && account.name.as_deref() != Some(name)) {
        accounts::rename(app.database(), account.id, name).await?;
    }
    caller(app, &account, Some(expires_at)).await
}

/// An account as a caller; `None` when it was erased.
pub(crate) async fn caller(app: &App, account: &Account, expires_at: Option<DateTime<Utc>>) -> Result<Option<Caller>> {
    if account.erased_at.is_some() {
        return Ok(None);
    }
    let roles = grants::roles(app, account.id).await?;
    Ok(Some(Caller::signed_in(Who::Account(account.id), roles, Verb::ALL.to_vec(), expires_at)))
}
