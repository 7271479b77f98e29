//! Work sites: loading, listing, writing. Every read takes the rights of whoever asks, and what is read for those who may not
//! write a site has the point that its precision allows, not the one that is stored.

mod assessments;

use std::collections::HashMap;

use convene_domain::{
    access::Rights,
    id::{CommunityId, InstanceId, NetworkId, Within, WorkSiteId},
    page::{Page, PageRequest, Place},
    place::Coordinates,
    record::{Recorded, Revision},
    work_site::{SeenSite, WorkSite, WorkSiteFilter},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

pub use assessments::{
    add as add_assessment, count as count_assessments, load as load_assessments, load_newest as load_newest_assessments,
    remove as remove_assessment,
};

use crate::{
    Result, Write, access,
    column::{self, Row},
    dialect,
    entity::{assessment, community_scope, work_site},
    in_order::{self, Cells, InOrder},
    list::{self, ScopedList},
};

/// What a list of work sites is marked with in cursors.
pub const LIST: &str = "workSites";

type Record = Recorded<WorkSiteId, WorkSite>;

impl TryFrom<work_site::Model> for Record {
    type Error = crate::Error;

    fn try_from(model: work_site::Model) -> Result<Self> {
        let row = Row { table: "work_sites", id: model.id };
        let coordinates = match (model.latitude, model.longitude) {
            (Some(latitude), Some(longitude)) => Some(row.check("latitude", Coordinates::try_new(latitude, longitude))?),
            _ => None,
        };
        Ok(Self {
            id: WorkSiteId::from_uuid(model.id),
            revision: model.revision,
            origin: InstanceId::from_uuid(model.origin),
            content: WorkSite {
                network: NetworkId::from_uuid(model.network_id),
                community: CommunityId::from_uuid(model.community_id),
                name: row.parse("name", &model.name)?,
                country: row.parse_opt("country", model.country.as_deref())?,
                region: row.parse_opt("region", model.region.as_deref())?,
                coordinates,
                precision: row.parse("location_precision", &model.location_precision)?,
                audience: row.parse("audience", &model.audience)?,
            },
        })
    }
}

fn model(record: &Record) -> work_site::Model {
    work_site::Model {
        id: record.id.uuid(),
        network_id: record.network.uuid(),
        revision: record.revision,
        origin: record.origin.uuid(),
        community_id: record.community.uuid(),
        name: record.name.to_string(),
        country: column::text(record.country.as_ref()),
        region: column::text(record.region.as_ref()),
        latitude: record.coordinates.map(Coordinates::latitude),
        longitude: record.coordinates.map(Coordinates::longitude),
        location_precision: record.precision.to_string(),
        audience: record.audience.to_string(),
        removed_at: None,
    }
}

/// What is read of a site: its columns, and whether whoever asks may write it.
fn columns(backend: DbBackend, rights: &Rights) -> SelectStatement {
    let mut select = Query::select();
    in_order::columns::<work_site::Model>(&mut select, "w");
    select.expr(access::writable_site(backend, ("w", "community_id"), rights)).from_as(work_site::Entity, "w");
    select
}

fn read(cells: &mut Cells<'_>) -> Result<SeenSite> {
    let model = work_site::Model::read(cells)?;
    let by_those_who_write = cells.take()?;
    Ok(SeenSite::of(model.try_into()?, by_those_who_write))
}

/// The sites that may be seen.
fn seen(backend: DbBackend, rights: &Rights) -> Condition {
    access::readable_site(backend, ("w", "audience"), ("w", "community_id"), rights)
        .add(Expr::col(("w", work_site::Column::RemovedAt)).is_null())
}

/// Loads sites by identity.
pub async fn load_many<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    ids: &[WorkSiteId],
) -> Result<HashMap<WorkSiteId, SeenSite>> {
    let backend = connection.get_database_backend();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut select = columns(backend, rights);
    select.and_where(dialect::is_any_id(backend, ("w", work_site::Column::Id), &ids)).cond_where(seen(backend, rights));
    let rows = connection.query_all(&select).await?;
    rows.iter().map(|row| read(&mut Cells::of(row)).map(|seen| (seen.site.id, seen))).collect()
}

/// Lists the sites of everything in a place, by name.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    within: Within,
    filter: &WorkSiteFilter,
    page: &PageRequest,
) -> Result<Option<Page<SeenSite>>> {
    let listed = listed_within(connection.get_database_backend(), rights, filter);
    Ok(listed.pages(connection, &[within.uuid()], page, entry).await?.remove(&within.uuid()))
}

/// Counts the sites of everything in a place.
pub async fn count<C: ConnectionTrait>(connection: &C, rights: &Rights, within: Within, filter: &WorkSiteFilter) -> Result<u64> {
    let listed = listed_within(connection.get_database_backend(), rights, filter);
    Ok(listed.counts(connection, &[within.uuid()]).await?.remove(&within.uuid()).unwrap_or_default())
}

/// Lists the sites of communities themselves, by name.
pub async fn list_own<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    communities: &[CommunityId],
    filter: &WorkSiteFilter,
    page: &PageRequest,
) -> Result<HashMap<CommunityId, Page<SeenSite>>> {
    let listed = listed_own(connection.get_database_backend(), rights, filter);
    Ok(by_community(listed.pages(connection, &uuids(communities), page, entry).await?))
}

/// Counts the sites of communities themselves.
pub async fn count_own<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    communities: &[CommunityId],
    filter: &WorkSiteFilter,
) -> Result<HashMap<CommunityId, u64>> {
    let listed = listed_own(connection.get_database_backend(), rights, filter);
    Ok(by_community(listed.counts(connection, &uuids(communities)).await?))
}

fn uuids(communities: &[CommunityId]) -> Vec<Uuid> {
    communities.iter().map(|id| id.uuid()).collect()
}

fn by_community<T>(found: HashMap<Uuid, T>) -> HashMap<CommunityId, T> {
    found.into_iter().map(|(id, it)| (CommunityId::from_uuid(id), it)).collect()
}

fn entry(cells: &mut Cells<'_>) -> Result<(Place, SeenSite)> {
    let seen = read(cells)?;
    let place = Place { list: LIST.to_owned(), instant: 0, text: seen.site.name.to_string(), id: seen.site.id.uuid() };
    Ok((place, seen))
}

fn listed_own(backend: DbBackend, rights: &Rights, filter: &WorkSiteFilter) -> ScopedList {
    let mut condition = seen(backend, rights);
    if !filter.countries.is_empty() {
        let countries = filter.countries.iter().map(ToString::to_string);
        condition = condition.add(Expr::col(("w", work_site::Column::Country)).is_in(countries));
    }
    if let Some(assessed) = &filter.assessed {
        condition = condition.add(assessments::so_assessed(("w", "id"), assessed));
    }
    let sort = vec![list::by_text("w", "name"), list::by_id("w", "id")];
    ScopedList { select: columns(backend, rights), condition, scope: Some(("w", "community_id")), sort }
}

fn listed_within(backend: DbBackend, rights: &Rights, filter: &WorkSiteFilter) -> ScopedList {
    let mut listed = listed_own(backend, rights, filter);
    listed.select.join_as(
        JoinType::InnerJoin,
        community_scope::Entity,
        "s",
        Expr::col(("s", community_scope::Column::CommunityId)).equals(("w", work_site::Column::CommunityId)),
    );
    ScopedList { scope: Some(("s", "scope_id")), ..listed }
}

/// Adds a site.
pub async fn add(write: &Write, record: &Record) -> Result<()> {
    write.insert_all::<work_site::Entity, _>(vec![model(record)]).await
}

/// Reads a site as it is, whoever may see it, and keeps others from writing it.
pub async fn lock(write: &Write, id: WorkSiteId) -> Result<Option<Record>> {
    let found = crate::write::lock::<work_site::Entity>(write, id.uuid()).await?;
    found.filter(|model| model.removed_at.is_none()).map(Record::try_from).transpose()
}

/// Writes a site at its next revision.
pub async fn update(write: &Write, record: &Record) -> Result<()> {
    put(write, model(record)).await
}

/// Removes a site with its assessments, at its next revision. All that is left is of which community it was.
pub async fn remove(write: &Write, record: &Record) -> Result<()> {
    let of = assessment::Entity::delete_many().filter(assessment::Column::WorkSiteId.eq(record.id.uuid()));
    of.exec(write.transaction()).await?;
    let left = work_site::Model {
        name: String::new(),
        country: None,
        region: None,
        latitude: None,
        longitude: None,
        removed_at: Some(write.recorded_at()),
        ..model(record)
    };
    put(write, left).await
}

async fn put(write: &Write, row: work_site::Model) -> Result<()> {
    let (id, revision) = ((work_site::Column::Id, row.id), (work_site::Column::Revision, row.revision - 1));
    write.update_at::<work_site::Entity, _>(row, id, revision).await
}

/// Lets the sites of a community be those of another one, each at its next revision. Answers which they are.
pub async fn rehost(write: &Write, from: CommunityId, to: CommunityId) -> Result<Vec<(WorkSiteId, Revision)>> {
    let of = || work_site::Column::CommunityId.eq(from.uuid());
    let there = work_site::Entity::find().filter(of()).filter(work_site::Column::RemovedAt.is_null());
    let there = there.order_by_asc(work_site::Column::Id).lock_exclusive().all(write.transaction()).await?;
    work_site::Entity::update_many()
        .col_expr(work_site::Column::Revision, Expr::col(work_site::Column::Revision).add(1))
        .filter(of())
        .filter(work_site::Column::RemovedAt.is_null())
        .exec(write.transaction())
        .await?;
    // What is left of those that were removed goes along.
    work_site::Entity::update_many()
        .col_expr(work_site::Column::CommunityId, Expr::value(to.uuid()))
        .filter(of())
        .exec(write.transaction())
        .await?;
    Ok(there.into_iter().map(|model| (WorkSiteId::from_uuid(model.id), model.revision + 1)).collect())
}
