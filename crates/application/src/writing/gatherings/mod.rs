//! Gatherings: planned, changed, held or called off.

mod plan;
mod remove;

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::{
    access::{Caller, Role},
    change::ChangeKind,
    gathering::{AgendaItem, Format, GatheringParts, GatheringStatus, GatheringStep, Hosts, Invitation, PROGRAMME_LIMIT, Rsvps},
    id::{CommunityId, GatheringId},
    network::VocabularyKind,
    occurrence::{Moment, Occurrence},
    place::Venue,
    record::Revision,
    text::{HeadCount, Text},
};
use convene_persistence::{Write, gatherings, reports};

pub use self::{
    plan::PlanGathering,
    remove::{MergeGatherings, RemoveGathering},
};
use super::{
    At, Command, Done, Need, Patch, Refusal, RefusalCode, Stop,
    check::{self, Vocabulary},
    networks::put,
    record,
    refusal::{ruled, valid},
};
use crate::gatherings::GatheringRecord;

/// How far ahead of our clock something can be that has happened.
const AHEAD: TimeDelta = TimeDelta::days(1);

/// Changes what is said of a gathering, but for its time.
#[derive(Debug, Clone)]
pub struct ChangeGathering {
    /// Which one.
    pub gathering: GatheringId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// The title.
    pub title: Option<Text>,
    /// How people meet.
    pub format: Option<Format>,
    /// Where.
    pub venue: Option<Venue>,
    /// Its page elsewhere.
    pub source_url: Patch<Text>,
    /// Who hosts it.
    pub hosts: Option<Vec<CommunityId>>,
    /// What it consists of.
    pub agenda: Option<Vec<AgendaItem>>,
    /// Who is invited.
    pub invitations: Option<Vec<Invitation>>,
}

impl Command for ChangeGathering {
    fn operation(&self) -> &'static str {
        "changeGathering"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Gathering(self.gathering), "gathering")]
    }

    /// All rights over a report follow the hosts: whoever adds or removes one has a role there as well, and where there is a report
    /// they look after it already.
    async fn confine(&self, write: &Write, caller: &Caller) -> Result<(), Stop> {
        let (Some(hosts), Some((_, has_report))) = (&self.hosts, gatherings::lock_with_report(write, self.gathering).await?)
        else {
            return Ok(());
        };
        let before = gatherings::load_hosts(write.transaction(), &[self.gathering]).await?.remove(&self.gathering);
        let before = before.unwrap_or_default();
        let added = hosts.iter().filter(|host| !before.contains(host));
        let removed = before.iter().filter(|host| !hosts.contains(host));
        let others: Vec<CommunityId> = added.chain(removed).copied().collect();
        if has_report && !others.is_empty() {
            Need::new(Role::Coordinator, At::Gathering(self.gathering), "hosts").check(write, caller).await?;
        }
        for need in Need::each(Role::Facilitator, &others, "hosts") {
            need.check(write, caller).await?;
        }
        Ok(())
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let mut gathering = locked(write, self.gathering, self.expected).await?;
        let id = gathering.id;
        let parts = self.hosts.is_none() && self.agenda.is_none() && self.invitations.is_none();
        let content = self.title.is_none() && self.format.is_none() && self.venue.is_none() && self.source_url.is_none();
        if parts && content {
            return Err(check::nothing().into());
        }
        put(&mut gathering.content.title, self.title.clone());
        put(&mut gathering.content.format, self.format);
        put(&mut gathering.content.venue, self.venue.clone());
        put(&mut gathering.content.source_url, self.source_url.clone());
        if parts {
            return update(write, gathering, ChangeKind::Updated, None).await;
        }
        let programme = (self.agenda.as_deref().unwrap_or_default(), self.invitations.as_deref().unwrap_or_default());
        check_programme(write, &gathering, programme).await?;
        let mut parts = load_parts(write, id).await?;
        put(&mut parts.agenda, self.agenda.clone());
        put(&mut parts.invitations, self.invitations.clone());
        if let Some(hosts) = &self.hosts {
            let before = std::mem::replace(&mut parts.hosts, valid("hosts", Hosts::try_new(hosts.clone()))?);
            let communities = check::hosts(write, hosts).await?;
            check::open(&communities, before.ids())?;
            if communities.iter().any(|host| host.network != gathering.network) {
                return Err(Refusal::rule("hosts", "are of another network than the gathering").into());
            }
        }
        gathering.revision += 1;
        let moved = gatherings::update(write, &gathering, &parts).await?;
        if moved {
            reports::follow_hosts(write, id).await?;
        }
        let kind = if moved { ChangeKind::Moved } else { ChangeKind::Updated };
        Ok(record(write, gathering.network, kind, (id, gathering.revision), None))
    }
}

/// Gives a gathering another time: one that was called off is planned again, and one that took place had been entered
/// with a wrong one.
#[derive(Debug, Clone)]
pub struct RescheduleGathering {
    /// Which one.
    pub gathering: GatheringId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// When it begins.
    pub start: Moment,
    /// When it ends.
    pub end: Option<Moment>,
}

impl Command for RescheduleGathering {
    fn operation(&self) -> &'static str {
        "rescheduleGathering"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Gathering(self.gathering), "gathering")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let mut gathering = locked(write, self.gathering, self.expected).await?;
        gathering.content.status = ruled("gathering", gathering.status.after(GatheringStep::Reschedule))?;
        let hosts = gatherings::load_hosts(write.transaction(), &[gathering.id]).await?.remove(&gathering.id).unwrap_or_default();
        // The day of a gathering without an hour begins where its first host is at home.
        let zone = check::hosts(write, &hosts).await?.first().and_then(|host| host.time_zone);
        gathering.content.occurrence = valid("endsAt", Occurrence::try_new(self.start, self.end, zone))?;
        if gathering.status == GatheringStatus::Held {
            check_past(write, &gathering)?;
        }
        update(write, gathering, ChangeKind::Rescheduled, None).await
    }
}

/// Says that a gathering took place, or that it will not.
#[derive(Debug, Clone)]
pub struct StepGathering {
    /// Which one.
    pub gathering: GatheringId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// Whether it took place.
    pub held: bool,
}

impl Command for StepGathering {
    fn operation(&self) -> &'static str {
        if self.held { "holdGathering" } else { "cancelGathering" }
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Gathering(self.gathering), "gathering")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let gathering = locked(write, self.gathering, self.expected).await?;
        if self.held {
            return hold(write, gathering);
        }
        step(write, gathering, GatheringStep::Cancel, ChangeKind::Cancelled)
    }
}

/// Says that a gathering took place.
pub(super) fn hold(write: &mut Write, gathering: GatheringRecord) -> Result<Done, Stop> {
    check_past(write, &gathering)?;
    step(write, gathering, GatheringStep::Hold, ChangeKind::Held)
}

/// Checks that a gathering can have taken place. Clocks of the field may be a little wrong.
fn check_past(write: &Write, gathering: &GatheringRecord) -> Result<(), Refusal> {
    if gathering.occurrence.sort_at() > write.recorded_at() + AHEAD {
        return Err(Refusal::rule("gathering", "lies in the future: it cannot have been held"));
    }
    Ok(())
}

fn step(write: &mut Write, mut gathering: GatheringRecord, step: GatheringStep, kind: ChangeKind) -> Result<Done, Stop> {
    gathering.content.status = ruled("gathering", gathering.status.after(step))?;
    gathering.revision += 1;
    gatherings::update_status(write, &gathering);
    Ok(record(write, gathering.network, kind, (gathering.id, gathering.revision), None))
}

/// Says how many people said they would come. That is a count, not a change to what someone else wrote, so no revision
/// is expected; a count that is older than the one there is changes nothing and is refused.
#[derive(Debug, Clone)]
pub struct RecordRsvps {
    /// Of which gathering.
    pub gathering: GatheringId,
    /// People who said yes.
    pub yes: HeadCount,
    /// People on the waiting list; `None` when nobody counted.
    pub waitlist: Option<HeadCount>,
    /// When they were counted.
    pub observed_at: DateTime<Utc>,
}

impl Command for RecordRsvps {
    fn operation(&self) -> &'static str {
        "recordRsvps"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Facilitator, At::Gathering(self.gathering), "gathering")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.observed_at > write.recorded_at() + AHEAD {
            return Err(Refusal::invalid(["observedAt"], "lies in the future").into());
        }
        let found = gatherings::lock(write, self.gathering).await?;
        let mut gathering = found.ok_or_else(|| Refusal::not_found("gathering"))?;
        if let Some(newer) = gathering.rsvps.observed_at.filter(|at| *at > self.observed_at) {
            let message = format!("is before the last count, which is of {}", newer.to_rfc3339());
            let refusal = Refusal::new(RefusalCode::Conflict, ["observedAt"], message);
            return Err(Refusal { current_revision: Some(gathering.revision), ..refusal }.into());
        }
        gathering.content.rsvps = Rsvps { yes: Some(self.yes), waitlist: self.waitlist, observed_at: Some(self.observed_at) };
        update(write, gathering, ChangeKind::RsvpsRecorded, Some(self.observed_at)).await
    }
}

async fn locked(write: &Write, id: GatheringId, expected: Revision) -> Result<GatheringRecord, Stop> {
    Ok(check::expect(gatherings::lock(write, id).await?, "gathering", (check::EXPECTED, expected))?)
}

async fn update(
    write: &mut Write,
    mut gathering: GatheringRecord,
    kind: ChangeKind,
    occurred_at: Option<DateTime<Utc>>,
) -> Result<Done, Stop> {
    gathering.revision += 1;
    gatherings::update_record(write, &gathering).await?;
    Ok(record(write, gathering.network, kind, (gathering.id, gathering.revision), occurred_at))
}

async fn load_parts(write: &Write, id: GatheringId) -> Result<GatheringParts, Stop> {
    let transaction = write.transaction();
    let hosts = gatherings::load_hosts(transaction, &[id]).await?.remove(&id).unwrap_or_default();
    Ok(GatheringParts {
        hosts: ruled("gathering", Hosts::try_new(hosts))?,
        agenda: gatherings::load_agenda(transaction, &[id]).await?.remove(&id).unwrap_or_default(),
        invitations: gatherings::load_invitations(transaction, &[id]).await?.remove(&id).unwrap_or_default(),
    })
}

/// Checks the lengths of agenda and invitations, and the codes in them.
async fn check_programme(
    write: &Write,
    gathering: &convene_domain::gathering::Gathering,
    (agenda, invitations): (&[AgendaItem], &[Invitation]),
) -> Result<(), Stop> {
    for (field, length) in [("agenda", agenda.len()), ("invitations", invitations.len())] {
        if length > PROGRAMME_LIMIT {
            return Err(Refusal::invalid([field], format!("has {length} entries, more than {PROGRAMME_LIMIT}")).into());
        }
    }
    if agenda.is_empty() && invitations.is_empty() {
        return Ok(());
    }
    let vocabulary = Vocabulary::load(write, gathering.network).await?;
    let mut refusals = Vec::new();
    let kinds = agenda.iter().enumerate().filter_map(|(index, item)| Some((index, item.kind.as_ref()?)));
    for (index, code) in kinds {
        let checked = vocabulary.check(VocabularyKind::AgendaKind, code);
        refusals.extend(checked.err().map(|reason| Refusal::invalid(["agenda", &index.to_string(), "kind"], reason)));
    }
    for (index, invitation) in invitations.iter().enumerate() {
        let checked = vocabulary.check(VocabularyKind::InvitationGroup, &invitation.group);
        refusals.extend(checked.err().map(|reason| Refusal::invalid(["invitations", &index.to_string(), "group"], reason)));
    }
    if refusals.is_empty() { Ok(()) } else { Err(Stop::Refused(refusals)) }
}

/// Whether a gathering can have a report.
pub(super) fn check_reported(gathering: &GatheringRecord) -> Result<(), Refusal> {
    match gathering.status {
        GatheringStatus::Cancelled => Err(Refusal::rule("gathering", "was called off: there is nothing to report")),
        GatheringStatus::Planned | GatheringStatus::Held => Ok(()),
    }
}
