//! What callers have spent with other processes.
//!
//! Each process tells Redis now and again what was spent with it, and reads what was spent with all. Nobody waits for that: a caller that goes
//! from one process to the next has spent twice its share for as long as it takes to tell.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use convene_live::Tally;
use tracing::{debug, info};

use super::{MINUTE, Payer, Rates};

/// How often others are told, and how soon after Redis did not answer.
const INTERVAL: Duration = Duration::from_millis(250);
const PAUSE: Duration = Duration::from_secs(2);

/// How many callers are told of at once.
const AT_ONCE: usize = 1_000;

/// Tells others what is spent here, and learns what is spent with them, for ever.
pub(crate) async fn share(rates: Arc<Rates>, mut tally: Tally) {
    let mut away = false;
    loop {
        tokio::time::sleep(if away { PAUSE } else { INTERVAL }).await;
        let spent = rates.untold();
        if spent.is_empty() {
            continue;
        }
        let period = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() / MINUTE.as_secs();
        let amounts: Vec<_> = spent.iter().map(|(payer, amount)| (name(payer), *amount)).collect();
        match tally.add(period, MINUTE, &amounts).await {
            Ok(counts) => {
                rates.told(period, &spent, &counts);
                if std::mem::take(&mut away) {
                    info!("what callers spend is shared again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut away, true) {
                    info!(%error, "what callers spend cannot be shared: each process counts for itself");
                }
                debug!(%error, "what callers spend cannot be shared");
                rates.keep_to_ourselves(period);
            }
        }
    }
}

fn name(payer: &Payer) -> String {
    payer.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Rates {
    /// What was spent since it was told last, by whom.
    fn untold(&self) -> Vec<(Payer, u64)> {
        let purses = self.purses();
        // Whoever has spent something lately stands first.
        let spent = purses.iter().filter(|(_, purse)| purse.untold > 0).take(AT_ONCE);
        spent.map(|(payer, purse)| (*payer, purse.untold)).collect()
    }

    /// Takes in that this was told, and how high the counts are by now.
    fn told(&self, period: u64, spent: &[(Payer, u64)], counts: &[u64]) {
        let mut purses = self.purses();
        for ((payer, amount), count) in spent.iter().zip(counts) {
            if let Some(purse) = purses.peek_mut(payer) {
                // It may be a new one by now, of someone who was forgotten meanwhile.
                purse.untold = purse.untold.saturating_sub(*amount);
                purse.told(period, *amount);
                purse.others_spent(*count);
            }
        }
    }

    /// Takes in that nothing could be told, and never will be: told later, the spending of many minutes would stand in one. Whether it was
    /// counted all the same is not known, so that it is taken for ours.
    fn keep_to_ourselves(&self, period: u64) {
        for (_, purse) in self.purses().iter_mut() {
            let amount = std::mem::take(&mut purse.untold);
            purse.told(period, amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::http::Rate;

    const PAYER: Payer = [7; 16];

    fn rates() -> Arc<Rates> {
        Rates::new(Rate::new(None, 600), Rate::new(None, 600), 0)
    }

    #[test]
    fn what_was_spent_while_redis_was_away_is_not_told_when_it_is_back() {
        let (rates, begun) = (rates(), Instant::now());
        for minute in 0..5 {
            rates.take(PAYER, 600, 600, begun + MINUTE * minute).unwrap();
            assert_eq!(rates.untold(), [(PAYER, 600)]);
            rates.keep_to_ourselves(u64::from(minute));
            assert_eq!(rates.untold(), []);
        }
        rates.take(PAYER, 600, 500, begun + MINUTE * 5).unwrap();
        assert_eq!(rates.untold(), [(PAYER, 500)]);
    }

    #[test]
    fn what_may_have_been_counted_is_not_taken_for_what_others_spent() {
        let (rates, begun) = (rates(), Instant::now());
        rates.take(PAYER, 600, 300, begun).unwrap();
        // The answer came too late.
        rates.keep_to_ourselves(7);
        rates.take(PAYER, 600, 100, begun).unwrap();
        rates.told(7, &rates.untold(), &[400]);
        assert_eq!(rates.take(PAYER, 600, 200, begun).ok(), Some(()));
    }

    #[test]
    fn a_purse_that_was_made_anew_meanwhile_owes_nothing() {
        let (rates, begun) = (rates(), Instant::now());
        rates.take(PAYER, 600, 10, begun).unwrap();
        rates.told(7, &[(PAYER, 500)], &[500]);
        assert_eq!(rates.untold(), []);
    }
}
