//! What is kept of a person.

use async_graphql::{Context, ID, Object};
use convene_application::persons;
use convene_domain::{id::ItemId, text::Text};

use crate::{
    budget,
    connection::Paging,
    error::Error,
    input,
    loaders::{self, Loads},
    types::{PersonTrace, PersonTracePage},
};

#[derive(Debug, Default)]
pub(crate) struct PersonQuery;

#[Object]
impl PersonQuery {
    /// What is kept of a person in the reports of a network, whatever their state and audience: the items whose contributor or
    /// owner has this name, and those whose text has it in it. For administrators of the network, to answer someone who
    /// asks what is known of them. Errors: `NOT_FOUND` when the network does not exist; `FORBIDDEN` when you do not look after it,
    /// and `UNAUTHENTICATED` when you have not signed in; `BAD_USER_INPUT` when `name` is blank or too long.
    #[graphql(complexity = "child_complexity + 1")]
    async fn person_traces(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of the network (net_...).")] network: ID,
        #[graphql(desc = "The name, in capitals or not, its letters composed (NFC) or not.")] name: String,
        #[graphql(desc = "How many, 1 to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Only those after the item with this id (itm_...).")] after: Option<ID>,
    ) -> Result<PersonTracePage, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let limit = Paging::first(first)?;
        let name = Text::try_new(name).map_err(|reason| Error::bad_user_input(format!("name {reason}")))?;
        let after = after.as_ref().map(|after| input::id::<ItemId>("after", after)).transpose()?;
        let (found, has_more) = persons::list(app, caller, input::id("network", &network)?, (&name, after), limit).await?;
        budget::spend(ctx, found.len()).await?;
        Ok(PersonTracePage { traces: found.into_iter().map(PersonTrace::from).collect(), has_more })
    }
}
