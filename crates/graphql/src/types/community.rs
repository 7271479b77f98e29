//! Communities of practice.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::communities::CommunityRecord;
use convene_domain::id::Within;

use crate::{
    budget,
    connection::{Connection, Paging},
    error::{Error, nullable},
    input::{self, CommunityFilter, WorkSiteFilter},
    loaders::{self, Ancestors, Communities, FormerSlugs, PolicyOf, SitesOf, WorkSites},
    scalars::{Date, int, or_today},
    types::{ActivityPolicy, Audience, CommunityOrder, CommunityStatus, Coordinates, Format, Level, Lists, Network},
};

/// What the API shows of a community.
#[derive(Debug)]
pub(crate) struct Community(Arc<CommunityRecord>);

impl From<Arc<CommunityRecord>> for Community {
    fn from(record: Arc<CommunityRecord>) -> Self {
        Self(record)
    }
}

/// A community of practice: people of a nation, a region or a city who meet to get better at what they do.
#[Object]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl Community {
    /// The identity, the same for ever and everywhere.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// The name in addresses, unique within the network.
    async fn slug(&self) -> &str {
        &self.0.slug
    }

    /// The names in addresses that the community had before, all of them. They still lead to it.
    async fn former_slugs(&self, ctx: &Context<'_>) -> Result<Vec<String>, Error> {
        let slugs = loaders::load(ctx, FormerSlugs(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, slugs.len()).await?;
        Ok(slugs.iter().map(ToString::to_string).collect())
    }

    /// The name in full.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// How wide its circle is.
    async fn level(&self) -> Level {
        self.0.level.into()
    }

    /// Where it is in its life.
    async fn status(&self) -> CommunityStatus {
        self.0.status.into()
    }

    /// The status in the words of the system it was imported from; null when there is none.
    async fn source_status(&self) -> Option<&str> {
        self.0.source_status.as_deref()
    }

    /// What it is for: the concern that its members share. Null when nobody wrote it down.
    async fn purpose(&self) -> Option<&str> {
        self.0.profile.purpose.as_deref()
    }

    /// The country by its two letters (ISO 3166-1), such as `KE`; null when unknown.
    async fn country(&self) -> Option<&str> {
        self.0.home.country.as_deref()
    }

    /// The region's code, by ISO 3166-2 as a rule; null when unknown or when the community is wider than a region.
    async fn region_code(&self) -> Option<&str> {
        self.0.home.region_code.as_deref()
    }

    /// The region's name; null when unknown or when the community is wider than a region.
    async fn region_name(&self) -> Option<&str> {
        self.0.home.region_name.as_deref()
    }

    /// The city's name; null when unknown or when the community is wider than a city.
    async fn city(&self) -> Option<&str> {
        self.0.home.city.as_deref()
    }

    /// The point that stands for the community on a map; null when unknown. Sources write 0, 0 for what they could not
    /// find, so that reads as unknown, too.
    async fn location(&self) -> Option<Coordinates> {
        self.0.home.coordinates.filter(|point| !point.is_null_island()).map(Into::into)
    }

    /// The time zone of its local times, such as `Africa/Nairobi`; null when unknown.
    async fn time_zone(&self) -> Option<String> {
        self.0.time_zone.map(|zone| zone.to_string())
    }

    /// The languages it works in, as tags such as `en` or `pt-BR`.
    async fn languages(&self, ctx: &Context<'_>) -> Result<Vec<&str>, Error> {
        let languages = &self.0.profile.languages;
        budget::spend(ctx, languages.len()).await?;
        Ok(languages.iter().map(|language| &**language).collect())
    }

    /// How it usually meets; null when it does not say.
    async fn format(&self) -> Option<Format> {
        self.0.profile.format.map(Into::into)
    }

    /// How often it means to meet, as an iCalendar recurrence rule such as `FREQ=MONTHLY;INTERVAL=2`; null when it
    /// does not say.
    async fn cadence(&self) -> Option<&str> {
        self.0.cadence.as_deref()
    }

    /// Within how many days after a gathering its report is due; null when it does not say.
    async fn report_due_days(&self) -> Option<i32> {
        self.0.report_due_days.map(i32::from)
    }

    /// Who may read its reports where a report does not say; null when it does not say.
    async fn default_audience(&self) -> Option<Audience> {
        self.0.default_audience.map(Into::into)
    }

    /// How many members it says it has, in people; null when it does not say.
    async fn members(&self) -> Option<i32> {
        self.0.members.map(|members| int(members.people()))
    }

    /// The day it was founded; null when unknown.
    async fn founded_on(&self) -> Option<Date> {
        self.0.founded_on.map(Date)
    }

    /// The day it joined the network; null when unknown.
    async fn joined_network_on(&self) -> Option<Date> {
        self.0.joined_network_on.map(Date)
    }

    /// Where the entry comes from; null when nobody said.
    async fn provenance(&self) -> Option<&str> {
        self.0.provenance.as_deref()
    }

    /// How its region was found; null when nobody said.
    async fn region_method(&self) -> Option<&str> {
        self.0.region_method.as_deref()
    }

    /// Its key in the system it was imported from; null when it was not imported.
    async fn source_id(&self) -> Option<&str> {
        self.0.source_id.as_deref()
    }

    /// Its page in the system it was imported from; null when there is none.
    async fn source_url(&self) -> Option<&str> {
        self.0.source_url.as_deref()
    }

    /// The activity policy that holds for it: its own, else that of its network.
    async fn activity_policy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "As of which date; today in UTC when left out.")] as_of: Option<Date>,
    ) -> Result<ActivityPolicy, Error> {
        let policy = loaders::load_referred(ctx, PolicyOf(self.0.id, or_today(as_of))).await?;
        Ok(ActivityPolicy((*policy).clone()))
    }

    /// How many times the community's own entry was written, from 1.
    async fn revision(&self) -> i32 {
        int(self.0.revision)
    }

    /// The network it belongs to.
    async fn network(&self, ctx: &Context<'_>) -> Result<Network, Error> {
        Ok(loaders::load_referred(ctx, self.0.network).await?.into())
    }

    /// The community right above it; null when there is none.
    async fn parent(&self, ctx: &Context<'_>) -> Option<Community> {
        let parent = loaders::load(ctx, self.0.parent?).await;
        nullable(ctx, parent.map(|found| found.map(Self)))
    }

    /// The communities above it, the widest first; at most two.
    async fn ancestors(&self, ctx: &Context<'_>) -> Result<Vec<Community>, Error> {
        let path = loaders::load(ctx, Ancestors(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, path.len()).await?;
        Ok(path.into_iter().map(Self).collect())
    }

    /// The communities right beneath it.
    async fn children(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which communities; all when left out.")] filter: Option<CommunityFilter>,
        #[graphql(desc = "How they are sorted.", default_with = "Some(CommunityOrder::default())")] order_by: Option<
            CommunityOrder,
        >,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Communities>, Error> {
        let filter = convene_domain::community::CommunityFilter { children: true, ..input::filter(filter)? };
        let paging = Paging { first, after, last, before };
        Connection::load(ctx, Within::Community(self.0.id), (filter, order_by.unwrap_or_default().into()), paging).await
    }

    /// The work sites of the community itself that you may see, by name. `workSites` at the root has those beneath it as well.
    async fn work_sites(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which sites; all when left out.")] filter: Option<WorkSiteFilter>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<WorkSites>, Error> {
        let paging = Paging { first, after, last, before };
        Connection::load(ctx, SitesOf::Community(self.0.id), (input::filter(filter)?, ()), paging).await
    }

    #[graphql(flatten)]
    async fn lists(&self) -> Lists<Self> {
        Lists::within(Within::Community(self.0.id))
    }
}
