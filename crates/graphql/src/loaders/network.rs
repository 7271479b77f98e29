//! Loading networks and vocabularies.

use std::{collections::HashMap, convert::identity, sync::Arc};

use convene_application::{
    Result,
    networks::{self, NetworkRecord, TermRecord},
};
use convene_domain::id::{NetworkId, TermId};

use super::{Batch, Loads, keyed};

impl Batch for NetworkId {
    type Value = Arc<NetworkRecord>;
    const WHAT: &'static str = "networks";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        Ok(keyed(networks::load_many(&loads.app, keys).await?, identity, Arc::new))
    }
}

impl Batch for TermId {
    type Value = Arc<TermRecord>;
    const WHAT: &'static str = "terms";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        Ok(keyed(networks::load_terms(&loads.app, keys).await?, identity, Arc::new))
    }
}

/// The whole vocabulary of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Vocabulary(pub(crate) NetworkId);

impl Batch for Vocabulary {
    type Value = Arc<Vec<Arc<TermRecord>>>;
    const WHAT: &'static str = "vocabularies";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        let shared = |terms: Vec<_>| Arc::new(terms.into_iter().map(Arc::new).collect());
        Ok(keyed(networks::load_vocabularies(&loads.app, &ids).await?, Self, shared))
    }
}
