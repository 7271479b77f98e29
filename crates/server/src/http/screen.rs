//! What is looked at before anyone reads what a request asks, and what every answer says to a browser.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use convene_graphql::{error::ErrorCode, guard::Refusal};

use super::answer;

/// How many headers a request may have, and how many bytes they may be together. More than twice as much is cut off by hyper while it is
/// read.
pub(crate) const HEADERS: usize = 64;
pub(crate) const HEADER_BYTES: usize = 32 << 10;

/// What is said to browsers, unless an answer says something else: that it is no page, that it goes into no frame of others, and that nobody
/// is told from where someone came.
const PROTECTING: [(HeaderName, &str); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Refuses what is no request of ours by its headers alone.
pub(super) async fn screen(request: Request, next: Next) -> Response {
    let mut response = match acceptable(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => answer::refuse(refusal),
    };
    let headers = response.headers_mut();
    for (name, value) in PROTECTING {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn acceptable(headers: &HeaderMap) -> Result<(), Refusal> {
    let within = |what, limit: usize, actual: usize| {
        if actual > limit {
            return Err(Refusal::over(ErrorCode::HeadersTooLarge, what, limit as u64, actual as u64));
        }
        Ok(())
    };
    within("headers", HEADERS, headers.len())?;
    within("bytes of the headers", HEADER_BYTES, headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum())?;
    // A few KiB can be unpacked to gigabytes, and requests are short as they are.
    let plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
    if !headers.get_all(header::CONTENT_ENCODING).iter().all(plain) {
        return Err(Refusal::new(ErrorCode::UnsupportedMediaType, "the body must come as it is, without content-encoding"));
    }
    Ok(())
}
