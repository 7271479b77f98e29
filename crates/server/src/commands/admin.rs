//! `convene admin`: how an instance comes to its first administrator.

use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::Utc;
use convene_application::admins;

use crate::{
    cli::{AdminArgs, AdminCommand},
    commands::{answer, migrate, open},
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings, arguments: AdminArgs) -> anyhow::Result<ExitCode> {
    let AdminCommand::Link = arguments.command;
    migrate::up(settings).await?;
    let app = open(settings).await?;
    let Some(secret) = admins::create_secret(&app, Utc::now()).await.context("cannot make a secret")? else {
        bail!("there is an administrator already, who can grant the role to others");
    };
    // Alone on the standard output, so that a script can take it from there.
    eprintln!(
        "Whoever shows this secret first, signed in, becomes the administrator of this instance. It is shown only now, and \
         valid for an hour:\n\n    mutation {{ becomeAdministrator(input: {{ idempotencyKey: \"first\", secret: \"...\" }}) \
         {{ userErrors {{ message }} }} }}\n"
    );
    answer(&format!("{secret}\n"))?;
    app.close().await?;
    Ok(ExitCode::SUCCESS)
}
