//! What is written of roles.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    grants::{AcceptInvitation, GrantRole, InviteMember, RevokeInvitation, RevokeRole},
};

use super::{Fields, Input, Once};
use crate::{scalars::DateTime, types::Role};

/// A role to give to an account.
#[derive(Debug, InputObject)]
pub(crate) struct GrantRoleInput {
    /// The id of the account (acc_...), which its holder reads in `viewer`.
    account: ID,
    /// The id of the community (com_...) at which, and under which, it is had; for `ADMIN` that of the network (net_...).
    at: ID,
    /// The role.
    role: Role,
    #[graphql(flatten)]
    once: Once,
}

impl Input for GrantRoleInput {
    type Command = GrantRole;

    fn check(self, mut fields: Fields) -> Result<GrantRole, Vec<Refusal>> {
        let account = fields.parsed("account", self.account);
        let at = fields.parsed("at", self.at);
        fields.build(|| Some(GrantRole { account: account?, at: at?, role: self.role.into() }))
    }
}

/// A role to take back.
#[derive(Debug, InputObject)]
pub(crate) struct RevokeRoleInput {
    /// The id of the grant (gra_...).
    grant: ID,
    #[graphql(flatten)]
    once: Once,
}

impl Input for RevokeRoleInput {
    type Command = RevokeRole;

    fn check(self, mut fields: Fields) -> Result<RevokeRole, Vec<Refusal>> {
        let grant = fields.parsed("grant", self.grant);
        fields.build(|| Some(RevokeRole { grant: grant? }))
    }
}

/// A role to offer to whoever gets the secret.
#[derive(Debug, InputObject)]
pub(crate) struct InviteMemberInput {
    /// The id of the community (com_...) at which, and under which, it is had; for `ADMIN` that of the network (net_...).
    at: ID,
    /// The role.
    role: Role,
    /// Whom or what it is for.
    note: Option<String>,
    /// Until when it can be accepted, at most 90 days ahead; two weeks when left out.
    expires_at: Option<DateTime>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for InviteMemberInput {
    type Command = InviteMember;

    fn check(self, mut fields: Fields) -> Result<InviteMember, Vec<Refusal>> {
        let at = fields.parsed("at", self.at);
        let note = fields.optional("note", self.note, Fields::parsed);
        let expires_at = fields.optional("expiresAt", self.expires_at, Fields::instant);
        let (role, secret) = (self.role.into(), InviteMember::secret());
        fields.build(|| Some(InviteMember { at: at?, role, note: note?, expires_at: expires_at?, secret }))
    }
}

/// An invitation to accept.
#[derive(Debug, InputObject)]
pub(crate) struct AcceptInvitationInput {
    /// The secret of the invitation (cvi_...).
    secret: String,
    #[graphql(flatten)]
    once: Once,
}

impl Input for AcceptInvitationInput {
    type Command = AcceptInvitation;

    fn check(self, fields: Fields) -> Result<AcceptInvitation, Vec<Refusal>> {
        fields.build(|| Some(AcceptInvitation { secret: self.secret }))
    }
}

/// An invitation to take back.
#[derive(Debug, InputObject)]
pub(crate) struct RevokeInvitationInput {
    /// The id of the invitation (inv_...).
    invitation: ID,
    #[graphql(flatten)]
    once: Once,
}

impl Input for RevokeInvitationInput {
    type Command = RevokeInvitation;

    fn check(self, mut fields: Fields) -> Result<RevokeInvitation, Vec<Refusal>> {
        let invitation = fields.parsed("invitation", self.invitation);
        fields.build(|| Some(RevokeInvitation { invitation: invitation? }))
    }
}
