//! Loading in batches: what the fields of many objects ask for is fetched once.
//!
//! Each request has loaders of its own, which know its caller, so that nobody is served what another was allowed to
//! see. A kind of question is a key (a [`Batch`]); all keys of a kind that come up in one step of the execution are
//! one call of one use case.

mod activity_policy;
mod common;
mod community;
mod gathering;
mod grant;
mod list;
mod network;
mod report;
#[cfg(test)]
mod tests;
mod theme;
mod turns;
mod work_site;

pub(crate) use activity_policy::{PoliciesOf, PolicyOf};
pub(crate) use common::Common;
pub(crate) use community::{Ancestors, FormerSlugs};
pub(crate) use gathering::{Agenda, Hosts, Invitations};
pub(crate) use grant::{Holder, LackingAt, Memberships};
pub(crate) use list::{Communities, Gatherings, List, Networks, PageOf, Reports, Selection, TotalOf};
pub(crate) use network::Vocabulary;
pub(crate) use report::{Attendance, Items, ReportOf, TagsOf, load_surrounded};
pub(crate) use theme::HostsOfTheme;
pub(crate) use turns::Turns;
pub(crate) use work_site::{AssessmentsOf, NewestAssessmentOf, SitesOf, WorkSites};

use std::{collections::HashMap, future::Future, hash::Hash, sync::Arc};

use async_graphql::{
    Context,
    dataloader::{DataLoader, HashMapCache, Loader},
};
use convene_application::{App, Result};
use convene_domain::access::Caller;
use futures::{FutureExt, future::BoxFuture};
use tracing::Instrument;

use crate::{
    budget,
    error::{self, Error, ErrorCode},
    memory,
};

/// What batches are loaded with: the application, as one caller may use it.
#[derive(Debug)]
pub(crate) struct Loads {
    pub(crate) app: App,
    pub(crate) caller: Caller,
    /// What is loaded together with others.
    pub(crate) common: Option<Arc<Common>>,
}

/// The loaders of one request. What was loaded is kept until its end, unless the request writes.
pub(crate) type Loaders = DataLoader<Loads, HashMapCache>;

/// Loaders for one request, which load when `turns` lets them.
pub(crate) fn loaders(loads: Loads, turns: &Turns) -> Loaders {
    DataLoader::with_cache(loads, turns.clone(), turns.clone(), HashMapCache::default())
}

/// A kind of question, asked of many things at once. The value is the key of one question.
pub(crate) trait Batch: Clone + Eq + Hash + Send + Sync + 'static {
    /// The answer to one question.
    type Value: Clone + Send + Sync + 'static;

    /// What is loaded, for traces.
    const WHAT: &'static str;

    /// Answers all questions; one without an answer is left out.
    fn load(loads: &Loads, keys: &[Self]) -> impl Future<Output = Result<HashMap<Self, Self::Value>>> + Send;
}

impl<K: Batch> Loader<K> for Loads {
    type Value = K::Value;
    type Error = Arc<convene_application::Error>;

    async fn load(&self, keys: &[K]) -> std::result::Result<HashMap<K, K::Value>, Self::Error> {
        let span = tracing::debug_span!("load", what = K::WHAT, keys = keys.len());
        let load = async {
            match &self.common {
                Some(common) => common.load(self, keys).await,
                None => K::load(self, keys).await,
            }
        };
        load.instrument(span).await.map_err(Arc::new)
    }
}

/// What the request is served with.
pub(crate) fn of<'c>(context: &Context<'c>) -> std::result::Result<&'c Loads, Error> {
    memory::begins(context);
    Ok(loaders_of(context)?.loader())
}

/// What the request is served with, for whoever reads nothing that is shown.
pub(crate) fn peek<'c>(context: &Context<'c>) -> std::result::Result<&'c Loads, Error> {
    Ok(loaders_of(context)?.loader())
}

/// Keeps nothing that is loaded from now on: what the next mutation changes is shown as it is then.
pub(crate) fn keep_nothing(context: &Context<'_>) -> std::result::Result<(), Error> {
    loaders_of(context)?.enable_all_cache(false);
    Ok(())
}

/// Loads the answer to one question, together with whoever else asks such a one now.
///
/// In a box, like what follows: each field of an answer takes as much memory as the largest of its type's, and nearly all of
/// them load nothing.
pub(crate) fn load<'c, K: Batch>(
    context: &'c Context<'_>,
    key: K,
) -> BoxFuture<'c, std::result::Result<Option<K::Value>, Error>> {
    async move {
        budget::check(context)?;
        memory::refers(context);
        Ok(loaders_of(context)?.load_one(key).await?)
    }
    .boxed()
}

/// Loads the answers to several questions.
pub(crate) fn load_all<'c, K: Batch>(
    context: &'c Context<'_>,
    keys: impl IntoIterator<Item = K> + Send + 'c,
) -> BoxFuture<'c, std::result::Result<HashMap<K, K::Value>, Error>> {
    let keys: Vec<K> = keys.into_iter().collect();
    async move {
        budget::check(context)?;
        memory::refers(context);
        Ok(loaders_of(context)?.load_many(keys).await?)
    }
    .boxed()
}

/// Loads what a record refers to. It is there, unless both were removed after the record was read: whoever asks again is
/// told neither of them.
pub(crate) async fn load_referred<K: Batch>(context: &Context<'_>, key: K) -> std::result::Result<K::Value, Error> {
    load(context, key).await?.ok_or_else(|| Error::client(ErrorCode::Unavailable, error::OVERTAKEN))
}

fn loaders_of<'c>(context: &Context<'c>) -> std::result::Result<&'c Loaders, Error> {
    context.data_opt::<Loaders>().ok_or_else(|| Error::internal("the request was given no loaders"))
}

/// Puts what was found under the keys and into the form that a batch answers with.
fn keyed<I, T, K: Batch>(found: HashMap<I, T>, key: fn(I) -> K, value: fn(T) -> K::Value) -> HashMap<K, K::Value> {
    found.into_iter().map(|(id, it)| (key(id), value(it))).collect()
}
