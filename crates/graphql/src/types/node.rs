//! Whatever has an identity of its own.

use std::sync::Arc;

use async_graphql::{ID, Interface};
use convene_application::nodes;

use crate::types::{Community, Gathering, GatheringReport, Network, ReportItem, VocabularyTerm, WorkSite};

/// Something that has an identity of its own, and can be found by it.
#[derive(Debug, Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The identity, the same for ever and everywhere."))]
pub(crate) enum Node {
    /// A network.
    Network(Network),
    /// A term of a vocabulary.
    VocabularyTerm(VocabularyTerm),
    /// A community.
    Community(Community),
    /// A gathering.
    Gathering(Gathering),
    /// A gathering report.
    GatheringReport(GatheringReport),
    /// An item of a report.
    ReportItem(ReportItem),
    /// A work site.
    WorkSite(WorkSite),
}

impl From<nodes::Node> for Node {
    fn from(node: nodes::Node) -> Self {
        match node {
            nodes::Node::Network(record) => Self::Network(Arc::new(record).into()),
            nodes::Node::Term(record) => Self::VocabularyTerm(Arc::new(record).into()),
            nodes::Node::Community(record) => Self::Community(record.into()),
            nodes::Node::Gathering(record) => Self::Gathering(Arc::new(*record).into()),
            nodes::Node::Report(record) => Self::GatheringReport(Arc::new(record).into()),
            nodes::Node::Item(id, report, item) => Self::ReportItem(ReportItem::new(id, Arc::new(report), Arc::new(item))),
            nodes::Node::WorkSite(seen) => Self::WorkSite(Arc::new(seen).into()),
        }
    }
}
