//! When batches are loaded: once the execution can go no further without them.
//!
//! A clock that says when a batch is complete makes every level of a query wait, and a task of its own begins on another
//! thread while keys are still coming in, so that one batch becomes hundreds. Here the loading takes turns with the
//! execution on the same task: it begins when every field that can ask has asked.
//!
//! An execution that has much to do without loading anything is given it in turns, too, and between them the runtime attends to
//! others. Nothing is loaded until it has come as far as it can.

use std::{
    any::TypeId,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use async_graphql::{Request, runtime::Timer};
use futures::{
    FutureExt, StreamExt,
    future::{self, BoxFuture},
    stream::FuturesUnordered,
    task::{FutureObj, Spawn, SpawnError},
};
use tokio::sync::Semaphore;

type Load = FutureObj<'static, ()>;

/// How many units of work a turn holds: what takes about a millisecond.
const TURN: u32 = 1_000;

/// What is to be done and to be loaded for one request.
#[derive(Debug, Clone)]
pub(crate) struct Turns(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// The units that are left of this turn.
    units: Semaphore,
    /// How many wait for the next turn.
    queue: AtomicUsize,
}

impl Default for Turns {
    fn default() -> Self {
        Self(Arc::new(Shared { waiting: Mutex::default(), units: Semaphore::new(0), queue: AtomicUsize::new(0) }))
    }
}

#[derive(Debug, Default)]
struct Waiting {
    loads: Vec<Load>,
    /// Whether someone takes turns. If nobody does, loads are tasks of their own: slower, but not forgotten.
    attended: bool,
}

impl Turns {
    /// Those of a prepared request; of a request without loaders, some that nobody uses.
    pub(crate) fn of(request: &Request) -> Self {
        let found = request.data.get(&TypeId::of::<Self>()).and_then(|turns| turns.downcast_ref());
        found.cloned().unwrap_or_default()
    }

    /// Runs an execution together with what it loads.
    pub(crate) async fn run<T>(self, execution: impl Future<Output = T>) -> T {
        self.with(|waiting| waiting.attended = true);
        let (mut execution, mut loading) = (pin!(execution), FuturesUnordered::new());
        future::poll_fn(|context| {
            self.0.units.add_permits((TURN as usize).saturating_sub(self.0.units.available_permits()));
            loop {
                if let Poll::Ready(result) = execution.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
                if self.0.queue.load(Ordering::Relaxed) > 0 {
                    return next_turn(context);
                }
                loading.extend(self.with(|waiting| std::mem::take(&mut waiting.loads)));
                if !any_done(&mut loading, context) {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Waits until there was a turn for so much work. Where nobody takes turns, nothing waits.
    pub(crate) async fn work(&self, units: u64) {
        if !self.with(|waiting| waiting.attended) {
            return;
        }
        let mut left = units;
        while left > 0 {
            let part = u32::try_from(left).map_or(TURN, |left| left.min(TURN));
            left -= u64::from(part);
            // The semaphore's own waiting takes part in tokio's budget, so that it may wait though there is no need to. It is in
            // a box because few wait at all.
            let taken = match self.0.units.try_acquire_many(part) {
                Ok(taken) => Ok(taken),
                Err(_) => {
                    let _queued = Queued::in_line(&self.0.queue);
                    self.0.units.acquire_many(part).boxed().await
                }
            };
            // It fails only once it is closed, which nobody does.
            if let Ok(taken) = taken {
                taken.forget();
            }
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Waiting) -> T) -> T {
        work(&mut self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Someone who waits for the next turn, until it is dropped.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn in_line(queue: &'a AtomicUsize) -> Self {
        queue.fetch_add(1, Ordering::Relaxed);
        Self(queue)
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lets the runtime attend to others, timers among them, before it comes back.
fn next_turn<T>(context: &mut Context<'_>) -> Poll<T> {
    // Dropping it after it was polled is fine: it has left word that the task is to be woken.
    let _pending = pin!(tokio::task::yield_now()).poll(context);
    Poll::Pending
}

/// Lets all loads go on, and says whether one came to its end, so that the execution has something to go on with.
fn any_done(loading: &mut FuturesUnordered<Load>, context: &mut Context<'_>) -> bool {
    let mut any = false;
    while let Poll::Ready(Some(())) = loading.poll_next_unpin(context) {
        any = true;
    }
    any
}

impl Spawn for Turns {
    fn spawn_obj(&self, load: Load) -> Result<(), SpawnError> {
        self.with(|waiting| {
            if waiting.attended {
                waiting.loads.push(load);
            } else {
                tokio::spawn(load);
            }
        });
        Ok(())
    }
}

/// A load's turn comes when its batch is complete.
impl Timer for Turns {
    fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
        future::ready(()).boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use async_graphql::dataloader::{DataLoader, Loader};

    use super::*;

    struct Batches(Mutex<Vec<usize>>);

    impl Loader<u32> for Batches {
        type Value = u32;
        type Error = ();

        async fn load(&self, keys: &[u32]) -> Result<HashMap<u32, u32>, ()> {
            self.0.lock().unwrap().push(keys.len());
            tokio::task::yield_now().await;
            Ok(keys.iter().map(|key| (*key, key + 1)).collect())
        }
    }

    async fn two_levels(loader: &DataLoader<Batches>) -> u32 {
        let each = (0..100).map(async |n| {
            let next = loader.load_one(n * 1000).await.unwrap().unwrap();
            loader.load_one(next).await.unwrap().unwrap()
        });
        future::join_all(each).await.into_iter().max().unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn a_level_is_one_batch_on_any_number_of_threads() {
        for _ in 0..100 {
            let turns = Turns::default();
            let loader = DataLoader::new(Batches(Mutex::default()), turns.clone(), turns.clone());
            assert_eq!(turns.run(two_levels(&loader)).await, 99_002);
            assert_eq!(*loader.loader().0.lock().unwrap(), [100, 100]);
        }
    }

    #[tokio::test]
    async fn a_level_with_much_to_do_is_one_batch_too_and_lets_others_work() {
        let turns = Turns::default();
        let loader = DataLoader::new(Batches(Mutex::default()), turns.clone(), turns.clone());
        let each = (0..300).map(async |n| {
            turns.work(700).await;
            loader.load_one(n).await.unwrap().unwrap()
        });
        let beside = tokio::spawn(async {
            let mut turns = 0;
            loop {
                tokio::task::yield_now().await;
                turns += 1;
                BESIDE.store(turns, Ordering::Relaxed);
            }
        });
        static BESIDE: AtomicUsize = AtomicUsize::new(0);
        let found = turns.clone().run(future::join_all(each)).await;
        beside.abort();
        assert_eq!((found.len(), loader.loader().0.lock().unwrap().as_slice()), (300, [300].as_slice()));
        assert!(BESIDE.load(Ordering::Relaxed) > 200, "{BESIDE:?}");
    }

    #[tokio::test]
    async fn work_that_is_given_up_holds_up_nothing() {
        let turns = Turns::default();
        let loader = DataLoader::new(Batches(Mutex::default()), turns.clone(), turns.clone());
        // As in a list of which one entry fails while another waits for its turn.
        let failing = async {
            let wait = turns.work(5_000).map(Ok::<(), ()>);
            future::try_join_all([wait.boxed(), async { Err(()) }.boxed()]).await
        };
        let run = turns.clone().run(future::join(failing, loader.load_one(1)));
        let found = tokio::time::timeout(Duration::from_secs(5), run).await.unwrap();
        assert_eq!(found, (Err(()), Ok(Some(2))));
    }

    #[tokio::test]
    async fn loads_that_nobody_attends_to_are_not_forgotten() {
        let turns = Turns::default();
        let loader = DataLoader::new(Batches(Mutex::default()), turns.clone(), turns);
        assert_eq!(two_levels(&loader).await, 99_002);
    }
}
