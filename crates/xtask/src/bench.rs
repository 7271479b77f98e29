//! `cargo xtask bench`: what the built service can do, measured from outside.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::runner::{Runner, exit_code};
use crate::services::Services;

/// Measures with servers of its own. What is built is what operators run, so the client is built apart from it: together, cargo
/// would give both the features of both.
pub(crate) fn run(runner: &mut Runner, arguments: &[OsString]) -> Result<ExitCode> {
    runner.succeed(&mut runner.cargo(&["build", "--release", "--bin", "convene"]))?;
    runner.succeed(&mut runner.cargo(&["build", "--release", "--package", "convene-bench"]))?;
    let services = Services::start(runner)?;
    let mut command = runner.cargo(&["run", "--quiet", "--release", "--package", "convene-bench", "--"]);
    command.args(arguments);
    services.describe(&mut command);
    Ok(exit_code(runner.status(&mut command)?))
}
