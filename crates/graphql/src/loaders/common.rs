//! Loading together with others: of all who tell their followers of the same change, one loads its record.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use convene_application::Result;
use convene_domain::access::Rights;
use tokio::sync::watch;

use super::{Batch, Loads};

/// What several executions load together.
#[derive(Debug, Default)]
pub(crate) struct Common(Mutex<HashMap<(Rights, TypeId), Arc<dyn Any + Send + Sync>>>);

/// The answers to one kind of question, found or on their way.
type Answers<K> = Mutex<HashMap<K, watch::Receiver<Option<Answer<K>>>>>;
type Answer<K> = Option<<K as Batch>::Value>;

impl Common {
    /// Answers all questions: loads those that nobody has asked yet, and waits for the others.
    pub(super) async fn load<K: Batch>(&self, loads: &Loads, keys: &[K]) -> Result<HashMap<K, K::Value>> {
        let answers = self.answers::<K>(loads);
        let (mut asked, mut mine, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
        with(&answers, |answers| {
            for key in keys {
                // Of a loading that failed only the closed channel is left.
                match answers.get(key).filter(|it| it.borrow().is_some() || it.has_changed().is_ok()) {
                    Some(answer) => theirs.push((key.clone(), answer.clone())),
                    None => {
                        let (told, answer) = watch::channel(None);
                        answers.insert(key.clone(), answer);
                        asked.push(key.clone());
                        mine.push(told);
                    }
                }
            }
        });
        let mut found = if asked.is_empty() { HashMap::new() } else { K::load(loads, &asked).await? };
        for (key, told) in asked.iter().zip(mine) {
            told.send_replace(Some(found.get(key).cloned()));
        }
        let mut left = Vec::new();
        for (key, mut answer) in theirs {
            let told = answer.wait_for(Option::is_some).await.map(|answer| answer.clone().flatten());
            match told {
                Ok(Some(value)) => drop(found.insert(key, value)),
                Ok(None) => {}
                // They failed, or gave up.
                Err(_) => left.push(key),
            }
        }
        if !left.is_empty() {
            found.extend(K::load(loads, &left).await?);
        }
        Ok(found)
    }

    /// Those with other rights are answered otherwise.
    fn answers<K: Batch>(&self, loads: &Loads) -> Arc<Answers<K>> {
        let key = (loads.caller.rights(), TypeId::of::<K>());
        let found = with(&self.0, |kinds| {
            Arc::clone(kinds.entry(key).or_insert_with(|| Arc::new(Answers::<K>::default()) as Arc<dyn Any + Send + Sync>))
        });
        // It is what was put in under its type.
        found.downcast().unwrap_or_default()
    }
}

fn with<S, T>(shared: &Mutex<S>, work: impl FnOnce(&mut S) -> T) -> T {
    work(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}
