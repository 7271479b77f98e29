//! Networks and their vocabulary.

use convene_domain::{
    access::Role,
    change::ChangeKind,
    id::{NetworkId, TermId},
    network::{Network, Term, VocabularyKind},
    record::{Recorded, Revision},
    text::{Code, Language, Slug, Text},
};
use convene_persistence::{Write, networks, terms};
use uuid::Uuid;

use super::{At, Command, Done, Need, Patch, Refusal, RefusalCode, Stop, check, record};

/// The most terms of one kind that a vocabulary has.
const TERMS_LIMIT: usize = 500;

/// The last place in lists that files can say.
const ORDER_LIMIT: i32 = 999_999;

/// Begins a network.
#[derive(Debug, Clone)]
pub struct CreateNetwork {
    /// The name in addresses.
    pub slug: Slug,
    /// The name in full.
    pub name: Text,
    /// Where it presents itself.
    pub source_url: Option<Text>,
    /// The languages that it works in.
    pub languages: Vec<Language>,
}

impl Command for CreateNetwork {
    fn operation(&self) -> &'static str {
        "createNetwork"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Instance, "")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if networks::find_by_slug(write.transaction(), &self.slug).await?.is_some() {
            return Err(Refusal::new(RefusalCode::Taken, ["slug"], "is the slug of another network").into());
        }
        let Self { slug, name, source_url, languages } = self.clone();
        let id = NetworkId::from_uuid(Uuid::now_v7());
        let network = Recorded::first(id, write.instance(), Network { slug, name, source_url, languages });
        networks::add_many(write, &[network]).await?;
        Ok(record(write, id, ChangeKind::Created, (id, 1), None))
    }
}

/// Changes what is said of a network.
#[derive(Debug, Clone)]
pub struct ChangeNetwork {
    /// Which one.
    pub network: NetworkId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// The name in full.
    pub name: Option<Text>,
    /// Where it presents itself.
    pub source_url: Patch<Text>,
    /// The languages that it works in.
    pub languages: Option<Vec<Language>>,
}

impl Command for ChangeNetwork {
    fn operation(&self) -> &'static str {
        "changeNetwork"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Network(self.network), "network")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.name.is_none() && self.source_url.is_none() && self.languages.is_none() {
            return Err(check::nothing().into());
        }
        let found = networks::lock(write, self.network).await?;
        let mut network = check::expect(found, "network", (check::EXPECTED, self.expected))?;
        let content = &mut network.content;
        put(&mut content.name, self.name.clone());
        put(&mut content.source_url, self.source_url.clone());
        put(&mut content.languages, self.languages.clone());
        network.revision += 1;
        networks::update(write, &network).await?;
        Ok(record(write, network.id, ChangeKind::Updated, (network.id, network.revision), None))
    }
}

/// Adds a term to a vocabulary.
#[derive(Debug, Clone)]
pub struct AddVocabularyTerm {
    /// The network.
    pub network: NetworkId,
    /// What the term names.
    pub kind: VocabularyKind,
    /// The code that records hold.
    pub code: Code,
    /// The words that people read.
    pub label: Text,
    /// The place in lists of its kind; `None` for the end.
    pub order: Option<i32>,
}

impl Command for AddVocabularyTerm {
    fn operation(&self) -> &'static str {
        "addVocabularyTerm"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Network(self.network), "network")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        networks::lock(write, self.network).await?.ok_or_else(|| Refusal::not_found("network"))?;
        let found = terms::load_by_network(write.transaction(), &[self.network]).await?;
        let others: Vec<_> = found.values().flatten().filter(|term| term.kind == self.kind).collect();
        if others.iter().any(|term| term.code == self.code) {
            return Err(Refusal::new(RefusalCode::Taken, ["code"], "is the code of another term of this kind").into());
        }
        if others.len() >= TERMS_LIMIT {
            return Err(Refusal::rule("kind", format!("has {TERMS_LIMIT} terms, and can have no more")).into());
        }
        let behind = || others.iter().map(|term| term.order).max().unwrap_or_default() + 1;
        let order = self.order.unwrap_or_else(behind).min(ORDER_LIMIT);
        let (network, kind, code, label) = (self.network, self.kind, self.code.clone(), self.label.clone());
        let id = TermId::from_uuid(Uuid::now_v7());
        let term = Recorded::first(id, write.instance(), Term { network, kind, code, label, order, retired: false });
        terms::add_many(write, &[term]).await?;
        Ok(record(write, network, ChangeKind::Created, (id, 1), None))
    }
}

/// Changes what is said of a term of a vocabulary. Its code stays: records hold it.
#[derive(Debug, Clone)]
pub struct ChangeVocabularyTerm {
    /// Which one.
    pub term: TermId,
    /// The revision that the change is made from.
    pub expected: Revision,
    /// The words that people read.
    pub label: Option<Text>,
    /// The place in lists of its kind.
    pub order: Option<i32>,
    /// Whether it is no longer offered for new records.
    pub retired: Option<bool>,
}

impl Command for ChangeVocabularyTerm {
    fn operation(&self) -> &'static str {
        "changeVocabularyTerm"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Term(self.term), "term")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.label.is_none() && self.order.is_none() && self.retired.is_none() {
            return Err(check::nothing().into());
        }
        let found = terms::lock(write, self.term).await?;
        let mut term = check::expect(found, "term", (check::EXPECTED, self.expected))?;
        let content = &mut term.content;
        put(&mut content.label, self.label.clone());
        put(&mut content.order, self.order);
        put(&mut content.retired, self.retired);
        term.revision += 1;
        terms::update(write, &term).await?;
        Ok(record(write, term.network, ChangeKind::Updated, (term.id, term.revision), None))
    }
}

/// Puts a new value in place of the one there is, if there is a new one.
pub(super) fn put<T>(value: &mut T, new: Option<T>) {
    if let Some(new) = new {
        *value = new;
    }
}
