//! Loading communities and what belongs to them.

use std::{collections::HashMap, convert::identity, sync::Arc};

use convene_application::{
    Result,
    communities::{self, CommunityRecord},
};
use convene_domain::{id::CommunityId, text::Slug};

use super::{Batch, Loads, keyed};

impl Batch for CommunityId {
    type Value = Arc<CommunityRecord>;
    const WHAT: &'static str = "communities";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        communities::load_many(&loads.app, keys).await
    }
}

/// The communities that one stands under, the widest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ancestors(pub(crate) CommunityId);

impl Batch for Ancestors {
    type Value = Vec<Arc<CommunityRecord>>;
    const WHAT: &'static str = "ancestors";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(communities::load_ancestors(&loads.app, &ids).await?, Self, identity))
    }
}

/// The slugs that a community had before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct FormerSlugs(pub(crate) CommunityId);

impl Batch for FormerSlugs {
    type Value = Arc<Vec<Slug>>;
    const WHAT: &'static str = "former slugs";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(communities::load_former_slugs(&loads.app, &ids).await?, Self, Arc::new))
    }
}
