//! Waking many who wait for the same, in slices.

use std::sync::{Arc, Mutex, PoisonError};

use futures::task::AtomicWaker;
use slab::Slab;

/// How many are woken before others are attended to.
const SLICE: usize = 256;

/// Those who wait for something. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Wakers(Arc<Mutex<Slab<Arc<AtomicWaker>>>>);

/// A place in the list, until it is dropped.
#[derive(Debug)]
pub struct Waiting {
    wakers: Wakers,
    key: usize,
}

impl Wakers {
    /// Puts someone on the list.
    pub fn add(&self, waker: &Arc<AtomicWaker>) -> Waiting {
        let key = self.with(|all| all.insert(Arc::clone(waker)));
        Waiting { wakers: self.clone(), key }
    }

    /// How many are on the list.
    pub fn len(&self) -> usize {
        self.with(|all| all.len())
    }

    /// Whether nobody is on the list.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Wakes all at once: for ends, which are rare.
    pub fn wake(&self) {
        let mut from = 0;
        while let Some(next) = self.wake_slice(from) {
            from = next;
        }
    }

    /// Wakes all, and lets the runtime attend to others in between.
    pub(crate) async fn wake_in_slices(&self) {
        let mut from = 0;
        while let Some(next) = self.wake_slice(from) {
            from = next;
            tokio::task::yield_now().await;
        }
    }

    /// Wakes some, and answers where the next ones are.
    fn wake_slice(&self, from: usize) -> Option<usize> {
        let (slice, end): (Vec<_>, _) = self.with(|all| {
            let end = all.capacity();
            ((from..end.min(from + SLICE)).filter_map(|key| all.get(key).cloned()).collect(), end)
        });
        for waker in slice {
            waker.wake();
        }
        (from + SLICE < end).then_some(from + SLICE)
    }

    fn with<T>(&self, work: impl FnOnce(&mut Slab<Arc<AtomicWaker>>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.wakers.with(|all| {
            all.try_remove(self.key);
            // What a crowd has left behind is given back.
            if all.capacity() > 4 * SLICE && all.len() < all.capacity() / 4 {
                all.shrink_to_fit();
            }
        });
    }
}
