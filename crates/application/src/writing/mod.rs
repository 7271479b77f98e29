//! Writing: what a mutation does, once, however often it is asked for.
//!
//! A command is one thing that someone wants done, checked as far as it can be without looking at what is stored.
//! [`perform`] begins a write, lets the command change records under their locks, and seals it together with the
//! caller's key. Asked for again with the same key, it answers what it answered first. What the rules do not allow is
//! a [`Refusal`], an answer like any other; nothing is changed then and the key is still free.

pub mod communities;
pub mod gatherings;
pub mod grants;
pub mod networks;
pub mod persons;
pub mod policies;
pub mod reports;
pub mod work_sites;

mod check;
mod need;
mod refusal;

use std::{future::Future, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use convene_domain::{
    access::{Caller, Verb},
    change::{ChangeKind, EntityType, Head, NewChange},
    id::{CommunityId, GatheringId, GrantId, MembershipInvitationId, NetworkId, ReportId, TermId, WorkSiteId},
    record::Revision,
};
use convene_persistence::{
    Write,
    keys::{self, Key},
    log,
};
use uuid::Uuid;

use self::need::At;
pub use self::need::Need;
pub use self::refusal::{Refusal, RefusalCode, Stop};
use crate::{App, Error, Result, reports::ReportRecord};

/// How often a write is tried again when others are in its way.
const ATTEMPTS: u32 = 5;
/// The most characters of an idempotency key.
pub const KEY_LIMIT: usize = 200;

/// How long a key is known after it was used.
const KEPT: TimeDelta = TimeDelta::days(90);

/// A change to a value that can be missing: `None` leaves it, `Some(None)` takes it away.
pub type Patch<T> = Option<Option<T>>;

/// Who wants something done, and how it is known when they ask again.
#[derive(Debug, Clone)]
pub struct Order {
    /// Who asks.
    pub caller: Caller,
    /// The key that they gave it.
    pub key: String,
    /// The fingerprint of all that they ask for.
    pub body: String,
    /// The time.
    pub now: DateTime<Utc>,
}

/// One thing that someone wants done.
pub trait Command: Send + Sync {
    /// The mutation's name: keys are kept under it.
    fn operation(&self) -> &'static str;

    /// What someone has to be to have it done.
    fn needs(&self) -> Vec<Need>;

    /// Checks what else a caller may not do who has all of that.
    fn confine(&self, _: &Write, _: &Caller) -> impl Future<Output = std::result::Result<(), Stop>> + Send {
        std::future::ready(Ok(()))
    }

    /// Does it, short of sealing it.
    fn carry_out(&self, write: &mut Write) -> impl Future<Output = std::result::Result<Done, Stop>> + Send;
}

/// The record that the answer to a command is about.
#[derive(Debug, Clone)]
pub struct Done {
    entity: Uuid,
    revision: Revision,
    /// The record, if it is a report.
    report: Option<Arc<ReportRecord>>,
    /// A secret that is told once.
    secret: Option<String>,
}

/// What came of a command.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The record that it is about.
    pub entity: Uuid,
    /// Its revision after the command.
    pub revision: Revision,
    /// Where the network's log ended with it.
    pub head: Head,
    /// The record as it was written, if it is a report that was written just now by someone who may read it.
    pub report: Option<Arc<ReportRecord>>,
    /// A secret that was made just now, and is kept nowhere.
    pub secret: Option<String>,
}

/// Carries out a command, or answers why not.
///
/// # Errors
///
/// Fails if the caller may not write, or if storage fails; then it is not known whether it was done, and asking again
/// with the same key tells.
pub async fn perform<C: Command>(app: &App, order: &Order, command: &C) -> Result<std::result::Result<Answer, Vec<Refusal>>> {
    order.caller.check_writes()?;
    if let Err(refusal) = check_key(&order.key) {
        return Ok(Err(vec![refusal]));
    }
    let mut failure = None;
    for attempt in 0..ATTEMPTS {
        // Hardly ever is a key sent again, and then the write that it is sent with is in its own way: the key was taken.
        if attempt > 0
            && let Some(kept) = recall(app, order, command).await?
        {
            return Ok(kept);
        }
        match carry_out(app, order, command).await {
            Ok((done, Some(head))) => {
                app.wake(&[head]);
                return Ok(Ok(Answer {
                    entity: done.entity,
                    revision: done.revision,
                    head,
                    // Others may have written most of it. Whoever may write it, and read at all, may read it.
                    report: done.report.filter(|_| !order.caller.roles(Verb::Read).is_empty()),
                    secret: done.secret,
                }));
            }
            // It is kept, but where could not be read back: the key tells.
            Ok((_, None)) => continue,
            // The same command may have been carried out meanwhile, and be in its own way.
            Err(Stop::Refused(refusals)) => return Ok(recall(app, order, command).await?.unwrap_or(Err(refusals))),
            Err(Stop::Failed(error)) if error.is_collision() => failure = Some(error),
            Err(Stop::Failed(error)) => return Err(error.into()),
        }
    }
    Err(failure.map_or(Error::Busy, |error| {
        tracing::warn!(%error, operation = command.operation(), "a write gave way too often");
        Error::Busy
    }))
}

/// Forgets the keys that were used too long ago to be used again, and says how many.
pub async fn forget_keys(app: &App, now: DateTime<Utc>) -> Result<u64> {
    Ok(keys::forget(app.database(), now - KEPT).await?)
}

/// Checks a key, for those who look for every fault before they ask.
pub fn check_key(key: &str) -> std::result::Result<(), Refusal> {
    if key.trim().is_empty() || key.chars().count() > KEY_LIMIT || key.contains('\0') {
        return Err(Refusal::invalid(["idempotencyKey"], format!("is not a key of 1 to {KEY_LIMIT} characters")));
    }
    Ok(())
}

/// What was answered to this key, if it was used.
async fn recall<C: Command>(app: &App, order: &Order, command: &C) -> Result<Option<std::result::Result<Answer, Vec<Refusal>>>> {
    let connection = app.database().reader();
    let Some(kept) = keys::find(connection, order.caller.key_space(), command.operation(), &order.key).await? else {
        return Ok(None);
    };
    if kept.body != order.body {
        let message = "was used for something else: a new request needs a new key";
        return Ok(Some(Err(vec![Refusal::new(RefusalCode::Conflict, ["idempotencyKey"], message)])));
    }
    let head = log::find_end(connection, app.database().instance(), kept.change_set).await?;
    let head = head.ok_or(Error::Lost("the changes that a key stands for"))?;
    // Whoever wrote it may not have come to say so.
    app.heed(head.log.network, head.position);
    Ok(Some(Ok(Answer { entity: kept.entity, revision: kept.revision, head, report: None, secret: None })))
}

async fn carry_out<C: Command>(app: &App, order: &Order, command: &C) -> std::result::Result<(Done, Option<Head>), Stop> {
    let mut write = Write::begin(app.database(), order.now).await?;
    write.signed(order.caller.who());
    for need in command.needs() {
        need.check(&write, &order.caller).await?;
    }
    command.confine(&write, &order.caller).await?;
    let done = command.carry_out(&mut write).await?;
    write.keep(Key {
        caller: order.caller.key_space(),
        operation: command.operation(),
        key: order.key.clone(),
        body: order.body.clone(),
        entity: done.entity,
        revision: done.revision,
    });
    let of_communities = write.records(EntityType::Community);
    // A command is about one network, so there is one head.
    let head = write.seal().await?.pop();
    if let Some(head) = head.filter(|_| of_communities) {
        app.heed(head.log.network, head.position);
    }
    Ok((done, head))
}

/// A kind of record that commands change.
trait Subject {
    const TYPE: EntityType;
    fn uuid(self) -> Uuid;
}

macro_rules! subjects {
    ($($id:ident => $entity_type:ident,)+) => {
        $(impl Subject for $id {
            const TYPE: EntityType = EntityType::$entity_type;

            fn uuid(self) -> Uuid {
                $id::uuid(self)
            }
        })+
    };
}

subjects! {
    NetworkId => Network,
    TermId => Term,
    CommunityId => Community,
    GatheringId => Gathering,
    ReportId => GatheringReport,
    GrantId => Grant,
    MembershipInvitationId => Grant,
    WorkSiteId => WorkSite,
}

/// Says what was written of a record, and that the answer is about it.
fn record<I: Subject>(
    write: &mut Write,
    network: NetworkId,
    kind: ChangeKind,
    (id, revision): (I, Revision),
    occurred_at: Option<DateTime<Utc>>,
) -> Done {
    let entity = id.uuid();
    write.record(network, NewChange { kind, entity_type: I::TYPE, entity, revision, occurred_at });
    Done { entity, revision, report: None, secret: None }
}
