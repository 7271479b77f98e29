//! Activity policies. A policy is a part of its network's record, and which one was chosen is a part of the record of the
//! network or community that it holds for: a change of it is a change of that record.

use chrono::NaiveDate;
use convene_domain::{
    access::Role,
    change::ChangeKind,
    id::{CommunityId, NetworkId},
    lifecycle::{ActivityPolicy, BuiltIn, Rules},
    record::Revision,
    text::{Code, Text},
};
use convene_persistence::{Write, communities, networks, policies};

use super::{At, Command, Done, Need, Patch, Refusal, RefusalCode, Stop, check, networks::put, record};
use crate::networks::NetworkRecord;

/// The most policies that a network makes.
const POLICIES_LIMIT: usize = 50;

/// Adds an activity policy to a network.
#[derive(Debug, Clone)]
pub struct AddActivityPolicy {
    /// The network.
    pub network: NetworkId,
    /// The policy.
    pub policy: ActivityPolicy,
}

impl Command for AddActivityPolicy {
    fn operation(&self) -> &'static str {
        "addActivityPolicy"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Network(self.network), "network")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let network = networks::lock(write, self.network).await?.ok_or_else(|| Refusal::not_found("network"))?;
        let others = load(write, self.network).await?;
        if BuiltIn::find(&self.policy.code).is_some() || others.iter().any(|other| other.code == self.policy.code) {
            return Err(Refusal::new(RefusalCode::Taken, ["code"], "is the code of another policy").into());
        }
        if others.len() >= POLICIES_LIMIT {
            return Err(Refusal::rule("network", format!("has {POLICIES_LIMIT} policies, and can have no more")).into());
        }
        policies::add(write, self.network, &self.policy).await?;
        update_network(write, network).await
    }
}

/// Changes an activity policy that a network made.
#[derive(Debug, Clone)]
pub struct ChangeActivityPolicy {
    /// The network.
    pub network: NetworkId,
    /// The network's revision that the change is made from.
    pub expected: Revision,
    /// Which policy.
    pub code: Code,
    /// What people call it.
    pub name: Option<Text>,
    /// What it says, in words.
    pub text: Patch<Text>,
    /// What it says, to compute by.
    pub rules: Option<Rules>,
}

impl Command for ChangeActivityPolicy {
    fn operation(&self) -> &'static str {
        "changeActivityPolicy"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Network(self.network), "network")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        if self.name.is_none() && self.text.is_none() && self.rules.is_none() {
            return Err(check::nothing().into());
        }
        let network = locked(write, self.network, self.expected).await?;
        if BuiltIn::find(&self.code).is_some() {
            return Err(Refusal::rule("code", "is a policy that every network has: add one of your own").into());
        }
        let found = load(write, self.network).await?.into_iter().find(|policy| policy.code == self.code);
        let mut policy = found.ok_or_else(|| Refusal::not_found("code"))?;
        put(&mut policy.name, self.name.clone());
        put(&mut policy.text, self.text.clone());
        put(&mut policy.rules, self.rules.clone());
        policies::update(write, self.network, &policy).await?;
        update_network(write, network).await
    }
}

/// Chooses the policy of a network, for all its communities that have none of their own.
#[derive(Debug, Clone)]
pub struct ChooseNetworkPolicy {
    /// The network.
    pub network: NetworkId,
    /// The network's revision that the change is made from.
    pub expected: Revision,
    /// The policy; `None` for the usual one.
    pub policy: Option<Code>,
    /// From which day on; `None` for today.
    pub from: Option<NaiveDate>,
}

impl Command for ChooseNetworkPolicy {
    fn operation(&self) -> &'static str {
        "chooseNetworkActivityPolicy"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Admin, At::Network(self.network), "network")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let network = locked(write, self.network, self.expected).await?;
        check_policy(write, self.network, self.policy.as_ref()).await?;
        let from = self.from.unwrap_or_else(|| write.recorded_at().date_naive());
        policies::choose(write, self.network.uuid(), from, self.policy.as_ref()).await?;
        update_network(write, network).await
    }
}

/// Chooses the policy of a community.
#[derive(Debug, Clone)]
pub struct ChooseCommunityPolicy {
    /// The community.
    pub community: CommunityId,
    /// The community's revision that the change is made from.
    pub expected: Revision,
    /// The policy; `None` for that of the network.
    pub policy: Option<Code>,
    /// From which day on; `None` for today.
    pub from: Option<NaiveDate>,
}

impl Command for ChooseCommunityPolicy {
    fn operation(&self) -> &'static str {
        "chooseCommunityActivityPolicy"
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need::new(Role::Coordinator, At::Community(self.community), "community")]
    }

    async fn carry_out(&self, write: &mut Write) -> Result<Done, Stop> {
        let found = communities::lock(write, self.community).await?;
        let mut community = check::expect(found, "community", (check::EXPECTED, self.expected))?;
        check_policy(write, community.network, self.policy.as_ref()).await?;
        let from = self.from.unwrap_or_else(|| write.recorded_at().date_naive());
        policies::choose(write, self.community.uuid(), from, self.policy.as_ref()).await?;
        community.revision += 1;
        communities::update(write, &community).await?;
        Ok(record(write, community.network, ChangeKind::Updated, (community.id, community.revision), None))
    }
}

async fn load(write: &Write, network: NetworkId) -> Result<Vec<ActivityPolicy>, Stop> {
    let mut found = policies::load_by_network(write.transaction(), &[network]).await?;
    Ok(found.remove(&network).unwrap_or_default())
}

/// Checks that a network has a policy.
async fn check_policy(write: &Write, network: NetworkId, code: Option<&Code>) -> Result<(), Stop> {
    let Some(code) = code else { return Ok(()) };
    let has = BuiltIn::find(code).is_some() || load(write, network).await?.iter().any(|policy| policy.code == *code);
    if has { Ok(()) } else { Err(Refusal::not_found("policy").into()) }
}

async fn locked(write: &Write, id: NetworkId, expected: Revision) -> Result<NetworkRecord, Stop> {
    Ok(check::expect(networks::lock(write, id).await?, "network", (check::EXPECTED, expected))?)
}

async fn update_network(write: &mut Write, mut network: NetworkRecord) -> Result<Done, Stop> {
    network.revision += 1;
    networks::update(write, &network).await?;
    Ok(record(write, network.id, ChangeKind::Updated, (network.id, network.revision), None))
}
