//! Who wrote what: the log with those who wrote it, the newest first.

use convene_domain::{
    access::Who,
    change::{Change, Position},
    id::{AccountId, NetworkId, TokenId, Within},
};
use sea_orm::{
    ConnectionTrait, FromQueryResult, JoinType, Order,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

use crate::{
    Result,
    entity::{change, change_scope, change_set},
    list,
};

/// A change, and who wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The change.
    pub change: Change,
    /// Who wrote it; `None` for whoever runs commands on the machine of the database.
    pub by: Option<Who>,
}

/// Which part of the trail is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trail {
    /// The network.
    pub network: NetworkId,
    /// Only what touched this place.
    pub within: Within,
    /// Only changes of this record.
    pub record: Option<Uuid>,
    /// Only what was written by this account, or with this token.
    pub by: Option<Who>,
    /// Only what was written before this.
    pub before: Option<Position>,
}

#[derive(FromQueryResult)]
struct SignedRow {
    #[sea_orm(nested)]
    change: change::Model,
    token_id: Option<Uuid>,
    account_id: Option<Uuid>,
}

/// Reads changes with those who wrote them, the newest first, at most `limit`.
pub async fn list<C: ConnectionTrait>(connection: &C, trail: &Trail, limit: u64) -> Result<Vec<Signed>> {
    let mut select = Query::select();
    select
        .columns([("w", change_set::Column::TokenId), ("w", change_set::Column::AccountId)])
        .from_as(change_scope::Entity, "s")
        .join_as(
            JoinType::InnerJoin,
            change::Entity,
            "r",
            Expr::col(("r", change::Column::Position))
                .equals(("s", change_scope::Column::Position))
                .and(Expr::col(("r", change::Column::NetworkId)).eq(trail.network.uuid())),
        )
        .join_as(
            JoinType::InnerJoin,
            change_set::Entity,
            "w",
            Expr::col(("w", change_set::Column::Id)).equals(("r", change::Column::ChangeSetId)),
        )
        .and_where(Expr::col(("s", change_scope::Column::ScopeId)).eq(trail.within.uuid()))
        .and_where_option(trail.before.map(|before| Expr::col(("s", change_scope::Column::Position)).lt(before)))
        .and_where_option(trail.record.map(|record| Expr::col(("r", change::Column::EntityId)).eq(record)))
        .and_where_option(trail.by.map(|who| match who {
            Who::Token(id) => Expr::col(("w", change_set::Column::TokenId)).eq(id.uuid()),
            Who::Account(id) => Expr::col(("w", change_set::Column::AccountId)).eq(id.uuid()),
        }))
        .order_by(("s", change_scope::Column::Position), Order::Desc)
        .limit(limit);
    list::columns::<change::Column>(&mut select, "r");
    let rows = connection.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let row = SignedRow::from_query_result(row, "")?;
            let account = row.account_id.map(|id| Who::Account(AccountId::from_uuid(id)));
            let by = account.or_else(|| row.token_id.map(|id| Who::Token(TokenId::from_uuid(id))));
            Ok(Signed { change: Change::try_from(row.change)?, by })
        })
        .collect()
}
