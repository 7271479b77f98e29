//! Asking for anything by its id.

use async_graphql::{Context, ID, Object};
use convene_application::nodes;
use convene_domain::id::NodeId;

use crate::{
    budget,
    error::{Error, nullable},
    input,
    loaders::{self, Loads},
    types::Node,
};

/// Looks up whatever has this id.
async fn find(context: &Context<'_>, id: &ID) -> Result<Option<Node>, Error> {
    let (id, Loads { app, caller, .. }): (NodeId, _) = (input::id("id", id)?, loaders::of(context)?);
    Ok(nodes::load_many(app, caller, &[id]).await?.remove(&id).map(Node::from))
}

#[derive(Debug, Default)]
pub(crate) struct NodeQuery;

#[Object]
impl NodeQuery {
    /// Whatever has this id; null when there is nothing, or nothing that you may read.
    async fn node(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The id of a network, community, gathering, report, item, term or work site.")] id: ID,
    ) -> Option<Node> {
        nullable(ctx, find(ctx, &id).await)
    }

    /// Whatever has these ids, in the same order; null where there is nothing, or nothing that you may read.
    #[graphql(complexity = "ids.len() * child_complexity + 1")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Up to 100 ids, as for `node`.")] ids: Vec<ID>,
    ) -> Result<Vec<Option<Node>>, Error> {
        let Loads { app, caller, .. } = loaders::of(ctx)?;
        let ids: Vec<NodeId> = input::parsed("ids", Some(ids))?;
        budget::spend(ctx, ids.len()).await?;
        let found = nodes::load_many(app, caller, &ids).await?;
        Ok(ids.iter().map(|id| found.get(id).cloned().map(Node::from)).collect())
    }
}
