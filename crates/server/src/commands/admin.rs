//! `convene admin`: how an instance comes to its first administrator, and is rid of one.

use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, Utc};
use convene_application::{
    App,
    admins::{self, Administrator},
};

use crate::{
    cli::{AdminArgs, AdminCommand},
    commands::{answer, migrate, open},
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings, arguments: AdminArgs) -> anyhow::Result<ExitCode> {
    migrate::up(settings).await?;
    let (app, now) = (open(settings).await?, Utc::now());
    match arguments.command {
        AdminCommand::Link => link(&app, now).await?,
        AdminCommand::List => {
            for administrator in admins::list(&app).await.context("cannot read who administers the instance")? {
                answer(&format!("{}\n", describe(&administrator)))?;
            }
        }
        AdminCommand::Revoke { account } => {
            if !admins::revoke(&app, account, now).await.context("cannot take the role back")? {
                bail!("{account} does not administer the instance (see `convene admin list`)");
            }
            answer(&format!("{account} no longer administers the instance\n"))?;
        }
    }
    app.close().await?;
    Ok(ExitCode::SUCCESS)
}

async fn link(app: &App, now: DateTime<Utc>) -> anyhow::Result<()> {
    let Some(secret) = admins::create_secret(app, now).await.context("cannot make a secret")? else {
        bail!("there is an administrator already (see `convene admin list`)");
    };
    // Alone on the standard output, so that a script can take it from there.
    eprintln!(
        "Whoever shows this secret first, signed in, becomes the administrator of this instance. It is shown only now, and \
         valid for an hour:\n\n    mutation {{ becomeAdministrator(input: {{ idempotencyKey: \"first\", secret: \"...\" }}) \
         {{ userErrors {{ message }} }} }}\n"
    );
    answer(&format!("{secret}\n"))
}

fn describe(administrator: &Administrator) -> String {
    let Administrator { account, since, until } = administrator;
    let at = |instant: &DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
    let name = account.name.as_deref().map_or_else(|| "without a name".to_owned(), |name| format!("\"{name}\""));
    let until = until.as_ref().map_or_else(|| "still".to_owned(), |until| format!("until {}", at(until)));
    format!("{} {name}, {} at {}: since {}, {until}", account.id, account.subject, account.issuer, at(since))
}
