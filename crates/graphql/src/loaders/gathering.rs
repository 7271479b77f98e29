//! Loading gatherings and their parts.

use std::{collections::HashMap, convert::identity, sync::Arc};

use convene_application::{
    Result,
    gatherings::{self, GatheringRecord},
};
use convene_domain::{
    gathering::{AgendaItem, Invitation},
    id::{CommunityId, GatheringId},
};

use super::{Batch, Loads, keyed};

impl Batch for GatheringId {
    type Value = Arc<GatheringRecord>;
    const WHAT: &'static str = "gatherings";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        Ok(keyed(gatherings::load_many(&loads.app, keys).await?, identity, Arc::new))
    }
}

/// The hosts of a gathering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hosts(pub(crate) GatheringId);

impl Batch for Hosts {
    type Value = Vec<CommunityId>;
    const WHAT: &'static str = "hosts";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(gatherings::load_hosts(&loads.app, &ids).await?, Self, identity))
    }
}

/// The agenda of a gathering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Agenda(pub(crate) GatheringId);

impl Batch for Agenda {
    type Value = Vec<AgendaItem>;
    const WHAT: &'static str = "agendas";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(gatherings::load_agendas(&loads.app, &ids).await?, Self, identity))
    }
}

/// The invitations to a gathering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Invitations(pub(crate) GatheringId);

impl Batch for Invitations {
    type Value = Vec<Invitation>;
    const WHAT: &'static str = "invitations";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(gatherings::load_invitations(&loads.app, &ids).await?, Self, identity))
    }
}
