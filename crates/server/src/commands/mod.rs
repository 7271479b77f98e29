//! The commands besides `serve`, one file each.

use std::{io::Write, time::Duration};

use anyhow::Context;
use convene_application::App;
use convene_live::WakeUps;

use crate::settings::Settings;

pub(crate) mod admin;
pub(crate) mod demo;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod migrate;
pub(crate) mod schema;
pub(crate) mod subscribe;
pub(crate) mod token;
pub(crate) mod verify;

/// Opens the database that the settings name, which has to be migrated.
pub(crate) async fn open(settings: &Settings) -> anyhow::Result<App> {
    let wake_ups = WakeUps::try_new(redis_url(settings))?;
    let (connections, operation) = (settings.database_connections.get(), Duration::from_secs(settings.request_timeout));
    App::open(&settings.database_url, connections, operation, wake_ups).await.context("cannot open the database")
}

/// The address of Redis. Set to nothing is how some say that there is none.
pub(crate) fn redis_url(settings: &Settings) -> Option<&str> {
    settings.redis_url.as_deref().filter(|url| !url.is_empty())
}

/// Prints what a command answers. When nobody reads it any more, that is not a failure of the command.
fn answer(text: &str) -> anyhow::Result<()> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(()),
    }
}
