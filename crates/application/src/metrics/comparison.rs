//! Communities side by side: the same metrics over the same period.

use std::collections::HashMap;

use convene_domain::{
    Invalid,
    access::Caller,
    change::Head,
    community::Level,
    id::{CommunityId, Within},
    metric::{
        Bucket, Column, CompareWith, Dimension, Earlier, Key, Metric, Needs, Period, Span, Tally, Time, check_metrics,
        counts_communities, median, ranks, shares,
    },
};
use convene_persistence::metrics::{self, Peer, Place};
use uuid::Uuid;

use super::{
    groups::Group,
    places,
    reading::{CountingEach, read_each},
};
use crate::{App, Error, Result, access};

/// How many communities are compared at least and at most.
pub const COMMUNITIES: (usize, usize) = (2, 50);

/// Which communities are compared, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparing {
    /// The communities.
    pub communities: Vec<CommunityId>,
    /// When.
    pub time: Time,
    /// What.
    pub metrics: Vec<Metric>,
    /// Beside what else: each of it is read only if it is wanted.
    pub beside: Beside,
}

/// What the numbers of communities are shown beside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Beside {
    /// The period right before.
    pub previous: bool,
    /// The same dates a year before.
    pub last_year: bool,
    /// Other communities of their level.
    pub peers: bool,
}

/// Communities side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// Where the log of the network ended before anything was counted.
    pub head: Head,
    /// The period.
    pub period: Period,
    /// The communities, in the order in which they were asked for; all lists are in this order.
    pub communities: Vec<Group>,
    /// Gatherings held, each of which is expected to have a report.
    pub expected_reports: Vec<Option<f64>>,
    /// Reports handed in.
    pub received_reports: Vec<Option<f64>>,
    /// The metrics, in the order in which they were asked for.
    pub metrics: Vec<ComparedMetric>,
}

/// A metric of communities side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct ComparedMetric {
    /// The numbers.
    pub column: Column,
    /// The rank of each.
    pub ranks: Vec<Option<f64>>,
    /// The share of each in the sum of all; `None` for metrics that do not add up.
    pub shares: Option<Vec<Option<f64>>>,
    /// The numbers of the period before, and by what part of them each grew.
    pub previous: Option<Vec<Earlier>>,
    /// The numbers of the year before, and by what part of them each grew.
    pub last_year: Option<Vec<Earlier>>,
    /// Those of their peers.
    pub peers: Option<Peers>,
}

/// The numbers of the open communities of the same network and level, without the community itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Peers {
    /// The middle one.
    pub medians: Vec<Option<f64>>,
    /// How far each number is above it.
    pub distances: Vec<Option<f64>>,
    /// How many peers have a number.
    pub counts: Vec<Option<f64>>,
    /// Whether people are left out of any of those numbers.
    pub suppressed: Vec<bool>,
}

/// Compares communities.
///
/// # Errors
///
/// Fails if one does not exist, or if they cannot be compared.
pub async fn comparison(app: &App, caller: &Caller, asked: &Comparing) -> Result<Comparison> {
    check(asked)?;
    let within: Vec<Within> = asked.communities.iter().map(|id| Within::Community(*id)).collect();
    let found = places::load(app, &within, false).await?;
    let places: Vec<&Place> = within.iter().filter_map(|within| found.get(within)).collect();
    let head = places.first().ok_or_else(|| invalid("communities", "names none"))?.head;
    if places.iter().any(|place| place.head.log.network != head.log.network) {
        return Err(invalid("communities", "are of several networks, which count by words of their own"));
    }
    let ids: Vec<Uuid> = asked.communities.iter().map(|id| id.uuid()).collect();
    let period = match asked.time.period() {
        Some(period) => period,
        None => {
            let founded = asked.metrics.iter().any(|metric| counts_communities(*metric));
            asked.time.all(metrics::bounds(app.reader(), &ids, founded).await?)
        }
    };
    let needs = Needs::of(&asked.metrics);
    let rights = access::rights_within(app, caller, &within).await?;
    let counting = CountingEach { network: head.log.network, needs: &needs, rights: &rights };
    // Peers stand anywhere in the network.
    let of_network = caller.rights_in(head.log.network);
    let anywhere = CountingEach { rights: &of_network, ..counting };
    let read = async |span: Span| -> Result<Counted> {
        Ok(Counted { needs: &needs, tallies: read_each(app, &ids, span, counting).await? })
    };
    let now = read(period.span).await?;
    let (mut previous, mut last_year, mut peers) = (None, None, None);
    if asked.beside.previous {
        previous = Some(read(earlier(period, CompareWith::PreviousPeriod)?).await?);
    }
    if asked.beside.last_year {
        last_year = Some(read(earlier(period, CompareWith::SamePeriodLastYear)?).await?);
    }
    let levels: Vec<Option<Level>> = places.iter().map(|place| place.level).collect();
    if asked.beside.peers {
        peers = Some(Peering::read(app, &levels, period.span, anywhere).await?);
    }
    let compared = |metric: &Metric| {
        let column = now.column(*metric, &ids);
        let values = column.values();
        let beside = |earlier: &Counted<'_>| Earlier::of(&column, &earlier.column(*metric, &ids));
        let (previous, last_year) = (previous.as_ref().map(beside), last_year.as_ref().map(beside));
        let peers = peers.as_ref().map(|peers| peers.beside(*metric, &values, (&ids, &levels)));
        ComparedMetric {
            ranks: ranks(&values).into_iter().map(|rank| rank.map(number)).collect(),
            shares: metric.is_additive().then(|| shares(&values)),
            previous,
            last_year,
            peers,
            column,
        }
    };
    let named = |place: &&Place| Group {
        dimension: Dimension::Community,
        code: Some(place.name.slug.clone()),
        label: place.name.name.clone(),
        community: Some(CommunityId::from_uuid(place.within.uuid())),
    };
    let (expected_reports, received_reports) = (now.measure(0, &ids), now.measure(1, &ids));
    let metrics = asked.metrics.iter().map(compared).collect();
    let communities = places.iter().map(named).collect();
    Ok(Comparison { head, period, communities, expected_reports, received_reports, metrics })
}

fn check(asked: &Comparing) -> Result<()> {
    check_metrics(&asked.metrics)?;
    let (least, most) = COMMUNITIES;
    let names = &asked.communities;
    if !(least..=most).contains(&names.len()) {
        return Err(invalid("communities", &format!("names {} communities, not {least} to {most}", names.len())));
    }
    let twice = names.iter().enumerate().find(|(at, id)| names[..*at].contains(id));
    match twice {
        Some((_, id)) => Err(invalid("communities", &format!("names {id} twice"))),
        None => Ok(()),
    }
}

fn invalid(argument: &'static str, reason: &str) -> Error {
    Error::Invalid { argument, reason: Invalid::new(reason) }
}

fn earlier(period: Period, with: CompareWith) -> Result<Span> {
    period.compared(with, Bucket::Whole).map_err(|reason| Error::Invalid { argument: "period", reason })
}

#[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

/// What was counted of communities, each with what stands under it.
struct Counted<'a> {
    needs: &'a Needs,
    tallies: HashMap<Uuid, Tally>,
}

impl Counted<'_> {
    /// A metric of communities, in their order. One of which nothing was counted has nothing.
    fn column(&self, metric: Metric, ids: &[Uuid]) -> Column {
        let nothing = Tally::empty(self.needs, 1);
        let mut all = Tally::empty(self.needs, 0);
        for id in ids {
            all.append(self.tallies.get(id).unwrap_or(&nothing));
        }
        Column::compute(metric, self.needs, &all, None)
    }

    #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
    fn measure(&self, at: usize, ids: &[Uuid]) -> Vec<Option<f64>> {
        let sum = |id: &Uuid| self.tallies.get(id).and_then(|tally| tally.sums.get(at)).copied().unwrap_or_default();
        ids.iter().map(|id| self.needs.gatherings.then_some(sum(id) as f64)).collect()
    }
}

/// The peers of communities.
struct Peering<'a> {
    peers: Vec<Peer>,
    counted: Counted<'a>,
}

impl<'a> Peering<'a> {
    async fn read(app: &App, levels: &[Option<Level>], span: Span, counting: CountingEach<'a>) -> Result<Self> {
        let mut of: Vec<Level> = levels.iter().flatten().copied().collect();
        of.sort();
        of.dedup();
        let peers = places::peers(app, counting.network, &of).await?;
        let ids: Vec<Uuid> = peers.iter().map(|peer| peer.id.uuid()).collect();
        let counted = Counted { needs: counting.needs, tallies: read_each(app, &ids, span, counting).await? };
        Ok(Self { peers, counted })
    }

    fn beside(&self, metric: Metric, numbers: &[Option<f64>], (ids, levels): (&[Uuid], &[Option<Level>])) -> Peers {
        let all: Vec<Uuid> = self.peers.iter().map(|peer| peer.id.uuid()).collect();
        let cells = self.counted.column(metric, &all).cells;
        let mut beside = Peers { medians: Vec::new(), distances: Vec::new(), counts: Vec::new(), suppressed: Vec::new() };
        for ((id, level), value) in ids.iter().zip(levels).zip(numbers) {
            let is_peer = |peer: &Peer| Some(peer.level) == *level && peer.id.uuid() != *id;
            let others = self.peers.iter().zip(&cells).filter(|(peer, _)| is_peer(peer)).map(|(_, cell)| cell);
            beside.suppressed.push(others.clone().any(|cell| cell.suppressed));
            let others: Vec<f64> = others.filter_map(|cell| cell.value).collect();
            beside.counts.push(Some(number(others.len())));
            let median = median(others);
            beside.distances.push(value.zip(median).map(|(value, median)| value - median));
            beside.medians.push(median);
        }
        beside
    }
}

/// The key of a community.
pub(super) fn community(keys: &[Key]) -> Option<Uuid> {
    match keys.first() {
        Some(Key::Community(id)) => Some(*id),
        _ => None,
    }
}
