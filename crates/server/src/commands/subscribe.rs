//! `convene subscribe`: the gathering reports of a place in a terminal, as they change.
//!
//! Whatever happens to the connection, the cursor of the last item that was printed is where the next one goes on: nothing is
//! missing and nothing comes twice.

mod client;
mod line;
mod place;
#[cfg(test)]
mod tests;

use std::{convert::Infallible, future::Future, io, process::ExitCode, time::Duration};

use anyhow::Context;
use axum::http::Uri;
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    signal::unix::{SignalKind, signal},
};

pub(crate) use self::place::Place;
use self::{
    client::{Client, Ending},
    line::{Item, plain},
};
use crate::cli::SubscribeArgs;

pub(crate) const SUBSCRIPTION: &str = include_str!("../../../../schema/operations/follow-reports.graphql");

/// How long to wait before the connection is tried again: twice as long each time, until it succeeds.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(crate) async fn run(arguments: SubscribeArgs) -> anyhow::Result<ExitCode> {
    let told_to_stop = told_to_stop()?;
    let mut following = Following::new(arguments);
    // Not the standard library's: it would keep the signals waiting while nobody reads.
    let mut out = tokio::io::stdout();
    let (refused, advice) = tokio::select! {
        refused = following.run(&mut out) => match refused? {
            Some(reason) => (Some(reason), "the last cursor was"),
            None => return Ok(ExitCode::SUCCESS),
        },
        () = told_to_stop => (None, "resume with --after"),
    };
    if let Some(reason) = &refused {
        eprintln!("error: {}", plain(reason));
    }
    if let Some(cursor) = following.cursor {
        eprintln!("{advice} {}", plain(&cursor));
    }
    Ok(if refused.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Reads the address of the server.
pub(crate) fn endpoint(text: &str) -> Result<Uri, String> {
    match text.split_once("://") {
        Some(("http" | "ws", rest)) => format!("ws://{rest}").parse().map_err(|error| format!("{error}")),
        Some(("https" | "wss", _)) => {
            Err("this program does not speak TLS: use http:// behind the proxy that does, or a tunnel".to_owned())
        }
        _ => Err("it begins with http://".to_owned()),
    }
}

fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// A place that is followed over as many connections as it takes.
struct Following {
    arguments: SubscribeArgs,
    found: Option<Found>,
    /// Whether it was said what is followed.
    introduced: bool,
    /// Of the last item that was printed.
    cursor: Option<String>,
    /// Whether anything was received over this connection.
    received: bool,
}

#[derive(Clone, Deserialize)]
struct Found {
    id: String,
    name: String,
}

/// Why a connection is not followed any more.
enum Stop {
    Ended(Ending),
    /// What was received cannot be printed.
    Unprintable(io::Error),
}

impl From<Ending> for Stop {
    fn from(ending: Ending) -> Self {
        Self::Ended(ending)
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Unprintable(error)
    }
}

impl Following {
    fn new(arguments: SubscribeArgs) -> Self {
        let cursor = arguments.after.clone();
        Self { arguments, found: None, introduced: false, cursor, received: false }
    }

    /// Follows until the server says that it is of no use, and tells why; nothing when nobody reads what is printed.
    async fn run(&mut self, out: &mut (impl AsyncWrite + Unpin)) -> anyhow::Result<Option<String>> {
        let mut pause = FIRST_PAUSE;
        let mut told = false;
        loop {
            self.received = false;
            let Err(stop) = self.follow(out).await;
            let reason = match stop {
                Stop::Ended(Ending::Lost(reason)) => reason,
                Stop::Ended(Ending::Refused(reason)) => return Ok(Some(reason)),
                Stop::Unprintable(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(None),
                Stop::Unprintable(error) => return Err(error).context("cannot print"),
            };
            if self.received {
                (pause, told) = (FIRST_PAUSE, false);
            }
            if !told {
                eprintln!("{}; trying again", plain(&reason));
                told = true;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Follows over one connection, to its end.
    async fn follow(&mut self, out: &mut (impl AsyncWrite + Unpin)) -> Result<Infallible, Stop> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Data {
            gathering_report_changed: Box<RawValue>,
        }
        let mut client = Client::connect(&self.arguments.url, self.arguments.token.as_deref()).await?;
        let found = self.find(&mut client).await?;
        client.start(SUBSCRIPTION, &json!({ "within": found.id, "after": self.cursor })).await?;
        loop {
            let Data { gathering_report_changed: item } = client.next().await?;
            self.received = true;
            self.print(&found, item.get(), out).await?;
        }
    }

    async fn find(&mut self, client: &mut Client) -> Result<Found, Ending> {
        #[derive(Deserialize)]
        struct Data {
            place: Option<Found>,
        }
        if let Some(found) = &self.found {
            return Ok(found.clone());
        }
        let (query, variables) = self.arguments.place.query();
        client.start(query, &variables).await?;
        let Data { place } = client.next().await?;
        let found = place.ok_or_else(|| Ending::Refused("there is no such network or community (NOT_FOUND)".to_owned()))?;
        self.found = Some(found.clone());
        Ok(found)
    }

    /// Prints an item. Its cursor counts once it is out.
    async fn print(&mut self, found: &Found, text: &str, out: &mut (impl AsyncWrite + Unpin)) -> Result<(), Stop> {
        let item: Item = client::read(text)?;
        let mut lines = String::new();
        if !self.introduced {
            let introduction = format!("following {}\n", plain(&found.name));
            // Programs that read JSON read nothing else.
            if self.arguments.json {
                eprint!("{introduction}");
            } else {
                lines.push_str(&introduction);
            }
        }
        let line = if self.arguments.json { Some(text.replace(['\n', '\r'], " ")) } else { item.line() };
        lines.extend(line.map(|line| line + "\n"));
        out.write_all(lines.as_bytes()).await?;
        out.flush().await?;
        self.introduced = true;
        self.cursor = Some(item.cursor);
        Ok(())
    }
}
