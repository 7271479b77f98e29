//! `cargo xtask soak`: writers and subscribers at two nodes, and something that breaks every ten seconds.

use std::ffi::OsStr;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::runner::{Runner, exit_code};

/// The test that goes on for as long as it is told.
const TEST: &str = "soak::nothing_is_lost_whatever_breaks_and_in_whatever_order";

#[derive(Args)]
pub(crate) struct SoakArguments {
    /// How long it goes on
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// Decides what breaks and when: the same seed breaks the same again
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Not through the test runner: that would end what takes so long. The test starts its own servers.
pub(crate) fn run(runner: &mut Runner, arguments: &SoakArguments) -> Result<ExitCode> {
    let mut command = runner.cargo(&["test", "--workspace", "--test", "e2e"]);
    command.args(["--", "--exact", TEST, "--nocapture"].map(OsStr::new));
    command.env("CONVENE_SOAK_SECONDS", (arguments.minutes * 60).to_string());
    command.env("CONVENE_SOAK_SEED", arguments.seed.to_string());
    Ok(exit_code(runner.status(&mut command)?))
}
