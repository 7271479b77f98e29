//! Reading the change log.

use convene_domain::{
    Invalid,
    change::{Change, Head, Position},
    id::{ChangeId, NetworkId, Within},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, Order, QueryFilter,
    sea_query::{Expr, ExprTrait, Query},
};

use crate::{
    Result,
    column::Row,
    entity::{change, change_scope, network_head},
    list,
};

#[derive(FromQueryResult)]
struct Scoped {
    #[sea_orm(nested)]
    change: change::Model,
    effect: String,
}

impl TryFrom<Scoped> for Change {
    type Error = crate::Error;

    fn try_from(Scoped { change, effect }: Scoped) -> Result<Self> {
        let row = Row { table: "changes", id: change.id };
        Ok(Self {
            network: NetworkId::from_uuid(change.network_id),
            position: row.check("position", change.position.ok_or_else(|| Invalid::new("is missing: it was not sealed")))?,
            id: ChangeId::from_uuid(change.id),
            kind: row.parse("kind", &change.kind)?,
            entity_type: row.parse("entity_type", &change.entity_type)?,
            entity: change.entity_id,
            revision: change.revision,
            effect: row.parse("effect", &effect)?,
            occurred_at: change.occurred_at,
            recorded_at: change.recorded_at,
        })
    }
}

/// Reads the changes seen in a scope after a position, in order, at most `limit`.
pub async fn list_after<C: ConnectionTrait>(
    connection: &C,
    network: NetworkId,
    within: Within,
    after: Position,
    limit: u64,
) -> Result<Vec<Change>> {
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
    rows.iter().map(|row| Change::try_from(Scoped::from_query_result(row, "")?)).collect()
}

/// Reads the head of a network's log; `None` when nothing was written to it yet.
pub async fn head<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<Option<Head>> {
    let found = network_head::Entity::find().filter(network_head::Column::NetworkId.eq(network.uuid())).one(connection).await?;
    Ok(found.and_then(|head| {
        let change = ChangeId::from_uuid(head.change_id?);
        Some(Head { network, position: head.position, change })
    }))
}
