//! Rows of `attendance.csv`, `items.csv` and `report_tags.csv`: the parts of reports.

use std::{cell::RefCell, collections::HashMap};

use convene_domain::{
    Invalid,
    id::{CommunityId, GatheringId, NetworkId},
    network::VocabularyKind,
    report::{AttendancePart, ITEM_LIMIT, ItemFields, ItemKind, ReportItem},
    text::{Code, Text},
};
use convene_persistence::reports::Tags;

use super::{Folder, Keys, Parts, ReportDraft, Vocabulary};
use crate::exchange::{
    directory::Directory,
    fault::Faults,
    files,
    table::{Row, boolean, day, integer, people},
};

/// Where the rows belong: the report's key, its network and its gathering's hosts.
struct Owner<'a> {
    network: NetworkId,
    hosts: &'a [CommunityId],
}

type Owners<'a> = HashMap<String, Owner<'a>>;

pub(super) fn read(
    folder: &Folder,
    directory: &Directory,
    vocabulary: &Vocabulary,
    hosts: &HashMap<GatheringId, &[CommunityId]>,
    reports: &mut [ReportDraft],
    faults: &RefCell<Faults>,
) {
    let owner = |report: &ReportDraft| {
        let hosts = hosts.get(&report.gathering).copied().unwrap_or_default();
        (report.external_id.to_string(), Owner { network: report.network, hosts })
    };
    let owners: Owners<'_> = reports.iter().map(owner).collect();
    let mut attendance = read_attendance(folder, directory, vocabulary, &owners, faults);
    let mut items = read_items(folder, directory, vocabulary, &owners, faults);
    let mut tags = read_tags(folder, directory, vocabulary, &owners, faults);
    for report in reports {
        report.attendance_parts = attendance.take(&report.external_id);
        report.items = items.take(&report.external_id);
        report.tags = tags.remove(&*report.external_id);
    }
}

/// Reads the column that names a report of `reports.csv`.
fn of_draft<'a>(row: Row<'_>, directory: &Directory, owners: &'a Owners<'_>) -> Option<(String, &'a Owner<'a>)> {
    row.refer(
        "report_external_id",
        |key| directory.is_broken(&files::REPORTS, key),
        |key| {
            let owner = owners.get(key).ok_or_else(|| Invalid::new("names no report of reports.csv"))?;
            Ok((key.to_owned(), owner))
        },
    )
}

fn read_attendance(
    folder: &Folder,
    directory: &Directory,
    vocabulary: &Vocabulary,
    owners: &Owners<'_>,
    faults: &RefCell<Faults>,
) -> Parts<AttendancePart> {
    let mut parts = Parts::new();
    let mut keys = Keys::new();
    for row in folder.rows(&files::ATTENDANCE, faults) {
        let part = row.build(|| {
            let (key, owner) = of_draft(row, directory, owners)?;
            let role = vocabulary.read(row, "role", owner.network, VocabularyKind::ParticipantRole);
            let organisation = row.read("organisation", str::parse::<Text>);
            let people = row.need("people", people);
            keys.note(row, "role", (key.clone(), role.clone(), organisation.clone()));
            Some((key, row.take("people", AttendancePart::try_new(role, organisation, people?))?))
        });
        if let Some((key, part)) = part {
            parts.push(&key, part);
        }
    }
    parts
}

fn read_items(
    folder: &Folder,
    directory: &Directory,
    vocabulary: &Vocabulary,
    owners: &Owners<'_>,
    faults: &RefCell<Faults>,
) -> Parts<ReportItem> {
    let mut parts = Parts::new();
    for row in folder.rows(&files::ITEMS, faults) {
        let part = row.build(|| {
            let (key, owner) = of_draft(row, directory, owners)?;
            let order = row.need("order", integer);
            Some((key, order, read_item(row, directory, vocabulary, owner)?))
        });
        if let Some((key, Some(order), item)) = part {
            parts.add(row, &key, order, item);
            if parts.by_key.get(&key).is_some_and(|of_key| of_key.len() > ITEM_LIMIT) {
                row.fault("report_external_id", format!("has more than {ITEM_LIMIT} items"));
            }
        }
    }
    parts
}

fn read_item(row: Row<'_>, directory: &Directory, vocabulary: &Vocabulary, owner: &Owner<'_>) -> Option<ReportItem> {
    let kind: Option<ItemKind> = row.need("kind", str::parse);
    let fields = ItemFields {
        activity_kind: row.read("activity_kind", str::parse),
        severity: row.read("severity", str::parse),
        owner: row.read("owner", str::parse::<Text>),
        due_on: row.read("due_on", day),
        state: row.read("state", str::parse),
    };
    let text = row.need("text", str::parse::<Text>);
    let theme = vocabulary.read(row, "theme", owner.network, VocabularyKind::Theme);
    let contributor = row.read("contributor", str::parse::<Text>);
    let host = row.read("host_slug", |slug| match directory.community(owner.network, slug) {
        Some(host) if owner.hosts.contains(&host) => Ok(host),
        _ => Err(Invalid::new("is none of the gathering's hosts")),
    });
    let confidential = row.read("confidential", boolean).unwrap_or(false);
    let detail = fields.into_detail(kind?).map_err(|(column, reason)| row.fault(column, reason.to_string())).ok()?;
    Some(ReportItem { detail, text: text?, theme, contributor, host, confidential })
}

fn read_tags(
    folder: &Folder,
    directory: &Directory,
    vocabulary: &Vocabulary,
    owners: &Owners<'_>,
    faults: &RefCell<Faults>,
) -> HashMap<String, Tags> {
    let mut tags: HashMap<String, Tags> = HashMap::new();
    let mut keys = Keys::new();
    for row in folder.rows(&files::TAGS, faults) {
        let tag: Option<(String, VocabularyKind, Code)> = row.build(|| {
            let (key, owner) = of_draft(row, directory, owners)?;
            let kind = row.need("kind", |text| match text.parse() {
                Ok(kind @ (VocabularyKind::DesiredOutcome | VocabularyKind::Function)) => Ok(kind),
                _ => Err(Invalid::new("is neither DESIRED_OUTCOME nor FUNCTION")),
            })?;
            row.need("code", |_| Ok(()))?;
            let code = vocabulary.read(row, "code", owner.network, kind)?;
            keys.note(row, "code", (key.clone(), kind, code.clone()));
            Some((key, kind, code))
        });
        if let Some((key, kind, code)) = tag {
            let of_report = tags.entry(key).or_default();
            if kind == VocabularyKind::DesiredOutcome { of_report.outcomes.push(code) } else { of_report.functions.push(code) }
        }
    }
    tags
}
