//! The other parts of reports: attendance, outcomes and functions.

use std::collections::HashMap;

use convene_domain::{
    id::ReportId,
    network::VocabularyKind,
    report::{AttendancePart, Tags},
    text::HeadCount,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::{
    Result, Write,
    column::{self, Row},
    dialect,
    entity::{attendance_part, report_tag},
};

/// Loads the attendance of reports by role and organisation, in order.
pub async fn load_attendance<C: ConnectionTrait>(
    connection: &C,
    ids: &[ReportId],
) -> Result<HashMap<ReportId, Vec<AttendancePart>>> {
    let of = (attendance_part::Entity, attendance_part::Column::ReportId);
    let found = attendance_part::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, &uuids(ids)))
        .order_by_asc(attendance_part::Column::Ordinal)
        .all(connection)
        .await?;
    let mut parts: HashMap<ReportId, Vec<AttendancePart>> = HashMap::new();
    for model in found {
        let row = Row { table: "attendance_parts", id: model.report_id };
        let people = row.check("people", HeadCount::try_new(i64::from(model.people)))?;
        let role = row.parse_opt("role", model.role.as_deref())?;
        let organisation = row.parse_opt("organisation", model.organisation.as_deref())?;
        let part = row.check("people", AttendancePart::try_new(role, organisation, people))?;
        parts.entry(ReportId::from_uuid(model.report_id)).or_default().push(part);
    }
    Ok(parts)
}

/// Loads the outcomes and functions of reports, in order.
pub async fn load_tags<C: ConnectionTrait>(connection: &C, ids: &[ReportId]) -> Result<HashMap<ReportId, Tags>> {
    let of = (report_tag::Entity, report_tag::Column::ReportId);
    let found = report_tag::Entity::find()
        .filter(dialect::is_any_id(connection.get_database_backend(), of, &uuids(ids)))
        .order_by_asc(report_tag::Column::Ordinal)
        .all(connection)
        .await?;
    let mut tags: HashMap<ReportId, Tags> = HashMap::new();
    for model in found {
        let row = Row { table: "report_tags", id: model.report_id };
        let of_report = tags.entry(ReportId::from_uuid(model.report_id)).or_default();
        let code = row.parse("code", &model.code)?;
        match row.parse("kind", &model.kind)? {
            VocabularyKind::DesiredOutcome => of_report.outcomes.push(code),
            _ => of_report.functions.push(code),
        }
    }
    Ok(tags)
}

/// The rows of the parts of reports.
pub(super) fn rows<'a>(
    reports: impl Iterator<Item = (ReportId, &'a [AttendancePart], &'a Tags)>,
) -> (Vec<attendance_part::Model>, Vec<report_tag::Model>) {
    let (mut attendance, mut tags) = (Vec::new(), Vec::new());
    for (id, parts, codes_of) in reports {
        let report_id = id.uuid();
        attendance.extend((1..).zip(parts).map(|(ordinal, part)| attendance_part::Model {
            report_id,
            ordinal,
            role: column::text(part.role()),
            organisation: column::text(part.organisation()),
            people: column::count(Some(part.people())).unwrap_or_default(),
        }));
        for (kind, codes) in
            [(VocabularyKind::DesiredOutcome, &codes_of.outcomes), (VocabularyKind::Function, &codes_of.functions)]
        {
            tags.extend((1..).zip(codes).map(|(ordinal, code)| report_tag::Model {
                report_id,
                kind: kind.to_string(),
                ordinal,
                code: code.to_string(),
            }));
        }
    }
    (attendance, tags)
}

pub(super) async fn add_many<'a>(
    write: &Write,
    reports: impl Iterator<Item = (ReportId, &'a [AttendancePart], &'a Tags)>,
) -> Result<()> {
    let (attendance, tags) = rows(reports);
    write.insert_all::<attendance_part::Entity, _>(attendance).await?;
    write.insert_all::<report_tag::Entity, _>(tags).await
}

pub(super) async fn remove(write: &Write, id: ReportId) -> Result<()> {
    let (transaction, id) = (write.transaction(), id.uuid());
    attendance_part::Entity::delete_many().filter(attendance_part::Column::ReportId.eq(id)).exec(transaction).await?;
    report_tag::Entity::delete_many().filter(report_tag::Column::ReportId.eq(id)).exec(transaction).await?;
    Ok(())
}

fn uuids(ids: &[ReportId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.uuid()).collect()
}
