//! Periods of local dates.

use async_graphql::SimpleObject;
use convene_domain::{metric::Span, occurrence::Window};

use crate::scalars::Date;

/// A period of local dates. Half-open: `from` belongs to it, `to` does not. Where they are equal there is no date in it.
#[derive(Debug, SimpleObject)]
pub(crate) struct Period {
    /// The first date of the period.
    from: Date,
    /// The first date after the period.
    to: Date,
}

impl From<Span> for Period {
    fn from(span: Span) -> Self {
        Self { from: Date(span.from), to: Date(span.to) }
    }
}

impl From<Window> for Period {
    fn from(window: Window) -> Self {
        Self { from: Date(window.from()), to: Date(window.to()) }
    }
}
