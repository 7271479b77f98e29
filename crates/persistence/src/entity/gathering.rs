//! Gatherings.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "gatherings")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub network_id: Uuid,
    pub revision: i64,
    pub origin: Uuid,
    pub external_id: Option<String>,
    pub title: String,
    pub search_text: String,
    pub start_date: Date,
    pub starts_at: Option<DateTimeUtc>,
    pub start_offset: Option<i32>,
    pub end_date: Option<Date>,
    pub ends_at: Option<DateTimeUtc>,
    pub end_offset: Option<i32>,
    pub sort_at: i64,
    pub weekday: i16,
    pub month: i32,
    pub minutes: Option<i64>,
    pub format: String,
    pub venue_city: Option<String>,
    pub venue_country: Option<String>,
    pub venue_latitude: Option<f64>,
    pub venue_longitude: Option<f64>,
    pub status: String,
    pub announced_at: Option<DateTimeUtc>,
    pub source_url: Option<String>,
    pub rsvp_yes: Option<i32>,
    pub rsvp_waitlist: Option<i32>,
    pub rsvps_observed_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
