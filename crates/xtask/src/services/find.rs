//! Where a server comes from: given, a container engine, installed, or installed now.

use std::cmp::Reverse;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::catalogue::Kind;
use crate::machine;
use crate::runner::Runner;

const ENGINES: [&str; 2] = ["docker", "podman"];
const ENGINE_PATIENCE: Duration = Duration::from_secs(5);
const PULL_PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The environment names a running server.
    Given,
    Container(&'static str),
    /// The folder of its programs.
    Local(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given => write!(f, "given"),
            Self::Container(engine) => write!(f, "a {engine} container"),
            Self::Local(folder) => write!(f, "the programs in {}", folder.display()),
        }
    }
}

pub(crate) fn find(kind: &Kind, runner: &mut Runner) -> Result<Source> {
    if env::var_os(kind.variable).is_some_and(|url| !url.is_empty()) {
        return Ok(Source::Given);
    }
    for engine in ENGINES {
        if engine_works(engine, kind, runner)? {
            return Ok(Source::Container(engine));
        }
    }
    if let Some(folder) = installed(kind) {
        return Ok(Source::Local(folder));
    }
    install(kind, runner)?;
    installed(kind)
        .map(Source::Local)
        .with_context(|| format!("the package {} has no {}", kind.package, kind.programs.join(" and ")))
}

/// A client may be there without its daemon, and a daemon without a way to fetch images.
fn engine_works(engine: &str, kind: &Kind, runner: &mut Runner) -> Result<bool> {
    let mut asked = |words: &[&str], patience| {
        let mut command = runner.command(engine);
        runner.works(command.args(words), patience)
    };
    Ok(asked(&["ps", "--quiet"], ENGINE_PATIENCE)?
        && (asked(&["image", "inspect", kind.image], ENGINE_PATIENCE)? || asked(&["pull", kind.image], PULL_PATIENCE)?))
}

fn installed(kind: &Kind) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let versions = kind.versions.map(newest_first).unwrap_or_default();
    env::split_paths(&path).chain(versions).find(|folder| kind.programs.iter().all(|program| folder.join(program).is_file()))
}

fn newest_first(parent: &str) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        fs::read_dir(parent).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
    folders.sort_by_key(|folder| Reverse(version(folder)));
    folders.iter().map(|folder| folder.join("bin")).collect()
}

fn version(folder: &Path) -> u32 {
    folder.file_name().and_then(|name| name.to_str()?.parse().ok()).unwrap_or_default()
}

fn install(kind: &Kind, runner: &mut Runner) -> Result<()> {
    if !machine::install(kind.name, &[kind.package], runner)? {
        bail!(
            "no {name} to test with. Do one of: install it ({programs} in PATH; on Debian the \
             package {package}); start Docker or Podman; set {variable} to the URL of a server \
             that the tests may fill",
            name = kind.name,
            programs = kind.programs.join(" and "),
            package = kind.package,
            variable = kind.variable,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let parent = tempfile::tempdir().unwrap();
        for version in ["9", "15", "common"] {
            fs::create_dir(parent.path().join(version)).unwrap();
        }
        let found = newest_first(parent.path().to_str().unwrap());
        let expected = ["15", "9", "common"].map(|version| parent.path().join(version).join("bin"));
        assert_eq!(found, expected);
    }
}
