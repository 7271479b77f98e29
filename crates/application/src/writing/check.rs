//! What many commands check of what is stored.

use std::collections::HashMap;

use convene_domain::{
    community::CommunityStatus,
    id::{CommunityId, NetworkId},
    network::VocabularyKind,
    record::{Recorded, Revision},
    text::Code,
};
use convene_persistence::{Write, communities, terms};

use super::{Refusal, RefusalCode, Stop};
use crate::communities::CommunityRecord;

/// The name of the field that says from which revision a change was made.
pub(super) const EXPECTED: &str = "expectedRevision";

/// The refusal of a change that changes nothing.
pub(super) fn nothing() -> Refusal {
    Refusal::new(RefusalCode::Invalid, [], "nothing is named that is to change")
}

/// Checks that a record is there and at the revision that the change was made from.
pub(super) fn expect<I, T>(
    found: Option<Recorded<I, T>>,
    field: &str,
    (expected_field, expected): (&str, Revision),
) -> Result<Recorded<I, T>, Refusal> {
    let record = found.ok_or_else(|| Refusal::not_found(field))?;
    if record.revision == expected { Ok(record) } else { Err(Refusal::stale(expected_field, expected, record.revision)) }
}

/// Loads the communities that are to host something: all there, and of one network.
pub(super) async fn hosts(write: &Write, ids: &[CommunityId]) -> Result<Vec<CommunityRecord>, Stop> {
    let mut found = communities::load_many(write.transaction(), ids).await?;
    let mut hosts = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let refuse = |code, reason: &str| Refusal::new(code, ["hosts", &index.to_string()], reason);
        let host = found.remove(id).ok_or_else(|| refuse(RefusalCode::NotFound, "does not exist"))?;
        if hosts.first().is_some_and(|first: &CommunityRecord| first.network != host.network) {
            return Err(refuse(RefusalCode::NotAllowed, "belongs to another network than the first").into());
        }
        hosts.push(host);
    }
    Ok(hosts)
}

/// Checks that none of those who are to host something new has ended.
pub(super) fn open(hosts: &[CommunityRecord], before: &[CommunityId]) -> Result<(), Refusal> {
    let closed = |host: &CommunityRecord| host.status == CommunityStatus::Closed && !before.contains(&host.id);
    match hosts.iter().position(closed) {
        Some(index) => Err(Refusal::new(RefusalCode::NotAllowed, ["hosts", &index.to_string()], "is CLOSED: reopen it first")),
        None => Ok(()),
    }
}

/// The codes of a network's vocabulary, and whether each is still offered.
pub(super) struct Vocabulary(HashMap<(VocabularyKind, Code), bool>);

impl Vocabulary {
    /// One in which nothing is looked for.
    pub(super) fn none() -> Self {
        Self(HashMap::new())
    }

    /// Reads it.
    pub(super) async fn load(write: &Write, network: NetworkId) -> Result<Self, Stop> {
        let found = terms::load_by_network(write.transaction(), &[network]).await?;
        let terms = found.into_values().flatten();
        Ok(Self(terms.map(|term| ((term.kind, term.code.clone()), !term.retired)).collect()))
    }

    /// Checks that a code can be used in a new record.
    pub(super) fn check(&self, kind: VocabularyKind, code: &Code) -> Result<(), String> {
        match self.0.get(&(kind, code.clone())) {
            Some(true) => Ok(()),
            Some(false) => Err(format!("is {code}, which the network has retired")),
            None => Err(format!("is {code}, which is no {kind} of the network's vocabulary")),
        }
    }
}
