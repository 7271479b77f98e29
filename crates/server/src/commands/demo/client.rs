//! A client of our own service: one connection, one request after the other.

use std::net::SocketAddr;

use anyhow::{Context, bail};
use axum::body::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Request,
    client::conn::http1::{SendRequest, handshake},
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uuid::Uuid;

/// A client with a token.
pub(super) struct Client {
    address: SocketAddr,
    token: String,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    pub(super) fn new(address: SocketAddr, token: String) -> Self {
        Self { address, token, connection: None }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Asks a query and gives its data.
    pub(super) async fn ask(&mut self, query: &str, variables: Value) -> anyhow::Result<Value> {
        let body = serde_json::to_vec(&json!({ "query": query, "variables": variables }))?;
        let request = Request::post("/graphql")
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Full::new(body.into()))?;
        let response = self.connection().await?.send_request(request).await.context("the service does not answer")?;
        let body = response.into_body().collect().await.context("the answer broke off")?.to_bytes();
        let mut answer: Value = serde_json::from_slice(&body).context("the answer is no JSON")?;
        if let Some(errors) = answer.get("errors") {
            bail!("the service answers {errors}");
        }
        Ok(answer["data"].take())
    }

    /// Has a mutation done that makes or changes one record, and gives the record's id.
    pub(super) async fn change(&mut self, mutation: &str, noun: &str, mut input: Value) -> anyhow::Result<(String, i64)> {
        let (first, rest) = mutation.split_at(1);
        input["idempotencyKey"] = json!(Uuid::new_v4().to_string());
        let query = format!(
            "mutation ($input: {}{rest}Input!) {{ {mutation}(input: $input) {{ {noun} {{ id revision }} userErrors {{ message }} }} }}",
            first.to_uppercase()
        );
        let data = self.ask(&query, json!({ "input": input })).await?;
        let record = &data[mutation][noun];
        match (record["id"].as_str(), record["revision"].as_i64()) {
            (Some(id), Some(revision)) => Ok((id.to_owned(), revision)),
            _ => bail!("{mutation} is refused: {}", data[mutation]["userErrors"]),
        }
    }

    async fn connection(&mut self) -> anyhow::Result<&mut SendRequest<Full<Bytes>>> {
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = TcpStream::connect(self.address).await.context("the service cannot be reached")?;
            let (connection, driver) = handshake(TokioIo::new(stream)).await?;
            // It ends when either side hangs up.
            tokio::spawn(driver);
            self.connection = Some(connection);
        }
        let connection = self.connection.as_mut().context("there is no connection")?;
        connection.ready().await.context("the service has hung up")?;
        Ok(connection)
    }
}
