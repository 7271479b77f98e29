//! What is asked for of tokens, and of the first administrator.

use async_graphql::{ID, InputObject};
use convene_application::{tokens::NewToken, writing::Refusal};
use convene_domain::{access, id::TokenId};

use super::{Fields, Once};
use crate::{
    scalars::DateTime,
    types::{Role, Verb},
};

/// The most characters of a token's name.
const NAME_LIMIT: usize = 100;

/// A token for a program.
#[derive(Debug, InputObject)]
pub(crate) struct CreateApiTokenInput {
    /// What it is for, such as "Dashboard of the western region": one line of at most 100 characters.
    name: String,
    /// Where it may be used: the id of a network (net_...) or of a community (com_...) with all under it; everywhere when left out.
    within: Option<ID>,
    /// Its role there, which is not higher than yours; the highest that there is when left out: `ADMIN`, or `COORDINATOR` in a
    /// community.
    role: Option<Role>,
    /// What it may be used for, whatever its role; everything when left out.
    verbs: Option<Vec<Verb>>,
    /// From when on it is no longer valid; never when left out.
    expires_at: Option<DateTime>,
    #[graphql(flatten)]
    once: Once,
}

impl CreateApiTokenInput {
    /// Checks every field, and answers everything that is wrong.
    pub(crate) fn check(self) -> Result<NewToken, Vec<Refusal>> {
        let mut fields = Fields::default();
        let name = if self.name.chars().count() > NAME_LIMIT || self.name.contains(char::is_control) {
            fields.refuse("name", format!("is not one line of at most {NAME_LIMIT} characters"))
        } else {
            fields.parsed("name", self.name)
        };
        let within = fields.optional("within", self.within, |fields, name, id| fields.parsed(name, id.as_str()));
        let expires_at = fields.optional("expiresAt", self.expires_at, Fields::instant);
        let verbs =
            self.verbs.map_or_else(|| access::Verb::ALL.to_vec(), |verbs| verbs.into_iter().map(access::Verb::from).collect());
        let role = self.role.map(Into::into);
        fields.build(|| Some(NewToken { name: name?, within: within?, role, verbs, expires_at: expires_at? }))
    }
}

/// A token that is no longer to be valid.
#[derive(Debug, InputObject)]
pub(crate) struct RevokeApiTokenInput {
    /// The id of the token (tok_...).
    token: ID,
    #[graphql(flatten)]
    once: Once,
}

impl RevokeApiTokenInput {
    /// Checks every field, and answers everything that is wrong.
    pub(crate) fn check(self) -> Result<TokenId, Vec<Refusal>> {
        let mut fields = Fields::default();
        let token = fields.parsed("token", self.token.as_str());
        fields.build(|| token)
    }
}

/// The secret that `convene admin link` printed.
#[derive(Debug, InputObject)]
pub(crate) struct BecomeAdministratorInput {
    /// The secret.
    pub(crate) secret: String,
    #[graphql(flatten)]
    once: Once,
}
