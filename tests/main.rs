//! End-to-end tests: the built program through its command line and over HTTP.

#![expect(unreachable_pub, clippy::expect_used, reason = "a test crate: nothing is exported, and what fails is to panic")]

#[path = "support/checker.rs"]
mod checker;
#[path = "support/cluster.rs"]
mod cluster;
#[path = "support/crew.rs"]
mod crew;
#[path = "support/databases.rs"]
mod databases;
#[path = "support/every_metric.rs"]
mod every_metric;
#[path = "support/garble.rs"]
mod garble;
#[path = "support/handmade.rs"]
mod handmade;
#[path = "support/heard.rs"]
mod heard;
#[path = "support/issuer.rs"]
mod issuer;
#[path = "support/live.rs"]
mod live;
#[path = "support/mutate.rs"]
mod mutate;
#[path = "support/planted.rs"]
mod planted;
#[path = "support/program.rs"]
mod program;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/reckoning.rs"]
mod reckoning;
#[path = "support/roles.rs"]
mod roles;
#[path = "support/secrets.rs"]
mod secrets;
#[path = "support/servers.rs"]
mod servers;
#[path = "support/subscriber.rs"]
mod subscriber;
#[path = "support/weave.rs"]
mod weave;

mod access;
mod access_followed;
mod access_writes;
mod api_tokens;
mod attacks;
mod attention;
mod audit;
mod closed;
mod comparison;
mod csv;
mod database_faults;
mod demo;
mod events;
mod export;
mod faults;
mod federation;
mod follow;
mod fuzz;
mod golden;
mod golden_metrics;
mod graphql_http;
mod graphql_sse;
mod histories;
mod hosts;
mod import_after_edits;
mod import_again;
mod killed;
mod killed_writer;
mod lagging;
mod life_edges;
mod lifecycle;
mod memberships;
mod metrics;
mod moved;
mod numbers;
mod operations;
mod outages;
mod persons;
mod pruned;
mod questions;
mod races;
mod rates;
mod redis_away;
mod replay;
mod restored;
mod resume;
mod serve;
mod sign_in;
mod soak;
mod stopped;
mod suppressed;
mod themes;
mod tokens;
mod tree;
mod typescript;
mod verify;
mod wake_ups;
mod work_sites;
