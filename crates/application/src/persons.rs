//! What is kept of a person in the reports of a network: for whoever answers when someone asks what is known of them.

use convene_domain::{
    access::{Caller, Role},
    id::{ItemId, NetworkId, Within},
    text::Text,
};
use convene_persistence::persons;

use crate::{App, Error, Result, changes::network_of, grants};

pub use convene_persistence::persons::Trace;

/// Lists the items of reports that name a person, whoever may read them else, at most `limit`; and whether there are more.
///
/// # Errors
///
/// Fails if the caller does not look after the network, or if there is no such network.
pub async fn list(
    app: &App,
    caller: &Caller,
    network: NetworkId,
    (name, after): (&Text, Option<ItemId>),
    limit: usize,
) -> Result<(Vec<Trace>, bool)> {
    caller.check_writes()?;
    let within = Within::Network(network);
    network_of(app, within, false).await?.ok_or(Error::NoSuchPlace(within))?;
    grants::require(app, caller, Role::Admin, within).await?;
    let asked = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut found = persons::list(app.reader(), network, name, after, asked).await?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    Ok((found, has_more))
}
