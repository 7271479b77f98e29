//! What a cursor of a list says.

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// The instant by which the list is sorted, at the cursor's place.
pub(super) fn instant(cursor: &str) -> Result<i64> {
    let place: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(cursor).context("no cursor")?)?;
    place["instant"].as_i64().context("a cursor without an instant")
}
