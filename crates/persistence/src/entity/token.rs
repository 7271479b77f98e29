//! Tokens of programs that sign in. Only their fingerprints are kept.

use sea_orm::entity::prelude::*;

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "tokens")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    pub name: String,
    pub hash: String,
    pub created_at: DateTimeUtc,
    pub expires_at: Option<DateTimeUtc>,
    pub revoked_at: Option<DateTimeUtc>,
    pub role: String,
    /// Null, with the community, for everything.
    pub network_id: Option<Uuid>,
    pub community_id: Option<Uuid>,
    /// With `;` between them.
    pub verbs: String,
    /// Null for those that the operator made.
    pub account_id: Option<Uuid>,
    pub last_used_at: Option<DateTimeUtc>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
