//! One identity and one line of log for each request.

use std::time::Instant;

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use convene_graphql::error::ErrorCode;
use tracing::{Instrument, info, info_span};
use uuid::Uuid;

use super::answer::Summary;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Client-chosen text in the log is cut here.
const LONGEST_TEXT: usize = 64;

/// The identity of a request, for what goes on after its answer.
#[derive(Clone)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// Gives the request an identity, its caller's if that is sane, and logs how it went.
///
/// The query string is left out: with GET it is the query itself.
pub(super) async fn observe(mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId(request.headers().get(REQUEST_ID).filter(|id| is_sane(id)).cloned().unwrap_or_else(new_id));
    request.extensions_mut().insert(id.clone());
    let span = info_span!(
        "request",
        request_id = id.as_str(),
        method = cut(request.method().as_str()),
        path = cut(request.uri().path()),
    );
    let mut response = next.run(request).instrument(span.clone()).await;
    let summary = response.extensions_mut().remove::<Summary>().unwrap_or_default();
    let (status, took) = (response.status().as_u16(), started.elapsed());
    metrics::histogram!("convene_http_request_duration_seconds", "status" => status.to_string()).record(took);
    // All of it is said here: a span writes down anew all that it knows whenever it learns more.
    span.in_scope(|| {
        info!(
            status,
            duration_ms = took.as_micros() as f64 / 1_000.0,
            operation = summary.operation.as_deref(),
            operation_name = summary.operation_name.as_deref().map(cut),
            cost = summary.cost,
            code = summary.failure.map(ErrorCode::as_str),
            "answered"
        );
    });
    response.headers_mut().insert(REQUEST_ID, id.0);
    response
}

fn is_sane(id: &HeaderValue) -> bool {
    let id = id.as_bytes();
    (1..=LONGEST_TEXT).contains(&id.len()) && id.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

fn new_id() -> HeaderValue {
    let id = Uuid::now_v7().to_string();
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unknown"))
}

/// Text that a client chose, as it stands in the log.
pub(super) fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST_TEXT).map_or(text, |(end, _)| &text[..end])
}
