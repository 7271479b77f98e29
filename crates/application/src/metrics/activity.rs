//! The activity of a place: numbers by group and part of a period.

use std::cmp::Ordering;

use convene_domain::{
    access::{Caller, Rights},
    change::Head,
    metric::{
        Bucket, Column, Dimension, Earlier, GroupOrder, Key, Narrowed, Needs, Period, Question, Sheet, Span, Tally, item_groups,
    },
};
use convene_persistence::metrics;

use super::{
    groups::{Group, Names, Rank, rank},
    places,
    reading::{self, Counting},
};
use crate::{App, Error, Result, access};

/// What a question about the activity of a place is answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Activity {
    /// Where the log of the network ended before anything was counted.
    pub head: Head,
    /// The period.
    pub period: Period,
    /// Its parts.
    pub parts: Vec<Span>,
    /// The parts of the period that it is compared with.
    pub compared: Option<Vec<Span>>,
    /// Everything, each thing once.
    pub total: Series,
    /// The groups in which there is something, sorted, as many as were asked for.
    pub series: Vec<Series>,
    /// How many groups there are.
    pub groups: usize,
}

/// The numbers of a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The group, dimension by dimension; empty for everything.
    pub group: Vec<Group>,
    /// Gatherings held, each of which is expected to have a report, by part.
    pub expected_reports: Vec<Option<f64>>,
    /// Reports handed in, by part.
    pub received_reports: Vec<Option<f64>>,
    /// The metrics, in the order in which they were asked for.
    pub metrics: Vec<Compared>,
}

/// A metric part by part, beside an earlier period if that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The numbers.
    pub column: Column,
    /// The numbers of the earlier period.
    pub earlier: Option<Vec<Earlier>>,
}

/// Answers a question about the activity of a place.
///
/// # Errors
///
/// Fails if the place does not exist, or if what is asked for does not go together.
pub async fn activity(app: &App, caller: &Caller, question: &Question) -> Result<Activity> {
    question.check()?;
    answer(app, &access::rights_within(app, caller, &[question.within]).await?, question).await
}

/// Answers a question that was checked, or that is one of our own.
pub(super) async fn answer(app: &App, rights: &Rights, question: &Question) -> Result<Activity> {
    let by_child = question.group_by.contains(&Dimension::Child);
    let mut found = places::load(app, &[question.within], by_child).await?;
    let place = found.remove(&question.within).ok_or(Error::NoSuchPlace(question.within))?;
    let period = period(app, question).await?;
    let invalid = |argument| move |reason| Error::Invalid { argument, reason };
    let parts = period.span.buckets(question.bucket).map_err(invalid("bucket"))?;
    let needs = Needs::of(&question.metrics);
    let dimensions = reading::dimensions(question);
    let (bucket, filter) = (question.bucket, &question.filter);
    let counting = Counting { place: &place, bucket, dimensions: &dimensions, filter, needs: &needs, rights };
    let sheet = reading::read(app, &counting, period.span).await?;
    let mut earlier = None;
    if let Some(with) = question.compare_with {
        let span = period.compared(with, question.bucket).map_err(invalid("compareWith"))?;
        let mut parts = span.buckets(question.bucket).map_err(invalid("bucket"))?;
        // Where months have different lengths, a part of one can be compared with the end of another; never with none.
        parts.truncate(sheet_parts(&sheet, &needs));
        earlier = Some((parts, reading::read(app, &counting, span).await?));
    }
    let answering = Answering { question, needs: &needs, counting };
    let (compared, earlier) = earlier.unzip();
    let total = answering.series(Vec::new(), (&sheet.total, earlier.as_ref().map(|it: &Sheet| &it.total)), None);
    let (series, groups) = answering.groups(app, &sheet, earlier.as_ref(), period).await?;
    Ok(Activity { head: place.head, period, parts, compared, total, series, groups })
}

fn sheet_parts(sheet: &Sheet, needs: &Needs) -> usize {
    sheet.total.sums.len() / needs.columns.len().max(1)
}

async fn period(app: &App, question: &Question) -> Result<Period> {
    if let Some(period) = question.time.period() {
        return Ok(period);
    }
    let founded = question.metrics.iter().any(|metric| convene_domain::metric::counts_communities(*metric));
    Ok(question.time.all(metrics::bounds(app.reader(), &[question.within.uuid()], founded).await?))
}

/// Turns what was counted into an answer.
struct Answering<'a> {
    question: &'a Question,
    needs: &'a Needs,
    counting: Counting<'a>,
}

/// A group while groups are sorted.
struct Sorted {
    ranks: Vec<Rank>,
    value: Option<f64>,
    series: Series,
}

impl Answering<'_> {
    fn series(&self, group: Vec<Group>, (now, earlier): (&Tally, Option<&Tally>), narrowed: Narrowed) -> Series {
        let metric = |metric: &convene_domain::metric::Metric| {
            let column = Column::compute(*metric, self.needs, now, narrowed);
            let earlier = earlier.map(|tally| Column::compute(*metric, self.needs, tally, narrowed));
            let earlier = earlier.map(|earlier| Earlier::of(&column, &earlier));
            Compared { column, earlier }
        };
        let width = self.needs.columns.len();
        #[expect(clippy::cast_precision_loss, reason = "no count comes near 2^53")]
        let measure = |at: usize| {
            let counted = |part: &[i64]| self.needs.gatherings.then_some(part[at] as f64);
            now.sums.chunks(width).map(counted).collect()
        };
        let metrics = self.question.metrics.iter().map(metric).collect();
        Series { group, expected_reports: measure(0), received_reports: measure(1), metrics }
    }

    /// The groups, sorted, and how many there are.
    async fn groups(&self, app: &App, sheet: &Sheet, earlier: Option<&Sheet>, period: Period) -> Result<(Vec<Series>, usize)> {
        if self.question.group_by.is_empty() {
            return Ok((Vec::new(), 0));
        }
        let parts = sheet_parts(sheet, self.needs);
        let nothing = Tally::empty(self.needs, parts);
        // With dimensions of items alone, everything is told apart by measures.
        let everything = Vec::new();
        let mut keys: Vec<&Vec<Key>> = sheet.groups.keys().collect();
        keys.extend(earlier.iter().flat_map(|it| it.groups.keys()).filter(|key| !sheet.groups.contains_key(*key)));
        let dimensions = self.counting.dimensions;
        if dimensions.is_empty() {
            keys = vec![&everything];
        }
        let names = Names::load(app, self.counting.place, &self.question.group_by, keys.iter().copied()).await?;
        let whole = self.whole_values(app, period).await?;
        let kinds = self.question.group_by.iter().find_map(|dimension| Some((*dimension, item_groups(*dimension)?)));
        let mut sorted = Vec::new();
        for key in keys {
            let of = |sheet: &Sheet| match dimensions.is_empty() {
                true => sheet.total.clone(),
                false => sheet.groups.get(key).cloned().unwrap_or_else(|| nothing.clone()),
            };
            let (now, before) = (of(sheet), earlier.map(of));
            let narrowed: Vec<(Option<Key>, Narrowed)> = match &kinds {
                None => vec![(None, None)],
                Some((_, kinds)) => kinds.iter().map(|(code, of)| (Some(Key::Word((*code).to_owned())), Some(*of))).collect(),
            };
            for (kind, narrowed) in narrowed {
                let (groups, ranks) = self.named(&names, key, kind.as_ref());
                let series = self.series(groups, (&now, before.as_ref()), narrowed);
                if is_empty(&series) {
                    continue;
                }
                let value = self.question.order.and_then(|order| match &whole {
                    Some(whole) => {
                        let tally = whole.0.groups.get(key)?;
                        Column::compute(order.metric, &whole.1, tally, narrowed).cells.first()?.value
                    }
                    None => sum_of(&series, order),
                });
                sorted.push(Sorted { ranks, value, series });
            }
        }
        let descending = self.question.order.is_some_and(|order| order.descending);
        sorted.sort_by(|a, b| by_value(a.value, b.value, descending).then_with(|| a.ranks.cmp(&b.ranks)));
        let groups = sorted.len();
        Ok((sorted.into_iter().take(self.question.first).map(|it| it.series).collect(), groups))
    }

    fn named(&self, names: &Names, key: &[Key], kind: Option<&Key>) -> (Vec<Group>, Vec<Rank>) {
        let mut keys = key.iter();
        let group = |dimension: &Dimension| {
            let of_items = item_groups(*dimension).is_some();
            let key = if of_items { kind } else { keys.next() }.unwrap_or(&Key::Unknown);
            let group = names.group(*dimension, key);
            let rank = rank(&group, key);
            (group, rank)
        };
        self.question.group_by.iter().map(group).unzip()
    }

    /// What groups are sorted by, where it is more than a sum of what is answered.
    async fn whole_values(&self, app: &App, period: Period) -> Result<Option<(Sheet, Needs)>> {
        let Some(order) = self.question.order else { return Ok(None) };
        if self.question.bucket == Bucket::Whole || order.metric.is_additive() {
            return Ok(None);
        }
        let needs = Needs::of(&[order.metric]);
        let counting = Counting { bucket: Bucket::Whole, needs: &needs, ..self.counting };
        let sheet = reading::read(app, &counting, period.span).await?;
        Ok(Some((sheet, needs)))
    }
}

/// The value over all parts, of which those that cannot be computed are left out.
fn sum_of(series: &Series, order: GroupOrder) -> Option<f64> {
    let column = &series.metrics.iter().find(|it| it.column.metric == order.metric)?.column;
    let known: Vec<f64> = column.cells.iter().filter_map(|cell| cell.value).collect();
    (!known.is_empty()).then(|| known.iter().sum())
}

/// What cannot be computed comes last either way.
fn by_value(a: Option<f64>, b: Option<f64>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.total_cmp(&a),
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

fn is_empty(series: &Series) -> bool {
    let none = |earlier: &Vec<Earlier>| earlier.iter().all(|earlier| earlier.value.is_none_or(|number| number <= 0.0));
    series.metrics.iter().all(|it| it.column.is_empty() && it.earlier.as_ref().is_none_or(none))
}
