//! Rows of `gatherings.csv`, `agenda.csv` and `invitations.csv`.

use std::collections::{HashMap, HashSet};

use convene_domain::{
    Invalid,
    gathering::{AgendaItem, Format, Gathering, Hosts, Invitation, PROGRAMME_LIMIT, Rsvps},
    id::{CommunityId, GatheringId, NetworkId},
    network::VocabularyKind,
    occurrence::{Moment, Occurrence},
    place::Venue,
    text::{Country, Text},
};
use convene_persistence::gatherings;
use uuid::Uuid;

use super::{
    Keys, Parts, Reading,
    communities::{coordinates, one_network},
};
use crate::{
    Error,
    exchange::{
        directory::{Directory, Known},
        files,
        table::{Row, integer, people, small},
    },
};

/// A gathering of the files.
#[derive(Debug)]
pub(in crate::exchange) struct GatheringDraft {
    pub(in crate::exchange) id: GatheringId,
    /// Whether a gathering of that key is stored.
    pub(in crate::exchange) is_stored: bool,
    pub(in crate::exchange) external_id: String,
    /// The content. RSVPs come with the report.
    pub(in crate::exchange) content: Gathering,
    pub(in crate::exchange) hosts: Hosts,
    /// What the files say of the agenda; `None` when they say nothing.
    pub(in crate::exchange) agenda: Option<Vec<AgendaItem>>,
    /// What the files say of the invitations; `None` when they say nothing.
    pub(in crate::exchange) invitations: Option<Vec<Invitation>>,
}

pub(super) async fn read(reading: Reading<'_>, directory: &mut Directory) -> Result<Vec<GatheringDraft>, Error> {
    let keys: Vec<&str> = reading.rows(&files::GATHERINGS).filter_map(|row| row.text("external_id")).collect();
    let stored = gatherings::find_by_external_ids(reading.database.reader(), &directory.touched(), &keys).await?;
    let stored: HashMap<(NetworkId, String), GatheringId> =
        stored.into_iter().map(|(network, key, id)| ((network, key), id)).collect();
    let mut keys = Keys::new();
    let mut drafts = Vec::new();
    for row in reading.rows(&files::GATHERINGS) {
        let built = row.build(|| {
            // Across all networks of the folder: reports name a gathering by this key alone.
            if let Some(key) = row.text("external_id") {
                keys.note(row, "external_id", key.to_owned());
            }
            read_content(row, directory)
        });
        if let Some((content, hosts)) = built {
            let external_id = row.text("external_id").unwrap_or_default().to_owned();
            let found = stored.get(&(content.network, external_id.clone())).copied();
            drafts.push(GatheringDraft {
                id: found.unwrap_or_else(|| GatheringId::from_uuid(Uuid::now_v7())),
                is_stored: found.is_some(),
                external_id,
                content,
                hosts,
                agenda: None,
                invitations: None,
            });
        } else {
            directory.break_off(&files::GATHERINGS, row.text("external_id"));
        }
    }
    let networks: HashMap<&str, NetworkId> =
        drafts.iter().map(|draft| (draft.external_id.as_str(), draft.content.network)).collect();
    let mut agenda = read_agenda(reading, directory, &networks);
    let mut invitations = read_invitations(reading, directory, &networks);
    for draft in &mut drafts {
        draft.agenda = agenda.take(&draft.external_id);
        draft.invitations = invitations.take(&draft.external_id);
    }
    Ok(drafts)
}

fn read_content(row: Row<'_>, directory: &Directory) -> Option<(Gathering, Hosts)> {
    let hosts = read_hosts(row, directory);
    let zone = hosts.as_ref().and_then(|(known, ..)| known.first()).and_then(|host| host.time_zone);
    let start = row.need("starts_at", |text| Moment::parse(text, zone));
    let end = row.read("ends_at", |text| Moment::parse(text, zone));
    let external_id = row.need("external_id", str::parse::<Text>);
    let title = row.need("title", str::parse::<Text>);
    let status = row.need("status", str::parse);
    let format = row.read("format", str::parse).unwrap_or(Format::Unknown);
    let venue = Venue {
        city: row.read("venue_city", str::parse::<Text>),
        country: row.read("venue_country", str::parse::<Country>),
        coordinates: coordinates(row, "venue_latitude", "venue_longitude"),
    };
    let announced_at = row.read("created_at", |text| instant(text, zone));
    let source_url = row.read("source_url", str::parse::<Text>);
    let occurrence = row.take("ends_at", Occurrence::try_new(start?, end, zone))?;
    let (_, network, hosts) = hosts?;
    let content = Gathering {
        network,
        external_id: Some(external_id?),
        title: title?,
        occurrence,
        format,
        venue,
        status: status?,
        announced_at,
        source_url,
        rsvps: Rsvps::default(),
    };
    Some((content, hosts))
}

fn read_hosts(row: Row<'_>, directory: &Directory) -> Option<(Vec<Known>, NetworkId, Hosts)> {
    row.need("community_slug", |_| Ok(()))?;
    if row.text("community_slug")?.split(';').any(str::is_empty) {
        row.fault("community_slug", "has nothing before, between or after a ';'");
        return None;
    }
    if row.text("community_slug")?.split(';').any(|slug| directory.is_broken(&files::COMMUNITIES, slug)) {
        return None;
    }
    let known = row.read_list("community_slug", |slug| {
        directory.community_anywhere(slug).map_err(|reason| Invalid::new(format!("{reason}: {slug:?}")))
    });
    if known.is_empty() {
        return None;
    }
    let network = row.take("community_slug", one_network(&known))?;
    let mut ids: Vec<CommunityId> = known.iter().map(|host| host.id).collect();
    // Two that were merged here are one, and host it once.
    if row.text("community_slug")?.split(';').any(|slug| directory.is_merged(network, slug)) {
        let mut seen = HashSet::new();
        ids.retain(|id| seen.insert(*id));
    }
    let hosts = row.take("community_slug", Hosts::try_new(ids))?;
    Some((known, network, hosts))
}

/// Reads an instant, in the given time zone where it has no offset. A day without an hour is its local midnight.
pub(super) fn instant(text: &str, zone: Option<chrono_tz::Tz>) -> Result<chrono::DateTime<chrono::Utc>, Invalid> {
    Ok(Occurrence::try_new(Moment::parse(text, zone)?, None, zone)?.sort_at())
}

/// Reads the column that names a gathering of `gatherings.csv`.
fn of_draft(row: Row<'_>, directory: &Directory, networks: &HashMap<&str, NetworkId>) -> Option<(String, NetworkId)> {
    row.refer(
        "gathering_external_id",
        |key| directory.is_broken(&files::GATHERINGS, key),
        |key| {
            let network = networks.get(key).copied().ok_or_else(|| Invalid::new("names no gathering of gatherings.csv"))?;
            Ok((key.to_owned(), network))
        },
    )
}

fn read_agenda(reading: Reading<'_>, directory: &Directory, networks: &HashMap<&str, NetworkId>) -> Parts<AgendaItem> {
    let mut parts = Parts::new();
    for row in reading.rows(&files::AGENDA) {
        let part = row.build(|| {
            let (key, network) = of_draft(row, directory, networks)?;
            let order = row.need("order", integer);
            let kind = reading.vocabulary.read(row, "kind", network, VocabularyKind::AgendaKind);
            let title = row.need("title", str::parse::<Text>);
            let minutes = row.read("minutes", small);
            let presenter = row.read("presenter", str::parse::<Text>);
            Some((key, order?, AgendaItem { kind, title: title?, minutes, presenter }))
        });
        if let Some((key, order, item)) = part {
            parts.add(row, &key, order, item);
            limit(row, &parts, &key);
        }
    }
    parts
}

fn read_invitations(reading: Reading<'_>, directory: &Directory, networks: &HashMap<&str, NetworkId>) -> Parts<Invitation> {
    let mut parts = Parts::new();
    let mut keys = Keys::new();
    for row in reading.rows(&files::INVITATIONS) {
        let part = row.build(|| {
            let (key, network) = of_draft(row, directory, networks)?;
            row.need("group", |_| Ok(()))?;
            let group = reading.vocabulary.read(row, "group", network, VocabularyKind::InvitationGroup)?;
            keys.note(row, "group", (key.clone(), group.clone()));
            Some((key, Invitation { group, invited: row.read("invited", people) }))
        });
        if let Some((key, invitation)) = part {
            parts.push(&key, invitation);
            limit(row, &parts, &key);
        }
    }
    parts
}

fn limit<T>(row: Row<'_>, parts: &Parts<T>, key: &str) {
    if parts.by_key.get(key).is_some_and(|of_key| of_key.len() > PROGRAMME_LIMIT) {
        row.fault("gathering_external_id", format!("has more than {PROGRAMME_LIMIT} rows in this file"));
    }
}
