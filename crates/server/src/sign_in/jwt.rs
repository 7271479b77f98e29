//! A token that an issuer signed (a JSON Web Token): how it is read, and what it has to say.
//!
//! What a token says of where its key can be found (`jku`, `jwk`, `x5u`, `x5c`) is not even read: keys come from the issuer.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::Algorithm;
use serde::{Deserialize, Deserializer, de::IgnoredAny};
use serde_json::Value;

use super::keys;

/// The largest token that is read, in bytes.
pub(super) const LARGEST: usize = 8 << 10;

/// How far the clock of an issuer may be ahead of ours. A token is never taken after its end: who is late signs in anew.
const AHEAD: TimeDelta = TimeDelta::seconds(30);

/// A token as it was sent. Until its signature was checked, nothing in it is true.
pub(super) struct Jwt<'a> {
    /// What was signed.
    pub(super) signed: &'a str,
    pub(super) signature: &'a str,
    pub(super) algorithm: Algorithm,
    /// The name of the key.
    pub(super) kid: Option<String>,
    pub(super) claims: Claims,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
}

/// What a token says.
#[derive(Deserialize)]
pub(super) struct Claims {
    pub(super) iss: String,
    pub(super) sub: String,
    aud: Audience,
    exp: f64,
    nbf: Option<f64>,
    name: Option<Value>,
    /// That whoever sends it has to prove that they hold a key.
    #[serde(default, deserialize_with = "is_there")]
    cnf: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Whatever it is, `null` too.
fn is_there<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

impl<'a> Jwt<'a> {
    /// Reads a token; otherwise says what is wrong with it.
    pub(super) fn read(text: &'a str) -> Result<Self, &'static str> {
        const UNREADABLE: &str = "the token is not one of ours, and no JSON Web Token";
        if text.len() > LARGEST {
            return Err("the token is too large");
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(UNREADABLE)?;
        let (header, claims) = signed.split_once('.').filter(|(_, claims)| !claims.contains('.')).ok_or(UNREADABLE)?;
        let header: Header = json(header).ok_or(UNREADABLE)?;
        if header.crit {
            return Err("the token needs something that is not understood here (crit)");
        }
        let algorithm = keys::algorithm(&header.alg).ok_or("the token is signed in a way that is not accepted (alg)")?;
        if !header.typ.as_deref().is_none_or(is_access) {
            return Err("the token is of a type that is not accepted (typ)");
        }
        let claims = json(claims).ok_or("the token does not say what it must: iss, sub, aud, exp")?;
        Ok(Self { signed, signature, algorithm, kid: header.kid, claims })
    }
}

/// Whether tokens of this type say who someone is. Some issuers sign other statements with the same key.
fn is_access(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
}

fn json<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

impl Claims {
    /// Checks that the token can be used now, and here; answers until when.
    pub(super) fn check(&self, audiences: &[String], now: DateTime<Utc>) -> Result<DateTime<Utc>, &'static str> {
        let is_for_us = match &self.aud {
            Audience::One(audience) => audiences.contains(audience),
            Audience::Many(many) => many.iter().any(|audience| audiences.contains(audience)),
        };
        if !is_for_us {
            return Err("the token is meant for someone else (aud)");
        }
        let expires_at = instant(self.exp).ok_or("the end of the token is no instant (exp)")?;
        if expires_at <= now {
            return Err("the token has expired");
        }
        let begins_at = self.nbf.map(|nbf| instant(nbf).ok_or("the beginning of the token is no instant (nbf)")).transpose()?;
        if begins_at.is_some_and(|begin| begin > now + AHEAD) {
            return Err("the token is not valid yet (nbf)");
        }
        if self.cnf {
            return Err("the token is bound to a key, which is not supported (cnf)");
        }
        if self.sub.is_empty() || self.sub.chars().count() > 255 || self.sub.contains(char::is_control) {
            return Err("the token does not say whose it is (sub)");
        }
        Ok(expires_at)
    }

    /// What whoever signs in is called, if that can be shown on a line.
    pub(super) fn name(&self) -> Option<&str> {
        let name = self.name.as_ref()?.as_str()?.trim();
        (!name.is_empty() && name.chars().count() <= 200 && !name.contains(char::is_control)).then_some(name)
    }
}

/// Seconds since 1970, which may have fractions.
#[expect(clippy::cast_possible_truncation, reason = "what does not fit is no instant either")]
fn instant(seconds: f64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(seconds.floor() as i64, 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmVk", part(header), part(claims))
    }

    fn claims() -> Value {
        json!({ "iss": "https://id.example.org", "sub": "asha", "aud": ["other", "convene"], "exp": 2_000, "nbf": 1_000 })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    fn check(claims: &Value, now: i64) -> Result<i64, &'static str> {
        let text = token(&json!({ "alg": "ES256", "kid": "one" }), claims);
        let now = DateTime::from_timestamp(now, 0).unwrap();
        Jwt::read(&text)?.claims.check(&["convene".to_owned()], now).map(|end| end.timestamp())
    }

    #[test]
    fn a_token_holds_from_its_beginning_to_its_end() {
        assert_eq!(check(&claims(), 1_500), Ok(2_000));
        assert_eq!(check(&claims(), 1_999), Ok(2_000));
        assert!(check(&claims(), 2_000).is_err(), "the end is no longer part of it");
        assert_eq!(check(&claims(), 970), Ok(2_000), "the issuer's clock may be ahead");
        assert!(check(&claims(), 969).is_err());
        assert_eq!(check(&with("exp", json!(2_000.9)), 1_500), Ok(2_000));
        for never in [json!("2000"), json!(1e300), json!(-1e300), json!(null)] {
            assert!(check(&with("exp", never.clone()), 1_500).is_err(), "{never}");
        }
    }

    #[test]
    fn a_token_is_for_us() {
        assert!(check(&with("aud", json!("convene")), 1_500).is_ok());
        for other in [json!("conven"), json!(["other"]), json!([]), json!(null), json!({ "convene": true }), json!("")] {
            assert!(check(&with("aud", other.clone()), 1_500).is_err(), "{other}");
        }
    }

    #[test]
    fn a_token_says_whose_it_is_and_whoever_holds_it_may_use_it() {
        for other in [json!(""), json!(7), json!(null), json!("a\u{0}b"), json!("x".repeat(256))] {
            assert!(check(&with("sub", other.clone()), 1_500).is_err(), "{other}");
        }
        assert!(check(&with("cnf", json!({ "jkt": "x" })), 1_500).is_err());
        for missing in ["iss", "sub", "aud", "exp"] {
            let mut claims = claims();
            claims.as_object_mut().unwrap().remove(missing);
            assert!(check(&claims, 1_500).is_err(), "{missing}");
        }
    }

    #[test]
    fn headers_that_ask_for_more_are_refused() {
        let reads = |header: Value| Jwt::read(&token(&header, &claims())).is_ok();
        for typ in ["JWT", "jwt", "at+jwt", "application/at+jwt"] {
            assert!(reads(json!({ "alg": "RS256", "typ": typ })), "{typ}");
        }
        for header in [
            json!({ "alg": "none" }),
            json!({ "alg": "None" }),
            json!({ "alg": "" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "RS1" }),
            json!({ "alg": ["RS256"] }),
            json!({ "kid": "one" }),
            json!({ "alg": "RS256", "crit": ["exp"] }),
            json!({ "alg": "RS256", "crit": null }),
            json!({ "alg": "RS256", "typ": "logout+jwt" }),
            json!({ "alg": "RS256", "typ": "dpop+jwt" }),
            json!("RS256"),
        ] {
            assert!(!reads(header.clone()), "{header}");
        }
    }

    #[test]
    fn whatever_is_sent_is_read_or_refused() {
        let sound = token(&json!({ "alg": "RS256" }), &claims());
        for other in ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", &format!("{sound}.x"), &"x".repeat(LARGEST + 1), "é.é.é"]
        {
            assert!(Jwt::read(other).is_err(), "{other}");
        }
        // Said twice, nobody could tell which counts.
        let twice = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","alg":"none"}"#);
        assert!(Jwt::read(&sound.replacen(sound.split('.').next().unwrap(), &twice, 1)).is_err());
        assert!(Jwt::read(&sound.replacen('.', "=.", 1)).is_err(), "no padding");
    }

    #[test]
    fn a_name_is_taken_where_it_is_one() {
        let name = |name: Value| {
            Jwt::read(&token(&json!({ "alg": "RS256" }), &with("name", name))).unwrap().claims.name().map(str::to_owned)
        };
        assert_eq!(name(json!(" Asha Rao ")).as_deref(), Some("Asha Rao"));
        for other in [json!(""), json!(7), json!("a\nb"), json!(null)] {
            assert_eq!(name(other), None);
        }
    }
}
