//! Asking who one is to this service.

use async_graphql::{Context, Object};

use crate::{error::Error, loaders, types::Viewer};

#[derive(Debug, Default)]
pub(crate) struct ViewerQuery;

#[Object]
impl ViewerQuery {
    /// Whoever asks: what this service knows of you, and what you may do.
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Viewer, Error> {
        // Others may have the same rights, and are not the same.
        loaders::of(ctx)?;
        Ok(Viewer)
    }
}
