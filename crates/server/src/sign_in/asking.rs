//! Asking an issuer over HTTP.

use anyhow::{Context, bail, ensure};
use axum::{
    body::Bytes,
    http::{Request, StatusCode, Uri, header},
};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::de::DeserializeOwned;

/// The largest answer that is read. The keys of an issuer take a few KiB.
const LARGEST: usize = 256 << 10;

/// Asks issuers. It follows no redirects: who is asked was said by the operator.
#[derive(Clone)]
pub(super) struct Asking(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl Asking {
    pub(super) fn try_new() -> anyhow::Result<Self> {
        let tls = HttpsConnectorBuilder::new().with_native_roots().context("this system trusts no certificates")?;
        let connector = tls.https_or_http().enable_http1().build();
        // Questions are rare: no connection is kept for the next.
        Ok(Self(Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector)))
    }

    /// Reads a document of JSON.
    pub(super) async fn read<T: DeserializeOwned>(&self, uri: &Uri) -> anyhow::Result<T> {
        let request = Request::get(uri).header(header::ACCEPT, "application/json").body(Empty::new())?;
        let answer = self.0.request(request).await.with_context(|| format!("{uri} does not answer"))?;
        ensure!(answer.status() == StatusCode::OK, "{uri} answers {}", answer.status());
        match Limited::new(answer.into_body(), LARGEST).collect().await {
            Ok(body) => serde_json::from_slice(&body.to_bytes()).with_context(|| format!("{uri} answers something else")),
            Err(error) => bail!("the answer of {uri} cannot be read: {error}"),
        }
    }
}
