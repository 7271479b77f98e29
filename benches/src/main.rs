//! Measures the built service from outside, as its clients meet it: `cargo xtask bench`.

mod bare;
mod crowd;
mod http;
mod kept;
mod live;
mod median;
mod network;
mod postgres;
mod process;
mod reads;
mod table;
mod world;
mod writer;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "convene-bench", about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// Measures the built service from outside
#[derive(Subcommand)]
enum Task {
    /// Measure live updates, with the servers that `cargo xtask services` names
    Live(live::Options),
    /// Measure reads, and writes beside them, with a Postgres of its own and on SQLite
    Reads(reads::Options),
    /// Be the limit to compare with: a WebSocket server that sends everyone what it is posted
    Bare,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Live(options) => live::run(&options),
        Task::Reads(options) => reads::run(&options),
        Task::Bare => bare::serve(),
    }
}
