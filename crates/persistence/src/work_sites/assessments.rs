//! Assessments: dated rows, of which the newest as of a date counts. Of two of one day the one that was written later does.

use std::collections::HashMap;

use chrono::NaiveDate;
use convene_domain::{
    id::{AssessmentId, WorkSiteId},
    work_site::{Assessed, Assessment},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result, Write,
    column::{self, Row},
    dialect,
    entity::assessment,
};

impl TryFrom<assessment::Model> for Assessment {
    type Error = crate::Error;

    fn try_from(model: assessment::Model) -> Result<Self> {
        let row = Row { table: "assessments", id: model.id };
        Ok(Self {
            id: AssessmentId::from_uuid(model.id),
            assessed_on: model.assessed_on,
            strength: row.parse_opt("strength", model.strength.as_deref())?,
            need: row.parse_opt("need", model.need.as_deref())?,
            source: row.parse("source", &model.source)?,
            note: row.parse_opt("note", model.note.as_deref())?,
        })
    }
}

/// Loads the assessments of sites that are no later than a date, the newest first.
pub async fn load<C: ConnectionTrait>(
    connection: &C,
    sites: &[WorkSiteId],
    as_of: NaiveDate,
) -> Result<HashMap<WorkSiteId, Vec<Assessment>>> {
    let found = of_sites(connection, sites)
        .filter(assessment::Column::AssessedOn.lte(as_of))
        .order_by_desc(assessment::Column::AssessedOn)
        .order_by_desc(assessment::Column::Id)
        .all(connection)
        .await?;
    let mut all: HashMap<WorkSiteId, Vec<Assessment>> = HashMap::new();
    for model in found {
        all.entry(WorkSiteId::from_uuid(model.work_site_id)).or_default().push(model.try_into()?);
    }
    Ok(all)
}

/// Loads the newest assessment of each site that is no later than a date. A site without one is missing from the answer.
pub async fn load_newest<C: ConnectionTrait>(
    connection: &C,
    sites: &[WorkSiteId],
    as_of: NaiveDate,
) -> Result<HashMap<WorkSiteId, Assessment>> {
    let newest = of_sites(connection, sites)
        .filter(assessment::Column::AssessedOn.lte(as_of))
        .filter(Expr::exists(newer(assessment::Entity, as_of)).not());
    let found = newest.all(connection).await?;
    found.into_iter().map(|model| Ok((WorkSiteId::from_uuid(model.work_site_id), model.try_into()?))).collect()
}

fn of_sites<C: ConnectionTrait>(connection: &C, sites: &[WorkSiteId]) -> sea_orm::Select<assessment::Entity> {
    let ids: Vec<Uuid> = sites.iter().map(|id| id.uuid()).collect();
    let of = (assessment::Entity, assessment::Column::WorkSiteId);
    assessment::Entity::find().filter(dialect::is_any_id(connection.get_database_backend(), of, &ids))
}

/// The assessments of the same site that are newer than one, and no later than a date.
fn newer<T: sea_orm::sea_query::IntoIden + Copy + 'static>(than: T, as_of: NaiveDate) -> SelectStatement {
    let (other, one) = (|column| Expr::col(("n", column)), |column| (than, column));
    let day = assessment::Column::AssessedOn;
    let later = other(assessment::Column::Id).gt(Expr::col(one(assessment::Column::Id)));
    Query::select()
        .expr(Expr::val(1))
        .from_as(assessment::Entity, "n")
        .and_where(other(assessment::Column::WorkSiteId).equals(one(assessment::Column::WorkSiteId)))
        .and_where(other(day).lte(as_of))
        .cond_where(Condition::any().add(other(day).gt(Expr::col(one(day)))).add(other(day).equals(one(day)).and(later)))
        .take()
}

/// The sites whose newest assessment is like this. `site` is the column with the site's identity.
pub(super) fn so_assessed(site: (&'static str, &'static str), asked: &Assessed) -> Condition {
    let col = |column| Expr::col(("a", column));
    let of_site = || {
        Query::select()
            .expr(Expr::val(1))
            .from_as(assessment::Entity, "a")
            .and_where(col(assessment::Column::WorkSiteId).equals(site))
            .and_where(col(assessment::Column::AssessedOn).lte(asked.as_of))
            .take()
    };
    let mut condition = Condition::all();
    if !asked.strengths.is_empty() || !asked.needs.is_empty() {
        let mut newest = of_site();
        newest.and_where(Expr::exists(newer("a", asked.as_of)).not());
        if !asked.strengths.is_empty() {
            newest.and_where(col(assessment::Column::Strength).is_in(asked.strengths.iter().map(ToString::to_string)));
        }
        if !asked.needs.is_empty() {
            newest.and_where(col(assessment::Column::Need).is_in(asked.needs.iter().map(ToString::to_string)));
        }
        condition = condition.add(Expr::exists(newest));
    }
    if let Some(before) = asked.before {
        let since = of_site().and_where(col(assessment::Column::AssessedOn).gte(before)).take();
        condition = condition.add(Expr::exists(since).not());
    }
    condition
}

/// Counts the assessments of a site.
pub async fn count(write: &Write, site: WorkSiteId) -> Result<u64> {
    Ok(assessment::Entity::find().filter(assessment::Column::WorkSiteId.eq(site.uuid())).count(write.transaction()).await?)
}

/// Adds an assessment.
pub async fn add(write: &Write, site: WorkSiteId, assessment: &Assessment) -> Result<()> {
    let row = assessment::Model {
        id: assessment.id.uuid(),
        work_site_id: site.uuid(),
        assessed_on: assessment.assessed_on,
        strength: column::text(assessment.strength.as_ref()),
        need: column::text(assessment.need.as_ref()),
        source: assessment.source.to_string(),
        note: column::text(assessment.note.as_ref()),
    };
    write.insert_all::<assessment::Entity, _>(vec![row]).await
}

/// Removes an assessment of a site; `false` when there is no such one.
pub async fn remove(write: &Write, site: WorkSiteId, id: AssessmentId) -> Result<bool> {
    let removed = assessment::Entity::delete_many()
        .filter(assessment::Column::Id.eq(id.uuid()))
        .filter(assessment::Column::WorkSiteId.eq(site.uuid()))
        .exec(write.transaction())
        .await?;
    Ok(removed.rows_affected == 1)
}
