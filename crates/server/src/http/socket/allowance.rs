//! How many messages a peer may send.

use tokio::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// So many messages in a second, and after a pause as many at once.
pub(super) struct Allowance {
    /// What one message takes of a second.
    each: Duration,
    /// Until when the time is used up. It may be ahead of now, but not by more than a second.
    used: Instant,
}

impl Allowance {
    pub(super) fn new(rate: u32) -> Self {
        Self { each: SECOND / rate.max(1), used: Instant::now() }
    }

    /// Counts a message, and says whether it was still allowed.
    pub(super) fn take(&mut self) -> bool {
        self.take_at(Instant::now())
    }

    fn take_at(&mut self, now: Instant) -> bool {
        self.used = self.used.max(now) + self.each;
        self.used <= now + SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_brings_so_many_and_a_pause_no_more() {
        let (mut allowance, began) = (Allowance::new(10), Instant::now() + SECOND * 60);
        let mut taken = |after: Duration| (0..20).filter(|_| allowance.take_at(began + after)).count();
        assert_eq!(taken(Duration::ZERO), 10);
        // What was refused counts as well: whoever goes on is not let in again.
        assert_eq!(taken(SECOND / 2), 0);
        let mut allowance = Allowance::new(10);
        assert_eq!((0..10).filter(|_| allowance.take_at(began)).count(), 10);
        assert_eq!((0..5).filter(|_| allowance.take_at(began + SECOND / 2)).count(), 5);
        assert!(!allowance.take_at(began + SECOND / 2));
    }
}
