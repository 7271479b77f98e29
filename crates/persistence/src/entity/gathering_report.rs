//! Gathering reports.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gathering_reports")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub network_id: Uuid,
    pub revision: i64,
    pub origin: Uuid,
    pub gathering_id: Uuid,
    pub external_id: Option<String>,
    pub status: String,
    pub audience: String,
    pub submitted_at: Option<DateTimeUtc>,
    pub attendance: Option<i32>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
