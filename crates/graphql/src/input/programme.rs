//! What a gathering consists of and whom it invites, as it is given.

use async_graphql::InputObject;
use convene_domain::gathering;

use super::{Fields, Part};

/// A part of a gathering's agenda.
#[derive(Debug, InputObject)]
pub(crate) struct AgendaItemInput {
    /// What it is called.
    title: String,
    /// What sort of part it is: a code of the network's vocabulary (`AGENDA_KIND`).
    kind: Option<String>,
    /// How long it is planned to last, in minutes, 0 to 65,535.
    minutes: Option<i32>,
    /// Who leads it.
    presenter: Option<String>,
}

impl Part for AgendaItemInput {
    type Checked = gathering::AgendaItem;

    fn check(self, fields: &mut Fields) -> Option<gathering::AgendaItem> {
        let title = fields.parsed("title", self.title);
        let kind = fields.optional("kind", self.kind, Fields::parsed);
        let minutes = fields.optional("minutes", self.minutes, Fields::small);
        let presenter = fields.optional("presenter", self.presenter, Fields::parsed);
        Some(gathering::AgendaItem { kind: kind?, title: title?, minutes: minutes?, presenter: presenter? })
    }
}

/// A group of people who are invited to a gathering.
#[derive(Debug, InputObject)]
pub(crate) struct InvitationInput {
    /// The group: a code of the network's vocabulary (`INVITATION_GROUP`).
    group: String,
    /// How many people of the group are invited; left out when nobody counted.
    invited: Option<i32>,
}

impl Part for InvitationInput {
    type Checked = gathering::Invitation;

    fn check(self, fields: &mut Fields) -> Option<gathering::Invitation> {
        let group = fields.parsed("group", self.group);
        let invited = fields.optional("invited", self.invited, Fields::people);
        Some(gathering::Invitation { group: group?, invited: invited? })
    }
}
