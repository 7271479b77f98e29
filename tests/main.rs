//! End-to-end tests: the built program through its command line and over HTTP.

#![expect(unreachable_pub, clippy::expect_used, reason = "a test crate: nothing is exported, and what fails is to panic")]

#[path = "support/databases.rs"]
mod databases;
#[path = "support/live.rs"]
mod live;
#[path = "support/program.rs"]
mod program;
#[path = "support/weave.rs"]
mod weave;

mod database_faults;
mod demo;
mod events;
mod export;
mod faults;
mod follow;
mod golden;
mod graphql_sse;
mod import_after_edits;
mod import_again;
mod killed;
mod killed_writer;
mod operations;
mod pruned;
mod questions;
mod races;
mod redis_away;
mod restored;
mod serve;
mod tokens;
mod typescript;
mod verify;
mod wake_ups;
