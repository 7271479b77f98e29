//! Metrics: what the activity of places comes to. Everyone may ask: what is counted are records that were handed in, whoever
//! may read them; but how many people came is told to those who may not only of so many together that nobody is singled out.

mod activity;
mod comparison;
mod csv;
pub mod funder;
mod groups;
mod places;
mod reading;

pub use activity::{Activity, Compared, Series, activity};
pub use comparison::{Beside, COMMUNITIES, ComparedMetric, Comparing, Comparison, Peers, comparison};
pub use csv::{activity_csv, comparison_csv};
pub use funder::head;
pub use groups::Group;

use convene_domain::metric::Refused;

use crate::Error;

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Invalid { argument: refused.argument, reason: refused.reason }
    }
}
