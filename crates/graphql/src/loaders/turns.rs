//! When batches are loaded: once the execution can go no further without them.
//!
//! A clock that says when a batch is complete makes every level of a query wait, and a task of its own begins on another
//! thread while keys are still coming in, so that one batch becomes hundreds. Here the loading takes turns with the
//! execution on the same task: it begins when every field that can ask has asked.

use std::{
    any::TypeId,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
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

type Load = FutureObj<'static, ()>;

/// What is to be loaded for one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Turns(Arc<Mutex<Waiting>>);

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
            loop {
                if let Poll::Ready(result) = execution.as_mut().poll(context) {
                    return Poll::Ready(result);
                }
                loading.extend(self.with(|waiting| std::mem::take(&mut waiting.loads)));
                if !any_done(&mut loading, context) {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    fn with<T>(&self, work: impl FnOnce(&mut Waiting) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
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
    async fn loads_that_nobody_attends_to_are_not_forgotten() {
        let turns = Turns::default();
        let loader = DataLoader::new(Batches(Mutex::default()), turns.clone(), turns);
        assert_eq!(two_levels(&loader).await, 99_002);
    }
}
