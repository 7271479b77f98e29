//! End-to-end tests: the built program through its command line and over HTTP.

#![expect(unreachable_pub, clippy::expect_used, reason = "a test crate: nothing is exported, and what fails is to panic")]

#[path = "support/databases.rs"]
mod databases;
#[path = "support/program.rs"]
mod program;

mod demo;
mod export;
mod faults;
mod golden;
mod import_again;
mod killed;
mod questions;
mod serve;
mod verify;
mod wake_ups;
