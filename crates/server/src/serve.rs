//! Serving until told to stop.

use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use anyhow::Context;
use axum::Router;
use chrono::Utc;
use convene_application::{App, tokens, writing};
use convene_domain::access::Caller;
use convene_graphql::{
    SchemaOptions, Service,
    error::ErrorCode,
    guard::{Limits, Refusal},
};
use futures::FutureExt;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{debug, info, warn};

use crate::{
    commands,
    http::{self, Http, Patience},
    settings::{Profile, Settings},
};

/// How long a client may take to send the head of a request, so that silent ones do not hold connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long it may take to look up who has a token.
const LOOK_UP: Duration = Duration::from_secs(5);

/// How often what is no longer needed is cleared away.
const DAY: Duration = Duration::from_hours(24);

/// After the operating system refused a connection, mostly for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until SIGTERM or SIGINT, then lets running requests finish. `ready` is told the address once it can be asked.
///
/// # Errors
///
/// Fails if it cannot begin: the database cannot be opened, or the address is taken.
pub(crate) async fn serve(settings: &Settings, ready: impl FnOnce(SocketAddr) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let app = commands::open(settings).await?.listening();
    let http = assemble(settings, &app)?;
    let listener = TcpListener::bind(settings.listen).await.with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr().context("cannot tell the address")?;
    let told_to_stop = told_to_stop()?;
    info!(address = %address, "serving http://{address}/graphql");
    ready(address)?;
    let server = Server {
        listener,
        stopping: http.stopping.clone(),
        open: http.open.clone(),
        router: http::router(http),
        head_timeout: HEAD_TIMEOUT,
        grace: Duration::from_secs(settings.shutdown_grace),
    };
    let forgetting = tokio::spawn(forget_keys(app.clone()));
    // Those who follow are told where to go on, and that ends their operations.
    server.run(told_to_stop.map(|()| app.stop())).await;
    forgetting.abort();
    info!("stopped");
    Ok(())
}

/// The one place where the routes meet the schema.
fn assemble(settings: &Settings, app: &App) -> anyhow::Result<Http> {
    let open = settings.profile == Profile::Development;
    let limits = Limits { cost: settings.query_cost_limit, introspection: open, ..Limits::default() };
    let deadline = Duration::from_secs(settings.request_timeout);
    let options = SchemaOptions { introspection: open, suggestions: open };
    let service = Service::try_new(app.clone(), options, limits, deadline).context("our own schema cannot be read")?;
    let (executes, starts, tokens, database) = (service.clone(), service, app.clone(), app.clone());
    Ok(Http {
        authenticate: Arc::new(move |token| {
            let app = tokens.clone();
            async move { authenticate(&app, &token).await }.boxed()
        }),
        execute: Arc::new(move |caller, request| {
            let service = executes.clone();
            async move { service.execute(caller, request).await }.boxed()
        }),
        start: Arc::new(move |caller, request| {
            let service = starts.clone();
            async move { service.start(caller, request).await }.boxed()
        }),
        ping_database: Arc::new(move || {
            let app = database.clone();
            async move { Ok(app.ping().await?) }.boxed()
        }),
        stopping: CancellationToken::new(),
        open: TaskTracker::new(),
        body_limit: usize::try_from(settings.body_limit)?,
        body_timeout: deadline,
        patience: Patience::with_grace(Duration::from_secs(settings.shutdown_grace)),
        explorer: open,
    })
}

/// Who has a token. That it is not ours and that it is no longer valid read the same.
async fn authenticate(app: &App, token: &str) -> Result<Caller, Refusal> {
    let unavailable = || Refusal::new(ErrorCode::Unavailable, "temporarily unavailable: try again later");
    match tokio::time::timeout(LOOK_UP, tokens::authenticate(app, token, Utc::now())).await {
        Ok(Ok(Some(caller))) => Ok(caller),
        Ok(Ok(None)) => Err(Refusal::new(ErrorCode::Unauthenticated, "the token is not, or no longer, valid")),
        Ok(Err(error)) => {
            warn!(%error, "a token cannot be looked up");
            Err(unavailable())
        }
        Err(_) => {
            warn!("a token cannot be looked up in time");
            Err(unavailable())
        }
    }
}

/// Forgets, once a day, by which keys mutations were known that nobody repeats any more.
async fn forget_keys(app: App) {
    loop {
        match writing::forget_keys(&app, Utc::now()).await {
            Ok(forgotten) => debug!(forgotten, "old idempotency keys were forgotten"),
            Err(error) => warn!(%error, "old idempotency keys cannot be forgotten"),
        }
        tokio::time::sleep(DAY).await;
    }
}

/// Resolves when the operating system or the terminal asks us to stop.
fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => info!("told to stop by SIGTERM"),
            _ = interrupt.recv() => info!("told to stop by SIGINT"),
        }
    })
}

/// Connections and how they end. axum's own loop has no limit on slow heads and none on slow endings.
pub(crate) struct Server {
    pub(crate) listener: TcpListener,
    /// Tells everything that is open to come to its end.
    pub(crate) stopping: CancellationToken,
    /// Connections, and the sockets that some become. hyper's own list forgets those.
    pub(crate) open: TaskTracker,
    pub(crate) router: Router,
    pub(crate) head_timeout: Duration,
    pub(crate) grace: Duration,
}

impl Server {
    pub(crate) async fn run(self, told_to_stop: impl Future<Output = ()>) {
        let mut told_to_stop = pin!(told_to_stop);
        loop {
            tokio::select! {
                () = &mut told_to_stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => self.connect(stream),
                    Err(error) => {
                        warn!(%error, "a connection cannot be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(self.listener);
        self.stopping.cancel();
        self.open.close();
        if tokio::time::timeout(self.grace, self.open.wait()).await.is_err() {
            warn!(grace_s = self.grace.as_secs(), "requests that ran too long were cut off");
        }
    }

    fn connect(&self, stream: TcpStream) {
        // An answer is written at once: to wait for more to send would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection cannot be set up");
        }
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(self.router.clone()))
            .with_upgrades();
        let stopping = self.stopping.clone();
        self.open.spawn(async move {
            let mut connection = pin!(connection);
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = stopping.cancelled() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                debug!(%error, "a connection broke off");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::{Notify, oneshot},
        task::JoinHandle,
    };

    use super::*;

    /// Nothing here takes this long unless it is broken.
    const DEADLINE: Duration = Duration::from_secs(10);

    /// A server with one route that answers when it is let, and what stops it.
    struct Started {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        running: JoinHandle<()>,
        /// Told when a request is being answered.
        entered: Arc<Notify>,
        /// Lets it be answered.
        release: Arc<Notify>,
    }

    async fn start(head_timeout: Duration, grace: Duration) -> Started {
        let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (enter, leave) = (Arc::clone(&entered), Arc::clone(&release));
        let slow = async move || {
            enter.notify_one();
            leave.notified().await;
        };
        let router = Router::new().route("/slow", get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (stopping, open) = (CancellationToken::new(), TaskTracker::new());
        let server = Server { listener, stopping, open, router, head_timeout, grace };
        let running = tokio::spawn(async move { server.run(stopped.map(|_| ())).await });
        Started { address, stop, running, entered, release }
    }

    async fn soon<T>(what: impl Future<Output = T>) -> T {
        tokio::time::timeout(DEADLINE, what).await.unwrap()
    }

    /// Sends these bytes, and reads until the server hangs up.
    async fn exchange(address: SocketAddr, sent: &'static str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut received = String::new();
        // A connection that is cut off is no failure here: what came before counts.
        let _ = stream.read_to_string(&mut received).await;
        received
    }

    #[tokio::test]
    async fn running_requests_finish_and_new_ones_are_not_taken() {
        let Started { address, stop, running, entered, release } = start(HEAD_TIMEOUT, DEADLINE).await;
        let idle = TcpStream::connect(address).await.unwrap();
        let request = tokio::spawn(exchange(address, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n"));
        soon(entered.notified()).await;
        stop.send(()).unwrap();
        soon(async { while TcpStream::connect(address).await.is_ok() {} }).await;
        assert!(!request.is_finished() && !running.is_finished());
        release.notify_one();
        assert!(soon(request).await.unwrap().starts_with("HTTP/1.1 200"));
        drop(idle);
        soon(running).await.unwrap();
    }

    #[tokio::test]
    async fn requests_that_outlast_the_grace_are_cut_off() {
        let Started { address, stop, running, entered, release: _never } = start(HEAD_TIMEOUT, Duration::from_millis(50)).await;
        let request = tokio::spawn(exchange(address, "GET /slow HTTP/1.1\r\nhost: a\r\n\r\n"));
        soon(entered.notified()).await;
        stop.send(()).unwrap();
        // It ends although the request never would.
        soon(running).await.unwrap();
        request.abort();
    }

    #[tokio::test]
    async fn heads_that_do_not_end_are_cut_off() {
        let Started { address, stop: _stop, .. } = start(Duration::from_millis(100), Duration::ZERO).await;
        for unfinished in ["", "GET /slow HTTP/1.1\r\nhost:"] {
            assert!(!soon(exchange(address, unfinished)).await.contains("200 OK"));
        }
    }
}
