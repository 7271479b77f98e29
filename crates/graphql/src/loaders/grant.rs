//! Loading roles and who holds them, and listing the members of communities and networks.

use std::{collections::HashMap, sync::Arc};

use convene_application::{
    Result,
    accounts::Account,
    grants::{self, Granted},
};
use convene_domain::{
    access::Role,
    id::{AccountId, GrantId, Within},
};

use super::{
    Batch, Loads, keyed,
    list::{List, Pages, Selection},
};
use crate::types::Grant;

/// An account that holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Holder(pub(crate) AccountId);

impl Batch for Holder {
    type Value = Arc<Account>;
    const WHAT: &'static str = "accounts";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let ids: Vec<_> = keys.iter().map(|key| key.0).collect();
        Ok(keyed(grants::load_holders(&loads.app, &ids).await?, Self, Arc::new))
    }
}

impl Batch for GrantId {
    type Value = Arc<Granted>;
    const WHAT: &'static str = "grants";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        Ok(keyed(grants::load_many(&loads.app, keys).await?, |id| id, Arc::new))
    }
}

/// The role that the caller lacks to see who belongs to a place. Asked of each place by itself, before anything is loaded: one
/// that refuses takes nothing away from the others that are asked for with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LackingAt(pub(crate) Within);

impl Batch for LackingAt {
    type Value = Role;
    const WHAT: &'static str = "refusals";

    async fn load(loads: &Loads, keys: &[Self]) -> Result<HashMap<Self, Self::Value>> {
        let mut lacking = HashMap::new();
        for key in keys {
            lacking.extend(grants::find_lacking(&loads.app, &loads.caller, key.0).await?.map(|role| (*key, role)));
        }
        Ok(lacking)
    }
}

/// The roles that are held at a place itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Memberships;

impl List for Memberships {
    type Place = Within;
    type Filter = ();
    type Order = ();
    type Record = Granted;
    type Node = Grant;

    fn mark((): ()) -> String {
        grants::LIST.to_owned()
    }

    /// One after the other: whoever asks looks after few communities.
    async fn pages(loads: &Loads, places: &[Within], selection: &Selection<Self>) -> Result<Pages<Self>> {
        let mut pages = HashMap::new();
        for place in places {
            let page = grants::list(&loads.app, &loads.caller, *place, &selection.page).await?;
            pages.insert(*place, page.map(Arc::new));
        }
        Ok(pages)
    }

    async fn totals(loads: &Loads, places: &[Within], (): &()) -> Result<HashMap<Within, u64>> {
        let mut totals = HashMap::new();
        for place in places {
            totals.insert(*place, grants::count(&loads.app, &loads.caller, *place).await?);
        }
        Ok(totals)
    }
}
