//! Asking what should be looked at.

use async_graphql::{Context, ID, Object};
use convene_application::attention::{self, Question};
use convene_domain::{lifecycle::calendar::months_before, occurrence::Window};

use super::{life_cycle::days, reach::reach};
use crate::{
    error::Error,
    input::{self, ActivityPolicyChoice},
    loaders::{self, Loads},
    memory,
    scalars::{Date, or_today},
    types::{Attention, AttentionKind},
};

/// How many days ahead the end of activity is looked for when nobody says.
const AHEAD: i32 = 30;
/// After how many days a report should have been reviewed when nobody says.
const REVIEW: i32 = 14;
/// Gatherings of how many months are looked at when nobody says.
const MONTHS: u32 = 12;

#[derive(Debug, Default)]
pub(crate) struct AttentionQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "each says what is asked about")]
impl AttentionQuery {
    /// What a coordinator should look at in a place, as of a date: reports that are missing or late, data that is missing or
    /// contradictory, next steps that are overdue, communities that break their policy or are about to. Errors: `NOT_FOUND` when
    /// the place does not exist, `BAD_USER_INPUT` when what is asked for cannot be or does not go together, with the name of
    /// the argument, and `BAD_CURSOR` when `atLeast` is not a cursor of the network's log.
    async fn attention(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(
            desc = "The date of evaluation; what lies before it counts, as known now, in today's tree. Today in UTC when \
                          left out."
        )]
        as_of: Option<Date>,
        #[graphql(desc = "Gatherings that begin before this local date are not looked at, nor their reports and next steps; \
                          twelve calendar months before `asOf` when left out.")]
        from: Option<Date>,
        #[graphql(desc = "Only these kinds; all when left out.")] kinds: Option<Vec<AttentionKind>>,
        #[graphql(desc = "By which policy communities are active; each by the one that holds for it on the date when left out.")]
        policy: Option<ActivityPolicyChoice>,
        #[graphql(desc = "How many days ahead the end of activity is looked for, 0 to 366; 30 when left out.")] ahead: Option<
            i32,
        >,
        #[graphql(desc = "After how many days a report should have been reviewed, 0 to 3,660; 14 when left out.")]
        review_days: Option<i32>,
        #[graphql(desc = "The answer covers everything that was written up to this cursor, such as that of a mutation.")]
        at_least: Option<String>,
    ) -> Result<Attention, Error> {
        let as_of = or_today(as_of);
        let from = from.map_or_else(|| months_before(as_of, MONTHS), Into::into);
        let question = Question {
            within: input::id("within", &within)?,
            window: input::checked("from", Window::try_new(from, as_of))?,
            kinds: input::values("kinds", kinds)?,
            policy: input::choice(policy)?,
            ahead: days("ahead", ahead, AHEAD, 366)?,
            review_days: days("reviewDays", review_days, REVIEW, 3_660)?,
        };
        let loads = loaders::of(ctx)?;
        let Loads { app, caller, .. } = loads;
        reach(ctx, loads, question.within, at_least).await?;
        memory::reads(ctx, app, question.within);
        Ok(Attention(attention::attention(app, caller, &question).await?))
    }
}
