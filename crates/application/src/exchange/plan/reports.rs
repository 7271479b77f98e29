//! Reports with their parts.

use std::collections::{HashMap, HashSet};

use convene_domain::{
    access::{Audience, Rights},
    gathering::{GatheringStatus, Rsvps},
    id::{GatheringId, ReportId},
    record::Revision,
    report::{Attendance, AttendancePart, GatheringReport, ItemFilter, ReportItem, ReportParts, ReportStatus, ReportStep, Tags},
};
use convene_persistence::{Database, reports};

use super::{Fate, Past, Planned, Prints};
use crate::{
    Error,
    exchange::{
        draft::ReportDraft,
        fields::{self, Names, fingerprint},
        files,
    },
};

/// A report as it is to be written.
#[derive(Debug)]
pub(in crate::exchange) struct ReportRecord {
    pub(in crate::exchange) id: ReportId,
    pub(in crate::exchange) revision: Option<Revision>,
    pub(in crate::exchange) content: GatheringReport,
    pub(in crate::exchange) parts: ReportParts,
    pub(in crate::exchange) gathering_external_id: String,
    pub(in crate::exchange) gathering_status: GatheringStatus,
}

pub(in crate::exchange) type ReportPlan = Planned<ReportRecord>;

/// The parts that are stored.
#[derive(Default)]
struct Stored {
    attendance: Vec<AttendancePart>,
    items: Vec<ReportItem>,
    tags: Tags,
}

/// Fingerprints of a report and of those parts that the files speak of.
fn prints(
    content: &GatheringReport,
    attendance: Option<&[AttendancePart]>,
    items: Option<&[ReportItem]>,
    tags: Option<&Tags>,
) -> Prints {
    let names = Names::Ids;
    let gathering = content.gathering.to_string();
    let mut prints = vec![("report", fingerprint(&files::REPORTS, &[fields::report(&gathering, content, Rsvps::default())]))];
    if let Some(parts) = attendance {
        prints.push(("report.attendance", fingerprint(&files::ATTENDANCE, &fields::attendance("", parts))));
    }
    if let Some(items) = items {
        prints.push(("report.items", fingerprint(&files::ITEMS, &fields::items(&names, "", items))));
    }
    if let Some(tags) = tags {
        prints.push(("report.tags", fingerprint(&files::TAGS, &fields::tags("", &tags.outcomes, &tags.functions))));
    }
    prints
}

pub(super) async fn make(
    database: &Database,
    past: &Past,
    drafts: Vec<ReportDraft>,
    gone: &HashSet<GatheringId>,
) -> Result<Vec<ReportPlan>, Error> {
    let mut plans = Vec::with_capacity(drafts.len());
    for chunk in drafts.chunks(500) {
        let changed: Vec<_> =
            chunk.iter().filter(|draft| draft.stored.is_some() && !past.knows(draft.id.uuid(), &of_draft(draft))).collect();
        let mut stored = load(database, &changed).await?;
        for draft in chunk {
            let mut plan = plan(past, draft, stored.remove(&draft.id))?;
            if gone.contains(&draft.gathering) {
                plan.fate = Fate::Unchanged;
            }
            plans.push(plan);
        }
    }
    Ok(plans)
}

fn content(draft: &ReportDraft) -> GatheringReport {
    let stored = draft.stored.as_ref();
    GatheringReport {
        network: draft.network,
        gathering: draft.gathering,
        external_id: Some(draft.external_id.clone()),
        status: ReportStatus::Submitted,
        audience: draft.audience.or(stored.map(|stored| stored.audience)).unwrap_or(Audience::Members),
        submitted_at: draft.submitted_at,
        attendance: draft.attendance,
    }
}

fn of_draft(draft: &ReportDraft) -> Prints {
    prints(&content(draft), draft.attendance_parts.as_deref(), draft.items.as_deref(), draft.tags.as_ref())
}

/// Plans a report. `parts` are those stored, if the files say something new of a stored report.
fn plan(past: &Past, draft: &ReportDraft, parts: Option<Stored>) -> Result<ReportPlan, Error> {
    let prints = of_draft(draft);
    let mut content = content(draft);
    let mut kept = Stored::default();
    let fate = match (&draft.stored, parts) {
        (None, _) => Fate::Create,
        (Some(_), None) => Fate::Unchanged,
        (Some(stored), Some(parts)) => {
            let current = self::prints(
                stored,
                draft.attendance_parts.is_some().then_some(parts.attendance.as_slice()),
                draft.items.is_some().then_some(parts.items.as_slice()),
                draft.tags.is_some().then_some(&parts.tags),
            );
            let fate = past.fate(draft.id.uuid(), stored.revision, &prints, &current);
            let step = match stored.status {
                ReportStatus::Draft | ReportStatus::Withdrawn => ReportStep::Submit,
                ReportStatus::Submitted | ReportStatus::Reviewed => ReportStep::Amend,
            };
            content.status = stored.status.after(step).map_err(|reason| Error::Invalid { argument: "reports.csv", reason })?;
            kept = parts;
            fate
        }
    };
    let name = format!("report {}", &*draft.external_id);
    let tags = draft.tags.clone().unwrap_or(kept.tags);
    let attendance = Attendance::try_new(draft.attendance, draft.attendance_parts.clone().unwrap_or(kept.attendance))
        .map_err(|reason| Error::Invalid { argument: "reports.csv: the attendance of a stored report", reason })?;
    // Without a total in the row, the parts are the total.
    content.attendance = attendance.total();
    let parts = ReportParts { attendance, items: draft.items.clone().unwrap_or(kept.items), tags };
    let record = ReportRecord {
        id: draft.id,
        revision: draft.stored.as_ref().map(|stored| stored.revision),
        content,
        parts,
        gathering_external_id: draft.gathering_external_id.clone(),
        gathering_status: draft.gathering_status,
    };
    Ok(Planned { fate, name, prints, record })
}

async fn load(database: &Database, changed: &[&ReportDraft]) -> Result<HashMap<ReportId, Stored>, Error> {
    if changed.is_empty() {
        return Ok(HashMap::new());
    }
    let reader = database.reader();
    let ids: Vec<ReportId> = changed.iter().map(|draft| draft.id).collect();
    let mut attendance = reports::load_attendance(reader, &ids).await?;
    let mut items = reports::load_items(reader, &Rights::all(), &ItemFilter::default(), &ids).await?;
    let mut tags = reports::load_tags(reader, &ids).await?;
    let stored = |draft: &&ReportDraft| {
        let items = items.remove(&draft.id).unwrap_or_default().into_iter().map(|(_, item)| item).collect();
        let stored = Stored {
            attendance: attendance.remove(&draft.id).unwrap_or_default(),
            items,
            tags: tags.remove(&draft.id).unwrap_or_default(),
        };
        (draft.id, stored)
    };
    Ok(changed.iter().map(stored).collect())
}
