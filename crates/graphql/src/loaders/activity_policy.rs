//! Loading activity policies.

use std::{collections::HashMap, hash::Hash, sync::Arc};

use chrono::NaiveDate;
use convene_application::{Result, policies};
use convene_domain::{
    id::{CommunityId, NetworkId},
    lifecycle::ActivityPolicy,
};

use super::{Batch, Loads, keyed};

/// The policies of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PoliciesOf(pub(crate) NetworkId);

impl Batch for PoliciesOf {
    type Value = Arc<Vec<ActivityPolicy>>;
    const WHAT: &'static str = "policies";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(policies::load_by_network(&loads.app, &ids).await?, Self, Arc::new))
    }
}

/// The policy that holds for a network or community as of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PolicyOf<I>(pub(crate) I, pub(crate) NaiveDate);

/// The identities by date, which is the same for all as a rule.
fn by_date<I: Copy>(keys: &[PolicyOf<I>]) -> HashMap<NaiveDate, Vec<I>> {
    let mut dates: HashMap<NaiveDate, Vec<I>> = HashMap::new();
    for PolicyOf(id, as_of) in keys {
        dates.entry(*as_of).or_default().push(*id);
    }
    dates
}

impl Batch for PolicyOf<NetworkId> {
    type Value = Arc<ActivityPolicy>;
    const WHAT: &'static str = "policies of networks";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut found = HashMap::new();
        for (as_of, ids) in by_date(keys) {
            let policies = policies::load_of_networks(&loads.app, &ids, as_of).await?;
            found.extend(policies.into_iter().map(|(id, policy)| (Self(id, as_of), Arc::new(policy))));
        }
        Ok(found)
    }
}

impl Batch for PolicyOf<CommunityId> {
    type Value = Arc<ActivityPolicy>;
    const WHAT: &'static str = "policies of communities";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut found = HashMap::new();
        for (as_of, ids) in by_date(keys) {
            let policies = policies::load_of_communities(&loads.app, &ids, as_of).await?;
            found.extend(policies.into_iter().map(|(id, policy)| (Self(id, as_of), Arc::new(policy))));
        }
        Ok(found)
    }
}
