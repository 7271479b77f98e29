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
    follow::Started,
    guard::Refusal,
    request::{GraphqlRequest, Outcome},
};
use http_body_util::LengthLimitError;

use super::{
    Http, answer, caller, events,
    negotiate::{self, Form},
    socket,
};

/// Answers one request.
pub(super) async fn serve(State(http): State<Http>, request: Request) -> Response {
    if wants_socket(&request) {
        return socket::accept(http, request);
    }
    let Some(form) = negotiate::accepted(request.headers()) else {
        let message = "answers are application/graphql-response+json, application/json or text/event-stream";
        return answer::refuse(Refusal::new(ErrorCode::NotAcceptable, message));
    };
    let method = request.method().clone();
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let outcome = match admit(&http, request).await {
        Ok((caller, request)) if matches!(form, Form::Document(_)) => (http.execute)(caller, request).await,
        Ok((caller, request)) => match (http.start)(caller, request).await {
            Started::Following(following) => return events::follow(following),
            Started::Done(outcome) if form == Form::Events && outcome.failure != Some(ErrorCode::MethodNotAllowed) => {
                return events::answer(&outcome);
            }
            Started::Done(outcome) => *outcome,
        },
        // Not even a request: what an event stream tells is what became of one.
        Err(refusal) => Outcome::refused(refusal),
    };
    let not_allowed = outcome.failure == Some(ErrorCode::MethodNotAllowed);
    if method == Method::GET && outcome.failure.is_none() {
        return answer::answer_on_condition(&outcome, form.document(), known.as_ref());
    }
    let mut response = answer::answer(&outcome, form.document());
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
    // Whoever comes back says so in a header, which browsers set by themselves.
    let last_event_id = request.headers().get("last-event-id").map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let request = read(http, request).await?;
    Ok((caller, GraphqlRequest { last_event_id: last_event_id.filter(|id| !id.is_empty()), ..request }))
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
