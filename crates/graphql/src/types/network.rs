//! Networks.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::networks::NetworkRecord;
use convene_domain::{id::Within, network};

use crate::{
    budget,
    error::Error,
    input,
    loaders::{self, PoliciesOf, PolicyOf, Vocabulary},
    scalars::{Date, int, or_today},
    types::{ActivityPolicy, Lists, VocabularyKind, VocabularyTerm},
};

/// What the API shows of a network.
#[derive(Debug)]
pub(crate) struct Network(Arc<NetworkRecord>);

impl From<Arc<NetworkRecord>> for Network {
    fn from(record: Arc<NetworkRecord>) -> Self {
        Self(record)
    }
}

/// One practice and everyone in it: communities, their gatherings and reports, and the words they use.
#[Object]
impl Network {
    /// The identity, the same for ever and everywhere.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The name in addresses, unique on this service.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The name in full.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Where the network presents itself; null when it does not say.
    async fn source_url(&self) -> Option<&str> {
        self.0.source_url.as_deref()
    }

    /// The languages that the network works in, as tags such as `en` or `pt-BR`.
    async fn languages(&self, ctx: &Context<'_>) -> Result<Vec<&str>, Error> {
        let languages = &self.0.languages;
        budget::spend(ctx, languages.len()).await?;
        Ok(languages.iter().map(|language| &**language).collect())
    }

    /// The activity policies of the network: those that every network has, then the at most 50 of its own, by code.
    async fn activity_policies(&self, ctx: &Context<'_>) -> Result<Vec<ActivityPolicy>, Error> {
        let policies = loaders::load(ctx, PoliciesOf(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, policies.len()).await?;
        Ok(policies.iter().cloned().map(ActivityPolicy).collect())
    }

    /// The activity policy that holds for its communities that have none of their own.
    async fn activity_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of which date; today in UTC when left out.")] as_of: Option<Date>,
    ) -> Result<ActivityPolicy, Error> {
        let policy = loaders::load_referred(ctx, PolicyOf(self.0.id, or_today(as_of))).await?;
        Ok(ActivityPolicy((*policy).clone()))
    }

    /// How many times the network's own entry was written, from 1.
    async fn revision(&self) -> i32 {
        int(self.0.revision)
    }

    /// The words of the network, sorted by kind and order; all of them, not a page.
    async fn vocabulary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only terms of these kinds; all when left out or empty.")] kinds: Option<Vec<VocabularyKind>>,
        #[graphql(desc = "Whether to show terms that are no longer offered, too.", default_with = "Some(false)")] include_retired: Option<bool>,
    ) -> Result<Vec<VocabularyTerm>, Error> {
        let include_retired = include_retired.unwrap_or_default();
        let kinds: Vec<network::VocabularyKind> = input::values("kinds", kinds)?;
        let terms = loaders::load(ctx, Vocabulary(self.0.id)).await?.unwrap_or_default();
        let shown =
            terms.iter().filter(|term| (include_retired || !term.retired) && (kinds.is_empty() || kinds.contains(&term.kind)));
        let shown: Vec<_> = shown.map(|term| Arc::clone(term).into()).collect();
        budget::spend(ctx, shown.len()).await?;
        Ok(shown)
    }

    #[graphql(flatten)]
    async fn lists(&self) -> Lists<Self> {
        Lists::within(Within::Network(self.0.id))
    }
}
