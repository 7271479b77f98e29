//! `convene import`: CSV files into the database, all or nothing.

use std::{
    fmt::Write,
    io::{IsTerminal, stderr},
    path::Path,
    process::ExitCode,
};

use chrono::Utc;
use convene_application::{
    App,
    exchange::{self, Faults, ImportError, ImportOptions, Imported},
};

use crate::{
    cli::ImportArgs,
    commands::{answer, migrate, open},
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings, arguments: ImportArgs) -> anyhow::Result<ExitCode> {
    migrate::up(settings).await?;
    let app = open(settings).await?;
    let options = ImportOptions { dry_run: arguments.dry_run, audience: arguments.audience, overwrite: arguments.overwrite };
    match import(&app, &arguments.dir, options).await {
        Ok(imported) => {
            answer(&summary(&imported, options.dry_run))?;
            // Others are told what is new before this process is gone.
            app.close().await?;
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Faults(faults)) => {
            eprint!("{}", refusal(&faults));
            Ok(ExitCode::FAILURE)
        }
        Err(error) => Err(error.into()),
    }
}

/// Imports a folder and shows how far it is.
pub(super) async fn import(app: &App, folder: &Path, options: ImportOptions) -> Result<Imported, ImportError> {
    let terminal = stderr().is_terminal();
    exchange::import(app, folder, options, Utc::now(), |kind, done, all| match (terminal, done == all) {
        (true, false) => eprint!("\r{kind} {done} of {all}"),
        (true, true) => eprintln!("\r{kind} {done} of {all}"),
        (false, true) => eprintln!("{kind} {done} of {all}"),
        (false, false) => {}
    })
    .await
}

fn refusal(faults: &Faults) -> String {
    let mut text = String::new();
    for fault in faults.listed() {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{fault}");
    }
    if faults.count() > faults.listed().len() {
        let _ = writeln!(text, "and {} more", faults.count() - faults.listed().len());
    }
    let _ = writeln!(text, "{} faults; nothing was imported", faults.count());
    text
}

fn summary(imported: &Imported, dry_run: bool) -> String {
    let mut text = String::new();
    if dry_run {
        text.push_str("dry run: nothing was written\n");
    }
    for (kind, counts) in &imported.counts {
        let _ = writeln!(
            text,
            "{kind}: {} imported, {} updated, {} unchanged, {} conflicting",
            counts.imported, counts.updated, counts.unchanged, counts.conflicting
        );
    }
    for conflict in &imported.conflicts {
        let _ = writeln!(text, "conflict: {conflict} was changed both in the files and here, and was kept (see --overwrite)");
    }
    for suspicion in &imported.suspicious {
        let _ = writeln!(text, "suspicious: {} {}, such as {}", suspicion.count, suspicion.what, suspicion.examples.join(", "));
    }
    if !imported.ignored.is_empty() {
        let _ = writeln!(text, "left alone: {}", imported.ignored.join(", "));
    }
    for head in &imported.heads {
        let _ = writeln!(text, "log of {}: now at {}", head.log.network, head.position);
    }
    text
}
