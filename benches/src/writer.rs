//! Who writes: with a token, over a connection that is kept open.

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::http::Http;

const AMEND: &str = "mutation ($input: AmendGatheringReportInput!) { amendGatheringReport(input: $input) { \
    cursor userErrors { code message } report { revision } } }";

/// A report, as it is after what was written last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Report {
    pub(crate) id: String,
    pub(crate) revision: i64,
}

/// What came of a mutation.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) sent: Instant,
    pub(crate) answered: Instant,
    /// What was written.
    pub(crate) report: Report,
}

/// A connection of someone who writes.
#[derive(Debug)]
pub(crate) struct Writer {
    http: Http,
    headers: String,
}

impl Writer {
    pub(crate) fn connect(address: SocketAddr, token: &str) -> Result<Self> {
        let headers = format!("content-type: application/json\r\nauthorization: Bearer {token}\r\n");
        Ok(Self { http: Http::connect(address)?, headers })
    }

    /// Asks what has to succeed, and gives its data.
    pub(crate) fn ask(&mut self, query: &str, variables: &Value) -> Result<Value> {
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.data(&body)
    }

    /// Changes one figure of a report, which everyone who follows it is told. Whoever else amends it waits.
    pub(crate) fn amend(&mut self, report: &Mutex<Report>) -> Result<Written> {
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        let input = json!({ "report": report.id, "expectedRevision": report.revision,
            "attendance": 100 + report.revision % 800, "idempotencyKey": Uuid::new_v4() });
        let body = json!({ "query": AMEND, "variables": { "input": input } }).to_string();
        let sent = Instant::now();
        let data = self.data(&body)?;
        let answered = Instant::now();
        let payload = &data["amendGatheringReport"];
        let Some(revision) = payload["report"]["revision"].as_i64() else { bail!("a report was not amended: {payload}") };
        report.revision = revision;
        Ok(Written { sent, answered, report: report.clone() })
    }

    fn data(&mut self, body: &str) -> Result<Value> {
        let mut answer: Value = serde_json::from_str(&self.http.post("/graphql", &self.headers, body)?).context("no JSON")?;
        if answer.get("errors").is_some() {
            bail!("refused: {answer}");
        }
        Ok(answer["data"].take())
    }
}
