//! Where communities are in their life, as of a date. Everyone may ask.

mod spells;

use std::collections::HashMap;

use chrono::NaiveDate;
use convene_domain::{
    community::{CommunityStatus, Level},
    id::{CommunityId, Within},
    lifecycle::{
        Activity, ActivityPolicy, Band, LifeState, Maturity, Periods, QuietBand, Rule, Rules, Standing, calendar::days_after,
        median,
    },
    metric::{Metric, Value},
};
use convene_persistence::lifecycle::{self, Past};

pub use self::spells::{Spell, SpellFilter, SpellQuestion, Spells, ends, spells};
use crate::{
    App, Result, nodes,
    policies::{Choice, Policies},
};

/// What is asked of the life of communities.
#[derive(Debug, Clone)]
pub struct Question {
    /// Where.
    pub within: Within,
    /// The date of evaluation, and the windows.
    pub periods: Periods,
    /// By which policy communities are active.
    pub policy: Choice,
    /// Of which levels; of all when empty.
    pub levels: Vec<Level>,
    /// Whether communities count that were closed as of the date.
    pub closed: bool,
    /// How many days ahead the end of activity is looked for.
    pub ahead: u32,
}

/// A community that is asked about.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Which one.
    pub community: CommunityId,
    /// Its name, by which lists are sorted.
    pub name: String,
    /// Where it is in its life.
    pub standing: Standing,
    /// The code of the policy that it is held against; `None` when rules were asked for.
    pub policy: Option<convene_domain::text::Code>,
    /// Whether it is active; `None` when the policy cannot tell.
    pub active: Option<bool>,
    /// When it stops being active if nothing more is held, and by which rule, if that is within the days ahead.
    pub at_risk: Option<(NaiveDate, Rule)>,
    /// An active community near it that it could learn from, if it is quiet.
    pub mentor: Option<CommunityId>,
}

/// The answer: everything is counted from the same communities that are listed.
#[derive(Debug, Clone)]
pub struct LifeCycle {
    /// The date and the windows.
    pub periods: Periods,
    /// The policy that was asked for by its code.
    pub policy: Option<ActivityPolicy>,
    /// The communities by name, then id.
    pub entries: Vec<Entry>,
}

/// Finds out where the communities in a place, which has to exist, are in their life.
pub async fn life_cycle(app: &App, question: &Question) -> Result<LifeCycle> {
    let Question { within, periods, .. } = question;
    let past = load(app, *within, &question.levels, periods.as_of).await?;
    let past: Vec<Past> = past.into_iter().filter(|past| question.closed || past.status != CommunityStatus::Closed).collect();
    let held = Held::load(app, *within, &question.policy, periods.as_of).await?;
    let mut entries = Vec::with_capacity(past.len());
    for past in &past {
        let (rules, policy) = held.rules(past)?;
        let active = rules.hold(&past.history, periods.as_of);
        let end = if active == Some(true) { rules.end(&past.history, periods.as_of) } else { None };
        entries.push(Entry {
            community: past.id,
            name: past.name.clone(),
            standing: Standing::of(&past.history, past.status, periods),
            policy: policy.map(|policy| policy.code.clone()),
            active,
            at_risk: end.filter(|(day, _)| *day <= days_after(periods.as_of, question.ahead)),
            mentor: None,
        });
    }
    find_mentors(&past, &mut entries);
    entries.sort_by(|a, b| (&a.name, a.community).cmp(&(&b.name, b.community)));
    let policy = match &question.policy {
        Choice::Named(code) => held.policies.as_ref().map(|policies| policies.named(code)).transpose()?.cloned(),
        Choice::Own | Choice::Rules(_) => None,
    };
    Ok(LifeCycle { periods: *periods, policy, entries })
}

/// Loads what is known of the communities in a place, which has to exist.
pub(crate) async fn load(app: &App, within: Within, levels: &[Level], as_of: NaiveDate) -> Result<Vec<Past>> {
    let past = lifecycle::load(app.reader(), within, levels, as_of).await?;
    if past.is_empty() {
        nodes::check_place(app, within).await?;
    }
    Ok(past)
}

/// What communities are held against.
pub(crate) struct Held<'a> {
    choice: &'a Choice,
    policies: Option<Policies>,
}

impl<'a> Held<'a> {
    /// Loads the policies of the network of a place.
    ///
    /// # Errors
    ///
    /// Fails if there is no such place, or no policy with the code that is named.
    pub(crate) async fn load(app: &App, within: Within, choice: &'a Choice, as_of: NaiveDate) -> Result<Self> {
        let network = nodes::network_of(app, within).await?;
        let policies = match choice {
            Choice::Rules(_) => None,
            Choice::Own | Choice::Named(_) => Some(Policies::load(app, network, as_of).await?),
        };
        // A code that nobody knows is a fault, also where nothing is held against it.
        if let (Choice::Named(code), Some(policies)) = (choice, &policies) {
            policies.named(code)?;
        }
        Ok(Self { choice, policies })
    }

    /// The rules for one community, and the policy that they are of.
    pub(crate) fn rules<'b>(&'b self, past: &Past) -> Result<(&'b Rules, Option<&'b ActivityPolicy>)> {
        let policy = match (self.choice, &self.policies) {
            (Choice::Rules(rules), _) => return Ok((rules, None)),
            (Choice::Named(code), Some(policies)) => policies.named(code)?,
            (Choice::Own, Some(policies)) => policies.of(past.policy.as_ref())?,
            (_, None) => return Err(crate::Error::Lost("the policies of a network")),
        };
        Ok((&policy.rules, Some(policy)))
    }
}

/// Gives each quiet community the one that met most in the window of those in its region, else its country, else its time
/// zone.
fn find_mentors(past: &[Past], entries: &mut [Entry]) {
    let keys = |past: &Past| {
        let key = |kind: u8, value: &Option<String>| value.clone().map(|value| (kind, value));
        [key(0, &past.region), key(1, &past.country), key(2, &past.time_zone)].into_iter().flatten().collect::<Vec<_>>()
    };
    let mut best: HashMap<(u8, String), usize> = HashMap::new();
    for (at, (past, entry)) in past.iter().zip(entries.iter()).enumerate() {
        if entry.standing.gatherings == 0 || entry.standing.state == LifeState::Closed {
            continue;
        }
        for key in keys(past) {
            let better = |other: &Entry| {
                let rank = |entry: &Entry| (std::cmp::Reverse(entry.standing.gatherings), entry.name.clone(), entry.community);
                rank(entry) < rank(other)
            };
            let first = best.entry(key).or_insert(at);
            if entries.get(*first).is_some_and(better) {
                *first = at;
            }
        }
    }
    for (at, past) in past.iter().enumerate() {
        let mentor = keys(past).iter().find_map(|key| best.get(key)).and_then(|at| entries.get(*at)).map(|it| it.community);
        if let Some(entry) = entries.get_mut(at).filter(|entry| entry.standing.state == LifeState::Quiet) {
            entry.mentor = mentor;
        }
    }
}

/// A number as the registry holds it.
pub(crate) fn real(number: usize) -> f64 {
    number as f64
}

impl LifeCycle {
    /// How many of the communities pass a test.
    fn count(&self, metric: Metric, test: impl Fn(&Entry) -> bool) -> Value {
        let found = self.entries.iter().filter(|entry| test(entry)).count();
        Value::of(metric, real(found), real(self.entries.len()))
    }

    /// How many communities there are.
    pub fn communities(&self) -> Value {
        Value::count(Metric::LifeCycleCommunities, real(self.entries.len()))
    }

    /// How many are in a state.
    pub fn in_state(&self, state: LifeState) -> Value {
        let metric = match state {
            LifeState::NeverMet => Metric::CommunitiesNeverMet,
            LifeState::New => Metric::CommunitiesNew,
            LifeState::Reactivated => Metric::CommunitiesReactivated,
            LifeState::Continuing => Metric::CommunitiesContinuing,
            LifeState::Quiet => Metric::CommunitiesQuiet,
            LifeState::Closed => Metric::CommunitiesClosed,
        };
        self.count(metric, |entry| entry.standing.state == state)
    }

    /// How many stopped from one window to the next.
    pub fn now_inactive(&self) -> Value {
        self.count(Metric::CommunitiesNowInactive, |entry| entry.standing.now_inactive)
    }

    /// How many are active.
    pub fn active(&self) -> Value {
        self.count(Metric::CommunitiesMeetingPolicy, |entry| entry.active == Some(true))
    }

    /// Which share is active.
    pub fn active_share(&self) -> Value {
        Value { metric: Metric::CommunitiesMeetingPolicyShare, ..self.active() }
    }

    /// Of how many it cannot be told.
    pub fn without_verdict(&self) -> Value {
        self.count(Metric::CommunitiesWithoutVerdict, |entry| entry.active.is_none())
    }

    /// How many are about to stop being active.
    pub fn at_risk(&self) -> Value {
        let at_risk = self.entries.iter().filter(|entry| entry.at_risk.is_some()).count();
        Value::count(Metric::CommunitiesAtRisk, real(at_risk))
    }

    /// How many of a state last met so long ago; of all states but closed when none is named.
    pub fn in_quiet_band(&self, band: QuietBand) -> Value {
        self.count(Metric::CommunitiesByQuietBand, |entry| entry.standing.quiet_band(self.periods.as_of) == Some(band))
    }

    /// How many met so often in twelve closed months.
    pub fn in_band(&self, band: Band) -> Value {
        self.count(Metric::CommunitiesByBand, |entry| entry.standing.band == band)
    }

    /// How many are so mature and so active.
    pub fn of_maturity(&self, maturity: Maturity, activity: Activity) -> Value {
        self.count(Metric::CommunitiesByMaturity, |entry| {
            entry.standing.maturity == Some(maturity) && entry.standing.activity == activity
        })
    }

    /// How many gatherings those held on average that held any in the window.
    pub fn gatherings_mean(&self) -> Value {
        let met = self.met();
        let sum: usize = met.iter().sum();
        let mean = if met.is_empty() { 0.0 } else { real(sum) / real(met.len()) };
        Value::of(Metric::GatheringsOfMeetingMean, mean, real(met.len()))
    }

    /// How many gatherings those held that held any in the window: the middle value.
    pub fn gatherings_median(&self) -> Value {
        let met = self.met();
        let middle = median(met.iter().filter_map(|met| i64::try_from(*met).ok()).collect());
        Value::of(Metric::GatheringsOfMeetingMedian, middle.unwrap_or_default(), real(met.len()))
    }

    fn met(&self) -> Vec<usize> {
        self.entries.iter().map(|entry| entry.standing.gatherings).filter(|gatherings| *gatherings > 0).collect()
    }
}
