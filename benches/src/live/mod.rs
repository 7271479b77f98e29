//! Live updates: how fast, for how little and to how many.

mod fanout;
mod measure;

use std::env;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::{process, table::Table, world::World};

/// What `convene-bench live` is told.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Take few subscribers and little time
    #[arg(long)]
    quick: bool,
    /// Measure only this; can be given several times
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// What there is to measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// One event to 100, 1,000, 5,000 and 10,000 subscribers
    Fanout,
}

impl Part {
    fn run(self, bench: &mut Bench) -> Result<()> {
        match self {
            Self::Fanout => fanout::run(bench),
        }
    }
}

/// What all parts need.
struct Bench {
    world: World,
    quick: bool,
    table: Table,
}

/// Measures, and shows what came of it.
pub(crate) fn run(options: &Options) -> Result<()> {
    process::open_many_files()?;
    let address = |name| env::var(name).with_context(|| format!("{name} is not set: run this with `cargo xtask bench live`"));
    let world = World::make(&address("CONVENE_TEST_POSTGRES_URL")?, Some(&address("CONVENE_TEST_REDIS_URL")?))?;
    let mut bench = Bench { world, quick: options.quick, table: Table::default() };
    for part in Part::value_variants() {
        if options.only.is_empty() || options.only.contains(part) {
            part.run(&mut bench)?;
        }
    }
    bench.table.close()
}
