//! `convene export`: everything as CSV files.

use std::process::ExitCode;

use convene_application::exchange;

use crate::{
    cli::ExportArgs,
    commands::{answer, open},
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings, arguments: ExportArgs) -> anyhow::Result<ExitCode> {
    let app = open(settings).await?;
    let exported = exchange::export(&app, &arguments.dir, arguments.network.as_deref()).await?;
    for (file, rows) in exported.rows {
        answer(&format!("{file}: {rows} rows\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}
