//! Tokens that someone makes for programs of their own, and how an instance comes to its first administrator.
//!
//! None of this is part of a network, so there is no log that could tell of it.

use async_graphql::{Context, ID, Object};
use chrono::Utc;
use convene_application::{
    admins::{self, Redeemed},
    tokens::{self, Token},
    writing::{Refusal, RefusalCode},
};
use convene_domain::{access::Who, id::TokenId};

use crate::{
    budget,
    error::Error,
    follow::SignIns,
    input::{BecomeAdministratorInput, CreateApiTokenInput, RevokeApiTokenInput, identify},
    loaders::{self, Loads},
    types::{ApiToken, UserError},
};

#[derive(Debug, Default)]
pub(crate) struct ApiTokenMutation;

#[Object]
impl ApiTokenMutation {
    /// Makes a token for a program of yours, and tells its secret this once. Sent again with the same key it answers the token
    /// without its secret: revoke it then, and make another. `FORBIDDEN` when it could do more than you may; `NOT_ALLOWED` when you
    /// have 100 tokens that are valid, or signed in with a token.
    async fn create_api_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The token.")] input: CreateApiTokenInput,
    ) -> Result<CreateApiTokenPayload, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let (key, _) = identify(&input);
        Ok(CreateApiTokenPayload(match input.check() {
            Ok(new) => tokens::issue(app, caller, &key, new, Utc::now()).await?.map_err(|refusal| vec![refusal]),
            Err(refusals) if caller.who().is_some() => Err(refusals),
            Err(_) => return Err(not_signed_in()),
        }))
    }

    /// Revokes a token: one of yours, or one that could be used nowhere but where you are `ADMIN`. Whoever uses it is turned
    /// away, and what they follow ends (`UNAUTHENTICATED`). One that is revoked already stays so.
    async fn revoke_api_token(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which token.")] input: RevokeApiTokenInput,
    ) -> Result<RevokeApiTokenPayload, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let id = match input.check() {
            Ok(id) => id,
            Err(refusals) if caller.who().is_some() => return Ok(RevokeApiTokenPayload(Err(refusals))),
            Err(_) => return Err(not_signed_in()),
        };
        let done = tokens::withdraw(app, caller, id, Utc::now()).await?;
        if let (Ok(id), Some(sign_ins)) = (&done, ctx.data_opt::<SignIns>()) {
            // Other nodes find out by themselves.
            sign_ins.end(Who::Token(*id));
        }
        Ok(RevokeApiTokenPayload(done.map_err(|refusal| vec![refusal])))
    }

    /// Makes you the administrator of this service, which has none yet: by the secret that `convene admin link` printed, within an
    /// hour. `NOT_ALLOWED` when there is one, or when you signed in with a token. `INVALID` when it is not such a secret, or no
    /// longer.
    async fn become_administrator(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The secret.")] input: BecomeAdministratorInput,
    ) -> Result<BecomeAdministratorPayload, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let not_allowed = |message: &str| Err(vec![Refusal::new(RefusalCode::NotAllowed, [], message)]);
        Ok(BecomeAdministratorPayload(match admins::redeem(app, caller, &input.secret, Utc::now()).await? {
            Some(Redeemed::Done) => Ok(()),
            Some(Redeemed::Late) => not_allowed("there is an administrator already"),
            Some(Redeemed::Wrong) => Err(vec![Refusal::invalid(["secret"], "is none, was used, or is older than an hour")]),
            None => not_allowed("a token cannot do this: sign in yourself"),
        }))
    }
}

pub(super) fn not_signed_in() -> Error {
    convene_application::Error::from(convene_domain::access::NotSignedIn).into()
}

pub(super) async fn told(context: &Context<'_>, refusals: Option<&Vec<Refusal>>) -> Result<Vec<UserError>, Error> {
    let errors: Vec<UserError> = refusals.into_iter().flatten().cloned().map(UserError::from).collect();
    budget::spend(context, errors.len()).await?;
    Ok(errors)
}

/// What came of `createApiToken`.
#[derive(Debug)]
pub(crate) struct CreateApiTokenPayload(Result<(Token, Option<String>), Vec<Refusal>>);

/// What came of `createApiToken`.
#[Object]
impl CreateApiTokenPayload {
    /// The token; null when this was refused.
    async fn api_token(&self) -> Option<ApiToken> {
        self.0.as_ref().ok().map(|(token, _)| ApiToken(token.clone()))
    }

    /// Its secret, which is told only now: programs send it as `authorization: Bearer ...`. Null when this was refused, or was
    /// done before.
    async fn secret(&self) -> Option<&str> {
        self.0.as_ref().ok().and_then(|(_, secret)| secret.as_deref())
    }

    /// Null: tokens are told of in no log.
    async fn cursor(&self) -> Option<&str> {
        None
    }

    /// Why it was refused; empty when it was done.
    async fn user_errors(&self, ctx: &Context<'_>) -> Result<Vec<UserError>, Error> {
        told(ctx, self.0.as_ref().err()).await
    }
}

/// What came of `revokeApiToken`.
#[derive(Debug)]
pub(crate) struct RevokeApiTokenPayload(Result<TokenId, Vec<Refusal>>);

/// What came of `revokeApiToken`.
#[Object]
impl RevokeApiTokenPayload {
    /// The id of the token that is no longer valid; null when this was refused.
    async fn revoked(&self) -> Option<ID> {
        self.0.as_ref().ok().map(|id| id.to_string().into())
    }

    /// Null: tokens are told of in no log.
    async fn cursor(&self) -> Option<&str> {
        None
    }

    /// Why it was refused; empty when it was done.
    async fn user_errors(&self, ctx: &Context<'_>) -> Result<Vec<UserError>, Error> {
        told(ctx, self.0.as_ref().err()).await
    }
}

/// What came of `becomeAdministrator`.
#[derive(Debug)]
pub(crate) struct BecomeAdministratorPayload(Result<(), Vec<Refusal>>);

/// What came of `becomeAdministrator`.
#[Object]
impl BecomeAdministratorPayload {
    /// Whether you are the administrator now.
    async fn done(&self) -> bool {
        self.0.is_ok()
    }

    /// Null: who administers the service is told of in no log of a network.
    async fn cursor(&self) -> Option<&str> {
        None
    }

    /// Why it was refused; empty when it was done.
    async fn user_errors(&self, ctx: &Context<'_>) -> Result<Vec<UserError>, Error> {
        told(ctx, self.0.as_ref().err()).await
    }
}
