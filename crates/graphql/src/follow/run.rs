//! A subscription that runs: a reader of the log, and what is made of each change for it.
//!
//! One loop serves those who come back and those who are there: a reader takes the entries after its place out of the
//! node's ring, or, where that does not reach back so far, out of the database, and waits when there are none. What an
//! entry looks like to its group is made once and kept in the ring.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_graphql::{Response, Variables};
use bytes::Bytes;
use chrono::Utc;
use convene_application::{
    changes::{self, Followed, Group, Made, Reach, Seen, Slot},
    tokens,
};
use convene_domain::{
    access::Caller,
    change::{Effect, Position},
};
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{Event, Following, Item, Started, group};
use crate::{
    cursor,
    error::{Error, ErrorCode},
    guard::{Checked, Refusal},
    request::{self, GraphqlRequest, Outcome},
    service::Service,
    subscriptions::{Delivery, Opened, Stage},
};

/// How long a follower hears nothing before it is told where it is.
const CHECKPOINT: Duration = Duration::from_secs(30);
/// How often it is looked whether the caller's token is still valid.
const TOKEN: Duration = Duration::from_secs(15);
/// How far a follower that had read all there was may fall behind.
const BEHIND: Position = 100_000;
/// How often something is tried again that takes too long each time.
const TRIES: u32 = 3;
/// How many changes are read from the database at a time.
const PAGE: usize = 100;
/// How long to wait before something is tried again, at first and at most.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// A subscription that runs.
pub(crate) struct Run {
    service: Service,
    caller: Caller,
    checked: Checked,
    variables: Variables,
    group: Group,
    opened: Opened,
    followed: Followed,
    /// What was answered when it was opened.
    first: Option<Bytes>,
    /// What was read and not told yet.
    queue: VecDeque<Found>,
    /// Whether it has read all there was, once: whoever falls far behind after that is too slow.
    caught_up: bool,
    /// When it is told where it is, unless something happens.
    checkpoint: Instant,
    /// When it is looked whether the token is still valid.
    token: Instant,
    back_off: Duration,
    /// How often the next one took too long.
    late: u32,
    over: bool,
}

/// A change that was read.
enum Found {
    /// Out of the ring.
    Kept(Arc<Slot>),
    /// Out of the database.
    Read(Box<Seen>),
}

/// Something could not be made now, and is tried again.
#[derive(Debug)]
struct Later {
    /// Whether it took too long.
    late: bool,
}

impl Run {
    /// Opens a subscription.
    pub(crate) async fn start(service: Service, caller: Caller, request: GraphqlRequest, checked: Checked) -> Started {
        let (cell, group) = (Arc::default(), group(&request.query, &checked, &request.variables, caller.rights()));
        let mut variables = request.variables;
        // Kept as long as it is followed: no more than what the operation uses.
        variables.retain(|name, _| checked.declares(name));
        let stage = Stage::Opening { resume: request.last_event_id, opened: Arc::clone(&cell) };
        let outcome = execute(&service, caller, (&checked, &variables), stage).await;
        let opened = Mutex::lock(&cell).unwrap_or_else(PoisonError::into_inner).take();
        let (opened, first) = match (opened, body(&outcome)) {
            (Some(opened), Some(first)) if outcome.failure.is_none() => (opened, first),
            _ => return Started::Done(Box::new(failed(outcome))),
        };
        let followed = match changes::follow(&service.app, &opened.reader).await {
            Ok(followed) => followed,
            Err(error) => return Started::Done(Box::new(Outcome::failed_with(Error::from(error)))),
        };
        let (operation_name, cost) = (checked.operation_name.clone(), checked.cost);
        let run = Self {
            service,
            caller,
            checked,
            variables,
            group,
            opened,
            followed,
            first: Some(first),
            queue: VecDeque::new(),
            caught_up: false,
            checkpoint: Instant::now() + CHECKPOINT,
            token: Instant::now() + TOKEN,
            back_off: BACK_OFF.0,
            late: 0,
            over: false,
        };
        let events = stream::unfold(run, |mut run| async move { run.next().await.map(|event| (event, run)) });
        Started::Following(Following::new(events, operation_name, cost))
    }

    async fn next(&mut self) -> Option<Event> {
        if let Some(first) = self.first.take() {
            return Some(self.item(first));
        }
        while !self.over {
            if self.followed.is_stopping() {
                return Some(self.end(ErrorCode::ShuttingDown, "the service is about to stop"));
            }
            let now = Instant::now();
            if now >= self.token {
                self.token = now + TOKEN;
                if !self.is_signed_in().await {
                    return Some(self.end(ErrorCode::Unauthenticated, "the token is no longer valid"));
                }
            }
            if now >= self.checkpoint {
                self.checkpoint = now + CHECKPOINT;
                if let Some(checkpoint) = self.checkpoint().await {
                    return Some(self.item(checkpoint));
                }
            }
            if let Some(found) = self.queue.pop_front() {
                match self.tell(&found).await {
                    Ok(Some(frame)) => {
                        (self.checkpoint, self.back_off, self.late) = (Instant::now() + CHECKPOINT, BACK_OFF.0, 0);
                        return Some(self.item(frame));
                    }
                    Ok(None) => {}
                    Err(Later { late }) => {
                        self.late += u32::from(late);
                        if self.late == TRIES {
                            return Some(self.end(ErrorCode::DeadlineExceeded, "what is to be told takes too long"));
                        }
                        self.queue.push_front(found);
                        self.wait_a_little().await;
                    }
                }
                continue;
            }
            let position = self.opened.reader.here.position;
            match self.followed.ring().after(position) {
                Reach::Next(slots) if !slots.is_empty() => self.queue.extend(slots.into_iter().map(Found::Kept)),
                Reach::Next(_) => {
                    self.caught_up = true;
                    self.wait(position).await;
                }
                Reach::Beyond if self.caught_up && self.followed.ring().head() - position > BEHIND => {
                    return Some(self.end(ErrorCode::Lagged, "messages were not read in time"));
                }
                Reach::Beyond => self.read_back().await,
                Reach::Broken => {
                    return Some(self.end(ErrorCode::CursorExpired, "the log is another one than before"));
                }
            }
        }
        None
    }

    /// What there is to tell of a change, if anything, which takes the reader past it.
    async fn tell(&mut self, found: &Found) -> Result<Option<Bytes>, Later> {
        let (change, effect) = match found {
            Found::Kept(slot) => {
                let Opened { reader, .. } = &self.opened;
                (&slot.entry.change, slot.entry.seen(reader.within, reader.rights))
            }
            Found::Read(seen) => (&seen.change, Some(seen.effect)),
        };
        let effect: Option<Effect> = effect.filter(|effect| self.opened.wants.take(change, *effect));
        let frame = match effect {
            None => None,
            Some(effect) => {
                let seen = Seen { change: change.clone(), effect };
                let delivery = Delivery { cursor: self.opened.reader.cursor_of(change), seen: Some(seen) };
                let late = Arc::new(AtomicBool::new(false));
                let making = || self.make(delivery, Arc::clone(&late));
                let made = match found {
                    Found::Kept(slot) => slot.frame(self.group, making).await,
                    Found::Read(_) => detached(making()).await.map(|made| made.bytes),
                };
                Some(made.ok_or_else(|| Later { late: late.load(Ordering::Relaxed) })?)
            }
        };
        self.opened.reader.pass(change);
        Ok(frame)
    }

    /// Executes the operation for one delivery; `None` when that cannot be done now.
    fn make(&self, delivery: Delivery, late: Arc<AtomicBool>) -> impl Future<Output = Option<Made>> + Send + 'static {
        let (service, caller) = (self.service.clone(), self.caller);
        let (checked, variables) = (self.checked.clone(), self.variables.clone());
        async move {
            metrics::counter!("convene_item_executions_total").increment(1);
            let outcome = execute(&service, caller, (&checked, &variables), Stage::Delivering(delivery)).await;
            let failed_with = |code: ErrorCode| outcome.codes().any(|found| found == code.as_str());
            late.store(failed_with(ErrorCode::DeadlineExceeded), Ordering::Relaxed);
            if late.load(Ordering::Relaxed) || failed_with(ErrorCode::Unavailable) {
                return None;
            }
            // What went wrong for one may go right for the next.
            Some(Made { bytes: body(&outcome)?, keep: outcome.response.errors.is_empty() })
        }
    }

    fn item(&self, body: Bytes) -> Event {
        Event::Next(Item::new(body, Some(self.opened.reader.cursor())))
    }

    async fn checkpoint(&self) -> Option<Bytes> {
        let here = Delivery { cursor: self.opened.reader.cursor(), seen: None };
        detached(self.make(here, Arc::default())).await.map(|made| made.bytes)
    }

    /// Whether the caller may still do what it may do. When that cannot be found out, it is looked again later.
    async fn is_signed_in(&self) -> bool {
        let (app, caller) = (self.service.app.clone(), self.caller);
        let valid = async move {
            tokens::is_valid(&app, caller, Utc::now()).await.map_err(|error| warn!(%error, "a token cannot be looked up")).ok()
        };
        detached(valid).await.unwrap_or(true)
    }

    /// Waits until there may be something to do.
    async fn wait(&self, position: Position) {
        tokio::select! {
            () = self.followed.ring().grown(position) => {}
            () = self.followed.stopping() => {}
            () = tokio::time::sleep_until(self.checkpoint.min(self.token)) => {}
        }
    }

    /// Reads on from the database.
    async fn read_back(&mut self) {
        // The reader goes past what was read only when it is told, so another one reads ahead.
        let (app, mut ahead) = (self.service.app.clone(), self.opened.reader);
        let reading = async move {
            let read = changes::read_on(&app, &mut ahead, PAGE).await;
            read.map(|(seen, _)| (seen, ahead))
                .map_err(|error| debug!(%error, "a log cannot be read for someone who comes back"))
                .ok()
        };
        match detached(reading).await {
            Some((seen, ahead)) => {
                if seen.is_empty() {
                    self.opened.reader = ahead;
                }
                self.queue.extend(seen.into_iter().map(|seen| Found::Read(Box::new(seen))));
            }
            None => self.wait_a_little().await,
        }
    }

    async fn wait_a_little(&mut self) {
        tokio::time::sleep(self.back_off).await;
        self.back_off = (self.back_off * 2).min(BACK_OFF.1);
    }

    /// The end, with where to go on.
    fn end(&mut self, code: ErrorCode, message: &str) -> Event {
        self.over = true;
        let cursor = cursor::encode_log(self.opened.reader.cursor());
        let errors = json!([{ "message": message, "extensions": { "code": code.as_str(), "cursor": cursor } }]);
        Event::Errors(errors.to_string().into())
    }
}

/// Does something in a task of its own. Whoever waits here may not be attended to for long, as when its socket takes
/// nothing, and must not sit on a connection to the database meanwhile.
async fn detached<T: Send + 'static>(work: impl Future<Output = Option<T>> + Send + 'static) -> Option<T> {
    tokio::spawn(work).await.ok().flatten()
}

/// Executes the operation once.
async fn execute(service: &Service, caller: Caller, (checked, variables): (&Checked, &Variables), stage: Stage) -> Outcome {
    let data = |request| service.data(request, caller).data(stage);
    let schema = &service.schema;
    request::carry_out(checked, variables.clone(), service.deadline, data, |prepared| async move {
        // There is one item, and it is there at once.
        let mut items = schema.execute_stream(prepared);
        items.next().await.unwrap_or_else(|| Response::from_errors(Vec::new()))
    })
    .await
}

/// The bytes that are sent. What an item cost is nobody's business but ours.
fn body(outcome: &Outcome) -> Option<Bytes> {
    outcome.item_json().ok().map(Bytes::from)
}

/// The outcome of a subscription that was not opened: whatever went wrong, nothing is going to be told.
fn failed(outcome: Outcome) -> Outcome {
    match outcome.failure {
        Some(_) => outcome,
        None if outcome.response.errors.is_empty() => Outcome::refused(Refusal::new(
            ErrorCode::GraphqlValidationFailed,
            "the subscription's field is left out by a directive",
        )),
        None => outcome.into_failure(),
    }
}
