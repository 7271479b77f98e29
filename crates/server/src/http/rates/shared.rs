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
                purse.untold -= amount;
                purse.others_spent(period, *amount, *count);
            }
        }
    }
}
