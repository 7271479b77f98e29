//! `convene migrate`: the version of the database's tables.

use std::process::ExitCode;

use anyhow::Context;
use convene_persistence::Database;

use crate::{
    cli::{Migrate, MigrateArgs},
    commands::answer,
    settings::Settings,
};

/// Takes all steps that are left.
pub(crate) async fn up(settings: &Settings) -> anyhow::Result<()> {
    let connection = Database::connect_once(&settings.database_url).await.context("cannot open the database")?;
    convene_migrations::up(&connection).await.context("cannot migrate the database")?;
    connection.close().await.context("cannot close the database")
}

pub(crate) async fn run(settings: &Settings, arguments: MigrateArgs) -> anyhow::Result<ExitCode> {
    match arguments.direction {
        Migrate::Up => up(settings).await?,
        Migrate::Down => {
            let connection = Database::connect_once(&settings.database_url).await.context("cannot open the database")?;
            convene_migrations::down(&connection, Some(1)).await.context("cannot migrate the database")?;
        }
        Migrate::Status => {}
    }
    let connection = Database::connect_once(&settings.database_url).await.context("cannot open the database")?;
    for step in convene_migrations::status(&connection).await.context("cannot read the database")? {
        answer(&format!("{} {}\n", if step.applied { "applied" } else { "missing" }, step.name))?;
    }
    Ok(ExitCode::SUCCESS)
}
