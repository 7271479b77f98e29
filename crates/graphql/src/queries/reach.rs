//! Reading what was written, whichever process answers.

use async_graphql::Context;
use convene_application::{changes, nodes};
use convene_domain::id::Within;

use crate::{
    cursor,
    error::{Error, ErrorCode},
    loaders::Loads,
    memory,
};

/// Makes sure that what is read from now on covers everything up to a cursor. What is read from the database does, unless
/// the cursor is of another log; and answers from memory are kept for each cursor by itself.
pub(super) async fn reach(context: &Context<'_>, loads: &Loads, within: Within, at_least: Option<String>) -> Result<(), Error> {
    let Some(text) = at_least else { return Ok(()) };
    let refused = |reason: &str| Error::client(ErrorCode::BadCursor, format!("atLeast {reason}"));
    let cursor = cursor::decode_log(&text).ok_or_else(|| refused("is not a cursor of a log"))?;
    let network = nodes::network_of(&loads.app, within).await?;
    memory::belongs(context, within, network);
    if cursor.log.network != network {
        return Err(refused("is a cursor of another network"));
    }
    Ok(changes::reach(&loads.app, cursor).await?)
}
