//! Servers that live exactly as long as one command.

mod catalogue;
mod find;
mod instance;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use self::catalogue::CATALOGUE;
use self::find::{Source, find};
use self::instance::Instance;
use crate::runner::{Runner, exit_code};

/// The running servers; dropping it ends them and removes their data.
#[derive(Debug)]
pub(crate) struct Services {
    running: Vec<(&'static str, Instance)>,
}

impl Services {
    pub(crate) fn start(runner: &mut Runner) -> Result<Self> {
        let mut running = Vec::new();
        for kind in &CATALOGUE {
            let source = find(kind, runner)?;
            if source == Source::Given {
                eprintln!("{}: the one of {}", kind.name, kind.variable);
                continue;
            }
            let instance = Instance::start(kind, &source, runner).with_context(|| format!("{} did not start", kind.name))?;
            eprintln!("{}: {source}, port {}", kind.name, instance.port());
            running.push((kind.variable, instance));
        }
        Ok(Self { running })
    }

    /// Tells a command where the servers are.
    pub(crate) fn describe(&self, command: &mut Command) {
        for (variable, instance) in &self.running {
            command.env(variable, instance.url());
        }
    }
}

/// Runs any command with the servers at hand.
pub(crate) fn around(runner: &mut Runner, words: &[OsString]) -> Result<ExitCode> {
    let (program, arguments) = words.split_first().context("no command to run")?;
    let services = Services::start(runner)?;
    let mut command = Command::new(program);
    command.args(arguments);
    services.describe(&mut command);
    Ok(exit_code(runner.status(&mut command)?))
}
