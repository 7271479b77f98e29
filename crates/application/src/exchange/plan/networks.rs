//! Networks and their terms.

use convene_domain::{
    id::{NetworkId, TermId},
    network::{Network, Term},
    record::Revision,
};

use super::{Fate, Past, Planned, Prints};
use crate::exchange::{
    directory::Directory,
    draft::{NetworkDraft, TermDraft},
    fields::{self, Names, fingerprint},
    files,
};

/// A network with the revision that is stored.
pub(in crate::exchange) type NetworkPlan = Planned<(NetworkId, Option<Revision>, Network)>;
/// A term with the revision that is stored.
pub(in crate::exchange) type TermPlan = Planned<(TermId, Option<Revision>, Term)>;

fn prints(network: &Network) -> Prints {
    vec![("network", fingerprint(&files::NETWORKS, &[fields::network(network)]))]
}

fn term_prints(term: &Term) -> Prints {
    vec![("term", fingerprint(&files::VOCABULARY, &[fields::term(&Names::Ids, term)]))]
}

pub(super) fn make(past: &Past, directory: &Directory, drafts: Vec<NetworkDraft>) -> Vec<NetworkPlan> {
    let plan = |NetworkDraft { id, content }: NetworkDraft| {
        let prints = prints(&content);
        let stored = directory.stored_networks.get(&*content.slug);
        let fate = match stored {
            None => Fate::Create,
            Some(_) if past.knows(id.uuid(), &prints) => Fate::Unchanged,
            Some(stored) => past.fate(id.uuid(), stored.revision, &prints, &self::prints(stored)),
        };
        Planned {
            fate,
            name: format!("network {}", &*content.slug),
            prints,
            record: (id, stored.map(|stored| stored.revision), content),
        }
    };
    drafts.into_iter().map(plan).collect()
}

pub(super) fn make_terms(past: &Past, drafts: Vec<TermDraft>) -> Vec<TermPlan> {
    let plan = |TermDraft { id, stored, content }: TermDraft| {
        let prints = term_prints(&content);
        let fate = match &stored {
            None => Fate::Create,
            Some(_) if past.knows(id.uuid(), &prints) => Fate::Unchanged,
            Some(stored) => past.fate(id.uuid(), stored.revision, &prints, &term_prints(stored)),
        };
        let name = format!("term {} {}", content.kind, &*content.code);
        Planned { fate, name, prints, record: (id, stored.map(|stored| stored.revision), content) }
    };
    drafts.into_iter().map(plan).collect()
}
