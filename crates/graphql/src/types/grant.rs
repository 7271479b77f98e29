//! Who someone is to this service, and what they may do.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use chrono::Utc;
use convene_application::{
    accounts,
    grants::{self, Granted, OpenInvitation},
    tokens,
};
use convene_domain::{
    access::{self, RoleAt},
    id::{AccountId, Within},
};

use crate::{
    budget,
    error::{Error, nullable},
    input,
    loaders::{self, Loads},
    scalars::DateTime,
    types::{ApiToken, Author, Community, Network, Role},
};

/// What a token may be used for, whatever its role.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "access::Verb")]
pub(crate) enum Verb {
    /// To read what its role may read.
    Read,
    /// To write gatherings and reports.
    Write,
    /// To do what coordinators and administrators do.
    Manage,
}

/// An account that someone signs in with.
#[derive(Debug, SimpleObject)]
pub(crate) struct Account {
    /// The identity: give it to whoever is to grant you a role.
    id: ID,
    /// What they are called; null when the issuer of their tokens does not say, or the account was erased.
    name: Option<String>,
}

impl From<&accounts::Account> for Account {
    fn from(account: &accounts::Account) -> Self {
        Self { id: account.id.to_string().into(), name: account.name.clone() }
    }
}

/// A role in a place. It holds for everything under the place.
#[derive(Debug)]
pub(crate) struct Grant {
    id: Option<ID>,
    holder: Option<AccountId>,
    allows: RoleAt,
    since: Option<chrono::DateTime<chrono::Utc>>,
}

impl From<Arc<Granted>> for Grant {
    fn from(granted: Arc<Granted>) -> Self {
        let convene_domain::access::Grant { id, holder, allows } = granted.grant;
        Self { id: Some(id.to_string().into()), holder: Some(holder), allows, since: Some(granted.since) }
    }
}

impl From<RoleAt> for Grant {
    fn from(allows: RoleAt) -> Self {
        Self { id: None, holder: None, allows, since: None }
    }
}

/// A role in a place. It holds for everything under the place.
#[Object]
impl Grant {
    /// The identity, to take the role back; null for the role of a token, which is not given but made with it, and for one that is
    /// only offered.
    async fn id(&self) -> Option<&ID> {
        self.id.as_ref()
    }

    /// The role.
    async fn role(&self) -> Role {
        self.allows.role.into()
    }

    /// Who has it; null for the role of a token, and for one that is only offered.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>, Error> {
        let Some(holder) = self.holder else { return Ok(None) };
        Ok(loaders::load(ctx, loaders::Holder(holder)).await?.as_deref().map(Account::from))
    }

    /// The community at which it is had; null for a role in a whole network or everywhere.
    async fn community(&self, ctx: &Context<'_>) -> Option<Community> {
        let found = loaders::load(ctx, self.allows.community?).await;
        nullable(ctx, found.map(|found| found.map(Into::into)))
    }

    /// The network; null for a role everywhere.
    async fn network(&self, ctx: &Context<'_>) -> Option<Network> {
        let found = loaders::load(ctx, self.allows.network?).await;
        nullable(ctx, found.map(|found| found.map(Into::into)))
    }

    /// Since when; null for the role of a token, and for one that is only offered.
    async fn since(&self) -> Option<DateTime> {
        self.since.map(Into::into)
    }
}

/// An invitation to take on a role, without the secret that it is accepted with.
#[derive(Debug, SimpleObject)]
pub(crate) struct MembershipInvitation {
    /// The identity (inv_...), to take it back.
    id: ID,
    /// The role that it offers.
    role: Role,
    /// Whom or what it is for; null when nobody said.
    note: Option<String>,
    /// Until when it can be accepted. Whoever made it has to be able to invite to the role still.
    expires_at: DateTime,
    /// Who made it.
    invited_by: Author,
}

impl From<OpenInvitation> for MembershipInvitation {
    fn from(OpenInvitation { invitation, by }: OpenInvitation) -> Self {
        Self {
            id: invitation.id.to_string().into(),
            role: invitation.allows.role.into(),
            note: invitation.note.as_ref().map(ToString::to_string),
            expires_at: invitation.expires_at.into(),
            invited_by: by.into(),
        }
    }
}

/// Whoever asks: what this service knows of you, and what you may do.
#[derive(Debug)]
pub(crate) struct Viewer;

/// Whoever asks: what this service knows of you, and what you may do.
#[Object]
impl Viewer {
    /// The account that you signed in with; null when you did not, or did with a token of this service.
    async fn account(&self, ctx: &Context<'_>) -> Result<Option<Account>, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        Ok(grants::account_of(app, caller).await?.as_ref().map(Account::from))
    }

    /// Your roles, or those of your token; none when you did not sign in.
    async fn grants(&self, ctx: &Context<'_>) -> Result<Vec<Grant>, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let held = grants::of_caller(app, caller).await?;
        let grants: Vec<Grant> = match caller.signed().filter(|_| held.is_empty()) {
            Some(signed) => signed.roles.iter().copied().map(Grant::from).collect(),
            None => held.into_iter().map(|granted| Arc::new(granted).into()).collect(),
        };
        budget::spend(ctx, grants.len()).await?;
        Ok(grants)
    }

    /// What you may use your roles for: everything, unless you signed in with a token that is for less; nothing when you did not
    /// sign in.
    async fn verbs(&self, ctx: &Context<'_>) -> Result<Vec<Verb>, Error> {
        let Loads { caller, .. } = loaders::of(ctx)?;
        let verbs = caller.signed().map(|signed| signed.verbs.as_slice()).unwrap_or_default();
        Ok(verbs.iter().copied().map(Verb::from).collect())
    }

    /// Your tokens that are valid, the oldest first, at most 100; none when you did not sign in with an account.
    async fn api_tokens(&self, ctx: &Context<'_>) -> Result<Vec<ApiToken>, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let tokens = tokens::list_own(app, caller, Utc::now()).await?;
        budget::spend(ctx, tokens.len()).await?;
        Ok(tokens.into_iter().map(ApiToken).collect())
    }

    /// The highest role that you have in a place, or above it; null when you have none there, and when there is no such place.
    async fn role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] at: ID,
    ) -> Result<Option<Role>, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let place: Within = input::id("at", &at)?;
        Ok(grants::role_at(app, caller, place).await?.map(Role::from))
    }
}
