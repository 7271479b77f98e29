//! Pruning the log: changes that nobody reads on from any more are deleted.
//!
//! First the floor is raised, which is all that readers look at; what is below it is deleted afterwards, in short
//! transactions that lock nothing which a writer needs. One that did not come to its end is found again by the scope
//! rows: the lowest of them says from where on nothing was deleted yet.
//!
//! A change stays below the floor as long as it is the one that brought its record to its revision, because a snapshot
//! shows it, and as long as a key refers to it, because the mutation may be asked for again. The first kind goes when its
//! successor passes the floor, the second when the key is forgotten ([`crate::keys::forget`]).

use chrono::{DateTime, Utc};
use convene_domain::{
    change::{ChangeKind, Position},
    id::NetworkId,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, Statement,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Database, Result, Transaction, dialect,
    entity::{change, change_scope, change_set, idempotency_key, network_head},
};

/// How many positions one transaction deals with.
const BATCH: Position = 500;

/// What has to be kept of a log. A change is pruned only if it is both older and further back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Everything that was recorded since.
    pub since: DateTime<Utc>,
    /// So many of the newest changes of each network.
    pub changes: i64,
}

/// Prunes the logs of all networks, and says how many places in them were passed. When another process is at it, it is
/// left to that one.
pub async fn run(database: &Database, keep: Keep) -> Result<u64> {
    let mut passed = 0;
    for head in network_head::Entity::find().all(database.reader()).await? {
        let network = NetworkId::from_uuid(head.network_id);
        let (mut floor, limit) = (head.pruned_to, head.position - keep.changes);
        while clear(database, network, floor).await? {
            let next = next_floor(database, network, (floor, limit), keep.since).await?;
            if next <= floor {
                break;
            }
            raise(database, network, next).await?;
            passed += u64::try_from(next - floor).unwrap_or_default();
            floor = next;
        }
    }
    Ok(passed)
}

/// How far the floor can be raised now: no further than one batch, and not past a change that is not old enough.
async fn next_floor(
    database: &Database,
    network: NetworkId,
    (floor, limit): (Position, Position),
    since: DateTime<Utc>,
) -> Result<Position> {
    let next = Ord::min(limit, floor + BATCH);
    if next <= floor {
        return Ok(floor);
    }
    let young = Query::select()
        .expr(Expr::col(change::Column::Position).min())
        .from(change::Entity)
        .and_where(Expr::col(change::Column::NetworkId).eq(network.uuid()))
        .and_where(Expr::col(change::Column::Position).gte(floor))
        .and_where(Expr::col(change::Column::Position).lt(next))
        .and_where(Expr::col(change::Column::RecordedAt).gte(since))
        .take();
    let next = position(database.reader(), &young).await?.unwrap_or(next);
    // The first change is at 1: a floor there would end those who read nothing yet, and prune nothing.
    Ok(if next > 1 { next } else { floor })
}

/// A statement of its own, so that the head, which writers lock too, is held for no longer than that.
async fn raise(database: &Database, network: NetworkId, floor: Position) -> Result<()> {
    network_head::Entity::update_many()
        .col_expr(network_head::Column::PrunedTo, Expr::value(floor))
        .filter(network_head::Column::NetworkId.eq(network.uuid()))
        .filter(network_head::Column::PrunedTo.lt(floor))
        .exec(database.writer())
        .await?;
    Ok(())
}

/// Deletes what is below the floor; `false` when another process is at it.
async fn clear(database: &Database, network: NetworkId, floor: Position) -> Result<bool> {
    let lowest = Query::select()
        .expr(Expr::col(change_scope::Column::Position).min())
        .from(change_scope::Entity)
        .and_where(Expr::col(change_scope::Column::NetworkId).eq(network.uuid()))
        .take();
    while let Some(from) = position(database.reader(), &lowest).await?.filter(|from| *from < floor) {
        let transaction = database.begin().await?;
        if !alone(&transaction).await? {
            transaction.rollback().await?;
            return Ok(false);
        }
        delete(&transaction, network, (from, Ord::min(floor, from + BATCH))).await?;
        transaction.commit().await?;
    }
    Ok(true)
}

/// Deletes what passed the floor with the changes at these positions: those that they replaced, and those that ended
/// their record.
async fn delete(transaction: &Transaction, network: NetworkId, (from, to): (Position, Position)) -> Result<()> {
    let passed = |table: &'static str| {
        Expr::col((table, change::Column::NetworkId))
            .eq(network.uuid())
            .and(Expr::col((table, change::Column::Position)).gte(from))
            .and(Expr::col((table, change::Column::Position)).lt(to))
    };
    let replaced = Query::select()
        .column(("o", change::Column::Id))
        .from_as(change::Entity, "c")
        .join_as(
            JoinType::InnerJoin,
            change::Entity,
            "o",
            Expr::col(("o", change::Column::EntityId))
                .equals(("c", change::Column::EntityId))
                .and(Expr::col(("o", change::Column::Revision)).eq(Expr::col(("c", change::Column::Revision)).sub(1))),
        )
        .and_where(passed("c"))
        .take();
    let ended = Query::select()
        .column(("c", change::Column::Id))
        .from_as(change::Entity, "c")
        .and_where(passed("c"))
        .and_where(Expr::col(("c", change::Column::Kind)).is_in(ends()))
        .take();
    for ids in [replaced, ended] {
        let mut sets = Vec::new();
        let delete = Query::delete()
            .from_table(change::Entity)
            .and_where(Expr::col((change::Entity, change::Column::Id)).in_subquery(ids))
            .and_where(Expr::exists(keys_of_change()).not())
            .returning_col(change::Column::ChangeSetId)
            .take();
        for row in transaction.query_all(&delete).await? {
            sets.push(row.try_get_by_index(0)?);
        }
        forget_sets(transaction, sets).await?;
    }
    change_scope::Entity::delete_many()
        .filter(change_scope::Column::NetworkId.eq(network.uuid()))
        .filter(change_scope::Column::Position.gte(from))
        .filter(change_scope::Column::Position.lt(to))
        .exec(transaction)
        .await?;
    Ok(())
}

/// Deletes the changes below the floor that only these sets' keys, which are forgotten, kept there.
pub(crate) async fn forget_changes(transaction: &Transaction, sets: &[Uuid]) -> Result<()> {
    let backend = transaction.get_database_backend();
    let floor = Query::select()
        .column((network_head::Entity, network_head::Column::PrunedTo))
        .from(network_head::Entity)
        .and_where(
            Expr::col((network_head::Entity, network_head::Column::NetworkId))
                .equals((change::Entity, change::Column::NetworkId)),
        )
        .take();
    let newer = Query::select()
        .expr(Expr::value(1))
        .from_as(change::Entity, "n")
        .and_where(Expr::col(("n", change::Column::EntityId)).equals((change::Entity, change::Column::EntityId)))
        .and_where(Expr::col(("n", change::Column::Revision)).gt(Expr::col((change::Entity, change::Column::Revision))))
        .take();
    change::Entity::delete_many()
        .filter(dialect::is_any_id(backend, (change::Entity, change::Column::ChangeSetId), sets))
        .filter(Expr::col((change::Entity, change::Column::Position)).lt(Expr::expr(floor)))
        .filter(Expr::exists(newer).or(Expr::col((change::Entity, change::Column::Kind)).is_in(ends())))
        .exec(transaction)
        .await?;
    forget_sets(transaction, sets.to_vec()).await
}

/// Whether this is the only process that prunes or forgets until the transaction ends. Two would do the same work twice,
/// and could leave what each expects of the other.
pub(crate) async fn alone(transaction: &Transaction) -> Result<bool> {
    let backend = transaction.get_database_backend();
    if backend != DbBackend::Postgres {
        return Ok(true);
    }
    let lock = Statement::from_string(backend, "SELECT pg_try_advisory_xact_lock(6071843203)");
    let row = transaction.query_one_raw(lock).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
}

/// Deletes those of these sets of changes that have none left.
async fn forget_sets(transaction: &Transaction, mut sets: Vec<Uuid>) -> Result<()> {
    sets.sort_unstable();
    sets.dedup();
    let left = Query::select()
        .expr(Expr::value(1))
        .from(change::Entity)
        .and_where(Expr::col((change::Entity, change::Column::ChangeSetId)).equals((change_set::Entity, change_set::Column::Id)))
        .take();
    if !sets.is_empty() {
        change_set::Entity::delete_many()
            .filter(dialect::is_any_id(transaction.get_database_backend(), (change_set::Entity, change_set::Column::Id), &sets))
            .filter(Expr::exists(left).not())
            .exec(transaction)
            .await?;
    }
    Ok(())
}

/// The keys that refer to a change that is being looked at.
fn keys_of_change() -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(idempotency_key::Entity)
        .and_where(
            Expr::col((idempotency_key::Entity, idempotency_key::Column::ChangeSetId))
                .equals((change::Entity, change::Column::ChangeSetId)),
        )
        .take()
}

fn ends() -> [String; 2] {
    [ChangeKind::Removed, ChangeKind::Merged].map(|kind| kind.to_string())
}

async fn position<C: ConnectionTrait>(connection: &C, select: &SelectStatement) -> Result<Option<Position>> {
    let row = connection.query_one(select).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.flatten())
}
