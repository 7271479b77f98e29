//! The GraphQL API: its types, the loaders behind them, and the guard in front.
//!
//! A request goes through [`request::execute`]: the [`guard`] checks its document, then the schema executes it.
//! Resolvers parse, call one use case and convert; rules and SQL live below. Fields of many objects share their
//! statements through `loaders`.

#![warn(missing_docs)]

mod budget;
mod connection;
mod cursor;
#[cfg(test)]
mod fixture;
mod input;
mod json;
mod listed;
mod loaders;
mod memory;
mod mutations;
mod persisted;
mod queries;
mod scalars;
mod schema;
mod service;
mod subscriptions;
mod types;

pub mod error;
pub mod export;
pub mod follow;
pub mod guard;
pub mod request;

pub use mutations::Mutation;
pub use queries::Query;
pub use schema::{ConveneSchema, SchemaOptions, request_data, schema, sdl};
pub use service::Service;
pub use subscriptions::Subscription;
