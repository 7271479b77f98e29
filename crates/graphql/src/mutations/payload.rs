//! What mutations answer.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::writing::Answer;
use convene_domain::id::{CommunityId, GatheringId, GrantId, MembershipInvitationId, NetworkId, ReportId, TermId, WorkSiteId};

use super::perform::Outcome;
use crate::{
    budget,
    error::{Error, nullable},
    loaders::{self, Batch},
    types::{Community, Gathering, GatheringReport, Grant, Network, UserError, VocabularyTerm, WorkSite},
};

/// A macro because each mutation has a payload of its own, so that any of them can get a field more, and they differ in
/// nothing but the record they are about.
macro_rules! payloads {
    ($($(#[doc = $about:literal])* $name:ident { $(#[doc = $doc:literal])* $field:ident: $shown:ident = $show:ident($id:ident) })+) => {
        $(
            $(#[doc = $about])*
            #[derive(Debug)]
            pub(crate) struct $name(Outcome);

            impl From<Outcome> for $name {
                fn from(outcome: Outcome) -> Self {
                    Self(outcome)
                }
            }

            $(#[doc = $about])*
            #[Object]
            impl $name {
                $(#[doc = $doc])*
                async fn $field(&self, ctx: &Context<'_>) -> Option<$shown> {
                    let answer = self.0.answer()?;
                    $show(ctx, answer, $id::from_uuid(answer.entity)).await
                }

                /// The place in the network's log right after what was written: give it to whoever reads or follows it.
                /// Null when it was refused.
                async fn cursor(&self) -> Option<&str> {
                    self.0.cursor()
                }

                /// Why it was refused, at most 100 reasons; empty when it was done.
                async fn user_errors(&self, ctx: &Context<'_>) -> Result<Vec<UserError>, Error> {
                    let errors = self.0.user_errors();
                    budget::spend(ctx, errors.len()).await?;
                    Ok(errors)
                }
            }
        )+
    };
}

/// The record that was written, as it is now. That it cannot be loaded does not undo what was done.
async fn loaded<K: Batch, T: From<K::Value>>(context: &Context<'_>, _: &Answer, id: K) -> Option<T> {
    let found = loaders::load(context, id).await;
    nullable(context, found.map(|found| found.map(T::from)))
}

/// The report as it was written just now, which need not be loaded; or as it is now, when it was written before, or by someone who
/// may write more than they may read.
async fn written(context: &Context<'_>, answer: &Answer, id: ReportId) -> Option<GatheringReport> {
    match &answer.report {
        Some(report) => Some(Arc::clone(report).into()),
        None => loaded(context, answer, id).await,
    }
}

/// The id of what is no more.
async fn named(_: &Context<'_>, _: &Answer, id: GatheringId) -> Option<ID> {
    Some(id.to_string().into())
}

/// The id of a work site that is no more.
async fn left(_: &Context<'_>, _: &Answer, id: WorkSiteId) -> Option<ID> {
    Some(id.to_string().into())
}

/// The id of a grant that was taken back.
async fn taken_back(_: &Context<'_>, _: &Answer, id: GrantId) -> Option<ID> {
    Some(id.to_string().into())
}

/// The id of an invitation.
async fn invited(_: &Context<'_>, _: &Answer, id: MembershipInvitationId) -> Option<ID> {
    Some(id.to_string().into())
}

payloads! {
    /// What came of `grantRole`.
    GrantRolePayload {
        /// The role as it was given; null when this was refused, or it was taken back since.
        grant: Grant = loaded(GrantId)
    }

    /// What came of `revokeRole`.
    RevokeRolePayload {
        /// The id of the grant that is no more; null when this was refused.
        revoked: ID = taken_back(GrantId)
    }

    /// What came of `acceptInvitation`.
    AcceptInvitationPayload {
        /// The role that you have now; null when this was refused, or it was taken back since.
        grant: Grant = loaded(GrantId)
    }

    /// What came of `revokeInvitation`.
    RevokeInvitationPayload {
        /// The id of the invitation that is no more; null when this was refused.
        revoked: ID = invited(MembershipInvitationId)
    }

    /// What came of `createNetwork`.
    CreateNetworkPayload {
        /// The new network as it is now; null when this was refused, or the record is gone since.
        network: Network = loaded(NetworkId)
    }

    /// What came of `changeNetwork`.
    ChangeNetworkPayload {
        /// The network as it is now; null when this was refused, or the record is gone since.
        network: Network = loaded(NetworkId)
    }

    /// What came of `erasePerson`.
    ErasePersonPayload {
        /// The network; null when this was refused.
        network: Network = loaded(NetworkId)
    }

    /// What came of `addVocabularyTerm`.
    AddVocabularyTermPayload {
        /// The new term as it is now; null when this was refused, or the record is gone since.
        term: VocabularyTerm = loaded(TermId)
    }

    /// What came of `changeVocabularyTerm`.
    ChangeVocabularyTermPayload {
        /// The term as it is now; null when this was refused, or the record is gone since.
        term: VocabularyTerm = loaded(TermId)
    }

    /// What came of `createCommunity`.
    CreateCommunityPayload {
        /// The new community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `changeCommunity`.
    ChangeCommunityPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `renameCommunity`.
    RenameCommunityPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `moveCommunity`.
    MoveCommunityPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `openCommunity`.
    OpenCommunityPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `pauseCommunity`.
    PauseCommunityPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `closeCommunity`.
    CloseCommunityPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `reopenCommunity`.
    ReopenCommunityPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `mergeCommunities`.
    MergeCommunitiesPayload {
        /// The community that stays as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `addActivityPolicy`.
    AddActivityPolicyPayload {
        /// The network with the new policy as it is now; null when this was refused, or the record is gone since.
        network: Network = loaded(NetworkId)
    }

    /// What came of `changeActivityPolicy`.
    ChangeActivityPolicyPayload {
        /// The network with its policies as it is now; null when this was refused, or the record is gone since.
        network: Network = loaded(NetworkId)
    }

    /// What came of `chooseNetworkActivityPolicy`.
    ChooseNetworkActivityPolicyPayload {
        /// The network as it is now; null when this was refused, or the record is gone since.
        network: Network = loaded(NetworkId)
    }

    /// What came of `chooseCommunityActivityPolicy`.
    ChooseCommunityActivityPolicyPayload {
        /// The community as it is now; null when this was refused, or the record is gone since.
        community: Community = loaded(CommunityId)
    }

    /// What came of `planGathering`.
    PlanGatheringPayload {
        /// The new gathering as it is now; null when this was refused, or the record is gone since.
        gathering: Gathering = loaded(GatheringId)
    }

    /// What came of `changeGathering`.
    ChangeGatheringPayload {
        /// The gathering as it is now; null when this was refused, or the record is gone since.
        gathering: Gathering = loaded(GatheringId)
    }

    /// What came of `rescheduleGathering`.
    RescheduleGatheringPayload {
        /// The gathering as it is now; null when this was refused, or the record is gone since.
        gathering: Gathering = loaded(GatheringId)
    }

    /// What came of `holdGathering`.
    HoldGatheringPayload {
        /// The gathering as it is now; null when this was refused, or the record is gone since.
        gathering: Gathering = loaded(GatheringId)
    }

    /// What came of `cancelGathering`.
    CancelGatheringPayload {
        /// The gathering as it is now; null when this was refused, or the record is gone since.
        gathering: Gathering = loaded(GatheringId)
    }

    /// What came of `removeGathering`.
    RemoveGatheringPayload {
        /// The id of the gathering that is no more; null when this was refused.
        removed: ID = named(GatheringId)
    }

    /// What came of `mergeGatherings`.
    MergeGatheringsPayload {
        /// The gathering that stays as it is now; null when this was refused, or the record is gone since.
        gathering: Gathering = loaded(GatheringId)
    }

    /// What came of `recordRsvps`.
    RecordRsvpsPayload {
        /// The gathering as it is now; null when this was refused, or the record is gone since.
        gathering: Gathering = loaded(GatheringId)
    }

    /// What came of `draftGatheringReport`.
    DraftGatheringReportPayload {
        /// The new report as it is now; null when this was refused, you may not read it, or it is gone since.
        report: GatheringReport = written(ReportId)
    }

    /// What came of `submitGatheringReport`.
    SubmitGatheringReportPayload {
        /// The report as it is now; null when this was refused, you may not read it, or it is gone since.
        report: GatheringReport = written(ReportId)
    }

    /// What came of `appendToGatheringReport`.
    AppendToGatheringReportPayload {
        /// The report as it is now; null when this was refused, you may not read it, or it is gone since.
        report: GatheringReport = written(ReportId)
    }

    /// What came of `amendGatheringReport`.
    AmendGatheringReportPayload {
        /// The report as it is now; null when this was refused, you may not read it, or it is gone since.
        report: GatheringReport = written(ReportId)
    }

    /// What came of `reviewGatheringReport`.
    ReviewGatheringReportPayload {
        /// The report as it is now; null when this was refused, you may not read it, or it is gone since.
        report: GatheringReport = written(ReportId)
    }

    /// What came of `addWorkSite`.
    AddWorkSitePayload {
        /// The new site as it is now; null when this was refused, or the record is gone since.
        work_site: WorkSite = loaded(WorkSiteId)
    }

    /// What came of `changeWorkSite`.
    ChangeWorkSitePayload {
        /// The site as it is now; null when this was refused, or the record is gone since.
        work_site: WorkSite = loaded(WorkSiteId)
    }

    /// What came of `removeWorkSite`.
    RemoveWorkSitePayload {
        /// The id of the site that is no more; null when this was refused.
        removed: ID = left(WorkSiteId)
    }

    /// What came of `assessWorkSite`.
    AssessWorkSitePayload {
        /// The site as it is now; null when this was refused, or the record is gone since.
        work_site: WorkSite = loaded(WorkSiteId)
    }

    /// What came of `removeAssessment`.
    RemoveAssessmentPayload {
        /// The site as it is now; null when this was refused, or the record is gone since.
        work_site: WorkSite = loaded(WorkSiteId)
    }

    /// What came of `withdrawGatheringReport`.
    WithdrawGatheringReportPayload {
        /// The report as it is now; null when this was refused, you may not read it, or it is gone since.
        report: GatheringReport = written(ReportId)
    }
}

/// What came of `inviteMember`.
#[derive(Debug)]
pub(crate) struct InviteMemberPayload(Outcome);

impl From<Outcome> for InviteMemberPayload {
    fn from(outcome: Outcome) -> Self {
        Self(outcome)
    }
}

/// What came of `inviteMember`.
#[Object]
impl InviteMemberPayload {
    /// The id of the invitation (inv_...), to take it back; null when this was refused.
    async fn invitation(&self) -> Option<ID> {
        Some(MembershipInvitationId::from_uuid(self.0.answer()?.entity).to_string().into())
    }

    /// What the role is accepted with. It is told once and kept nowhere: null when this was refused, and when the same key was
    /// sent again.
    async fn secret(&self) -> Option<&str> {
        self.0.answer()?.secret.as_deref()
    }

    /// The place in the network's log right after what was written: give it to whoever reads or follows it. Null when it was
    /// refused.
    async fn cursor(&self) -> Option<&str> {
        self.0.cursor()
    }

    /// Why it was refused, at most 100 reasons; empty when it was done.
    async fn user_errors(&self, ctx: &Context<'_>) -> Result<Vec<UserError>, Error> {
        let errors = self.0.user_errors();
        budget::spend(ctx, errors.len()).await?;
        Ok(errors)
    }
}
