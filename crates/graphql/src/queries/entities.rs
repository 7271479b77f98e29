//! What a federation router asks: entities by the keys that other services gave it, and the schema it composes.
//!
//! The library would do both, but one entity that cannot be read would cost the others their answer, and errors would not
//! say which entity they belong to.

use std::{collections::HashMap, sync::LazyLock};

use async_graphql::{Any, Context, ID, Name, Object, PathSegment, SimpleObject, Union, Value, indexmap::IndexMap};
use convene_domain::id::{CommunityId, GatheringId, NetworkId, ReportId};
use futures::try_join;

use crate::{
    budget,
    error::Error,
    input, loaders, schema,
    types::{Community, Gathering, GatheringReport, Network},
};

/// The most entities of one question. Routers ask for those of a whole list at once, and of lists within lists.
const LIMIT: usize = 1_000;

/// What other services can refer to by its id.
#[derive(Debug, Union)]
#[graphql(name = "_Entity")]
pub(crate) enum Entity {
    Network(Network),
    Community(Community),
    Gathering(Gathering),
    GatheringReport(GatheringReport),
}

/// The schema as a router composes it with those of other services.
#[derive(Debug, SimpleObject)]
#[graphql(name = "_Service")]
pub(crate) struct Subgraph {
    sdl: &'static str,
}

#[derive(Debug, Default)]
pub(crate) struct Federation;

#[Object]
impl Federation {
    /// The entities that these representations stand for, in the same order; null where there is none, or none that you may
    /// read.
    #[graphql(name = "_entities")]
    async fn entities(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Up to 1000 objects with `__typename` and `id`.")] representations: Vec<Any>,
    ) -> Result<Vec<Option<Entity>>, Error> {
        let count = representations.len();
        if count > LIMIT {
            return Err(Error::too_many(format!("representations has {count} values, more than {LIMIT}"), LIMIT, count));
        }
        budget::spend(ctx, count).await?;
        let keys = (0..).zip(&representations).map(|(index, Any(it))| Key::read(&format!("representations[{index}]"), it));
        let keys: Vec<Result<Key, Error>> = keys.collect();
        // Each kind is one statement, however many there are of it.
        let (networks, communities, gatherings, reports) = try_join!(
            load(ctx, &keys, Key::network),
            load(ctx, &keys, Key::community),
            load(ctx, &keys, Key::gathering),
            load(ctx, &keys, Key::report),
        )?;
        let found = (0..).zip(keys).map(|(index, key)| match key {
            Ok(Key::Network(id)) => networks.get(&id).cloned().map(|it| Entity::Network(it.into())),
            Ok(Key::Community(id)) => communities.get(&id).cloned().map(|it| Entity::Community(it.into())),
            Ok(Key::Gathering(id)) => gatherings.get(&id).cloned().map(|it| Entity::Gathering(it.into())),
            Ok(Key::Report(id)) => reports.get(&id).cloned().map(|it| Entity::GatheringReport(it.into())),
            Err(error) => {
                report(ctx, index, error);
                None
            }
        });
        Ok(found.collect())
    }

    /// The schema of this service.
    #[graphql(name = "_service")]
    async fn service(&self) -> Subgraph {
        static SDL: LazyLock<String> = LazyLock::new(|| schema::sdl(true));
        Subgraph { sdl: &SDL }
    }
}

/// What an entity is found by.
#[derive(Debug, Clone, Copy)]
enum Key {
    Network(NetworkId),
    Community(CommunityId),
    Gathering(GatheringId),
    Report(ReportId),
}

impl Key {
    fn read(place: &str, representation: &Value) -> Result<Self, Error> {
        let refuse = |reason: &str| Err(Error::bad_user_input(format!("{place}{reason}")));
        let Value::Object(fields) = representation else { return refuse(" is not an object") };
        let Some(kind) = text(fields, "__typename") else { return refuse(".__typename is not a text") };
        let Some(id) = text(fields, "id").map(ID::from) else { return refuse(".id is not a text") };
        let name = format!("{place}.id");
        match kind {
            "Network" => Ok(Self::Network(input::id(&name, &id)?)),
            "Community" => Ok(Self::Community(input::id(&name, &id)?)),
            "Gathering" => Ok(Self::Gathering(input::id(&name, &id)?)),
            "GatheringReport" => Ok(Self::Report(input::id(&name, &id)?)),
            _ => refuse(".__typename is not Network, Community, Gathering or GatheringReport"),
        }
    }

    fn network(&self) -> Option<NetworkId> {
        if let Self::Network(id) = self { Some(*id) } else { None }
    }

    fn community(&self) -> Option<CommunityId> {
        if let Self::Community(id) = self { Some(*id) } else { None }
    }

    fn gathering(&self) -> Option<GatheringId> {
        if let Self::Gathering(id) = self { Some(*id) } else { None }
    }

    fn report(&self) -> Option<ReportId> {
        if let Self::Report(id) = self { Some(*id) } else { None }
    }
}

fn text<'a>(fields: &'a IndexMap<Name, Value>, name: &str) -> Option<&'a str> {
    match fields.get(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

/// Loads the entities of one kind.
async fn load<K: loaders::Batch>(
    context: &Context<'_>,
    keys: &[Result<Key, Error>],
    of_kind: fn(&Key) -> Option<K>,
) -> Result<HashMap<K, K::Value>, Error> {
    let keys: Vec<K> = keys.iter().filter_map(|key| of_kind(key.as_ref().ok()?)).collect();
    if keys.is_empty() { Ok(HashMap::new()) } else { loaders::load_all(context, keys).await }
}

/// Says what is wrong with one entry, which is null then: the others are answered.
fn report(context: &Context<'_>, index: usize, error: Error) {
    let error = async_graphql::Error::from(error).into_server_error(context.item.pos);
    let mut error = context.set_error_path(error);
    error.path.push(PathSegment::Index(index));
    context.add_error(error);
}

/// Says which types are entities, and what they are found by. It is part of the schema that is printed, and never executed.
#[derive(Debug, Default)]
pub(crate) struct Keys;

#[Object]
impl Keys {
    #[graphql(entity)]
    async fn network(&self, #[graphql(name = "id")] _id: ID) -> Option<Network> {
        None
    }

    #[graphql(entity)]
    async fn community(&self, #[graphql(name = "id")] _id: ID) -> Option<Community> {
        None
    }

    #[graphql(entity)]
    async fn gathering(&self, #[graphql(name = "id")] _id: ID) -> Option<Gathering> {
        None
    }

    #[graphql(entity)]
    async fn gathering_report(&self, #[graphql(name = "id")] _id: ID) -> Option<GatheringReport> {
        None
    }
}

#[cfg(test)]
mod tests;
