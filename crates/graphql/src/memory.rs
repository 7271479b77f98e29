//! Answers that are kept as long as they are true.
//!
//! An answer is kept with where the log stood before anything was read for it, the places that it was read from, the date
//! and the rights. It is given again while nothing has changed there: a dashboard that polls costs no statement. What is
//! not sure to be true is not given, but asked of the database.
//!
//! Resolvers say what they read: [`reads`] before they do, and [`belongs`] when they know the network. A resolver that says
//! nothing of what it reads keeps the whole answer from being kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_graphql::{Context, Variables, parser::types::OperationType};
use bytes::Bytes;
use chrono::{NaiveDate, Utc};
use convene_application::{App, Standing};
use convene_domain::{
    access::Rights,
    id::{NetworkId, Within},
};
use lru::LruCache;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::request::{GraphqlRequest, Outcome};

/// How many bytes of answers are kept, and of one answer at most.
const BYTES: (usize, usize) = (8 << 20, 256 << 10);
/// What an answer takes beside its own bytes, about.
const OVERHEAD: usize = 512;
/// Of how many places it is remembered to which network they belong.
const PLACES: usize = 8_192;

/// The answers that are kept.
#[derive(Debug)]
pub(crate) struct Memory {
    kept: Mutex<Answers>,
    /// To which network places belong. That never changes.
    networks: Mutex<LruCache<Uuid, NetworkId>>,
}

#[derive(Debug)]
struct Answers {
    by_question: LruCache<Question, Arc<Kept>>,
    bytes: usize,
}

/// What was asked, and with which rights.
type Question = [u8; 32];

#[derive(Debug)]
struct Kept {
    standing: Standing,
    places: Vec<Uuid>,
    day: NaiveDate,
    answer: Ready,
}

impl Kept {
    /// How many bytes it takes, about.
    fn weight(&self) -> usize {
        let name = self.answer.operation_name.as_ref().map_or(0, String::len);
        OVERHEAD + self.answer.body.len() + name + self.places.len() * size_of::<Uuid>()
    }
}

/// An answer that is there as it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Ready {
    pub(crate) body: Bytes,
    pub(crate) operation_name: Option<String>,
    pub(crate) cost: Option<u64>,
}

impl Default for Memory {
    fn default() -> Self {
        let kept = Answers { by_question: LruCache::unbounded(), bytes: 0 };
        let places = std::num::NonZeroUsize::new(PLACES).unwrap_or(std::num::NonZeroUsize::MIN);
        Self { kept: Mutex::new(kept), networks: Mutex::new(LruCache::new(places)) }
    }
}

impl Memory {
    /// The answer to a question, if it was answered before and that is still the answer.
    pub(crate) fn recall(&self, question: &Question) -> Option<Outcome> {
        let kept = Arc::clone(lock(&self.kept).by_question.get(question)?);
        if kept.day == Utc::now().date_naive() && kept.standing.holds(&kept.places) {
            metrics::counter!("convene_answers_from_memory_total").increment(1);
            return Some(Outcome::ready(kept.answer.clone()));
        }
        lock(&self.kept).forget(question);
        None
    }

    /// Keeps the answer to a question, if everything that it depends on is known. It is written down then, and need not be
    /// once more.
    pub(crate) fn keep(&self, question: Question, reading: &Reading, outcome: &mut Outcome) {
        let sound = outcome.failure.is_none() && outcome.response.errors.is_empty();
        if !sound || outcome.operation != Some(OperationType::Query) {
            return;
        }
        let Some((standing, places)) = lock(&reading.state).finish() else { return };
        let Ok(body) = outcome.to_json() else { return };
        outcome.ready = Some(body.clone());
        if body.len() > BYTES.1 {
            return;
        }
        // Without the room that was left for more of it.
        let body = Bytes::copy_from_slice(&body);
        let answer = Ready { body, operation_name: outcome.operation_name.clone(), cost: outcome.cost };
        lock(&self.kept).add(question, Kept { standing, places, day: reading.day, answer });
    }
}

impl Answers {
    fn add(&mut self, question: Question, kept: Kept) {
        self.forget(&question);
        self.bytes += kept.weight();
        self.by_question.put(question, Arc::new(kept));
        while self.bytes > BYTES.0 {
            let Some((_, oldest)) = self.by_question.pop_lru() else { return };
            self.bytes -= oldest.weight();
        }
    }

    fn forget(&mut self, question: &Question) {
        if let Some(kept) = self.by_question.pop(question) {
            self.bytes -= kept.weight();
        }
    }
}

/// What was asked, and with which rights.
pub(crate) fn question(request: &GraphqlRequest, rights: &Rights) -> Question {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(request.query.as_bytes());
    part(request.operation_name.as_deref().unwrap_or_default().as_bytes());
    part(&rights.to_bytes());
    part(&written(&request.variables));
    hash.finalize().into()
}

fn written(variables: &Variables) -> Vec<u8> {
    // Names, numbers, texts and lists of them, which JSON can always write.
    serde_json::to_vec(variables).unwrap_or_default()
}

/// What one request reads, as far as its resolvers say.
#[derive(Debug)]
pub(crate) struct Reading {
    memory: Arc<Memory>,
    day: NaiveDate,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Of which network, and where its log stood before.
    network: Option<(NetworkId, Standing)>,
    places: Vec<Uuid>,
    /// How often something was read of which it was not said what it is.
    untold: u32,
    /// Whether the answer depends on what cannot be told.
    spoiled: bool,
}

impl State {
    fn finish(&mut self) -> Option<(Standing, Vec<Uuid>)> {
        if self.spoiled || self.untold > 0 {
            return None;
        }
        let (_, standing) = self.network.take()?;
        Some((standing, std::mem::take(&mut self.places)))
    }
}

impl Reading {
    /// Nothing was read yet.
    pub(crate) fn new(memory: &Arc<Memory>) -> Arc<Self> {
        Arc::new(Self { memory: Arc::clone(memory), day: Utc::now().date_naive(), state: Mutex::default() })
    }
}

/// Says that a resolver is about to read, it was not said what.
pub(crate) fn begins(context: &Context<'_>) {
    with(context, |_, state| state.untold += 1);
}

/// Says that what is about to be read stands in this place, and nothing else is shown.
pub(crate) fn reads(context: &Context<'_>, app: &App, within: Within) {
    with(context, |memory, state| {
        state.untold = state.untold.saturating_sub(1);
        let network = match within {
            Within::Network(network) => Some(network),
            Within::Community(community) => lock(&memory.networks).get(&community.uuid()).copied(),
        };
        match (network, &state.network) {
            (Some(network), Some((other, _))) if network == *other => {}
            (Some(network), None) => match app.standing(network) {
                Some(standing) => state.network = Some((network, standing)),
                None => state.spoiled = true,
            },
            // Of a network that is not known yet, or of several.
            _ => state.spoiled = true,
        }
        if !state.places.contains(&within.uuid()) {
            state.places.push(within.uuid());
        }
    });
}

/// Says to which network a place belongs that was read.
pub(crate) fn belongs(context: &Context<'_>, within: Within, network: NetworkId) {
    with(context, |memory, _| {
        lock(&memory.networks).put(within.uuid(), network);
    });
}

/// Says that something is read that a record refers to: it stands in the same network, but anywhere in it. At the root of
/// an operation it can stand anywhere.
pub(crate) fn refers(context: &Context<'_>) {
    with(context, |_, state| match &state.network {
        Some((network, _)) if context.path_node.is_some_and(|field| field.parent.is_some()) => {
            let whole = network.uuid();
            if !state.places.contains(&whole) {
                state.places.push(whole);
            }
        }
        _ => state.spoiled = true,
    });
}

fn with(context: &Context<'_>, work: impl FnOnce(&Memory, &mut State)) {
    if let Some(reading) = context.data_opt::<Arc<Reading>>() {
        work(&reading.memory, &mut lock(&reading.state));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
