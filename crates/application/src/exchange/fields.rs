//! A record as the fields of its row, in the order of the file's columns.
//!
//! An export writes them. An import makes fingerprints of them, to see what has changed since the last one.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use convene_domain::{
    community::{Community, CommunityStatus, Profile},
    gathering::Rsvps,
    gathering::{AgendaItem, Format, Gathering, Invitation},
    id::{CommunityId, NetworkId},
    network::{Network, Term, VocabularyKind},
    occurrence::Moment,
    place::Coordinates,
    report::{AttendancePart, GatheringReport, ItemDetail, ReportItem},
    text::{Code, HeadCount},
};
use sha2::{Digest, Sha256};

use super::files::File;

/// How records of other files are named.
#[derive(Debug)]
pub(super) enum Names {
    /// As the files name them.
    Slugs { networks: HashMap<NetworkId, String>, communities: HashMap<CommunityId, String> },
    /// By identity: a fingerprint must not change when something else is renamed.
    Ids,
}

impl Names {
    fn network(&self, id: NetworkId) -> String {
        match self {
            Self::Slugs { networks, .. } => networks.get(&id).cloned().unwrap_or_default(),
            Self::Ids => id.to_string(),
        }
    }

    fn community(&self, id: CommunityId) -> String {
        match self {
            Self::Slugs { communities, .. } => communities.get(&id).cloned().unwrap_or_default(),
            Self::Ids => id.to_string(),
        }
    }

    fn communities(&self, ids: &[CommunityId]) -> String {
        ids.iter().map(|id| self.community(*id)).collect::<Vec<_>>().join(";")
    }
}

type Fields = Vec<String>;

/// A fingerprint of rows: of the columns that hold something, so that a new column changes none.
pub(super) fn fingerprint(file: &File, rows: &[Fields]) -> String {
    let mut hash = Sha256::new();
    for row in rows {
        for (column, field) in file.columns.iter().zip(row).filter(|(_, field)| !field.is_empty()) {
            // Lengths in front, so that no two different rows are the same sequence of bytes.
            hash.update(format!("{}:{column}={}:", column.len(), field.len()));
            hash.update(field);
        }
        hash.update("\n");
    }
    format!("{:x}", hash.finalize())
}

fn text<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
}

fn count(people: Option<HeadCount>) -> String {
    text(people.map(HeadCount::people).as_ref())
}

fn degrees(point: Option<Coordinates>) -> [String; 2] {
    [text(point.map(Coordinates::latitude).as_ref()), text(point.map(Coordinates::longitude).as_ref())]
}

/// An instant in UTC, with as many decimals as it needs.
fn instant(at: Option<DateTime<Utc>>) -> String {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)).unwrap_or_default()
}

fn moment(moment: Moment) -> String {
    match moment {
        Moment::Day(day) => day.to_string(),
        Moment::Hour(hour) => hour.to_rfc3339_opts(SecondsFormat::AutoSi, false),
    }
}

/// A format; nobody said is an empty field.
fn format(format: Format) -> String {
    if format == Format::Unknown { String::new() } else { format.to_string() }
}

pub(super) fn network(network: &Network) -> Fields {
    vec![network.slug.to_string(), network.name.to_string(), text(network.source_url.as_ref()), list(&network.languages)]
}

pub(super) fn term(names: &Names, term: &Term) -> Fields {
    vec![
        names.network(term.network),
        term.kind.to_string(),
        term.code.to_string(),
        term.label.to_string(),
        term.order.to_string(),
        term.retired.to_string(),
    ]
}

pub(super) fn community(names: &Names, community: &Community) -> Fields {
    let home = &community.home;
    let [latitude, longitude] = degrees(home.coordinates);
    vec![
        community.slug.to_string(),
        community.name.to_string(),
        community.level.to_string(),
        community.parent.map(|parent| names.community(parent)).unwrap_or_default(),
        names.network(community.network),
        text(home.country.as_ref()),
        text(home.region_code.as_ref()),
        text(home.region_name.as_ref()),
        text(home.city.as_ref()),
        latitude,
        longitude,
        text(community.time_zone.as_ref()),
        text(community.founded_on.as_ref()),
        text(community.joined_network_on.as_ref()),
        status(community),
        count(community.members),
        text(community.default_audience.as_ref()),
        text(community.cadence.as_ref()),
        text(community.report_due_days.as_ref()),
        text(community.provenance.as_ref()),
        text(community.region_method.as_ref()),
        text(community.source_id.as_ref()),
        text(community.source_url.as_ref()),
    ]
}

/// The word of the file it came from, as long as it still says the same.
fn status(community: &Community) -> String {
    match &community.source_status {
        Some(word) if CommunityStatus::from_source(word) == Ok(community.status) => word.to_string(),
        _ => community.status.to_string(),
    }
}

pub(super) fn profile(names: &Names, community: CommunityId, profile: &Profile) -> Fields {
    vec![names.community(community), text(profile.purpose.as_ref()), text(profile.format.as_ref()), list(&profile.languages)]
}

pub(super) fn alias(names: &Names, community: CommunityId, alias: &str) -> Fields {
    vec![names.community(community), alias.to_owned()]
}

pub(super) fn gathering(names: &Names, gathering: &Gathering, hosts: &[CommunityId]) -> Fields {
    let [latitude, longitude] = degrees(gathering.venue.coordinates);
    vec![
        text(gathering.external_id.as_ref()),
        names.communities(hosts),
        gathering.title.to_string(),
        moment(gathering.occurrence.start()),
        gathering.occurrence.end().map(moment).unwrap_or_default(),
        format(gathering.format),
        text(gathering.venue.city.as_ref()),
        text(gathering.venue.country.as_ref()),
        latitude,
        longitude,
        gathering.status.to_string(),
        instant(gathering.announced_at),
        text(gathering.source_url.as_ref()),
    ]
}

pub(super) fn agenda(gathering: &str, items: &[AgendaItem]) -> Vec<Fields> {
    let row = |(order, item): (usize, &AgendaItem)| {
        vec![
            gathering.to_owned(),
            order.to_string(),
            text(item.kind.as_ref()),
            item.title.to_string(),
            text(item.minutes.as_ref()),
            text(item.presenter.as_ref()),
        ]
    };
    (1..).zip(items).map(row).collect()
}

pub(super) fn invitations(gathering: &str, invitations: &[Invitation]) -> Vec<Fields> {
    invitations.iter().map(|item| vec![gathering.to_owned(), item.group.to_string(), count(item.invited)]).collect()
}

pub(super) fn report(gathering: &str, report: &GatheringReport, rsvps: Rsvps) -> Fields {
    vec![
        text(report.external_id.as_ref()),
        gathering.to_owned(),
        instant(report.submitted_at),
        count(report.attendance),
        count(rsvps.yes),
        count(rsvps.waitlist),
        report.audience.to_string(),
    ]
}

pub(super) fn attendance(report: &str, parts: &[AttendancePart]) -> Vec<Fields> {
    let row =
        |part: &AttendancePart| vec![report.to_owned(), text(part.role()), text(part.organisation()), count(Some(part.people()))];
    parts.iter().map(row).collect()
}

pub(super) fn items(names: &Names, report: &str, items: &[ReportItem]) -> Vec<Fields> {
    let row = |(order, item): (usize, &ReportItem)| {
        let (owner, due_on, state) = match &item.detail {
            ItemDetail::NextStep { owner, due_on, state } => (owner.as_ref(), *due_on, Some(*state)),
            _ => (None, None, None),
        };
        vec![
            report.to_owned(),
            order.to_string(),
            item.detail.kind().to_string(),
            text(item.detail.activity_kind().as_ref()),
            item.text.to_string(),
            text(item.theme.as_ref()),
            text(item.detail.severity().as_ref()),
            text(item.contributor.as_ref()),
            item.host.map(|host| names.community(host)).unwrap_or_default(),
            text(owner),
            text(due_on.as_ref()),
            text(state.as_ref()),
            item.confidential.to_string(),
        ]
    };
    (1..).zip(items).map(row).collect()
}

pub(super) fn tags(report: &str, outcomes: &[Code], functions: &[Code]) -> Vec<Fields> {
    let kinds = [(VocabularyKind::DesiredOutcome, outcomes), (VocabularyKind::Function, functions)];
    let row = |kind: VocabularyKind, code: &Code| vec![report.to_owned(), kind.to_string(), code.to_string()];
    kinds.into_iter().flat_map(|(kind, codes)| codes.iter().map(move |code| row(kind, code))).collect()
}
