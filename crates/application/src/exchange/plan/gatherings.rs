//! Gatherings with their agendas and invitations.

use std::collections::HashSet;

use convene_domain::{
    gathering::{AgendaItem, Gathering, GatheringParts, Invitation},
    id::{CommunityId, GatheringId},
    record::Revision,
};
use convene_persistence::{Database, gatherings};

use super::{Fate, Past, Planned, Prints};
use crate::{
    Error,
    exchange::{
        draft::GatheringDraft,
        fields::{self, Names, fingerprint},
        files,
    },
};

/// A gathering as it is to be written.
#[derive(Debug)]
pub(in crate::exchange) struct GatheringRecord {
    pub(in crate::exchange) id: GatheringId,
    pub(in crate::exchange) revision: Option<Revision>,
    pub(in crate::exchange) content: Gathering,
    pub(in crate::exchange) parts: GatheringParts,
}

pub(in crate::exchange) type GatheringPlan = Planned<GatheringRecord>;

/// Fingerprints of a gathering and of those parts that the files speak of.
fn prints(
    content: &Gathering,
    hosts: &[CommunityId],
    agenda: Option<&[AgendaItem]>,
    invitations: Option<&[Invitation]>,
) -> Prints {
    let print = fingerprint(&files::GATHERINGS, &[fields::gathering(&Names::Ids, content, hosts)]);
    // A day begins where the host is, so that another time zone of the host is another instant to sort by.
    let mut prints = vec![("gathering", format!("{print} {}", content.occurrence.sort_at().timestamp_micros()))];
    if let Some(agenda) = agenda {
        prints.push(("gathering.agenda", fingerprint(&files::AGENDA, &fields::agenda("", agenda))));
    }
    if let Some(invitations) = invitations {
        prints.push(("gathering.invitations", fingerprint(&files::INVITATIONS, &fields::invitations("", invitations))));
    }
    prints
}

pub(super) async fn make(
    database: &Database,
    past: &Past,
    drafts: Vec<GatheringDraft>,
    gone: &HashSet<GatheringId>,
) -> Result<Vec<GatheringPlan>, Error> {
    let mut plans = Vec::with_capacity(drafts.len());
    let mut changed = Vec::new();
    for draft in drafts {
        let prints = prints(&draft.content, draft.hosts.ids(), draft.agenda.as_deref(), draft.invitations.as_deref());
        let fate = match draft.is_stored {
            false if gone.contains(&draft.id) => Fate::Unchanged,
            false => Fate::Create,
            true => Fate::Unchanged,
        };
        if draft.is_stored && !past.knows(draft.id.uuid(), &prints) {
            changed.push((plans.len(), draft.agenda.is_some(), draft.invitations.is_some()));
        }
        let parts = GatheringParts {
            hosts: draft.hosts,
            agenda: draft.agenda.unwrap_or_default(),
            invitations: draft.invitations.unwrap_or_default(),
        };
        let record = GatheringRecord { id: draft.id, revision: None, content: draft.content, parts };
        plans.push(Planned { fate, name: format!("gathering {}", draft.external_id), prints, record });
    }
    for chunk in changed.chunks(500) {
        compare(database, past, &mut plans, chunk).await?;
    }
    Ok(plans)
}

/// Compares gatherings of which the files say something new with what is stored, and takes over what the files are
/// silent of.
async fn compare(
    database: &Database,
    past: &Past,
    plans: &mut [GatheringPlan],
    changed: &[(usize, bool, bool)],
) -> Result<(), Error> {
    let ids: Vec<GatheringId> = changed.iter().map(|(at, ..)| plans[*at].record.id).collect();
    let mut stored = gatherings::load_many(database.reader(), &ids).await?;
    let mut hosts = gatherings::load_hosts(database.reader(), &ids).await?;
    let mut agendas = gatherings::load_agenda(database.reader(), &ids).await?;
    let mut invitations = gatherings::load_invitations(database.reader(), &ids).await?;
    for (at, with_agenda, with_invitations) in changed {
        let Planned { fate, prints, record, .. } = &mut plans[*at];
        let Some(current) = stored.remove(&record.id) else { continue };
        let agenda = agendas.remove(&record.id).unwrap_or_default();
        let invitations = invitations.remove(&record.id).unwrap_or_default();
        let current_prints = self::prints(
            &current,
            &hosts.remove(&record.id).unwrap_or_default(),
            with_agenda.then_some(agenda.as_slice()),
            with_invitations.then_some(invitations.as_slice()),
        );
        *fate = past.fate(record.id.uuid(), current.revision, prints, &current_prints);
        record.revision = Some(current.revision);
        record.content.rsvps = current.rsvps;
        if !with_agenda {
            record.parts.agenda = agenda;
        }
        if !with_invitations {
            record.parts.invitations = invitations;
        }
    }
    Ok(())
}
