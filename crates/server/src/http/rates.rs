//! What each caller may ask for in a minute, counted by what it costs.
//!
//! Whoever signed in pays for itself, with whichever of its tokens and whatever address it comes from; everyone else pays by address, for that is all there is to know. A
//! purse holds the share of a minute and is filled evenly, so that a dashboard can open all at once what it then asks for now and again.
//! Everything is decided here, at once: what other processes have charged is subtracted a moment later (`shared`).

mod address;
mod shared;

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::HeaderMap;
use convene_domain::access::Caller;
use convene_graphql::{error::ErrorCode, guard::Refusal, request::Charge};
use lru::LruCache;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

pub(crate) use self::{address::Peer, shared::share};

/// For how many callers it is remembered what they have spent. Who is forgotten has spent little lately.
const CALLERS: usize = 50_000;

/// What is in a purse that is full lasts for so long.
const MINUTE: Duration = Duration::from_secs(60);

/// What every request costs, whatever comes of it: one that is refused, or answered from memory, costs no more.
pub(super) const EACH: u64 = 1;

/// What a token costs that is not one of ours: to look it up takes a statement, and nobody is to try many.
pub(super) const WRONG_TOKEN: u64 = 500;

/// How much may be asked for, as cost in a minute.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// What is allowed when nobody says, or what was said; 0 is no limit.
    limit: u64,
    /// Whether it was said. Otherwise those on this machine are not counted.
    said: bool,
}

impl Rate {
    /// What was said, or else this.
    pub(crate) fn new(said: Option<u64>, otherwise: u64) -> Self {
        Self { limit: said.unwrap_or(otherwise), said: said.is_some() }
    }
}

/// Who pays: a fingerprint, for addresses are not kept.
type Payer = [u8; 16];

/// What callers may ask for, and have asked for.
pub(crate) struct Rates {
    anonymous: Rate,
    signed_in: Rate,
    proxies: usize,
    purses: Mutex<LruCache<Payer, Purse>>,
}

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    /// Without an address there is only the test of a route.
    address: Option<IpAddr>,
    /// Whether it came from this machine, and not through a proxy on it.
    is_here: bool,
}

impl Rates {
    /// Nobody has asked for anything yet. In front of this service are so many proxies that can be trusted.
    pub(crate) fn new(anonymous: Rate, signed_in: Rate, proxies: usize) -> Arc<Self> {
        let callers = NonZeroUsize::new(CALLERS).unwrap_or(NonZeroUsize::MIN);
        Arc::new(Self { anonymous, signed_in, proxies, purses: Mutex::new(LruCache::new(callers)) })
    }

    /// Where a request comes from, as far as the proxies in front of us say.
    pub(super) fn from(&self, headers: &HeaderMap, peer: Option<Peer>) -> Client {
        let address = peer.map(|Peer(peer)| address::client(headers, peer, self.proxies));
        Client { address, is_here: address.is_some_and(|it| it.is_loopback()) && !address::is_passed_on(headers) }
    }

    /// Who pays for what a caller asks for; none when it is not counted.
    pub(super) fn charge(self: &Arc<Self>, from: Client, caller: &Caller) -> Option<Charge> {
        let signed = caller.signed();
        let rate = if signed.is_some() { self.signed_in } else { self.anonymous };
        let address = from.address?;
        if rate.limit == 0 || !rate.said && from.is_here {
            return None;
        }
        let payer = match signed {
            Some(signed) => fingerprint("who", signed.payer.as_bytes()),
            None => fingerprint("address", &address::network(address)),
        };
        let rates = Arc::clone(self);
        Some(Arc::new(move |cost| rates.take(payer, rate.limit, cost, Instant::now())))
    }

    fn take(&self, payer: Payer, limit: u64, cost: u64, now: Instant) -> Result<(), Refusal> {
        let taken = self.purses().get_or_insert_mut(payer, || Purse::full(limit, now)).take(cost, now);
        taken.map_err(|wait| {
            metrics::counter!("convene_rate_limited_total").increment(1);
            let seconds = wait.as_secs() + 1;
            let message = format!("you have asked for more than a cost of {limit} in a minute: try again in {seconds} s");
            Refusal {
                limit: Some(limit),
                cost: Some(cost),
                retry_after: Some(seconds),
                ..Refusal::new(ErrorCode::RateLimited, message)
            }
        })
    }

    fn purses(&self) -> MutexGuard<'_, LruCache<Payer, Purse>> {
        self.purses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn fingerprint(kind: &str, of: &[u8]) -> Payer {
    let mut hash = Sha256::new();
    hash.update(kind);
    hash.update(of);
    let mut payer = Payer::default();
    payer.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    payer
}

/// What one caller has left.
#[derive(Debug)]
struct Purse {
    limit: f64,
    left: f64,
    filled: Instant,
    /// What was spent here, and others were not told yet.
    untold: u64,
    /// In the period that was told last: its number, what we have told or may have told, and what others had by then.
    told: (u64, u64, u64),
}

#[expect(clippy::cast_precision_loss, reason = "costs are far below what a float counts exactly")]
impl Purse {
    fn full(limit: u64, now: Instant) -> Self {
        Self { limit: limit as f64, left: limit as f64, filled: now, untold: 0, told: (0, 0, 0) }
    }

    /// Takes so much out, or answers how long to wait. What costs more than a purse holds takes it all, and leaves a debt.
    fn take(&mut self, cost: u64, now: Instant) -> Result<(), Duration> {
        let since = now.saturating_duration_since(self.filled).as_secs_f64() / MINUTE.as_secs_f64();
        self.left = (self.left + since * self.limit).min(self.limit);
        self.filled = now;
        let needed = (cost as f64).min(self.limit);
        if self.left < needed {
            return Err(MINUTE.mul_f64((needed - self.left) / self.limit));
        }
        self.left -= cost as f64;
        self.untold += cost;
        Ok(())
    }

    /// Notes that we told others of so much in a period.
    fn told(&mut self, period: u64, amount: u64) {
        if self.told.0 != period {
            self.told = (period, 0, 0);
        }
        self.told.1 += amount;
    }

    /// Takes out what others have spent in the period that was told last, of a count that stands so high. However much that is, a purse that
    /// they emptied is in use again after two minutes.
    fn others_spent(&mut self, count: u64) {
        let (_, ours, others) = &mut self.told;
        let now = count.saturating_sub(*ours);
        let spent = now.saturating_sub(*others) as f64;
        *others = now.max(*others);
        self.left = (self.left - spent).max(self.left.min(-self.limit));
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;
    use convene_domain::id::TokenId;
    use uuid::Uuid;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn rates(anonymous: Option<u64>, signed_in: Option<u64>) -> Arc<Rates> {
        Rates::new(Rate::new(anonymous, 600), Rate::new(signed_in, 6_000), 0)
    }

    fn from(address: &str) -> Client {
        through(address, &HeaderMap::new())
    }

    fn through(address: &str, headers: &HeaderMap) -> Client {
        rates(None, None).from(headers, Some(Peer(address.parse().unwrap())))
    }

    #[test]
    fn a_purse_is_filled_evenly_and_holds_a_minute() {
        let begun = Instant::now();
        let mut purse = Purse::full(600, begun);
        assert_eq!((0..7).filter(|_| purse.take(100, begun).is_ok()).count(), 6);
        assert_eq!(purse.take(10, begun), Err(SECOND));
        assert_eq!(purse.take(10, begun + SECOND), Ok(()));
        assert_eq!(purse.take(100, begun + SECOND), Err(SECOND * 10));
        let later = begun + MINUTE * 10;
        assert_eq!((0..7).filter(|_| purse.take(100, later).is_ok()).count(), 6);
    }

    #[test]
    fn what_costs_more_than_a_purse_holds_is_let_through_when_it_is_full() {
        let begun = Instant::now();
        let mut purse = Purse::full(600, begun);
        assert_eq!(purse.take(1_200, begun), Ok(()));
        assert_eq!(purse.take(1, begun + MINUTE), Err(MINUTE / 600));
        assert_eq!(purse.take(1, begun + MINUTE + SECOND), Ok(()));
    }

    #[test]
    fn what_others_spent_is_taken_out_once() {
        let begun = Instant::now();
        let mut purse = Purse::full(600, begun);
        purse.take(100, begun).unwrap();
        let others_spent = |purse: &mut Purse, period, added, count| {
            purse.told(period, added);
            purse.others_spent(count);
            purse.left
        };
        assert_eq!(others_spent(&mut purse, 7, 100, 300), 300.0);
        assert_eq!(others_spent(&mut purse, 7, 0, 300), 300.0);
        purse.take(50, begun).unwrap();
        assert_eq!(others_spent(&mut purse, 7, 50, 400), 200.0);
        // A period later everyone counts from nothing.
        assert_eq!(others_spent(&mut purse, 8, 0, 10), 190.0);
        // They may have spent more than there is, but nobody waits for it for ever.
        assert_eq!(others_spent(&mut purse, 9, 0, 1_000_000), -600.0);
        assert_eq!(purse.take(1, begun + MINUTE * 2), Ok(()));
        // A debt of one's own is another thing.
        let mut purse = Purse::full(600, begun);
        purse.take(6_000, begun).unwrap();
        assert_eq!(others_spent(&mut purse, 9, 6_000, 7_000), -5_400.0);
    }

    #[test]
    fn who_signed_in_pays_for_itself_and_addresses_for_the_others() {
        let rates = rates(Some(100), Some(1_000));
        let spend = |from: Client, caller: &Caller, cost: u64| {
            rates.charge(from, caller).unwrap()(cost).map_err(|it| (it.code, it.limit, it.cost, it.retry_after.is_some()))
        };
        let refused = |limit, cost| Err((ErrorCode::RateLimited, Some(limit), Some(cost), true));
        let office = from("192.0.2.1");
        let token = |n| Caller::token(TokenId::from_uuid(Uuid::from_u128(n)));
        let ([ana, ben], nobody) = ([1, 2].map(token), &Caller::Anonymous);
        assert_eq!(spend(office, nobody, 90), Ok(()));
        assert_eq!(spend(office, nobody, 20), refused(100, 20));
        assert_eq!(spend(from("192.0.2.2"), nobody, 20), Ok(()));
        assert_eq!(spend(office, &ana, 990), Ok(()));
        assert_eq!(spend(from("192.0.2.3"), &ana, 20), refused(1_000, 20));
        assert_eq!(spend(office, &ben, 20), Ok(()));
        // A new token of the same account is nobody new.
        let [one, another] = [3, 4].map(|n| token(n).paid_by(Uuid::from_u128(77)));
        assert_eq!(spend(office, &one, 990), Ok(()));
        assert_eq!(spend(office, &another, 20), refused(1_000, 20));
        // A household has 2^64 addresses.
        assert_eq!(spend(from("2001:db8:1:2::1"), nobody, 90), Ok(()));
        assert_eq!(spend(from("2001:db8:1:2:ffff::9"), nobody, 20), refused(100, 20));
        assert_eq!(spend(from("2001:db8:1:3::1"), nobody, 20), Ok(()));
    }

    #[test]
    fn this_machine_is_counted_only_if_someone_said_how_much() {
        let is_counted = |rates: &Arc<Rates>, address| rates.charge(from(address), &Caller::Anonymous).is_some();
        let unsaid = rates(None, None);
        assert!(is_counted(&unsaid, "192.0.2.1") && !is_counted(&unsaid, "127.0.0.1") && !is_counted(&unsaid, "::1"));
        assert!(is_counted(&rates(Some(5), None), "127.0.0.1"));
        assert!(!is_counted(&rates(Some(0), None), "192.0.2.1"));
        // A proxy on this machine says whom it asks for: otherwise nobody behind it would be counted.
        for (name, value) in [("x-forwarded-for", "192.0.2.1"), ("forwarded", "for=192.0.2.1")] {
            let headers = HeaderMap::from_iter([(HeaderName::from_static(name), value.parse().unwrap())]);
            assert!(unsaid.charge(through("127.0.0.1", &headers), &Caller::Anonymous).is_some(), "{name}");
        }
    }
}
