//! What operators are told of those who follow.

use std::sync::LazyLock;

use metrics::{Counter, Gauge};
use serde_json::Value as Json;

use super::Event;
use crate::error::ErrorCode;

static OPEN: LazyLock<Gauge> = LazyLock::new(|| metrics::gauge!("convene_subscriptions_open"));
static ITEMS: LazyLock<Counter> = LazyLock::new(|| metrics::counter!("convene_items_delivered_total"));

/// A subscription that is open, until this is dropped.
#[derive(Debug)]
pub(super) struct Counted {
    /// Why it ended, unless its client ended it.
    code: Option<ErrorCode>,
}

impl Counted {
    pub(super) fn open() -> Self {
        OPEN.increment(1.0);
        Self { code: None }
    }

    /// Takes note of what is sent.
    pub(super) fn see(&mut self, event: Option<&Event>) {
        match event {
            Some(Event::Next(_)) => ITEMS.increment(1),
            Some(Event::Errors(errors)) => self.code = Some(code(errors)),
            None => {}
        }
    }
}

impl Counted {
    /// Takes note that it is ended because its events are not taken.
    pub(super) fn lag(&mut self) {
        self.code = Some(ErrorCode::Lagged);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        OPEN.decrement(1.0);
        let code = self.code.map_or("none", ErrorCode::as_str);
        metrics::counter!("convene_operations_ended_total", "type" => "subscription", "code" => code).increment(1);
    }
}

/// The code of the first error.
fn code(errors: &[u8]) -> ErrorCode {
    let errors: Json = serde_json::from_slice(errors).unwrap_or_default();
    errors[0]["extensions"]["code"].as_str().and_then(ErrorCode::find).unwrap_or(ErrorCode::InternalServerError)
}
