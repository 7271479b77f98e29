//! Which reports a list shows.

use async_graphql::{ID, InputObject};
use convene_domain::report;

use crate::{
    error::Error,
    input::{self, Filter, Window},
    types::{ActivityKind, ItemKind, NextStepState, ReportStatus},
};

/// Which reports a list shows: those that fit in all respects that are given. What is said of items has to fit one and
/// the same item. A list that is left out or empty lets everything through; each has at most 100 values.
#[derive(Debug, InputObject)]
pub(crate) struct GatheringReportFilter {
    /// Only reports of gatherings that begin on a local date of this period.
    window: Option<Window>,
    /// Only these statuses.
    statuses: Option<Vec<ReportStatus>>,
    /// Only reports of gatherings that one of these communities hosts itself.
    hosts: Option<Vec<ID>>,
    /// Only reports with an item of one of these kinds.
    item_kinds: Option<Vec<ItemKind>>,
    /// Only reports with an item that has one of these codes of themes.
    themes: Option<Vec<String>>,
    /// Only reports with an activity of one of these kinds.
    activity_kinds: Option<Vec<ActivityKind>>,
    /// Only reports with a next step in one of these states.
    next_step_states: Option<Vec<NextStepState>>,
    /// Only reports with an item whose text contains this, capitals or not; at most 200 characters.
    item_text: Option<String>,
}

impl Filter for GatheringReportFilter {
    type Checked = report::ReportFilter;

    fn check(self) -> Result<report::ReportFilter, Error> {
        Ok(report::ReportFilter {
            window: self.window.map(|window| window.check("filter.window")).transpose()?,
            statuses: input::values("filter.statuses", self.statuses)?,
            hosts: input::parsed("filter.hosts", self.hosts)?,
            items: report::ItemFilter {
                kinds: input::values("filter.itemKinds", self.item_kinds)?,
                themes: input::texts("filter.themes", self.themes)?,
                activity_kinds: input::values("filter.activityKinds", self.activity_kinds)?,
                next_step_states: input::values("filter.nextStepStates", self.next_step_states)?,
                text: input::search("filter.itemText", self.item_text)?,
            },
        })
    }
}
