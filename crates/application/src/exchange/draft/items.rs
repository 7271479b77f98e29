//! Rows of `attendance.csv`, `items.csv` and `report_tags.csv`: the parts of reports.

use std::collections::HashMap;

use convene_domain::{
    Invalid,
    id::{CommunityId, GatheringId, NetworkId},
    network::VocabularyKind,
    report::{AttendancePart, ITEM_LIMIT, ItemFields, ItemKind, ReportItem, Tags},
    text::{Code, Text},
};

use super::{Keys, Parts, Reading, ReportDraft, Vocabulary};
use crate::exchange::{
    directory::Directory,
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
    reading: Reading<'_>,
    directory: &Directory,
    hosts: &HashMap<GatheringId, &[CommunityId]>,
    reports: &mut [ReportDraft],
) {
    let owner = |report: &ReportDraft| {
        let hosts = hosts.get(&report.gathering).copied().unwrap_or_default();
        (report.external_id.to_string(), Owner { network: report.network, hosts })
    };
    let owners: Owners<'_> = reports.iter().map(owner).collect();
    let mut attendance = read_attendance(reading, directory, &owners);
    let mut items = read_items(reading, directory, &owners);
    let mut tags = read_tags(reading, directory, &owners);
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

fn read_attendance(reading: Reading<'_>, directory: &Directory, owners: &Owners<'_>) -> Parts<AttendancePart> {
    let mut parts = Parts::new();
    let mut keys = Keys::new();
    for row in reading.rows(&files::ATTENDANCE) {
        let part = row.build(|| {
            let (key, owner) = of_draft(row, directory, owners)?;
            let role = reading.vocabulary.read(row, "role", owner.network, VocabularyKind::ParticipantRole);
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

fn read_items(reading: Reading<'_>, directory: &Directory, owners: &Owners<'_>) -> Parts<ReportItem> {
    let mut parts = Parts::new();
    for row in reading.rows(&files::ITEMS) {
        let part = row.build(|| {
            let (key, owner) = of_draft(row, directory, owners)?;
            let order = row.need("order", integer);
            Some((key, order, read_item(row, directory, reading.vocabulary, owner)?))
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

fn read_tags(reading: Reading<'_>, directory: &Directory, owners: &Owners<'_>) -> HashMap<String, Tags> {
    let mut tags: HashMap<String, Tags> = HashMap::new();
    let mut keys = Keys::new();
    for row in reading.rows(&files::TAGS) {
        let tag: Option<(String, VocabularyKind, Code)> = row.build(|| {
            let (key, owner) = of_draft(row, directory, owners)?;
            let kind = row.need("kind", |text| match text.parse() {
                Ok(kind @ (VocabularyKind::DesiredOutcome | VocabularyKind::Function)) => Ok(kind),
                _ => Err(Invalid::new("is neither DESIRED_OUTCOME nor FUNCTION")),
            })?;
            row.need("code", |_| Ok(()))?;
            let code = reading.vocabulary.read(row, "code", owner.network, kind)?;
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
