//! Erasing who someone is to this service.

use async_graphql::{Context, ID, Object};
use chrono::Utc;
use convene_application::{accounts, writing::Refusal};
use convene_domain::{access::Who, id::AccountId};

use super::api_token::{not_signed_in, told};
use crate::{
    error::Error,
    follow::SignIns,
    input::EraseAccountInput,
    loaders::{self, Loads},
    types::UserError,
};

#[derive(Debug, Default)]
pub(crate) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Erases an account, your own or, as `ADMIN` of the whole service, another one. Its name and what its issuer calls it are
    /// forgotten, its roles are taken back, with entries in the logs of their networks, and its tokens end, with whatever is
    /// followed. What it wrote stays, under an id that says nothing. Signing in later makes a new account, without roles. Once
    /// is enough: it stays erased however often this is sent. `NOT_FOUND` when there is no such account, or it is not
    /// for you to erase.
    async fn erase_account(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which account.")] input: EraseAccountInput,
    ) -> Result<EraseAccountPayload, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let id = match input.check() {
            Ok(id) => id,
            Err(refusals) if caller.who().is_some() => return Ok(EraseAccountPayload(Err(refusals))),
            Err(_) => return Err(not_signed_in()),
        };
        if !accounts::erase(app, caller, id, Utc::now()).await? {
            return Ok(EraseAccountPayload(Err(vec![Refusal::not_found("account")])));
        }
        if let Some(sign_ins) = ctx.data_opt::<SignIns>() {
            // Other nodes find out by themselves.
            sign_ins.end(Who::Account(id));
        }
        Ok(EraseAccountPayload(Ok(id)))
    }
}

/// What came of `eraseAccount`.
#[derive(Debug)]
pub(crate) struct EraseAccountPayload(Result<AccountId, Vec<Refusal>>);

/// What came of `eraseAccount`.
#[Object]
impl EraseAccountPayload {
    /// The id of the account that is erased; null when this was refused.
    async fn erased(&self) -> Option<ID> {
        self.0.as_ref().ok().map(|id| id.to_string().into())
    }

    /// Null: an account can have had roles in many networks.
    async fn cursor(&self) -> Option<&str> {
        None
    }

    /// Why it was refused; empty when it was done.
    async fn user_errors(&self, ctx: &Context<'_>) -> Result<Vec<UserError>, Error> {
        told(ctx, self.0.as_ref().err()).await
    }
}
