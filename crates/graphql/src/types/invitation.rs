//! Invitations.

use async_graphql::Object;
use convene_domain::{gathering, id::NetworkId, network::VocabularyKind};

use crate::{scalars::int, types::VocabularyCode};

/// What the API shows of an invitation.
#[derive(Debug)]
pub(crate) struct Invitation {
    pub(crate) network: NetworkId,
    pub(crate) invitation: gathering::Invitation,
}

/// A group of people who were invited to a gathering.
#[Object]
impl Invitation {
    /// The group, such as leaders of churches (`INVITATION_GROUP`).
    async fn group(&self) -> VocabularyCode {
        VocabularyCode::new(self.network, VocabularyKind::InvitationGroup, self.invitation.group.clone())
    }

    /// How many people of the group were invited; null when nobody counted.
    async fn invited(&self) -> Option<i32> {
        self.invitation.invited.map(|people| int(people.people()))
    }
}
