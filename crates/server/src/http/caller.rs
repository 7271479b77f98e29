//! Who asks, by the token that came along.

use axum::http::{HeaderMap, header};
use convene_domain::access::Caller;
use convene_graphql::{error::ErrorCode, guard::Refusal};

use super::Http;

/// The caller of an HTTP request.
pub(super) async fn of_headers(http: &Http, headers: &HeaderMap) -> Result<Caller, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(Caller::Anonymous) };
    // Of several, nobody could say which one counts.
    match (value.to_str().ok().and_then(bearer), values.next()) {
        (Some(token), None) => (http.authenticate)(token.to_owned()).await,
        _ => Err(Refusal::new(ErrorCode::Unauthenticated, "\"authorization\" must be \"Bearer <token>\", once")),
    }
}

/// The token in `Bearer <token>`.
pub(super) fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.trim().split_once(' ')?;
    let token = token.trim_start();
    let sound = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    sound.then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_follows_its_scheme() {
        for sound in ["Bearer abc.d-e_f==", "bearer abc.d-e_f==", "BEARER   abc.d-e_f== "] {
            assert_eq!(bearer(sound), Some("abc.d-e_f=="), "{sound}");
        }
        for other in ["", "Bearer", "Bearer ", "abc", "Basic abc", "Bearer a b", "Bearer\tabc", "Bearer ä", "Bearer a, Bearer b"]
        {
            assert_eq!(bearer(other), None, "{other}");
        }
    }
}
