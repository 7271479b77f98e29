//! `cargo xtask check`: what must be true of every change, cheapest first.

mod crate_list;
mod dependencies;
mod layers;
pub(crate) mod samples;
mod sizes;
mod workspace;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};

use crate::runner::{Interrupted, Runner};
use crate::{export, tests};

struct Stage {
    name: &'static str,
    /// What to do when it fails: a command wherever one can mend it.
    mend: &'static str,
    run: fn(&mut Runner) -> Result<()>,
}

const STAGES: [Stage; 9] = [
    Stage { name: "format", mend: "cargo fmt --all", run: format },
    Stage { name: "file sizes", mend: "split the file by concern", run: |runner| sizes::check(runner.root()) },
    Stage {
        name: "layers",
        mend: "move the code to the layer that may know it (crates/README.md)",
        run: |runner| layers::check(&workspace::packages(runner)?),
    },
    Stage {
        name: "crate list",
        mend: "edit crates/README.md",
        run: |runner| {
            let packages = workspace::packages(runner)?;
            crate_list::check(runner.root(), &packages)
        },
    },
    Stage { name: "dependencies", mend: "mend Cargo.toml, or deny.toml if it is too strict", run: dependencies::check },
    Stage { name: "clippy", mend: "cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged", run: clippy },
    Stage { name: "documentation", mend: "mend the comments named above", run: documentation },
    Stage { name: "samples", mend: "cargo xtask sample", run: |runner| samples::check(runner.root()) },
    Stage { name: "settings and schema", mend: "cargo xtask export", run: export::check },
];

const TESTS: Stage = Stage {
    name: "tests",
    mend: "cargo xtask test -- NAME runs one test alone",
    run: |runner| {
        if tests::run(runner, &[])? != ExitCode::SUCCESS {
            bail!("a test failed");
        }
        Ok(())
    },
};

pub(crate) fn run(runner: &mut Runner, no_tests: bool) -> Result<ExitCode> {
    let tests = (!no_tests).then_some(TESTS);
    for stage in STAGES.iter().chain(&tests) {
        let start = Instant::now();
        let outcome = (stage.run)(runner);
        let seconds = start.elapsed().as_secs_f32();
        match outcome {
            Ok(()) => eprintln!("check: {} ok ({seconds:.1} s)", stage.name),
            Err(error) if error.is::<Interrupted>() => return Err(error),
            Err(error) => {
                eprintln!("{error:#}");
                eprintln!("check: {} FAILED ({seconds:.1} s)", stage.name);
                eprintln!("to mend it: {}", stage.mend);
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn format(runner: &mut Runner) -> Result<()> {
    runner.succeed(&mut runner.cargo(&["fmt", "--all", "--check"]))
}

fn clippy(runner: &mut Runner) -> Result<()> {
    let words = ["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"];
    runner.succeed(&mut runner.cargo(&words))
}

fn documentation(runner: &mut Runner) -> Result<()> {
    let mut command = runner.cargo(&["doc", "--quiet", "--workspace", "--no-deps"]);
    runner.succeed(command.env("RUSTDOCFLAGS", "-D warnings"))
}
