//! What comes into the build from elsewhere is what `deny.toml` allows.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::runner::Runner;

/// The database of advisories is some megabytes.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn check(runner: &mut Runner) -> Result<()> {
    if !runner.works(&mut runner.cargo(&["deny", "--version"]), PATIENCE)? {
        bail!("no cargo-deny: `cargo install --locked cargo-deny` installs it");
    }
    runner.succeed(&mut deny(runner, &["bans", "licenses", "sources"]))?;
    // It is not in any registry, and some machines reach nothing else.
    if runner.works(&mut runner.cargo(&["deny", "fetch", "db"]), PATIENCE)? {
        return runner.succeed(&mut deny(runner, &["advisories"]));
    }
    eprintln!("check: advisories were NOT looked at: their database cannot be had from here");
    Ok(())
}

fn deny(runner: &Runner, what: &[&str]) -> std::process::Command {
    let mut command = runner.cargo(&["deny", "--log-level", "error", "check"]);
    command.args(what);
    command
}
