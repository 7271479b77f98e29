//! The guard in front of the executor: no document reaches it unchecked, whichever transport brings it.
//!
//! [`Guard::check`] looks at the text (`scan`), parses it once, counts what it would unfold to (`shape`), and remembers the document.
//! What depends on the request, its operation, `variables` and `cost`, is looked at each time.

mod catalog;
mod cost;
mod limits;
mod overlooked;
mod refusal;
mod scan;
mod shape;
#[cfg(test)]
mod tests;
mod variables;

use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::{
    Positioned, Variables,
    parser::{
        self,
        types::{DocumentOperations, ExecutableDocument, OperationDefinition, OperationType},
    },
};
use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};

pub(crate) use self::overlooked::Overlooked;
use self::{catalog::Catalog, scan::Scan};
pub use self::{limits::Limits, refusal::Refusal};
use crate::error::ErrorCode;

/// What large operations may cost together that are under way, and from what cost on an operation is one of them.
const ROOM: u32 = 32_000;
const LARGE: u64 = 1_000;

/// A request that may be executed.
#[derive(Debug, Clone)]
pub struct Checked {
    /// The parsed document, shared with the guard's memory.
    pub document: Arc<ExecutableDocument>,
    /// The kind of the chosen operation.
    pub operation: OperationType,
    /// The name of the chosen operation, unless it is anonymous.
    pub operation_name: Option<String>,
    /// What the operation costs with these variables.
    pub cost: u64,
    /// What it may cost.
    pub cost_limit: u64,
    /// Whether what is wrong may be told in words of the schema.
    pub(crate) outspoken: bool,
    valid: Arc<AtomicBool>,
    /// Why it does not fit the schema, where the validator would not notice.
    pub(crate) overlooked: Option<Arc<Overlooked>>,
}

impl Checked {
    /// Whether the document was found to be valid before.
    pub(crate) fn is_valid(&self) -> bool {
        self.valid.load(Ordering::Relaxed)
    }

    /// Says that the document is valid.
    pub(crate) fn note_valid(&self) {
        self.valid.store(true, Ordering::Relaxed);
    }

    /// The operation that was chosen.
    pub(crate) fn definition(&self) -> Option<&OperationDefinition> {
        let mut operations = self.document.operations.iter();
        let found = operations.find(|(name, _)| name.map(async_graphql::Name::as_str) == self.operation_name.as_deref());
        found.map(|(_, operation)| &operation.node)
    }

    /// Whether the operation declares a variable.
    pub(crate) fn declares(&self, name: &str) -> bool {
        self.definition().is_some_and(|it| it.variable_definitions.iter().any(|variable| variable.node.name.node == name))
    }
}

/// Checks documents, and remembers those that passed.
pub struct Guard {
    limits: Limits,
    catalog: Catalog,
    memory: Mutex<Memory>,
    /// What large operations may cost together that are under way.
    room: Semaphore,
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Guard").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Guard {
    /// A guard for the schema that this SDL describes.
    ///
    /// # Errors
    ///
    /// Fails if the SDL does not parse.
    pub fn try_new(limits: Limits, sdl: &str) -> Result<Self, parser::Error> {
        Ok(Self {
            limits,
            catalog: Catalog::try_new(sdl)?,
            memory: Mutex::new(Memory::new(limits.cache_bytes)),
            room: Semaphore::new(ROOM as usize),
        })
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Decides whether one operation of a document may be executed with these variables.
    ///
    /// # Errors
    ///
    /// Answers why it may not.
    pub fn check(&self, query: &str, operation_name: Option<&str>, variables: &Variables) -> Result<Checked, Refusal> {
        let Remembered { document, scan, valid, overlooked } = self.document(query)?;
        let values = variables.values().map(cost::values).sum::<u64>().saturating_mul(scan.variables as u64);
        if values > self.limits.values {
            let what = "values of variables, counted wherever a variable is named";
            return Err(Refusal::over(ErrorCode::TooComplex, what, self.limits.values, values));
        }
        let (operation_name, operation) = choose(&document, operation_name)?;
        let operation = &operation.node;
        variables::check((&self.catalog, self.limits.introspection), operation, variables)?;
        let cost = cost::of(&self.catalog, &document, operation, variables);
        if cost > self.limits.cost {
            return Err(Refusal::too_complex("cost of the operation", self.limits.cost, cost));
        }
        let (operation, operation_name) = (operation.ty, operation_name.map(str::to_owned));
        let Limits { cost: cost_limit, introspection: outspoken, .. } = self.limits;
        Ok(Checked { document, operation, operation_name, cost, cost_limit, outspoken, valid, overlooked })
    }

    /// Waits until there is room for an operation that costs so much. What is being put together takes memory by what it costs,
    /// however many ask at once; small operations wait for nobody.
    pub(crate) async fn enter(&self, cost: u64) -> Option<SemaphorePermit<'_>> {
        let large = u32::try_from(cost).unwrap_or(ROOM).min(ROOM);
        if cost < LARGE {
            return None;
        }
        // It fails only once it is closed, which nobody does.
        self.room.acquire_many(large).await.ok()
    }

    fn document(&self, text: &str) -> Result<Remembered, Refusal> {
        // Too long a text is refused before it costs a hash.
        if text.len() <= self.limits.document_bytes
            && let Some(remembered) = self.memory().lookup(text)
        {
            return Ok(remembered);
        }
        let scan = scan::scan(text, &self.limits)?;
        let document = parser::parse_query(text).map_err(|error| unparsed(&error))?;
        shape::check(&document, &self.limits)?;
        let overlooked = overlooked::find(&self.catalog, &document).map(Arc::new);
        let remembered = Remembered { document: Arc::new(document), scan, valid: Arc::default(), overlooked };
        self.memory().remember(text, remembered.clone());
        Ok(remembered)
    }

    fn memory(&self) -> std::sync::MutexGuard<'_, Memory> {
        // A panic elsewhere leaves the memory usable: at worst its weight is off by one document.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unparsed(error: &parser::Error) -> Refusal {
    let mut refusal = Refusal::new(ErrorCode::GraphqlParseFailed, "");
    refusal.positions = error.positions().collect();
    refusal.message = match (error, refusal.positions.first()) {
        // The parser's own text draws the line at fault, which may be 64 KB long.
        (parser::Error::Syntax { .. }, Some(at)) => format!("syntax error at line {}, column {}", at.line, at.column),
        _ => error.to_string(),
    };
    refusal
}

/// The operation to execute, as the specification chooses it.
fn choose<'a>(
    document: &'a ExecutableDocument,
    name: Option<&str>,
) -> Result<(Option<&'a str>, &'a Positioned<OperationDefinition>), Refusal> {
    let unresolved = |message: String| Refusal::new(ErrorCode::OperationResolutionFailed, message);
    let unknown = |name: &str| unresolved(format!("unknown operation \"{name}\""));
    match (&document.operations, name) {
        (DocumentOperations::Single(operation), None) => Ok((None, operation)),
        (DocumentOperations::Multiple(operations), Some(name)) => {
            operations.get_key_value(name).map(|(name, operation)| (Some(name.as_str()), operation)).ok_or_else(|| unknown(name))
        }
        (DocumentOperations::Single(_), Some(name)) => Err(unknown(name)),
        (DocumentOperations::Multiple(operations), None) => {
            let mut all = operations.iter();
            match (all.next(), all.next()) {
                (Some((name, operation)), None) => Ok((Some(name.as_str()), operation)),
                _ => Err(unresolved("the document has several operations: operationName must name one".to_owned())),
            }
        }
    }
}

/// A document that passed, and what its text counted.
#[derive(Clone)]
struct Remembered {
    document: Arc<ExecutableDocument>,
    scan: Scan,
    valid: Arc<AtomicBool>,
    overlooked: Option<Arc<Overlooked>>,
}

/// Documents that passed, by the SHA-256 of their text, forgotten by age and by the memory they take.
struct Memory {
    documents: LruCache<[u8; 32], (Remembered, usize)>,
    weight: usize,
    capacity: usize,
}

/// A parsed token takes some 200 bytes; measured high rather than low.
const TOKEN_BYTES: usize = 256;

impl Memory {
    fn new(capacity: usize) -> Self {
        Self { documents: LruCache::unbounded(), weight: 0, capacity }
    }

    fn lookup(&mut self, text: &str) -> Option<Remembered> {
        self.documents.get(&hash(text)).map(|(remembered, _)| remembered.clone())
    }

    fn remember(&mut self, text: &str, remembered: Remembered) {
        let weight = text.len() + remembered.scan.tokens * TOKEN_BYTES;
        self.weight += weight;
        if let Some((_, replaced)) = self.documents.put(hash(text), (remembered, weight)) {
            self.weight -= replaced;
        }
        while self.weight > self.capacity
            && let Some((_, (_, freed))) = self.documents.pop_lru()
        {
            self.weight -= freed;
        }
    }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}
