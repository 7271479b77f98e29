//! Where communities are in their life.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject};
use convene_application::lifecycle::{self, Entry};
use convene_domain::{
    id::CommunityId,
    lifecycle::{Activity, Band, LifeState as State, Maturity as Age, QuietBand as Quiet, Rule},
    metric::{self, Value},
    page::{Page, Place},
};

use crate::{
    budget,
    connection::Paging,
    error::Error,
    input,
    listed::{Listed, page_of},
    loaders,
    scalars::{Date, int},
    types::{
        ActivityBand, ActivityPolicy, ActivityRule, Community, GatheringBand, LifeCycleOrder, LifeState, Maturity, MetricValue,
        Period, QuietBand,
    },
};

/// How many communities last met so long ago.
#[derive(Debug, SimpleObject)]
pub(crate) struct QuietBandCount {
    /// How long ago.
    band: QuietBand,
    /// How many communities.
    communities: MetricValue,
}

/// How many communities met so often in twelve closed months.
#[derive(Debug, SimpleObject)]
pub(crate) struct GatheringBandCount {
    /// How often.
    band: GatheringBand,
    /// How many communities.
    communities: MetricValue,
}

/// How many communities are so mature and so active.
#[derive(Debug, SimpleObject)]
pub(crate) struct MaturityCount {
    /// How long ago they first met.
    maturity: Maturity,
    /// How often they met in the last six calendar months.
    activity: ActivityBand,
    /// How many communities.
    communities: MetricValue,
}

/// Which communities of a life-cycle are listed: those that fit in all respects that are given. A list that is left out or
/// empty lets everything through; each has at most 100 values.
#[derive(Debug, Default, InputObject)]
pub(crate) struct LifeCycleFilter {
    /// Only these states.
    states: Option<Vec<LifeState>>,
    /// Only those that are active by the policy, or only those that are not. Those of which it cannot be told are neither.
    active: Option<bool>,
    /// Only those that held gatherings in the window before and none in the window, or only the others.
    now_inactive: Option<bool>,
    /// Only those that last met so long ago.
    quiet_bands: Option<Vec<QuietBand>>,
    /// Only those that met so often in twelve closed months.
    gathering_bands: Option<Vec<GatheringBand>>,
    /// Only those that are about to stop being active within the days asked for (`ahead`), or only the others.
    at_risk: Option<bool>,
}

/// The filter with its lists bounded.
struct Wanted {
    states: Vec<State>,
    active: Option<bool>,
    now_inactive: Option<bool>,
    quiet_bands: Vec<Quiet>,
    gathering_bands: Vec<Band>,
    at_risk: Option<bool>,
}

impl LifeCycleFilter {
    fn check(self) -> Result<Wanted, Error> {
        Ok(Wanted {
            states: input::values("filter.states", self.states)?,
            active: self.active,
            now_inactive: self.now_inactive,
            quiet_bands: input::values("filter.quietBands", self.quiet_bands)?,
            gathering_bands: input::values("filter.gatheringBands", self.gathering_bands)?,
            at_risk: self.at_risk,
        })
    }
}

impl Wanted {
    fn passes(&self, entry: &Entry, as_of: chrono::NaiveDate) -> bool {
        let standing = &entry.standing;
        let quiet = standing.quiet_band(as_of);
        (self.states.is_empty() || self.states.contains(&standing.state))
            && self.active.is_none_or(|active| entry.active == Some(active))
            && self.now_inactive.is_none_or(|inactive| standing.now_inactive == inactive)
            && (self.quiet_bands.is_empty() || quiet.is_some_and(|band| self.quiet_bands.contains(&band)))
            && (self.gathering_bands.is_empty() || self.gathering_bands.contains(&standing.band))
            && self.at_risk.is_none_or(|at_risk| entry.at_risk.is_some() == at_risk)
    }
}

/// Where the communities of a place are in their life.
#[derive(Debug)]
pub(crate) struct LifeCycle(pub(crate) lifecycle::LifeCycle);

/// Where the communities of a place are in their life, as of a date: who is new, came back, goes on, fell silent or never met,
/// and who is active by a policy. All numbers are counted from the same communities, which `communities` lists.
#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl LifeCycle {
    /// The date of evaluation. What lies before it counts; the date itself does not.
    async fn as_of(&self) -> Date {
        Date(self.0.periods.as_of)
    }

    /// The window, which ends with the date of evaluation.
    async fn window(&self) -> Period {
        self.0.periods.window.into()
    }

    /// The window that it is compared with.
    async fn previous(&self) -> Period {
        self.0.periods.previous.into()
    }

    /// The policy that was asked for by its code; null when rules were given, or each community is held against its own.
    async fn policy(&self) -> Option<ActivityPolicy> {
        self.0.policy.clone().map(ActivityPolicy)
    }

    /// How many communities are asked about. The six states add up to it.
    async fn population(&self) -> MetricValue {
        MetricValue(self.0.communities())
    }

    /// How many never held a gathering.
    async fn never_met(&self) -> MetricValue {
        self.state(State::NeverMet)
    }

    /// How many held their first gathering in the window.
    async fn new(&self) -> MetricValue {
        self.state(State::New)
    }

    /// How many held gatherings before and in the window, and none in the window before.
    async fn reactivated(&self) -> MetricValue {
        self.state(State::Reactivated)
    }

    /// How many held gatherings in the window and in the one before.
    async fn continuing(&self) -> MetricValue {
        self.state(State::Continuing)
    }

    /// How many held gatherings, and none in the window.
    async fn quiet(&self) -> MetricValue {
        self.state(State::Quiet)
    }

    /// How many were closed as of the date; 0 unless closed ones are asked about.
    async fn closed(&self) -> MetricValue {
        self.state(State::Closed)
    }

    /// How many held gatherings in the window before and none in the window. They are among the quiet, or closed.
    async fn now_inactive(&self) -> MetricValue {
        MetricValue(self.0.now_inactive())
    }

    /// How many are active by the policy.
    async fn active(&self) -> MetricValue {
        MetricValue(self.0.active())
    }

    /// Which share is active by the policy.
    async fn active_share(&self) -> MetricValue {
        MetricValue(self.0.active_share())
    }

    /// Of how many the policy cannot tell whether they are active.
    async fn without_verdict(&self) -> MetricValue {
        MetricValue(self.0.without_verdict())
    }

    /// How many are active, and will not be within the days asked for (`ahead`) if nothing more is held.
    async fn at_risk(&self) -> MetricValue {
        MetricValue(self.0.at_risk())
    }

    /// How many gatherings a community held in the window, on average over those that held any.
    async fn gatherings_mean(&self) -> MetricValue {
        MetricValue(self.0.gatherings_mean())
    }

    /// How many gatherings a community held in the window: the middle value over those that held any.
    async fn gatherings_median(&self) -> MetricValue {
        MetricValue(self.0.gatherings_median())
    }

    /// How many last met how long ago, in whole calendar months; those that never met are in none of the four bands.
    async fn quiet_bands(&self, ctx: &Context<'_>) -> Result<Vec<QuietBandCount>, Error> {
        budget::spend(ctx, Quiet::ALL.len()).await?;
        let count = |band| QuietBandCount { band: QuietBand::from(band), communities: MetricValue(self.0.in_quiet_band(band)) };
        Ok(Quiet::ALL.iter().copied().map(count).collect())
    }

    /// How many met how often in the last twelve closed months, in five bands.
    async fn gathering_bands(&self, ctx: &Context<'_>) -> Result<Vec<GatheringBandCount>, Error> {
        budget::spend(ctx, Band::ALL.len()).await?;
        let count = |band| GatheringBandCount { band: GatheringBand::from(band), communities: MetricValue(self.0.in_band(band)) };
        Ok(Band::ALL.iter().copied().map(count).collect())
    }

    /// How many are how mature and how active, in twelve pairs; those that never met are in none.
    async fn maturities(&self, ctx: &Context<'_>) -> Result<Vec<MaturityCount>, Error> {
        budget::spend(ctx, Age::ALL.len() * Activity::ALL.len()).await?;
        let pairs = Age::ALL.iter().flat_map(|age| Activity::ALL.iter().map(|activity| (*age, *activity)));
        let count = |(age, activity)| MaturityCount {
            maturity: Maturity::from(age),
            activity: ActivityBand::from(activity),
            communities: MetricValue(self.0.of_maturity(age, activity)),
        };
        Ok(pairs.map(count).collect())
    }

    /// The communities that are asked about.
    async fn communities(
        &self,
        #[graphql(desc = "Which communities; all when left out.")] filter: Option<LifeCycleFilter>,
        #[graphql(desc = "How they are sorted.", default_with = "Some(LifeCycleOrder::default())")] order_by: Option<
            LifeCycleOrder,
        >,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Listed<LifeCycleCommunity>, Error> {
        let (filter, order) = (filter.unwrap_or_default().check()?, order_by.unwrap_or_default());
        let as_of = self.0.periods.as_of;
        let list = format!("lifeCycle.{order:?}");
        let request = Paging { first, after, last, before }.of(&list)?;
        let found: Vec<_> = self.0.entries.iter().filter(|entry| filter.passes(entry, as_of)).collect();
        let total = found.len();
        let place = |entry: &Entry| {
            let most = |number: usize| -i64::try_from(number).unwrap_or(i64::MAX);
            let instant = match order {
                LifeCycleOrder::Name => 0,
                LifeCycleOrder::MostGatherings => most(entry.standing.gatherings),
                LifeCycleOrder::LongestSilence => entry.standing.days_since(as_of).map_or(1, |days| -days),
            };
            Place { list: list.clone(), instant, text: entry.name.clone(), id: entry.community.uuid() }
        };
        let page = page_of(found.into_iter().map(|entry| (place(entry), entry)).collect(), &request);
        let Page { entries, has_previous, has_next } = page;
        let shown = entries.into_iter().map(|(place, entry)| (place, LifeCycleCommunity { entry: entry.clone(), as_of }));
        Ok(Listed::new(Page { entries: shown.collect(), has_previous, has_next }, total))
    }
}

impl LifeCycle {
    fn state(&self, state: State) -> MetricValue {
        MetricValue(self.0.in_state(state))
    }
}

/// A community with where it is in its life.
#[derive(Debug)]
pub(crate) struct LifeCycleCommunity {
    entry: Entry,
    as_of: chrono::NaiveDate,
}

/// A community with where it is in its life, as of a date.
#[Object]
impl LifeCycleCommunity {
    /// The community.
    async fn community(&self, ctx: &Context<'_>) -> Result<Community, Error> {
        Ok(loaders::load_referred(ctx, self.entry.community).await?.into())
    }

    /// Where it is in its life.
    async fn state(&self) -> LifeState {
        self.entry.standing.state.into()
    }

    /// Whether it held gatherings in the window before and none in the window.
    async fn now_inactive(&self) -> bool {
        self.entry.standing.now_inactive
    }

    /// Whether it is active by the policy; null when the policy cannot tell.
    async fn active(&self) -> Option<bool> {
        self.entry.active
    }

    /// The code of the policy that it is held against; null when rules were given.
    async fn policy(&self) -> Option<&str> {
        self.entry.policy.as_deref()
    }

    /// The day of its first gathering; null when it never met.
    async fn first_on(&self) -> Option<Date> {
        self.entry.standing.first.map(Date)
    }

    /// The day of its last gathering; null when it never met.
    async fn last_on(&self) -> Option<Date> {
        self.entry.standing.last.map(Date)
    }

    /// How many days ago its last gathering began. Its `value` is null when it never met.
    async fn days_since_last(&self) -> MetricValue {
        let days = self.entry.standing.days_since(self.as_of);
        let value = match days {
            Some(days) => Value::count(metric::Metric::DaysSinceLastGathering, days as f64),
            // Taken from no gathering at all.
            None => Value::of(metric::Metric::DaysSinceLastGathering, 0.0, 0.0),
        };
        MetricValue(value)
    }

    /// How long ago that was, as a band; null when it never met.
    async fn quiet_band(&self) -> Option<QuietBand> {
        self.entry.standing.quiet_band(self.as_of).map(Into::into)
    }

    /// How many gatherings it held in the window.
    async fn gatherings(&self) -> MetricValue {
        MetricValue(Value::count(metric::Metric::CommunityGatherings, f64::from(int(self.entry.standing.gatherings))))
    }

    /// How many gatherings it held in the last twelve closed months, as a band.
    async fn gathering_band(&self) -> GatheringBand {
        self.entry.standing.band.into()
    }

    /// How long ago its first gathering was; null when it never met.
    async fn maturity(&self) -> Option<Maturity> {
        self.entry.standing.maturity.map(Into::into)
    }

    /// How often it met in the last six calendar months.
    async fn activity(&self) -> ActivityBand {
        self.entry.standing.activity.into()
    }

    /// The first day on which it will not be active any more if nothing more is held, when that is within the days asked for
    /// (`ahead`); else null.
    async fn active_until(&self) -> Option<Date> {
        self.entry.at_risk.map(|(day, _)| Date(day))
    }

    /// The rule that is the last to hold until then; null when `activeUntil` is.
    async fn last_rule(&self) -> Option<ActivityRule> {
        self.entry.at_risk.map(|(_, rule): (_, Rule)| ActivityRule(rule))
    }

    /// For a quiet community: the one that held most gatherings in the window of those asked about in its region, else in its
    /// country, else in its time zone, which it could learn from. Null when there is none, or the community is not quiet.
    async fn mentor(&self, ctx: &Context<'_>) -> Result<Option<Community>, Error> {
        let Some(mentor) = self.entry.mentor else { return Ok(None) };
        let found: Option<Arc<_>> = loaders::load::<CommunityId>(ctx, mentor).await?;
        Ok(found.map(Into::into))
    }
}
