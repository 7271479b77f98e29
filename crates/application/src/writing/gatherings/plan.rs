//! Planning a gathering.

use chrono::{DateTime, Utc};
use convene_domain::{
    access::Role,
    change::ChangeKind,
    gathering::{AgendaItem, Format, Gathering, GatheringParts, GatheringStatus, Hosts, Invitation, Rsvps},
    id::{CommunityId, GatheringId},
    occurrence::{Moment, Occurrence},
    place::Venue,
    record::Recorded,
    text::Text,
};
use convene_persistence::{Write, gatherings};
use uuid::Uuid;

use super::check_programme;
use crate::writing::{Command, Done, Need, Refusal, RefusalCode, Stop, check, record, refusal::valid};

/// Announces a gathering.
#[derive(Debug, Clone)]
pub struct PlanGathering {
    /// Who hosts it.
    pub hosts: Vec<CommunityId>,
    /// The title.
    pub title: Text,
    /// When it begins.
    pub start: Moment,
    /// When it ends.
    pub end: Option<Moment>,
    /// How people meet.
    pub format: Format,
    /// Where.
    pub venue: Venue,
    /// Its key in another system.
    pub external_id: Option<Text>,
    /// Its page elsewhere.
    pub source_url: Option<Text>,
    /// When it was announced; `None` for now.
    pub announced_at: Option<DateTime<Utc>>,
    /// What it consists of.
    pub agenda: Vec<AgendaItem>,
    /// Who is invited.
    pub invitations: Vec<Invitation>,
}

impl Command for PlanGathering {
    fn operation(&self) -> &'static str {
        "planGathering"
    }

    fn needs(&self) -> Vec<Need> {
        Need::each(Role::Facilitator, &self.hosts, "hosts")
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let hosts = valid("hosts", Hosts::try_new(self.hosts.clone()))?;
        let communities = check::hosts(write, hosts.ids()).await?;
        check::open(&communities, &[])?;
        let Some(first) = communities.first() else { return Err(Refusal::not_found("hosts").into()) };
        if let Some(key) = &self.external_id
            && !gatherings::find_by_external_ids(write.transaction(), &[first.network], &[key]).await?.is_empty()
        {
            return Err(Refusal::new(RefusalCode::Taken, ["externalId"], "is the key of another gathering").into());
        }
        let content = Gathering {
            network: first.network,
            external_id: self.external_id.clone(),
            title: self.title.clone(),
            occurrence: valid("endsAt", Occurrence::try_new(self.start, self.end, first.time_zone))?,
            format: self.format,
            venue: self.venue.clone(),
            status: GatheringStatus::Planned,
            announced_at: Some(self.announced_at.unwrap_or(write.recorded_at())),
            source_url: self.source_url.clone(),
            rsvps: Rsvps::default(),
        };
        let id = GatheringId::from_uuid(Uuid::now_v7());
        let gathering = Recorded::first(id, write.instance(), content);
        check_programme(write, &gathering, (&self.agenda, &self.invitations)).await?;
        let parts = GatheringParts { hosts, agenda: self.agenda.clone(), invitations: self.invitations.clone() };
        let (network, announced_at) = (gathering.network, self.announced_at);
        gatherings::add_many(write, &[(gathering, parts)]).await?;
        Ok(record(write, network, ChangeKind::Created, (id, 1), announced_at))
    }
}
