//! What a caller may read, and where.

use convene_domain::{
    access::{Caller, Rights},
    id::{CommunityId, NetworkId, Within},
};

use crate::{App, Result, communities};

/// What a caller may read within these places: as much as can be read in each of them, and where in them there is more. Who
/// may read the same everywhere is asked nothing.
pub(crate) async fn rights_within(app: &App, caller: &Caller, within: &[Within]) -> Result<Rights> {
    let rights = caller.rights();
    if rights.places().is_empty() {
        return Ok(rights);
    }
    let ids: Vec<CommunityId> = within
        .iter()
        .filter_map(|within| match within {
            Within::Community(id) => Some(*id),
            Within::Network(_) => None,
        })
        .collect();
    let records = communities::load_many(app, &ids).await?;
    let above = communities::load_ancestors(app, &ids).await?;
    let (mut networks, mut least) = (Vec::new(), None);
    for within in within {
        let mut scopes = vec![within.uuid()];
        let network = match within {
            Within::Network(id) => Some(*id),
            Within::Community(id) => {
                scopes.extend(above.get(id).into_iter().flatten().map(|community| community.id.uuid()));
                records.get(id).map(|record| record.network)
            }
        };
        scopes.extend(network.map(NetworkId::uuid));
        networks.extend(network);
        let sight = rights.at(scopes);
        least = Some(least.map_or(sight, |least: convene_domain::access::Sight| least.min(sight)));
    }
    networks.sort_unstable();
    networks.dedup();
    let rights = match networks.as_slice() {
        [network] => caller.rights_in(*network),
        _ => rights,
    };
    Ok(least.map_or(rights.clone(), |least| rights.from(least)))
}
