//! The root fields, one struct a noun. Each parses, calls one use case and converts.

mod attention;
mod audit;
mod changes;
mod community;
mod comparison;
mod entities;
mod gathering;
mod gathering_report;
mod life_cycle;
mod metrics;
mod network;
mod node;
mod person;
mod reach;
#[cfg(test)]
mod tests;
mod theme;
mod viewer;
mod work_site;

use async_graphql::MergedObject;

use self::{
    attention::AttentionQuery, audit::AuditQuery, changes::ChangesQuery, community::CommunityQuery, comparison::ComparisonQuery,
    entities::Federation, entities::Keys, gathering::GatheringQuery, gathering_report::GatheringReportQuery,
    life_cycle::LifeCycleQuery, metrics::MetricsQuery, network::NetworkQuery, node::NodeQuery, person::PersonQuery,
    theme::ThemeQuery, viewer::ViewerQuery, work_site::WorkSiteQuery,
};
pub(crate) use self::{changes::load_entity, metrics::answer_activity};

/// What clients ask.
#[derive(Debug, Default, MergedObject)]
pub(crate) struct Questions(
    NetworkQuery,
    CommunityQuery,
    GatheringQuery,
    GatheringReportQuery,
    NodeQuery,
    ChangesQuery,
    LifeCycleQuery,
    AttentionQuery,
    AuditQuery,
    PersonQuery,
    MetricsQuery,
    ComparisonQuery,
    ThemeQuery,
    ViewerQuery,
    WorkSiteQuery,
);

/// Everything that can be asked of the service.
#[derive(Debug, Default, MergedObject)]
pub struct Query(Questions, Federation);

// The schema as clients read it, without what only a federation router asks.
/// Everything that can be asked of the service.
#[derive(Debug, Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct ClientQuery(Questions);

// The schema as a router composes it.
/// Everything that can be asked of the service.
#[derive(Debug, Default, MergedObject)]
#[graphql(name = "Query")]
pub(crate) struct SubgraphQuery(Questions, Keys);
