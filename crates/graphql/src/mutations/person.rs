//! Taking people out of what is kept.

use async_graphql::{Context, Object};

use super::{payload::ErasePersonPayload, perform::perform};
use crate::{error::Error, input::ErasePersonInput};

#[derive(Debug, Default)]
pub(crate) struct PersonMutation;

#[Object]
impl PersonMutation {
    /// Takes the name of a person out of all reports of a network: no item has it as its contributor or owner any more, in
    /// drafts and in reports that were taken back as well. Each report gets a new revision, and an entry `ERASED` in the
    /// log, so that whoever keeps copies takes it out of them. Texts stay as they are: look in `personTraces` for those
    /// that name the person, and amend them. For administrators of the network. `NOT_FOUND` when nobody has the name.
    async fn erase_person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whom, and where.")] input: ErasePersonInput,
    ) -> Result<ErasePersonPayload, Error> {
        perform(ctx, input).await
    }
}
