//! What clients send, checked and turned into the domain's terms. An error names the argument or field at fault.
//!
//! A question is refused at its first fault, as an error. A mutation is told all of them, as refusals: see [`Fields`].

mod account;
mod activity;
mod activity_policy;
mod api_token;
mod community;
mod community_details;
mod community_filter;
mod fields;
mod gathering;
mod gathering_filter;
mod gathering_report;
mod grant;
mod mutation;
mod network;
mod person;
mod place;
mod programme;
mod report_filter;
mod report_item;
mod steps;
mod timing;
mod update;
mod vocabulary;
mod window;
mod work_site;

pub(crate) use account::EraseAccountInput;
pub(crate) use activity::{ActivityArguments, ActivityFilter, ActivityOrder, When};
pub(crate) use activity_policy::{
    ActivityPolicyChoice, AddActivityPolicyInput, ChangeActivityPolicyInput, ChooseCommunityActivityPolicyInput,
    ChooseNetworkActivityPolicyInput, choice,
};
pub(crate) use api_token::{BecomeAdministratorInput, CreateApiTokenInput, RevokeApiTokenInput};
pub(crate) use community::{
    ChangeCommunityInput, CreateCommunityInput, MergeCommunitiesInput, MoveCommunityInput, RenameCommunityInput,
};
pub(crate) use community_filter::CommunityFilter;
pub(crate) use fields::Fields;
pub(crate) use gathering::{
    ChangeGatheringInput, MergeGatheringsInput, PlanGatheringInput, RecordRsvpsInput, RescheduleGatheringInput,
};
pub(crate) use gathering_filter::GatheringFilter;
pub(crate) use gathering_report::{
    AmendGatheringReportInput, AppendToGatheringReportInput, DraftGatheringReportInput, SubmitGatheringReportInput,
};
pub(crate) use grant::{AcceptInvitationInput, GrantRoleInput, InviteMemberInput, RevokeInvitationInput, RevokeRoleInput};
pub(crate) use mutation::{Input, identify};
pub(crate) use network::{ChangeNetworkInput, CreateNetworkInput};
pub(crate) use person::ErasePersonInput;
pub(crate) use report_filter::GatheringReportFilter;
pub(crate) use steps::{
    CancelGatheringInput, CloseCommunityInput, HoldGatheringInput, OpenCommunityInput, PauseCommunityInput, RemoveGatheringInput,
    ReopenCommunityInput, ReviewGatheringReportInput, WithdrawGatheringReportInput,
};
pub(crate) use vocabulary::{AddVocabularyTermInput, ChangeVocabularyTermInput};
pub(crate) use window::Window;
pub(crate) use work_site::{
    AddWorkSiteInput, AssessWorkSiteInput, ChangeWorkSiteInput, RemoveAssessmentInput, RemoveWorkSiteInput, WorkSiteFilter,
};

use community_details::CommunityDetailsInput;
use fields::Part;
use mutation::Once;
use place::{CoordinatesInput, VenueInput};
use programme::{AgendaItemInput, InvitationInput};
use report_item::{AttendancePartInput, ReportItemChangeInput, ReportItemInput};
use timing::TimingInput;
use update::Update;

use std::str::FromStr;

use async_graphql::ID;
use convene_domain::Invalid;

use crate::error::Error;

/// The most values of one list: each is a parameter of a statement.
const LIST_LIMIT: usize = 100;
/// The most characters of a text that is searched for, or compared.
const TEXT_LIMIT: usize = 200;

/// Something that can be turned into the domain's filter.
pub(crate) trait Filter {
    /// The domain's filter.
    type Checked: Default;

    /// Checks every field.
    fn check(self) -> Result<Self::Checked, Error>;
}

/// The filter that was given, or the one that lets everything through.
pub(crate) fn filter<F: Filter>(filter: Option<F>) -> Result<F::Checked, Error> {
    filter.map_or_else(|| Ok(F::Checked::default()), F::check)
}

/// Says which argument or field a reason is about.
pub(crate) fn checked<T>(name: &str, result: Result<T, Invalid>) -> Result<T, Error> {
    result.map_err(|reason| Error::bad_user_input(format!("{name} {reason}")))
}

/// Reads an identity.
pub(crate) fn id<T: FromStr<Err = Invalid>>(name: &str, id: &ID) -> Result<T, Error> {
    checked(name, id.parse())
}

/// Takes a list of values; none stands for any.
pub(crate) fn values<A, B: From<A>>(name: &str, values: Option<Vec<A>>) -> Result<Vec<B>, Error> {
    Ok(bounded(name, values)?.into_iter().map(B::from).collect())
}

/// Reads a list of values with a written form; none stands for any.
pub(crate) fn parsed<A: AsRef<str>, B: FromStr<Err = Invalid>>(name: &str, values: Option<Vec<A>>) -> Result<Vec<B>, Error> {
    bounded(name, values)?.iter().map(|value| checked(name, value.as_ref().parse())).collect()
}

/// Takes a list of texts to compare with; none stands for any.
pub(crate) fn texts(name: &str, values: Option<Vec<String>>) -> Result<Vec<String>, Error> {
    bounded(name, values)?.into_iter().map(|text| checked(name, comparable(text))).collect()
}

/// Takes a text to search for.
pub(crate) fn search(name: &str, text: Option<String>) -> Result<Option<String>, Error> {
    text.map(|text| checked(name, comparable(text))).transpose()
}

fn bounded<T>(name: &str, values: Option<Vec<T>>) -> Result<Vec<T>, Error> {
    let values = values.unwrap_or_default();
    if values.len() > LIST_LIMIT {
        let message = format!("{name} has {} values, more than {LIST_LIMIT}", values.len());
        return Err(Error::too_many(message, LIST_LIMIT, values.len()));
    }
    Ok(values)
}

fn comparable(text: String) -> Result<String, Invalid> {
    if text.chars().count() > TEXT_LIMIT {
        return Err(Invalid::new(format!("is longer than {TEXT_LIMIT} characters")));
    }
    // Postgres takes no NUL.
    if text.contains('\0') {
        return Err(Invalid::new("contains a NUL character"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        match result {
            Err(Error::Client { message, .. }) => message,
            Err(Error::Refused(refusal)) => refusal.message,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_error_names_what_is_at_fault() {
        let malformed = id::<convene_domain::id::CommunityId>("id", &ID::from("com_1"));
        assert!(message(malformed).starts_with("id is not an id of the form com_"));
        let countries = parsed::<_, convene_domain::text::Country>("filter.countries", Some(vec!["KE", "Kenya"]));
        assert!(message(countries).starts_with("filter.countries is not a country code"));
    }

    #[test]
    fn lists_and_texts_are_bounded() {
        assert_eq!(values::<i32, i32>("years", None).unwrap(), Vec::<i32>::new());
        assert!(values::<i32, i32>("years", Some(vec![1; LIST_LIMIT])).is_ok());
        assert_eq!(message(values::<i32, i32>("years", Some(vec![1; 101]))), "years has 101 values, more than 100");
        assert!(search("text", Some("x".repeat(TEXT_LIMIT))).is_ok());
        assert_eq!(message(search("text", Some("x".repeat(201)))), "text is longer than 200 characters");
        assert_eq!(message(search("text", Some("a\0b".to_owned()))), "text contains a NUL character");
    }
}
