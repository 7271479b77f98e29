//! `/graphql`, by the GraphQL-over-HTTP specification. Whoever asks for a WebSocket goes on in [`socket`].

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    response::Response,
};
use convene_domain::access::Caller;
use convene_graphql::{
    error::ErrorCode,
    follow::Started,
    guard::Refusal,
    request::{Charge, GraphqlRequest, Outcome},
};
use futures::StreamExt;

use super::{
    Http, answer, caller, events,
    negotiate::{self, Form},
    rates::{EACH, Peer, WRONG_TOKEN},
    room::Room,
    socket,
};

/// Answers one request.
pub(super) async fn serve(State(http): State<Http>, request: Request) -> Response {
    if wants_socket(&request) {
        return socket::accept(http, request);
    }
    let Some(form) = negotiate::accepted(request.headers()) else {
        let message = "answers are application/graphql-response+json, application/json or text/event-stream";
        let refusal = || Refusal::new(ErrorCode::NotAcceptable, message);
        let paid = pay(&http, &request.headers().clone(), request.extensions().get().copied()).await;
        return answer::refuse(paid.err().unwrap_or_else(refusal));
    };
    let method = request.method().clone();
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let outcome = match admit(&http, request).await {
        Ok((caller, request)) if matches!(form, Form::Document(_)) => (http.execute)(caller, request).await,
        Ok((caller, request)) => match (http.start)(caller, request).await {
            Started::Following(following) => return events::follow(following),
            Started::Done(outcome) if form == Form::Events && !is_no_request(outcome.failure) => {
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

/// Whether what is wrong concerns the request, and not what it asks: a status says so even where events are wanted.
fn is_no_request(failure: Option<ErrorCode>) -> bool {
    matches!(failure, Some(ErrorCode::MethodNotAllowed | ErrorCode::RateLimited))
}

/// Other protocols that a client would rather speak are no reason not to answer.
fn wants_socket(request: &Request) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    request.method() == Method::GET && upgrade.split(',').any(|protocol| protocol.trim().eq_ignore_ascii_case("websocket"))
}

/// Who asks, and for what.
async fn admit(http: &Http, request: Request) -> Result<(Caller, GraphqlRequest), Refusal> {
    let headers = request.headers().clone();
    let (caller, charge) = pay(http, &headers, request.extensions().get().copied()).await?;
    // Whoever comes back says so in a header, which browsers set by themselves.
    let last_event_id = headers.get("last-event-id").map(|id| String::from_utf8_lossy(id.as_bytes()).into_owned());
    let request = read(http, request).await?;
    if request.read_only && !http.get_queries {
        http.origins.allow_get(&headers, &request)?;
    }
    Ok((caller, GraphqlRequest { last_event_id: last_event_id.filter(|id| !id.is_empty()), charge, ..request }))
}

/// Who asks, and who pays for it: has paid for the request, and is going to for what it asks.
pub(super) async fn pay(http: &Http, headers: &HeaderMap, peer: Option<Peer>) -> Result<(Caller, Option<Charge>), Refusal> {
    let from = http.rates.from(headers, peer);
    let caller = caller::of_headers(http, headers).await;
    if let Err(refusal) = &caller
        && refusal.code == ErrorCode::Unauthenticated
        && let Some(charge) = http.rates.charge(from, &Caller::Anonymous)
    {
        charge(WRONG_TOKEN)?;
    }
    let caller = caller?;
    let charge = http.rates.charge(from, &caller);
    charge.as_ref().map_or(Ok(()), |charge| charge(EACH))?;
    Ok((caller, charge))
}

async fn read(http: &Http, request: Request) -> Result<GraphqlRequest, Refusal> {
    match *request.method() {
        Method::GET => GraphqlRequest::from_query_string(request.uri().query().unwrap_or_default()),
        Method::POST if !negotiate::is_json(request.headers()) => {
            Err(Refusal::new(ErrorCode::UnsupportedMediaType, "the body must be application/json in UTF-8"))
        }
        Method::POST => GraphqlRequest::from_json(&body(http, request.into_body()).await?),
        _ => Err(Refusal::new(ErrorCode::MethodNotAllowed, "use POST, or GET for queries")),
    }
}

/// The whole body, unless it is too large or too slow.
async fn body(http: &Http, body: Body) -> Result<Bytes, Refusal> {
    tokio::time::timeout(http.body_timeout, receive(http, body)).await.unwrap_or_else(|_| {
        Err(Refusal {
            limit: Some(http.body_timeout.as_secs()),
            ..Refusal::new(ErrorCode::RequestTimeout, "the body took too long to arrive")
        })
    })
}

/// Of large bodies only so much is received at once, however many connections keep back the last byte of theirs.
async fn receive(http: &Http, body: Body) -> Result<Bytes, Refusal> {
    let limit = http.body_limit;
    let announced = body.size_hint().exact();
    let too_large = || Refusal {
        limit: Some(limit as u64),
        // The first figure over the limit, where nobody has said how much is to come.
        actual: Some(announced.unwrap_or(limit as u64 + 1)),
        ..Refusal::new(ErrorCode::PayloadTooLarge, format!("the body is larger than {limit} bytes"))
    };
    if announced.is_some_and(|announced| announced > limit as u64) {
        return Err(too_large());
    }
    let (mut stream, mut received, mut room) = (body.into_data_stream(), Vec::new(), Room::default());
    while let Some(more) = stream.next().await {
        let more = more.map_err(|_| Refusal::new(ErrorCode::MalformedRequest, "the body broke off"))?;
        if received.len() + more.len() > limit {
            return Err(too_large());
        }
        if !room.holds(&http.room, received.len() + more.len()) {
            let message = "too many large requests are being received: try again";
            return Err(Refusal::new(ErrorCode::Unavailable, message));
        }
        received.extend_from_slice(&more);
    }
    Ok(received.into())
}
