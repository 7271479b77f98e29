//! The items of reports.

use std::collections::HashMap;

use convene_domain::{
    access::Rights,
    id::{CommunityId, ItemId, ReportId},
    report::{ItemDetail, ItemFields, ItemFilter, ItemKind, ReportItem},
    text::fold,
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result, Write, access,
    column::{self, Row},
    dialect,
    entity::report_item,
    in_order::{self, Cells, InOrder},
};

type Numbered = (ItemId, ReportItem);

fn item(model: &report_item::Model) -> Result<Numbered> {
    let row = Row { table: "report_items", id: model.id };
    let kind: ItemKind = row.parse("kind", &model.kind)?;
    let fields = ItemFields {
        activity_kind: row.parse_opt("activity_kind", model.activity_kind.as_deref())?,
        severity: row.parse_opt("severity", model.severity.as_deref())?,
        owner: row.parse_opt("owner", model.owner.as_deref())?,
        due_on: model.due_on,
        state: row.parse_opt("state", model.state.as_deref())?,
    };
    let detail = fields.into_detail(kind).or_else(|(field, reason)| row.check(field, Err(reason)))?;
    let item = ReportItem {
        detail,
        text: row.parse("body", &model.body)?,
        theme: row.parse_opt("theme", model.theme.as_deref())?,
        contributor: row.parse_opt("contributor", model.contributor.as_deref())?,
        host: model.host_id.map(CommunityId::from_uuid),
        confidential: model.confidential,
    };
    Ok((ItemId::from_uuid(model.id), item))
}

fn model(id: Uuid, report: ReportId, ordinal: i32, item: &ReportItem) -> report_item::Model {
    let (owner, due_on, state) = match &item.detail {
        ItemDetail::NextStep { owner, due_on, state } => (owner.as_ref(), *due_on, Some(state)),
        _ => (None, None, None),
    };
    report_item::Model {
        id,
        report_id: report.uuid(),
        ordinal,
        kind: item.detail.kind().to_string(),
        activity_kind: column::text(item.detail.activity_kind().as_ref()),
        body: item.text.to_string(),
        search_text: fold(&item.text),
        theme: column::text(item.theme.as_ref()),
        severity: column::text(item.detail.severity().as_ref()),
        contributor: column::text(item.contributor.as_ref()),
        host_id: item.host.map(CommunityId::uuid),
        owner: column::text(owner),
        due_on,
        state: column::text(state),
        confidential: item.confidential,
    }
}

/// Loads the items of reports that pass the filter and may be read, in order. Whether the report may be read is for
/// the caller to have asked.
pub async fn load_by_report<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    filter: &ItemFilter,
    ids: &[ReportId],
) -> Result<HashMap<ReportId, Vec<Numbered>>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let of = (report_item::Entity, report_item::Column::ReportId);
    let mut select = Query::select();
    in_order::columns::<report_item::Model>(&mut select, "report_items");
    select
        .from(report_item::Entity)
        .and_where(dialect::is_any_id(connection.get_database_backend(), of, &ids))
        .cond_where(condition(connection.get_database_backend(), rights, filter))
        .order_by((report_item::Entity, report_item::Column::Ordinal), Order::Asc);
    let mut items: HashMap<ReportId, Vec<Numbered>> = HashMap::new();
    for row in connection.query_all(&select).await? {
        let model = report_item::Model::read(&mut Cells::of(&row))?;
        items.entry(ReportId::from_uuid(model.report_id)).or_default().push(item(&model)?);
    }
    Ok(items)
}

/// Loads items by identity, each with its report. Whether the report may be read is for the caller to ask.
pub async fn load_many<C: ConnectionTrait>(
    connection: &C,
    rights: &Rights,
    ids: &[ItemId],
) -> Result<HashMap<ItemId, (ReportId, ReportItem)>> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = report_item::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), (report_item::Entity, report_item::Column::Id), &ids))
        .filter(condition(connection.get_database_backend(), rights, &ItemFilter::default()))
        .all(connection)
        .await?;
    found
        .into_iter()
        .map(|model| {
            let (id, item) = item(&model)?;
            Ok((id, (ReportId::from_uuid(model.report_id), item)))
        })
        .collect()
}

/// The report in the column has an item which passes the filter and may be read.
pub(super) fn has_item(backend: DbBackend, report: (&'static str, &'static str), rights: &Rights, filter: &ItemFilter) -> Expr {
    let items = Query::select()
        .expr(Expr::val(1))
        .from(report_item::Entity)
        .and_where(Expr::col((report_item::Entity, report_item::Column::ReportId)).equals(report))
        .cond_where(condition(backend, rights, filter))
        .take();
    Expr::exists(items)
}

fn condition(backend: DbBackend, rights: &Rights, filter: &ItemFilter) -> Condition {
    let any = |column: report_item::Column, values: Vec<String>| {
        (!values.is_empty()).then(|| Expr::col((report_item::Entity, column)).is_in(values))
    };
    let text = filter.text.as_ref();
    Condition::all()
        .add_option(access::unhidden(backend, report_item::Entity, rights))
        .add_option(any(report_item::Column::Kind, filter.kinds.iter().map(ToString::to_string).collect()))
        .add_option(any(report_item::Column::Theme, filter.themes.clone()))
        .add_option(any(report_item::Column::ActivityKind, filter.activity_kinds.iter().map(ToString::to_string).collect()))
        .add_option(any(report_item::Column::State, filter.next_step_states.iter().map(ToString::to_string).collect()))
        .add_option(text.map(|text| dialect::contains((report_item::Entity, report_item::Column::SearchText), &fold(text))))
}

/// The rows of the items of new reports.
pub(super) fn rows<'a>(reports: impl Iterator<Item = (ReportId, &'a [ReportItem])>) -> Vec<report_item::Model> {
    reports
        .flat_map(|(report, items)| (1..).zip(items).map(move |(ordinal, item)| model(Uuid::now_v7(), report, ordinal, item)))
        .collect()
}

/// Adds items to a report after the ones that it has.
pub async fn append(write: &Write, report: ReportId, items: &[Numbered]) -> Result<()> {
    let last = report_item::Entity::find()
        .filter(report_item::Column::ReportId.eq(report.uuid()))
        .order_by_desc(report_item::Column::Ordinal)
        .limit(1)
        .one(write.transaction())
        .await?;
    let first = last.map_or(1, |item| item.ordinal + 1);
    let rows = (first..).zip(items).map(|(ordinal, (id, item))| model(id.uuid(), report, ordinal, item));
    write.insert_all::<report_item::Entity, _>(rows.collect()).await
}

/// Writes the items of a report anew, in this order.
pub async fn put(write: &Write, report: ReportId, items: &[Numbered]) -> Result<()> {
    remove(write, report).await?;
    let rows = (1..).zip(items).map(|(ordinal, (id, item))| model(id.uuid(), report, ordinal, item));
    write.insert_all::<report_item::Entity, _>(rows.collect()).await
}

/// The reports that say something of a host.
pub(super) fn of_host(host: CommunityId) -> SelectStatement {
    Query::select()
        .column(report_item::Column::ReportId)
        .from(report_item::Entity)
        .and_where(Expr::col(report_item::Column::HostId).eq(host.uuid()))
        .take()
}

/// Lets what is said of one host of gatherings be said of another.
pub(super) async fn rehost(write: &Write, from: CommunityId, to: CommunityId) -> Result<()> {
    report_item::Entity::update_many()
        .col_expr(report_item::Column::HostId, Expr::value(to.uuid()))
        .filter(report_item::Column::HostId.eq(from.uuid()))
        .exec(write.transaction())
        .await?;
    Ok(())
}

pub(super) async fn remove(write: &Write, report: ReportId) -> Result<()> {
    let of = report_item::Column::ReportId.eq(report.uuid());
    report_item::Entity::delete_many().filter(of).exec(write.transaction()).await?;
    Ok(())
}

/// Writes the items that files have, which know their order and no identity.
pub(super) async fn replace(write: &Write, report: ReportId, items: &[ReportItem]) -> Result<()> {
    let of = report_item::Column::ReportId.eq(report.uuid());
    let old = report_item::Entity::find().filter(of).all(write.transaction()).await?;
    let identity: HashMap<i32, Uuid> = old.into_iter().map(|model| (model.ordinal, model.id)).collect();
    let numbered: Vec<Numbered> = (1..)
        .zip(items)
        .map(|(ordinal, item)| (ItemId::from_uuid(identity.get(&ordinal).copied().unwrap_or_else(Uuid::now_v7)), item.clone()))
        .collect();
    put(write, report, &numbered).await
}
