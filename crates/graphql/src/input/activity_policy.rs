//! Activity policies, as they are asked by and as they are written.

use async_graphql::{ID, InputObject};
use convene_application::{
    policies::Choice,
    writing::{
        Refusal,
        policies::{AddActivityPolicy, ChangeActivityPolicy, ChooseCommunityPolicy, ChooseNetworkPolicy},
    },
};
use convene_domain::{
    Invalid,
    lifecycle::{self, Period, Rule, Rules},
};

use super::{Fields, Input, Once, Part, Update, checked};
use crate::{error::Error, scalars::Date, types::Counted};

/// A rule of an activity policy: so many gatherings in a period before the date of evaluation, or the community's own cadence.
/// Exactly one of `days`, `months`, `closedMonths` and `ownCadence` is given.
#[derive(Debug, InputObject)]
pub(crate) struct ActivityRuleInput {
    /// How many gatherings there have to be, 1 to 1,000; 1 when left out.
    at_least: Option<i32>,
    /// Which gatherings count; those that were held when left out.
    counted: Option<Counted>,
    /// So many days before the date: what began on the date minus so many days counts, what begins on the date does not.
    days: Option<i32>,
    /// So many calendar months back from the date, cut to the end of shorter months.
    months: Option<i32>,
    /// So many calendar months that are over on the date.
    closed_months: Option<i32>,
    /// Whether it asks for a gathering held within one interval of the community's own cadence and 14 days; false when left
    /// out.
    own_cadence: Option<bool>,
}

impl ActivityRuleInput {
    fn into_rule(self) -> Result<Rule, Invalid> {
        let period = |length: Option<i32>, of: fn(u16) -> Period| {
            let too_long = || Invalid::new(format!("has a period that is not 1 to {} long", Period::MAX));
            length.map(|length| u16::try_from(length).map(of).map_err(|_| too_long())).transpose()
        };
        let (days, months) = (period(self.days, Period::Days)?, period(self.months, Period::Months)?);
        let periods = [days, months, period(self.closed_months, Period::ClosedMonths)?];
        let mut periods = periods.into_iter().flatten();
        let counted = self.counted.map_or(lifecycle::Counted::Held, Into::into);
        match (periods.next(), periods.next(), self.own_cadence.unwrap_or_default()) {
            (Some(period), None, false) => Rule::try_new(self.at_least.unwrap_or(1).into(), counted, period),
            (None, None, true) if self.at_least.is_none() && self.counted.is_none() => Ok(Rule::OwnCadence),
            (None, None, true) => Err(Invalid::new("counts gatherings, which a rule by the own cadence does not")),
            _ => Err(Invalid::new("does not say exactly one of `days`, `months`, `closedMonths` and `ownCadence`")),
        }
    }
}

impl Part for ActivityRuleInput {
    type Checked = Rule;

    fn check(self, fields: &mut Fields) -> Option<Rule> {
        fields.whole(self.into_rule())
    }
}

/// By which activity policy a question is asked: a code, or rules given here.
#[derive(Debug, InputObject)]
pub(crate) struct ActivityPolicyChoice {
    /// The code of a policy that every network has (`SIX_MONTHS`, `SIX_MONTHS_OR_AHEAD`, `TWELVE_CLOSED_MONTHS`,
    /// `NINETY_DAYS_OR_SIX_A_YEAR`, `THREE_A_YEAR`, `OWN_CADENCE`), or that the network made.
    code: Option<String>,
    /// Rules, 1 to 10: a community is active when it fulfils any of them.
    rules: Option<Vec<ActivityRuleInput>>,
}

/// Takes the policy of a question; without one each community is held against its own.
pub(crate) fn choice(given: Option<ActivityPolicyChoice>) -> Result<Choice, Error> {
    let Some(given) = given else { return Ok(Choice::Own) };
    match (given.code, given.rules) {
        (Some(code), None) => Ok(Choice::Named(checked("policy.code", code.parse())?)),
        (None, Some(rules)) => {
            let rules = rules.into_iter().enumerate();
            let rules = rules.map(|(at, rule)| checked(&format!("policy.rules.{at}"), rule.into_rule()));
            Ok(Choice::Rules(checked("policy.rules", Rules::try_new(rules.collect::<Result<_, _>>()?))?))
        }
        _ => Err(Error::bad_user_input("policy names not exactly one of `code` and `rules`")),
    }
}

fn rules(fields: &mut Fields, name: &str, rules: Vec<ActivityRuleInput>) -> Option<Rules> {
    let rules = fields.list(name, rules, Fields::part)?;
    fields.valid(name, Rules::try_new(rules))
}

/// An activity policy to add to a network.
#[derive(Debug, InputObject)]
pub(crate) struct AddActivityPolicyInput {
    /// The id of the network (net_...).
    network: ID,
    /// The code that communities and questions name it by, unique within the network, for ever the same: `A` to `Z`, `0` to
    /// `9` and `_`, a letter first; at most 64 characters.
    code: String,
    /// What people call it.
    name: String,
    /// What it says, in words.
    text: Option<String>,
    /// Its rules, 1 to 10: a community is active when it fulfils any of them.
    rules: Vec<ActivityRuleInput>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for AddActivityPolicyInput {
    type Command = AddActivityPolicy;

    fn check(self, mut fields: Fields) -> Result<AddActivityPolicy, Vec<Refusal>> {
        let network = fields.parsed("network", self.network);
        let code = fields.parsed("code", self.code);
        let name = fields.parsed("name", self.name);
        let text = fields.optional("text", self.text, Fields::parsed);
        let rules = rules(&mut fields, "rules", self.rules);
        fields.build(|| {
            let policy = lifecycle::ActivityPolicy { code: code?, name: name?, text: text?, rules: rules? };
            Some(AddActivityPolicy { network: network?, policy })
        })
    }
}

/// A change to an activity policy of a network. What is left out stays as it is; not all of it can be left out.
#[derive(Debug, InputObject)]
pub(crate) struct ChangeActivityPolicyInput {
    /// The id of the network (net_...).
    network: ID,
    /// The revision that the change is made from: the network's `revision` as you read it, for its policies are a part of it.
    expected_revision: i32,
    /// The code of the policy.
    code: String,
    /// What people call it; it cannot be null.
    name: Update<String>,
    /// What it says, in words; null for nothing.
    text: Update<String>,
    /// Its rules, all of them, 1 to 10; they cannot be null.
    rules: Update<Vec<ActivityRuleInput>>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChangeActivityPolicyInput {
    type Command = ChangeActivityPolicy;

    fn check(self, mut fields: Fields) -> Result<ChangeActivityPolicy, Vec<Refusal>> {
        let network = fields.parsed("network", self.network);
        let expected = self.expected_revision.into();
        let code = fields.parsed("code", self.code);
        let name = fields.changed("name", self.name, Fields::parsed);
        let text = fields.patched("text", self.text, Fields::parsed);
        let rules = fields.changed("rules", self.rules, rules);
        fields.build(|| {
            Some(ChangeActivityPolicy { network: network?, expected, code: code?, name: name?, text: text?, rules: rules? })
        })
    }
}

/// The activity policy that holds for a network from a day on.
#[derive(Debug, InputObject)]
pub(crate) struct ChooseNetworkActivityPolicyInput {
    /// The id of the network (net_...).
    network: ID,
    /// The revision that the choice is made from: the network's `revision` as you read it.
    expected_revision: i32,
    /// The code of the policy; null for `SIX_MONTHS`, which holds where nothing was chosen.
    policy: Option<String>,
    /// The first day on which it holds, until the day of the next choice; today in UTC when left out.
    from: Option<Date>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChooseNetworkActivityPolicyInput {
    type Command = ChooseNetworkPolicy;

    fn check(self, mut fields: Fields) -> Result<ChooseNetworkPolicy, Vec<Refusal>> {
        let network = fields.parsed("network", self.network);
        let expected = self.expected_revision.into();
        let policy = fields.optional("policy", self.policy, Fields::parsed);
        let from = self.from.map(Into::into);
        fields.build(|| Some(ChooseNetworkPolicy { network: network?, expected, policy: policy?, from }))
    }
}

/// The activity policy that holds for a community from a day on.
#[derive(Debug, InputObject)]
pub(crate) struct ChooseCommunityActivityPolicyInput {
    /// The id of the community (com_...). The policy holds for it alone, not for what is beneath it.
    community: ID,
    /// The revision that the choice is made from: the community's `revision` as you read it.
    expected_revision: i32,
    /// The code of the policy; null for that of the network.
    policy: Option<String>,
    /// The first day on which it holds, until the day of the next choice; today in UTC when left out.
    from: Option<Date>,
    #[graphql(flatten)]
    once: Once,
}

impl Input for ChooseCommunityActivityPolicyInput {
    type Command = ChooseCommunityPolicy;

    fn check(self, mut fields: Fields) -> Result<ChooseCommunityPolicy, Vec<Refusal>> {
        let community = fields.parsed("community", self.community);
        let expected = self.expected_revision.into();
        let policy = fields.optional("policy", self.policy, Fields::parsed);
        let from = self.from.map(Into::into);
        fields.build(|| Some(ChooseCommunityPolicy { community: community?, expected, policy: policy?, from }))
    }
}
