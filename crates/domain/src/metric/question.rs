//! What can be asked of the activity of a place, and what goes together.

use chrono::Weekday;

use super::{Bucket, CompareWith, Formula, Metric, Time};
use crate::{
    Invalid,
    community::{CommunityStatus, Level},
    gathering::{Format, GatheringStatus},
    id::{CommunityId, Within},
    text::{Code, Country, Text},
    words::words,
};

words! {
    /// What numbers are grouped by.
    Dimension, "dimension" {
        /// The communities right beneath the place, each with everything beneath it, and what the place hosts itself.
        Child = "CHILD",
        /// Each host by itself.
        Community = "COMMUNITY",
        /// The level of the hosts.
        Level = "LEVEL",
        /// The country of the hosts.
        Country = "COUNTRY",
        /// The region of the hosts.
        Region = "REGION",
        /// The year in which the hosts were founded.
        FoundingYear = "FOUNDING_YEAR",
        /// How people met.
        Format = "FORMAT",
        /// What became of the gathering.
        Status = "STATUS",
        /// The weekday of the local start date.
        Weekday = "WEEKDAY",
        /// An outcome that the report names.
        Outcome = "OUTCOME",
        /// A function that the report names.
        Function = "FUNCTION",
        /// What an item of a report is.
        ItemKind = "ITEM_KIND",
        /// What was done together.
        ActivityKind = "ACTIVITY_KIND",
    }
}

/// Which gatherings are counted, by themselves, by their hosts and by their reports. An empty list means any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ActivityFilter {
    /// Only these formats.
    pub formats: Vec<Format>,
    /// Only these statuses.
    pub statuses: Vec<GatheringStatus>,
    /// Only those that begin on one of these weekdays.
    pub weekdays: Vec<Weekday>,
    /// Only what reports name one of these outcomes of.
    pub outcomes: Vec<Code>,
    /// Only what reports name one of these functions of.
    pub functions: Vec<Code>,
    /// Only hosts of these levels.
    pub levels: Vec<Level>,
    /// Only hosts with these statuses.
    pub host_statuses: Vec<CommunityStatus>,
    /// Only hosts in these countries.
    pub countries: Vec<Country>,
    /// Only hosts in these regions.
    pub region_codes: Vec<Text>,
    /// Only hosts that were founded in one of these years.
    pub founded_years: Vec<i32>,
    /// Only these hosts.
    pub hosts: Vec<CommunityId>,
}

impl ActivityFilter {
    /// Whether it says something of hosts.
    pub fn asks_of_hosts(&self) -> bool {
        !(self.levels.is_empty()
            && self.host_statuses.is_empty()
            && self.countries.is_empty()
            && self.region_codes.is_empty()
            && self.founded_years.is_empty()
            && self.hosts.is_empty())
    }

    /// Whether it says something of gatherings or their reports.
    pub fn asks_of_gatherings(&self) -> bool {
        !(self.formats.is_empty()
            && self.statuses.is_empty()
            && self.weekdays.is_empty()
            && self.outcomes.is_empty()
            && self.functions.is_empty())
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        !self.asks_of_hosts() && !self.asks_of_gatherings()
    }
}

/// By what groups are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupOrder {
    /// By the value of this metric over the whole period.
    pub metric: Metric,
    /// The greatest first.
    pub descending: bool,
}

/// A question about the activity of a place.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    /// Where.
    pub within: Within,
    /// When.
    pub time: Time,
    /// In which parts.
    pub bucket: Bucket,
    /// Grouped by what; at most two.
    pub group_by: Vec<Dimension>,
    /// Of which gatherings.
    pub filter: ActivityFilter,
    /// What.
    pub metrics: Vec<Metric>,
    /// Compared with which earlier period.
    pub compare_with: Option<CompareWith>,
    /// How groups are sorted; by their codes when left out.
    pub order: Option<GroupOrder>,
    /// How many groups.
    pub first: usize,
}

/// Which argument of a question is refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The argument.
    pub argument: &'static str,
    /// Why.
    pub reason: Invalid,
}

/// The most groups of one answer.
pub const GROUP_LIMIT: usize = 5_000;
/// The most metrics of one question.
pub const METRIC_LIMIT: usize = 60;
/// By how many dimensions one can group.
pub const DIMENSION_LIMIT: usize = 2;

impl Question {
    /// Checks what goes together.
    ///
    /// # Errors
    ///
    /// Says which argument does not.
    pub fn check(&self) -> Result<(), Refused> {
        let refuse = |argument, reason: String| Err(Refused { argument, reason: Invalid::new(reason) });
        check_metrics(&self.metrics)?;
        let twice = self.group_by.iter().enumerate().find(|(at, dimension)| self.group_by[..*at].contains(dimension));
        if let Some((_, dimension)) = twice {
            return refuse("groupBy", format!("names {dimension} twice"));
        }
        if self.group_by.len() > DIMENSION_LIMIT {
            return refuse("groupBy", format!("names {} dimensions, more than {DIMENSION_LIMIT}", self.group_by.len()));
        }
        if !(1..=GROUP_LIMIT).contains(&self.first) {
            return refuse("first", format!("is not a number from 1 to {GROUP_LIMIT}"));
        }
        if let (Some(with), None) = (self.compare_with, self.time.period()) {
            return refuse("compareWith", format!("{with} needs a period: there is nothing before all time"));
        }
        if let Some(order) = self.order.filter(|order| !self.metrics.contains(&order.metric)) {
            return refuse("orderBy", format!("names {}, which is not among the metrics", order.metric));
        }
        for metric in &self.metrics {
            if let Some((dimension, why)) = self.group_by.iter().find_map(|it| Some((it, unfit(*metric, *it)?))) {
                return refuse("groupBy", format!("{dimension} does not go with {metric}: {why}"));
            }
            if counts_communities(*metric) && self.filter.asks_of_gatherings() {
                return refuse("filter", format!("asks of gatherings, and {metric} counts communities"));
            }
        }
        Ok(())
    }
}

/// Checks metrics that are asked for together.
///
/// # Errors
///
/// Says why they cannot be.
pub fn check_metrics(metrics: &[Metric]) -> Result<(), Refused> {
    let refuse = |reason: String| Err(Refused { argument: "metrics", reason: Invalid::new(reason) });
    if metrics.is_empty() {
        return refuse("names no metric".to_owned());
    }
    if metrics.len() > METRIC_LIMIT {
        return refuse(format!("names {} metrics, more than {METRIC_LIMIT}", metrics.len()));
    }
    for (at, metric) in metrics.iter().enumerate() {
        if metrics[..at].contains(metric) {
            return refuse(format!("names {metric} twice"));
        }
        if metric.formula() == Formula::Own {
            let asked_by = metric.definition().map_or("another field", |definition| definition.asked_by);
            return refuse(format!("names {metric}, which is answered by {asked_by}"));
        }
    }
    Ok(())
}

/// Whether a metric counts communities as they are, not their gatherings.
pub fn counts_communities(metric: Metric) -> bool {
    matches!(metric.formula(), Formula::Communities(_))
}

/// Whether what a question counts in its groups is made of whole months of whole communities: whatever communities hold
/// together in a month is all in a group or not at all.
pub fn is_of_whole_communities(group_by: &[Dimension], filter: &ActivityFilter) -> bool {
    use Dimension as By;
    let of_hosts = |dimension: &Dimension| {
        matches!(dimension, By::Child | By::Community | By::Level | By::Country | By::Region | By::FoundingYear)
    };
    group_by.iter().all(of_hosts) && !filter.asks_of_gatherings()
}

/// Why a metric cannot be grouped by a dimension; `None` when it can.
pub fn unfit(metric: Metric, dimension: Dimension) -> Option<&'static str> {
    use Dimension as By;
    match dimension {
        By::Format | By::Status | By::Weekday | By::Outcome | By::Function if counts_communities(metric) => {
            Some("it says something of gatherings, and the metric counts communities")
        }
        By::Outcome | By::Function if metric == Metric::ReportingRate => {
            Some("only what was reported has one, so that the rate would always be 1")
        }
        By::ItemKind if metric != Metric::Items => Some("only ITEMS can be told apart by it"),
        By::ActivityKind if metric != Metric::Activities => Some("only ACTIVITIES can be told apart by it"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{id::NetworkId, metric::When};

    fn question(metrics: &[Metric], group_by: &[Dimension]) -> Question {
        Question {
            within: Within::Network(NetworkId::from_uuid(Uuid::from_u128(1))),
            time: Time { when: When::AllTime, as_of: "2026-08-22".parse().expect("a date"), is_cut: false },
            bucket: Bucket::Whole,
            group_by: group_by.to_vec(),
            filter: ActivityFilter::default(),
            metrics: metrics.to_vec(),
            compare_with: None,
            order: None,
            first: 20,
        }
    }

    fn refused(question: &Question) -> Option<&'static str> {
        question.check().err().map(|refused| refused.argument)
    }

    #[test]
    fn what_goes_together_is_let_through() {
        assert_eq!(refused(&question(&[Metric::GatheringsHeld], &[Dimension::Child, Dimension::Format])), None);
        assert_eq!(refused(&question(&[Metric::Items], &[Dimension::ItemKind])), None);
        assert_eq!(refused(&question(&[Metric::Communities], &[Dimension::Level])), None);
    }

    #[test]
    fn what_has_no_meaning_is_named() {
        for (metrics, group_by, argument) in [
            (&[][..], &[][..], "metrics"),
            (&[Metric::Items, Metric::Items], &[], "metrics"),
            (&[Metric::Items], &[Dimension::Child, Dimension::Child], "groupBy"),
            (&[Metric::Items], &[Dimension::Child, Dimension::Level, Dimension::Format], "groupBy"),
            (&[Metric::Communities], &[Dimension::Format], "groupBy"),
            (&[Metric::GatheringsHeld], &[Dimension::ItemKind], "groupBy"),
            (&[Metric::ReportingRate], &[Dimension::Outcome], "groupBy"),
        ] {
            assert_eq!(refused(&question(metrics, group_by)), Some(argument), "{metrics:?} {group_by:?}");
        }
        let held = question(&[Metric::GatheringsHeld], &[]);
        assert_eq!(refused(&Question { first: 0, ..held.clone() }), Some("first"));
        assert_eq!(refused(&Question { compare_with: Some(CompareWith::PreviousPeriod), ..held.clone() }), Some("compareWith"));
        let order = Some(GroupOrder { metric: Metric::Items, descending: true });
        assert_eq!(refused(&Question { order, ..held }), Some("orderBy"));
        let formats = ActivityFilter { formats: vec![Format::Online], ..ActivityFilter::default() };
        assert_eq!(refused(&Question { filter: formats, ..question(&[Metric::Communities], &[]) }), Some("filter"));
    }
}
