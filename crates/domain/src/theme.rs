//! What recurs across communities: the themes of what they tell.

use crate::{
    id::CommunityId,
    metric::{Metric, Span, Value},
    report::ItemKind,
    text::Code,
    words::words,
};

words! {
    /// How themes are sorted; those that are equal by code.
    ThemeOrder, "order of themes" {
        /// Those of the most communities first, then those of the most items.
        Recurring = "RECURRING",
        /// Those first that grew the most since the period before, by items.
        Rising = "RISING",
        /// Those of the most items first.
        Frequent = "FREQUENT",
    }
}

/// Which themes are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ThemeQuery {
    /// When the gatherings took place.
    pub window: Span,
    /// With what it is compared.
    pub previous: Span,
    /// Which kinds of items count; none means challenges, needs and requests.
    pub kinds: Vec<ItemKind>,
}

impl ThemeQuery {
    /// What communities struggle with, as far as items can say it.
    pub const STRUGGLES: &'static [ItemKind] = &[ItemKind::Challenge, ItemKind::Need, ItemKind::Request];

    /// The kinds that count.
    pub fn kinds(&self) -> &[ItemKind] {
        if self.kinds.is_empty() { Self::STRUGGLES } else { &self.kinds }
    }
}

/// How much was told of a theme.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThemeCounts {
    /// Items of the kinds that count.
    pub items: u64,
    /// The same in the period before.
    pub previous_items: u64,
    /// Items of high or critical severity.
    pub severe_items: u64,
    /// Reports with such an item.
    pub reports: u64,
    /// Communities with such an item.
    pub communities: u64,
    /// The same in the period before.
    pub previous_communities: u64,
    /// Regions of these communities.
    pub regions: u64,
    /// Successes.
    pub successes: u64,
    /// Communities with a success.
    pub successful_communities: u64,
    /// Next steps.
    pub next_steps: u64,
    /// Next steps that are done.
    pub next_steps_done: u64,
}

/// A theme with how much was told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Its code.
    pub code: Code,
    /// How much.
    pub counts: ThemeCounts,
}

impl Theme {
    /// By how many items it grew.
    pub fn rise(&self) -> i64 {
        let signed = |items: u64| i64::try_from(items).unwrap_or(i64::MAX);
        signed(self.counts.items) - signed(self.counts.previous_items)
    }

    /// By which part it grew; `None` when there was nothing before.
    pub fn change(&self) -> Option<f64> {
        let before = number(self.counts.previous_items);
        (before > 0.0).then(|| number(self.counts.items) / before - 1.0)
    }

    /// How many items there were in the period before.
    pub fn previous_items(&self) -> Value {
        Value::count(Metric::ThemeItems, number(self.counts.previous_items))
    }

    /// How many communities there were in the period before.
    pub fn previous_communities(&self) -> Value {
        Value::count(Metric::ThemeCommunities, number(self.counts.previous_communities))
    }

    /// The value of one of the metrics of themes; `None` of any other.
    pub fn value(&self, metric: Metric) -> Option<Value> {
        let counts = &self.counts;
        let count = |of: u64| Some(Value::count(metric, number(of)));
        let ratio = |of: u64, base: u64| Some(Value::of(metric, number(of), number(base)));
        match metric {
            Metric::ThemeItems => count(counts.items),
            Metric::ThemeSevereItems => ratio(counts.severe_items, counts.items),
            Metric::ThemeReports => count(counts.reports),
            Metric::ThemeCommunities => count(counts.communities),
            Metric::ThemeRegions => count(counts.regions),
            Metric::ThemeSuccesses => count(counts.successes),
            Metric::ThemeSuccessfulCommunities => count(counts.successful_communities),
            Metric::ThemeNextStepsDoneRate => ratio(counts.next_steps_done, counts.next_steps),
            _ => None,
        }
    }
}

/// Sorts themes.
pub fn sort(themes: &mut [Theme], order: ThemeOrder) {
    themes.sort_by(|a, b| {
        let (left, right) = (&a.counts, &b.counts);
        let first = match order {
            ThemeOrder::Recurring => right.communities.cmp(&left.communities),
            ThemeOrder::Rising => b.rise().cmp(&a.rise()),
            ThemeOrder::Frequent => right.items.cmp(&left.items),
        };
        first.then(right.items.cmp(&left.items)).then_with(|| a.code.cmp(&b.code))
    });
}

/// All themes of a place, and how many of the items name one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Themes {
    /// Each theme that was told of in one of the two periods.
    pub themes: Vec<Theme>,
    /// Items of the kinds that count, whether they name a theme or not.
    pub items: u64,
}

impl Themes {
    /// How complete the themes are.
    pub fn tagged(&self) -> Value {
        let tagged: u64 = self.themes.iter().map(|theme| theme.counts.items).sum();
        Value::of(Metric::ThemeTaggedShare, number(tagged), number(self.items))
    }
}

/// What one community told of a theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ThemeOfCommunity {
    /// Which community.
    pub community: CommunityId,
    /// Items of the kinds that count.
    pub items: u64,
    /// Successes.
    pub successes: u64,
}

impl ThemeOfCommunity {
    /// How many items of the kinds that count it told of.
    pub fn items(&self) -> Value {
        Value::count(Metric::ThemeItems, number(self.items))
    }

    /// How many successes it told of.
    pub fn successes(&self) -> Value {
        Value::count(Metric::ThemeSuccesses, number(self.successes))
    }
}

/// A count as a value has it. None of ours comes near the end of what is exact.
fn number(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theme(code: &str, items: u64, previous_items: u64, communities: u64) -> Theme {
        let counts = ThemeCounts { items, previous_items, communities, ..ThemeCounts::default() };
        Theme { code: code.parse().expect("a code"), counts }
    }

    fn sorted(order: ThemeOrder) -> Vec<String> {
        let mut themes = [theme("GRIEF", 5, 1, 2), theme("FUNDING", 4, 9, 4), theme("BURNOUT", 5, 1, 2)];
        sort(&mut themes, order);
        themes.iter().map(|theme| theme.code.to_string()).collect()
    }

    #[test]
    fn themes_recur_rise_and_are_frequent() {
        assert_eq!(sorted(ThemeOrder::Recurring), ["FUNDING", "BURNOUT", "GRIEF"]);
        assert_eq!(sorted(ThemeOrder::Rising), ["BURNOUT", "GRIEF", "FUNDING"]);
        assert_eq!(sorted(ThemeOrder::Frequent), ["BURNOUT", "GRIEF", "FUNDING"]);
    }

    #[test]
    fn growth_from_nothing_has_no_rate() {
        assert_eq!(theme("GRIEF", 5, 0, 1).change(), None);
        assert_eq!(theme("GRIEF", 6, 4, 1).change(), Some(0.5));
        assert_eq!(theme("GRIEF", 0, 4, 1).rise(), -4);
    }
}
