//! Gathering reports: loading, listing, writing. Every read takes the rights of whoever asks.

mod around;
mod items;
mod parts;

use std::collections::{HashMap, HashSet};

use convene_domain::{
    access::Rights,
    change::{ChangeKind, EntityType, NewChange},
    gathering::GatheringOrder,
    id::{CommunityId, GatheringId, InstanceId, NetworkId, ReportId, Within},
    page::{Page, PageRequest, Place},
    record::{Recorded, Revision},
    report::{AttendancePart, GatheringReport, ReportFilter, ReportParts, Tags},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query},
};
use uuid::Uuid;

pub use around::{Surrounded, load_surrounded};
pub use items::{append as append_items, load_by_report as load_items, load_many as load_items_by_id, put as put_items};
pub use parts::{load_attendance, load_tags};

use crate::{
    Result, Write, access,
    column::{self, Row},
    dialect,
    entity::{attendance_part, gathering, gathering_report, report_item, report_scope, report_tag},
    gatherings,
    in_order::{self, Cells, InOrder},
    list::{self, ScopedList},
};

type Record = Recorded<ReportId, GatheringReport>;

impl TryFrom<gathering_report::Model> for Record {
    type Error = crate::Error;

    fn try_from(model: gathering_report::Model) -> Result<Self> {
        let row = Row { table: "gathering_reports", id: model.id };
        Ok(Self {
            id: ReportId::from_uuid(model.id),
            revision: model.revision,
            origin: InstanceId::from_uuid(model.origin),
            content: GatheringReport {
                network: NetworkId::from_uuid(model.network_id),
                gathering: GatheringId::from_uuid(model.gathering_id),
                external_id: row.parse_opt("external_id", model.external_id.as_deref())?,
                status: row.parse("status", &model.status)?,
                audience: row.parse("audience", &model.audience)?,
                submitted_at: model.submitted_at,
                attendance: row.people("attendance", model.attendance)?,
            },
        })
    }
}

fn model(record: &Record) -> gathering_report::Model {
    gathering_report::Model {
        id: record.id.uuid(),
        network_id: record.network.uuid(),
        revision: record.revision,
        origin: record.origin.uuid(),
        gathering_id: record.gathering.uuid(),
        external_id: column::text(record.external_id.as_ref()),
        status: record.status.to_string(),
        audience: record.audience.to_string(),
        submitted_at: record.submitted_at,
        attendance: column::count(record.attendance),
    }
}

/// Loads reports by identity.
pub async fn load_many<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    ids: &[ReportId],
) -> Result<HashMap<ReportId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = readable(connection, rights, gathering_report::Column::Id, &ids).await?;
    found.into_iter().map(|model| Record::try_from(model).map(|record| (record.id, record))).collect()
}

/// Loads the reports of gatherings.
pub async fn load_by_gathering<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    ids: &[GatheringId],
) -> Result<HashMap<GatheringId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = readable(connection, rights, gathering_report::Column::GatheringId, &ids).await?;
    found.into_iter().map(|model| Record::try_from(model).map(|record| (record.gathering, record))).collect()
}

async fn readable<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    column: gathering_report::Column,
    ids: &[Uuid],
) -> Result<Vec<gathering_report::Model>> {
    let mut select = Query::select();
    in_order::columns::<gathering_report::Model>(&mut select, "r");
    select
        .from_as(gathering_report::Entity, "r")
        .and_where(dialect::is_any_id(connection.get_database_backend(), ("r", column), ids))
        .cond_where(access::readable(connection.get_database_backend(), ("r", "id"), rights));
    connection.query_all(&select).await?.iter().map(|row| Ok(gathering_report::Model::read(&mut Cells::of(row))?)).collect()
}

/// Finds of which gatherings the reports with these external ids are, in any of the networks.
pub async fn find_by_external_ids<C: ConnectionTrait>(
    connection: &C,
    networks: &[NetworkId],
    external_ids: &[&str],
) -> Result<Vec<(NetworkId, String, GatheringId)>> {
    let networks: Vec<Uuid> = networks.iter().map(|id| id.uuid()).collect();
    let mut found = Vec::new();
    for chunk in external_ids.chunks(500) {
        let rows: Vec<(Uuid, String, Uuid)> = gathering_report::Entity::find()
            .select_only()
            .columns([
                gathering_report::Column::NetworkId,
                gathering_report::Column::ExternalId,
                gathering_report::Column::GatheringId,
            ])
            .filter(gathering_report::Column::NetworkId.is_in(networks.iter().copied()))
            .filter(gathering_report::Column::ExternalId.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|(network, key, id)| (NetworkId::from_uuid(network), key, GatheringId::from_uuid(id))));
    }
    Ok(found)
}

/// Loads every report of a network, for import and export, in the order of the gatherings' export.
pub async fn all<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<Vec<Record>> {
    let found = gathering_report::Entity::find()
        .join(
            JoinType::InnerJoin,
            gathering_report::Entity::belongs_to(gathering::Entity)
                .from(gathering_report::Column::GatheringId)
                .to(gathering::Column::Id)
                .into(),
        )
        .filter(gathering_report::Column::NetworkId.eq(network.uuid()))
        .order_by_asc(gathering::Column::SortAt)
        .order_by_asc(gathering::Column::ExternalId)
        .order_by_asc(gathering::Column::Id)
        .all(connection)
        .await?;
    found.into_iter().map(Record::try_from).collect()
}

/// Lists the reports of gatherings under each scope, sorted by the gathering.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    within: &[Within],
    filter: &ReportFilter,
    order: GatheringOrder,
    page: &PageRequest,
) -> Result<HashMap<Uuid, Page<Record>>> {
    let list = format!("reports.{order}");
    let entry = |cells: &mut Cells<'_>| {
        let report = gathering_report::Model::read(cells)?;
        let place = Place { list: list.clone(), instant: cells.take()?, text: cells.take()?, id: report.id };
        Ok((place, Record::try_from(report)?))
    };
    listed(connection.get_database_backend(), rights, filter, order).pages(connection, &list::uuids(within), page, entry).await
}

/// Counts the reports of gatherings under each scope.
pub async fn count<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    within: &[Within],
    filter: &ReportFilter,
) -> Result<HashMap<Uuid, u64>> {
    listed(connection.get_database_backend(), rights, filter, GatheringOrder::NewestFirst)
        .counts(connection, &list::uuids(within))
        .await
}

fn listed(backend: DbBackend, rights: &Rights, filter: &ReportFilter, order: GatheringOrder) -> ScopedList {
    let mut condition = access::readable(backend, ("s", "report_id"), rights);
    if !filter.statuses.is_empty() {
        condition =
            condition.add(Expr::col(("s", report_scope::Column::Status)).is_in(filter.statuses.iter().map(ToString::to_string)));
    }
    if !filter.hosts.is_empty() {
        condition = condition.add(gatherings::hosted(("s", "gathering_id"), &filter.hosts));
    }
    if !filter.items.is_empty() {
        condition = condition.add(items::has_item(backend, ("s", "report_id"), rights, &filter.items));
    }
    let mut select = Query::select();
    select.from_as(report_scope::Entity, "s").join_as(
        JoinType::InnerJoin,
        gathering_report::Entity,
        "r",
        Expr::col(("r", gathering_report::Column::Id)).equals(("s", report_scope::Column::ReportId)),
    );
    if let Some(window) = filter.window {
        select.join_as(
            JoinType::InnerJoin,
            gathering::Entity,
            "g",
            Expr::col(("g", gathering::Column::Id)).equals(("s", report_scope::Column::GatheringId)),
        );
        condition = condition.add(gatherings::in_window(window, "s", "g"));
    }
    in_order::columns::<gathering_report::Model>(&mut select, "r");
    select.column(("s", report_scope::Column::SortAt)).column(("s", report_scope::Column::ExternalKey));
    let sort = gatherings::sort("s", "report_id", order);
    ScopedList { select, condition, scope: Some(("s", "scope_id")), sort }
}

/// Adds reports with their parts.
pub async fn add_many(write: &Write, records: &[(Record, ReportParts)]) -> Result<()> {
    write.insert_all::<gathering_report::Entity, _>(records.iter().map(|(record, _)| model(record)).collect()).await?;
    let parts_of = records.iter().map(|(record, parts)| (record.id, parts.attendance.parts(), &parts.tags));
    parts::add_many(write, parts_of).await?;
    let items = items::rows(records.iter().map(|(record, parts)| (record.id, parts.items.as_slice())));
    write.insert_all::<report_item::Entity, _>(items).await
}

/// Adds a report with its parts, at the end of the write: nobody reads it before.
pub fn add(write: &mut Write, record: &Record, parts: &ReportParts) {
    let (attendance, tags) = parts::rows(std::iter::once((record.id, parts.attendance.parts(), &parts.tags)));
    write.insert_last::<gathering_report::Entity, _>(vec![model(record)]);
    write.insert_last::<attendance_part::Entity, _>(attendance);
    write.insert_last::<report_tag::Entity, _>(tags);
    write.insert_last::<report_item::Entity, _>(items::rows(std::iter::once((record.id, parts.items.as_slice()))));
}

/// Reads a report, whoever may, and keeps others from writing it.
pub async fn lock(write: &Write, id: ReportId) -> Result<Option<Record>> {
    crate::write::lock::<gathering_report::Entity>(write, id.uuid()).await?.map(Record::try_from).transpose()
}

/// Reads the report of a gathering, whoever may, and keeps others from writing it.
pub async fn lock_of(write: &Write, gathering: GatheringId) -> Result<Option<Record>> {
    let of = gathering_report::Entity::find().filter(gathering_report::Column::GatheringId.eq(gathering.uuid()));
    of.lock_exclusive().one(write.transaction()).await?.map(Record::try_from).transpose()
}

/// Writes a report at its next revision, and leaves its parts as they are.
pub async fn update_record(write: &Write, record: &Record) -> Result<()> {
    let id = (gathering_report::Column::Id, record.id.uuid());
    let revision = (gathering_report::Column::Revision, record.revision - 1);
    write.update_at::<gathering_report::Entity, _>(model(record), id, revision).await
}

/// Writes attendance, outcomes and functions of a report anew.
pub async fn put_parts(write: &Write, id: ReportId, attendance: &[AttendancePart], tags: &Tags) -> Result<()> {
    parts::remove(write, id).await?;
    parts::add_many(write, std::iter::once((id, attendance, tags))).await
}

/// Writes a report at its next revision, and its parts anew. Items keep their identity by their order.
pub async fn update(write: &Write, record: &Record, parts: &ReportParts) -> Result<()> {
    update_record(write, record).await?;
    put_parts(write, record.id, parts.attendance.parts(), &parts.tags).await?;
    items::replace(write, record.id, &parts.items).await
}

/// Notes that the report of a gathering, if there is one, has moved with it to other hosts: at its next revision, which
/// is the answer.
pub async fn follow_hosts(write: &mut Write, gathering: GatheringId) -> Result<Option<(ReportId, Revision)>> {
    let Some(mut record) = lock_of(write, gathering).await? else { return Ok(None) };
    record.revision += 1;
    update_record(write, &record).await?;
    let (entity, revision) = (record.id.uuid(), record.revision);
    let change =
        NewChange { kind: ChangeKind::Moved, entity_type: EntityType::GatheringReport, entity, revision, occurred_at: None };
    write.record(record.network, change);
    Ok(Some((record.id, revision)))
}

/// Notes that the reports of these gatherings have moved with them to other hosts, and lets what all reports say of one
/// host be said of the other; each report at its next revision.
pub async fn rehost(write: &mut Write, gatherings: &[GatheringId], from: CommunityId, to: CommunityId) -> Result<()> {
    let backend = write.transaction().get_database_backend();
    let moved: HashSet<Uuid> = gatherings.iter().map(|id| id.uuid()).collect();
    let mut found = gathering_report::Entity::find()
        .filter(gathering_report::Column::Id.in_subquery(items::of_host(from)))
        .order_by_asc(gathering_report::Column::Id)
        .lock_exclusive()
        .all(write.transaction())
        .await?;
    found.retain(|report| !moved.contains(&report.gathering_id));
    let ids: Vec<Uuid> = moved.iter().copied().collect();
    for chunk in ids.chunks(500) {
        let of = (gathering_report::Entity, gathering_report::Column::GatheringId);
        let of_gatherings = gathering_report::Entity::find().filter(dialect::is_any_id(backend, of, chunk));
        let of_gatherings = of_gatherings.order_by_asc(gathering_report::Column::Id).lock_exclusive();
        found.extend(of_gatherings.all(write.transaction()).await?);
    }
    items::rehost(write, from, to).await?;
    let ids: Vec<Uuid> = found.iter().map(|report| report.id).collect();
    for chunk in ids.chunks(500) {
        gathering_report::Entity::update_many()
            .col_expr(gathering_report::Column::Revision, Expr::col(gathering_report::Column::Revision).add(1))
            .filter(dialect::is_any_id(backend, (gathering_report::Entity, gathering_report::Column::Id), chunk))
            .exec(write.transaction())
            .await?;
    }
    for report in found {
        let kind = if moved.contains(&report.gathering_id) { ChangeKind::Moved } else { ChangeKind::Updated };
        let (entity, revision) = (report.id, report.revision + 1);
        let change = NewChange { kind, entity_type: EntityType::GatheringReport, entity, revision, occurred_at: None };
        write.record(NetworkId::from_uuid(report.network_id), change);
    }
    Ok(())
}

/// Removes a report with its parts.
pub async fn remove(write: &Write, id: ReportId) -> Result<()> {
    parts::remove(write, id).await?;
    items::remove(write, id).await?;
    gathering_report::Entity::delete_by_id(id.uuid()).exec(write.transaction()).await?;
    Ok(())
}
