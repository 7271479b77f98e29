//! From an outcome to an HTTP response.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use convene_graphql::{error::ErrorCode, export::names, guard::Refusal, request::Outcome};
use sha2::{Digest, Sha256};

use super::negotiate::Media;

/// What the log says of an operation, handed to it with the response.
#[derive(Clone, Default)]
pub(super) struct Summary {
    pub(super) operation: Option<String>,
    pub(super) operation_name: Option<String>,
    pub(super) cost: Option<u64>,
    pub(super) failure: Option<ErrorCode>,
}

impl Summary {
    pub(super) fn of(outcome: &Outcome) -> Self {
        Self {
            operation: outcome.operation.map(|operation| operation.to_string()),
            operation_name: outcome.operation_name.clone(),
            cost: outcome.cost,
            failure: outcome.failure,
        }
    }
}

/// Answers a request that did not get as far as the negotiation of a type.
pub(super) fn refuse(refusal: Refusal) -> Response {
    answer(&Outcome::refused(refusal), Media::Json)
}

/// Answers whoever comes when too many connections are open. A handshake of a WebSocket is refused so as well: to accept it only to
/// close it would cost what there is none of, and clients try again after either.
pub(super) async fn crowded() -> Response {
    let message = "too many connections are open: try again later";
    let mut response = refuse(Refusal::new(ErrorCode::Unavailable, message));
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// Writes an outcome in the type that was negotiated.
pub(super) fn answer(outcome: &Outcome, media: Media) -> Response {
    let (status, body) = match outcome.to_json() {
        Ok(body) => (status(outcome.failure, media), body),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            return answer_internal(media);
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    set_headers(&mut response, media.content_type());
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer error=\"invalid_token\""));
    }
    if status == StatusCode::REQUEST_TIMEOUT {
        // What comes after all is not read.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    if let Some(seconds) = outcome.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response.extensions_mut().insert(Summary::of(outcome));
    response
}

/// Writes an outcome with a tag; and only that it is still the same, where the client has it with this tag already.
pub(super) fn answer_on_condition(outcome: &Outcome, media: Media, known: Option<&HeaderValue>) -> Response {
    let Ok(body) = outcome.to_json() else { return answer_internal(media) };
    let mut hash = Sha256::new();
    hash.update(media.content_type());
    hash.update(&body);
    let digest: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let tag = format!("\"{digest}\"");
    let is_known = known.and_then(|known| known.to_str().ok()).is_some_and(|known| names(known, &tag));
    let mut response = Response::new(if is_known { Body::empty() } else { Body::from(body) });
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    set_headers(&mut response, media.content_type());
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    // It may be kept by whoever asked, but is to be asked for each time; and others may be told something else.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, authorization"));
    response.extensions_mut().insert(Summary::of(outcome));
    response
}

/// The headers of every answer of `/graphql`.
pub(super) fn set_headers(response: &mut Response, content_type: &'static str) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    // The same address answers differently by Accept, and tomorrow.
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
}

fn answer_internal(media: Media) -> Response {
    let fixed = r#"{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}"#;
    let mut response = Response::new(Body::from(fixed));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    response
}

/// The status as GraphQL over HTTP has it. In plain JSON a well-formed request that could not be executed is no error of HTTP.
fn status(failure: Option<ErrorCode>, media: Media) -> StatusCode {
    use ErrorCode as Code;
    match failure {
        None => StatusCode::OK,
        Some(Code::MalformedRequest | Code::BatchNotSupported | Code::PreflightRequired) => StatusCode::BAD_REQUEST,
        Some(Code::OriginNotAllowed) => StatusCode::FORBIDDEN,
        Some(Code::RequestTimeout) => StatusCode::REQUEST_TIMEOUT,
        Some(Code::RateLimited) => StatusCode::TOO_MANY_REQUESTS,
        Some(Code::HeadersTooLarge) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        Some(Code::Unauthenticated) => StatusCode::UNAUTHORIZED,
        Some(Code::PayloadTooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Some(Code::MethodNotAllowed) => StatusCode::METHOD_NOT_ALLOWED,
        Some(Code::UnsupportedMediaType) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Some(Code::NotAcceptable) => StatusCode::NOT_ACCEPTABLE,
        Some(Code::NotFound) => StatusCode::NOT_FOUND,
        Some(Code::DeadlineExceeded | Code::Unavailable) => StatusCode::SERVICE_UNAVAILABLE,
        Some(Code::InternalServerError) => StatusCode::INTERNAL_SERVER_ERROR,
        Some(_) if media == Media::GraphqlResponse => StatusCode::BAD_REQUEST,
        Some(_) => StatusCode::OK,
    }
}
