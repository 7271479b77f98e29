//! Gathering reports.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::reports::ReportRecord;
use convene_domain::{network::VocabularyKind, report::ItemFilter, text::Code};

use crate::{
    budget,
    error::Error,
    input,
    loaders::{self, Attendance, Items, TagsOf},
    scalars::{DateTime, int},
    types::{
        ActivityKind, AttendancePart, Audience, Gathering, ItemKind, Network, NextStepState, ReportItem, ReportStatus,
        VocabularyCode,
    },
};

/// What the API shows of a report.
#[derive(Debug)]
pub(crate) struct GatheringReport(Arc<ReportRecord>);

impl From<Arc<ReportRecord>> for GatheringReport {
    fn from(record: Arc<ReportRecord>) -> Self {
        Self(record)
    }
}

impl GatheringReport {
    fn codes(&self, kind: VocabularyKind, codes: Vec<Code>) -> Vec<VocabularyCode> {
        codes.into_iter().map(|code| VocabularyCode::new(self.0.network, kind, code)).collect()
    }
}

/// What a gathering brought: who came, what happened and what is to happen, in parts that can be counted. A gathering
/// has one report at most.
#[Object]
impl GatheringReport {
    /// The identity, the same for ever and everywhere.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Its key in the system it was imported from, unique within the network; null when it was not imported.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// How far it has come.
    async fn status(&self) -> ReportStatus {
        self.0.status.into()
    }

    /// Who may read it.
    async fn audience(&self) -> Audience {
        self.0.audience.into()
    }

    /// When it was handed in; null for a draft, and where the source does not say.
    async fn submitted_at(&self) -> Option<DateTime> {
        self.0.submitted_at.map(Into::into)
    }

    /// How many people came, as counted there; null when nobody counted.
    async fn attendance(&self) -> Option<i32> {
        self.0.attendance.map(|people| int(people.people()))
    }

    /// How many times the report was written, from 1. Each change after it was handed in is a new revision.
    async fn revision(&self) -> i32 {
        int(self.0.revision)
    }

    /// Who came, by role and organisation, as far as it was counted; at most 500 parts. They may add up to fewer people
    /// than `attendance`.
    async fn attendance_parts(&self, ctx: &Context<'_>) -> Result<Vec<AttendancePart>, Error> {
        let parts = loaders::load(ctx, Attendance(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, parts.len()).await?;
        Ok(parts.into_iter().map(|part| AttendancePart { network: self.0.network, part }).collect())
    }

    /// What happened and what is to happen, in the order in which it was told, as far as you may read it; at most 500
    /// items. An item is shown when it fits in all respects that are given.
    async fn items(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these kinds of item.")] kinds: Option<Vec<ItemKind>>,
        #[graphql(desc = "Only items with one of these codes of themes.")] themes: Option<Vec<String>>,
        #[graphql(desc = "Only these kinds of activity.")] activity_kinds: Option<Vec<ActivityKind>>,
        #[graphql(desc = "Only next steps in one of these states.")] next_step_states: Option<Vec<NextStepState>>,
        #[graphql(desc = "Only items whose text contains this, capitals or not.")] text: Option<String>,
    ) -> Result<Vec<ReportItem>, Error> {
        let filter = Arc::new(ItemFilter {
            kinds: input::values("kinds", kinds)?,
            themes: input::texts("themes", themes)?,
            activity_kinds: input::values("activityKinds", activity_kinds)?,
            next_step_states: input::values("nextStepStates", next_step_states)?,
            text: input::search("text", text)?,
        });
        let items = loaders::load(ctx, Items { report: self.0.id, filter }).await?.unwrap_or_default();
        budget::spend(ctx, items.len()).await?;
        Ok(items.iter().map(|(id, item)| ReportItem::new(*id, Arc::clone(&self.0), Arc::clone(item))).collect())
    }

    /// What the gathering was to bring about and did (`DESIRED_OUTCOME`).
    async fn outcomes(&self, ctx: &Context<'_>) -> Result<Vec<VocabularyCode>, Error> {
        let tags = loaders::load(ctx, TagsOf(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, tags.outcomes.len()).await?;
        Ok(self.codes(VocabularyKind::DesiredOutcome, tags.outcomes))
    }

    /// What the gathering did for the members, such as educate or support (`FUNCTION`).
    async fn functions(&self, ctx: &Context<'_>) -> Result<Vec<VocabularyCode>, Error> {
        let tags = loaders::load(ctx, TagsOf(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, tags.functions.len()).await?;
        Ok(self.codes(VocabularyKind::Function, tags.functions))
    }

    /// The gathering that it reports.
    async fn gathering(&self, ctx: &Context<'_>) -> Result<Gathering, Error> {
        Ok(loaders::load_referred(ctx, self.0.gathering).await?.into())
    }

    /// The network of the gathering.
    async fn network(&self, ctx: &Context<'_>) -> Result<Network, Error> {
        Ok(loaders::load_referred(ctx, self.0.network).await?.into())
    }
}
