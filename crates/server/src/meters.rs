//! What operators are told in numbers, on `/metrics`. The README says what each means.
//!
//! They are counted where they happen, and neither names nor texts are ever part of them.

use std::{
    fs,
    sync::{LazyLock, OnceLock},
    time::{Duration, Instant},
};

use convene_graphql::{error::ErrorCode, request::Outcome};
use metrics::{Gauge, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The upper bounds of what durations are sorted by, in seconds.
const BUCKETS: [f64; 14] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// How often what was measured is put in order. Until then each measurement is kept.
const UPKEEP: Duration = Duration::from_secs(5);

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// How many connections of a kind are open.
pub(crate) type Connections = LazyLock<Gauge>;

pub(crate) static HTTP: Connections = LazyLock::new(|| gauge!("convene_connections_open", "kind" => "http"));
pub(crate) static SOCKETS: Connections = LazyLock::new(|| gauge!("convene_connections_open", "kind" => "websocket"));
pub(crate) static EVENTS: Connections = LazyLock::new(|| gauge!("convene_connections_open", "kind" => "sse"));

/// Starts to count. What was counted before is lost.
pub(crate) fn start() {
    let recorder = PrometheusBuilder::new().set_buckets(&BUCKETS).and_then(PrometheusBuilder::install_recorder);
    match recorder {
        Ok(recorder) => {
            // It is the first: only one can be installed.
            let _ = RECORDER.set(recorder);
            for kind in [&HTTP, &SOCKETS, &EVENTS] {
                kind.set(0.0);
            }
        }
        Err(error) => tracing::warn!(%error, "nothing is counted for /metrics"),
    }
}

/// Keeps what was measured in order, for ever.
pub(crate) async fn keep() {
    loop {
        tokio::time::sleep(UPKEEP).await;
        if let Some(recorder) = RECORDER.get() {
            recorder.run_upkeep();
        }
    }
}

/// All of it as Prometheus reads it. Of each pool of connections it is told how many are in use and how many are not.
pub(crate) fn render(pools: &[(&'static str, usize, usize)]) -> String {
    gauge!("convene_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    for (pool, used, idle) in pools {
        for (state, count) in [("in_use", *used), ("idle", *idle)] {
            gauge!("convene_database_connections", "pool" => *pool, "state" => state).set(count as f64);
        }
    }
    // Only Linux says so.
    if let Some(bytes) = resident_memory() {
        gauge!("process_resident_memory_bytes").set(bytes);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        gauge!("process_open_fds").set(open.count() as f64);
    }
    RECORDER.get().map(PrometheusHandle::render).unwrap_or_default()
}

fn resident_memory() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes: f64 =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1_024.0)
}

/// A connection that is open, until this is dropped.
#[derive(Debug)]
pub(crate) struct Open(&'static Connections);

impl Open {
    pub(crate) fn new(kind: &'static Connections) -> Self {
        kind.increment(1.0);
        Self(kind)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// An operation that is being carried out.
#[derive(Debug)]
pub(crate) struct Operation(Instant);

impl Operation {
    pub(crate) fn begin() -> Self {
        metrics::counter!("convene_operations_started_total").increment(1);
        Self(Instant::now())
    }

    /// It was answered, or refused.
    pub(crate) fn end(self, outcome: &Outcome) {
        let kind = outcome.operation.map_or_else(|| "unknown".to_owned(), |operation| operation.to_string());
        let answered = if outcome.response.errors.is_empty() { "none" } else { "FIELD_ERRORS" };
        let code = outcome.failure.map_or(answered, ErrorCode::as_str);
        metrics::histogram!("convene_operation_duration_seconds", "type" => kind.clone()).record(self.0.elapsed());
        metrics::counter!("convene_operations_ended_total", "type" => kind, "code" => code).increment(1);
    }
}
