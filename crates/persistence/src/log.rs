//! Reading the change log.

use std::collections::HashMap;

use convene_domain::{
    Invalid,
    access::Visibility,
    change::{Change, ChangeKind, Effect, EntityType, Entry, Head, LogId, Position},
    id::{ChangeId, InstanceId, NetworkId, Within},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result,
    column::Row,
    dialect,
    entity::{change, change_scope, network_head, removal},
    list,
};

/// How far a network's log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Where it ends.
    pub head: Head,
    /// From here on it has every change; what was before was pruned. 0 when nothing was.
    pub pruned_to: Position,
}

impl Extent {
    /// Whether the log can be read on from a position: the change there is still in it, and all that came after.
    pub fn reaches(&self, position: Position) -> bool {
        position >= self.pruned_to
    }
}

#[derive(FromQueryResult)]
struct Scoped {
    #[sea_orm(nested)]
    change: change::Model,
    effect: String,
}

impl TryFrom<change::Model> for Change {
    type Error = crate::Error;

    fn try_from(change: change::Model) -> Result<Self> {
        let row = Row { table: "changes", id: change.id };
        let kind: ChangeKind = row.parse("kind", &change.kind)?;
        let entity_type: EntityType = row.parse("entity_type", &change.entity_type)?;
        let mut visible_to = row.parse_opt("visible_to", change.visible_to.as_deref())?;
        // Nothing said is everyone for all records but reports: of those it is not known, and nobody is told.
        if entity_type == EntityType::GatheringReport && !kind.ends() {
            visible_to = visible_to.or(Some(Visibility::Authors));
        }
        Ok(Self {
            network: NetworkId::from_uuid(change.network_id),
            position: row.check("position", change.position.ok_or_else(|| Invalid::new("is missing: it was not sealed")))?,
            id: ChangeId::from_uuid(change.id),
            kind,
            entity_type,
            entity: change.entity_id,
            revision: change.revision,
            occurred_at: change.occurred_at,
            recorded_at: change.recorded_at,
            was_visible_to: row.parse_opt("was_visible_to", change.was_visible_to.as_deref())?,
            visible_to,
        })
    }
}

/// Reads the changes of a network after a position, in order, at most `limit`, with all the scopes they touch. Where the
/// log was pruned, changes are missing: whoever needs all of them looks whether their positions have gaps.
pub async fn list<C: ConnectionTrait>(connection: &C, network: NetworkId, after: Position, limit: u64) -> Result<Vec<Entry>> {
    let changes = change::Entity::find()
        .filter(change::Column::NetworkId.eq(network.uuid()))
        .filter(change::Column::Position.gt(after))
        .order_by_asc(change::Column::Position)
        .limit(limit)
        .all(connection)
        .await?;
    let Some(last) = changes.last().and_then(|change| change.position) else { return Ok(Vec::new()) };
    let scopes = change_scope::Entity::find()
        .filter(change_scope::Column::NetworkId.eq(network.uuid()))
        .filter(change_scope::Column::Position.gt(after))
        .filter(change_scope::Column::Position.lte(last))
        .all(connection)
        .await?;
    let mut effects: HashMap<Position, Vec<(Uuid, Effect)>> = HashMap::new();
    for scope in scopes {
        let row = Row { table: "change_scopes", id: scope.scope_id };
        effects.entry(scope.position).or_default().push((scope.scope_id, row.parse("effect", &scope.effect)?));
    }
    changes
        .into_iter()
        .map(Change::try_from)
        // Every change touches its network. One that touches nothing any more was pruned, and is kept for its record only.
        .filter_map(|change| match change {
            // What someone may do is no record that stands anywhere.
            Ok(change) if change.entity_type == EntityType::Grant => Some(Ok(Entry { change, effects: Vec::new() })),
            Ok(change) => effects.remove(&change.position).map(|effects| Ok(Entry { change, effects })),
            Err(error) => Some(Err(error)),
        })
        .collect()
}

/// Reads the changes that touch a scope after a position, in order, at most `limit`, each with what it means there.
pub async fn list_within<C: ConnectionTrait>(
    connection: &C,
    network: NetworkId,
    within: Within,
    after: Position,
    limit: u64,
) -> Result<Vec<(Change, Effect)>> {
    let mut select = Query::select();
    select
        .column(("s", change_scope::Column::Effect))
        .from_as(change_scope::Entity, "s")
        .join_as(
            JoinType::InnerJoin,
            change::Entity,
            "r",
            Expr::col(("r", change::Column::Position))
                .equals(("s", change_scope::Column::Position))
                .and(Expr::col(("r", change::Column::NetworkId)).eq(network.uuid())),
        )
        .and_where(Expr::col(("s", change_scope::Column::ScopeId)).eq(within.uuid()))
        .and_where(Expr::col(("s", change_scope::Column::Position)).gt(after))
        .order_by(("s", change_scope::Column::Position), Order::Asc)
        .limit(limit);
    list::columns::<change::Column>(&mut select, "r");
    let rows = connection.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let Scoped { change, effect } = Scoped::from_query_result(row, "")?;
            let effect = Row { table: "change_scopes", id: change.id }.parse("effect", &effect)?;
            Ok((Change::try_from(change)?, effect))
        })
        .collect()
}

/// Finds the first change after a position by which a community came under one of these places, or left it.
pub async fn find_move<C: ConnectionTrait>(
    connection: &C,
    network: NetworkId,
    places: &[Uuid],
    after: Position,
) -> Result<Option<Position>> {
    if places.is_empty() {
        return Ok(None);
    }
    let scope = |column| (change_scope::Entity, column);
    let reached = Query::select()
        .expr(Expr::value(1))
        .from(change_scope::Entity)
        .and_where(dialect::is_any_id(connection.get_database_backend(), scope(change_scope::Column::ScopeId), places))
        .and_where(Expr::col(scope(change_scope::Column::Position)).equals((change::Entity, change::Column::Position)))
        .and_where(Expr::col(scope(change_scope::Column::Effect)).ne(Effect::Changed.as_str()))
        .take();
    let found = change::Entity::find()
        .filter(change::Column::NetworkId.eq(network.uuid()))
        .filter(change::Column::Position.gt(after))
        // As the index of them says it.
        .filter(Expr::cust("changes.entity_type = 'COMMUNITY'"))
        .filter(Expr::cust("changes.kind = 'MOVED'"))
        .filter(Expr::exists(reached))
        .order_by_asc(change::Column::Position)
        .limit(1)
        .one(connection)
        .await?;
    Ok(found.and_then(|change| change.position))
}

/// Reads what the changes after a position, up to another one, mean to each of these scopes.
pub async fn load_effects<C: ConnectionTrait>(
    connection: &C,
    network: NetworkId,
    scopes: &[Uuid],
    (after, last): (Position, Position),
) -> Result<HashMap<Position, Vec<(Uuid, Effect)>>> {
    if scopes.is_empty() {
        return Ok(HashMap::new());
    }
    let of = (change_scope::Entity, change_scope::Column::ScopeId);
    let found = change_scope::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, scopes))
        .filter(change_scope::Column::NetworkId.eq(network.uuid()))
        .filter(change_scope::Column::Position.gt(after))
        .filter(change_scope::Column::Position.lte(last))
        .all(connection)
        .await?;
    let mut effects: HashMap<Position, Vec<(Uuid, Effect)>> = HashMap::new();
    for scope in found {
        let row = Row { table: "change_scopes", id: scope.scope_id };
        effects.entry(scope.position).or_default().push((scope.scope_id, row.parse("effect", &scope.effect)?));
    }
    Ok(effects)
}

/// Finds the network in whose log a place was ever touched; `None` when it never was.
pub async fn network_of<C: ConnectionTrait>(connection: &C, within: Within) -> Result<Option<NetworkId>> {
    let touched = change_scope::Entity::find().filter(change_scope::Column::ScopeId.eq(within.uuid()));
    if let Some(scope) = touched.limit(1).one(connection).await? {
        return Ok(scope.network_id.map(NetworkId::from_uuid));
    }
    // All that touched it may have been pruned.
    let gone = removal::Entity::find().filter(removal::Column::EntityId.eq(within.uuid())).limit(1).one(connection).await?;
    Ok(gone.map(|removal| NetworkId::from_uuid(removal.network_id)))
}

/// Finds which change stands at a position; `None` when the log has none there.
pub async fn find_at<C: ConnectionTrait>(connection: &C, network: NetworkId, position: Position) -> Result<Option<ChangeId>> {
    let found = change::Entity::find()
        .filter(change::Column::NetworkId.eq(network.uuid()))
        .filter(change::Column::Position.eq(position))
        .one(connection)
        .await?;
    Ok(found.map(|change| ChangeId::from_uuid(change.id)))
}

/// Loads the changes that brought records to the revisions given, by record.
pub async fn load_by_revision<C: ConnectionTrait>(connection: &C, records: &[(Uuid, i64)]) -> Result<HashMap<Uuid, Change>> {
    let ids: Vec<Uuid> = records.iter().map(|(id, _)| *id).collect();
    let wanted: HashMap<Uuid, i64> = records.iter().copied().collect();
    let revisions = records.iter().map(|(_, revision)| *revision);
    let of = (change::Entity, change::Column::EntityId);
    let found = change::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, &ids))
        .filter(change::Column::Revision.is_in(revisions.collect::<std::collections::BTreeSet<_>>()))
        .all(connection)
        .await?;
    let of_now = found.into_iter().filter(|change| wanted.get(&change.entity_id) == Some(&change.revision));
    of_now.map(|change| Ok((change.entity_id, Change::try_from(change)?))).collect()
}

/// Reads where the logs of networks end. A network that is not there is missing from the answer.
pub async fn load_heads<C: ConnectionTrait>(
    connection: &C,
    instance: InstanceId,
    networks: &[NetworkId],
) -> Result<HashMap<NetworkId, Head>> {
    let ids: Vec<Uuid> = networks.iter().map(|id| id.uuid()).collect();
    let of = (network_head::Entity, network_head::Column::NetworkId);
    let found = network_head::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, &ids))
        .all(connection)
        .await?;
    Ok(found.iter().map(|model| head(instance, model)).map(|head| (head.log.network, head)).collect())
}

/// Reads how far the log of a network reaches; `None` when there is no such network.
pub async fn load_extent<C: ConnectionTrait>(connection: &C, instance: InstanceId, network: NetworkId) -> Result<Option<Extent>> {
    let found = network_head::Entity::find_by_id(network.uuid()).one(connection).await?;
    Ok(found.map(|model| Extent { head: head(instance, &model), pruned_to: model.pruned_to }))
}

fn head(instance: InstanceId, model: &network_head::Model) -> Head {
    let network = NetworkId::from_uuid(model.network_id);
    Head {
        // Epochs are counted up from 1.
        log: LogId { instance, network, epoch: u32::try_from(model.epoch).unwrap_or_default() },
        position: model.position,
        change: ChangeId::from_uuid(model.change_id.unwrap_or_default()),
    }
}

/// Finds the last change of a set of changes, as the head that its log had then; `None` when there is no such set.
pub async fn find_end<C: ConnectionTrait>(connection: &C, instance: InstanceId, change_set: Uuid) -> Result<Option<Head>> {
    let mut select = heads();
    select.and_where(Expr::col(("r", change::Column::ChangeSetId)).eq(change_set));
    select.order_by(("r", change::Column::Ordinal), Order::Desc).limit(1);
    one_head(connection, instance, &select).await
}

/// Finds a change, as the head that its log had then; `None` when it is not there.
pub async fn find_head_at<C: ConnectionTrait>(connection: &C, instance: InstanceId, change: ChangeId) -> Result<Option<Head>> {
    let mut select = heads();
    select.and_where(Expr::col(("r", change::Column::Id)).eq(change.uuid()));
    one_head(connection, instance, &select).await
}

/// Changes that have their place in a log, as heads.
fn heads() -> SelectStatement {
    Query::select()
        .column(("h", network_head::Column::NetworkId))
        .column(("h", network_head::Column::Epoch))
        .column(("h", network_head::Column::PrunedTo))
        .column(("r", change::Column::Position))
        .expr_as(Expr::col(("r", change::Column::Id)), "change_id")
        .from_as(change::Entity, "r")
        .join_as(
            JoinType::InnerJoin,
            network_head::Entity,
            "h",
            Expr::col(("h", network_head::Column::NetworkId)).equals(("r", change::Column::NetworkId)),
        )
        .and_where(Expr::col(("r", change::Column::Position)).is_not_null())
        .take()
}

async fn one_head<C: ConnectionTrait>(connection: &C, instance: InstanceId, select: &SelectStatement) -> Result<Option<Head>> {
    let row = connection.query_one(select).await?;
    Ok(row.map(|row| network_head::Model::from_query_result(&row, "")).transpose()?.map(|model| head(instance, &model)))
}
