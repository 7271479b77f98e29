//! Items of reports.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "report_items")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub report_id: Uuid,
    pub ordinal: i32,
    pub kind: String,
    pub activity_kind: Option<String>,
    pub body: String,
    pub search_text: String,
    pub theme: Option<String>,
    pub severity: Option<String>,
    pub contributor: Option<String>,
    pub host_id: Option<Uuid>,
    pub owner: Option<String>,
    pub due_on: Option<Date>,
    pub state: Option<String>,
    pub confidential: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
