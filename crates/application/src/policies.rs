//! Activity policies. Everyone may read them.

use std::collections::HashMap;

use chrono::NaiveDate;
use convene_domain::{
    Invalid,
    id::{CommunityId, NetworkId},
    lifecycle::{ActivityPolicy, BUILT_IN, BuiltIn, Rules},
    text::{Code, Text},
};
use convene_persistence::policies;
use uuid::Uuid;

use crate::{App, Error, Result, communities};

/// By which policy a question is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Choice {
    /// By the one that holds for each community as of the date.
    Own,
    /// By the one with this code.
    Named(Code),
    /// By these rules.
    Rules(Rules),
}

/// A policy that every network has, in the form of one that a network made.
///
/// # Errors
///
/// Fails if a text of ours does not pass the rules for texts, which a test of the domain forbids.
pub fn built_in(policy: &BuiltIn) -> Result<ActivityPolicy> {
    let text = |text: &str| Text::try_new(text).map_err(|reason| Error::Invalid { argument: "policy", reason });
    Ok(ActivityPolicy {
        code: Code::try_new(policy.code).map_err(|reason| Error::Invalid { argument: "policy", reason })?,
        name: text(policy.name)?,
        text: Some(text(policy.text)?),
        rules: policy.rules(),
    })
}

/// Loads the policies of each network: those that every network has, then its own by code.
pub async fn load_by_network(app: &App, ids: &[NetworkId]) -> Result<HashMap<NetworkId, Vec<ActivityPolicy>>> {
    let mut own = policies::load_by_network(app.reader(), ids).await?;
    let shared = BUILT_IN.iter().map(built_in).collect::<Result<Vec<_>>>()?;
    let of = |id: &NetworkId| (*id, [shared.clone(), own.remove(id).unwrap_or_default()].concat());
    Ok(ids.iter().map(of).collect())
}

/// The policies of one network, and which of them holds where a community has none of its own.
#[derive(Debug, Clone)]
pub struct Policies {
    all: Vec<ActivityPolicy>,
    usual: Code,
}

impl Policies {
    /// Loads them as of a date.
    pub async fn load(app: &App, network: NetworkId, as_of: NaiveDate) -> Result<Self> {
        let all = load_by_network(app, &[network]).await?.remove(&network).unwrap_or_default();
        let chosen = policies::load_chosen(app.reader(), &[network.uuid()], as_of).await?.remove(&network.uuid());
        let usual = match chosen {
            Some(code) => code,
            None => built_in(BuiltIn::DEFAULT)?.code,
        };
        Ok(Self { all, usual })
    }

    /// The policy with a code.
    pub fn find(&self, code: &Code) -> Option<&ActivityPolicy> {
        self.all.iter().find(|policy| policy.code == *code)
    }

    /// The policy that holds for a community which chose this one.
    pub fn of(&self, chosen: Option<&Code>) -> Result<&ActivityPolicy> {
        let found = chosen.and_then(|code| self.find(code)).or_else(|| self.find(&self.usual));
        found.ok_or(Error::Lost("the policies of a network"))
    }

    /// The policy with a code that a question names.
    pub fn named(&self, code: &Code) -> Result<&ActivityPolicy> {
        let unknown = || Error::Invalid {
            argument: "policy.code",
            reason: Invalid::new(format!("is {code}, which is no activity policy of the network")),
        };
        self.find(code).ok_or_else(unknown)
    }
}

/// Loads the policy that holds for each network as of a date.
pub async fn load_of_networks(app: &App, ids: &[NetworkId], as_of: NaiveDate) -> Result<HashMap<NetworkId, ActivityPolicy>> {
    let all = load_by_network(app, ids).await?;
    let places: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let chosen = policies::load_chosen(app.reader(), &places, as_of).await?;
    let usual = built_in(BuiltIn::DEFAULT)?.code;
    let of = |(id, all): (NetworkId, Vec<ActivityPolicy>)| {
        let usual = chosen.get(&id.uuid()).unwrap_or(&usual).clone();
        Ok((id, Policies { all, usual }.of(None)?.clone()))
    };
    all.into_iter().map(of).collect()
}

/// Loads the policy that holds for each community as of a date.
pub async fn load_of_communities(
    app: &App,
    ids: &[CommunityId],
    as_of: NaiveDate,
) -> Result<HashMap<CommunityId, ActivityPolicy>> {
    let records = communities::load_many(app, ids).await?;
    let mut networks: Vec<NetworkId> = records.values().map(|record| record.network).collect();
    networks.sort_unstable();
    networks.dedup();
    let all = load_by_network(app, &networks).await?;
    let places: Vec<Uuid> = ids.iter().map(|id| id.uuid()).chain(networks.iter().map(|id| id.uuid())).collect();
    let chosen = policies::load_chosen(app.reader(), &places, as_of).await?;
    let usual = built_in(BuiltIn::DEFAULT)?.code;
    let mut found = HashMap::new();
    for (id, record) in records {
        let all = all.get(&record.network).cloned().unwrap_or_default();
        let policies = Policies { all, usual: chosen.get(&record.network.uuid()).unwrap_or(&usual).clone() };
        found.insert(id, policies.of(chosen.get(&id.uuid()))?.clone());
    }
    Ok(found)
}
