//! The commands of this repository: `cargo xtask --help` lists them.

mod bench;
mod check;
mod export;
mod machine;
mod node;
mod runner;
mod sample;
mod services;
mod soak;
mod tests;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::runner::{Interrupted, Runner};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

/// The commands with which this repository is checked, tested and kept up to date
#[derive(Subcommand)]
enum Task {
    /// Run every test, with Postgres and Redis servers of its own
    Test {
        /// Passed on to the test runner
        #[arg(last = true)]
        arguments: Vec<OsString>,
    },
    /// Run one command with the same servers at hand
    Services {
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Break everything that can break, again and again, while others write and follow
    Soak(soak::SoakArguments),
    /// Check everything that a change must keep true
    Check {
        /// Leave out the last stage
        #[arg(long)]
        no_tests: bool,
    },
    /// Measure the built service: live updates and reads, or one of them (`cargo xtask bench reads --help` says what and how)
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Write the schema files and the settings file from the code
    Export,
    /// Write samples/ from the seed of the sample network
    Sample,
}

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            match error.downcast_ref::<Interrupted>() {
                Some(interrupted) => interrupted.exit_code(),
                None => ExitCode::FAILURE,
            }
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    let mut runner = Runner::new()?;
    match task {
        Task::Test { arguments } => tests::run(&mut runner, &arguments),
        Task::Services { command } => services::around(&mut runner, &command),
        Task::Soak(arguments) => soak::run(&mut runner, &arguments),
        Task::Check { no_tests } => check::run(&mut runner, no_tests),
        Task::Bench { arguments } => bench::run(&mut runner, &arguments),
        Task::Export => export::write(&mut runner).map(|()| ExitCode::SUCCESS),
        Task::Sample => check::samples::write(runner.root()).map(|()| ExitCode::SUCCESS),
    }
}
