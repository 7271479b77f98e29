//! What one request may have answered, charged as it is answered.
//!
//! The guard has to guess how long a list is going to be, and lists that lead back to each other multiply a wrong guess at each
//! level. So every list also charges what it really has to a budget as large as what an operation may cost. When it is used up the
//! request is stopped, and refused like one whose cost was known before.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};

use async_graphql::{Context, ContextSelectionSet, SelectionField};
use futures::future;

use crate::{error::Error, guard::Refusal, loaders::Turns};

/// The fields that are lists of objects. What is selected below them is charged when they are answered, so it is not charged
/// together with what they are part of.
const LISTS: [&str; 35] = [
    "_entities",
    "activityPolicies",
    "agenda",
    "ancestors",
    "apiTokens",
    "assessments",
    "attendanceParts",
    "bands",
    "buckets",
    "compared",
    "comparedBuckets",
    "counts",
    "edges",
    "functions",
    "gatheringBands",
    "grants",
    "hosts",
    "invitations",
    "items",
    "key",
    "maturities",
    "membershipInvitations",
    "metricDefinitions",
    "metrics",
    "namedAs",
    "nodes",
    "outcomes",
    "quietBands",
    "rules",
    "series",
    "sources",
    "traces",
    "userErrors",
    "verbs",
    "vocabulary",
];

/// How many plain values of a list weigh as much as a field.
const VALUES: usize = 10;

/// How many bytes of free text weigh as much as a field.
const TEXT: usize = 1 << 10;

/// What is left of what a request may cost.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    spent: AtomicU64,
}

impl Budget {
    /// A budget of which nothing is spent.
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        Arc::new(Self { limit, spent: AtomicU64::new(0) })
    }

    /// Runs an execution until it ends or the budget is used up.
    pub(crate) async fn run<T>(&self, execution: impl Future<Output = T>) -> Result<T, Refusal> {
        let mut execution = pin!(execution);
        future::poll_fn(|context| {
            let polled = execution.as_mut().poll(context);
            // What is there by now is of no use: most of it would be errors, one for each list that could not be answered.
            match self.check() {
                Err(refusal) => Poll::Ready(Err(refusal)),
                Ok(()) => polled.map(Ok),
            }
        })
        .await
    }

    fn charge(&self, units: u64) -> Result<(), Refusal> {
        self.spent.fetch_add(units, Ordering::Relaxed);
        self.check()
    }

    fn check(&self) -> Result<(), Refusal> {
        let spent = self.spent.load(Ordering::Relaxed);
        if spent > self.limit {
            return Err(Refusal::too_complex("cost of the answer", self.limit, spent));
        }
        Ok(())
    }
}

/// Charges a list that is about to be answered: each entry, and each field of it.
///
/// Answers that come from what is already loaded never wait for anything, so this also makes them wait for their turn, or else
/// neither the deadline nor another request would get one.
pub(crate) async fn spend(context: &Context<'_>, entries: usize) -> Result<(), Error> {
    // Whoever counts the fields pays for each of them, so an empty list is not counted.
    if entries == 0 {
        return check(context);
    }
    let units = (entries as u64).saturating_mul(1 + fields(&context.field()));
    charge(context, units)?;
    if let Some(turns) = context.data_opt::<Turns>() {
        turns.work(units).await;
    }
    Ok(())
}

/// Charges a text that may be long.
pub(crate) fn spend_text(context: &Context<'_>, text: &str) -> Result<(), Error> {
    charge(context, (text.len() / TEXT) as u64)
}

/// Charges a list of plain values. Whatever runs the request notices when that was too much.
pub(crate) fn spend_values(context: &ContextSelectionSet<'_>, values: usize) {
    if let Some(budget) = context.data_opt::<Arc<Budget>>() {
        budget.spent.fetch_add((values / VALUES) as u64, Ordering::Relaxed);
    }
}

/// Fails if the budget is used up, so that nothing is loaded for an answer that nobody is going to get.
pub(crate) fn check(context: &Context<'_>) -> Result<(), Error> {
    Ok(of(context)?.check()?)
}

fn charge(context: &Context<'_>, units: u64) -> Result<(), Error> {
    Ok(of(context)?.charge(units)?)
}

fn of<'c>(context: &Context<'c>) -> Result<&'c Arc<Budget>, Error> {
    context.data_opt::<Arc<Budget>>().ok_or_else(|| Error::internal("the request was given no budget"))
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Box::new(refusal))
    }
}

/// How many fields an entry has, down to the next lists. The guard has bounded what there is to count.
fn fields(field: &SelectionField<'_>) -> u64 {
    let below = |field: SelectionField<'_>| if LISTS.contains(&field.name()) { 0 } else { fields(&field) };
    field.selection_set().map(|field| 1 + below(field)).sum()
}

#[cfg(test)]
mod tests;
