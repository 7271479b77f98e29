//! Periods of local dates.

use async_graphql::InputObject;
use convene_domain::occurrence;

use crate::{error::Error, input::checked, scalars::Date};

/// A period of local dates. Half-open: `from` belongs to it, `to` does not, so that periods can follow each other.
#[derive(Debug, InputObject)]
pub(crate) struct Window {
    /// The first date of the period.
    from: Date,
    /// The first date after the period.
    to: Date,
}

impl Window {
    /// Checks that there is a day in the period.
    pub(crate) fn check(self, name: &str) -> Result<occurrence::Window, Error> {
        checked(name, occurrence::Window::try_new(self.from.0, self.to.0))
    }
}
