//! RSVPs: they stand in a report's row, belong to the gathering, and are compared for themselves, so that a report that
//! changed does not undo what was counted here.

use std::collections::{HashMap, HashSet};

use convene_domain::{
    gathering::Rsvps,
    id::{GatheringId, NetworkId},
    text::HeadCount,
};
use convene_persistence::{Database, gatherings};

use super::{Fate, Past, Planned};
use crate::{Error, exchange::draft::ReportDraft};

/// What a report's row says of its gathering's RSVPs.
#[derive(Debug)]
pub(in crate::exchange) struct RsvpRecord {
    pub(in crate::exchange) gathering: GatheringId,
    pub(in crate::exchange) network: NetworkId,
    pub(in crate::exchange) rsvps: Rsvps,
}

pub(in crate::exchange) type RsvpPlan = Planned<RsvpRecord>;

/// The name of the part that is noted.
const PART: &str = "gathering.rsvps";

fn print(rsvps: Rsvps) -> String {
    let count = |people: Option<HeadCount>| people.map(|people| people.people().to_string()).unwrap_or_default();
    format!("{} {}", count(rsvps.yes), count(rsvps.waitlist))
}

/// Compares. A row that says nothing where nothing was imported before is no record.
pub(super) async fn make(
    database: &Database,
    past: &Past,
    drafts: &[ReportDraft],
    (new, gone): (&HashSet<GatheringId>, &HashSet<GatheringId>),
) -> Result<Vec<RsvpPlan>, Error> {
    let mut plans = Vec::new();
    for chunk in drafts.chunks(500) {
        let stored: Vec<GatheringId> = chunk.iter().map(|draft| draft.gathering).filter(|id| !new.contains(id)).collect();
        let stored: HashMap<GatheringId, Rsvps> =
            gatherings::load_many(database.reader(), &stored).await?.into_iter().map(|(id, record)| (id, record.rsvps)).collect();
        for draft in chunk {
            let before = past.print(draft.gathering.uuid(), PART).map(|known| known.fingerprint.as_str());
            if before.is_none() && draft.rsvps == Rsvps::default() || gone.contains(&draft.gathering) {
                continue;
            }
            let prints = vec![(PART, print(draft.rsvps))];
            let fate = match stored.get(&draft.gathering) {
                None => Fate::Create,
                Some(_) if before == Some(prints[0].1.as_str()) => Fate::Unchanged,
                Some(now) if print(*now) == prints[0].1 => Fate::Unchanged,
                // Nobody has counted here since.
                Some(now) if past.overwrite || before.unwrap_or(&print(Rsvps::default())) == print(*now) => Fate::Update,
                Some(_) => Fate::Conflict,
            };
            let record = RsvpRecord { gathering: draft.gathering, network: draft.network, rsvps: draft.rsvps };
            let name = format!("RSVPs of gathering {}", draft.gathering_external_id);
            plans.push(Planned { fate, name, prints, record });
        }
    }
    Ok(plans)
}
