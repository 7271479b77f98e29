//! Asking where communities are in their life.

use async_graphql::{Context, ID, Object};
use convene_application::lifecycle::{self, Question, SpellQuestion};
use convene_domain::lifecycle::Periods;

use super::reach::reach;
use crate::{
    error::Error,
    input::{self, ActivityPolicyChoice, Window},
    loaders, memory,
    scalars::{Date, or_today},
    types::{Level, LifeCycle, QuietSpells},
};

/// How many days ahead the end of activity is looked for when nobody says.
const AHEAD: i32 = 30;
/// From how many days on a silence counts when nobody says: longer than half a year.
const SILENCE: i32 = 183;

/// A number of days that is not negative and not beyond reason.
pub(super) fn days(name: &str, days: Option<i32>, usual: i32, most: u32) -> Result<u32, Error> {
    let asked = u32::try_from(days.unwrap_or(usual)).ok().filter(|days| *days <= most);
    asked.ok_or_else(|| Error::bad_user_input(format!("{name} is not a number of days from 0 to {most}")))
}

#[derive(Debug, Default)]
pub(crate) struct LifeCycleQuery;

#[Object]
#[expect(clippy::too_many_arguments, reason = "each says what is asked about")]
impl LifeCycleQuery {
    /// Where the communities of a place are in their life, as of a date. A gathering counts for each community that hosts it
    /// itself, by its local start date: for a network of chapters ask about the level `CITY`. Errors: `NOT_FOUND` when the place
    /// does not exist, `BAD_USER_INPUT` when what is asked for cannot be or does not go together, with the name of the argument,
    /// and `BAD_CURSOR` when `atLeast` is not a cursor of the network's log.
    async fn life_cycle(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(desc = "The date of evaluation; what lies before it counts, as known now, in today's tree. When left out: \
                          the end of `window`, or today in UTC.")]
        as_of: Option<Date>,
        #[graphql(desc = "The window that decides who is new, came back, goes on or is quiet; it ends with `asOf`. The last \
                          six calendar months when left out.")]
        window: Option<Window>,
        #[graphql(
            desc = "The window that it is compared with, which ends before it begins; the period of the same length right \
                          before it when left out."
        )]
        previous: Option<Window>,
        #[graphql(desc = "By which policy communities are active; each by the one that holds for it on the date when left out.")]
        policy: Option<ActivityPolicyChoice>,
        #[graphql(desc = "Of which levels; all when left out.")] levels: Option<Vec<Level>>,
        #[graphql(desc = "Whether communities count that were closed as of the date.", default_with = "Some(false)")]
        closed: Option<bool>,
        #[graphql(desc = "How many days ahead the end of activity is looked for, 0 to 366; 30 when left out.")] ahead: Option<
            i32,
        >,
        #[graphql(desc = "The answer covers everything that was written up to this cursor, such as that of a mutation.")]
        at_least: Option<String>,
    ) -> Result<LifeCycle, Error> {
        let window = window.map(|window| window.check("window")).transpose()?;
        let previous = previous.map(|previous| previous.check("previous")).transpose()?;
        let ends = window.filter(|_| as_of.is_none()).map(convene_domain::occurrence::Window::to);
        let date = ends.unwrap_or_else(|| or_today(as_of));
        let question = Question {
            within: input::id("within", &within)?,
            periods: input::checked("window", Periods::try_new(date, window, previous))?,
            policy: input::choice(policy)?,
            levels: input::values("levels", levels)?,
            closed: closed.unwrap_or_default(),
            ahead: days("ahead", ahead, AHEAD, 366)?,
        };
        let loads = loaders::of(ctx)?;
        reach(ctx, loads, question.within, at_least).await?;
        memory::reads(ctx, &loads.app, question.within);
        Ok(LifeCycle(lifecycle::life_cycle(&loads.app, &question).await?))
    }

    /// The silences of the communities of a place, and who came back from them, as of a date. A gathering counts for each
    /// community that hosts it itself, by its local start date: for a network of chapters ask about the level `CITY`. Errors:
    /// `NOT_FOUND` when the place does not exist, `BAD_USER_INPUT` when what is asked for cannot be or does not go together, with
    /// the name of the argument, and `BAD_CURSOR` when `atLeast` is not a cursor of the network's log.
    async fn quiet_spells(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network (net_...) or of a community (com_...).")] within: ID,
        #[graphql(
            desc = "The date of evaluation; what lies before it counts, as known now, in today's tree. Today in UTC when \
                          left out."
        )]
        as_of: Option<Date>,
        #[graphql(desc = "Of which levels; all when left out.")] levels: Option<Vec<Level>>,
        #[graphql(desc = "Whether communities count that were closed as of the date.", default_with = "Some(true)")]
        closed: Option<bool>,
        #[graphql(desc = "Silences are longer than so many days, 1 to 3,660; 183 when left out.")] longer_than: Option<i32>,
        #[graphql(desc = "The answer covers everything that was written up to this cursor, such as that of a mutation.")]
        at_least: Option<String>,
    ) -> Result<QuietSpells, Error> {
        let question = SpellQuestion {
            within: input::id("within", &within)?,
            as_of: or_today(as_of),
            levels: input::values("levels", levels)?,
            closed: closed.unwrap_or(true),
            longer_than: days("longerThan", longer_than, SILENCE, 3_660)?,
        };
        let loads = loaders::of(ctx)?;
        reach(ctx, loads, question.within, at_least).await?;
        memory::reads(ctx, &loads.app, question.within);
        Ok(QuietSpells(lifecycle::spells(&loads.app, &question).await?))
    }
}
