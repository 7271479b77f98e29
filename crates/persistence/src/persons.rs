//! Where people are named in reports: as who told something, as who is to do something, or in the text of an item.

use std::collections::BTreeSet;

use convene_domain::{
    id::{ItemId, NetworkId, ReportId},
    record::Revision,
    report::NamedAs,
    text::{Text, fold_name, folded_forms},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result, Write, dialect,
    entity::{gathering_report, report_item},
};

/// An item that names a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The item.
    pub item: ItemId,
    /// Its report.
    pub report: ReportId,
    /// As what the person is named in it.
    pub named_as: Vec<NamedAs>,
    /// What it says.
    pub text: String,
}

const NAMES: [report_item::Column; 2] = [report_item::Column::Contributor, report_item::Column::Owner];

/// The ways in which a name is written as who told something or is to do it: with these capitals or others, with more blanks or
/// fewer, its letters composed or not. Folded here because the databases fold other scripts than ours differently.
async fn spellings<C: ConnectionTrait>(connection: &C, network: NetworkId, name: &str) -> Result<Vec<String>> {
    let wanted = fold_name(name);
    let mut found = BTreeSet::new();
    for column in NAMES {
        let mut select = Query::select();
        select
            .distinct()
            .column((report_item::Entity, column))
            .from(report_item::Entity)
            .and_where(Expr::col((report_item::Entity, column)).is_not_null())
            .and_where(Expr::col((report_item::Entity, report_item::Column::ReportId)).in_subquery(reports_of(network)));
        for row in connection.query_all(&select).await? {
            let written: String = row.try_get_by_index(0)?;
            if fold_name(&written) == wanted {
                found.insert(written);
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn reports_of(network: NetworkId) -> SelectStatement {
    Query::select()
        .column(gathering_report::Column::Id)
        .from(gathering_report::Entity)
        .and_where(gathering_report::Column::NetworkId.eq(network.uuid()))
        .take()
}

/// The item names one of these.
fn names_any(spellings: &[String]) -> Expr {
    let [told, does] = NAMES.map(|column| Expr::col((report_item::Entity, column)).is_in(spellings.iter().cloned()));
    told.or(does)
}

#[derive(FromQueryResult)]
struct TraceRow {
    id: Uuid,
    report_id: Uuid,
    contributor: Option<String>,
    owner: Option<String>,
    body: String,
    search_text: String,
}

/// Lists the items that name a person, in the order of their ids, after one of them, at most `limit`.
pub async fn list<C: ConnectionTrait>(
    connection: &C,
    network: NetworkId,
    name: &Text,
    after: Option<ItemId>,
    limit: u64,
) -> Result<Vec<Trace>> {
    let (spellings, forms) = (spellings(connection, network, name).await?, folded_forms(name));
    let column = |column: report_item::Column| (report_item::Entity, column);
    let told = forms
        .iter()
        .fold(names_any(&spellings), |any, form| any.or(dialect::contains(column(report_item::Column::SearchText), form)));
    let mut select = Query::select();
    select
        .columns(
            [
                report_item::Column::Id,
                report_item::Column::ReportId,
                report_item::Column::Contributor,
                report_item::Column::Owner,
                report_item::Column::Body,
                report_item::Column::SearchText,
            ]
            .map(column),
        )
        .from(report_item::Entity)
        .and_where(Expr::col(column(report_item::Column::ReportId)).in_subquery(reports_of(network)))
        .and_where(told)
        .and_where_option(after.map(|after| Expr::col(column(report_item::Column::Id)).gt(after.uuid())))
        .order_by(column(report_item::Column::Id), Order::Asc)
        .limit(limit);
    let rows = connection.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let row = TraceRow::from_query_result(row, "")?;
            let is = |written: &Option<String>| written.as_ref().is_some_and(|written| spellings.contains(written));
            let places = [
                (NamedAs::Contributor, is(&row.contributor)),
                (NamedAs::Owner, is(&row.owner)),
                (NamedAs::Text, forms.iter().any(|form| row.search_text.contains(form))),
            ];
            Ok(Trace {
                item: ItemId::from_uuid(row.id),
                report: ReportId::from_uuid(row.report_id),
                named_as: places.into_iter().filter(|(_, so)| *so).map(|(place, _)| place).collect(),
                text: row.body,
            })
        })
        .collect()
}

/// Takes a name out of all items whose contributor or owner it is, and brings their reports to their next revisions, which are
/// the answer.
pub async fn erase(write: &Write, network: NetworkId, name: &Text) -> Result<Vec<(ReportId, Revision)>> {
    let connection = write.transaction();
    let spellings = spellings(connection, network, name).await?;
    if spellings.is_empty() {
        return Ok(Vec::new());
    }
    let naming =
        Query::select().column(report_item::Column::ReportId).from(report_item::Entity).and_where(names_any(&spellings)).take();
    let locked: Vec<(Uuid, Revision)> = gathering_report::Entity::find()
        .select_only()
        .columns([gathering_report::Column::Id, gathering_report::Column::Revision])
        .filter(gathering_report::Column::NetworkId.eq(network.uuid()))
        .filter(Expr::col((gathering_report::Entity, gathering_report::Column::Id)).in_subquery(naming))
        .order_by_asc(gathering_report::Column::Id)
        .lock_exclusive()
        .into_tuple()
        .all(connection)
        .await?;
    let ids: Vec<Uuid> = locked.iter().map(|(id, _)| *id).collect();
    let backend = connection.get_database_backend();
    for ids in ids.chunks(8_192) {
        for column in NAMES {
            report_item::Entity::update_many()
                .col_expr(column, Expr::value(Option::<String>::None))
                .filter(column.is_in(spellings.iter().cloned()))
                .filter(dialect::is_any_id(backend, (report_item::Entity, report_item::Column::ReportId), ids))
                .exec(connection)
                .await?;
        }
        gathering_report::Entity::update_many()
            .col_expr(gathering_report::Column::Revision, Expr::col(gathering_report::Column::Revision).add(1_i64))
            .filter(dialect::is_any_id(backend, (gathering_report::Entity, gathering_report::Column::Id), ids))
            .exec(connection)
            .await?;
    }
    Ok(locked.into_iter().map(|(id, revision)| (ReportId::from_uuid(id), revision + 1)).collect())
}
