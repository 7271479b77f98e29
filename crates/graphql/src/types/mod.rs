//! The types of the API, one noun a file. Each wraps what a use case answered, and asks loaders for the rest.

mod activity;
mod activity_policy;
mod agenda_item;
mod api_token;
mod attendance_part;
mod attention;
mod audit;
mod change;
mod community;
mod comparison;
mod coordinates;
mod funder_page;
mod gathering;
mod gathering_report;
mod grant;
mod invitation;
mod life_cycle;
mod life_words;
mod lists;
mod metric;
mod network;
mod node;
mod period;
mod person;
mod quiet_spell;
mod report_item;
mod theme;
mod user_error;
mod vocabulary;
mod words;
mod work_site;

pub(crate) use activity::{Activity, Bucket, CompareWith, Dimension, Direction, RelativePeriod};
pub(crate) use activity_policy::{ActivityPolicy, ActivityRule};
pub(crate) use agenda_item::AgendaItem;
pub(crate) use api_token::ApiToken;
pub(crate) use attendance_part::AttendancePart;
pub(crate) use attention::{Attention, AttentionKind};
pub(crate) use audit::{AuditEntry, AuditPage, Author};
pub(crate) use change::{Change, ChangeKind, EntityType};
pub(crate) use community::Community;
pub(crate) use comparison::Comparison;
pub(crate) use coordinates::Coordinates;
pub(crate) use funder_page::{FunderPage, start as start_funder_page};
pub(crate) use gathering::Gathering;
pub(crate) use gathering_report::GatheringReport;
pub(crate) use grant::{Grant, MembershipInvitation, Verb, Viewer};
pub(crate) use invitation::Invitation;
pub(crate) use life_cycle::LifeCycle;
pub(crate) use life_words::{
    ActivityBand, Counted, GatheringBand, LifeCycleOrder, LifeState, Maturity, QuietBand, QuietSpellOrder,
};
pub(crate) use lists::Lists;
pub(crate) use metric::{Metric, MetricDefinition, MetricValue};
pub(crate) use network::Network;
pub(crate) use node::Node;
pub(crate) use period::Period;
pub(crate) use person::{PersonTrace, PersonTracePage};
pub(crate) use quiet_spell::QuietSpells;
pub(crate) use report_item::ReportItem;
pub(crate) use theme::{Asked as ThemesAsked, ThemeOrder, Themes};
pub(crate) use user_error::UserError;
pub(crate) use vocabulary::{VocabularyCode, VocabularyTerm};
pub(crate) use words::{
    ActivityKind, Audience, CommunityOrder, CommunityStatus, Format, GatheringOrder, GatheringStatus, ItemKind, Level,
    NextStepState, ReportStatus, Role, Severity, VocabularyKind, Weekday,
};
pub(crate) use work_site::{LocationPrecision, Need, Strength, WorkSite};
