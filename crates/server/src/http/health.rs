//! Whether the process runs, and whether it should be sent requests.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde_json::{Value, json};

use super::Http;

/// A database that answers later than this is no help to a request either.
const PATIENCE: Duration = Duration::from_secs(2);

/// `/livez`: the process runs. Nothing else is asked, for a restart would repair nothing else.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// `/readyz`: the process can answer requests; if not, which part fails.
pub(super) async fn ready(State(http): State<Http>) -> (StatusCode, Json<Value>) {
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
    let service = if http.stopping.is_cancelled() { "stopping" } else { "ok" };
    let parts = json!({ "database": database, "service": service });
    if database == "ok" && service == "ok" {
        (StatusCode::OK, Json(json!({ "status": "ok", "parts": parts })))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "unavailable", "parts": parts })))
    }
}
