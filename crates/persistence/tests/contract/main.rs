//! The contract of storage, kept on SQLite and on Postgres alike.

#![expect(unreachable_pub, clippy::expect_used, reason = "a test crate: nothing is exported, and what fails is to panic")]

#[path = "../../../../tests/support/databases.rs"]
mod databases;

mod access;
mod frozen;
mod lists;
mod migrations;
mod network;
mod persons;
mod pruning;
mod seal;
mod stopped;
mod sums;
mod verify;
mod work_sites;
