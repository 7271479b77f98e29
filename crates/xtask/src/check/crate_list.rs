//! The crates that crates/README.md describes are the crates that exist.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::workspace::Package;

const LIST: &str = "crates/README.md";

pub(super) fn check(root: &Path, packages: &[Package]) -> Result<()> {
    let text = fs::read_to_string(root.join(LIST)).with_context(|| format!("cannot read {LIST}"))?;
    let folders: Vec<&str> = packages.iter().map(|package| package.folder.as_str()).collect();
    let faults = faults(&text, &folders, |path| root.join(path).exists());
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn faults(text: &str, folders: &[&str], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let listed: Vec<&str> = text.lines().filter(|line| line.starts_with(['|', '#'])).flat_map(quoted).collect();
    let missing = folders
        .iter()
        .filter(|folder| !listed.contains(folder))
        .map(|folder| format!("{LIST} has no row or heading with `{folder}`"));
    let gone = text
        .lines()
        .flat_map(quoted)
        .filter(|path| path.starts_with("crates/") && !exists(path))
        .map(|path| format!("{LIST} names `{path}`, which does not exist"));
    missing.chain(gone).collect()
}

/// What stands in backticks, without a closing slash.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2).map(|path| path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Crates\n| `crates/domain` | rules |\n## `migrations`\nSee `crates/gone/x.rs`.";

    #[test]
    fn rows_and_headings_count() {
        assert!(faults(TEXT, &["crates/domain", "migrations"], |_| true).is_empty());
    }

    #[test]
    fn a_crate_without_a_row_is_a_fault() {
        let text = "Mentions `crates/live` in passing.";
        let expected = ["crates/README.md has no row or heading with `crates/live`"];
        assert_eq!(faults(text, &["crates/live"], |_| true), expected);
    }

    #[test]
    fn a_path_that_is_gone_is_a_fault() {
        let expected = ["crates/README.md names `crates/gone/x.rs`, which does not exist"];
        assert_eq!(faults(TEXT, &[], |path| path == "crates/domain"), expected);
    }
}
