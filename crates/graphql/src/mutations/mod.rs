//! The root fields that write, one struct a noun. Each hands its input to [`perform`], which checks it, carries out the
//! command that it stands for and answers with a payload.

mod account;
mod activity_policy;
mod api_token;
mod community;
mod gathering;
mod gathering_report;
mod grant;
mod network;
mod payload;
mod perform;
mod person;
#[cfg(test)]
mod tests;
mod vocabulary;
mod work_site;

use async_graphql::MergedObject;

use self::{
    account::AccountMutation, activity_policy::ActivityPolicyMutation, api_token::ApiTokenMutation, community::CommunityMutation,
    gathering::GatheringMutation, gathering_report::GatheringReportMutation, grant::GrantMutation, network::NetworkMutation,
    person::PersonMutation, vocabulary::VocabularyMutation, work_site::WorkSiteMutation,
};

/// Everything that can be written. All of it needs a token (`UNAUTHENTICATED`).
///
/// Each mutation is done as a whole or not at all, and once for its `idempotencyKey`. Why it is not done is told in
/// `userErrors`: every field at fault at once, as far as it can be told. Where `errors` leaves open whether it was done, send
/// it again with the same key.
#[derive(Debug, Default, MergedObject)]
pub struct Mutation(
    NetworkMutation,
    VocabularyMutation,
    CommunityMutation,
    GatheringMutation,
    GatheringReportMutation,
    ActivityPolicyMutation,
    GrantMutation,
    ApiTokenMutation,
    PersonMutation,
    AccountMutation,
    WorkSiteMutation,
);
