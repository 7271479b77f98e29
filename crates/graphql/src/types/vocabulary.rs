//! The words of a network.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::networks::TermRecord;
use convene_domain::{id::NetworkId, network, text::Code};

use crate::{
    error::{Error, nullable},
    loaders::{self, Vocabulary},
    scalars::int,
    types::VocabularyKind,
};

/// A term of a network's vocabulary. Terms are never deleted: a retired one is kept for the records that use it.
#[derive(Debug)]
pub(crate) struct VocabularyTerm(Arc<TermRecord>);

impl From<Arc<TermRecord>> for VocabularyTerm {
    fn from(record: Arc<TermRecord>) -> Self {
        Self(record)
    }
}

/// A term of a network's vocabulary. Terms are never deleted: a retired one is kept for the records that use it.
#[Object]
impl VocabularyTerm {
    /// The identity, the same for ever and everywhere.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// What the term names.
    async fn kind(&self) -> VocabularyKind {
        self.0.kind.into()
    }

    /// The code that records hold, unique within the network and kind.
    async fn code(&self) -> &str {
        &self.0.code
    }

    /// The words that people read.
    async fn label(&self) -> &str {
        &self.0.label
    }

    /// The place in lists of its kind, from 1.
    async fn order(&self) -> i32 {
        self.0.order
    }

    /// Whether the term is no longer offered for new records.
    async fn retired(&self) -> bool {
        self.0.retired
    }

    /// How many times the term was written, from 1.
    async fn revision(&self) -> i32 {
        int(self.0.revision)
    }
}

/// A code that a record uses.
#[derive(Debug)]
pub(crate) struct VocabularyCode {
    network: NetworkId,
    kind: network::VocabularyKind,
    code: Code,
}

impl VocabularyCode {
    /// A code of this kind that a record of the network uses.
    pub(crate) fn new(network: NetworkId, kind: network::VocabularyKind, code: Code) -> Self {
        Self { network, kind, code }
    }

    async fn find(&self, context: &Context<'_>) -> Result<Option<VocabularyTerm>, Error> {
        let vocabulary = loaders::load(context, Vocabulary(self.network)).await?.unwrap_or_default();
        let term = vocabulary.iter().find(|term| term.kind == self.kind && term.code == self.code);
        Ok(term.cloned().map(VocabularyTerm))
    }
}

/// A word of the network's vocabulary as a record uses it.
#[Object]
impl VocabularyCode {
    /// The code as the record holds it.
    async fn code(&self) -> &str {
        &self.code
    }

    /// The term with this code; null when the vocabulary does not have it.
    async fn term(&self, ctx: &Context<'_>) -> Option<VocabularyTerm> {
        nullable(ctx, self.find(ctx).await)
    }
}
