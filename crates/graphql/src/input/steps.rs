//! Steps in the life of a record, which need nothing but the record and its revision.

use async_graphql::{ID, InputObject};
use convene_application::writing::{
    Refusal,
    communities::StepCommunity,
    gatherings::{RemoveGathering, StepGathering},
    reports::StepReport,
};
use convene_domain::community::CommunityStep;

use super::{Fields, Input, Once};

/// A macro because the same input and the same check would otherwise be typed nine times.
macro_rules! steps {
    ($($(#[doc = $about:literal])* $name:ident { $(#[doc = $which:literal])* $record:ident } => $command:ident { $($step:tt)* })+) => {
        $(
            $(#[doc = $about])*
            #[derive(Debug, InputObject)]
            pub(crate) struct $name {
                $(#[doc = $which])*
                $record: ID,
                /// The revision that the step is taken from: the record's `revision` as you read it.
                expected_revision: i32,
                #[graphql(flatten)]
                once: Once,
            }

            impl Input for $name {
                type Command = $command;

                fn check(self, mut fields: Fields) -> Result<$command, Vec<Refusal>> {
                    let $record = fields.parsed(stringify!($record), self.$record);
                    let expected = self.expected_revision.into();
                    fields.build(|| Some($command { $record: $record?, expected, $($step)* }))
                }
            }
        )+
    };
}

steps! {
    /// A community to open.
    OpenCommunityInput {
        /// The id of the community (com_...).
        community
    } => StepCommunity { step: CommunityStep::Open }

    /// A community that rests.
    PauseCommunityInput {
        /// The id of the community (com_...).
        community
    } => StepCommunity { step: CommunityStep::Pause }

    /// A community that ends.
    CloseCommunityInput {
        /// The id of the community (com_...).
        community
    } => StepCommunity { step: CommunityStep::Close }

    /// A community to open again.
    ReopenCommunityInput {
        /// The id of the community (com_...).
        community
    } => StepCommunity { step: CommunityStep::Reopen }

    /// A gathering that took place.
    HoldGatheringInput {
        /// The id of the gathering (gat_...).
        gathering
    } => StepGathering { held: true }

    /// A gathering that will not take place.
    CancelGatheringInput {
        /// The id of the gathering (gat_...).
        gathering
    } => StepGathering { held: false }

    /// A gathering that should not be there.
    RemoveGatheringInput {
        /// The id of the gathering (gat_...).
        gathering
    } => RemoveGathering {}

    /// A report that was read and is accepted.
    ReviewGatheringReportInput {
        /// The id of the report (rep_...).
        report
    } => StepReport { accepted: true }

    /// A report to take back.
    WithdrawGatheringReportInput {
        /// The id of the report (rep_...).
        report
    } => StepReport { accepted: false }
}
