//! What those who pay for a network ask, once a year.

use convene_domain::{
    access::Rights,
    change::Head,
    id::Within,
    metric::{Bucket, CompareWith, Dimension, GROUP_LIMIT, GroupOrder, Metric, Question, Time},
};
use convene_persistence::metrics;

use super::activity::{Activity, answer};
use crate::{App, Error, Result};

/// How many gatherings a community holds in a period: at least, and at most if there is a limit.
pub const BANDS: [(u32, Option<u32>); 4] = [(12, None), (6, Some(11)), (3, Some(5)), (1, Some(2))];

/// The metrics at the top of the page.
pub const HEADLINE: &[Metric] = &[
    Metric::GatheringsHeld,
    Metric::ActiveCommunities,
    Metric::GatheringsPerActiveCommunity,
    Metric::OnlineShare,
    Metric::Rsvps,
    Metric::Attendance,
    Metric::Reports,
    Metric::ReportingRate,
];

/// The metrics of places.
const REACH: &[Metric] = &[Metric::GatheringsHeld, Metric::ActiveCommunities];

/// A part of the page. Each is a question of its own, and is asked only when it is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// The headline beside an earlier period.
    Growth(CompareWith),
    /// Regions in which gatherings were held.
    Regions,
    /// Countries in which gatherings were held.
    Countries,
    /// How people met.
    Formats,
    /// The communities that held most.
    Communities(usize),
    /// The outcomes that reports name.
    Outcomes,
}

/// The question that a part of the page answers.
pub fn question(within: Within, time: Time, section: Section) -> Question {
    let (group_by, metrics): (Vec<Dimension>, &[Metric]) = match section {
        Section::Growth(_) => (Vec::new(), HEADLINE),
        Section::Regions => (vec![Dimension::Region], REACH),
        Section::Countries => (vec![Dimension::Country], REACH),
        Section::Formats => (vec![Dimension::Format], &[Metric::GatheringsHeld]),
        Section::Communities(_) => (vec![Dimension::Community], &[Metric::GatheringsHeld]),
        Section::Outcomes => (vec![Dimension::Outcome], &[Metric::Reports, Metric::GatheringsHeld]),
    };
    let (compare_with, first) = match section {
        Section::Growth(with) => (Some(with), 1),
        Section::Communities(first) => (None, first),
        _ => (None, GROUP_LIMIT),
    };
    let order = metrics.first().filter(|_| !group_by.is_empty()).map(|metric| GroupOrder { metric: *metric, descending: true });
    let filter = Default::default();
    Question { within, time, bucket: Bucket::Whole, group_by, filter, metrics: metrics.to_vec(), compare_with, order, first }
}

/// How many communities held so many gatherings, by [`BANDS`].
pub async fn bands(app: &App, within: Within, time: Time) -> Result<[u32; 4]> {
    // All of them, however many would be listed. No report is counted, so nobody's rights matter.
    let found: Activity = answer(app, &Rights::public(), &question(within, time, Section::Communities(usize::MAX))).await?;
    let mut counts = [0; 4];
    for series in &found.series {
        let held = series.metrics.first().and_then(|metric| metric.column.cells.first()?.value).unwrap_or_default();
        let band = BANDS.iter().position(|(least, _)| held >= f64::from(*least));
        if let Some(count) = band.and_then(|band| counts.get_mut(band)) {
            *count += 1;
        }
    }
    Ok(counts)
}

/// Where the log of a place's network ends. Nothing that is older is read from now on.
///
/// # Errors
///
/// Fails if the place does not exist.
pub async fn head(app: &App, within: Within) -> Result<Head> {
    let mut found = metrics::load_places(app.reader(), app.database().instance(), &[within], false).await?;
    let head = found.remove(&within).ok_or(Error::NoSuchPlace(within))?.head;
    app.heed(head.log.network, head.position);
    Ok(head)
}
