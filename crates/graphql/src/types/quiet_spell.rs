//! Quiet spells and come-backs.

use async_graphql::{Context, InputObject, Object};
use chrono::Datelike;
use convene_application::lifecycle::{self, SpellFilter};
use convene_domain::{
    id::GatheringId,
    lifecycle as domain,
    metric::{Metric, Value},
    page::{Page, Place},
};

use crate::{
    connection::Paging,
    error::{Error, nullable},
    listed::{Listed, page_of},
    loaders::{self, Loads},
    scalars::Date,
    types::{Community, Gathering, MetricValue, QuietSpellOrder},
};

/// Which quiet spells are listed: those that fit in all respects that are given.
#[derive(Debug, Default, InputObject)]
pub(crate) struct QuietSpellFilter {
    /// Only those that ended, or only those that last.
    ended: Option<bool>,
    /// Only those of at least so many days.
    min_days: Option<i32>,
}

/// The silences of the communities of a place.
#[derive(Debug)]
pub(crate) struct QuietSpells(pub(crate) lifecycle::Spells);

/// The silences of the communities of a place, as of a date. All numbers are counted from the same silences, which `spells`
/// lists.
#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl QuietSpells {
    /// The date of evaluation. What lies before it counts; the date itself does not.
    async fn as_of(&self) -> Date {
        Date(self.0.as_of)
    }

    /// How many silences there are.
    async fn count(&self) -> MetricValue {
        MetricValue(self.0.count())
    }

    /// How many of them ended with another gathering.
    async fn ended(&self) -> MetricValue {
        MetricValue(self.0.ended())
    }

    /// How many of those that ended lasted more than 365 days.
    async fn ended_after_a_year(&self) -> MetricValue {
        MetricValue(self.0.ended_after_a_year())
    }

    /// How long those lasted that ended: the middle value, in days.
    async fn median_days(&self) -> MetricValue {
        MetricValue(self.0.median_days())
    }

    /// How many communities came back at least once, of those that ever met.
    async fn came_back(&self) -> MetricValue {
        MetricValue(self.0.came_back())
    }

    /// The silences.
    async fn spells(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which silences; all when left out.")] filter: Option<QuietSpellFilter>,
        #[graphql(desc = "How they are sorted.", default_with = "Some(QuietSpellOrder::default())")] order_by: Option<
            QuietSpellOrder,
        >,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Listed<QuietSpell>, Error> {
        let order = order_by.unwrap_or_default();
        let list = format!("quietSpells.{order:?}");
        let request = Paging { first, after, last, before }.of(&list)?;
        let filter = filter.unwrap_or_default();
        let filter = SpellFilter { ended: filter.ended, min_days: filter.min_days.map(Into::into) };
        let found: Vec<_> = self.0.spells.iter().filter(|it| filter.passes(&it.spell)).collect();
        let total = found.len();
        let place = |it: &lifecycle::Spell| {
            let instant = match order {
                QuietSpellOrder::LongestFirst => -it.spell.days,
                QuietSpellOrder::NewestFirst => -i64::from(it.spell.from.num_days_from_ce()),
            };
            // A community has one silence from a day on.
            let text = format!("{}\n{}", it.name, it.spell.from);
            Place { list: list.clone(), instant, text, id: it.spell.community.uuid() }
        };
        let page = page_of(found.into_iter().map(|it| (place(it), it.spell)).collect(), &request);
        let Page { entries, has_previous, has_next } = page;
        // One statement for the whole page.
        let spells: Vec<domain::QuietSpell> = entries.iter().map(|(_, spell)| *spell).collect();
        let Loads { app, .. } = loaders::of(ctx)?;
        let asks = ctx.look_ahead().field("nodes").field("endedBy").exists()
            || ctx.look_ahead().field("edges").field("node").field("endedBy").exists();
        let ends = if asks { lifecycle::ends(app, &spells).await? } else { vec![None; spells.len()] };
        let shown = entries.into_iter().zip(ends).map(|((place, spell), end)| (place, QuietSpell { spell, end }));
        Ok(Listed::new(Page { entries: shown.collect(), has_previous, has_next }, total))
    }
}

/// A silence of a community.
#[derive(Debug)]
pub(crate) struct QuietSpell {
    spell: domain::QuietSpell,
    end: Option<GatheringId>,
}

/// A silence of a community between two neighbouring gatherings that it held, or since its last one.
#[Object]
impl QuietSpell {
    /// The community.
    async fn community(&self, ctx: &Context<'_>) -> Result<Community, Error> {
        Ok(loaders::load_referred(ctx, self.spell.community).await?.into())
    }

    /// The day of the gathering before it.
    async fn from(&self) -> Date {
        Date(self.spell.from)
    }

    /// The day of the gathering that ended it; null while it lasts.
    async fn to(&self) -> Option<Date> {
        self.spell.to.map(Date)
    }

    /// How many days it lasted, or has lasted as of the date.
    async fn days(&self) -> MetricValue {
        let days = self.spell.days as f64;
        MetricValue(Value::count(Metric::QuietSpellDays, days))
    }

    /// The gathering that ended it, the first of the day where there were several; null while it lasts.
    async fn ended_by(&self, ctx: &Context<'_>) -> Option<Gathering> {
        let found = loaders::load(ctx, self.end?).await;
        nullable(ctx, found.map(|found| found.map(Gathering::from)))
    }
}
