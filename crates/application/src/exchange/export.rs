//! The export: everything that is stored, as files that an import reads.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

use convene_domain::{
    access::Rights,
    gathering::{Gathering, Rsvps},
    id::{CommunityId, GatheringId, NetworkId, ReportId},
    record::Recorded,
    report::{GatheringReport, ItemFilter, ReportStatus},
};
use convene_persistence::{communities, gatherings, networks, reports, terms};

use super::{
    fields::{self, Names},
    files::{self, File},
};
use crate::{App, Error};

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// How many rows each file has.
    pub rows: Vec<(&'static str, usize)>,
}

/// Why an export did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file could not be written.
    #[error("{} cannot be written", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    /// Two networks use a name that the files would have to tell apart.
    #[error("{what} {name:?} is used in more than one network, which the files cannot tell apart; export one network at a time")]
    Ambiguous {
        /// What kind of name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The network is not there.
    #[error("there is no network {0:?}")]
    NoSuchNetwork(String),
    /// The database failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<convene_persistence::Error> for ExportError {
    fn from(error: convene_persistence::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The rows of each file.
#[derive(Default)]
struct Sheets(HashMap<&'static str, Vec<Vec<String>>>);

impl Sheets {
    fn add(&mut self, file: &File, rows: impl IntoIterator<Item = Vec<String>>) {
        self.0.entry(file.name).or_default().extend(rows);
    }

    fn keys(&self, file: &File, column: usize) -> impl Iterator<Item = &String> {
        self.0.get(file.name).into_iter().flatten().filter_map(move |row| row.get(column))
    }
}

/// Writes all networks, or one, into a folder, as of one moment. Reports that were not handed in, or were taken back,
/// are left out: an import would make them count.
pub async fn export(app: &App, folder: &Path, network: Option<&str>) -> Result<Exported, ExportError> {
    let snapshot = app.database().snapshot().await?;
    let mut all = networks::all(&snapshot).await?;
    if let Some(slug) = network {
        all.retain(|network| &*network.slug == slug);
        if all.is_empty() {
            return Err(ExportError::NoSuchNetwork(slug.to_owned()));
        }
    }
    let mut sheets = Sheets::default();
    let mut names = (HashMap::new(), HashMap::new());
    for network in &all {
        names.0.insert(network.id, network.slug.to_string());
        let members = communities::all(&snapshot, network.id).await?;
        names.1.extend(members.iter().map(|community| (community.id, community.slug.to_string())));
    }
    let names = Names::Slugs { networks: names.0, communities: names.1 };
    for network in &all {
        sheets.add(&files::NETWORKS, [fields::network(network)]);
        let vocabulary = terms::load_by_network(&snapshot, &[network.id]).await?;
        sheets.add(&files::VOCABULARY, vocabulary.values().flatten().map(|term| fields::term(&names, term)));
        add_communities(&snapshot, &mut sheets, &names, network.id).await?;
        add_gatherings(&snapshot, &mut sheets, &names, network.id).await?;
    }
    snapshot.rollback().await.map_err(convene_persistence::Error::from)?;
    for (what, file, column) in [
        ("community slug", &files::COMMUNITIES, 0),
        ("gathering external id", &files::GATHERINGS, 0),
        ("report external id", &files::REPORTS, 0),
    ] {
        let mut seen = std::collections::HashSet::new();
        if let Some(name) = sheets.keys(file, column).find(|key| !seen.insert(*key)) {
            return Err(ExportError::Ambiguous { what, name: name.clone() });
        }
    }
    write(folder, &sheets)
}

async fn add_communities<C: convene_persistence::Reads>(
    reader: &C,
    sheets: &mut Sheets,
    names: &Names,
    network: NetworkId,
) -> Result<(), ExportError> {
    let mut members = communities::all(reader, network).await?;
    members.sort_by(|a, b| (a.level, &a.slug).cmp(&(b.level, &b.slug)));
    let ids: Vec<CommunityId> = members.iter().map(|community| community.id).collect();
    let former = communities::load_former_slugs(reader, &ids).await?;
    for community in &members {
        sheets.add(&files::COMMUNITIES, [fields::community(names, community)]);
        if community.profile != convene_domain::community::Profile::default() {
            sheets.add(&files::PROFILES, [fields::profile(names, community.id, &community.profile)]);
        }
        let aliases = former.get(&community.id).into_iter().flatten();
        sheets.add(&files::ALIASES, aliases.map(|alias| fields::alias(names, community.id, alias)));
    }
    Ok(())
}

async fn add_gatherings<C: convene_persistence::Reads>(
    reader: &C,
    sheets: &mut Sheets,
    names: &Names,
    network: NetworkId,
) -> Result<(), ExportError> {
    let mut rsvps: HashMap<GatheringId, (String, Rsvps)> = HashMap::new();
    for chunk in gatherings::all(reader, network).await?.chunks(500) {
        let ids: Vec<GatheringId> = chunk.iter().map(|gathering| gathering.id).collect();
        let hosts = gatherings::load_hosts(reader, &ids).await?;
        let agendas = gatherings::load_agenda(reader, &ids).await?;
        let invitations = gatherings::load_invitations(reader, &ids).await?;
        for gathering in chunk {
            let key = key(gathering);
            let mut row = fields::gathering(names, gathering, hosts.get(&gathering.id).map(Vec::as_slice).unwrap_or_default());
            row[0] = key.clone();
            sheets.add(&files::GATHERINGS, [row]);
            sheets.add(&files::AGENDA, agendas.get(&gathering.id).into_iter().flat_map(|items| fields::agenda(&key, items)));
            sheets.add(
                &files::INVITATIONS,
                invitations.get(&gathering.id).into_iter().flat_map(|items| fields::invitations(&key, items)),
            );
            rsvps.insert(gathering.id, (key, gathering.rsvps));
        }
    }
    for chunk in reports::all(reader, network).await?.chunks(500) {
        add_reports(reader, sheets, names, chunk, &rsvps).await?;
    }
    Ok(())
}

async fn add_reports<C: convene_persistence::Reads>(
    reader: &C,
    sheets: &mut Sheets,
    names: &Names,
    chunk: &[Recorded<ReportId, GatheringReport>],
    rsvps: &HashMap<GatheringId, (String, Rsvps)>,
) -> Result<(), ExportError> {
    let ids: Vec<ReportId> = chunk.iter().map(|report| report.id).collect();
    let attendance = reports::load_attendance(reader, &ids).await?;
    let mut items = reports::load_items(reader, &Rights::all(), &ItemFilter::default(), &ids).await?;
    let tags = reports::load_tags(reader, &ids).await?;
    for report in chunk.iter().filter(|report| matches!(report.status, ReportStatus::Submitted | ReportStatus::Reviewed)) {
        let Some((gathering, rsvps)) = rsvps.get(&report.gathering) else { continue };
        let key = report.external_id.as_deref().map_or_else(|| format!("{gathering}-report"), str::to_owned);
        let mut row = fields::report(gathering, report, *rsvps);
        row[0] = key.clone();
        sheets.add(&files::REPORTS, [row]);
        sheets.add(&files::ATTENDANCE, attendance.get(&report.id).into_iter().flat_map(|parts| fields::attendance(&key, parts)));
        let items: Vec<_> = items.remove(&report.id).unwrap_or_default().into_iter().map(|(_, item)| item).collect();
        sheets.add(&files::ITEMS, fields::items(names, &key, &items));
        if let Some(tags) = tags.get(&report.id) {
            sheets.add(&files::TAGS, fields::tags(&key, &tags.outcomes, &tags.functions));
        }
    }
    Ok(())
}

/// A gathering that was born here has no key of another system: its identity is its key in the files.
fn key(gathering: &Recorded<GatheringId, Gathering>) -> String {
    gathering.external_id.as_deref().map_or_else(|| gathering.id.to_string(), str::to_owned)
}

/// Writes each file beside its place and moves it there when it is whole.
fn write(folder: &Path, sheets: &Sheets) -> Result<Exported, ExportError> {
    let failed = |path: &Path, error| ExportError::File(path.to_owned(), error);
    fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
    let mut rows = Vec::new();
    for file in files::ALL {
        let path = folder.join(file.name);
        let sheet = sheets.0.get(file.name).map(Vec::as_slice).unwrap_or_default();
        if sheet.is_empty() && !files::ALWAYS.contains(&file) {
            // One that an earlier export left here would say what is no longer so.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(&path, error)),
                _ => continue,
            }
        }
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let records =
            std::iter::once(file.columns.iter().map(|column| (*column).to_owned()).collect()).chain(sheet.iter().cloned());
        for record in records {
            let record: Vec<String> = record;
            writer.write_record(&record).map_err(|error| failed(&path, error.into()))?;
        }
        let bytes = writer.into_inner().map_err(|error| failed(&path, error.into_error()))?;
        let beside = folder.join(format!(".{}.part", file.name));
        fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &path)).map_err(|error| failed(&path, error))?;
        rows.push((file.name, sheet.len()));
    }
    Ok(Exported { rows })
}
