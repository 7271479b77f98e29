//! The rows of the files as records that the rules allow, with references resolved.

mod communities;
mod gatherings;
mod items;
mod networks;
mod reports;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
};

use convene_domain::{access::Audience, id::NetworkId, network::VocabularyKind, text::Code};
use convene_persistence::{Database, terms};

pub(super) use communities::CommunityDraft;
pub(super) use gatherings::GatheringDraft;
pub(super) use networks::{NetworkDraft, TermDraft};
pub(super) use reports::ReportDraft;

use super::{
    directory::Directory,
    fault::Faults,
    files::{self, File},
    table::{Row, Table},
};
use crate::Error;

/// Everything that the files say.
#[derive(Debug)]
pub(super) struct Drafts {
    pub(super) networks: Vec<NetworkDraft>,
    pub(super) terms: Vec<TermDraft>,
    pub(super) communities: Vec<CommunityDraft>,
    /// The slugs of communities that are left out because they were merged into others here.
    pub(super) merged: HashSet<String>,
    pub(super) gatherings: Vec<GatheringDraft>,
    pub(super) reports: Vec<ReportDraft>,
}

/// The files as read, by name.
#[derive(Debug)]
pub(super) struct Folder {
    tables: HashMap<&'static str, Table>,
    /// Files of the folder that are none of ours.
    pub(super) ignored: Vec<String>,
}

impl Folder {
    /// Reads all files of a folder that an import knows.
    pub(super) fn read(path: &Path, faults: &RefCell<Faults>) -> Self {
        let mut folder = Self { tables: HashMap::new(), ignored: Vec::new() };
        match std::fs::read_dir(path) {
            Ok(entries) => {
                let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
                folder.ignored = names.filter(|name| !files::ALL.iter().any(|file| file.name == name)).collect();
                folder.ignored.sort();
            }
            Err(error) => {
                faults.borrow_mut().add_unreadable(path, &error);
                return folder;
            }
        }
        let before = faults.borrow().count();
        for file in files::ALL {
            if let Some(table) = Table::read(path, file, faults) {
                folder.tables.insert(file.name, table);
            }
        }
        if folder.tables.is_empty() && faults.borrow().count() == before {
            let names = files::ALL.map(|file| file.name).join(", ");
            faults.borrow_mut().add_file(&path.display().to_string(), format!("holds none of the files of an import: {names}"));
        }
        folder
    }

    fn rows<'a>(&'a self, file: &File, faults: &'a RefCell<Faults>) -> impl Iterator<Item = Row<'a>> {
        self.tables.get(file.name).into_iter().flat_map(|table| table.rows(faults))
    }
}

/// The codes of vocabularies, stored and new.
#[derive(Debug, Default)]
struct Vocabulary(HashSet<(NetworkId, VocabularyKind, Code)>);

impl Vocabulary {
    /// Reads a cell that holds a code of the network's vocabulary.
    fn read(&self, row: Row<'_>, column: &'static str, network: NetworkId, kind: VocabularyKind) -> Option<Code> {
        let code = row.read(column, str::parse::<Code>)?;
        if self.0.contains(&(network, kind, code.clone())) {
            return Some(code);
        }
        row.fault(column, format!("is not in the network's vocabulary of kind {kind}"));
        None
    }
}

/// What the reading of a file needs besides what is known of networks and communities.
#[derive(Clone, Copy)]
struct Reading<'a> {
    folder: &'a Folder,
    database: &'a Database,
    vocabulary: &'a Vocabulary,
    faults: &'a RefCell<Faults>,
}

impl<'a> Reading<'a> {
    fn rows(self, file: &File) -> impl Iterator<Item = Row<'a>> {
        self.folder.rows(file, self.faults)
    }
}

/// Turns the rows into records. What is wrong is added to the faults; a record with a fault is left out.
pub(super) async fn read(
    folder: &Folder,
    database: &Database,
    directory: &mut Directory,
    audience: Option<Audience>,
    faults: &RefCell<Faults>,
) -> Result<Drafts, Error> {
    let networks = networks::read(folder, directory, faults);
    let stored = terms::load_by_network(database.reader(), &directory.all_networks()).await?;
    let mut vocabulary = Vocabulary::default();
    for term in stored.values().flatten() {
        vocabulary.0.insert((term.network, term.kind, term.code.clone()));
    }
    let terms = networks::read_terms(folder, directory, &stored, faults);
    for draft in &terms {
        vocabulary.0.insert((draft.content.network, draft.content.kind, draft.content.code.clone()));
    }
    let (communities, merged) = communities::read(folder, directory, faults);
    let reading = Reading { folder, database, vocabulary: &vocabulary, faults };
    let gatherings = gatherings::read(reading, directory).await?;
    let reports = reports::read(reading, directory, &gatherings, audience).await?;
    Ok(Drafts { networks, terms, communities, merged, gatherings, reports })
}

/// The parts of records, by the key of the record in another file. Rows come in the order of their `order` column.
struct Parts<T> {
    by_key: HashMap<String, BTreeMap<i64, T>>,
}

impl<T> Parts<T> {
    fn new() -> Self {
        Self { by_key: HashMap::new() }
    }

    /// Adds a part, unless its place is taken.
    fn add(&mut self, row: Row<'_>, key: &str, order: i64, part: T) {
        if self.by_key.entry(key.to_owned()).or_default().insert(order, part).is_some() {
            row.fault("order", "is there twice for the same record");
        }
    }

    /// Adds a part behind the others.
    fn push(&mut self, key: &str, part: T) {
        let of_key = self.by_key.entry(key.to_owned()).or_default();
        let next = of_key.last_key_value().map_or(1, |(order, _)| order + 1);
        of_key.insert(next, part);
    }

    /// Takes the parts of a record; `None` when the file has none for it.
    fn take(&mut self, key: &str) -> Option<Vec<T>> {
        Some(self.by_key.remove(key)?.into_values().collect())
    }
}

/// The keys of a file's rows, to find those that are there twice.
struct Keys<K>(HashMap<K, u64>);

impl<K: Eq + std::hash::Hash> Keys<K> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    /// Notes a key, or adds a fault when an earlier row has it.
    fn note(&mut self, row: Row<'_>, column: &str, key: K) {
        match self.0.get(&key) {
            Some(line) => row.fault(column, format!("is there already, on line {line}")),
            None => drop(self.0.insert(key, row.line())),
        }
    }
}
