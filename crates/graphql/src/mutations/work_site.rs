//! Writing work sites and their assessments.

use async_graphql::{Context, Object};

use super::{
    payload::{AddWorkSitePayload, AssessWorkSitePayload, ChangeWorkSitePayload, RemoveAssessmentPayload, RemoveWorkSitePayload},
    perform::perform,
};
use crate::{
    error::Error,
    input::{AddWorkSiteInput, AssessWorkSiteInput, ChangeWorkSiteInput, RemoveAssessmentInput, RemoveWorkSiteInput},
};

#[derive(Debug, Default)]
pub(crate) struct WorkSiteMutation;

#[Object]
impl WorkSiteMutation {
    /// Adds a place or an area where people of a community work. It takes the role `FACILITATOR` at the community. `NOT_ALLOWED`
    /// when the community is `CLOSED`.
    async fn add_work_site(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The site.")] input: AddWorkSiteInput,
    ) -> Result<AddWorkSitePayload, Error> {
        perform(ctx, input).await
    }

    /// Changes what is said of a work site, how precisely others are told where it is, or who may see it. It takes the role
    /// `FACILITATOR` at its community. `CONFLICT` when it was changed since you read it.
    async fn change_work_site(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which site, and what is to be said of it.")] input: ChangeWorkSiteInput,
    ) -> Result<ChangeWorkSitePayload, Error> {
        perform(ctx, input).await
    }

    /// Removes a work site with its assessments; nothing that was said of it is kept. It takes the role `FACILITATOR` at its
    /// community. `CONFLICT` when it was changed since you read it.
    async fn remove_work_site(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which site.")] input: RemoveWorkSiteInput,
    ) -> Result<RemoveWorkSitePayload, Error> {
        perform(ctx, input).await
    }

    /// Says how strong or how needed the practice is at a work site. Those before are kept; the newest counts. No revision is
    /// expected. It takes the role `FACILITATOR` at its community. `INVALID` when neither is said, or the day lies in the future;
    /// `NOT_ALLOWED` when the site has 100 assessments.
    async fn assess_work_site(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which site, and what was found.")] input: AssessWorkSiteInput,
    ) -> Result<AssessWorkSitePayload, Error> {
        perform(ctx, input).await
    }

    /// Removes an assessment that was a mistake. It takes the role `FACILITATOR` at the site's community. `CONFLICT` when the site
    /// was changed or assessed since you read it.
    async fn remove_assessment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which assessment.")] input: RemoveAssessmentInput,
    ) -> Result<RemoveAssessmentPayload, Error> {
        perform(ctx, input).await
    }
}
