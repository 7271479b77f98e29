//! `cargo xtask test`: the whole test suite, on both databases and with Redis.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use crate::node;
use crate::runner::{Runner, exit_code};
use crate::services::Services;

const DATA: &str = "CONVENE_TEST_DATA";
/// Where the real network lies on the machines that have it, seen from the workspace's root.
const REAL_NETWORK: &str = "../shared/data/rladies";

pub(crate) fn run(runner: &mut Runner, arguments: &[OsString]) -> Result<ExitCode> {
    // Before the build, which bundles GraphiQL with it.
    node::provide(runner)?;
    let services = Services::start(runner)?;
    let nextest = runner.works(&mut runner.cargo(&["nextest", "--version"]), Duration::from_secs(30))?;
    let words: &[&str] = if nextest { &["nextest", "run"] } else { &["test", "--no-fail-fast"] };
    let mut command = runner.cargo(words);
    command.arg("--workspace").args(arguments);
    services.describe(&mut command);
    let data = data(runner.root());
    if let Some(folder) = &data {
        command.env(DATA, folder);
    }
    let status = runner.status(&mut command)?;
    eprintln!("golden answers: {}", named(data.as_deref()));
    Ok(exit_code(status))
}

/// The network whose known answers the tests compare with: the one asked for, else the real one.
fn data(root: &Path) -> Option<OsString> {
    env::var_os(DATA).filter(|folder| !folder.is_empty()).or_else(|| {
        let folder = root.join(REAL_NETWORK).canonicalize().ok()?;
        folder.is_dir().then(|| folder.into_os_string())
    })
}

fn named(data: Option<&std::ffi::OsStr>) -> String {
    match data {
        Some(folder) => {
            let folder = Path::new(folder);
            let name = folder.file_name().unwrap_or(folder.as_os_str());
            format!("{} at {}", name.display(), folder.display())
        }
        None => format!("samples/ ({DATA} is not set)"),
    }
}
