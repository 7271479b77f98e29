//! The routes.

mod answer;
mod caller;
mod events;
mod export;
mod graphiql;
mod graphql;
mod health;
mod negotiate;
mod observe;
mod origins;
mod rates;
mod room;
mod screen;
mod socket;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{Router, middleware, routing::any};
use convene_domain::access::Caller;
use convene_graphql::{
    error::ErrorCode,
    export::{ExportRequest, Exported},
    follow::Started,
    guard::Refusal,
    request::{GraphqlRequest, Outcome},
};
use convene_live::Redis;
use futures::future::BoxFuture;
use tokio::{runtime::Handle, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::{
    origins::Origins,
    rates::{Peer, Rate, Rates, share},
    room::room,
    screen::HEADERS,
    socket::Patience,
};

/// Tells whose token this is.
pub(crate) type Authenticate = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Caller, Refusal>> + Send + Sync>;

/// Executes one GraphQL request. Routes know nothing of the schema behind it.
pub(crate) type Execute = Arc<dyn Fn(Caller, GraphqlRequest) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Executes one GraphQL request, or starts to follow what it subscribes to.
pub(crate) type Start = Arc<dyn Fn(Caller, GraphqlRequest) -> BoxFuture<'static, Started> + Send + Sync>;

/// Answers one request for numbers as CSV.
pub(crate) type Export = Arc<dyn Fn(Caller, ExportRequest) -> BoxFuture<'static, Result<Exported, Box<Outcome>>> + Send + Sync>;

/// Asks something the service depends on for a sign of life.
pub(crate) type Ping = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// Writes what operators are told, as Prometheus reads it.
pub(crate) type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// Tells how those who follow are served, without asking anyone.
pub(crate) type LookAtLive = Arc<dyn Fn() -> Live + Send + Sync>;

/// How those who follow are served.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// Whether the logs that are followed can be read.
    pub(crate) reads_logs: bool,
    pub(crate) redis: Redis,
}

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) authenticate: Authenticate,
    pub(crate) execute: Execute,
    pub(crate) start: Start,
    pub(crate) export: Export,
    pub(crate) ping_database: Ping,
    /// The runtime that serves those who follow.
    pub(crate) serving: Handle,
    pub(crate) look_at_live: LookAtLive,
    pub(crate) metrics: Render,
    /// Cancelled once the service is told to stop.
    pub(crate) stopping: CancellationToken,
    /// The connections that have to end before the service does.
    pub(crate) open: TaskTracker,
    /// The largest body of a request, in bytes.
    pub(crate) body_limit: usize,
    /// How many KiB large bodies, and messages on sockets, may hold together that are being received.
    pub(crate) room: Arc<Semaphore>,
    /// How long a body, or a message on a socket, may take to arrive.
    pub(crate) body_timeout: Duration,
    /// Whether any page may send a query with GET.
    pub(crate) get_queries: bool,
    /// The origins whose pages may ask.
    pub(crate) origins: Arc<Origins>,
    /// What callers may ask for.
    pub(crate) rates: Arc<Rates>,
    /// What one socket may do.
    pub(crate) sockets: SocketLimits,
    /// How long sockets wait for their peers.
    pub(crate) patience: Patience,
    /// Whether there is a page for developers.
    pub(crate) explorer: bool,
}

/// What one socket may do.
#[derive(Clone, Copy)]
pub(crate) struct SocketLimits {
    /// How many operations may run at once.
    pub(crate) operations: usize,
    /// The largest message that is read, in bytes.
    pub(crate) message: usize,
    /// How many messages may come in a second, lastingly, and how many at once.
    pub(crate) rate: u32,
}

/// The routes for those who come when more connections are open than there may be. Whoever looks after the service gets an answer:
/// to start it anew would only bring all of them back at once.
pub(crate) fn crowded(http: Http) -> Router {
    finish(health::routes().fallback(answer::crowded), http)
}

/// The routes of the service.
pub(crate) fn router(http: Http) -> Router {
    let explorer = if http.explorer { graphiql::routes() } else { Router::new() };
    let routes = health::routes().route("/graphql", any(graphql::serve)).merge(export::routes()).merge(explorer);
    let nothing = async || answer::refuse(Refusal::new(ErrorCode::NotFound, "there is nothing at this path"));
    finish(routes.fallback(nothing), http)
}

fn finish(routes: Router<Http>, http: Http) -> Router {
    routes
        .method_not_allowed_fallback(async || {
            answer::refuse(Refusal::new(ErrorCode::MethodNotAllowed, "this path is read with GET"))
        })
        .layer(middleware::from_fn_with_state(http.clone(), origins::share))
        .layer(middleware::from_fn(screen::screen))
        .layer(middleware::from_fn(observe::observe))
        .with_state(http)
}
