//! The routes.

mod answer;
mod graphql;
mod health;
mod negotiate;
mod observe;
#[cfg(test)]
mod tests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router, middleware,
    routing::{any, get},
};
use convene_graphql::{
    error::ErrorCode,
    guard::Refusal,
    request::{GraphqlRequest, Outcome},
};
use futures::future::BoxFuture;

/// Executes one GraphQL request. Routes know nothing of the schema behind it.
pub(crate) type Execute = Arc<dyn Fn(GraphqlRequest) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Asks something the service depends on for a sign of life.
pub(crate) type Ping = Arc<dyn Fn() -> BoxFuture<'static, anyhow::Result<()>> + Send + Sync>;

/// What the routes share.
#[derive(Clone)]
pub(crate) struct Http {
    pub(crate) execute: Execute,
    pub(crate) ping_database: Ping,
    /// Set once the service is told to stop.
    pub(crate) stopping: Stopping,
    /// The largest body, in bytes.
    pub(crate) body_limit: usize,
    /// How long a body may take to arrive.
    pub(crate) body_timeout: Duration,
}

/// Whether the service was told to stop.
#[derive(Clone, Default)]
pub(crate) struct Stopping(Arc<AtomicBool>);

impl Stopping {
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The routes of the service.
pub(crate) fn router(http: Http) -> Router {
    Router::new()
        .route("/graphql", any(graphql::serve))
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .method_not_allowed_fallback(async || {
            answer::refuse(Refusal::new(ErrorCode::MethodNotAllowed, "this path is read with GET"))
        })
        .fallback(async || answer::refuse(Refusal::new(ErrorCode::NotFound, "there is nothing at this path")))
        .layer(middleware::from_fn(observe::observe))
        .with_state(http)
}
