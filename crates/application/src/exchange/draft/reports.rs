//! Rows of `reports.csv`, with their parts.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use convene_domain::{
    Invalid,
    access::{Audience, Rights},
    change::EntityType,
    gathering::{GatheringStatus, Rsvps},
    id::{CommunityId, GatheringId, NetworkId, ReportId},
    record::Recorded,
    report::{Attendance, AttendancePart, GatheringReport, ReportItem, Tags},
    text::{HeadCount, Text},
};
use convene_persistence::{Database, gatherings, reports};
use uuid::Uuid;

use super::{GatheringDraft, Keys, Reading, gatherings::instant, items};
use crate::{
    Error,
    exchange::{
        directory::Directory,
        files,
        table::{Row, people},
    },
};

/// A report of the files.
#[derive(Debug)]
pub(in crate::exchange) struct ReportDraft {
    pub(in crate::exchange) id: ReportId,
    /// The report as stored; `None` when it is new.
    pub(in crate::exchange) stored: Option<Recorded<ReportId, GatheringReport>>,
    pub(in crate::exchange) network: NetworkId,
    pub(in crate::exchange) gathering: GatheringId,
    pub(in crate::exchange) gathering_external_id: String,
    /// What became of the gathering.
    pub(in crate::exchange) gathering_status: GatheringStatus,
    pub(in crate::exchange) external_id: Text,
    pub(in crate::exchange) submitted_at: Option<DateTime<Utc>>,
    pub(in crate::exchange) attendance: Option<HeadCount>,
    /// What the row says of the gathering's RSVPs.
    pub(in crate::exchange) rsvps: Rsvps,
    /// Who may read it; `None` when neither the row nor the import says.
    pub(in crate::exchange) audience: Option<Audience>,
    /// What the files say of its parts; `None` when they say nothing.
    pub(in crate::exchange) attendance_parts: Option<Vec<AttendancePart>>,
    pub(in crate::exchange) items: Option<Vec<ReportItem>>,
    pub(in crate::exchange) tags: Option<Tags>,
}

/// A gathering that a report can be of.
struct Reported {
    id: GatheringId,
    network: NetworkId,
    status: GatheringStatus,
    hosts: Vec<CommunityId>,
}

pub(super) async fn read(
    reading: Reading<'_>,
    directory: &mut Directory,
    drafts: &[GatheringDraft],
    audience: Option<Audience>,
) -> Result<Vec<ReportDraft>, Error> {
    let reported = find_gatherings(reading, directory, drafts).await?;
    let stored = find_reports(reading.database, &reported).await?;
    let owners = find_owners(reading, directory).await?;
    let (mut keys, mut of_gathering) = (Keys::new(), Keys::new());
    let mut reports = Vec::new();
    let touched = directory.touched();
    for row in reading.rows(&files::REPORTS) {
        let is_gone = |key: &str| touched.iter().any(|network| directory.is_gone(*network, EntityType::Gathering, key));
        if row.text("gathering_external_id").is_some_and(|key| !reported.contains_key(key) && is_gone(key)) {
            // Removed here, and named by no other file: nothing is taken over of the report, nor of its parts.
            directory.break_off(&files::REPORTS, external_id(row).as_deref());
            continue;
        }
        let built = row.build(|| {
            let is_broken = |key: &str| directory.is_broken(&files::GATHERINGS, key);
            let key = row.refer("gathering_external_id", is_broken, |key| Ok(key.to_owned()))?;
            of_gathering.note(row, "gathering_external_id", key.clone());
            let gathering = row.take("gathering_external_id", lookup(&reported, &key));
            let draft = read_row(row, directory, gathering?, key, audience)?;
            keys.note(row, "external_id", draft.external_id.clone());
            let owner = owners.get(&(draft.network, draft.external_id.to_string()));
            // With a gathering that was merged here into another its report went there.
            let went = directory.is_gone(draft.network, EntityType::Gathering, &draft.gathering_external_id);
            if !went && owner.is_some_and(|owner| *owner != draft.gathering) {
                row.fault("external_id", "is the key of another gathering's report, which is stored");
            }
            Some(draft)
        });
        if let Some(mut draft) = built {
            if let Some(found) = stored.get(&draft.gathering) {
                draft.id = found.id;
                draft.stored = Some(found.clone());
            }
            reports.push(draft);
        } else {
            directory.break_off(&files::REPORTS, external_id(row).as_deref());
        }
    }
    let hosts: HashMap<GatheringId, &[CommunityId]> =
        reported.values().flatten().map(|found| (found.id, found.hosts.as_slice())).collect();
    items::read(reading, directory, &hosts, &mut reports);
    check_attendance(reading, &reports).await?;
    Ok(reports)
}

fn read_row(
    row: Row<'_>,
    directory: &Directory,
    gathering: &Reported,
    key: String,
    audience: Option<Audience>,
) -> Option<ReportDraft> {
    let zone = gathering.hosts.first().and_then(|host| directory.known(*host)).and_then(|host| host.time_zone);
    let external_id = row.take("external_id", Text::try_new(external_id(row).unwrap_or_default()));
    let submitted_at = row.read("submitted_at", |text| instant(text, zone));
    let attendance = row.read("attendance", people);
    let rsvps = Rsvps { yes: row.read("rsvp_yes", people), waitlist: row.read("rsvp_waitlist", people), observed_at: None };
    let audience = row.read("audience", str::parse).or(audience);
    Some(ReportDraft {
        id: ReportId::from_uuid(Uuid::now_v7()),
        stored: None,
        network: gathering.network,
        gathering: gathering.id,
        gathering_external_id: key,
        gathering_status: gathering.status,
        external_id: external_id?,
        submitted_at,
        attendance,
        rsvps,
        audience,
        attendance_parts: None,
        items: None,
        tags: None,
    })
}

/// Finds the gatherings that the rows name: in the files, else stored. A key can be in use in several networks.
async fn find_gatherings(
    reading: Reading<'_>,
    directory: &Directory,
    drafts: &[GatheringDraft],
) -> Result<HashMap<String, Vec<Reported>>, Error> {
    let mut found: HashMap<String, Vec<Reported>> = HashMap::new();
    for draft in drafts {
        let reported = Reported {
            id: draft.id,
            network: draft.content.network,
            status: draft.content.status,
            hosts: draft.hosts.ids().to_vec(),
        };
        found.entry(draft.external_id.clone()).or_default().push(reported);
    }
    let rows = reading.rows(&files::REPORTS);
    let others: Vec<&str> =
        rows.filter_map(|row| row.text("gathering_external_id")).filter(|key| !found.contains_key(*key)).collect();
    let stored = gatherings::find_by_external_ids(reading.database.reader(), &directory.touched(), &others).await?;
    for chunk in stored.chunks(500) {
        let ids: Vec<GatheringId> = chunk.iter().map(|(.., id)| *id).collect();
        let mut hosts = gatherings::load_hosts(reading.database.reader(), &ids).await?;
        let mut records = gatherings::load_many(reading.database.reader(), &ids).await?;
        for (network, key, id) in chunk {
            let Some(record) = records.remove(id) else { continue };
            let reported =
                Reported { id: *id, network: *network, status: record.status, hosts: hosts.remove(id).unwrap_or_default() };
            found.entry(key.clone()).or_default().push(reported);
        }
    }
    Ok(found)
}

fn lookup<'a>(reported: &'a HashMap<String, Vec<Reported>>, key: &str) -> Result<&'a Reported, Invalid> {
    match reported.get(key).map(Vec::as_slice).unwrap_or_default() {
        [one] => Ok(one),
        [] => Err(Invalid::new("names no gathering, neither in gatherings.csv nor stored")),
        _ => Err(Invalid::new("names a gathering in more than one network")),
    }
}

/// Holds each total against its parts: those of the files, else those that are stored.
async fn check_attendance(reading: Reading<'_>, drafts: &[ReportDraft]) -> Result<(), Error> {
    let rows: HashMap<String, Row<'_>> = reading.rows(&files::REPORTS).filter_map(|row| Some((external_id(row)?, row))).collect();
    for chunk in drafts.chunks(500) {
        let silent = |draft: &&ReportDraft| draft.stored.is_some() && draft.attendance_parts.is_none();
        let ids: Vec<ReportId> = chunk.iter().filter(silent).map(|draft| draft.id).collect();
        let mut stored = reports::load_attendance(reading.database.reader(), &ids).await?;
        for draft in chunk {
            let parts = draft.attendance_parts.clone().or_else(|| stored.remove(&draft.id)).unwrap_or_default();
            if let (Err(reason), Some(row)) = (Attendance::try_new(draft.attendance, parts), rows.get(&*draft.external_id)) {
                row.fault("attendance", format!("has parts that do not fit: their attendance {reason}"));
            }
        }
    }
    Ok(())
}

/// Finds of which gatherings the stored reports are whose keys the rows use.
async fn find_owners(reading: Reading<'_>, directory: &Directory) -> Result<HashMap<(NetworkId, String), GatheringId>, Error> {
    let keys: Vec<String> = reading.rows(&files::REPORTS).filter_map(external_id).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let found = reports::find_by_external_ids(reading.database.reader(), &directory.touched(), &keys).await?;
    Ok(found.into_iter().map(|(network, key, gathering)| ((network, key), gathering)).collect())
}

/// A row's key: its own, or one made from the gathering's.
fn external_id(row: Row<'_>) -> Option<String> {
    let own = row.text("external_id").map(str::to_owned);
    own.or_else(|| row.text("gathering_external_id").map(|key| format!("{key}-report")))
}

async fn find_reports(
    database: &Database,
    reported: &HashMap<String, Vec<Reported>>,
) -> Result<HashMap<GatheringId, Recorded<ReportId, GatheringReport>>, Error> {
    let ids: Vec<GatheringId> = reported.values().flatten().map(|found| found.id).collect();
    let mut found = HashMap::new();
    for chunk in ids.chunks(500) {
        found.extend(reports::load_by_gathering(database.reader(), &Rights::all(), chunk).await?);
    }
    Ok(found)
}
