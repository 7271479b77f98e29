//! Whether the process runs, and whether it should be sent requests.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderName, StatusCode, header},
    routing::get,
};
use convene_live::Redis;
use serde_json::{Value, json};

use super::{Http, Live};

/// A database that answers later than this is no help to a request either.
const PATIENCE: Duration = Duration::from_secs(2);

/// What whoever looks after the service asks.
pub(super) fn routes() -> Router<Http> {
    Router::new().route("/livez", get(live)).route("/readyz", get(ready)).route("/metrics", get(metrics))
}

/// `/metrics`: numbers about the process, as Prometheus reads them. They tell of no one.
async fn metrics(State(http): State<Http>) -> ([(HeaderName, &'static str); 2], String) {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], (http.metrics)())
}

/// `/livez`: the process runs. Nothing else is asked, for a restart would repair nothing else.
async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `/readyz`: the process can answer requests, and how each part does.
async fn ready(State(http): State<Http>) -> (StatusCode, Json<Value>) {
    let database = match tokio::time::timeout(PATIENCE, (http.ping_database)()).await {
        Ok(Ok(())) => "ok",
        Ok(Err(error)) => {
            tracing::warn!(cause = format!("{error:#}"), "the database does not answer");
            "failed"
        }
        Err(_) => {
            tracing::warn!("the database does not answer in time");
            "timed out"
        }
    };
    let Live { reads_logs, redis } = (http.look_at_live)();
    let log = if reads_logs { "ok" } else { "failed" };
    let service = if http.stopping.is_cancelled() { "stopping" } else { "ok" };
    let parts = json!({ "database": database, "log": log, "redis": redis.as_str(), "service": service });
    let (code, status) = match ([database, log, service], redis) {
        // Whoever follows is served, only later: to send requests elsewhere would help nobody.
        (["ok", "ok", "ok"], Redis::Away) => (StatusCode::OK, "degraded"),
        (["ok", "ok", "ok"], Redis::Ok | Redis::None) => (StatusCode::OK, "ok"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
    };
    (code, Json(json!({ "status": status, "parts": parts })))
}
