//! Where people are named in reports.

use async_graphql::{Enum, ID, SimpleObject};
use convene_application::persons::Trace;
use convene_domain::report;

/// As what an item of a report names a person.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "report::NamedAs")]
pub(crate) enum NamedAs {
    /// As who told it.
    Contributor,
    /// As who is to do it.
    Owner,
    /// In its text.
    Text,
}

/// An item of a report that names a person.
#[derive(Debug, SimpleObject)]
pub(crate) struct PersonTrace {
    /// The id of the item (itm_...). The next page begins after it.
    item_id: ID,
    /// The id of its report (rep_...).
    report_id: ID,
    /// As what the person is named, at least one.
    named_as: Vec<NamedAs>,
    /// What the item says.
    text: String,
}

impl From<Trace> for PersonTrace {
    fn from(trace: Trace) -> Self {
        Self {
            item_id: trace.item.to_string().into(),
            report_id: trace.report.to_string().into(),
            named_as: trace.named_as.into_iter().map(NamedAs::from).collect(),
            text: trace.text,
        }
    }
}

/// A part of what is kept of a person.
#[derive(Debug, SimpleObject)]
pub(crate) struct PersonTracePage {
    /// The items that name the person, in the order of their ids.
    pub(crate) traces: Vec<PersonTrace>,
    /// Whether there are more: ask for those `after` the item of the last one.
    pub(crate) has_more: bool,
}
