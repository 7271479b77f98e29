//! Rows of `communities.csv`, `community_profiles.csv` and `aliases.csv`.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
};

use convene_domain::{
    Invalid,
    community::{Community, CommunityStatus, Profile},
    id::{CommunityId, NetworkId},
    place::{Coordinates, Home},
    text::{Cadence, Country, Language, Slug, Text},
};
use uuid::Uuid;

use super::{Folder, Keys, networks::network};
use crate::exchange::{
    directory::{Directory, Known},
    fault::Faults,
    files,
    table::{Row, day, decimal, people, small},
};

/// A community of the files.
#[derive(Debug)]
pub(in crate::exchange) struct CommunityDraft {
    pub(in crate::exchange) id: CommunityId,
    /// The slug that the file knows it by: one that it has, or had.
    pub(in crate::exchange) told_slug: Slug,
    /// The content; its profile is that of the files only if `profile` says so.
    pub(in crate::exchange) content: Community,
    /// What the files say of the profile; `None` when they say nothing.
    pub(in crate::exchange) profile: Option<Profile>,
    /// Slugs that the files say it had.
    pub(in crate::exchange) aliases: Vec<Slug>,
}

/// Reads the communities, and which of them are left out because they were merged into others here.
pub(super) fn read(
    folder: &Folder,
    directory: &mut Directory,
    faults: &RefCell<Faults>,
) -> (Vec<CommunityDraft>, HashSet<String>) {
    let (mut drafts, mut merged) = (Vec::new(), HashSet::new());
    let mut rows = HashMap::new();
    let mut keys = Keys::new();
    for row in folder.rows(&files::COMMUNITIES, faults) {
        if let Some(mut content) = row.build(|| read_content(row, directory)) {
            directory.touch(content.network);
            if directory.is_merged(content.network, &content.slug) {
                merged.insert(content.slug.into_string());
                continue;
            }
            let stored = directory.community(content.network, &content.slug);
            let id = stored.unwrap_or_else(|| CommunityId::from_uuid(Uuid::now_v7()));
            // By identity, for a file can name one community by its slug and by one that it had.
            keys.note(row, "slug", id);
            if rows.contains_key(&id) {
                continue;
            }
            // A file may know a community by a name that it had: it keeps the one it has.
            let told_slug = content.slug.clone();
            if let Some(stored) = directory.stored_communities.get(&id) {
                content.slug = stored.slug.clone();
            }
            directory.name_community(content.network, &content.slug, id);
            directory.know(known(id, &content));
            rows.insert(id, row);
            drafts.push(CommunityDraft { id, told_slug, content, profile: None, aliases: Vec::new() });
        } else {
            directory.break_off(&files::COMMUNITIES, row.text("slug"));
        }
    }
    for draft in &mut drafts {
        draft.content.parent = rows.get(&draft.id).and_then(|row| read_parent(*row, &draft.content, directory));
        directory.know(known(draft.id, &draft.content));
    }
    check_children(&rows, directory);
    // Parents are written before their children.
    drafts.sort_by_key(|draft| draft.content.level);
    let mut of_drafts = OfDrafts { drafts, merged };
    read_profiles(folder, directory, &mut of_drafts, faults);
    read_aliases(folder, directory, &mut of_drafts, faults);
    (of_drafts.drafts, of_drafts.merged)
}

/// What rows about communities are about.
struct OfDrafts {
    drafts: Vec<CommunityDraft>,
    /// Slugs of which nothing is taken over.
    merged: HashSet<String>,
}

impl OfDrafts {
    fn leaves_out(&self, row: Row<'_>) -> bool {
        row.text("community_slug").is_some_and(|slug| self.merged.contains(slug))
    }
}

fn known(id: CommunityId, content: &Community) -> Known {
    Known { id, network: content.network, level: content.level, parent: content.parent, time_zone: content.time_zone }
}

fn read_content(row: Row<'_>, directory: &Directory) -> Option<Community> {
    let network = network(row, directory);
    let slug = row.need("slug", str::parse::<Slug>);
    let name = row.need("name", str::parse::<Text>);
    let level = row.need("level", str::parse);
    let home = Home {
        country: row.read("country", str::parse::<Country>),
        region_code: row.read("region_code", str::parse::<Text>),
        region_name: row.read("region_name", str::parse::<Text>),
        city: row.read("city", str::parse::<Text>),
        coordinates: coordinates(row, "latitude", "longitude"),
    };
    let status = row.read("status", CommunityStatus::from_source);
    Some(Community {
        network: network?,
        slug: slug?,
        name: name?,
        level: level?,
        parent: None,
        home,
        time_zone: row
            .read("timezone", |text| text.parse().map_err(|_| Invalid::new("is not a time zone such as Africa/Nairobi"))),
        founded_on: row.read("founded_on", day),
        joined_network_on: row.read("joined_network_on", day),
        status: status.unwrap_or(CommunityStatus::Open),
        source_status: row.read("status", str::parse::<Text>),
        members: row.read("members", people),
        default_audience: row.read("audience", str::parse),
        cadence: row.read("cadence", str::parse::<Cadence>),
        report_due_days: row.read("report_due_days", small),
        provenance: row.read("origin", str::parse::<Text>),
        region_method: row.read("region_method", str::parse::<Text>),
        source_id: row.read("source_id", str::parse::<Text>),
        source_url: row.read("source_url", str::parse::<Text>),
        profile: Profile::default(),
    })
}

/// Reads two columns that make up a point: both, or none.
pub(super) fn coordinates(row: Row<'_>, latitude: &'static str, longitude: &'static str) -> Option<Coordinates> {
    let (north, east) = (row.read(latitude, decimal), row.read(longitude, decimal));
    match (row.text(latitude), row.text(longitude)) {
        (Some(_), None) => row.fault(longitude, format!("is empty, but {latitude} is not")),
        (None, Some(_)) => row.fault(latitude, format!("is empty, but {longitude} is not")),
        _ => {}
    }
    let (north, east) = (north?, east?);
    let column = if (-90.0..=90.0).contains(&north) { longitude } else { latitude };
    row.take(column, Coordinates::try_new(north, east))
}

fn read_parent(row: Row<'_>, content: &Community, directory: &Directory) -> Option<CommunityId> {
    row.text("parent_slug")?;
    row.refer(
        "parent_slug",
        |slug| directory.is_broken(&files::COMMUNITIES, slug),
        |slug| {
            let id =
                directory.community(content.network, slug).ok_or_else(|| Invalid::new("names no community of the network"))?;
            let parent = directory.known(id).ok_or_else(|| Invalid::new("names no community of the network"))?;
            Community::check_parent(content.level, content.network, parent.level, parent.network)?;
            Ok(id)
        },
    )
}

/// A community of the files that gets another level must still be above the stored ones under it.
fn check_children(rows: &HashMap<CommunityId, Row<'_>>, directory: &Directory) {
    let mut said = HashSet::new();
    for child in directory.all_known().filter(|child| !rows.contains_key(&child.id)) {
        let Some(parent) = child.parent.and_then(|parent| directory.known(parent)) else { continue };
        if let (Some(row), false) = (rows.get(&parent.id), child.level.may_be_under(parent.level))
            && said.insert(parent.id)
        {
            row.fault("level", format!("is not above the {} communities that stand under it", child.level));
        }
    }
}

fn read_profiles(folder: &Folder, directory: &Directory, of: &mut OfDrafts, faults: &RefCell<Faults>) {
    let index = index(&of.drafts);
    let mut keys = Keys::new();
    for row in folder.rows(&files::PROFILES, faults) {
        if of.leaves_out(row) {
            continue;
        }
        let profile = row.build(|| {
            let at = of_draft(row, directory, &index)?;
            keys.note(row, "community_slug", at);
            let profile = Profile {
                purpose: row.read("purpose", str::parse::<Text>),
                format: row.read("format", str::parse),
                languages: row.read_list("languages", str::parse::<Language>),
            };
            Some((at, profile))
        });
        if let Some((at, profile)) = profile {
            of.drafts[at].content.profile = profile.clone();
            of.drafts[at].profile = Some(profile);
        }
    }
}

fn read_aliases(folder: &Folder, directory: &mut Directory, of: &mut OfDrafts, faults: &RefCell<Faults>) {
    let index = index(&of.drafts);
    let mut keys = Keys::new();
    for row in folder.rows(&files::ALIASES, faults) {
        if of.leaves_out(row) {
            continue;
        }
        let drafts = &mut of.drafts;
        let alias = row.build(|| {
            let at = of_draft(row, directory, &index)?;
            let alias = row.need("alias", str::parse::<Slug>)?;
            let network = drafts[at].content.network;
            keys.note(row, "alias", (network, alias.clone()));
            match directory.community(network, &alias) {
                Some(owner) if owner != drafts[at].id => row.fault("alias", "is the slug of another community"),
                _ if alias == drafts[at].content.slug => row.fault("alias", "is the slug that the community has"),
                _ => {}
            }
            Some((at, alias))
        });
        if let Some((at, alias)) = alias {
            directory.name_community(drafts[at].content.network, &alias, drafts[at].id);
            drafts[at].aliases.push(alias);
        }
    }
    for draft in &mut of.drafts {
        draft.aliases.sort();
    }
}

fn index(drafts: &[CommunityDraft]) -> HashMap<CommunityId, usize> {
    drafts.iter().enumerate().map(|(at, draft)| (draft.id, at)).collect()
}

/// Reads the column that names a community of `communities.csv`.
fn of_draft(row: Row<'_>, directory: &Directory, index: &HashMap<CommunityId, usize>) -> Option<usize> {
    row.refer(
        "community_slug",
        |slug| directory.is_broken(&files::COMMUNITIES, slug),
        |slug| {
            let known = directory.community_anywhere(slug).map_err(Invalid::new)?;
            index.get(&known.id).copied().ok_or_else(|| Invalid::new("names no community of communities.csv"))
        },
    )
}

/// The network that all communities belong to, or why there is no such network.
pub(super) fn one_network(communities: &[Known]) -> Result<NetworkId, Invalid> {
    match communities {
        [first, others @ ..] if others.iter().all(|other| other.network == first.network) => Ok(first.network),
        _ => Err(Invalid::new("names communities of different networks")),
    }
}
