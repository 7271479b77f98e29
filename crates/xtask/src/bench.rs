//! `cargo xtask bench`: what the built service can do, measured from outside.

use std::ffi::OsString;
use std::process::{ExitCode, ExitStatus};

use anyhow::Result;

use crate::runner::{Runner, exit_code};
use crate::services::Services;

/// Measures with servers of its own. What is built is what operators run, so the client is built apart from it: together, cargo
/// would give both the features of both.
pub(crate) fn run(runner: &mut Runner, arguments: &[OsString]) -> Result<ExitCode> {
    runner.succeed(&mut runner.cargo(&["build", "--release", "--bin", "convene"]))?;
    runner.succeed(&mut runner.cargo(&["build", "--release", "--package", "convene-bench"]))?;
    let everything = [["live".into()], ["reads".into()]];
    let tasks = if arguments.is_empty() { everything.iter().map(|task| &task[..]).collect() } else { vec![arguments] };
    for task in tasks {
        let status = measure(runner, task)?;
        if !status.success() {
            return Ok(exit_code(status));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn measure(runner: &mut Runner, arguments: &[OsString]) -> Result<ExitStatus> {
    // Reads keep a server of their own, because it takes minutes to fill.
    let services = if arguments.first().is_some_and(|task| task == "reads") { None } else { Some(Services::start(runner)?) };
    let mut command = runner.cargo(&["run", "--quiet", "--release", "--package", "convene-bench", "--"]);
    command.args(arguments);
    if let Some(services) = &services {
        services.describe(&mut command);
    }
    runner.status(&mut command)
}
