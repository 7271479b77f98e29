//! Gatherings: loading, listing, writing.

mod parts;
mod row;

use std::collections::{HashMap, HashSet};

use convene_domain::{
    gathering::{Gathering, GatheringFilter, GatheringOrder, GatheringParts},
    id::{CommunityId, GatheringId, NetworkId, Within},
    occurrence::Window,
    page::{Page, PageRequest, Place},
    record::{Recorded, Revision},
    text::fold,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, JoinType, Order, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Condition, Expr, ExprTrait, Query},
};
use uuid::Uuid;

pub use parts::{find_default_audience, load_agenda, load_hosts, load_invitations};

pub(crate) use row::model;

use crate::{
    Result, Write, dialect,
    entity::{gathering, gathering_host, gathering_report, gathering_scope},
    in_order::{self, Cells, InOrder},
    list::{self, ScopedList, SortKey},
};

type Record = Recorded<GatheringId, Gathering>;

#[derive(FromQueryResult)]
struct Reported {
    #[sea_orm(nested)]
    gathering: gathering::Model,
    has_report: bool,
}

/// Loads gatherings by identity.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[GatheringId]) -> Result<HashMap<GatheringId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut select = Query::select();
    in_order::columns::<gathering::Model>(&mut select, "r");
    select.from_as(gathering::Entity, "r");
    select.and_where(dialect::is_any_id(connection.get_database_backend(), ("r", gathering::Column::Id), &ids));
    let found = connection.query_all(&select).await?;
    let read = |row| Record::try_from(gathering::Model::read(&mut Cells::of(row))?).map(|record| (record.id, record));
    found.iter().map(read).collect()
}

/// Finds which gatherings have these external ids, in any of the networks.
pub async fn find_by_external_ids<C: ConnectionTrait>(
    connection: &C,
    networks: &[NetworkId],
    external_ids: &[&str],
) -> Result<Vec<(NetworkId, String, GatheringId)>> {
    let networks: Vec<Uuid> = networks.iter().map(|id| id.uuid()).collect();
    let mut found = Vec::new();
    for chunk in external_ids.chunks(500) {
        let rows: Vec<(Uuid, String, Uuid)> = gathering::Entity::find()
            .select_only()
            .columns([gathering::Column::NetworkId, gathering::Column::ExternalId, gathering::Column::Id])
            .filter(gathering::Column::NetworkId.is_in(networks.iter().copied()))
            .filter(gathering::Column::ExternalId.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|(network, key, id)| (NetworkId::from_uuid(network), key, GatheringId::from_uuid(id))));
    }
    Ok(found)
}

/// Loads every gathering of a network in the order of export: by start, external id and id.
pub async fn all<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<Vec<Record>> {
    let found = gathering::Entity::find()
        .filter(gathering::Column::NetworkId.eq(network.uuid()))
        .order_by_asc(gathering::Column::SortAt)
        .order_by_asc(gathering::Column::ExternalId)
        .order_by_asc(gathering::Column::Id)
        .all(connection)
        .await?;
    found.into_iter().map(Record::try_from).collect()
}

/// Lists the gatherings under each scope.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    within: &[Within],
    filter: &GatheringFilter,
    order: GatheringOrder,
    page: &PageRequest,
) -> Result<HashMap<Uuid, Page<Record>>> {
    let list = format!("gatherings.{order}");
    let entry = |cells: &mut Cells<'_>| {
        let model = gathering::Model::read(cells)?;
        let text = model.external_id.clone().unwrap_or_default();
        Ok((Place { list: list.clone(), instant: model.sort_at, text, id: model.id }, Record::try_from(model)?))
    };
    listed(filter, order).pages(connection, &list::uuids(within), page, entry).await
}

/// Counts the gatherings under each scope.
pub async fn count<C: ConnectionTrait>(
    connection: &C,
    within: &[Within],
    filter: &GatheringFilter,
) -> Result<HashMap<Uuid, u64>> {
    listed(filter, GatheringOrder::NewestFirst).counts(connection, &list::uuids(within)).await
}

/// The sort key of scope rows, which lists of gatherings and of reports share.
pub(crate) fn sort(table: &'static str, id: &'static str, order: GatheringOrder) -> Vec<SortKey> {
    let order = match order {
        GatheringOrder::NewestFirst => Order::Desc,
        GatheringOrder::OldestFirst => Order::Asc,
    };
    let compare = |a: &Place, b: &Place| a.instant.cmp(&b.instant);
    let instant = SortKey { table, column: "sort_at", order, value: |place| place.instant.into(), compare };
    vec![instant, list::by_text(table, "external_key"), list::by_id(table, id)]
}

fn listed(filter: &GatheringFilter, order: GatheringOrder) -> ScopedList {
    let mut select = Query::select();
    select.from_as(gathering_scope::Entity, "s").join_as(
        JoinType::InnerJoin,
        gathering::Entity,
        "r",
        Expr::col(("r", gathering::Column::Id)).equals(("s", gathering_scope::Column::GatheringId)),
    );
    in_order::columns::<gathering::Model>(&mut select, "r");
    let sort = sort("s", "gathering_id", order);
    ScopedList { select, condition: condition(filter), scope: Some(("s", "scope_id")), sort }
}

fn condition(filter: &GatheringFilter) -> Condition {
    let col = |column: gathering::Column| Expr::col(("r", column));
    let mut condition = Condition::all();
    if let Some(window) = filter.window {
        condition = condition.add(in_window(window, "s", "r"));
    }
    if !filter.formats.is_empty() {
        condition = condition.add(col(gathering::Column::Format).is_in(filter.formats.iter().map(ToString::to_string)));
    }
    if !filter.statuses.is_empty() {
        condition = condition.add(col(gathering::Column::Status).is_in(filter.statuses.iter().map(ToString::to_string)));
    }
    if !filter.weekdays.is_empty() {
        condition = condition.add(col(gathering::Column::Weekday).is_in(filter.weekdays.iter().map(|day| row::weekday(*day))));
    }
    if !filter.external_ids.is_empty() {
        condition = condition.add(col(gathering::Column::ExternalId).is_in(filter.external_ids.iter().cloned()));
    }
    if !filter.hosts.is_empty() {
        condition = condition.add(hosted(("r", "id"), &filter.hosts));
    }
    condition.add_option(filter.text.as_ref().map(|text| dialect::contains(("r", gathering::Column::SearchText), &fold(text))))
}

/// The gathering's local date lies in the window. The sort instant is bounded as well, widely enough for any offset,
/// because scope rows are indexed by it.
pub(crate) fn in_window(window: Window, scope: &'static str, gathering: &'static str) -> Condition {
    const DAY: i64 = 86_400_000_000;
    let midnight = |date: chrono::NaiveDate| date.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
    Condition::all()
        .add(Expr::col((gathering, gathering::Column::StartDate)).gte(window.from()))
        .add(Expr::col((gathering, gathering::Column::StartDate)).lt(window.to()))
        .add(Expr::col((scope, gathering_scope::Column::SortAt)).gte(midnight(window.from()) - 2 * DAY))
        .add(Expr::col((scope, gathering_scope::Column::SortAt)).lt(midnight(window.to()) + 2 * DAY))
}

/// One of the communities is itself a host of the gathering in the column.
pub(crate) fn hosted(gathering: (&'static str, &'static str), hosts: &[CommunityId]) -> Expr {
    let rows = Query::select()
        .column(gathering_host::Column::GatheringId)
        .from(gathering_host::Entity)
        .and_where(Expr::col(gathering_host::Column::CommunityId).is_in(hosts.iter().map(|host| host.uuid())))
        .take();
    Expr::col(gathering).in_subquery(rows)
}

/// Reads a gathering and keeps others from writing it.
pub async fn lock(write: &Write, id: GatheringId) -> Result<Option<Record>> {
    crate::write::lock::<gathering::Entity>(write, id.uuid()).await?.map(Record::try_from).transpose()
}

/// Reads a gathering, keeps others from writing it, and says whether it has a report. A report that is written at this very
/// moment may be overlooked; another one cannot be added then.
pub async fn lock_with_report(write: &Write, id: GatheringId) -> Result<Option<(Record, bool)>> {
    let of_it = Query::select()
        .column(gathering_report::Column::Id)
        .from(gathering_report::Entity)
        .and_where(
            Expr::col((gathering_report::Entity, gathering_report::Column::GatheringId))
                .equals((gathering::Entity, gathering::Column::Id)),
        )
        .take();
    let found = gathering::Entity::find_by_id(id.uuid())
        .expr_as(Expr::exists(of_it), "has_report")
        .lock_exclusive()
        .into_model::<Reported>()
        .one(write.transaction())
        .await?;
    found.map(|found| Ok((Record::try_from(found.gathering)?, found.has_report))).transpose()
}

/// Reads gatherings and keeps others from writing them; in the order of their ids, so that two writes never wait for each
/// other.
pub async fn lock_many(write: &Write, ids: &[GatheringId]) -> Result<HashMap<GatheringId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let (transaction, of) = (write.transaction(), (gathering::Entity, gathering::Column::Id));
    let asked = gathering::Entity::find().filter(dialect::is_any_id(transaction.get_database_backend(), of, &ids));
    let found = asked.order_by_asc(gathering::Column::Id).lock_exclusive().all(transaction).await?;
    found.into_iter().map(|model| Record::try_from(model).map(|record| (record.id, record))).collect()
}

/// Counts the gatherings that a community hosts itself, alone or with others.
pub async fn count_hosted<C: ConnectionTrait>(connection: &C, community: CommunityId) -> Result<u64> {
    let hosts = gathering_host::Entity::find().filter(gathering_host::Column::CommunityId.eq(community.uuid()));
    Ok(hosts.count(connection).await?)
}

/// Adds gatherings with their parts.
pub async fn add_many(write: &Write, records: &[(Record, GatheringParts)]) -> Result<()> {
    write.insert_all::<gathering::Entity, _>(records.iter().map(|(record, _)| row::model(record)).collect()).await?;
    parts::add_many(write, records.iter().map(|(record, parts)| (record.id, parts))).await
}

/// Writes the status of a gathering at its next revision, at the end of the write. It has to be locked, and nobody reads it
/// before.
pub fn update_status(write: &mut Write, record: &Record) {
    let update = gathering::Entity::update_many()
        .col_expr(gathering::Column::Revision, Expr::value(record.revision))
        .col_expr(gathering::Column::Status, Expr::value(record.status.to_string()))
        .filter(gathering::Column::Id.eq(record.id.uuid()))
        .filter(gathering::Column::Revision.eq(record.revision - 1));
    write.update_last(update);
}

/// Writes a gathering at its next revision, and leaves its parts as they are.
pub async fn update_record(write: &Write, record: &Record) -> Result<()> {
    let id = (gathering::Column::Id, record.id.uuid());
    write.update_at::<gathering::Entity, _>(row::model(record), id, (gathering::Column::Revision, record.revision - 1)).await
}

/// Writes a gathering at its next revision, and its parts anew. Says whether its hosts are others now: its report has
/// then moved with it, which the log has to say as well ([`crate::reports::follow_hosts`]).
#[must_use = "a report moves with its gathering"]
pub async fn update(write: &Write, record: &Record, parts: &GatheringParts) -> Result<bool> {
    update_record(write, record).await?;
    let hosts = parts::load_hosts(write.transaction(), &[record.id]).await?.remove(&record.id).unwrap_or_default();
    parts::remove(write, record.id).await?;
    parts::add_many(write, std::iter::once((record.id, parts))).await?;
    let (was, is): (HashSet<_>, HashSet<_>) = (hosts.iter().collect(), parts.hosts.ids().iter().collect());
    Ok(was != is)
}

/// Removes a gathering with its parts. Its report has to be gone.
pub async fn remove(write: &Write, id: GatheringId) -> Result<()> {
    parts::remove(write, id).await?;
    gathering::Entity::delete_by_id(id.uuid()).exec(write.transaction()).await?;
    Ok(())
}

/// Lets the gatherings that one community hosts be hosted by another, once each, and brings them to their next
/// revisions, which are the answer.
pub async fn rehost(write: &Write, from: CommunityId, to: CommunityId) -> Result<Vec<(GatheringId, Revision)>> {
    let transaction = write.transaction();
    let hosted = |community: CommunityId| {
        Query::select()
            .column(gathering_host::Column::GatheringId)
            .from(gathering_host::Entity)
            .and_where(Expr::col(gathering_host::Column::CommunityId).eq(community.uuid()))
            .take()
    };
    // In the order of their ids, so that two writes never wait for each other crosswise.
    let found = gathering::Entity::find()
        .filter(gathering::Column::Id.in_subquery(hosted(from)))
        .order_by_asc(gathering::Column::Id)
        .lock_exclusive();
    let found = found.all(transaction).await?;
    gathering_host::Entity::update_many()
        .col_expr(gathering_host::Column::CommunityId, Expr::value(to.uuid()))
        .filter(gathering_host::Column::CommunityId.eq(from.uuid()))
        .filter(gathering_host::Column::GatheringId.not_in_subquery(hosted(to)))
        .exec(transaction)
        .await?;
    // Those that both host have the other one already.
    let twice = gathering_host::Entity::delete_many().filter(gathering_host::Column::CommunityId.eq(from.uuid()));
    twice.exec(transaction).await?;
    let ids: Vec<Uuid> = found.iter().map(|gathering| gathering.id).collect();
    for chunk in ids.chunks(500) {
        let of = (gathering::Entity, gathering::Column::Id);
        gathering::Entity::update_many()
            .col_expr(gathering::Column::Revision, Expr::col(gathering::Column::Revision).add(1))
            .filter(dialect::is_any_id(transaction.get_database_backend(), of, chunk))
            .exec(transaction)
            .await?;
    }
    Ok(found.iter().map(|gathering| (GatheringId::from_uuid(gathering.id), gathering.revision + 1)).collect())
}
