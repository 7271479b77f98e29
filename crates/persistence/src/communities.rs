//! Communities and the names they have or had.

use std::collections::HashMap;

use convene_domain::{
    community::{Community, CommunityFilter, CommunityOrder, Profile},
    id::{CommunityId, InstanceId, NetworkId, Within},
    page::{Page, PageRequest, Place},
    place::{Coordinates, Home},
    record::Recorded,
    text::{Cadence, Slug, fold},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, JoinType, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Condition, Expr, ExprTrait, Func, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result, Write,
    column::{self, Row},
    dialect,
    entity::{community, community_scope, community_slug},
    in_order::{self, Cells, InOrder},
    lifecycle,
    list::{self, SCOPE, ScopedList},
    policies,
};

type Record = Recorded<CommunityId, Community>;

impl TryFrom<community::Model> for Record {
    type Error = crate::Error;

    fn try_from(model: community::Model) -> Result<Self> {
        let row = Row { table: "communities", id: model.id };
        let coordinates = match (model.latitude, model.longitude) {
            (Some(latitude), Some(longitude)) => Some(row.check("latitude", Coordinates::try_new(latitude, longitude))?),
            _ => None,
        };
        let time_zone = model
            .time_zone
            .map(|zone| zone.parse::<chrono_tz::Tz>().map_err(|error| convene_domain::Invalid::new(error.to_string())));
        Ok(Self {
            id: CommunityId::from_uuid(model.id),
            revision: model.revision,
            origin: InstanceId::from_uuid(model.origin),
            content: Community {
                network: NetworkId::from_uuid(model.network_id),
                slug: row.parse("slug", &model.slug)?,
                name: row.parse("name", &model.name)?,
                level: row.parse("level", &model.level)?,
                parent: model.parent_id.map(CommunityId::from_uuid),
                home: Home {
                    country: row.parse_opt("country", model.country.as_deref())?,
                    region_code: row.parse_opt("region_code", model.region_code.as_deref())?,
                    region_name: row.parse_opt("region_name", model.region_name.as_deref())?,
                    city: row.parse_opt("city", model.city.as_deref())?,
                    coordinates,
                },
                time_zone: time_zone.map(|zone| row.check("time_zone", zone)).transpose()?,
                founded_on: model.founded_on,
                joined_network_on: model.joined_network_on,
                status: row.parse("status", &model.status)?,
                source_status: row.parse_opt("source_status", model.source_status.as_deref())?,
                members: row.people("members", model.members)?,
                default_audience: row.parse_opt("default_audience", model.default_audience.as_deref())?,
                cadence: model.cadence.map(Cadence::checked_before),
                report_due_days: model.report_due_days.map(|days| row.small("report_due_days", days)).transpose()?,
                provenance: row.parse_opt("provenance", model.provenance.as_deref())?,
                region_method: row.parse_opt("region_method", model.region_method.as_deref())?,
                source_id: row.parse_opt("source_id", model.source_id.as_deref())?,
                source_url: row.parse_opt("source_url", model.source_url.as_deref())?,
                profile: Profile {
                    purpose: row.parse_opt("purpose", model.purpose.as_deref())?,
                    format: row.parse_opt("format", model.format.as_deref())?,
                    languages: row.parse_list("languages", &model.languages)?,
                },
            },
        })
    }
}

pub(crate) fn model(record: &Record) -> community::Model {
    use chrono::Datelike;
    let Community { home, profile, .. } = &record.content;
    let search = [Some(&*record.name), home.city.as_deref(), Some(&*record.slug)];
    community::Model {
        id: record.id.uuid(),
        network_id: record.network.uuid(),
        revision: record.revision,
        origin: record.origin.uuid(),
        slug: record.slug.to_string(),
        name: record.name.to_string(),
        level: record.level.to_string(),
        parent_id: record.parent.map(CommunityId::uuid),
        country: column::text(home.country.as_ref()),
        region_code: column::text(home.region_code.as_ref()),
        region_name: column::text(home.region_name.as_ref()),
        city: column::text(home.city.as_ref()),
        latitude: home.coordinates.map(Coordinates::latitude),
        longitude: home.coordinates.map(Coordinates::longitude),
        time_zone: record.time_zone.map(|zone| zone.name().to_owned()),
        founded_on: record.founded_on,
        founded_year: record.founded_on.map(|day| day.year()),
        joined_network_on: record.joined_network_on,
        status: record.status.to_string(),
        source_status: column::text(record.source_status.as_ref()),
        members: column::count(record.members),
        default_audience: column::text(record.default_audience.as_ref()),
        cadence: column::text(record.cadence.as_ref()),
        report_due_days: record.report_due_days.map(i32::from),
        provenance: column::text(record.provenance.as_ref()),
        region_method: column::text(record.region_method.as_ref()),
        source_id: column::text(record.source_id.as_ref()),
        source_url: column::text(record.source_url.as_ref()),
        purpose: column::text(profile.purpose.as_ref()),
        format: column::text(profile.format.as_ref()),
        languages: column::join(&profile.languages),
        // A line break between the parts, so that no search finds text across two of them.
        search_text: fold(&search.into_iter().flatten().collect::<Vec<_>>().join("\n")),
    }
}

/// Loads communities by identity.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[CommunityId]) -> Result<HashMap<CommunityId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut select = Query::select();
    in_order::columns::<community::Model>(&mut select, "r");
    select.from_as(community::Entity, "r");
    select.and_where(dialect::is_any_id(connection.get_database_backend(), ("r", community::Column::Id), &ids));
    Ok(read_all(connection, &select).await?.into_iter().map(|record| (record.id, record)).collect())
}

/// Finds a community by a slug that it has or had.
pub async fn find_by_slug<C: ConnectionTrait>(connection: &C, network: NetworkId, slug: &str) -> Result<Option<Record>> {
    let name = community_slug::Entity::find_by_id((network.uuid(), slug.to_owned())).one(connection).await?;
    let Some(name) = name else { return Ok(None) };
    let id = CommunityId::from_uuid(name.community_id);
    Ok(load_many(connection, &[id]).await?.remove(&id))
}

/// Loads the communities that each stands under, the widest first, without itself.
pub async fn load_ancestors<C: ConnectionTrait>(
    connection: &C,
    ids: &[CommunityId],
) -> Result<HashMap<CommunityId, Vec<Record>>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let mut select = Query::select();
    in_order::columns::<community::Model>(&mut select, "r");
    select
        .expr_as(Expr::col(("s", community_scope::Column::CommunityId)), SCOPE)
        .from_as(community_scope::Entity, "s")
        .join_as(
            JoinType::InnerJoin,
            community::Entity,
            "r",
            Expr::col(("r", community::Column::Id)).equals(("s", community_scope::Column::ScopeId)),
        )
        .and_where(dialect::is_any_id(connection.get_database_backend(), ("s", community_scope::Column::CommunityId), &ids))
        .and_where(Expr::col(("s", community_scope::Column::ScopeId)).not_equals(("s", community_scope::Column::CommunityId)));
    let mut ancestors: HashMap<CommunityId, Vec<Record>> = HashMap::new();
    for row in connection.query_all(&select).await? {
        let record = Record::try_from(community::Model::read(&mut Cells::of(&row))?)?;
        ancestors.entry(CommunityId::from_uuid(row.try_get("", SCOPE)?)).or_default().push(record);
    }
    for path in ancestors.values_mut() {
        path.sort_by_key(|record| record.level);
    }
    Ok(ancestors)
}

/// Loads the slugs that each community had before the one it has, sorted.
pub async fn load_former_slugs<C: ConnectionTrait>(
    connection: &C,
    ids: &[CommunityId],
) -> Result<HashMap<CommunityId, Vec<Slug>>> {
    let (name, of) = (community_slug::Entity, community::Entity);
    let current = Query::select()
        .expr(Expr::val(1))
        .from(of)
        .and_where(Expr::col((of, community::Column::Id)).equals((name, community_slug::Column::CommunityId)))
        .and_where(Expr::col((of, community::Column::Slug)).equals((name, community_slug::Column::Slug)))
        .take();
    let mut slugs: HashMap<CommunityId, Vec<Slug>> = HashMap::new();
    // An export asks for a whole network at once, and a statement holds only so many values.
    for chunk in ids.chunks(500) {
        let chunk: Vec<Uuid> = chunk.iter().map(|id| id.uuid()).collect();
        let id = (name, community_slug::Column::CommunityId);
        let found = community_slug::Entity::find()
            .filter(dialect::is_any_id(connection.get_database_backend(), id, &chunk))
            .filter(Expr::exists(current.clone()).not())
            .order_by_asc(community_slug::Column::Slug)
            .all(connection)
            .await?;
        for name in found {
            let row = Row { table: "community_slugs", id: name.community_id };
            slugs.entry(CommunityId::from_uuid(name.community_id)).or_default().push(row.parse("slug", &name.slug)?);
        }
    }
    Ok(slugs)
}

/// Loads every slug of a network, current or former, with its community: for import and export.
pub async fn all_slugs<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<Vec<(String, CommunityId)>> {
    let found = community_slug::Entity::find()
        .filter(community_slug::Column::NetworkId.eq(network.uuid()))
        .order_by_asc(community_slug::Column::Slug)
        .all(connection)
        .await?;
    Ok(found.into_iter().map(|name| (name.slug, CommunityId::from_uuid(name.community_id))).collect())
}

/// Loads every community of a network: for import and export.
pub async fn all<C: ConnectionTrait>(connection: &C, network: NetworkId) -> Result<Vec<Record>> {
    read_all(connection, &of_network(network)).await
}

/// Loads the communities of a network, if they are no more than so many.
pub async fn all_up_to<C: ConnectionTrait>(connection: &C, network: NetworkId, limit: usize) -> Result<Option<Vec<Record>>> {
    let found = read_all(connection, of_network(network).limit(limit as u64 + 1)).await?;
    Ok(Some(found).filter(|found| found.len() <= limit))
}

fn of_network(network: NetworkId) -> SelectStatement {
    let mut select = Query::select();
    in_order::columns::<community::Model>(&mut select, "r");
    select.from_as(community::Entity, "r").and_where(Expr::col(("r", community::Column::NetworkId)).eq(network.uuid())).take()
}

async fn read_all<C: ConnectionTrait>(connection: &C, select: &SelectStatement) -> Result<Vec<Record>> {
    let found = connection.query_all(select).await?;
    found.iter().map(|row| Record::try_from(community::Model::read(&mut Cells::of(row))?)).collect()
}

/// Lists the communities under each scope.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    within: &[Within],
    filter: &CommunityFilter,
    order: CommunityOrder,
    page: &PageRequest,
) -> Result<HashMap<Uuid, Page<Record>>> {
    let list = format!("communities.{order}");
    let entry = |cells: &mut Cells<'_>| {
        let model = community::Model::read(cells)?;
        let text = match order {
            CommunityOrder::Name => model.name.clone(),
            CommunityOrder::Slug => model.slug.clone(),
        };
        Ok((Place { list: list.clone(), instant: 0, text, id: model.id }, Record::try_from(model)?))
    };
    listed(filter, order).pages(connection, &list::uuids(within), page, entry).await
}

/// Counts the communities under each scope.
pub async fn count<C: ConnectionTrait>(
    connection: &C,
    within: &[Within],
    filter: &CommunityFilter,
) -> Result<HashMap<Uuid, u64>> {
    listed(filter, CommunityOrder::Slug).counts(connection, &list::uuids(within)).await
}

fn listed(filter: &CommunityFilter, order: CommunityOrder) -> ScopedList {
    let mut select = Query::select();
    select.from_as(community_scope::Entity, "s").join_as(
        JoinType::InnerJoin,
        community::Entity,
        "r",
        Expr::col(("r", community::Column::Id)).equals(("s", community_scope::Column::CommunityId)),
    );
    in_order::columns::<community::Model>(&mut select, "r");
    let column = match order {
        CommunityOrder::Name => community::Column::Name,
        CommunityOrder::Slug => community::Column::Slug,
    };
    let sort = vec![list::by_text("r", column.as_str()), list::by_id("r", community::Column::Id.as_str())];
    ScopedList { select, condition: condition(filter), scope: Some(("s", "scope_id")), sort }
}

fn condition(filter: &CommunityFilter) -> Condition {
    let col = |column: community::Column| Expr::col(("r", column));
    let words = |column, values: Vec<String>| (!values.is_empty()).then(|| col(column).is_in(values));
    let mut condition = Condition::all()
        .add_option(words(community::Column::Level, filter.levels.iter().map(ToString::to_string).collect()))
        .add_option(words(community::Column::Status, filter.statuses.iter().map(ToString::to_string).collect()))
        .add_option(words(community::Column::Country, filter.countries.iter().map(ToString::to_string).collect()))
        .add_option(words(community::Column::RegionCode, filter.region_codes.iter().map(ToString::to_string).collect()))
        .add_option(filter.parent.map(|parent| col(community::Column::ParentId).eq(parent.uuid())))
        .add_option(filter.top.then(|| col(community::Column::ParentId).is_null()))
        .add_option(filter.children.then(|| {
            let above = Func::coalesce([col(community::Column::ParentId), col(community::Column::NetworkId)]);
            Expr::expr(above).eq(Expr::col(("s", community_scope::Column::ScopeId)))
        }))
        .add_option(filter.text.as_ref().map(|text| dialect::contains(("r", community::Column::SearchText), &fold(text))));
    if !filter.founded_years.is_empty() {
        condition = condition.add(col(community::Column::FoundedYear).is_in(filter.founded_years.iter().copied()));
    }
    if let Some(area) = filter.area {
        let (low, high) = (area.south_west(), area.north_east());
        let (east_of, west_of) =
            (col(community::Column::Longitude).gte(low.longitude()), col(community::Column::Longitude).lte(high.longitude()));
        condition = condition
            .add(col(community::Column::Latitude).between(low.latitude(), high.latitude()))
            .add(if area.crosses_date_line() { east_of.or(west_of) } else { east_of.and(west_of) });
    }
    condition
}

/// Reads a community and keeps others from writing it.
pub async fn lock(write: &Write, id: CommunityId) -> Result<Option<Record>> {
    crate::write::lock::<community::Entity>(write, id.uuid()).await?.map(Record::try_from).transpose()
}

/// Reads communities and keeps others from writing them; in the order of their ids, so that two writes never wait for each
/// other.
pub async fn lock_many(write: &Write, ids: &[CommunityId]) -> Result<HashMap<CommunityId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let (transaction, of) = (write.transaction(), (community::Entity, community::Column::Id));
    let asked = community::Entity::find().filter(dialect::is_any_id(transaction.get_database_backend(), of, &ids));
    let found = asked.order_by_asc(community::Column::Id).lock_exclusive().all(transaction).await?;
    found.into_iter().map(|model| Record::try_from(model).map(|record| (record.id, record))).collect()
}

/// Reads the communities right under one, and keeps others from writing them.
pub async fn lock_children(write: &Write, parent: CommunityId) -> Result<Vec<Record>> {
    let children = community::Entity::find()
        .filter(community::Column::ParentId.eq(parent.uuid()))
        .order_by_asc(community::Column::Id)
        .lock_exclusive();
    children.all(write.transaction()).await?.into_iter().map(Record::try_from).collect()
}

/// Adds communities with their slugs. A parent stands before its children.
pub async fn add_many(write: &Write, records: &[Record]) -> Result<()> {
    write.insert_all::<community::Entity, _>(records.iter().map(model).collect()).await?;
    let statuses: Vec<_> = records.iter().map(|record| (record.id, record.status)).collect();
    lifecycle::begin(write, &statuses).await?;
    let names: Vec<_> = records.iter().map(|record| (record.network, record.slug.clone(), record.id)).collect();
    add_slugs(write, &names).await
}

/// Adds slugs that communities have or had.
pub async fn add_slugs(write: &Write, names: &[(NetworkId, Slug, CommunityId)]) -> Result<()> {
    let rows = names.iter().map(|(network, slug, community)| community_slug::Model {
        network_id: network.uuid(),
        slug: slug.to_string(),
        community_id: community.uuid(),
    });
    write.insert_all::<community_slug::Entity, _>(rows.collect()).await
}

/// Writes a community at its next revision. Its slug is not changed by this.
pub async fn update(write: &Write, record: &Record) -> Result<()> {
    let id = (community::Column::Id, record.id.uuid());
    write.update_at::<community::Entity, _>(model(record), id, (community::Column::Revision, record.revision - 1)).await?;
    lifecycle::note(write, record.id, record.status).await
}

/// Lets the slugs of one community lead to another.
pub async fn move_slugs(write: &Write, from: CommunityId, to: CommunityId) -> Result<()> {
    community_slug::Entity::update_many()
        .col_expr(community_slug::Column::CommunityId, Expr::value(to.uuid()))
        .filter(community_slug::Column::CommunityId.eq(from.uuid()))
        .exec(write.transaction())
        .await?;
    Ok(())
}

/// Removes a community that nothing refers to any more, its slugs included.
pub async fn remove(write: &Write, id: CommunityId) -> Result<()> {
    lifecycle::forget(write, id).await?;
    policies::forget(write, id).await?;
    community::Entity::delete_by_id(id.uuid()).exec(write.transaction()).await?;
    Ok(())
}
