//! The room for what is large and being received: bodies, and messages on sockets.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many bytes of a body, or of a message on a socket, are received whatever others send.
pub(super) const SMALL: usize = 16 << 10;

/// The bytes that larger ones may hold together that are being received; at least one is received whatever the limit.
const ROOM: usize = 16 << 20;

/// Room for bodies and messages of up to so many bytes each, in KiB.
pub(crate) fn room(body_limit: usize, message_limit: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(ROOM.max(body_limit).max(message_limit).div_ceil(1 << 10)))
}

/// What one body or message has of the room: as much as has arrived of it, so that whoever sends little keeps little from others.
#[derive(Debug, Default)]
pub(super) struct Room(Option<OwnedSemaphorePermit>);

impl Room {
    /// Sees to it that there is room for so many bytes; `false` when there is none.
    pub(super) fn holds(&mut self, room: &Arc<Semaphore>, bytes: usize) -> bool {
        let held = self.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let needed = bytes.div_ceil(1 << 10);
        if bytes <= SMALL || needed <= held {
            return true;
        }
        let more = u32::try_from(needed - held).ok().and_then(|more| Arc::clone(room).try_acquire_many_owned(more).ok());
        match (more, &mut self.0) {
            (None, _) => return false,
            (Some(more), Some(held)) => held.merge(more),
            (more, none) => *none = more,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_arrived_is_held_and_no_more() {
        let all = Arc::new(Semaphore::new(100));
        let (mut one, mut other) = (Room::default(), Room::default());
        assert!(one.holds(&all, SMALL));
        assert_eq!(all.available_permits(), 100, "what is small needs none");
        for (bytes, left) in [(SMALL + 1, 83), (17 << 10, 83), ((17 << 10) + 1, 82), (60 << 10, 40), (50 << 10, 40)] {
            assert!(one.holds(&all, bytes));
            assert_eq!(all.available_permits(), left, "{bytes}");
        }
        assert!(other.holds(&all, 40 << 10));
        assert!(!other.holds(&all, 41 << 10) && !one.holds(&all, 61 << 10));
        assert!(other.holds(&all, SMALL));
        drop(one);
        assert!(other.holds(&all, 100 << 10));
        drop(other);
        assert_eq!(all.available_permits(), 100);
    }
}
