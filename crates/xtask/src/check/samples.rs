//! samples/ is what its generator writes.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::sample;

const FOLDER: &str = "samples";

pub(crate) fn write(root: &Path) -> Result<()> {
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder)?;
    for name in csv_files(&folder)? {
        fs::remove_file(folder.join(name))?;
    }
    sample::write(&folder)
}

pub(super) fn check(root: &Path) -> Result<()> {
    let fresh = tempfile::tempdir()?;
    sample::write(fresh.path())?;
    let committed = root.join(FOLDER);
    let mut names = csv_files(fresh.path())?;
    names.extend(csv_files(&committed)?);
    let differing: Vec<_> = names
        .iter()
        .filter(|name| fs::read(fresh.path().join(name)).ok() != fs::read(committed.join(name)).ok())
        .map(|name| format!("{FOLDER}/{} is not what the generator writes", name.display()))
        .collect();
    if !differing.is_empty() {
        bail!("{}", differing.join("\n"));
    }
    Ok(())
}

/// Other files, such as a README, are written by hand.
fn csv_files(folder: &Path) -> Result<BTreeSet<OsString>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry?.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "csv") {
            names.insert(name);
        }
    }
    Ok(names)
}
