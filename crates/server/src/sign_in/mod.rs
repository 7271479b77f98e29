//! Who someone is who signs in: with a token of ours, or with one that an OIDC issuer signed.

mod asking;
mod issuer;
mod jwt;
mod keys;
mod settings;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use convene_application::{
    App,
    accounts::{self, Identity},
    tokens,
};
use convene_domain::{
    access::{Caller, Who},
    id::TokenId,
};
use convene_graphql::{error::ErrorCode, guard::Refusal};
use tracing::warn;

pub(crate) use self::settings::{FirstAdmin, Issuers};
use self::{
    asking::Asking,
    issuer::{Issuer, Unproven},
    jwt::Jwt,
};

/// How long it may take to look up who someone is.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Of how many tokens it is known at once when they were used, before those are forgotten that were not used lately.
const MOST_USED: usize = 10_000;

/// Tells who has which token.
pub(crate) struct SignIn {
    app: App,
    issuers: Vec<Arc<Issuer>>,
    first_admin: Option<(String, String)>,
    /// When it was noted last that a token is used.
    used: Mutex<HashMap<TokenId, DateTime<Utc>>>,
}

impl SignIn {
    /// Prepares to sign in those whom these issuers know, and asks the issuers for their keys.
    ///
    /// # Errors
    ///
    /// Fails if there are issuers, and the system trusts nobody to say that it is they.
    pub(crate) fn try_new(app: App, issuers: &Issuers, first_admin: &FirstAdmin) -> anyhow::Result<Self> {
        let mut trusted: Vec<(String, Vec<String>)> = Vec::new();
        for entry in &issuers.0 {
            match trusted.iter_mut().find(|(issuer, _)| *issuer == entry.issuer) {
                Some((_, audiences)) => audiences.push(entry.audience.clone()),
                None => trusted.push((entry.issuer.clone(), vec![entry.audience.clone()])),
            }
        }
        let asking = if trusted.is_empty() { None } else { Some(Asking::try_new()?) };
        let with = |asking: &Asking| {
            trusted.into_iter().map(|(url, audiences)| Arc::new(Issuer::new(url, audiences, asking.clone()))).collect()
        };
        let issuers: Vec<Arc<Issuer>> = asking.as_ref().map(with).unwrap_or_default();
        for issuer in &issuers {
            // Whoever set up an issuer wrongly reads it in the log at once.
            let issuer = Arc::clone(issuer);
            tokio::spawn(async move { issuer.renew(0).await });
        }
        Ok(Self { app, issuers, first_admin: first_admin.0.clone(), used: Mutex::default() })
    }

    /// Who has a token.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Caller, Refusal> {
        if token.starts_with(tokens::PREFIX) {
            // That it is not ours and that it is no longer valid read the same.
            let found = look_up(tokens::authenticate(&self.app, token, Utc::now())).await?;
            let caller = found.ok_or_else(|| refused("the token is not, or no longer, valid"))?;
            self.note_use(&caller);
            return Ok(caller);
        }
        let token = Jwt::read(token).map_err(refused)?;
        let issuer = self.issuers.iter().find(|issuer| issuer.url == token.claims.iss);
        let issuer = issuer.ok_or_else(|| refused("the issuer of the token is not trusted here (iss)"))?;
        match issuer.check(&token).await {
            Ok(()) => {}
            Err(Unproven::Wrong) => return Err(refused("the token was not signed by its issuer")),
            Err(Unproven::Away) => {
                let message = "the issuer of the token cannot be asked for its keys: try again later";
                return Err(Refusal::new(ErrorCode::Unavailable, message));
            }
        }
        let now = Utc::now();
        let expires_at = token.claims.check(&issuer.audiences, now).map_err(refused)?;
        let (issuer, subject) = (token.claims.iss.as_str(), token.claims.sub.as_str());
        let is_first_admin = self.first_admin.as_ref().is_some_and(|(of, who)| of == issuer && who == subject);
        let identity = Identity { issuer, subject, name: token.claims.name(), is_first_admin };
        let found = look_up(accounts::sign_in(&self.app, identity, expires_at, now)).await?;
        found.ok_or_else(|| refused("the account was erased"))
    }

    /// Notes now and then that a token is used. Nobody waits for that.
    fn note_use(&self, caller: &Caller) {
        let (Some(Who::Token(token)), now) = (caller.who(), Utc::now()) else { return };
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.get(&token).is_some_and(|noted| now - *noted < tokens::NOTED) {
            return;
        }
        if used.len() >= MOST_USED {
            used.retain(|_, noted| now - *noted < tokens::NOTED);
        }
        used.insert(token, now);
        let app = self.app.clone();
        tokio::spawn(async move {
            if let Err(error) = tokens::note_use(&app, token, now).await {
                warn!(%error, "it cannot be noted that a token is used");
            }
        });
    }
}

fn refused(message: &'static str) -> Refusal {
    Refusal::new(ErrorCode::Unauthenticated, message)
}

/// Waits for the database, but not for ever.
async fn look_up<T>(looking: impl Future<Output = convene_application::Result<T>>) -> Result<T, Refusal> {
    let unavailable = || Refusal::new(ErrorCode::Unavailable, "temporarily unavailable: try again later");
    match tokio::time::timeout(LOOK_UP, looking).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            warn!(%error, "it cannot be looked up who has a token");
            Err(unavailable())
        }
        Err(_) => {
            warn!("it cannot be looked up in time who has a token");
            Err(unavailable())
        }
    }
}
