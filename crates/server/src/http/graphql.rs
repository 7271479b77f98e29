//! `/graphql`, by the GraphQL-over-HTTP specification. Whoever asks for a WebSocket goes on in [`socket`].

use std::error::Error;

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderValue, Method, header},
    response::Response,
};
use convene_domain::access::Caller;
use convene_graphql::{
    error::ErrorCode,
    guard::Refusal,
    request::{GraphqlRequest, Outcome},
};
use http_body_util::LengthLimitError;

use super::{Http, answer, caller, negotiate, socket};

/// Answers one request.
pub(super) async fn serve(State(http): State<Http>, request: Request) -> Response {
    if wants_socket(&request) {
        return socket::accept(http, request);
    }
    let Some(media) = negotiate::accepted(request.headers()) else {
        let message = "answers are application/graphql-response+json or application/json";
        return answer::refuse(Refusal::new(ErrorCode::NotAcceptable, message));
    };
    let method = request.method().clone();
    let outcome = match admit(&http, request).await {
        Ok((caller, request)) => (http.execute)(caller, request).await,
        Err(refusal) => Outcome::refused(refusal),
    };
    let not_allowed = outcome.failure == Some(ErrorCode::MethodNotAllowed);
    let mut response = answer::answer(outcome, media);
    if not_allowed {
        // A mutation has an address with GET, but only POST runs it.
        let allow = if method == Method::GET { "POST" } else { "GET, POST" };
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    }
    response
}

/// Other protocols that a client would rather speak are no reason not to answer.
fn wants_socket(request: &Request) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    request.method() == Method::GET && upgrade.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// Who asks, and for what.
async fn admit(http: &Http, request: Request) -> Result<(Caller, GraphqlRequest), Refusal> {
    let caller = caller::of_headers(http, request.headers()).await?;
    Ok((caller, read(http, request).await?))
}

async fn read(http: &Http, request: Request) -> Result<GraphqlRequest, Refusal> {
    match *request.method() {
        Method::GET => GraphqlRequest::from_query_string(request.uri().query().unwrap_or_default()),
        Method::POST if !negotiate::is_json(request.headers().get(header::CONTENT_TYPE)) => {
            Err(Refusal::new(ErrorCode::UnsupportedMediaType, "the body must be application/json in UTF-8"))
        }
        Method::POST => GraphqlRequest::from_json(&body(http, request.into_body()).await?),
        _ => Err(Refusal::new(ErrorCode::MethodNotAllowed, "use POST, or GET for queries")),
    }
}

/// The whole body, unless it is too large or too slow.
async fn body(http: &Http, body: Body) -> Result<Bytes, Refusal> {
    let limit = http.body_limit;
    match tokio::time::timeout(http.body_timeout, axum::body::to_bytes(body, limit)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) if error.source().is_some_and(<dyn Error>::is::<LengthLimitError>) => Err(Refusal {
            limit: Some(limit as u64),
            ..Refusal::new(ErrorCode::PayloadTooLarge, format!("the body is larger than {limit} bytes"))
        }),
        Ok(Err(_)) => Err(Refusal::new(ErrorCode::MalformedRequest, "the body broke off")),
        Err(_) => Err(Refusal::new(ErrorCode::DeadlineExceeded, "the body took too long to arrive")),
    }
}
