//! What is written of vocabularies.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    networks::{AddVocabularyTerm, ChangeVocabularyTerm},
};

use super::{Fields, Input, Once, Update};
use crate::types::VocabularyKind;

/// A term to add to the vocabulary of a network.
#[derive(Debug, InputObject)]
pub(crate) struct AddVocabularyTermInput {
    /// The id of the network (net_...).
    network: ID,
    /// What the term names.
    kind: VocabularyKind,
    /// The code that records hold, unique within the network and kind, for ever the same: `A` to `Z`, `0` to `9` and `_`,
    /// a letter first; at most 64 characters.
    code: String,
    /// The words that people read.
    label: String,
    /// The place in lists of its kind, 1 to 999,999; the end when left out.
    order: Option<i32>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for AddVocabularyTermInput {
    type Command = AddVocabularyTerm;

    fn check(self, mut fields: Fields) -> Result<AddVocabularyTerm, Vec<Refusal>> {
        let network = fields.parsed("network", self.network);
        let code = fields.parsed("code", self.code);
        let label = fields.parsed("label", self.label);
        let order = fields.optional("order", self.order, place);
        fields.build(|| {
            Some(AddVocabularyTerm { network: network?, kind: self.kind.into(), code: code?, label: label?, order: order? })
        })
    }
}

/// A change to a term of a vocabulary. What is left out stays as it is; not all of it can be left out. Its kind and code
/// stay what they are, for records hold them.
#[derive(Debug, InputObject)]
pub(crate) struct ChangeVocabularyTermInput {
    /// The id of the term (voc_...).
    term: ID,
    /// The revision that the change is made from: the term's `revision` as you read it.
    expected_revision: i32,
    /// The words that people read; it cannot be null.
    label: Update<String>,
    /// The place in lists of its kind, 1 to 999,999; it cannot be null.
    order: Update<i32>,
    /// Whether the term is no longer offered for new records; it cannot be null.
    retired: Update<bool>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChangeVocabularyTermInput {
    type Command = ChangeVocabularyTerm;

    fn check(self, mut fields: Fields) -> Result<ChangeVocabularyTerm, Vec<Refusal>> {
        let term = fields.parsed("term", self.term);
        let expected = self.expected_revision.into();
        let label = fields.changed("label", self.label, Fields::parsed);
        let order = fields.changed("order", self.order, place);
        let retired = fields.changed("retired", self.retired, Fields::taken);
        fields.build(|| Some(ChangeVocabularyTerm { term: term?, expected, label: label?, order: order?, retired: retired? }))
    }
}

/// The last place in lists, as in the files.
const LAST_PLACE: i32 = 999_999;

/// Reads a place in lists.
fn place(fields: &mut Fields, name: &str, order: i32) -> Option<i32> {
    if (1..=LAST_PLACE).contains(&order) {
        Some(order)
    } else {
        fields.refuse(name, format!("is not a place from 1 to {LAST_PLACE}"))
    }
}
