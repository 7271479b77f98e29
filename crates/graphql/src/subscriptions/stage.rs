//! What the field of a subscription is executed for.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_graphql::{Context, ID};
use convene_application::changes::{self, ChangeFilter, Reader, Seen, moves_subtree};
use convene_domain::change::{Change, Effect, EntityType, LogCursor};
use uuid::Uuid;

use crate::{
    cursor,
    error::{Error, ErrorCode},
    input,
    loaders::{self, Loads},
};

/// What the field of a subscription is executed for; part of each request's data.
#[derive(Debug, Clone)]
pub(crate) enum Stage {
    /// To check its arguments and say what it follows. It then answers a checkpoint.
    Opening {
        /// Where to go on, if the transport says so; it has seen more than the operation's `after` names.
        resume: Option<String>,
        /// Told what it follows.
        opened: Arc<Mutex<Option<Opened>>>,
    },
    /// To tell this of a change, or of none.
    Delivering(Delivery),
}

/// What a subscription follows.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// From where on.
    pub(crate) reader: Reader,
    /// What its followers want to hear of.
    pub(crate) wants: Wants,
}

/// What the followers of a subscription want to hear of.
#[derive(Debug, Clone)]
pub(crate) enum Wants {
    /// Reports, and communities that come and go with theirs.
    Reports(ChangeFilter),
    /// Everything that passes.
    Changes(ChangeFilter),
    /// How things are now, after anything has happened in the place; no more often than this.
    State(Duration),
}

impl Wants {
    /// Whether they want to hear of a change that means this to them.
    pub(crate) fn take(&self, change: &Change, effect: Effect) -> bool {
        match self {
            Self::Reports(filter) => {
                moves_subtree(change, effect)
                    || change.entity_type == EntityType::GatheringReport && filter.passes(change, effect)
            }
            Self::Changes(filter) => filter.passes(change, effect),
            Self::State(_) => true,
        }
    }

    /// How often they want to be told at most, if only the last state is of interest to them.
    pub(crate) fn interval(&self) -> Option<Duration> {
        match self {
            Self::Reports(_) | Self::Changes(_) => None,
            Self::State(interval) => Some(*interval),
        }
    }
}

/// What a field tells.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    /// Where its followers are then.
    pub(crate) cursor: LogCursor,
    /// The change; `None` in a checkpoint.
    pub(crate) seen: Option<Seen>,
}

impl Delivery {
    /// The record that changed, if it is of this type and in sight.
    pub(crate) fn present(&self, entity_type: EntityType) -> Option<Uuid> {
        let seen = self.seen.as_ref().filter(|seen| seen.effect != Effect::Left)?;
        (seen.change.entity_type == entity_type).then_some(seen.change.entity)
    }
}

/// What the field has to tell. When it is opened, its arguments are checked first.
pub(super) async fn enter(context: &Context<'_>, within: &ID, after: Option<&str>, wants: Wants) -> Result<Delivery, Error> {
    match context.data_opt::<Stage>() {
        Some(Stage::Delivering(delivery)) => Ok(delivery.clone()),
        Some(Stage::Opening { resume, opened }) => {
            let Loads { app, caller, .. } = loaders::of(context)?;
            let within = input::id("within", within)?;
            let foreign = || Error::client(ErrorCode::BadCursor, "after is not a cursor of a log");
            let after = resume.as_deref().or(after).map(|after| cursor::decode_log(after).ok_or_else(foreign)).transpose()?;
            let mut reader = changes::open(app, caller, within, after).await?;
            if wants.interval().is_some() {
                // Noted before the state is read, which covers it.
                reader.here = changes::find_end(app, reader.here.log.network).await?;
            }
            let cursor = reader.cursor();
            *opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(Opened { reader, wants });
            Ok(Delivery { cursor, seen: None })
        }
        None => Err(Error::internal("a subscription was executed without a stage")),
    }
}
