//! What a group asked for, and how its answers are made.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use async_graphql::{Request, Response, Variables};
use bytes::Bytes;
use convene_application::changes::{Interest, Made, Making, Seen, Unmade};
use convene_domain::{
    access::{Caller, Rights},
    change::{Change, Effect, Entry, Head, LogCursor},
};
use futures::{FutureExt, StreamExt, future};
use tokio::runtime::Handle;

use super::merged::Merged;
use crate::{
    error::ErrorCode,
    guard::Checked,
    loaders::{Common, Loads},
    request::{self, Outcome},
    schema::with_loads,
    service::Service,
    subscriptions::{Delivery, Opened, Stage},
};

/// What a group asked for.
pub(super) struct Asked {
    pub(super) service: Service,
    /// One of its members: the others may read the same.
    pub(super) caller: Caller,
    pub(super) checked: Checked,
    pub(super) variables: Variables,
    pub(super) opened: Opened,
    /// Where it is executed: not where followers are served.
    pub(super) runtime: Handle,
    /// The newest answer that says no more than where its reader is.
    newest: Mutex<Option<(LogCursor, Bytes, Instant)>>,
    /// What is told of bursts, if the group wants only the last state.
    pub(super) merged: Merged,
}

impl Asked {
    pub(super) fn new(service: Service, caller: Caller, checked: Checked, variables: Variables, opened: Opened) -> Self {
        let (newest, merged) = (Mutex::default(), Merged::default());
        // Opening it has told how things are.
        merged.told();
        Self { service, caller, checked, variables, opened, runtime: Handle::current(), newest, merged }
    }

    /// What the group wants to be told of.
    pub(super) fn interest(self: &Arc<Self>) -> Interest {
        let [wants, makes, checks] = [Arc::clone(self), Arc::clone(self), Arc::clone(self)];
        Interest {
            scope: self.opened.reader.within.uuid(),
            wants: Box::new(move |entry| wants.effect(entry).is_some() || wants.reshapes(entry)),
            make: Box::new(move |told| {
                let entry = &told.slot.entry;
                if makes.opened.wants.interval().is_some() {
                    // It is told how things are when it has heard that something happened.
                    return future::ready(Ok(Made { bytes: Bytes::new(), keep: false })).boxed();
                }
                if makes.reshapes(entry) {
                    // It ends whoever is told of it.
                    return future::ready(Ok(Made { bytes: Bytes::new(), keep: false })).boxed();
                }
                match makes.effect(entry) {
                    Some(effect) => makes.make(&Seen { change: entry.change.clone(), effect }, Some(told.common())),
                    // It would not have been told of it.
                    None => future::ready(Err(Unmade::Unavailable)).boxed(),
                }
            }),
            checkpoint: Box::new(move |place| Arc::clone(&checks).checkpoint(place).boxed()),
            is_gone: self.opened.reader.is_gone,
            asked: Arc::<Self>::clone(self),
        }
    }

    /// What an entry means to the group, if it wants to be told of it.
    fn effect(&self, entry: &Entry) -> Option<Effect> {
        let reader = &self.opened.reader;
        // Numbers are made of all records, whoever may read which.
        let all = self.opened.wants.interval().map(|_| Rights::all());
        entry.seen(reader.within, all.as_ref().unwrap_or(&reader.rights)).filter(|effect| self.wants(&entry.change, *effect))
    }

    /// Whether what the group may read is something else after an entry, though its rights are the same. Whoever is told how
    /// things are is told so anew; everyone else ends.
    pub(super) fn reshapes(&self, entry: &Entry) -> bool {
        entry.reshapes(&self.opened.reader.rights)
    }

    /// Whether the group wants to be told of a change that means this to it.
    pub(super) fn wants(&self, change: &Change, effect: Effect) -> bool {
        self.opened.wants.take(change, effect)
    }

    /// The cursor of a place in the log, as the group reads it.
    pub(super) fn cursor(&self, here: Head) -> LogCursor {
        here.cursor(&self.opened.reader.rights)
    }

    /// Begins to make what is told of a change.
    pub(super) fn make(&self, seen: &Seen, common: Option<Arc<Common>>) -> Making {
        let cursor = self.opened.reader.cursor_of(&seen.change);
        self.execute(Delivery { cursor, seen: Some(seen.clone()) }, common).boxed()
    }

    /// Makes what says where a reader is. Many stand at the same place.
    pub(super) async fn checkpoint(self: Arc<Self>, here: Head) -> Result<Made, Unmade> {
        let cursor = self.cursor(here);
        let kept = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Numbers of today are others tomorrow, though nothing happens.
        let interval = self.opened.wants.interval();
        let is_fresh = |made: Instant| interval.is_none_or(|interval| made.elapsed() < interval);
        if let Some((_, bytes, _)) = kept.filter(|(at, _, made)| *at == cursor && is_fresh(*made)) {
            return Ok(Made { bytes, keep: true });
        }
        let begun = Instant::now();
        let made = self.state_at(here).await?;
        if interval.is_some() {
            self.merged.told();
        }
        if made.keep {
            *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some((cursor, made.bytes.clone(), begun));
        }
        Ok(made)
    }

    /// Makes what is told without a change, of a reader who is here.
    pub(super) fn state_at(&self, here: Head) -> impl Future<Output = Result<Made, Unmade>> + Send + 'static {
        self.execute(Delivery { cursor: self.cursor(here), seen: None }, None)
    }

    fn execute(
        &self,
        delivery: Delivery,
        common: Option<Arc<Common>>,
    ) -> impl Future<Output = Result<Made, Unmade>> + Send + 'static {
        let (service, caller) = (self.service.clone(), self.caller.clone());
        let (checked, variables) = (self.checked.clone(), self.variables.clone());
        async move {
            metrics::counter!("convene_item_executions_total").increment(1);
            let loads = Loads { app: service.app.clone(), caller, common };
            let data = |request: Request| with_loads(request, loads).data(Stage::Delivering(delivery));
            let outcome = execute(&service, &checked, &variables, data).await;
            let failed_with = |code: ErrorCode| outcome.codes().any(|found| found == code.as_str());
            if failed_with(ErrorCode::DeadlineExceeded) {
                return Err(Unmade::Late);
            }
            if failed_with(ErrorCode::Unavailable) {
                return Err(Unmade::Unavailable);
            }
            let bytes = body(&outcome).ok_or(Unmade::Unavailable)?;
            // What went wrong by our own fault for one may go right for the next.
            Ok(Made { bytes, keep: !failed_with(ErrorCode::InternalServerError) })
        }
    }
}

/// Executes an operation once.
pub(super) async fn execute(
    service: &Service,
    checked: &Checked,
    variables: &Variables,
    data: impl FnOnce(Request) -> Request,
) -> Outcome {
    let schema = &service.schema;
    request::carry_out(checked, variables.clone(), service.deadline, data, |prepared| async move {
        // There is one item, and it is there at once.
        let mut items = pin!(schema.execute_stream(prepared));
        items.next().await.unwrap_or_else(|| Response::from_errors(Vec::new()))
    })
    .await
}

/// The bytes that are sent. What an item cost is nobody's business but ours.
pub(super) fn body(outcome: &Outcome) -> Option<Bytes> {
    // They are kept: without what their buffer has to spare, which can be as much again.
    outcome.item_json().ok().map(|json| Bytes::from(json.into_boxed_slice()))
}
