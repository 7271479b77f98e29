//! No source file grows beyond what one can hold in mind.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

const MOST_LINES: usize = 500;

pub(super) fn check(root: &Path) -> Result<()> {
    let mut faults = Vec::new();
    visit(root, &mut |path| {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let lines = text.lines().count();
        if lines > MOST_LINES {
            let path = path.strip_prefix(root).unwrap_or(path);
            faults.push(format!("{}: {lines} lines, at most {MOST_LINES}", path.display()));
        }
        Ok(())
    })?;
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn visit(folder: &Path, look: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !is_foreign(&path) {
                visit(&path, look)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            look(&path)?;
        }
    }
    Ok(())
}

/// Hidden folders, packages of others, and cargo's output wherever it was sent.
fn is_foreign(folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with('.') || name == "node_modules" || folder.join("CACHEDIR.TAG").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_lines(file: &str, lines: usize) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "//\n".repeat(lines)).unwrap();
        root
    }

    #[test]
    fn the_limit_itself_is_allowed() {
        assert!(check(with_lines("src/a.rs", MOST_LINES).path()).is_ok());
        let error = check(with_lines("src/a.rs", MOST_LINES + 1).path()).unwrap_err();
        assert_eq!(error.to_string(), "src/a.rs: 501 lines, at most 500");
    }

    #[test]
    fn hidden_folders_and_other_files_do_not_count() {
        assert!(check(with_lines(".git/a.rs", MOST_LINES + 1).path()).is_ok());
        assert!(check(with_lines("src/a.csv", MOST_LINES + 1).path()).is_ok());
    }
}
