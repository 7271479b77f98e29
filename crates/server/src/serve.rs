//! Serving until told to stop.

mod connection;

use std::{future::Future, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use axum::Router;
use chrono::{TimeDelta, Utc};
use convene_application::{
    App,
    changes::{self, Retention},
    writing,
};
use convene_graphql::{SchemaOptions, Service, follow::Started, guard::Limits, request::Outcome};
use convene_live::Tally;
use futures::FutureExt;
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service as _, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{Builder, Handle, Runtime},
    signal::unix::{SignalKind, signal},
};
use tokio_util::{
    sync::CancellationToken,
    task::{AbortOnDropHandle, TaskTracker},
};
use tracing::{debug, info, warn};

pub(crate) use self::connection::Connection;
use crate::{
    commands,
    http::{self, HEADERS, Http, Live, Patience, Peer, Rate, Rates, SocketLimits},
    meters,
    settings::{Profile, Settings},
    sign_in::SignIn,
};

/// How long a client may take to send the head of a request, so that silent ones do not hold connections.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the body of a request may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a peer may take nothing of what is written to it.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// What is kept of a connection in each direction: the head of a request has to fit in, and of an answer no more than this, or one
/// part that is larger, waits for a peer that reads slowly.
const BUFFER: usize = 128 << 10;

/// How many connections are told at once that there are too many. More are closed without a word.
const MOST_REFUSED: usize = 64;

/// What callers may ask for in a minute when nobody says, as cost: those who have no token, and those who have one. That is 75 tables of
/// thousands of records, or as many pages of twenty gatherings as a person can read, from one address; and four times as much for a program.
const RATES: (u64, u64) = (300_000, 1_200_000);

/// How often what is no longer needed is cleared away.
const CLEARING: Duration = Duration::from_hours(1);

/// After the operating system refused a connection, mostly for want of file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until SIGTERM or SIGINT, then lets running requests finish. `ready` is told the address once it can be asked.
///
/// # Errors
///
/// Fails if it cannot begin: the database cannot be opened, or the address is taken.
pub(crate) async fn serve(settings: &Settings, ready: impl FnOnce(SocketAddr) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let following = Builder::new_multi_thread().thread_name("following").enable_all().build();
    let following = Following(Some(following.context("cannot begin to serve those who follow")?));
    let app = commands::open(settings).await?.listening(following.handle());
    let http = assemble(settings, &app, following.handle())?;
    let listener = TcpListener::bind(settings.listen).await.with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr().context("cannot tell the address")?;
    let told_to_stop = told_to_stop()?;
    info!(address = %address, "serving http://{address}/graphql");
    ready(address)?;
    let rates = Arc::clone(&http.rates);
    let sharing = commands::redis_url(settings).map(Tally::try_new).transpose()?;
    let server = Server {
        listener,
        stopping: http.stopping.clone(),
        open: http.open.clone(),
        crowded: http::crowded(http.clone()),
        router: http::router(http),
        connections: usize::try_from(settings.connection_limit)?,
        head_timeout: HEAD_TIMEOUT,
        write_timeout: WRITE_TIMEOUT,
        grace: Duration::from_secs(settings.shutdown_grace),
    };
    let retention = Retention { age: TimeDelta::days(settings.log_keep_days.into()), changes: settings.log_keep_changes };
    let sharing = sharing.map(|tally| tokio::spawn(http::share(rates, tally)));
    let clearing = tokio::spawn(clear_away(app.clone(), retention));
    let keeping = tokio::spawn(meters::keep());
    // Those who follow are told where to go on, and that ends their operations.
    server.run(told_to_stop.map(|()| app.stop())).await;
    clearing.abort();
    keeping.abort();
    if let Some(sharing) = sharing {
        sharing.abort();
    }
    info!("stopped");
    Ok(())
}

/// The runtime that serves those who follow, for as long as this is held. Nobody else waits until thousands were sent
/// what is theirs.
struct Following(Option<Runtime>);

impl Following {
    fn handle(&self) -> Handle {
        // It is there until this is dropped.
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// The one place where the routes meet the schema.
fn assemble(settings: &Settings, app: &App, serving: Handle) -> anyhow::Result<Http> {
    let open = settings.profile == Profile::Development;
    let limits = Limits { cost: settings.query_cost_limit, introspection: open, ..Limits::default() };
    let deadline = Duration::from_secs(settings.request_timeout);
    let peers = [settings.socket_init_timeout, settings.socket_ping_interval, settings.socket_idle_timeout];
    ensure!(peers[1] < peers[2], "socket_idle_timeout must be more than socket_ping_interval: peers answer when they are asked");
    let options = SchemaOptions { introspection: open, suggestions: open };
    let service = Service::try_new(app.clone(), options, limits, deadline).context("our own schema cannot be read")?;
    let (executes, exports, starts) = (service.clone(), service.clone(), service);
    let sign_in = Arc::new(SignIn::try_new(app.clone(), &settings.oidc_issuers, &settings.first_admin)?);
    let (database, live, pools) = (app.clone(), app.clone(), app.clone());
    let runtime = Handle::current();
    Ok(Http {
        serving,
        authenticate: Arc::new(move |token| {
            let sign_in = Arc::clone(&sign_in);
            async move { sign_in.authenticate(&token).await }.boxed()
        }),
        execute: Arc::new(move |caller, request| {
            let service = executes.clone();
            async move {
                let counting = meters::Operation::begin();
                let outcome = service.execute(caller, request).await;
                counting.end(&outcome);
                outcome
            }
            .boxed()
        }),
        export: Arc::new(move |caller, request| {
            let service = exports.clone();
            async move { service.export(caller, request).await }.boxed()
        }),
        start: Arc::new(move |caller, request| {
            let (service, runtime) = (starts.clone(), runtime.clone());
            // What is asked for over a socket is answered where everything else is, and no longer than someone waits.
            async move {
                let counting = meters::Operation::begin();
                let starting = runtime.spawn(async move { service.start(caller, request).await });
                let started = AbortOnDropHandle::new(starting).await;
                let started = started.unwrap_or_else(|_| Started::Done(Box::new(Outcome::internal())));
                // What goes on counts itself.
                if let Started::Done(outcome) = &started {
                    counting.end(outcome);
                }
                started
            }
            .boxed()
        }),
        ping_database: Arc::new(move || {
            let app = database.clone();
            async move { Ok(app.ping().await?) }.boxed()
        }),
        metrics: Arc::new(move || meters::render(&pools.database().pools())),
        look_at_live: Arc::new(move || Live { reads_logs: live.reads_logs(), redis: live.redis() }),
        stopping: CancellationToken::new(),
        open: TaskTracker::new(),
        body_limit: usize::try_from(settings.body_limit)?,
        room: http::room(usize::try_from(settings.body_limit)?, usize::try_from(settings.socket_message_limit)?),
        body_timeout: BODY_TIMEOUT.min(deadline),
        get_queries: settings.get_queries,
        origins: Arc::new(settings.cors_origins.clone()),
        rates: Rates::new(
            Rate::new(settings.rate_anonymous.0, RATES.0),
            Rate::new(settings.rate_signed_in.0, RATES.1),
            usize::from(settings.trusted_proxies),
        ),
        sockets: SocketLimits {
            operations: usize::try_from(settings.socket_operation_limit)?,
            message: usize::try_from(settings.socket_message_limit)?,
            rate: settings.socket_message_rate,
        },
        patience: Patience::with_grace(Duration::from_secs(settings.shutdown_grace)).with_peers(peers.map(Duration::from_secs)),
        explorer: open,
    })
}

/// Forgets, now and again, by which keys mutations were known that nobody repeats any more, and prunes the logs.
async fn clear_away(app: App, retention: Retention) {
    let clear = async || {
        match writing::forget_keys(&app, Utc::now()).await {
            Ok(forgotten) => debug!(forgotten, "old idempotency keys were forgotten"),
            Err(error) => warn!(%error, "old idempotency keys cannot be forgotten"),
        }
        match changes::prune(&app, retention, Utc::now()).await {
            Ok(0) => debug!("no log was to be pruned"),
            Ok(pruned) => info!(pruned, "the logs were pruned"),
            Err(error) => warn!(%error, "the logs cannot be pruned"),
        }
    };
    loop {
        // A connection that has fallen silent is given up with it.
        if tokio::time::timeout(CLEARING, clear()).await.is_err() {
            warn!("what is no longer needed cannot be cleared away in time");
        }
        tokio::time::sleep(CLEARING).await;
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
    /// What answers instead when more connections are open than there may be.
    pub(crate) crowded: Router,
    /// How many may be open at once.
    pub(crate) connections: usize,
    pub(crate) head_timeout: Duration,
    pub(crate) write_timeout: Duration,
    pub(crate) grace: Duration,
}

impl Server {
    pub(crate) async fn run(self, told_to_stop: impl Future<Output = ()>) {
        let mut told_to_stop = pin!(told_to_stop);
        // They are not waited for, and do not count as open: they are short, and there are few.
        let refused = TaskTracker::new();
        loop {
            tokio::select! {
                () = &mut told_to_stop => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) if self.open.len() < self.connections => {
                        self.open.spawn(self.connect((stream, peer), &self.router, true));
                    }
                    Ok((stream, peer)) if refused.len() < MOST_REFUSED => {
                        refused.spawn(self.connect((stream, peer), &self.crowded, false));
                    }
                    Ok(_) => {}
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

    fn connect(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
        router: &Router,
        keep: bool,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (peer, router) = (Peer(peer.ip()), TowerToHyperService::new(router.clone()));
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            router.call(request)
        });
        // An answer is written at once: to wait for more to send would only delay it.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "a connection cannot be set up");
        }
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head_timeout)
            .max_buf_size(BUFFER)
            .max_headers(2 * HEADERS)
            .keep_alive(keep)
            .serve_connection(TokioIo::new(Connection::new(stream, self.write_timeout)), service)
            .with_upgrades();
        let stopping = self.stopping.clone();
        async move {
            let _open = meters::Open::new(&meters::HTTP);
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
        }
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
        let (crowded, connections, write_timeout) = (Router::new(), 100, DEADLINE);
        let server = Server { listener, stopping, open, router, crowded, connections, head_timeout, write_timeout, grace };
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
