//! Writing vocabularies.

use async_graphql::{Context, Object};

use super::{
    payload::{AddVocabularyTermPayload, ChangeVocabularyTermPayload},
    perform::perform,
};
use crate::{
    error::Error,
    input::{AddVocabularyTermInput, ChangeVocabularyTermInput},
};

#[derive(Debug, Default)]
pub(crate) struct VocabularyMutation;

#[Object]
impl VocabularyMutation {
    /// Adds a word to the vocabulary of a network, at most 500 of a kind. `TAKEN` when another term of the kind, retired or
    /// not, has the code.
    async fn add_vocabulary_term(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The term.")] input: AddVocabularyTermInput,
    ) -> Result<AddVocabularyTermPayload, Error> {
        perform(ctx, input).await
    }

    /// Changes what is said of a term of a vocabulary, or retires it: it is then kept for the records that use it, and cannot
    /// be used in new ones. `CONFLICT` when it was changed since you read it.
    async fn change_vocabulary_term(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which term, and what is to be said of it.")] input: ChangeVocabularyTermInput,
    ) -> Result<ChangeVocabularyTermPayload, Error> {
        perform(ctx, input).await
    }
}
