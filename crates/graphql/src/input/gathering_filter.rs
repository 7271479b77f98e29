//! Which gatherings a list shows.

use async_graphql::{ID, InputObject};
use convene_domain::gathering;

use crate::{
    error::Error,
    input::{self, Filter, Window},
    types::{Format, GatheringStatus, Weekday},
};

/// Which gatherings a list shows: those that fit in all respects that are given. A list that is left out or empty lets
/// everything through; each has at most 100 values.
#[derive(Debug, InputObject)]
pub(crate) struct GatheringFilter {
    /// Only gatherings that begin on a local date of this period.
    window: Option<Window>,
    /// Only these formats.
    formats: Option<Vec<Format>>,
    /// Only these statuses.
    statuses: Option<Vec<GatheringStatus>>,
    /// Only gatherings that one of these communities hosts itself.
    hosts: Option<Vec<ID>>,
    /// Only gatherings that begin on one of these weekdays of the local date.
    weekdays: Option<Vec<Weekday>>,
    /// Only gatherings whose title contains this, capitals or not; at most 200 characters.
    text: Option<String>,
    /// Only gatherings with one of these keys of the system they were imported from.
    external_ids: Option<Vec<String>>,
}

impl Filter for GatheringFilter {
    type Checked = gathering::GatheringFilter;

    fn check(self) -> Result<gathering::GatheringFilter, Error> {
        Ok(gathering::GatheringFilter {
            window: self.window.map(|window| window.check("filter.window")).transpose()?,
            formats: input::values("filter.formats", self.formats)?,
            statuses: input::values("filter.statuses", self.statuses)?,
            hosts: input::parsed("filter.hosts", self.hosts)?,
            weekdays: input::values("filter.weekdays", self.weekdays)?,
            text: input::search("filter.text", self.text)?,
            external_ids: input::texts("filter.externalIds", self.external_ids)?,
        })
    }
}
