//! The committed files that the service itself writes.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use crate::runner::Runner;

struct Exported {
    file: &'static str,
    arguments: &'static [&'static str],
}

const EXPORTED: [Exported; 3] = [
    Exported { file: "convene.default.toml", arguments: &["config"] },
    Exported { file: "schema/schema.graphql", arguments: &["schema"] },
    Exported { file: "schema/federation.graphql", arguments: &["schema", "--federation"] },
];

pub(crate) fn write(runner: &mut Runner) -> Result<()> {
    for (file, text) in generate(runner)? {
        let path = runner.root().join(file);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {file}"))?;
        eprintln!("wrote {file}");
    }
    Ok(())
}

pub(crate) fn check(runner: &mut Runner) -> Result<()> {
    let mut faults = Vec::new();
    for (file, text) in generate(runner)? {
        match fs::read_to_string(runner.root().join(file)) {
            Ok(committed) => faults.extend(difference(file, &committed, &text)),
            Err(error) => faults.push(format!("cannot read {file}: {error}")),
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    Ok(())
}

fn generate(runner: &mut Runner) -> Result<Vec<(&'static str, String)>> {
    let program = build(runner)?;
    // An empty folder and no settings of ours: the same text on every machine.
    let folder = tempfile::tempdir()?;
    let mut texts = Vec::new();
    for exported in &EXPORTED {
        let mut command = Command::new(&program);
        command.args(exported.arguments).current_dir(folder.path());
        for (name, _) in env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("CONVENE_") || name_text.ends_with("_URL") {
                command.env_remove(&name);
            }
        }
        texts.push((exported.file, runner.output(&mut command)?));
    }
    Ok(texts)
}

/// Builds the service. `--workspace`, because a single package would choose other features of the
/// libraries than the tests do, and compile half of them twice.
fn build(runner: &mut Runner) -> Result<PathBuf> {
    let words = ["build", "--workspace", "--bin", "convene"];
    let mut command = runner.cargo(&words);
    command.args(["--quiet", "--message-format", "json-render-diagnostics"]);
    let messages = runner.output(command.stderr(Stdio::inherit()))?;
    Message::parse_stream(messages.as_bytes())
        .filter_map(|message| match message {
            Ok(Message::CompilerArtifact(artifact)) => artifact.executable,
            _ => None,
        })
        .last()
        .map(Into::into)
        .context("cargo built no program")
}

/// Names the first line at which a committed file and a fresh one part.
fn difference(file: &str, committed: &str, fresh: &str) -> Option<String> {
    if committed == fresh {
        return None;
    }
    let same = committed.lines().zip(fresh.lines()).take_while(|(a, b)| a == b).count();
    let at = |text: &str| text.lines().nth(same).unwrap_or("(its end)").to_owned();
    Some(format!("{file} differs at line {}:\n  committed: {}\n  generated: {}", same + 1, at(committed), at(fresh)))
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_differing_line_is_named() {
        assert_eq!(difference("f", "a\nb\n", "a\nb\n"), None);
        let expected = "f differs at line 2:\n  committed: b\n  generated: (its end)";
        assert_eq!(difference("f", "a\nb\n", "a\n").as_deref(), Some(expected));
    }
}
