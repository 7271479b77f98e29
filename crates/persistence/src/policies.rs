//! Activity policies, and for whom which of them holds since when.

use std::collections::HashMap;

use chrono::NaiveDate;
use convene_domain::{
    id::{CommunityId, NetworkId},
    lifecycle::ActivityPolicy,
    text::Code,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set,
    sea_query::OnConflict,
};
use uuid::Uuid;

use crate::{
    Result, Write,
    column::{self, Row},
    dialect,
    entity::{activity_policy, policy_choice},
};

impl TryFrom<activity_policy::Model> for ActivityPolicy {
    type Error = crate::Error;

    fn try_from(model: activity_policy::Model) -> Result<Self> {
        let row = Row { table: "activity_policies", id: model.network_id };
        Ok(Self {
            code: row.parse("code", &model.code)?,
            name: row.parse("name", &model.name)?,
            text: row.parse_opt("description", model.description.as_deref())?,
            rules: row.parse("rules", &model.rules)?,
        })
    }
}

fn model(network: NetworkId, policy: &ActivityPolicy) -> activity_policy::Model {
    activity_policy::Model {
        network_id: network.uuid(),
        code: policy.code.to_string(),
        name: policy.name.to_string(),
        description: column::text(policy.text.as_ref()),
        rules: policy.rules.to_string(),
    }
}

/// Loads the policies that each network made, sorted by code.
pub async fn load_by_network<C: ConnectionTrait>(
    connection: &C,
    networks: &[NetworkId],
) -> Result<HashMap<NetworkId, Vec<ActivityPolicy>>> {
    let ids: Vec<Uuid> = networks.iter().map(|id| id.uuid()).collect();
    let network = (activity_policy::Entity, activity_policy::Column::NetworkId);
    let found = activity_policy::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), network, &ids))
        .order_by_asc(activity_policy::Column::Code)
        .all(connection)
        .await?;
    let mut policies: HashMap<NetworkId, Vec<ActivityPolicy>> = HashMap::new();
    for model in found {
        policies.entry(NetworkId::from_uuid(model.network_id)).or_default().push(model.try_into()?);
    }
    Ok(policies)
}

/// Loads the policy that is chosen for each network or community as of a date. One for which none is chosen is missing
/// from the answer.
pub async fn load_chosen<C: ConnectionTrait>(connection: &C, places: &[Uuid], as_of: NaiveDate) -> Result<HashMap<Uuid, Code>> {
    let place = (policy_choice::Entity, policy_choice::Column::PlaceId);
    let found = policy_choice::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), place, places))
        .filter(policy_choice::Column::EffectiveFrom.lte(as_of))
        .order_by_asc(policy_choice::Column::EffectiveFrom)
        .all(connection)
        .await?;
    let mut chosen = HashMap::new();
    for model in found {
        let row = Row { table: "policy_choices", id: model.place_id };
        // The last one counts; it may be that none is chosen any more.
        chosen.insert(model.place_id, row.parse_opt("policy", model.policy.as_deref())?);
    }
    Ok(chosen.into_iter().filter_map(|(place, code)| Some((place, code?))).collect())
}

/// Adds a policy to a network.
pub async fn add(write: &Write, network: NetworkId, policy: &ActivityPolicy) -> Result<()> {
    write.insert_all::<activity_policy::Entity, _>(vec![model(network, policy)]).await
}

/// Writes a policy anew. What counts is who locked its network.
pub async fn update(write: &Write, network: NetworkId, policy: &ActivityPolicy) -> Result<()> {
    let row = model(network, policy).into_active_model().reset_all();
    activity_policy::Entity::update(row).exec(write.transaction()).await?;
    Ok(())
}

/// Chooses a policy for a network or community from a day on, until the day of the next choice.
pub async fn choose(write: &Write, place: Uuid, from: NaiveDate, policy: Option<&Code>) -> Result<()> {
    let row = policy_choice::ActiveModel {
        place_id: Set(place),
        effective_from: Set(from),
        policy: Set(policy.map(ToString::to_string)),
    };
    let key = [policy_choice::Column::PlaceId, policy_choice::Column::EffectiveFrom];
    let replace = OnConflict::columns(key).update_column(policy_choice::Column::Policy).to_owned();
    policy_choice::Entity::insert(row).on_conflict(replace).exec_without_returning(write.transaction()).await?;
    Ok(())
}

/// Forgets what was chosen for a community that is no more.
pub(crate) async fn forget(write: &Write, community: CommunityId) -> Result<()> {
    let chosen = policy_choice::Entity::delete_many().filter(policy_choice::Column::PlaceId.eq(community.uuid()));
    chosen.exec(write.transaction()).await?;
    Ok(())
}
