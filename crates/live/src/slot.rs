//! An entry of a log, as the ring keeps it.

use std::{
    any::Any,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use convene_domain::change::{EntityType, Entry, Position};
use uuid::Uuid;

/// An entry of a log, as the ring keeps it.
#[derive(Debug)]
pub struct Slot {
    /// The entry.
    pub entry: Entry,
    common: Mutex<Option<Common>>,
}

/// What those have in common who make something of an entry at the same time.
#[derive(Debug)]
struct Common {
    hidden: u64,
    held: Weak<dyn Any + Send + Sync>,
}

impl Slot {
    pub(crate) fn new(entry: Entry) -> Self {
        Self { entry, common: Mutex::default() }
    }

    /// Its place in the log.
    pub(crate) fn position(&self) -> Position {
        self.entry.change.position
    }

    /// Whether it is of a record that belongs to a network as a whole, and not to a place in the tree of communities.
    pub(crate) fn is_of_network(&self) -> bool {
        matches!(self.entry.change.entity_type, EntityType::Network | EntityType::Term)
    }

    /// Whether it means anything to a place.
    pub(crate) fn touches(&self, scope: Uuid) -> bool {
        self.entry.effects.iter().any(|(id, _)| *id == scope)
    }

    /// What all have in common who make something of the entry now, such as the records that it is about: whoever is
    /// first finds it empty. It is gone when the last of them lets go of it, and made anew when something was hidden.
    pub(crate) fn common<T: Any + Default + Send + Sync>(&self, hidden: u64) -> Arc<T> {
        let mut common = self.common.lock().unwrap_or_else(PoisonError::into_inner);
        let held = common.as_ref().filter(|it| it.hidden == hidden).and_then(|it| it.held.upgrade());
        if let Some(held) = held.and_then(|held| held.downcast().ok()) {
            return held;
        }
        let made = Arc::<T>::default();
        let held: Arc<dyn Any + Send + Sync> = Arc::<T>::clone(&made);
        *common = Some(Common { hidden, held: Arc::downgrade(&held) });
        made
    }
}
