//! Who wrote what: the log with those who wrote it, the newest first.

use std::cmp::Reverse;

use convene_domain::{
    access::Who,
    change::{Change, Position},
    id::{AccountId, NetworkId, TokenId, Within},
};
use sea_orm::{
    ConnectionTrait, FromQueryResult, IdenStatic, JoinType, Order,
    sea_query::{Expr, ExprTrait, Func, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result,
    entity::{change, change_scope, change_set, community_scope, grant, membership_invitation},
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
    let mut found = read(connection, of_records(trail), trail, limit).await?;
    found.extend(read(connection, of_roles(trail), trail, limit).await?);
    found.sort_by_key(|signed| Reverse(signed.change.position));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

/// Changes of what stands in the place, or did.
fn of_records(trail: &Trail) -> SelectStatement {
    let mut select = Query::select();
    select
        .from_as(change_scope::Entity, "s")
        .join_as(
            JoinType::InnerJoin,
            change::Entity,
            "r",
            Expr::col(("r", change::Column::Position))
                .equals(("s", change_scope::Column::Position))
                .and(Expr::col(("r", change::Column::NetworkId)).eq(trail.network.uuid())),
        )
        .and_where(Expr::col(("s", change_scope::Column::ScopeId)).eq(trail.within.uuid()))
        .and_where_option(trail.before.map(|before| Expr::col(("s", change_scope::Column::Position)).lt(before)))
        .order_by(("s", change_scope::Column::Position), Order::Desc);
    select
}

/// Roles that were given, offered and taken back in the place. Nobody follows these changes, so that they have no scope rows.
fn of_roles(trail: &Trail) -> SelectStatement {
    let mut select = Query::select();
    select
        .from_as(change::Entity, "r")
        .and_where(Expr::col(("r", change::Column::NetworkId)).eq(trail.network.uuid()))
        // As a literal, or the partial index is not used.
        .and_where(Expr::cust("r.entity_type = 'GRANT'"))
        .and_where_option(trail.before.map(|before| Expr::col(("r", change::Column::Position)).lt(before)))
        .order_by(("r", change::Column::Position), Order::Desc);
    if let Within::Community(id) = trail.within {
        let held = Expr::col(("g", grant::Column::CommunityId));
        let offered = Expr::col(("i", membership_invitation::Column::CommunityId));
        let is = |table, id| Expr::col((table, id)).equals(("r", change::Column::EntityId));
        let mut here = Query::select();
        here.expr(Expr::val(1))
            .from(community_scope::Entity)
            .and_where(Expr::col((community_scope::Entity, community_scope::Column::ScopeId)).eq(id.uuid()))
            .and_where(
                Expr::col((community_scope::Entity, community_scope::Column::CommunityId)).eq(Func::coalesce([held, offered])),
            );
        select
            .join_as(JoinType::LeftJoin, grant::Entity, "g", is("g", grant::Column::Id.as_str()))
            .join_as(JoinType::LeftJoin, membership_invitation::Entity, "i", is("i", membership_invitation::Column::Id.as_str()))
            .and_where(Expr::exists(here));
    }
    select
}

async fn read<C: ConnectionTrait>(connection: &C, mut select: SelectStatement, trail: &Trail, limit: u64) -> Result<Vec<Signed>> {
    select
        .columns([("w", change_set::Column::TokenId), ("w", change_set::Column::AccountId)])
        .join_as(
            JoinType::InnerJoin,
            change_set::Entity,
            "w",
            Expr::col(("w", change_set::Column::Id)).equals(("r", change::Column::ChangeSetId)),
        )
        .and_where_option(trail.record.map(|record| Expr::col(("r", change::Column::EntityId)).eq(record)))
        .and_where_option(trail.by.map(|who| match who {
            Who::Token(id) => Expr::col(("w", change_set::Column::TokenId)).eq(id.uuid()),
            Who::Account(id) => Expr::col(("w", change_set::Column::AccountId)).eq(id.uuid()),
        }))
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
