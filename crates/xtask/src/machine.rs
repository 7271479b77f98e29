//! The machine that we run on: who we are there, and its packages.

use std::path::Path;

use anyhow::{Context, Result};

use crate::runner::Runner;

/// Installs packages of Debian and its relatives. False where that is not for us to do.
pub(crate) fn install(name: &str, packages: &[&str], runner: &mut Runner) -> Result<bool> {
    if id(&["-u"], runner)? != 0 || !Path::new("/usr/bin/apt-get").is_file() {
        return Ok(false);
    }
    eprintln!("{name}: installing {}", packages.join(" and "));
    let install = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    for words in [&["update"][..], &install] {
        let mut apt = runner.command("apt-get");
        apt.arg("--quiet=2").args(words).env("DEBIAN_FRONTEND", "noninteractive");
        runner.succeed(&mut apt)?;
    }
    Ok(true)
}

/// What `id` says: the standard library does not tell who we are.
pub(crate) fn id(words: &[&str], runner: &mut Runner) -> Result<u32> {
    let mut command = runner.command("id");
    let text = runner.output(command.args(words))?;
    text.trim().parse().with_context(|| format!("`id` answered {text:?}"))
}
