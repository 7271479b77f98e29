//! The tables as sea-orm sees them. Private to this crate: outside it there are only domain types.

#![expect(unreachable_pub, reason = "sea-orm's derives need their types to be pub")]

pub(crate) mod account;
pub(crate) mod activity_policy;
pub(crate) mod admin_secret;
pub(crate) mod agenda_item;
pub(crate) mod assessment;
pub(crate) mod attendance_part;
pub(crate) mod change;
pub(crate) mod change_scope;
pub(crate) mod change_set;
pub(crate) mod community;
pub(crate) mod community_scope;
pub(crate) mod community_slug;
pub(crate) mod community_status;
pub(crate) mod gathering;
pub(crate) mod gathering_host;
pub(crate) mod gathering_report;
pub(crate) mod gathering_scope;
pub(crate) mod grant;
pub(crate) mod idempotency_key;
pub(crate) mod import_row;
pub(crate) mod instance;
pub(crate) mod invitation;
pub(crate) mod membership_invitation;
pub(crate) mod network;
pub(crate) mod network_head;
pub(crate) mod policy_choice;
pub(crate) mod removal;
pub(crate) mod report_item;
pub(crate) mod report_scope;
pub(crate) mod report_tag;
pub(crate) mod term;
pub(crate) mod token;
pub(crate) mod work_site;
