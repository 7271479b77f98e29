//! Rows of `networks.csv` and `vocabulary.csv`.

use std::{cell::RefCell, collections::HashMap};

use convene_domain::{
    id::{NetworkId, TermId},
    network::{Network, Term},
    record::Recorded,
    text::{Code, Language, Slug, Text},
};
use uuid::Uuid;

use super::{Folder, Keys};
use crate::exchange::{
    directory::Directory,
    fault::Faults,
    files,
    table::{boolean, integer},
};

/// A network of the files.
#[derive(Debug)]
pub(in crate::exchange) struct NetworkDraft {
    pub(in crate::exchange) id: NetworkId,
    pub(in crate::exchange) content: Network,
}

/// A term of the files.
#[derive(Debug)]
pub(in crate::exchange) struct TermDraft {
    pub(in crate::exchange) id: TermId,
    /// The term as stored; `None` when it is new.
    pub(in crate::exchange) stored: Option<Recorded<TermId, Term>>,
    pub(in crate::exchange) content: Term,
}

pub(super) fn read(folder: &Folder, directory: &mut Directory, faults: &RefCell<Faults>) -> Vec<NetworkDraft> {
    let mut keys = Keys::new();
    let mut drafts = Vec::new();
    for row in folder.rows(&files::NETWORKS, faults) {
        let built = row.build(|| {
            let slug = row.need("slug", str::parse::<Slug>);
            if let Some(slug) = &slug {
                keys.note(row, "slug", slug.clone());
            }
            let name = row.need("name", str::parse::<Text>);
            let source_url = row.read("source_url", str::parse::<Text>);
            let languages = row.read_list("languages", str::parse::<Language>);
            Some(Network { slug: slug?, name: name?, source_url, languages })
        });
        if let Some(content) = built {
            let stored = directory.network(&content.slug);
            let id = stored.unwrap_or_else(|| NetworkId::from_uuid(Uuid::now_v7()));
            directory.name_network(&content.slug, id);
            drafts.push(NetworkDraft { id, content });
        } else {
            directory.break_off(&files::NETWORKS, row.text("slug"));
        }
    }
    drafts
}

pub(super) fn read_terms(
    folder: &Folder,
    directory: &Directory,
    stored: &HashMap<NetworkId, Vec<Recorded<TermId, Term>>>,
    faults: &RefCell<Faults>,
) -> Vec<TermDraft> {
    let mut keys = Keys::new();
    let mut orders: HashMap<_, i32> = HashMap::new();
    let mut drafts = Vec::new();
    for row in folder.rows(&files::VOCABULARY, faults) {
        let built = row.build(|| {
            let network = network(row, directory);
            let kind = row.need("kind", str::parse);
            let code = row.need("code", str::parse::<Code>);
            let label = row.need("label", str::parse::<Text>);
            let order = row.read("order", |text| {
                let number = i32::try_from(integer(text)?).ok().filter(|number| (1..1_000_000).contains(number));
                number.ok_or_else(|| convene_domain::Invalid::new("is not a place from 1 to 999999"))
            });
            let retired = row.read("retired", boolean).unwrap_or(false);
            let (network, kind, code) = (network?, kind?, code?);
            keys.note(row, "code", (network, kind, code.clone()));
            // Without an order terms stand as the file has them.
            let last = orders.entry((network, kind)).or_default();
            *last = order.unwrap_or(*last + 1);
            Some(Term { network, kind, code, label: label?, order: *last, retired })
        });
        if let Some(content) = built {
            let of_network = stored.get(&content.network).map(Vec::as_slice).unwrap_or_default();
            let stored = of_network.iter().find(|term| term.kind == content.kind && term.code == content.code).cloned();
            let id = stored.as_ref().map_or_else(|| TermId::from_uuid(Uuid::now_v7()), |term| term.id);
            drafts.push(TermDraft { id, stored, content });
        }
    }
    drafts
}

/// Reads the column that names a network.
pub(super) fn network(row: crate::exchange::table::Row<'_>, directory: &Directory) -> Option<NetworkId> {
    row.refer(
        "network_slug",
        |slug| directory.is_broken(&files::NETWORKS, slug),
        |slug| {
            directory
                .network(slug)
                .ok_or_else(|| convene_domain::Invalid::new("names no network, neither in networks.csv nor stored"))
        },
    )
}
