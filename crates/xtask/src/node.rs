//! Node and npm, with which the tests run the example client and the build bundles GraphiQL.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::machine;
use crate::runner::Runner;

const PATIENCE: Duration = Duration::from_secs(30);

/// A program, the words that succeed where it is good enough, and Debian's package of it.
const TOOLS: [(&str, &[&str], &str); 2] = [
    ("node", &["--eval", "process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)"], "nodejs"),
    ("npm", &["--version"], "npm"),
];

/// Sees to it that both are in PATH.
pub(crate) fn provide(runner: &mut Runner) -> Result<()> {
    let missing = missing(runner)?;
    if missing.is_empty() || machine::install("Node", &missing, runner)? && self::missing(runner)?.is_empty() {
        return Ok(());
    }
    bail!("no Node to test with: install Node 18 or later with npm, both in PATH (on Debian the packages nodejs and npm)")
}

/// The packages of what is not here, or too old.
fn missing(runner: &mut Runner) -> Result<Vec<&'static str>> {
    let mut packages = Vec::new();
    for (program, words, package) in TOOLS {
        let mut command = runner.command(program);
        if !runner.works(command.args(words), PATIENCE)? {
            packages.push(package);
        }
    }
    Ok(packages)
}
