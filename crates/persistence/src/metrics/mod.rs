//! Counting, for metrics. Sums of whole months are read from what the seal keeps; everything else is one statement for each
//! kind of question.

mod communities;
mod gatherings;
mod months;
mod people;
mod places;
mod sql;

pub use communities::{Founded, founded};
pub use gatherings::{Cell, Counted, Places, Sums, hosts, medians, sums};
pub use months::{Month, Months, sums as sums_of_months};
pub use people::People;
pub use places::{Named, Peer, Place, bounds, load as load_places, names, peers, regions, terms};
