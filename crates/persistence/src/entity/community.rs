//! Communities.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "communities")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub network_id: Uuid,
    pub revision: i64,
    pub origin: Uuid,
    pub slug: String,
    pub name: String,
    pub level: String,
    pub parent_id: Option<Uuid>,
    pub country: Option<String>,
    pub region_code: Option<String>,
    pub region_name: Option<String>,
    pub city: Option<String>,
    pub latitude: Option<f64>,
    pub longitude: Option<f64>,
    pub time_zone: Option<String>,
    pub founded_on: Option<Date>,
    pub founded_year: Option<i32>,
    pub joined_network_on: Option<Date>,
    pub status: String,
    pub source_status: Option<String>,
    pub members: Option<i32>,
    pub default_audience: Option<String>,
    pub cadence: Option<String>,
    pub report_due_days: Option<i32>,
    pub provenance: Option<String>,
    pub region_method: Option<String>,
    pub source_id: Option<String>,
    pub source_url: Option<String>,
    pub purpose: Option<String>,
    pub format: Option<String>,
    pub languages: String,
    pub search_text: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
