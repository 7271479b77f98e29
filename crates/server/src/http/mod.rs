//! The routes.

mod answer;
mod caller;
mod graphiql;
mod graphql;
mod health;
mod negotiate;
mod observe;
mod socket;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use axum::{
    Router, middleware,
    routing::{any, get},
};
use convene_domain::access::Caller;
use convene_graphql::{
    error::ErrorCode,
    follow::Started,
    guard::Refusal,
    request::{GraphqlRequest, Outcome},
};
use futures::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::socket::Patience;

/// Tells whose token this is.
pub(crate) type Authenticate = Arc<dyn Fn(String) -> BoxFuture<'static, Result<Caller, Refusal>> + Send + Sync>;

/// Executes one GraphQL request. Routes know nothing of the schema behind it.
pub(crate) type Execute = Arc<dyn Fn(Caller, GraphqlRequest) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Executes one GraphQL request, or starts to follow what it subscribes to.
pub(crate) type Start = Arc<dyn Fn(Caller, GraphqlRequest) -> BoxFuture<'static, Started> + Send + Sync>;

/// Asks something the service depends on for a sign of life.
pub(crate) type Ping = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) authenticate: Authenticate,
    pub(crate) execute: Execute,
    pub(crate) start: Start,
    pub(crate) ping_database: Ping,
    /// The runtime that serves those who follow.
    pub(crate) serving: Handle,
    /// Cancelled once the service is told to stop.
    pub(crate) stopping: CancellationToken,
    /// The connections that have to end before the service does.
    pub(crate) open: TaskTracker,
    /// The largest body of a request and the largest message on a socket, in bytes.
    pub(crate) body_limit: usize,
    /// How long a body may take to arrive.
    pub(crate) body_timeout: Duration,
    /// How long sockets wait for their peers.
    pub(crate) patience: Patience,
    /// Whether there is a page for developers.
    pub(crate) explorer: bool,
}

/// The routes of the service.
pub(crate) fn router(http: Http) -> Router {
    Router::new()
        .route("/graphql", any(graphql::serve))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .merge(if http.explorer { graphiql::routes() } else { Router::new() })
        .method_not_allowed_fallback(async || {
            answer::refuse(Refusal::new(ErrorCode::MethodNotAllowed, "this path is read with GET"))
        })
        .fallback(async || answer::refuse(Refusal::new(ErrorCode::NotFound, "there is nothing at this path")))
        .layer(middleware::from_fn(observe::observe))
        .with_state(http)
}
