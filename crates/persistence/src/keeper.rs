//! Noticing that Postgres is lost, and that it is there again.
//!
//! A connection of its own is asked for a sign of life a few times a second. When it is cut, all others may be dead too:
//! once the database can be reached again they are replaced, so that nobody is served by one that is. When nothing comes
//! at all, new connections are tried beside it. If the old one answers after all, the database was only slow or frozen, and
//! so will all the others; if a new one is answered first, the bytes of the old ones have vanished, and with them every
//! answer that somebody is waiting for.

use std::{pin::pin, time::Duration};

use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use sea_orm::{
    DatabaseConnection,
    sqlx::{ConnectOptions, Connection, Error, PgConnection, postgres::PgConnectOptions},
};
use tokio::{
    task::AbortHandle,
    time::{Instant, sleep, timeout},
};
use tracing::{info, warn};

use crate::{Error as Failed, connections::Connections};

/// How often the connection is asked for a sign of life.
const PERIOD: Duration = Duration::from_millis(150);
/// How long it may take to answer until others are tried.
const SILENCE: Duration = Duration::from_secs(1);
/// How often another one is tried. What is sent into the void stays unanswered, also after the road is open again.
const RETRY: Duration = Duration::from_millis(300);
/// How long one may take to be made.
const CONNECTING: Duration = Duration::from_secs(4);
/// How long connections are left alone that are merely suspected. A database that is slow for want of rest is not helped by
/// more of them.
const CALM: Duration = Duration::from_secs(30);

/// Watches over connections until it is dropped.
#[derive(Debug)]
pub(crate) struct Keeper(AbortHandle);

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What became of the connection.
enum Trouble {
    /// It was closed.
    Cut,
    /// It answered no more, and this one did.
    Silent(PgConnection),
    /// It is well, but another one may not be.
    Suspicion,
}

impl Keeper {
    /// Begins to watch over connections. Others are made by `renew`.
    pub(crate) fn start<R>(address: PgConnectOptions, connections: Connections, renew: R) -> Self
    where
        R: Fn() -> BoxFuture<'static, Result<DatabaseConnection, Failed>> + Send + Sync + 'static,
    {
        Self(tokio::spawn(keep(address, connections, renew)).abort_handle())
    }
}

async fn keep<R>(address: PgConnectOptions, connections: Connections, renew: R)
where
    R: Fn() -> BoxFuture<'static, Result<DatabaseConnection, Failed>>,
{
    let mut probe = reach(&address).await;
    let mut renewed = Instant::now();
    loop {
        let trouble = trouble(&mut probe, &address, (&connections, renewed + CALM)).await;
        let lost = matches!(trouble, Trouble::Silent(_));
        match trouble {
            Trouble::Cut => {
                warn!("the database has closed a connection; all are made anew when it is there again");
                probe = reach(&address).await;
            }
            Trouble::Silent(other) => probe = other,
            Trouble::Suspicion => info!("a statement was not answered; all connections are made anew"),
        }
        match renew().await {
            Ok(connection) => {
                connections.replace(&connection, lost);
                renewed = Instant::now();
                info!(lost, "the connections to the database are new");
            }
            Err(error) => warn!(%error, "new connections to the database cannot be made"),
        }
    }
}

/// Asks for signs of life until something is wrong.
async fn trouble(probe: &mut PgConnection, address: &PgConnectOptions, (connections, calm): (&Connections, Instant)) -> Trouble {
    loop {
        tokio::select! {
            () = sleep(PERIOD) => {}
            () = connections.suspected(), if Instant::now() > calm => return Trouble::Suspicion,
        }
        let mut answer = pin!(probe.ping());
        match timeout(SILENCE, answer.as_mut()).await {
            Ok(Ok(())) => continue,
            Ok(Err(_)) => return Trouble::Cut,
            Err(_) => warn!("the database does not answer"),
        }
        tokio::select! {
            biased;
            answered = answer => match answered {
                Ok(()) => info!("the database answers again"),
                Err(_) => return Trouble::Cut,
            },
            other = reach(address) => return Trouble::Silent(other),
        }
    }
}

/// Connects as soon as that can be done.
async fn reach(address: &PgConnectOptions) -> PgConnection {
    let mut attempts = FuturesUnordered::new();
    loop {
        attempts.push(timeout(CONNECTING, connect(address)));
        let mut retry = pin!(sleep(RETRY));
        loop {
            tokio::select! {
                Some(attempt) = attempts.next() => if let Ok(Ok(connection)) = attempt {
                    return connection;
                },
                () = &mut retry => break,
            }
        }
    }
}

/// That it was let in says little: only an answer shows that the database takes statements.
async fn connect(address: &PgConnectOptions) -> Result<PgConnection, Error> {
    let mut connection = address.connect().await?;
    connection.ping().await?;
    Ok(connection)
}
