//! `convene token`: what programs sign in with.

use std::process::ExitCode;

use anyhow::{Context, bail};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use convene_application::tokens::{self, NewToken, Token};

use crate::{
    cli::{TokenArgs, TokenCommand},
    commands::{answer, migrate, open},
    settings::Settings,
};

pub(crate) async fn run(settings: &Settings, arguments: TokenArgs) -> anyhow::Result<ExitCode> {
    migrate::up(settings).await?;
    let (app, now) = (open(settings).await?, Utc::now());
    match arguments.command {
        TokenCommand::Create { name, within, role, verbs, days } => {
            let expires_at = days.map(|days| now + TimeDelta::days(i64::from(days)));
            let new = NewToken { name, within, role, verbs, expires_at };
            let (token, secret) = tokens::create(&app, new, now).await.context("cannot make the token")?;
            // Alone on the standard output, so that a script can take it from there.
            eprintln!("{} was made. Its secret is shown only now:", describe(&token, now));
            answer(&format!("{secret}\n"))?;
        }
        TokenCommand::List => {
            for token in tokens::list(&app).await.context("cannot read the tokens")? {
                answer(&format!("{}\n", describe(&token, now)))?;
            }
        }
        TokenCommand::Revoke { id } => {
            if !tokens::revoke(&app, id, now).await.context("cannot revoke the token")? {
                bail!("there is no token {id} that could be revoked (see `convene token list`)");
            }
            answer(&format!("{id} is revoked\n"))?;
        }
    }
    app.close().await?;
    Ok(ExitCode::SUCCESS)
}

fn describe(token: &Token, now: DateTime<Utc>) -> String {
    let day = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let state = match (token.revoked_at, token.expires_at) {
        (Some(at), _) => format!("revoked at {}", day(at)),
        (None, Some(end)) if end <= now => format!("expired at {}", day(end)),
        (None, Some(end)) => format!("valid until {}", day(end)),
        (None, None) => "valid until revoked".to_owned(),
    };
    let place = match (token.allows.network, token.allows.community) {
        (_, Some(community)) => format!("in {community}"),
        (Some(network), None) => format!("in {network}"),
        (None, None) => "everywhere".to_owned(),
    };
    let verbs: Vec<&str> = token.verbs.iter().map(|verb| verb.as_str()).collect();
    let used = token.last_used_at.map_or("never used".to_owned(), |at| format!("last used at {}", day(at)));
    format!(
        "{} \"{}\": {} {place} to {}, made at {}, {used}, {state}",
        token.id,
        token.name,
        token.allows.role,
        verbs.join(", "),
        day(token.created_at)
    )
}
