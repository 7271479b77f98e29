//! Which web pages may ask, and what a browser sends without asking first.
//!
//! Nothing here is about who the caller is: tokens are never sent by a browser on its own. It is about what a page can have the browser
//! of someone else send, from inside a network or at their cost.

use std::{str::FromStr, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::Response,
};
use convene_graphql::{error::ErrorCode, guard::Refusal, request::GraphqlRequest};

use super::Http;

/// Headers that a browser lets no page add to a request to another host before that host has agreed, and `authorization` is another.
const PREFLIGHTED: [&str; 3] = ["x-convene-preflight", "apollo-require-preflight", "x-apollo-operation-name"];

/// What pages that may ask may send and read.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, apollo-require-preflight, authorization, content-type, if-none-match, last-event-id, x-apollo-operation-name, \
     x-convene-preflight, x-request-id",
);
const EXPOSED: HeaderValue = HeaderValue::from_static("etag, retry-after, x-request-id");
/// How long a browser need not ask again. None keeps it for longer than a day.
const REMEMBERED: Duration = Duration::from_hours(24);

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The origins whose pages may ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origins(Vec<String>);

impl FromStr for Origins {
    type Err = String;

    /// Reads origins with commas between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut origins = Vec::new();
        for origin in text.split(',').map(str::trim).filter(|origin| !origin.is_empty()) {
            let uri: Option<Uri> = origin.parse().ok();
            let sound = uri.is_some_and(|uri| {
                matches!(uri.scheme_str(), Some("http" | "https"))
                    && uri.authority().is_some_and(|it| !it.as_str().contains('@') && !it.as_str().contains('*'))
                    && !origin.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']))
            });
            if !sound {
                return Err(format!("\"{origin}\" is not an origin such as https://dashboard.example"));
            }
            origins.push(origin.to_ascii_lowercase());
        }
        Ok(Self(origins))
    }
}

impl Origins {
    /// The origin of a page that is on the list.
    fn listed<'h>(&self, headers: &'h HeaderMap) -> Option<&'h HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?;
        self.0.iter().any(|listed| text.eq_ignore_ascii_case(listed)).then_some(origin)
    }

    /// Refuses a socket to a page of a foreign origin: browsers let any page open one without asking. Programs have no origin.
    pub(super) fn allow_socket(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let own = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
        if own.is_some_and(|own| host.is_some_and(|host| own.eq_ignore_ascii_case(host))) || self.listed(headers).is_some() {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::OriginNotAllowed, "pages of this origin may open no socket here: see cors_origins"))
    }

    /// Refuses a query with GET that any page could have sent: its browser tells the page nothing of the answer, but it costs us something,
    /// and how long it takes can be seen.
    pub(super) fn allow_get(&self, headers: &HeaderMap, request: &GraphqlRequest) -> Result<(), Refusal> {
        // Only the browser itself says this.
        let own_page = headers.get(FETCH_SITE).is_some_and(|site| site == "same-origin");
        let named = request.is_named_only() && !is_of_foreign_page(headers);
        if own_page || named || self.may_ask(headers) {
            return Ok(());
        }
        let message = "a query with GET is named by its hash, or comes with the header x-convene-preflight; or use POST";
        Err(Refusal::new(ErrorCode::PreflightRequired, message))
    }

    /// Refuses a table to a page of a foreign origin, but not to whoever follows a link there.
    pub(super) fn allow_table(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        if !is_of_foreign_page(headers) || self.may_ask(headers) {
            return Ok(());
        }
        let message = "pages of other origins link to tables, or ask for them with the header x-convene-preflight";
        Err(Refusal::new(ErrorCode::PreflightRequired, message))
    }

    /// Whether a browser has asked us before it sent this, or would be told that it may send it.
    fn may_ask(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(header::AUTHORIZATION)
            || PREFLIGHTED.iter().any(|name| headers.get(*name).is_some_and(|it| !it.is_empty()))
            || self.listed(headers).is_some()
    }
}

/// Whether a browser says that a page of another origin has it send this, and that nobody goes to see what comes.
fn is_of_foreign_page(headers: &HeaderMap) -> bool {
    let says = |name: HeaderName, words: &[&str]| headers.get(name).is_some_and(|it| words.iter().any(|word| it == word));
    let visits = says(FETCH_MODE, &["navigate"]) && !says(FETCH_DEST, &["iframe", "frame", "embed", "object"]);
    says(FETCH_SITE, &["cross-site", "same-site"]) && !visits
}

/// Answers browsers that ask whether a page may ask, and lets pages that may read the answers.
pub(super) async fn share(State(http): State<Http>, request: Request, next: Next) -> Response {
    let origin = http.origins.listed(request.headers()).cloned();
    let asks = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match &origin {
        Some(_) if asks => agreed(),
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    if !http.origins.0.is_empty() {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

fn agreed() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, REMEMBERED.as_secs().into());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_list_of_origins_is_read_and_nothing_else() {
        let listed = |text: &str| text.parse::<Origins>().map(|origins| origins.0);
        assert_eq!(listed(""), Ok(vec![]));
        assert_eq!(
            listed(" https://A.example , http://b:81"),
            Ok(vec!["https://a.example".to_owned(), "http://b:81".to_owned()])
        );
        for wrong in ["*", "null", "a.example", "https://", "https://a.example/", "https://*.example", "ftp://a", "https://u@a"] {
            assert!(listed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sockets_are_for_programs_own_pages_and_those_on_the_list() {
        let origins: Origins = "https://dash.example".parse().unwrap();
        let allowed = |pairs: &[_]| origins.allow_socket(&headers(pairs)).is_ok();
        assert!(allowed(&[("host", "api.example")]));
        assert!(allowed(&[("host", "api.example"), ("origin", "https://api.example")]));
        assert!(allowed(&[("host", "api.example:81"), ("origin", "http://api.example:81")]));
        assert!(allowed(&[("host", "api.example"), ("origin", "https://dash.example")]));
        for foreign in
            ["https://evil.example", "null", "", "https://api.example.evil", "http://dash.example", "https://api.example:82"]
        {
            assert!(!allowed(&[("host", "api.example"), ("origin", foreign)]), "{foreign}");
        }
    }

    #[test]
    fn a_query_with_get_needs_a_sign_that_no_foreign_page_could_give() {
        let origins: Origins = "https://dash.example".parse().unwrap();
        let plain = GraphqlRequest::from_query_string("query=%7Ba%7D").map_err(|it| it.message).unwrap();
        let hash = format!("extensions={{\"persistedQuery\":{{\"version\":1,\"sha256Hash\":\"{}\"}}}}", "0".repeat(64));
        let named = GraphqlRequest::from_query_string(&hash).map_err(|it| it.message).unwrap();
        let both = GraphqlRequest::from_query_string(&format!("query=%7Ba%7D&{hash}")).map_err(|it| it.message).unwrap();
        let code = |pairs: &[_], request| origins.allow_get(&headers(pairs), request).map_err(|it| it.code);
        for request in [&plain, &both] {
            for simple in [
                ("accept", "text/event-stream"),
                ("origin", "https://evil.example"),
                ("sec-fetch-site", "same-site"),
                ("x-convene-preflight", ""),
            ] {
                assert_eq!(code(&[simple], request), Err(ErrorCode::PreflightRequired), "{simple:?}");
            }
            for sign in [
                ("authorization", "Bearer x"),
                ("x-convene-preflight", "1"),
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://dash.example"),
            ] {
                assert_eq!(code(&[sign], request), Ok(()), "{sign:?}");
            }
        }
        assert_eq!(code(&[], &named), Ok(()));
        let table = |pairs: &[_]| origins.allow_table(&headers(pairs)).map_err(|it| it.code);
        assert_eq!(table(&[]), Ok(()));
        let refused = Err(ErrorCode::PreflightRequired);
        for (site, mode, dest, expected) in [
            ("cross-site", "no-cors", "image", refused),
            ("same-site", "no-cors", "image", refused),
            ("cross-site", "cors", "empty", refused),
            ("cross-site", "navigate", "iframe", refused),
            ("cross-site", "navigate", "document", Ok(())),
            ("same-origin", "cors", "empty", Ok(())),
            ("none", "navigate", "document", Ok(())),
        ] {
            let mut pairs = vec![("sec-fetch-site", site), ("sec-fetch-mode", mode), ("sec-fetch-dest", dest)];
            assert_eq!((table(&pairs), code(&pairs, &named)), (expected, expected), "{pairs:?}");
            for sign in [("x-convene-preflight", "1"), ("authorization", "Bearer x"), ("origin", "https://dash.example")] {
                pairs.push(sign);
                assert_eq!((table(&pairs), code(&pairs, &named)), (Ok(()), Ok(())), "{pairs:?}");
                pairs.pop();
            }
        }
    }
}
