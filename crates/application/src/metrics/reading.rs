//! Reading what was counted, by the cheapest road that leads to all that is asked for.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use convene_domain::{
    Invalid,
    access::Rights,
    id::{NetworkId, Within},
    metric::{
        ActivityFilter, Bucket, Dimension, Key, LeftOut, Measure, Needs, Question, Sheet, Span, Tally, is_of_whole_communities,
        month_of,
    },
};
use convene_persistence::metrics::{self, Counted, Months, People, Place, Places, Sums};
use uuid::Uuid;

use super::comparison::community;
use crate::{App, Error, Result};

/// The most rows that are read for one answer.
const ROW_LIMIT: usize = 50_000;
/// The most numbers that are kept for one answer.
const CELL_LIMIT: usize = 250_000;

/// What is counted in a place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counting<'a> {
    pub(super) place: &'a Place,
    pub(super) bucket: Bucket,
    /// Dimensions of items are told apart by measures: they are not among these.
    pub(super) dimensions: &'a [Dimension],
    pub(super) filter: &'a ActivityFilter,
    pub(super) needs: &'a Needs,
    /// What the caller may read.
    pub(super) rights: &'a Rights,
}

/// Which people are counted on these dates.
fn people<'a>(needs: &Needs, rights: &'a Rights, whole: bool) -> People<'a> {
    if needs.count_people() { People::of(rights, whole) } else { People::All }
}

/// The dimensions of a question that rows are told apart by.
pub(super) fn dimensions(question: &Question) -> Vec<Dimension> {
    let of_items = |dimension: &&Dimension| matches!(dimension, Dimension::ItemKind | Dimension::ActivityKind);
    question.group_by.iter().filter(|dimension| !of_items(dimension)).copied().collect()
}

/// Puts what is read in its place.
struct Filling<'a> {
    needs: &'a Needs,
    /// The parts, as numbers, in order.
    parts: Vec<i32>,
    sheet: Sheet,
}

impl Filling<'_> {
    fn part(&self, key: i32) -> Option<usize> {
        self.parts.binary_search(&key).ok()
    }

    fn tally(&mut self, group: Option<Vec<Key>>) -> Result<&mut Tally> {
        let Some(group) = group else { return Ok(&mut self.sheet.total) };
        let (needs, parts) = (self.needs, self.parts.len());
        let numbers = (self.sheet.groups.len() + 1) * parts * needs.columns.len();
        if numbers > CELL_LIMIT && !self.sheet.groups.contains_key(&group) {
            return Err(too_many());
        }
        Ok(self.sheet.groups.entry(group).or_insert_with(|| Tally::empty(needs, parts)))
    }

    fn sums(&mut self, group: Option<Vec<Key>>, part: i32, (sums, left_out): &Sums) -> Result<()> {
        let (width, Some(part)) = (self.needs.columns.len(), self.part(part)) else { return Ok(()) };
        let tally = self.tally(group)?;
        for (sum, more) in tally.sums[part * width..(part + 1) * width].iter_mut().zip(sums) {
            *sum += more;
        }
        if let Some(all) = tally.left_out.get_mut(part) {
            all.reports += left_out.reports;
            all.with_both += left_out.with_both;
        }
        Ok(())
    }

    fn each_left_out(&mut self, change: impl Fn(&mut LeftOut)) {
        let tallies = self.sheet.groups.values_mut().chain([&mut self.sheet.total]);
        tallies.flat_map(|tally| &mut tally.left_out).for_each(change);
    }

    fn founded(&mut self, group: Option<Vec<Key>>, on: Option<NaiveDate>, communities: i64, spans: &[Span]) -> Result<()> {
        for (part, counts) in spans.iter().zip(&mut self.tally(group)?.communities) {
            counts[0] += communities;
            counts[1] += if on.is_some_and(|day| part.from <= day && day < part.to) { communities } else { 0 };
            counts[2] += if on.is_some_and(|day| day < part.to) { communities } else { 0 };
        }
        Ok(())
    }
}

fn too_many() -> Error {
    let reason = "has too many groups for so many parts and metrics: ask for a shorter period, wider parts or a smaller place";
    Error::Invalid { argument: "groupBy", reason: Invalid::new(reason) }
}

/// Reads what was counted on these dates.
pub(super) async fn read(app: &App, counting: &Counting<'_>, span: Span) -> Result<Sheet> {
    let Counting { bucket, needs, .. } = *counting;
    let spans = span.buckets(bucket).map_err(|reason| Error::Invalid { argument: "bucket", reason })?;
    let parts: Vec<i32> = spans.iter().map(|part| bucket.key(month_of(part.from))).collect();
    let sheet = Sheet { total: Tally::empty(needs, parts.len()), groups: BTreeMap::new() };
    let mut filling = Filling { needs, parts, sheet };
    let _room = if counting.dimensions.is_empty() { None } else { app.room_for_table(spans.len()).await };
    if needs.gatherings && !span.is_empty() {
        if counting.is_of_months(span) {
            fill_months(app, counting, span, &mut filling).await?;
        } else {
            fill_gatherings(app, counting, span, &mut filling).await?;
        }
        fill_distinct(app, &counting.counted(span), &mut filling).await?;
    }
    if needs.communities {
        fill_communities(app, counting, &spans, &mut filling).await?;
    }
    Ok(filling.sheet)
}

impl<'a> Counting<'a> {
    /// Whether the sums of months are what is asked for. Both roads lead to the same.
    fn is_of_months(&self, span: Span) -> bool {
        let by_child = self.dimensions.iter().all(|dimension| *dimension == Dimension::Child);
        by_child && self.filter.is_empty() && span.is_whole_months()
    }

    fn counted(&self, span: Span) -> Counted<'a> {
        Counted {
            places: Places::One(self.place.within),
            span,
            bucket: self.bucket,
            dimensions: self.dimensions,
            filter: self.filter,
            people: self.people(span),
            network: self.network(),
        }
    }

    fn people(&self, span: Span) -> People<'a> {
        let whole = span.is_whole_months() && is_of_whole_communities(self.dimensions, self.filter);
        people(self.needs, self.rights, whole)
    }

    fn network(&self) -> NetworkId {
        self.place.head.log.network
    }
}

async fn fill_months(app: &App, counting: &Counting<'_>, span: Span, filling: &mut Filling<'_>) -> Result<()> {
    let within = counting.place.within;
    let mut scopes: Vec<Uuid> = vec![within.uuid()];
    let mut own = None;
    if !counting.dimensions.is_empty() {
        scopes.extend(counting.place.children.keys());
        // A network hosts nothing itself.
        if let Within::Community(id) = within {
            own = Some(id);
        }
    }
    let months = (month_of(span.from), month_of(span.to));
    let asked = Months {
        months,
        bucket: counting.bucket,
        measures: &counting.needs.columns,
        people: counting.people(span),
        network: counting.network(),
        within,
    };
    let rows = metrics::sums_of_months(app.database().reader(), &scopes, own, asked).await?;
    for row in rows {
        let group = match row.scope {
            Some(scope) if scope == within.uuid() => None,
            scope => Some(vec![Key::Community(scope.unwrap_or(within.uuid()))]),
        };
        filling.sums(group, row.part, &(row.sums, row.left_out))?;
    }
    Ok(())
}

async fn fill_gatherings(app: &App, counting: &Counting<'_>, span: Span, filling: &mut Filling<'_>) -> Result<()> {
    let cells = metrics::sums(app.database().reader(), &counting.counted(span), &counting.needs.columns, ROW_LIMIT).await?;
    if cells.len() > ROW_LIMIT {
        return Err(too_many());
    }
    for cell in cells {
        filling.sums(cell.group, cell.part, &cell.counted)?;
    }
    Ok(())
}

/// What cannot be added up: distinct hosts and middle values.
async fn fill_distinct(app: &App, counted: &Counted<'_>, filling: &mut Filling<'_>) -> Result<()> {
    if filling.needs.hosts {
        for cell in metrics::hosts(app.database().reader(), counted).await? {
            let Some(part) = filling.part(cell.part) else { continue };
            filling.tally(cell.group)?.hosts[part] = cell.counted;
        }
    }
    match counted.people {
        People::Batches(rights) => fill_readable(app, &Counted { people: People::Readable(rights), ..*counted }, filling).await?,
        // Everything else was counted so, too.
        People::Readable(_) => filling.each_left_out(|it| it.of_middle = it.reports),
        People::All => {}
    }
    for (at, median) in filling.needs.medians.iter().enumerate() {
        for cell in metrics::medians(app.database().reader(), counted, *median).await? {
            let Some(part) = filling.part(cell.part) else { continue };
            filling.tally(cell.group)?.medians[at][part] = cell.counted;
        }
    }
    Ok(())
}

/// What batches tell nothing of, and is counted of what may be read alone: middle values, and who came of those who wanted to.
async fn fill_readable(app: &App, counted: &Counted<'_>, filling: &mut Filling<'_>) -> Result<()> {
    let columns = (0..).zip(&filling.needs.columns);
    let (places, measures): (Vec<usize>, Vec<Measure>) = columns.filter(|(_, it)| it.is_of_both()).unzip();
    if measures.is_empty() && !filling.needs.finds_middle_people() {
        return Ok(());
    }
    let width = filling.needs.columns.len();
    let cells = metrics::sums(app.database().reader(), counted, &measures, ROW_LIMIT).await?;
    if cells.len() > ROW_LIMIT {
        return Err(too_many());
    }
    for cell in cells {
        let Some(part) = filling.part(cell.part) else { continue };
        let (tally, (sums, left_out)) = (filling.tally(cell.group)?, cell.counted);
        for (place, sum) in places.iter().zip(sums) {
            tally.sums[part * width + place] += sum;
        }
        if let Some(all) = tally.left_out.get_mut(part) {
            (all.of_middle, all.with_both) = (left_out.reports, left_out.with_both);
        }
    }
    Ok(())
}

async fn fill_communities(app: &App, counting: &Counting<'_>, spans: &[Span], filling: &mut Filling<'_>) -> Result<()> {
    let within = Places::One(counting.place.within);
    for row in metrics::founded(app.reader(), within, counting.dimensions, counting.filter).await? {
        filling.founded(None, row.on, row.communities, spans)?;
        if !counting.dimensions.is_empty() {
            filling.founded(Some(row.group), row.on, row.communities, spans)?;
        }
    }
    Ok(())
}

/// What is counted in each of several places of a network.
#[derive(Debug, Clone, Copy)]
pub(super) struct CountingEach<'a> {
    pub(super) network: NetworkId,
    pub(super) needs: &'a Needs,
    /// What the caller may read.
    pub(super) rights: &'a Rights,
}

/// Reads what was counted in each of several places on these dates, as one part.
pub(super) async fn read_each(
    app: &App,
    places: &[Uuid],
    span: Span,
    counting: CountingEach<'_>,
) -> Result<HashMap<Uuid, Tally>> {
    let CountingEach { network, needs, rights } = counting;
    let people = people(needs, rights, span.is_whole_months());
    let sheet = Sheet { total: Tally::empty(needs, 1), groups: BTreeMap::new() };
    let mut filling = Filling { needs, parts: vec![Bucket::Whole.key(0)], sheet };
    // A statement holds only so many values on SQLite.
    for places in places.chunks(8_192) {
        let all = ActivityFilter::default();
        let each = Places::Each(places);
        let counted = Counted { places: each, span, bucket: Bucket::Whole, dimensions: &[], filter: &all, people, network };
        if needs.gatherings && !span.is_empty() {
            if span.is_whole_months() {
                let months = (month_of(span.from), month_of(span.to));
                let (bucket, within) = (Bucket::Whole, Within::Network(network));
                let asked = Months { months, bucket, measures: &needs.columns, people, network, within };
                for row in metrics::sums_of_months(app.database().reader(), places, None, asked).await? {
                    let group = row.scope.map(|scope| vec![Key::Community(scope)]);
                    filling.sums(group, row.part, &(row.sums, row.left_out))?;
                }
            } else {
                for cell in metrics::sums(app.database().reader(), &counted, &needs.columns, ROW_LIMIT).await? {
                    filling.sums(cell.group, cell.part, &cell.counted)?;
                }
            }
            fill_distinct(app, &counted, &mut filling).await?;
        }
        if needs.communities {
            for row in metrics::founded(app.reader(), each, &[], &all).await? {
                filling.founded(Some(row.group), row.on, row.communities, &[span])?;
            }
        }
    }
    Ok(filling.sheet.groups.into_iter().filter_map(|(keys, tally)| Some((community(&keys)?, tally))).collect())
}
