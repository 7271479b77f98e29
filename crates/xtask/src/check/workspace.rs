//! What cargo says about our own packages.

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::runner::Runner;

#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// From the workspace's root, such as `crates/domain`.
    pub(super) folder: String,
    /// Of the code itself; what only tests or build scripts use is left out.
    pub(super) dependencies: Vec<String>,
}

pub(super) fn packages(runner: &mut Runner) -> Result<Vec<Package>> {
    let mut command = runner.cargo(&["metadata", "--no-deps", "--format-version", "1"]);
    let metadata = MetadataCommand::parse(runner.output(&mut command)?).context("cannot read what `cargo metadata` says")?;
    let root = metadata.workspace_root;
    metadata
        .packages
        .iter()
        .map(|package| {
            let folder = package.manifest_path.parent().unwrap_or(&root);
            let folder = folder.strip_prefix(&root).context("a package outside the workspace")?;
            let dependencies = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind == DependencyKind::Normal)
                .map(|dependency| dependency.name.clone())
                .collect();
            Ok(Package { name: package.name.to_string(), folder: folder.to_string(), dependencies })
        })
        .collect()
}
