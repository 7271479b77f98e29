//! What is asked of the activity of a place.

use async_graphql::{ID, InputObject};
use chrono::NaiveDate;
use convene_domain::{
    Invalid,
    metric::{self, GROUP_LIMIT},
};

use super::{Filter, Window, checked, id, parsed, values};
use crate::{
    error::Error,
    scalars::Date,
    types::{
        Bucket, CommunityStatus, CompareWith, Dimension, Direction, Format, GatheringStatus, Level, Metric, RelativePeriod,
        Weekday,
    },
};

/// How many groups are answered when nobody says how many.
const FIRST: usize = 1_000;
/// The most days of a period that is given by their number: ten years.
const DAYS: i32 = 3_660;

/// Which gatherings are counted: those that fit in all respects that are given, by themselves, by one of their hosts in the
/// place, and by their reports. A list that is left out or empty lets everything through; each has at most 100 values.
#[derive(Debug, Default, InputObject)]
pub(crate) struct ActivityFilter {
    /// Only gatherings of these formats.
    formats: Option<Vec<Format>>,
    /// Only gatherings with these statuses.
    statuses: Option<Vec<GatheringStatus>>,
    /// Only gatherings that begin on one of these weekdays of the local date.
    weekdays: Option<Vec<Weekday>>,
    /// Only gatherings whose reports name one of these outcomes, by their codes.
    outcomes: Option<Vec<String>>,
    /// Only gatherings whose reports name one of these functions, by their codes.
    functions: Option<Vec<String>>,
    /// Only what hosts of these levels host; of communities, only those of these levels.
    levels: Option<Vec<Level>>,
    /// Only hosts with these statuses.
    host_statuses: Option<Vec<CommunityStatus>>,
    /// Only hosts in these countries, by their two letters (ISO 3166-1).
    countries: Option<Vec<String>>,
    /// Only hosts in regions with these codes.
    region_codes: Option<Vec<String>>,
    /// Only hosts that were founded in one of these years.
    founded_years: Option<Vec<i32>>,
    /// Only what these communities host themselves.
    hosts: Option<Vec<ID>>,
}

impl Filter for ActivityFilter {
    type Checked = metric::ActivityFilter;

    fn check(self) -> Result<metric::ActivityFilter, Error> {
        Ok(metric::ActivityFilter {
            formats: values("filter.formats", self.formats)?,
            statuses: values("filter.statuses", self.statuses)?,
            weekdays: values("filter.weekdays", self.weekdays)?,
            outcomes: parsed("filter.outcomes", self.outcomes)?,
            functions: parsed("filter.functions", self.functions)?,
            levels: values("filter.levels", self.levels)?,
            host_statuses: values("filter.hostStatuses", self.host_statuses)?,
            countries: parsed("filter.countries", self.countries)?,
            region_codes: parsed("filter.regionCodes", self.region_codes)?,
            founded_years: values("filter.foundedYears", self.founded_years)?,
            hosts: parsed("filter.hosts", self.hosts)?,
        })
    }
}

/// By what groups are sorted: by a metric over the whole period; groups of which it cannot be computed come last, and equal
/// ones by their codes, then by their ids.
#[derive(Debug, InputObject)]
pub(crate) struct ActivityOrder {
    /// Which metric; one of those that are asked for.
    pub(crate) metric: Metric,
    /// The greatest or the smallest first.
    #[graphql(default_with = "Some(Direction::Descending)")]
    pub(crate) direction: Option<Direction>,
}

/// When a question is about, as it was asked.
#[derive(Debug)]
pub(crate) struct When {
    pub(crate) window: Option<Window>,
    pub(crate) period: Option<RelativePeriod>,
    pub(crate) last_days: Option<i32>,
    pub(crate) as_of: Option<Date>,
}

impl When {
    /// The period, given today's date.
    pub(crate) fn check(self, today: NaiveDate) -> Result<metric::Time, Error> {
        let when = match (self.window, self.period, self.last_days) {
            (None, None, None) => metric::When::AllTime,
            (Some(window), None, None) => metric::When::Window(window.check("window")?),
            (None, Some(period), None) => metric::When::Relative(period.into()),
            (None, None, Some(days)) => {
                let days = u16::try_from(days).ok().filter(|days| (1..=DAYS).contains(&i32::from(*days)));
                let reason = || Invalid::new(format!("is not a number of days from 1 to {DAYS}"));
                metric::When::LastDays(checked("lastDays", days.ok_or_else(reason))?)
            }
            _ => {
                return Err(Error::bad_user_input(
                    "period cannot be given together with window or lastDays, nor those two together",
                ));
            }
        };
        let is_cut = self.as_of.is_some();
        Ok(metric::Time { when, as_of: self.as_of.map_or(today, NaiveDate::from), is_cut })
    }
}

/// The arguments of `activity`.
#[derive(Debug)]
pub(crate) struct ActivityArguments {
    pub(crate) within: ID,
    pub(crate) when: When,
    pub(crate) bucket: Option<Bucket>,
    pub(crate) group_by: Option<Vec<Dimension>>,
    pub(crate) filter: Option<ActivityFilter>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) compare_with: Option<CompareWith>,
    pub(crate) order_by: Option<ActivityOrder>,
    pub(crate) first: Option<i32>,
}

impl ActivityArguments {
    /// The question, given today's date.
    pub(crate) fn check(self, today: NaiveDate) -> Result<metric::Question, Error> {
        let first = match self.first {
            None => FIRST,
            Some(first) => {
                let number = usize::try_from(first).ok().filter(|first| (1..=GROUP_LIMIT).contains(first));
                let reason = || Invalid::new(format!("is not a number from 1 to {GROUP_LIMIT}"));
                checked("first", number.ok_or_else(reason))?
            }
        };
        Ok(metric::Question {
            within: id("within", &self.within)?,
            time: self.when.check(today)?,
            bucket: self.bucket.map_or(metric::Bucket::Whole, metric::Bucket::from),
            group_by: values("groupBy", self.group_by)?,
            filter: super::filter(self.filter)?,
            metrics: self.metrics.into_iter().map(|metric| metric.0).collect(),
            compare_with: self.compare_with.map(metric::CompareWith::from),
            order: self.order_by.map(|order| metric::GroupOrder {
                metric: order.metric.0,
                descending: order.direction.is_none_or(|direction| direction == Direction::Descending),
            }),
            first,
        })
    }
}
