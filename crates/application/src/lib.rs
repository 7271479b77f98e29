//! Use cases: one function for each thing that can be done, whichever door it is asked at.
//!
//! A use case asks first whether the caller may, where that is a question, then reads or writes. What the caller may
//! not see reads as not found. Resolvers, the importer and the command line call use cases and hold no rules.
//!
//! Those that read take many identities or places at once, so that a question asked of each entry of a list costs as
//! many statements as asked of one.

#![warn(missing_docs)]

mod access;
mod app;
mod error;
mod tree;

pub mod accounts;
pub mod admins;
pub mod attention;
pub mod audit;
pub mod callers;
pub mod changes;
pub mod communities;
pub mod exchange;
pub mod gatherings;
pub mod grants;
pub mod lifecycle;
pub mod metrics;
pub mod networks;
pub mod nodes;
pub mod persons;
pub mod policies;
pub mod reports;
pub mod themes;
pub mod tokens;
pub mod work_sites;
pub mod writing;

pub use app::App;
pub use convene_live::Standing;
pub use error::{Error, Result};
