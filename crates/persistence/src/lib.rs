//! Storage: sea-orm entities (private), repositories, the unit of work with its seal, the change log.
//!
//! # Adding a repository
//! 1. Write a step in `migrations` and the table's entity in `entity/`.
//! 2. Write the module named after the noun: the conversion between row and domain type in both directions, then
//!    `load_many`, `find_by_*`, `list`, `count`, then `add_many` and `update`.
//! 3. Writes take a [`Write`] and say what changed with [`Write::record`]; only [`Write::seal`] commits.
//! 4. If the record has a scope or adds to a sum, extend the seal in a new step, and [`verify`].

pub mod access;
mod column;
mod connections;
mod database;
mod dialect;
mod entity;
mod error;
mod keeper;
mod lines;
mod list;
mod write;

pub mod accounts;
pub mod admins;
pub mod attention;
pub mod audit;
pub mod communities;
pub mod gatherings;
pub mod grants;
pub mod imports;
mod in_order;
pub mod keys;
pub mod lifecycle;
pub mod log;
pub mod metrics;
pub mod networks;
pub mod persons;
pub mod policies;
pub mod prune;
pub mod removals;
pub mod reports;
pub mod terms;
pub mod themes;
pub mod tokens;
pub mod verify;
pub mod work_sites;

pub use connections::{Connections, Transaction};
pub use database::{Database, Reads};
pub use error::{Error, Result};
pub use write::Write;
