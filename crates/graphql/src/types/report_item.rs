//! Items of reports.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::reports::ReportRecord;
use convene_domain::{
    id::ItemId,
    network::VocabularyKind,
    report::{self, ItemDetail},
};

use crate::{
    budget,
    error::{Error, nullable},
    loaders,
    scalars::Date,
    types::{ActivityKind, Community, GatheringReport, ItemKind, NextStepState, Severity, VocabularyCode},
};

/// What the API shows of an item.
#[derive(Debug)]
pub(crate) struct ReportItem {
    id: ItemId,
    report: Arc<ReportRecord>,
    item: Arc<report::ReportItem>,
}

impl ReportItem {
    /// An item with the report that it belongs to.
    pub(crate) fn new(id: ItemId, report: Arc<ReportRecord>, item: Arc<report::ReportItem>) -> Self {
        Self { id, report, item }
    }
}

/// A part of a report that can be counted, compared and followed up: something done, something hard, something to do.
#[Object]
impl ReportItem {
    /// The identity, the same for ever and everywhere.
    pub(crate) async fn id(&self) -> ID {
        self.id.to_string().into()
    }

    /// What it is.
    async fn kind(&self) -> ItemKind {
        self.item.detail.kind().into()
    }

    /// Which kind of activity it was; null for any other kind of item.
    async fn activity_kind(&self) -> Option<ActivityKind> {
        self.item.detail.activity_kind().map(Into::into)
    }

    /// What was told, as it was told.
    async fn text(&self, ctx: &Context<'_>) -> Result<&str, Error> {
        budget::spend_text(ctx, &self.item.text)?;
        Ok(&self.item.text)
    }

    /// What it is about (`THEME`); null when nobody said.
    async fn theme(&self) -> Option<VocabularyCode> {
        let code = self.item.theme.clone();
        code.map(|code| VocabularyCode::new(self.report.network, VocabularyKind::Theme, code))
    }

    /// How much a challenge or a need weighs; null when nobody said, and for any other kind of item.
    async fn severity(&self) -> Option<Severity> {
        self.item.detail.severity().map(Into::into)
    }

    /// Who told it; null when nobody said.
    async fn contributor(&self) -> Option<&str> {
        self.item.contributor.as_deref()
    }

    /// Who is to do a next step; null when nobody said, and for any other kind of item.
    async fn owner(&self) -> Option<&str> {
        match &self.item.detail {
            ItemDetail::NextStep { owner, .. } => owner.as_deref(),
            _ => None,
        }
    }

    /// By which day a next step is to be done; null when nobody said, and for any other kind of item.
    async fn due_on(&self) -> Option<Date> {
        match self.item.detail {
            ItemDetail::NextStep { due_on, .. } => due_on.map(Date),
            _ => None,
        }
    }

    /// What became of a next step; null for any other kind of item.
    async fn next_step_state(&self) -> Option<NextStepState> {
        match self.item.detail {
            ItemDetail::NextStep { state, .. } => Some(state.into()),
            _ => None,
        }
    }

    /// Whether it is for coordinators only.
    async fn confidential(&self) -> bool {
        self.item.confidential
    }

    /// The host community that it concerns; null when it concerns all of them.
    async fn host(&self, ctx: &Context<'_>) -> Option<Community> {
        let host = loaders::load(ctx, self.item.host?).await;
        nullable(ctx, host.map(|found| found.map(Into::into)))
    }

    /// The report that it belongs to.
    async fn report(&self) -> GatheringReport {
        Arc::clone(&self.report).into()
    }
}
