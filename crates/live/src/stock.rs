//! How much is kept of what was made for those who follow a log.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use convene_domain::change::{Change, EntityType};
use tokio::runtime::Handle;

use crate::told::Told;

/// How many bytes of what was made of a log's entries are kept.
pub(crate) const BYTES: usize = 16 << 20;
/// What keeping something costs beside its own bytes.
pub(crate) const OVERHEAD: usize = 256;

/// What all who follow a log share.
#[derive(Debug)]
pub(crate) struct Stock {
    /// Where what is sent is made, whoever asks for it.
    pub(crate) making: Handle,
    /// How much is kept.
    bytes: AtomicUsize,
    /// How often something may have been hidden that could be read before. What was made earlier may show it.
    hidden: AtomicU64,
    /// How often someone was given a role, or had one taken back.
    granted: AtomicU64,
    /// For what something is kept, the oldest first.
    made: Mutex<VecDeque<Weak<Told>>>,
}

/// Bytes that are kept, and count until they are dropped.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) bytes: Bytes,
    stock: Arc<Stock>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.stock.bytes.fetch_sub(self.bytes.len() + OVERHEAD, Ordering::Relaxed);
    }
}

impl Stock {
    /// Makes what is sent on the runtime that this is called on.
    pub(crate) fn new() -> Arc<Self> {
        let (bytes, hidden, granted, made) = Default::default();
        Arc::new(Self { making: Handle::current(), bytes, hidden, granted, made })
    }

    /// Notes that the log has grown by a change.
    pub(crate) fn note(&self, change: &Change) {
        if change.hides() {
            self.hidden.fetch_add(1, Ordering::Release);
        }
        if change.entity_type == EntityType::Grant {
            self.granted.fetch_add(1, Ordering::Release);
        }
    }

    /// How often something may have been hidden so far.
    pub(crate) fn hidden(&self) -> u64 {
        self.hidden.load(Ordering::Acquire)
    }

    /// How often someone was given a role so far, or had one taken back.
    pub(crate) fn granted(&self) -> u64 {
        self.granted.load(Ordering::Acquire)
    }

    /// How much is kept.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Counts bytes as kept.
    pub(crate) fn keep(self: &Arc<Self>, bytes: Bytes) -> Kept {
        self.bytes.fetch_add(bytes.len() + OVERHEAD, Ordering::Relaxed);
        Kept { bytes, stock: Arc::clone(self) }
    }

    /// Notes for what something is kept, and lets go of the oldest until there is not too much.
    pub(crate) fn make_room(&self, newest: &Arc<Told>) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.len() == made.capacity() {
            // Of what has left the ring only the names are left, perhaps many.
            made.retain(|told| told.strong_count() > 0);
        }
        made.push_back(Arc::downgrade(newest));
        while let Some(oldest) = made.front() {
            match oldest.upgrade() {
                Some(_) if self.bytes.load(Ordering::Relaxed) <= BYTES => break,
                Some(told) => told.forget(),
                None => {}
            }
            made.pop_front();
        }
    }
}
