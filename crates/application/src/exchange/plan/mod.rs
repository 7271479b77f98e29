//! What an import would do: every record of the files against what is stored and what was imported last.

mod communities;
mod gatherings;
mod networks;
mod reports;
mod rsvps;

use std::collections::{HashMap, HashSet};

use convene_domain::{change::EntityType, id::GatheringId, record::Revision};
use convene_persistence::{Database, imports, imports::Imported};
use uuid::Uuid;

pub(super) use communities::{CommunityPlan, misplaced};
pub(super) use gatherings::GatheringPlan;
pub(super) use networks::{NetworkPlan, TermPlan};
pub(super) use reports::ReportPlan;
pub(super) use rsvps::RsvpPlan;

use super::{
    directory::Directory,
    draft::{Drafts, GatheringDraft},
};
use crate::Error;

/// What is to become of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is new.
    Create,
    /// The files changed since the last import, and nobody changed it here; or the files are to win.
    Update,
    /// The files say what they said at the last import, or what is stored.
    Unchanged,
    /// The files changed, and so did the record here.
    Conflict,
}

/// The fingerprints of what the files say of a record: of the record itself first, then of each part they speak of.
pub(super) type Prints = Vec<(&'static str, String)>;

/// What every record of a plan has.
#[derive(Debug)]
pub(super) struct Planned<T> {
    pub(super) fate: Fate,
    /// How a person would name it.
    pub(super) name: String,
    pub(super) prints: Prints,
    pub(super) record: T,
}

/// Everything that an import would do.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) networks: Vec<NetworkPlan>,
    pub(super) terms: Vec<TermPlan>,
    pub(super) communities: Vec<CommunityPlan>,
    /// What the files still have, and was merged or removed here.
    pub(super) gone: Vec<String>,
    pub(super) gatherings: Vec<GatheringPlan>,
    pub(super) rsvps: Vec<RsvpPlan>,
    pub(super) reports: Vec<ReportPlan>,
}

/// What was imported before.
struct Past {
    rows: HashMap<(Uuid, String), Imported>,
    overwrite: bool,
}

impl Past {
    fn print(&self, entity: Uuid, part: &str) -> Option<&Imported> {
        self.rows.get(&(entity, part.to_owned()))
    }

    /// Whether the files say what they said at the last import.
    fn knows(&self, entity: Uuid, prints: &Prints) -> bool {
        prints.iter().all(|(part, print)| self.print(entity, part).is_some_and(|known| known.fingerprint == *print))
    }

    /// What becomes of a stored record of which the files say something new. `current` are the fingerprints of what is
    /// stored, in the same order.
    fn fate(&self, entity: Uuid, revision: Revision, prints: &Prints, current: &Prints) -> Fate {
        let main = prints.first().and_then(|(part, _)| self.print(entity, part));
        if prints == current {
            Fate::Unchanged
        } else if self.overwrite || main.is_some_and(|known| known.revision == revision) {
            Fate::Update
        } else {
            Fate::Conflict
        }
    }
}

/// Compares.
pub(super) async fn make(database: &Database, directory: &Directory, drafts: Drafts, overwrite: bool) -> Result<Plan, Error> {
    let mut past = Past { rows: HashMap::new(), overwrite };
    for network in directory.stored_networks.values() {
        past.rows.extend(imports::all(database.reader(), network.id).await?);
    }
    let new: HashSet<GatheringId> = drafts.gatherings.iter().filter(|draft| !draft.is_stored).map(|draft| draft.id).collect();
    let gone = |draft: &&GatheringDraft| directory.is_gone(draft.content.network, EntityType::Gathering, &draft.external_id);
    let gone = drafts.gatherings.iter().filter(|draft| !draft.is_stored && !overwrite).filter(gone);
    // What was removed here does not come back, and neither does what the files say of it.
    let (gone, mut names): (HashSet<GatheringId>, Vec<String>) =
        gone.map(|draft| (draft.id, format!("gathering {} (removed here)", draft.external_id))).unzip();
    names.extend(drafts.merged.iter().map(|slug| format!("community {slug} (merged into another here)")));
    names.sort();
    Ok(Plan {
        gone: names,
        rsvps: rsvps::make(database, &past, &drafts.reports, (&new, &gone)).await?,
        networks: networks::make(&past, directory, drafts.networks),
        terms: networks::make_terms(&past, drafts.terms),
        communities: communities::make(database, &past, directory, drafts.communities).await?,
        reports: reports::make(database, &past, drafts.reports, &gone).await?,
        gatherings: gatherings::make(database, &past, drafts.gatherings, &gone).await?,
    })
}
