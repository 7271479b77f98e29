//! The import: everything is checked, then everything is written in one transaction.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    path::Path,
};

use chrono::{DateTime, Utc};
use convene_domain::{
    access::Audience,
    change::{ChangeKind, EntityType, Head, NewChange},
    gathering::Rsvps,
    id::{GatheringId, NetworkId},
    record::{Recorded, Revision},
};
use convene_persistence::{Write, communities, gatherings, imports, networks, reports, terms};
use uuid::Uuid;

use super::{
    directory::Directory,
    draft::{self, Folder},
    fault::Faults,
    plan::{self, Fate, GatheringPlan, Plan, Planned, Prints},
    suspicious::{self, Suspicion},
};
use crate::{App, Error};

/// How often an import is compared anew when others write the same records meanwhile.
const ATTEMPTS: u32 = 5;
/// How many records are written at a time.
const CHUNK: usize = 500;

/// How to import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImportOptions {
    /// Only check and compare; write nothing.
    pub dry_run: bool,
    /// Who may read reports whose row does not say. When this does not say either, a report that is stored keeps its
    /// audience, and a new one is for members.
    pub audience: Option<Audience>,
    /// Let the files win where a record was changed both in them and here.
    pub overwrite: bool,
}

/// Why an import did not happen. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The files are wrong.
    #[error("the files have {} faults", .0.count())]
    Faults(Faults),
    /// A community would stand under one that is not above it, because one of them was changed here and is kept.
    #[error(
        "{community} cannot stand under {parent}: one of them was changed both in the files and here, and would be kept \
         (see --overwrite); nothing was imported"
    )]
    Misplaced {
        /// The slug of the lower one.
        community: String,
        /// The slug of the upper one.
        parent: String,
    },
    /// The records were written by others again and again while they were compared.
    #[error("others kept changing the same records; nothing was imported, try again")]
    Busy(#[source] Option<convene_persistence::Error>),
    /// The database failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<convene_persistence::Error> for ImportError {
    fn from(error: convene_persistence::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// What became of the records of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// New ones.
    pub imported: usize,
    /// Changed by the files.
    pub updated: usize,
    /// Left alone: the files say nothing new of them.
    pub unchanged: usize,
    /// Left alone: changed both in the files and here.
    pub conflicting: usize,
}

/// What an import did.
#[derive(Debug)]
pub struct Imported {
    /// By kind of record, in the order of the files.
    pub counts: Vec<(&'static str, Counts)>,
    /// The records that were changed both in the files and here.
    pub conflicts: Vec<String>,
    /// What looks wrong.
    pub suspicious: Vec<Suspicion>,
    /// Files of the folder that were left alone, and what the files still have that was merged or removed here.
    pub ignored: Vec<String>,
    /// The new head of each network that was written to.
    pub heads: Vec<Head>,
}

/// Imports a folder. `progress` is told the kind of record, how many are written and how many there are.
pub async fn import(
    app: &App,
    folder: &Path,
    options: ImportOptions,
    now: DateTime<Utc>,
    mut progress: impl FnMut(&'static str, usize, usize),
) -> Result<Imported, ImportError> {
    let database = app.database();
    let mut busy = None;
    for _ in 0..ATTEMPTS {
        let faults = RefCell::<Faults>::default();
        let files = Folder::read(folder, &faults);
        // Where rows or columns are missing, whatever else is said of the files would mislead.
        if faults.borrow().count() > 0 {
            return Err(ImportError::Faults(faults.into_inner()));
        }
        let mut directory = Directory::load(database).await?;
        let drafts = draft::read(&files, database, &mut directory, options.audience, &faults).await?;
        let faults = faults.into_inner();
        if faults.count() > 0 {
            return Err(ImportError::Faults(faults));
        }
        let plan = plan::make(database, &directory, drafts, options.overwrite).await?;
        if let Some((community, parent)) = plan::misplaced(&directory, &plan.communities) {
            return Err(ImportError::Misplaced { community, parent });
        }
        let mut summary = summarise(&plan, files.ignored);
        if options.dry_run {
            return Ok(summary);
        }
        match write(app, plan, now, &mut progress).await {
            Ok(heads) => {
                app.wake(&heads);
                summary.heads = heads;
                return Ok(summary);
            }
            // Someone wrote one of the records since it was compared, or holds it now.
            Err(error) if error.is_collision() => busy = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(ImportError::Busy(busy))
}

fn summarise(plan: &Plan, mut ignored: Vec<String>) -> Imported {
    ignored.extend(plan.gone.iter().cloned());
    let mut summary =
        Imported { counts: Vec::new(), conflicts: Vec::new(), suspicious: suspicious::find(plan), ignored, heads: Vec::new() };
    tally(&mut summary, "networks", &plan.networks);
    tally(&mut summary, "terms", &plan.terms);
    tally(&mut summary, "communities", &plan.communities);
    tally(&mut summary, "gatherings", &plan.gatherings);
    tally(&mut summary, "RSVPs", &plan.rsvps);
    tally(&mut summary, "reports", &plan.reports);
    summary
}

fn tally<T>(summary: &mut Imported, kind: &'static str, plans: &[Planned<T>]) {
    let mut counts = Counts::default();
    for plan in plans {
        match plan.fate {
            Fate::Create => counts.imported += 1,
            Fate::Update => counts.updated += 1,
            Fate::Unchanged => counts.unchanged += 1,
            Fate::Conflict => {
                counts.conflicting += 1;
                summary.conflicts.push(plan.name.clone());
            }
        }
    }
    summary.counts.push((kind, counts));
}

/// A write with the fingerprints that are to be noted at its end.
struct Import<'a> {
    write: Write,
    prints: HashMap<NetworkId, Vec<(Uuid, &'static str, imports::Imported)>>,
    progress: &'a mut dyn FnMut(&'static str, usize, usize),
}

impl Import<'_> {
    /// Says what was written, and notes its fingerprints.
    fn record(&mut self, network: NetworkId, entity_type: EntityType, entity: Uuid, revision: Revision, told: Told) {
        let kind = match (revision, told.moved) {
            (1, _) => ChangeKind::Created,
            (_, true) => ChangeKind::Moved,
            _ => ChangeKind::Updated,
        };
        self.write.record(network, NewChange { kind, entity_type, entity, revision, occurred_at: told.at });
        let rows = told.prints.into_iter().map(|(part, fingerprint)| (entity, part, imports::Imported { fingerprint, revision }));
        self.prints.entry(network).or_default().extend(rows);
    }
}

/// What an import knows of a change beside the record.
#[derive(Default)]
struct Told {
    at: Option<DateTime<Utc>>,
    moved: bool,
    prints: Prints,
}

async fn write(
    app: &App,
    plan: Plan,
    now: DateTime<Utc>,
    progress: &mut dyn FnMut(&'static str, usize, usize),
) -> convene_persistence::Result<Vec<Head>> {
    let write = Write::begin(app.database(), now).await?;
    write.exclude_other_imports().await?;
    let mut import = Import { write, prints: HashMap::new(), progress };
    write_networks(&mut import, plan.networks, plan.terms).await?;
    write_communities(&mut import, plan.communities).await?;
    let mut rsvps: HashMap<GatheringId, Rsvps> = HashMap::new();
    for Planned { fate, prints, record, .. } in plan.rsvps {
        if matches!(fate, Fate::Create | Fate::Update) {
            rsvps.insert(record.gathering, record.rsvps);
            // They are compared for themselves, whatever the gathering's revision.
            let rows = prints
                .into_iter()
                .map(|(part, fingerprint)| (record.gathering.uuid(), part, imports::Imported { fingerprint, revision: 0 }));
            import.prints.entry(record.network).or_default().extend(rows);
        }
    }
    let moved = write_gatherings(&mut import, plan.gatherings, &mut rsvps).await?;
    write_rsvps(&mut import, rsvps).await?;
    move_reports(&mut import, moved, &plan.reports).await?;
    write_reports(&mut import, plan.reports).await?;
    for (network, rows) in &import.prints {
        imports::put_many(&import.write, *network, rows).await?;
    }
    import.write.seal().await
}

async fn write_networks(
    import: &mut Import<'_>,
    networks: Vec<plan::NetworkPlan>,
    terms: Vec<plan::TermPlan>,
) -> convene_persistence::Result<()> {
    let origin = import.write.instance();
    for Planned { fate, prints, record: (id, stored, content), .. } in networks {
        let revision = stored.unwrap_or_default() + 1;
        let record = Recorded { id, revision, origin, content };
        match fate {
            Fate::Create => networks::add_many(&import.write, std::slice::from_ref(&record)).await?,
            Fate::Update => networks::update(&import.write, &record).await?,
            Fate::Unchanged | Fate::Conflict => continue,
        }
        import.record(id, EntityType::Network, id.uuid(), revision, Told { prints, ..Told::default() });
    }
    let mut new = Vec::new();
    for Planned { fate, prints, record: (id, stored, content), .. } in terms {
        let revision = stored.unwrap_or_default() + 1;
        let record = Recorded { id, revision, origin, content };
        match fate {
            Fate::Create => new.push(record.clone()),
            Fate::Update => terms::update(&import.write, &record).await?,
            Fate::Unchanged | Fate::Conflict => continue,
        }
        import.record(record.network, EntityType::Term, id.uuid(), revision, Told { prints, ..Told::default() });
    }
    terms::add_many(&import.write, &new).await
}

async fn write_communities(import: &mut Import<'_>, plans: Vec<plan::CommunityPlan>) -> convene_persistence::Result<()> {
    let origin = import.write.instance();
    let (mut new, mut changed, mut slugs) = (Vec::new(), Vec::new(), Vec::new());
    for Planned { fate, prints, record: planned, .. } in plans {
        let revision = planned.stored.as_ref().map(|stored| stored.revision).unwrap_or_default() + 1;
        let moved = planned.stored.as_ref().is_some_and(|stored| stored.parent != planned.content.parent);
        let record = Recorded { id: planned.id, revision, origin, content: planned.content };
        let network = record.network;
        match fate {
            Fate::Create => new.push(record),
            Fate::Update => changed.push(record),
            Fate::Unchanged | Fate::Conflict => continue,
        }
        slugs.extend(planned.new_aliases.into_iter().map(|alias| (network, alias, planned.id)));
        import.record(network, EntityType::Community, planned.id.uuid(), revision, Told { moved, prints, at: None });
    }
    for (written, chunk) in new.chunks(CHUNK).enumerate() {
        communities::add_many(&import.write, chunk).await?;
        (import.progress)("communities", written * CHUNK + chunk.len(), new.len());
    }
    // After the new ones: a stored community can move under one of them.
    for record in &changed {
        communities::update(&import.write, record).await?;
    }
    communities::add_slugs(&import.write, &slugs).await
}

/// Writes gatherings with the RSVPs that their reports' rows say, and takes those off the list. Answers which of them
/// have other hosts now.
async fn write_gatherings(
    import: &mut Import<'_>,
    plans: Vec<GatheringPlan>,
    rsvps: &mut HashMap<GatheringId, Rsvps>,
) -> convene_persistence::Result<Vec<GatheringId>> {
    let origin = import.write.instance();
    let (mut new, mut moved) = (Vec::new(), Vec::new());
    for Planned { fate, prints, record: mut planned, .. } in plans {
        if !matches!(fate, Fate::Create | Fate::Update) {
            continue;
        }
        if let Some(said) = rsvps.remove(&planned.id) {
            planned.content.rsvps = said;
        }
        let revision = planned.revision.unwrap_or_default() + 1;
        let at = planned.content.announced_at.filter(|_| fate == Fate::Create);
        let record = Recorded { id: planned.id, revision, origin, content: planned.content };
        import.record(record.network, EntityType::Gathering, record.id.uuid(), revision, Told { at, moved: false, prints });
        if fate == Fate::Create {
            new.push((record, planned.parts));
        } else {
            let rehosted = gatherings::update(&import.write, &record, &planned.parts).await?;
            moved.extend(rehosted.then_some(record.id));
        }
    }
    for (written, chunk) in new.chunks(CHUNK).enumerate() {
        gatherings::add_many(&import.write, chunk).await?;
        (import.progress)("gatherings", written * CHUNK + chunk.len(), new.len());
    }
    Ok(moved)
}

/// Notes that reports have moved with their gatherings; those that are written anyway say so themselves.
async fn move_reports(
    import: &mut Import<'_>,
    moved: Vec<GatheringId>,
    plans: &[plan::ReportPlan],
) -> convene_persistence::Result<()> {
    let written = plans.iter().filter(|plan| matches!(plan.fate, Fate::Create | Fate::Update));
    let written: HashSet<GatheringId> = written.map(|plan| plan.record.content.gathering).collect();
    for gathering in moved.into_iter().filter(|gathering| !written.contains(gathering)) {
        if let Some((report, revision)) = reports::follow_hosts(&mut import.write, gathering).await? {
            imports::follow(&import.write, report.uuid(), revision).await?;
        }
    }
    Ok(())
}

/// Sets RSVPs of gatherings that the files say nothing else of.
async fn write_rsvps(import: &mut Import<'_>, rsvps: HashMap<GatheringId, Rsvps>) -> convene_persistence::Result<()> {
    let mut ids: Vec<GatheringId> = rsvps.keys().copied().collect();
    ids.sort();
    for chunk in ids.chunks(CHUNK) {
        let stored = gatherings::load_many(import.write.transaction(), chunk).await?;
        for id in chunk {
            let Some(mut record) = stored.get(id).filter(|record| record.rsvps != rsvps[id]).cloned() else { continue };
            record.content.rsvps = rsvps[id];
            record.revision += 1;
            gatherings::update_record(&import.write, &record).await?;
            imports::follow(&import.write, id.uuid(), record.revision).await?;
            import.record(record.network, EntityType::Gathering, id.uuid(), record.revision, Told::default());
        }
    }
    Ok(())
}

async fn write_reports(import: &mut Import<'_>, plans: Vec<plan::ReportPlan>) -> convene_persistence::Result<()> {
    let origin = import.write.instance();
    let mut new = Vec::new();
    for Planned { fate, prints, record: planned, .. } in plans {
        if !matches!(fate, Fate::Create | Fate::Update) {
            continue;
        }
        let revision = planned.revision.unwrap_or_default() + 1;
        let at = planned.content.submitted_at.filter(|_| fate == Fate::Create);
        let record = Recorded { id: planned.id, revision, origin, content: planned.content };
        import.record(record.network, EntityType::GatheringReport, record.id.uuid(), revision, Told { at, moved: false, prints });
        if fate == Fate::Create {
            new.push((record, planned.parts));
        } else {
            reports::update(&import.write, &record, &planned.parts).await?;
        }
    }
    for (written, chunk) in new.chunks(CHUNK).enumerate() {
        reports::add_many(&import.write, chunk).await?;
        (import.progress)("reports", written * CHUNK + chunk.len(), new.len());
    }
    Ok(())
}
