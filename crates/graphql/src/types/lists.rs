//! The lists that a network and a community have alike.

use std::{borrow::Cow, marker::PhantomData};

use async_graphql::{Context, Object, OutputType, TypeName};
use chrono::Utc;
use convene_application::grants;
use convene_domain::id::Within;

use crate::{
    budget,
    connection::{Connection, Paging},
    error::{Error, nullable},
    input::{self, CommunityFilter, GatheringFilter, GatheringReportFilter},
    loaders::{self, Communities, Gatherings, LackingAt, Loads, Memberships, Reports},
    memory,
    types::{CommunityOrder, GatheringOrder, MembershipInvitation},
};

/// The lists of a network, or of a community and everything beneath it, which become fields of theirs. Each has a type
/// of its own, because the two lead to each other: a type in common would be unfinished when the second takes its fields.
#[derive(Debug)]
pub(crate) struct Lists<P>(Within, PhantomData<P>);

impl<P> Lists<P> {
    /// The lists in a place.
    pub(crate) fn within(place: Within) -> Self {
        Self(place, PhantomData)
    }
}

impl<P: OutputType> TypeName for Lists<P> {
    fn type_name() -> Cow<'static, str> {
        format!("{}Lists", P::type_name()).into()
    }
}

#[Object(name_type)]
#[expect(clippy::too_many_arguments, reason = "the arguments of a connection")]
impl<P: OutputType> Lists<P> {
    /// The communities here: all of a network, or a community itself and everything beneath it.
    async fn communities(
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
        let paging = Paging { first, after, last, before };
        Connection::load(ctx, self.0, (input::filter(filter)?, order_by.unwrap_or_default().into()), paging).await
    }

    /// The gatherings here: of all communities of a network, or of a community and everything beneath it.
    async fn gatherings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which gatherings; all when left out.")] filter: Option<GatheringFilter>,
        #[graphql(desc = "How they are sorted.", default_with = "Some(GatheringOrder::default())")] order_by: Option<
            GatheringOrder,
        >,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Gatherings>, Error> {
        let paging = Paging { first, after, last, before };
        Connection::load(ctx, self.0, (input::filter(filter)?, order_by.unwrap_or_default().into()), paging).await
    }

    /// The gathering reports here that you may read: of all communities of a network, or of a community and everything
    /// beneath it.
    async fn gathering_reports(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which reports; all when left out.")] filter: Option<GatheringReportFilter>,
        #[graphql(desc = "How they are sorted, by their gatherings.", default_with = "Some(GatheringOrder::default())")] order_by: Option<GatheringOrder>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Result<Connection<Reports>, Error> {
        let paging = Paging { first, after, last, before };
        Connection::load(ctx, self.0, (input::filter(filter)?, order_by.unwrap_or_default().into()), paging).await
    }

    /// The roles that are had here, and not only above or below, the oldest first: who belongs to a community, and who administers a
    /// network. Coordinators of the community, and those above it, may ask, and administrators of the network: null, with
    /// `FORBIDDEN`, for everyone else.
    async fn memberships(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many from the start, 1 to 100; 20 when neither `first` nor `last` is given.")] first: Option<i32>,
        #[graphql(desc = "Only those after this cursor.")] after: Option<String>,
        #[graphql(desc = "How many from the end, 1 to 100; not together with `first`.")] last: Option<i32>,
        #[graphql(desc = "Only those before this cursor.")] before: Option<String>,
    ) -> Option<Connection<Memberships>> {
        // They change without a change of the place: no answer with them is kept.
        memory::begins(ctx);
        let paging = Paging { first, after, last, before };
        let list = async {
            if let Some(role) = loaders::load(ctx, LackingAt(self.0)).await? {
                return Err(convene_application::Error::Forbidden(role, self.0).into());
            }
            Connection::load(ctx, self.0, ((), ()), paging).await.map(Some)
        };
        nullable(ctx, list.await)
    }

    /// The invitations to take on a role here, and not only above or below, that are open: nobody has accepted them, they were not
    /// taken back, and they are not over. The oldest first; no more than 100 are made. For the same people as `memberships`: null,
    /// with `FORBIDDEN`, for everyone else.
    async fn membership_invitations(&self, ctx: &Context<'_>) -> Option<Vec<MembershipInvitation>> {
        let list = async {
            let Loads { app, caller, .. } = loaders::of(ctx)?;
            let open = grants::list_invitations(app, caller, self.0, Utc::now()).await?;
            budget::spend(ctx, open.len()).await?;
            Ok(Some(open.into_iter().map(MembershipInvitation::from).collect()))
        };
        nullable(ctx, list.await)
    }
}
