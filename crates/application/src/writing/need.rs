//! What someone has to be to have a command carried out. Each command says so, and it is checked before anything else.

use convene_domain::{
    access::{Caller, Rights, Role, RoleAt},
    id::{CommunityId, GatheringId, GrantId, MembershipInvitationId, NetworkId, ReportId, TermId, Within, WorkSiteId},
};
use convene_persistence::{Write, access, communities, gatherings, grants, networks, reports, terms, work_sites};
use uuid::Uuid;

use super::{Refusal, Stop};

/// A role that someone has to have in a place, or above it.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    role: Role,
    at: At,
    /// The field that names them, if one does.
    field: &'static str,
}

/// Where a role has to be had: at this, or at what it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) enum At {
    Instance,
    Network(NetworkId),
    /// The network of a term.
    Term(TermId),
    Community(CommunityId),
    /// The network of a community.
    NetworkOf(CommunityId),
    /// What a community stands under; where it is nothing, the network, which only its administrators change as a whole.
    Above(CommunityId),
    /// A host of a gathering.
    Gathering(GatheringId),
    /// A host of the gathering of a report.
    Report(ReportId),
    /// The community of a work site.
    WorkSite(WorkSiteId),
    /// The place of a role that was given; only administrators of the network take back one of theirs.
    Grant(GrantId),
    /// The place of an invitation.
    Invitation(MembershipInvitationId),
}

impl Need {
    /// This role there. The field is the one that names the place; empty when none does.
    pub(super) fn new(role: Role, subject: At, field: &'static str) -> Self {
        Self { role, at: subject, field }
    }

    /// This role at each of these communities.
    pub(super) fn each(role: Role, communities: &[CommunityId], field: &'static str) -> Vec<Self> {
        communities.iter().map(|id| Self::new(role, At::Community(*id), field)).collect()
    }

    /// Checks that a caller has it. What is not there is left to the command to say.
    pub(super) async fn check(&self, write: &Write, caller: &Caller) -> Result<(), Stop> {
        let Some((role, subject)) = resolve(write, self.role, self.at).await? else { return Ok(()) };
        if has(write, caller, role, subject).await? {
            return Ok(());
        }
        self.refusal(write, caller, role, subject).await?.map_or(Ok(()), |refusal| Err(refusal.into()))
    }

    /// Why someone who has not this role there is refused; `None` when what was named is not there.
    async fn refusal(&self, write: &Write, caller: &Caller, role: Role, subject: At) -> Result<Option<Refusal>, Stop> {
        let transaction = write.transaction();
        let place = match subject {
            At::Instance => None,
            At::Network(id) => match networks::load_many(transaction, &[id]).await?.remove(&id) {
                Some(_) => Some(Within::Network(id)),
                None => return Ok(None),
            },
            At::Community(id) => match communities::load_many(transaction, &[id]).await?.remove(&id) {
                Some(_) => Some(Within::Community(id)),
                None => return Ok(None),
            },
            At::Gathering(id) => match first_host(write, id).await? {
                Some(host) => Some(Within::Community(host)),
                None => return Ok(None),
            },
            At::Report(id) => match reports::load_many(transaction, &caller.rights(), &[id]).await?.remove(&id) {
                Some(report) => first_host(write, report.gathering).await?.map(Within::Community),
                // Whoever may not know of it is told that it is not there.
                None => return Ok(Some(Refusal::not_found(self.field))),
            },
            At::WorkSite(id) => match work_sites::load_many(transaction, &caller.rights(), &[id]).await?.remove(&id) {
                Some(seen) => Some(Within::Community(seen.site.community)),
                // Whoever may not know of it is told that it is not there.
                None => return Ok(Some(Refusal::not_found(self.field))),
            },
            At::Term(_) | At::NetworkOf(_) | At::Above(_) | At::Grant(_) | At::Invitation(_) => return Ok(None),
        };
        let lacks_verb = caller.signed().is_some_and(|signed| !signed.verbs.contains(&role.verb()));
        Ok(Some(Refusal::forbidden(self.field, (role, place), lacks_verb)))
    }
}

/// The place that a subject stands for, and the role that is needed there; `None` when it is not there.
async fn resolve(write: &Write, role: Role, subject: At) -> Result<Option<(Role, At)>, Stop> {
    let transaction = write.transaction();
    Ok(match subject {
        At::Term(id) => {
            let term = terms::load_many(transaction, &[id]).await?.remove(&id);
            term.map(|term| (role, At::Network(term.network)))
        }
        At::NetworkOf(id) | At::Above(id) => {
            let found = communities::load_many(transaction, &[id]).await?.remove(&id);
            found.map(|community| match (subject, community.parent) {
                (At::Above(_), Some(parent)) => (role, At::Community(parent)),
                (At::Above(_), None) => (Role::Admin, At::Network(community.network)),
                _ => (role, At::Network(community.network)),
            })
        }
        At::Grant(id) => {
            let found = grants::load_many(transaction, &[id]).await?.remove(&id);
            found.and_then(|held| place_of(role, &held.grant.allows))
        }
        At::Invitation(id) => {
            grants::find_invitation(transaction, id).await?.and_then(|invitation| place_of(role, &invitation.allows))
        }
        subject => Some((role, subject)),
    })
}

/// The place of a role, and what it takes to give that role or to take it back.
fn place_of(role: Role, allows: &RoleAt) -> Option<(Role, At)> {
    let role = role.max(allows.role);
    match (allows.network, allows.community) {
        (_, Some(community)) => Some((role, At::Community(community))),
        (Some(network), None) => Some((Role::Admin, At::Network(network))),
        (None, None) => Some((Role::Admin, At::Instance)),
    }
}

/// Whether a caller has a role at a place, or above it.
async fn has(write: &Write, caller: &Caller, role: Role, subject: At) -> Result<bool, Stop> {
    let held = || caller.roles(role.verb()).iter().filter(|held| held.role >= role);
    if held().any(|held| held.network.is_none()) {
        return Ok(true);
    }
    let places: Vec<Uuid> = held().filter_map(RoleAt::place).collect();
    if places.is_empty() {
        return Ok(false);
    }
    let transaction = write.transaction();
    Ok(match subject {
        At::Network(id) => places.contains(&id.uuid()),
        At::Community(id) => access::is_community_under(transaction, id, &places).await?,
        At::Gathering(id) => access::is_gathering_under(transaction, id, &places).await?,
        At::Report(id) => access::is_report_under(transaction, id, &places).await?,
        At::WorkSite(id) => match work_sites::load_many(transaction, &Rights::all(), &[id]).await?.remove(&id) {
            Some(seen) => access::is_community_under(transaction, seen.site.community, &places).await?,
            None => false,
        },
        At::Instance | At::Term(_) | At::NetworkOf(_) | At::Above(_) | At::Grant(_) | At::Invitation(_) => false,
    })
}

async fn first_host(write: &Write, gathering: GatheringId) -> Result<Option<CommunityId>, Stop> {
    let hosts = gatherings::load_hosts(write.transaction(), &[gathering]).await?.remove(&gathering);
    Ok(hosts.and_then(|hosts| hosts.first().copied()))
}
