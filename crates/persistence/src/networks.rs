//! Networks.

use std::collections::HashMap;

use convene_domain::{
    id::{InstanceId, NetworkId},
    network::Network,
    page::{Page, PageRequest, Place},
    record::Recorded,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, IdenStatic, QueryFilter,
    sea_query::{Condition, Query},
};
use uuid::Uuid;

use crate::{
    Result, Write,
    column::{self, Row},
    dialect,
    entity::{network, network_head},
    in_order::{self, Cells, InOrder},
    list::{self, ScopedList},
};

type Record = Recorded<NetworkId, Network>;

const LIST: &str = "networks";

impl TryFrom<network::Model> for Record {
    type Error = crate::Error;

    fn try_from(model: network::Model) -> Result<Self> {
        let row = Row { table: "networks", id: model.id };
        Ok(Self {
            id: NetworkId::from_uuid(model.id),
            revision: model.revision,
            origin: InstanceId::from_uuid(model.origin),
            content: Network {
                slug: row.parse("slug", &model.slug)?,
                name: row.parse("name", &model.name)?,
                source_url: row.parse_opt("source_url", model.source_url.as_deref())?,
                languages: row.parse_list("languages", &model.languages)?,
            },
        })
    }
}

fn model(record: &Record) -> network::Model {
    network::Model {
        id: record.id.uuid(),
        revision: record.revision,
        origin: record.origin.uuid(),
        slug: record.slug.to_string(),
        name: record.name.to_string(),
        source_url: column::text(record.source_url.as_ref()),
        languages: column::join(&record.languages),
    }
}

/// Loads networks by identity.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[NetworkId]) -> Result<HashMap<NetworkId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = network::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), (network::Entity, network::Column::Id), &ids))
        .all(connection)
        .await?;
    found.into_iter().map(|model| Record::try_from(model).map(|record| (record.id, record))).collect()
}

/// Finds a network by its slug.
pub async fn find_by_slug<C: ConnectionTrait>(connection: &C, slug: &str) -> Result<Option<Record>> {
    network::Entity::find().filter(network::Column::Slug.eq(slug)).one(connection).await?.map(Record::try_from).transpose()
}

/// Loads every network, sorted by slug: for import and export.
pub async fn all<C: ConnectionTrait>(connection: &C) -> Result<Vec<Record>> {
    use sea_orm::QueryOrder;
    let found = network::Entity::find().order_by_asc(network::Column::Slug).all(connection).await?;
    found.into_iter().map(Record::try_from).collect()
}

/// Lists networks by slug.
pub async fn list<C: ConnectionTrait>(connection: &C, page: &PageRequest) -> Result<Page<Record>> {
    let entry = |cells: &mut Cells<'_>| {
        let model = network::Model::read(cells)?;
        let place = Place { list: LIST.to_owned(), instant: 0, text: model.slug.clone(), id: model.id };
        Ok((place, Record::try_from(model)?))
    };
    let pages = everything().pages(connection, &[Uuid::nil()], page, entry).await?;
    Ok(pages.into_values().next().unwrap_or_else(Page::empty))
}

/// Counts the networks.
pub async fn count<C: ConnectionTrait>(connection: &C) -> Result<u64> {
    use sea_orm::PaginatorTrait;
    Ok(network::Entity::find().count(connection).await?)
}

/// All networks stand under no scope.
fn everything() -> ScopedList {
    let mut select = Query::select();
    select.from_as(network::Entity, "r");
    in_order::columns::<network::Model>(&mut select, "r");
    let sort = vec![list::by_text("r", network::Column::Slug.as_str()), list::by_id("r", network::Column::Id.as_str())];
    ScopedList { select, condition: Condition::all(), scope: None, sort }
}

/// Reads a network and keeps others from writing it.
pub async fn lock(write: &Write, id: NetworkId) -> Result<Option<Record>> {
    crate::write::lock::<network::Entity>(write, id.uuid()).await?.map(Record::try_from).transpose()
}

/// Adds networks, each with an empty log.
pub async fn add_many(write: &Write, records: &[Record]) -> Result<()> {
    write.insert_all::<network::Entity, _>(records.iter().map(model).collect()).await?;
    let heads = records.iter().map(|record| network_head::Model {
        network_id: record.id.uuid(),
        position: 0,
        change_id: None,
        epoch: 1,
        pruned_to: 0,
    });
    write.insert_all::<network_head::Entity, _>(heads.collect()).await
}

/// Writes a network at its next revision.
pub async fn update(write: &Write, record: &Record) -> Result<()> {
    let id = (network::Column::Id, record.id.uuid());
    write.update_at::<network::Entity, _>(model(record), id, (network::Column::Revision, record.revision - 1)).await
}
