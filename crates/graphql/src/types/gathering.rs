//! Gatherings.

use std::sync::Arc;

use async_graphql::{Context, ID, Object};
use convene_application::gatherings::GatheringRecord;
use convene_domain::occurrence::Moment;

use crate::{
    budget,
    error::{Error, nullable},
    loaders::{self, Agenda, Hosts, Invitations, ReportOf},
    scalars::{Date, DateTime, int},
    types::{AgendaItem, Community, Coordinates, Format, GatheringReport, GatheringStatus, Invitation, Network, Weekday},
};

/// What the API shows of a gathering.
#[derive(Debug)]
pub(crate) struct Gathering(Arc<GatheringRecord>);

impl From<Arc<GatheringRecord>> for Gathering {
    fn from(record: Arc<GatheringRecord>) -> Self {
        Self(record)
    }
}

/// A meeting of one or more communities, an hour to several days long.
#[Object]
impl Gathering {
    /// The identity, the same for ever and everywhere.
    pub(crate) async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// Its key in the system it was imported from, unique within the network; null when it was not imported.
    async fn external_id(&self) -> Option<&str> {
        self.0.external_id.as_deref()
    }

    /// The title as announced.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// The local date on which it begins.
    async fn start_date(&self) -> Date {
        Date(self.0.occurrence.start().day())
    }

    /// When it begins, with the offset of its place; null when only the day is known.
    async fn starts_at(&self) -> Option<DateTime> {
        self.0.occurrence.start().hour().map(DateTime)
    }

    /// The local date on which it ends; null when nobody said.
    async fn end_date(&self) -> Option<Date> {
        self.0.occurrence.end().map(|end| Date(end.day()))
    }

    /// When it ends, with the offset of its place; null when nobody said or only the day is known.
    async fn ends_at(&self) -> Option<DateTime> {
        self.0.occurrence.end().and_then(Moment::hour).map(DateTime)
    }

    /// On how many local dates it takes place; 1 when nobody said when it ends.
    async fn days(&self) -> i32 {
        int(self.0.occurrence.days())
    }

    /// How long it lasts, in minutes; null when start or end is not known to the hour.
    async fn minutes(&self) -> Option<i32> {
        self.0.occurrence.minutes().map(int)
    }

    /// The weekday on which it begins, of the local date.
    async fn weekday(&self) -> Weekday {
        self.0.occurrence.weekday().into()
    }

    /// How people meet.
    async fn format(&self) -> Format {
        self.0.format.into()
    }

    /// What became of it.
    async fn status(&self) -> GatheringStatus {
        self.0.status.into()
    }

    /// The city it takes place in, as the source wrote it: nobody unified the spelling. Null when unknown.
    async fn venue_city(&self) -> Option<&str> {
        self.0.venue.city.as_deref()
    }

    /// The country it takes place in by its two letters (ISO 3166-1); null when unknown.
    async fn venue_country(&self) -> Option<&str> {
        self.0.venue.country.as_deref()
    }

    /// Where it takes place on the map; null when unknown, and for a gathering that is online only.
    async fn location(&self) -> Option<Coordinates> {
        self.0.location().map(Into::into)
    }

    /// When it was announced; null when unknown.
    async fn announced_at(&self) -> Option<DateTime> {
        self.0.announced_at.map(Into::into)
    }

    /// Its page in the system it was imported from; null when there is none.
    async fn source_url(&self) -> Option<&str> {
        self.0.source_url.as_deref()
    }

    /// How many people said that they would come; not how many came, which the report says. Null when nobody counted.
    async fn rsvp_yes(&self) -> Option<i32> {
        self.0.rsvps.yes.map(|people| int(people.people()))
    }

    /// How many people were on the waiting list; null when nobody counted.
    async fn rsvp_waitlist(&self) -> Option<i32> {
        self.0.rsvps.waitlist.map(|people| int(people.people()))
    }

    /// When those people were counted; null when nobody counted, or nobody said when.
    async fn rsvps_observed_at(&self) -> Option<DateTime> {
        self.0.rsvps.observed_at.map(Into::into)
    }

    /// How many times the gathering's own entry was written, from 1.
    async fn revision(&self) -> i32 {
        int(self.0.revision)
    }

    /// The network of its hosts.
    async fn network(&self, ctx: &Context<'_>) -> Result<Network, Error> {
        Ok(loaders::load_referred(ctx, self.0.network).await?.into())
    }

    /// The communities that host it together, in the order in which they were named; 1 to 50.
    async fn hosts(&self, ctx: &Context<'_>) -> Result<Vec<Community>, Error> {
        let ids = loaders::load(ctx, Hosts(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, ids.len()).await?;
        let mut hosts = loaders::load_all(ctx, ids.iter().copied()).await?;
        Ok(ids.iter().filter_map(|id| hosts.remove(id)).map(Into::into).collect())
    }

    /// What it consists of, in order; at most 200 parts. Empty when there is no agenda.
    async fn agenda(&self, ctx: &Context<'_>) -> Result<Vec<AgendaItem>, Error> {
        let agenda = loaders::load(ctx, Agenda(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, agenda.len()).await?;
        Ok(agenda.into_iter().map(|item| AgendaItem { network: self.0.network, item }).collect())
    }

    /// Which groups were invited; at most 200. Empty when nobody wrote it down.
    async fn invitations(&self, ctx: &Context<'_>) -> Result<Vec<Invitation>, Error> {
        let invitations = loaders::load(ctx, Invitations(self.0.id)).await?.unwrap_or_default();
        budget::spend(ctx, invitations.len()).await?;
        Ok(invitations.into_iter().map(|invitation| Invitation { network: self.0.network, invitation }).collect())
    }

    /// The report of the gathering; null when there is none, or none that you may read.
    async fn report(&self, ctx: &Context<'_>) -> Option<GatheringReport> {
        let report = loaders::load(ctx, ReportOf(self.0.id)).await;
        nullable(ctx, report.map(|found| found.map(Into::into)))
    }
}
