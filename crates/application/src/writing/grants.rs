//! Roles: given, taken back, and offered by invitation.

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::{
    access::{Caller, Grant, Role, RoleAt, Who},
    change::ChangeKind,
    id::{AccountId, GrantId, MembershipInvitationId, NetworkId, TokenId, Within},
    text::Text,
};
use convene_persistence::{
    Write, accounts, communities,
    grants::{self, Granted, MembershipInvitation},
    networks, tokens,
};
use uuid::Uuid;

use super::{At, Command, Done, Need, Refusal, RefusalCode, Stop, record};
use crate::{
    accounts::caller,
    tokens::{hash, secret},
};

/// What the secret of an invitation begins with.
pub const PREFIX: &str = "cvi_";
/// For how long an invitation can be accepted that does not say, and at most.
const OPEN: (TimeDelta, TimeDelta) = (TimeDelta::days(14), TimeDelta::days(90));
/// How many invitations to a place itself may be open: whoever looks after it reads all of them.
pub const INVITATIONS_LIMIT: usize = 100;

fn at(place: Within) -> At {
    match place {
        Within::Network(id) => At::Network(id),
        Within::Community(id) => At::Community(id),
    }
}

/// A role in a place, if the place is there and knows such a role.
async fn allowed(write: &Write, place: Within, role: Role) -> Result<(NetworkId, RoleAt), Stop> {
    let transaction = write.transaction();
    match place {
        Within::Network(id) => {
            networks::load_many(transaction, &[id]).await?.remove(&id).ok_or_else(|| Refusal::not_found("at"))?;
            if role != Role::Admin {
                return Err(Refusal::rule("role", "is had at communities: in a whole network there is only ADMIN").into());
            }
            Ok((id, RoleAt::in_network(id, role)))
        }
        Within::Community(id) => {
            let found = communities::load_many(transaction, &[id]).await?.remove(&id);
            let network = found.ok_or_else(|| Refusal::not_found("at"))?.network;
            if role == Role::Admin {
                return Err(Refusal::rule("role", "is had in a whole network: at a community there is no ADMIN").into());
            }
            Ok((network, RoleAt::at(network, id, role)))
        }
    }
}

/// Gives a role, unless the account has it there already.
async fn give(write: &mut Write, network: NetworkId, (holder, allows): (AccountId, RoleAt)) -> Result<Done, Stop> {
    let held = grants::load_by_account(write.transaction(), &[holder]).await?.remove(&holder).unwrap_or_default();
    if held.iter().any(|held| held.grant.allows == allows) {
        let message = format!("is {}, which they have there already", allows.role);
        return Err(Refusal::new(RefusalCode::Taken, ["role"], message).into());
    }
    let id = GrantId::from_uuid(Uuid::now_v7());
    grants::add(write, &Granted { grant: Grant { id, holder, allows }, since: write.recorded_at() }).await?;
    Ok(record(write, network, ChangeKind::Created, (id, 1), None))
}

/// Gives an account a role.
#[derive(Debug, Clone)]
pub struct GrantRole {
    /// Who is to have it.
    pub account: AccountId,
    /// Where.
    pub at: Within,
    /// The role.
    pub role: Role,
}

impl Command for GrantRole {
    fn operation(&self) -> &'static str {
        "grantRole"
    }

    fn needs(&self) -> Vec<Need> {
        let network = match self.at {
            Within::Network(id) => At::Network(id),
            Within::Community(id) => At::NetworkOf(id),
        };
        vec![Need::new(Role::Admin, network, "at")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let (network, allows) = allowed(write, self.at, self.role).await?;
        let account = accounts::find(write.transaction(), self.account).await?;
        if account.is_none_or(|(account, _)| account.erased_at.is_some()) {
            return Err(Refusal::not_found("account").into());
        }
        give(write, network, (self.account, allows)).await
    }
}

/// Takes a role back.
#[derive(Debug, Clone)]
pub struct RevokeRole {
    /// Which one.
    pub grant: GrantId,
}

impl Command for RevokeRole {
    fn operation(&self) -> &'static str {
        "revokeRole"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Coordinator, At::Grant(self.grant), "grant")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let found = grants::load_many(write.transaction(), &[self.grant]).await?.remove(&self.grant);
        // One over the whole instance is no matter of a network.
        let network = found.and_then(|held| held.grant.allows.network).ok_or_else(|| Refusal::not_found("grant"))?;
        if !grants::revoke(write, self.grant).await? {
            return Err(Refusal::not_found("grant").into());
        }
        Ok(record(write, network, ChangeKind::Removed, (self.grant, 2), None))
    }
}

/// What it takes to invite someone to a role.
fn to_invite(role: Role, place: Within, field: &'static str) -> Need {
    let role = if role == Role::Admin { Role::Admin } else { Role::Coordinator };
    Need::new(role, at(place), field)
}

/// Whether whoever made an invitation could still make it: nobody hands on what was taken from them. A token could as long as it
/// is valid, and whoever made it could.
async fn is_backed(write: &Write, invitation: &MembershipInvitation) -> Result<bool, Stop> {
    // The operator can always.
    let Some(by) = invitation.invited_by else { return Ok(true) };
    let transaction = write.transaction();
    let account = async |id| {
        let found = accounts::find(transaction, id).await?;
        Ok::<_, Stop>(found.and_then(|(found, roles)| caller(&found, roles, None)))
    };
    let mut makers = Vec::new();
    match tokens::find(transaction, TokenId::from_uuid(by)).await? {
        Some(token) => {
            let valid = token.is_valid(write.recorded_at());
            makers.push(valid.then(|| Caller::signed_in(Who::Token(token.id), vec![token.allows], token.verbs, None)));
            if let Some(owner) = token.account {
                makers.push(account(owner).await?);
            }
        }
        None => makers.push(account(AccountId::from_uuid(by)).await?),
    }
    let place = invitation.allows.community.map_or(Within::Network(invitation.network), Within::Community);
    let need = to_invite(invitation.allows.role, place, "secret");
    for maker in makers {
        let Some(maker) = maker else { return Ok(false) };
        match need.check(write, &maker).await {
            Ok(()) => {}
            Err(Stop::Refused(_)) => return Ok(false),
            Err(failed) => return Err(failed),
        }
    }
    Ok(true)
}

/// Offers a role to whoever has the secret, once.
#[derive(Debug, Clone)]
pub struct InviteMember {
    /// Where.
    pub at: Within,
    /// The role.
    pub role: Role,
    /// Whom or what it is for.
    pub note: Option<Text>,
    /// Until when it can be accepted; `None` for two weeks.
    pub expires_at: Option<DateTime<Utc>>,
    /// What it is accepted with. It is kept nowhere.
    pub secret: String,
}

impl InviteMember {
    /// A new secret.
    pub fn secret() -> String {
        secret(PREFIX)
    }
}

impl Command for InviteMember {
    fn operation(&self) -> &'static str {
        "inviteMember"
    }

    fn needs(&self) -> Vec<Need> {
        vec![to_invite(self.role, self.at, "at")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let now = write.recorded_at();
        let expires_at = self.expires_at.unwrap_or(now + OPEN.0);
        if expires_at <= now || expires_at > now + OPEN.1 {
            let message = format!("is not in the next {} days", OPEN.1.num_days());
            return Err(Refusal::invalid(["expiresAt"], message).into());
        }
        let (network, allows) = allowed(write, self.at, self.role).await?;
        // One after the other, so that each counts those before it.
        match self.at {
            Within::Network(id) => networks::lock(write, id).await?.is_some(),
            Within::Community(id) => communities::lock(write, id).await?.is_some(),
        };
        if grants::list_open(write.transaction(), self.at, now).await?.len() >= INVITATIONS_LIMIT {
            let message = format!("has {INVITATIONS_LIMIT} invitations that are open: take one back first");
            return Err(Refusal::rule("at", message).into());
        }
        let id = MembershipInvitationId::from_uuid(Uuid::now_v7());
        let invitation = MembershipInvitation {
            id,
            network,
            allows,
            note: self.note.clone(),
            expires_at,
            invited_by: write.by().map(Who::uuid),
            accepted_by: None,
            revoked_at: None,
        };
        grants::invite(write, &invitation, &hash(&self.secret)).await?;
        let done = record(write, network, ChangeKind::Created, (id, 1), None);
        Ok(Done { secret: Some(self.secret.clone()), ..done })
    }
}

/// Takes on the role that an invitation offers.
#[derive(Debug, Clone)]
pub struct AcceptInvitation {
    /// The secret of the invitation.
    pub secret: String,
}

impl Command for AcceptInvitation {
    fn operation(&self) -> &'static str {
        "acceptInvitation"
    }

    /// Whoever has the secret may.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let Some(Who::Account(account)) = write.by() else {
            return Err(Refusal::rule("secret", "is accepted by people: sign in with an account, not with a token").into());
        };
        let found = grants::find_invitation_by_hash(write.transaction(), &hash(&self.secret)).await?;
        let open = found.filter(|invitation| invitation.is_open(write.recorded_at()));
        // That it was never there and that it is no longer open read the same.
        let no_longer = || Refusal::new(RefusalCode::NotFound, ["secret"], "is of no invitation that is open");
        let invitation = open.ok_or_else(no_longer)?;
        if !is_backed(write, &invitation).await? {
            return Err(no_longer().into());
        }
        if !grants::accept(write, invitation.id, account).await? {
            return Err(no_longer().into());
        }
        give(write, invitation.network, (account, invitation.allows)).await
    }
}

/// Takes an invitation back.
#[derive(Debug, Clone)]
pub struct RevokeInvitation {
    /// Which one.
    pub invitation: MembershipInvitationId,
}

impl Command for RevokeInvitation {
    fn operation(&self) -> &'static str {
        "revokeInvitation"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Coordinator, At::Invitation(self.invitation), "invitation")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let found = grants::find_invitation(write.transaction(), self.invitation).await?;
        let invitation = found.ok_or_else(|| Refusal::not_found("invitation"))?;
        if !grants::revoke_invitation(write, self.invitation).await? {
            return Err(Refusal::rule("invitation", "was accepted, or taken back, already").into());
        }
        Ok(record(write, invitation.network, ChangeKind::Removed, (self.invitation, 2), None))
    }
}
