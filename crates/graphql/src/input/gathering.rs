//! What is written of gatherings.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    gatherings::{ChangeGathering, MergeGatherings, PlanGathering, RecordRsvps, RescheduleGathering},
};
use convene_domain::{gathering::Hosts, id::CommunityId};

use super::{AgendaItemInput, Fields, Input, InvitationInput, Once, Part, TimingInput, Update, VenueInput};
use crate::{scalars::DateTime, types::Format};

/// A gathering to announce.
#[derive(Debug, InputObject)]
pub(crate) struct PlanGatheringInput {
    /// The ids of the communities that host it together (com_...): 1 to 50 of one network, each once.
    hosts: Vec<ID>,
    /// The title as announced.
    title: String,
    #[graphql(flatten)]
    timing: TimingInput,
    /// How people meet.
    #[graphql(default_with = "Some(Format::Unknown)")]
    format: Option<Format>,
    /// Where it takes place.
    venue: Option<VenueInput>,
    /// Its key in another system, unique within the network. It stays what it is.
    external_id: Option<String>,
    /// Its page elsewhere: an address that begins with `http://` or `https://`, at most 2,000 characters.
    source_url: Option<String>,
    /// When it was announced; now, when left out.
    announced_at: Option<DateTime>,
    /// What it consists of, in order; at most 200 parts.
    agenda: Option<Vec<AgendaItemInput>>,
    /// Which groups are invited; at most 200.
    invitations: Option<Vec<InvitationInput>>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for PlanGatheringInput {
    type Command = PlanGathering;

    fn check(self, mut fields: Fields) -> Result<PlanGathering, Vec<Refusal>> {
        let hosts = hosts(&mut fields, self.hosts);
        let title = fields.parsed("title", self.title);
        let timing = self.timing.check(&mut fields);
        let format = fields.given("format", self.format);
        let venue = fields.optional("venue", self.venue, Fields::part);
        let external_id = fields.optional("externalId", self.external_id, Fields::parsed);
        let source_url = fields.optional("sourceUrl", self.source_url, Fields::link);
        let announced_at = fields.optional("announcedAt", self.announced_at, Fields::instant);
        let agenda = fields.list("agenda", self.agenda.unwrap_or_default(), Fields::part);
        let invitations = fields.list("invitations", self.invitations.unwrap_or_default(), Fields::part);
        fields.build(|| {
            let (start, end) = timing?;
            Some(PlanGathering {
                hosts: hosts?,
                title: title?,
                start,
                end,
                format: format?,
                venue: venue?.unwrap_or_default(),
                external_id: external_id?,
                source_url: source_url?,
                announced_at: announced_at?,
                agenda: agenda?,
                invitations: invitations?,
            })
        })
    }
}

/// A change to what is said of a gathering, but for its time. What is left out stays as it is; not all of it can be left out.
#[derive(Debug, InputObject)]
pub(crate) struct ChangeGatheringInput {
    /// The id of the gathering (gat_...).
    gathering: ID,
    /// The revision that the change is made from: the gathering's `revision` as you read it.
    expected_revision: i32,
    /// The title as announced; it cannot be null.
    title: Update<String>,
    /// How people meet; `UNKNOWN` rather than null.
    format: Update<Format>,
    /// Where it takes place, in place of all that was said of it before; null when unknown.
    venue: Update<VenueInput>,
    /// Its page elsewhere: an address that begins with `http://` or `https://`, at most 2,000 characters; null when there is
    /// none.
    source_url: Update<String>,
    /// The ids of all communities that host it together (com_...): 1 to 50 of its network, each once. They cannot be null.
    hosts: Update<Vec<ID>>,
    /// What it consists of, all of it and in order; at most 200 parts, null for none.
    agenda: Update<Vec<AgendaItemInput>>,
    /// Which groups are invited, all of them; at most 200, null for none.
    invitations: Update<Vec<InvitationInput>>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChangeGatheringInput {
    type Command = ChangeGathering;

    fn check(self, mut fields: Fields) -> Result<ChangeGathering, Vec<Refusal>> {
        let gathering = fields.parsed("gathering", self.gathering);
        let expected = self.expected_revision.into();
        let title = fields.changed("title", self.title, Fields::parsed);
        let format = fields.changed("format", self.format, Fields::taken);
        let venue = fields.patched("venue", self.venue, Fields::part);
        let source_url = fields.patched("sourceUrl", self.source_url, Fields::link);
        let hosts = fields.changed("hosts", self.hosts, |fields, _, ids| hosts(fields, ids));
        let agenda = fields.relisted("agenda", self.agenda, Fields::part);
        let invitations = fields.relisted("invitations", self.invitations, Fields::part);
        fields.build(|| {
            Some(ChangeGathering {
                gathering: gathering?,
                expected,
                title: title?,
                format: format?,
                venue: venue?.map(Option::unwrap_or_default),
                source_url: source_url?,
                hosts: hosts?,
                agenda: agenda?,
                invitations: invitations?,
            })
        })
    }
}

/// Another time for a gathering.
#[derive(Debug, InputObject)]
pub(crate) struct RescheduleGatheringInput {
    /// The id of the gathering (gat_...).
    gathering: ID,
    /// The revision that the change is made from: the gathering's `revision` as you read it.
    expected_revision: i32,
    #[graphql(flatten)]
    timing: TimingInput,
    #[graphql(flatten)]
    once: Once,
}

impl Input for RescheduleGatheringInput {
    type Command = RescheduleGathering;

    fn check(self, mut fields: Fields) -> Result<RescheduleGathering, Vec<Refusal>> {
        let gathering = fields.parsed("gathering", self.gathering);
        let expected = self.expected_revision.into();
        let timing = self.timing.check(&mut fields);
        fields.build(|| {
            let (start, end) = timing?;
            Some(RescheduleGathering { gathering: gathering?, expected, start, end })
        })
    }
}

/// Two gatherings that are one in truth.
#[derive(Debug, InputObject)]
pub(crate) struct MergeGatheringsInput {
    /// The id of the gathering that stays (gat_...).
    gathering: ID,
    /// The revision of the gathering that stays, as you read it.
    expected_revision: i32,
    /// The id of the gathering that goes (gat_...).
    merged: ID,
    /// The revision of the gathering that goes, as you read it.
    expected_merged_revision: i32,
    #[graphql(flatten)]
    once: Once,
}

impl Input for MergeGatheringsInput {
    type Command = MergeGatherings;

    fn check(self, mut fields: Fields) -> Result<MergeGatherings, Vec<Refusal>> {
        let gathering = fields.parsed("gathering", self.gathering);
        let merged = fields.parsed("merged", self.merged);
        let (expected, expected_merged) = (self.expected_revision.into(), self.expected_merged_revision.into());
        fields.build(|| Some(MergeGatherings { gathering: gathering?, expected, merged: merged?, expected_merged }))
    }
}

/// How many people said that they would come to a gathering.
#[derive(Debug, InputObject)]
pub(crate) struct RecordRsvpsInput {
    /// The id of the gathering (gat_...).
    gathering: ID,
    /// How many people said yes.
    yes: i32,
    /// How many people are on the waiting list; left out when nobody counted.
    waitlist: Option<i32>,
    /// When they were counted: at most a day ahead of the clock of this service.
    observed_at: DateTime,
    #[graphql(flatten)]
    once: Once,
}

impl Input for RecordRsvpsInput {
    type Command = RecordRsvps;

    fn check(self, mut fields: Fields) -> Result<RecordRsvps, Vec<Refusal>> {
        let gathering = fields.parsed("gathering", self.gathering);
        let yes = fields.people("yes", self.yes);
        let waitlist = fields.optional("waitlist", self.waitlist, Fields::people);
        let observed_at = fields.instant("observedAt", self.observed_at);
        fields.build(|| Some(RecordRsvps { gathering: gathering?, yes: yes?, waitlist: waitlist?, observed_at: observed_at? }))
    }
}

/// Reads who hosts a gathering.
fn hosts(fields: &mut Fields, ids: Vec<ID>) -> Option<Vec<CommunityId>> {
    let ids = fields.list("hosts", ids, Fields::parsed)?;
    let hosts = fields.valid("hosts", Hosts::try_new(ids))?;
    Some(hosts.ids().to_vec())
}
