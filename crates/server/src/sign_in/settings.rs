//! The settings of signing in: whose tokens are taken, and who becomes the first administrator.

use std::{net::IpAddr, str::FromStr};

use anyhow::{Context, bail, ensure};
use axum::http::Uri;

/// The issuers whose tokens are taken, each with the audience that its tokens have to be for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Issuers(pub(super) Vec<Trusted>);

/// An issuer whose tokens for an audience are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trusted {
    pub(super) issuer: String,
    pub(super) audience: String,
}

impl FromStr for Issuers {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(trusted).collect::<anyhow::Result<_>>().map(Self)
    }
}

fn trusted(entry: &str) -> anyhow::Result<Trusted> {
    let words: Vec<&str> = entry.split_whitespace().collect();
    let [issuer, audience] = words[..] else {
        bail!("\"{}\" is not the URL of an issuer, a space and an audience", entry.trim());
    };
    check_url(issuer)?;
    Ok(Trusted { issuer: issuer.to_owned(), audience: audience.to_owned() })
}

/// Whoever could change what an issuer answers could sign in as anyone: so it is asked over TLS, or on this machine.
pub(super) fn check_url(url: &str) -> anyhow::Result<Uri> {
    let uri: Uri = url.parse().with_context(|| format!("\"{url}\" is no URL"))?;
    let (scheme, authority) =
        (uri.scheme_str().unwrap_or_default(), uri.authority().map(ToString::to_string).unwrap_or_default());
    let plain = !authority.is_empty() && !authority.contains('@') && !url.contains(['?', '#']);
    ensure!(plain, "\"{url}\" is not the URL of an issuer: https://HOST/PATH");
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
    ensure!(scheme == "https" || (scheme == "http" && here), "\"{url}\" must begin with https://");
    Ok(uri)
}

/// Who becomes the administrator of the instance when they sign in, as long as there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FirstAdmin(pub(super) Option<(String, String)>);

impl FromStr for FirstAdmin {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let Some((issuer, subject)) = text.trim().split_once(char::is_whitespace) else {
            ensure!(text.trim().is_empty(), "it is the URL of an issuer, a space and a subject");
            return Ok(Self(None));
        };
        Ok(Self(Some((issuer.to_owned(), subject.trim().to_owned()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_a_list_of_pairs() {
        assert_eq!("".parse::<Issuers>().unwrap(), Issuers::default());
        let both =
            "https://id.example.org/realms/field convene,\n http://127.0.0.1:9000  convene-test".parse::<Issuers>().unwrap();
        let pairs: Vec<_> = both.0.iter().map(|it| (it.issuer.as_str(), it.audience.as_str())).collect();
        assert_eq!(pairs, [("https://id.example.org/realms/field", "convene"), ("http://127.0.0.1:9000", "convene-test")]);
    }

    #[test]
    fn an_issuer_is_asked_over_tls_or_on_this_machine() {
        for sound in ["https://id.example.org", "http://localhost:9000/op", "http://[::1]:9000", "http://127.0.0.1"] {
            assert!(format!("{sound} convene").parse::<Issuers>().is_ok(), "{sound}");
        }
        for other in [
            "http://id.example.org convene",
            "https://id.example.org",
            "https://id.example.org convene more",
            "https://id.example.org convene,",
            "https://user@id.example.org convene",
            "https://id.example.org?tenant=1 convene",
            "https://id.example.org#here convene",
            "http://localhost.example.org convene",
            "ftp://localhost convene",
            "id.example.org convene",
        ] {
            assert!(other.parse::<Issuers>().is_err(), "{other}");
        }
    }

    #[test]
    fn the_first_administrator_is_an_issuer_and_a_subject() {
        assert_eq!("".parse::<FirstAdmin>().unwrap(), FirstAdmin(None));
        let pair = Some(("https://id.example.org".to_owned(), "auth0|12 3".to_owned()));
        assert_eq!("https://id.example.org auth0|12 3".parse::<FirstAdmin>().unwrap(), FirstAdmin(pair));
        assert!("asha".parse::<FirstAdmin>().is_err());
    }
}
