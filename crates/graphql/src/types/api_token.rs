//! Tokens that someone made for programs of their own.

use async_graphql::{Context, ID, Object};
use convene_application::tokens::Token;

use super::{Role, Verb};
use crate::{budget, error::Error, scalars::DateTime};

/// A token for a program, which signs in with its secret. It may do no more than whoever made it may, and ends with their
/// account.
#[derive(Debug)]
pub(crate) struct ApiToken(pub(crate) Token);

/// A token for a program, which signs in with its secret. It may do no more than whoever made it may, and ends with their
/// account.
#[Object]
impl ApiToken {
    /// The id (tok_...).
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What it is for.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Its role.
    async fn role(&self) -> Role {
        self.0.allows.role.into()
    }

    /// Where it has its role: the id of a network (net_...) or of a community (com_...) with all under it; null for everywhere.
    async fn within(&self) -> Option<ID> {
        let community = self.0.allows.community.map(|id| id.to_string());
        community.or(self.0.allows.network.map(|id| id.to_string())).map(ID)
    }

    /// What it can be used for, whatever its role.
    async fn verbs(&self, ctx: &Context<'_>) -> Result<Vec<Verb>, Error> {
        budget::spend(ctx, self.0.verbs.len()).await?;
        Ok(self.0.verbs.iter().copied().map(Verb::from).collect())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// From when on it is no longer valid; null for never.
    async fn expires_at(&self) -> Option<DateTime> {
        self.0.expires_at.map(DateTime::from)
    }

    /// When a program signed in with it last, give or take a minute; null when none did.
    async fn last_used_at(&self) -> Option<DateTime> {
        self.0.last_used_at.map(DateTime::from)
    }
}
