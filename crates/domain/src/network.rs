//! Networks and their vocabularies.

use crate::{
    id::NetworkId,
    text::{Code, Language, Slug, Text},
    words::words,
};

/// One practice and everyone in it: the root of all that belongs together.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The name in addresses, unique on the instance.
    pub slug: Slug,
    /// The name in full.
    pub name: Text,
    /// Where the network presents itself.
    pub source_url: Option<Text>,
    /// The languages that the network works in.
    pub languages: Vec<Language>,
}

words! {
    /// What a term of a vocabulary names.
    VocabularyKind, "kind of vocabulary" {
        /// In which role people take part, such as training facilitator.
        ParticipantRole = "PARTICIPANT_ROLE",
        /// What a gathering is to bring about, such as encouragement.
        DesiredOutcome = "DESIRED_OUTCOME",
        /// What a community does for its members, such as educate or support.
        Function = "FUNCTION",
        /// What an item of a report is about.
        Theme = "THEME",
        /// Whom a gathering invites, such as leaders of churches.
        InvitationGroup = "INVITATION_GROUP",
        /// What a part of a gathering's agenda is, such as care for the caregiver.
        AgendaKind = "AGENDA_KIND",
    }
}

/// A term of a network's vocabulary. Terms are never deleted: a retired one is kept for the records that use it.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The network whose word it is.
    pub network: NetworkId,
    /// What the term names.
    pub kind: VocabularyKind,
    /// The code that records hold; unique within network and kind.
    pub code: Code,
    /// The words that people read.
    pub label: Text,
    /// The place in lists of its kind, from 1.
    pub order: i32,
    /// Whether the term is no longer offered for new records.
    pub retired: bool,
}
