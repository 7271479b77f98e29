//! `convene verify`: everything derived, computed again.

use std::process::ExitCode;

use anyhow::Context;
use convene_persistence::verify;

use crate::{
    commands::{answer, open},
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings) -> anyhow::Result<ExitCode> {
    let app = open(settings).await?;
    let differences =
        verify::run(app.database(), |subject| eprintln!("checking {subject}")).await.context("cannot read the database")?;
    for (network, floor) in verify::pruned(app.database()).await.context("cannot read the database")? {
        eprintln!("the log of {network} was pruned: it is whole from position {floor} on");
    }
    for difference in &differences {
        answer(&format!("{}: {}\n", difference.subject, difference.detail))?;
    }
    if differences.is_empty() {
        answer("nothing differs\n")?;
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::FAILURE)
}
