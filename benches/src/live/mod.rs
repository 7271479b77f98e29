//! Live updates: how fast, for how little and to how many.

mod burst;
mod churn;
mod fanout;
mod measure;
mod nodes;
mod operations;
mod storm;

use std::env;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::{process, table::Table, world::World};

/// The load of a machine that does nothing else, as the system tells it.
const QUIET: f64 = 0.5;

/// What `convene-bench live` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Take few subscribers and little time
    #[arg(long)]
    quick: bool,
    /// Measure only this; can be given several times
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// How long subscribers come and go: 3600 shows whether memory stays flat over an hour
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    churn: u64,
}

/// What there is to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One event to 100, 1,000, 5,000 and 10,000 subscribers
    Fanout,
    /// A hundred events at once to 1,000 subscribers
    Burst,
    /// One event to 5,000 subscribers with a hundred different operations
    Operations,
    /// A hundred events a second from one node to another
    Nodes,
    /// 5,000 clients that come back at once, each 200 events behind
    Storm,
    /// Subscribers that come and go
    Churn,
}

impl Part {
    fn run(self, bench: &mut Bench) -> Result<()> {
        match self {
            Self::Fanout => fanout::run(bench),
            Self::Burst => burst::run(bench),
            Self::Operations => operations::run(bench),
            Self::Nodes => nodes::run(bench),
            Self::Storm => storm::run(bench),
            Self::Churn => churn::run(bench),
        }
    }
}

/// What all parts need.
struct Bench {
    world: World,
    quick: bool,
    /// Seconds.
    churn: u64,
    /// How often reports were imported again.
    imports: usize,
    table: Table,
}

/// Measures, and shows what came of it.
pub(crate) fn run(options: &Options) -> Result<()> {
    process::open_many_files()?;
    let load = process::load()?;
    if load > QUIET {
        eprintln!("the machine is busy (load {load:.1}): times and costs will be higher than they are");
    }
    let address = |name| env::var(name).with_context(|| format!("{name} is not set: run this with `cargo xtask bench live`"));
    let world = World::make(&address("CONVENE_TEST_POSTGRES_URL")?, Some(&address("CONVENE_TEST_REDIS_URL")?))?;
    let mut bench = Bench { world, quick: options.quick, churn: options.churn, imports: 0, table: Table::default() };
    let parts = Part::value_variants().iter().filter(|part| options.only.is_empty() || options.only.contains(part));
    let mut broken = Vec::new();
    for part in parts {
        // What went wrong with one says nothing of the others.
        if let Err(error) = part.run(&mut bench) {
            eprintln!("{part:?} broke off: {error:?}");
            broken.push(format!("{part:?}"));
        }
    }
    bench.table.close()?;
    if !broken.is_empty() {
        bail!("{} could not be measured to the end", broken.join(", "));
    }
    Ok(())
}
