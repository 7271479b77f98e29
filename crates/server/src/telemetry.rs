//! The log, on standard error.
//!
//! Neither queries nor variables nor names of people are ever logged: they hold what practitioners wrote in confidence.

use std::{backtrace::Backtrace, panic};

use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings};

/// Starts the log. Panics are logged as well, by place only: what a panic says may quote a record.
pub(crate) fn start(settings: &Settings) {
    let filter = EnvFilter::new(&settings.log);
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Json => log.json().flatten_event(true).with_span_list(false).init(),
        LogFormat::Text => log.with_ansi(false).init(),
    }
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, backtrace = %Backtrace::capture(), "panicked");
    }));
}
