//! Measures the built service from outside, as its clients meet it: `cargo xtask bench`.

mod bare;
mod crowd;
mod http;
mod live;
mod process;
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
    /// Be the limit to compare with: a WebSocket server that sends everyone what it is posted
    Bare,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().task {
        Task::Live(options) => live::run(&options),
        Task::Bare => bare::serve(),
    }
}
