//! The public keys of an issuer (a JSON Web Key Set), and what each may be used for.

use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use serde::Deserialize;
use serde_json::Value;

use super::jwt::Jwt;

/// How many keys of one issuer are kept. None has that many.
const MOST: usize = 100;

/// A document of keys, as it is read.
#[derive(Deserialize)]
pub(super) struct KeySet {
    keys: Vec<Value>,
}

/// A key as it is written. Fields of other kinds of keys are not there.
#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    intended: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// A key that signatures can be checked with.
pub(super) struct Key {
    kid: Option<String>,
    /// What it signs with: said by the key, never by the token.
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// What the keys of an issuer say of a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// One of them signed it.
    Signed,
    /// The one that the token names did not.
    Forged,
    /// The token names none of them.
    Unknown,
}

/// The algorithm that is called so, if it is one that we take: those with a public key, and of no less than 128 bits.
pub(super) fn algorithm(name: &str) -> Option<Algorithm> {
    match name {
        "RS256" => Some(Algorithm::RS256),
        "PS256" => Some(Algorithm::PS256),
        "ES256" => Some(Algorithm::ES256),
        "ES384" => Some(Algorithm::ES384),
        // The newer name says which curve.
        "EdDSA" | "Ed25519" => Some(Algorithm::EdDSA),
        _ => None,
    }
}

/// The keys that can be used. Others, as for encryption, are left out.
pub(super) fn usable(set: KeySet) -> Vec<Key> {
    set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok().and_then(usable_key)).take(MOST).collect()
}

fn usable_key(written: Written) -> Option<Key> {
    let signs = written.intended.as_deref().is_none_or(|intended| intended == "sig")
        && written.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
    let (x, y) = (written.x.as_deref(), written.y.as_deref());
    let (fitting, key): (&[_], _) = match (written.kty.as_str(), written.crv.as_deref()) {
        ("RSA", _) => (
            &[Algorithm::RS256, Algorithm::PS256],
            DecodingKey::from_rsa_components(written.n.as_deref()?, written.e.as_deref()?),
        ),
        ("EC", Some("P-256")) => (&[Algorithm::ES256], DecodingKey::from_ec_components(x?, y?)),
        ("EC", Some("P-384")) => (&[Algorithm::ES384], DecodingKey::from_ec_components(x?, y?)),
        ("OKP", Some("Ed25519")) => (&[Algorithm::EdDSA], DecodingKey::from_ed_components(x?)),
        _ => return None,
    };
    let algorithms: Vec<_> = match written.alg.as_deref() {
        None => fitting.to_vec(),
        Some(name) => algorithm(name).filter(|algorithm| fitting.contains(algorithm)).into_iter().collect(),
    };
    let key = key.ok().filter(|_| signs && !algorithms.is_empty())?;
    Some(Key { kid: written.kid, algorithms, key })
}

/// Whether one of these keys signed a token.
pub(super) fn check(keys: &[Key], token: &Jwt<'_>) -> Verdict {
    let mut named = keys.iter().filter(|key| token.kid.is_none() || key.kid == token.kid).peekable();
    // A token that names no key may be signed by one that we have not seen yet.
    let other = if token.kid.is_some() && named.peek().is_some() { Verdict::Forged } else { Verdict::Unknown };
    let signed = |key: &Key| {
        key.algorithms.contains(&token.algorithm)
            && crypto::verify(token.signature, token.signed.as_bytes(), &key.key, token.algorithm).unwrap_or(false)
    };
    if named.any(signed) { Verdict::Signed } else { other }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn algorithms(mut key: Value, more: &Value) -> Vec<Algorithm> {
        for (name, value) in more.as_object().unwrap() {
            key[name] = value.clone();
        }
        let keys = usable(KeySet { keys: vec![key] });
        keys.into_iter().flat_map(|key| key.algorithms).collect()
    }

    fn rsa() -> Value {
        json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "one" })
    }

    #[test]
    fn a_key_says_what_it_signs_with() {
        let ec = |curve: &str| json!({ "kty": "EC", "crv": curve, "x": "AQAB", "y": "AQAB" });
        let ed = json!({ "kty": "OKP", "crv": "Ed25519", "x": "AQAB" });
        assert_eq!(algorithms(rsa(), &json!({})), [Algorithm::RS256, Algorithm::PS256]);
        assert_eq!(algorithms(rsa(), &json!({ "alg": "PS256", "use": "sig" })), [Algorithm::PS256]);
        assert_eq!(algorithms(ec("P-256"), &json!({ "key_ops": ["verify"] })), [Algorithm::ES256]);
        assert_eq!(algorithms(ec("P-384"), &json!({})), [Algorithm::ES384]);
        assert_eq!(algorithms(ed.clone(), &json!({ "alg": "Ed25519" })), [Algorithm::EdDSA]);
        assert_eq!(algorithms(ed, &json!({ "alg": "EdDSA" })), [Algorithm::EdDSA]);
        assert_eq!(algorithms(ec("P-521"), &json!({})), []);
    }

    #[test]
    fn keys_that_are_no_public_keys_for_signatures_are_left_out() {
        for other in [
            json!({ "use": "enc" }),
            json!({ "key_ops": ["encrypt"] }),
            json!({ "alg": "RS1" }),
            json!({ "alg": "ES256" }),
            json!({ "alg": "HS256" }),
            json!({ "alg": "RSA-OAEP" }),
            json!({ "n": null }),
            json!({ "kty": "oct", "k": "AQAB" }),
            json!({ "kty": 7 }),
        ] {
            assert_eq!(algorithms(rsa(), &other), [], "{other}");
        }
    }
}
