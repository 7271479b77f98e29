//! Giving roles, taking them back, and offering them.

use async_graphql::{Context, Object};

use super::{
    payload::{AcceptInvitationPayload, GrantRolePayload, InviteMemberPayload, RevokeInvitationPayload, RevokeRolePayload},
    perform::perform,
};
use crate::{
    error::Error,
    input::{AcceptInvitationInput, GrantRoleInput, InviteMemberInput, RevokeInvitationInput, RevokeRoleInput},
};

#[derive(Debug, Default)]
pub(crate) struct GrantMutation;

#[Object]
impl GrantMutation {
    /// Gives an account a role. It takes the role `ADMIN` of the network. `TAKEN` when they have it there already.
    async fn grant_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which role, where, and to whom.")] input: GrantRoleInput,
    ) -> Result<GrantRolePayload, Error> {
        perform(ctx, input).await
    }

    /// Takes a role back. It takes the role `COORDINATOR` where it is had, and `ADMIN` of the network for one of a whole network.
    /// What its holder follows ends with `SCOPE_CHANGED`.
    async fn revoke_role(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which one.")] input: RevokeRoleInput,
    ) -> Result<RevokeRolePayload, Error> {
        perform(ctx, input).await
    }

    /// Offers a role to whoever gets the secret of the invitation, once. It takes the role `COORDINATOR` at the community, and
    /// `ADMIN` of the network for one of a whole network; whoever invites has to have it still when the invitation is accepted.
    /// `membershipInvitations` lists those that are open: `NOT_ALLOWED` when there are 100 at the place.
    async fn invite_member(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which role, and where.")] input: InviteMemberInput,
    ) -> Result<InviteMemberPayload, Error> {
        perform(ctx, input).await
    }

    /// Takes on the role that an invitation offers. Whoever has its secret may, signed in with an account of their own. `NOT_FOUND`
    /// when it was accepted or taken back, is over, or was made by someone who could not make it any more.
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: AcceptInvitationInput,
    ) -> Result<AcceptInvitationPayload, Error> {
        perform(ctx, input).await
    }

    /// Takes an invitation back that nobody has accepted. It takes the role that it took to invite.
    async fn revoke_invitation(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which invitation.")] input: RevokeInvitationInput,
    ) -> Result<RevokeInvitationPayload, Error> {
        perform(ctx, input).await
    }
}
