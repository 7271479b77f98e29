//! The terms of vocabularies.

use std::collections::HashMap;

use convene_domain::{
    id::{InstanceId, NetworkId, TermId},
    network::Term,
    record::Recorded,
};
use sea_orm::{ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{Result, Write, column::Row, dialect, entity::term};

type Record = Recorded<TermId, Term>;

impl TryFrom<term::Model> for Record {
    type Error = crate::Error;

    fn try_from(model: term::Model) -> Result<Self> {
        let row = Row { table: "terms", id: model.id };
        Ok(Self {
            id: TermId::from_uuid(model.id),
            revision: model.revision,
            origin: InstanceId::from_uuid(model.origin),
            content: Term {
                network: NetworkId::from_uuid(model.network_id),
                kind: row.parse("kind", &model.kind)?,
                code: row.parse("code", &model.code)?,
                label: row.parse("label", &model.label)?,
                order: model.sort_order,
                retired: model.retired,
            },
        })
    }
}

fn model(record: &Record) -> term::Model {
    term::Model {
        id: record.id.uuid(),
        network_id: record.network.uuid(),
        revision: record.revision,
        origin: record.origin.uuid(),
        kind: record.kind.to_string(),
        code: record.code.to_string(),
        label: record.label.to_string(),
        sort_order: record.order,
        retired: record.retired,
    }
}

/// Loads terms by identity.
pub async fn load_many<C: ConnectionTrait>(connection: &C, ids: &[TermId]) -> Result<HashMap<TermId, Record>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let id = dialect::is_any_id(connection.get_database_backend(), (term::Entity, term::Column::Id), &ids);
    let found = term::Entity::find().filter(id).all(connection).await?;
    found.into_iter().map(|model| Record::try_from(model).map(|record| (record.id, record))).collect()
}

/// Loads the vocabulary of each network, sorted by kind, order and code.
pub async fn load_by_network<C: ConnectionTrait>(
    connection: &C,
    networks: &[NetworkId],
) -> Result<HashMap<NetworkId, Vec<Record>>> {
    let ids: Vec<Uuid> = networks.iter().map(|id| id.uuid()).collect();
    let found = term::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), (term::Entity, term::Column::NetworkId), &ids))
        .all(connection)
        .await?;
    let mut terms: HashMap<NetworkId, Vec<Record>> = HashMap::new();
    for model in found {
        let record = Record::try_from(model)?;
        terms.entry(record.network).or_default().push(record);
    }
    // Kinds sort as they are defined, not by the letters of their names.
    for vocabulary in terms.values_mut() {
        vocabulary.sort_by(|a, b| (a.kind, a.order, &a.code).cmp(&(b.kind, b.order, &b.code)));
    }
    Ok(terms)
}

/// Reads a term and keeps others from writing it.
pub async fn lock(write: &Write, id: TermId) -> Result<Option<Record>> {
    crate::write::lock::<term::Entity>(write, id.uuid()).await?.map(Record::try_from).transpose()
}

/// Adds terms.
pub async fn add_many(write: &Write, records: &[Record]) -> Result<()> {
    write.insert_all::<term::Entity, _>(records.iter().map(model).collect()).await
}

/// Writes a term at its next revision.
pub async fn update(write: &Write, record: &Record) -> Result<()> {
    let id = (term::Column::Id, record.id.uuid());
    write.update_at::<term::Entity, _>(model(record), id, (term::Column::Revision, record.revision - 1)).await
}
