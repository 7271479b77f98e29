//! The schema: the root types and the executor's limits.

use async_graphql::{Request, SDLExportOptions, Schema, SchemaBuilder, ValidationMode};
use convene_application::App;
use convene_domain::access::Caller;

use crate::{
    loaders::{self, Loads, Turns},
    mutations::Mutation,
    queries::{ClientQuery, Query, SubgraphQuery},
    subscriptions::Subscription,
};

/// The executable schema.
pub type ConveneSchema = Schema<Query, Mutation, Subscription>;

/// What differs between a public service and a developer's.
#[derive(Debug, Clone, Copy)]
pub struct SchemaOptions {
    /// Whether the schema may be asked for by introspection.
    pub introspection: bool,
    /// Whether errors suggest names that were perhaps meant.
    pub suggestions: bool,
}

// The guard turns large documents away before they come here, by limits of its own that operators can change. These are
// a second line, should a document ever come here unchecked, and far enough away never to meet one that was checked.
// That of complexity counts fields once, whatever their page: with a multiplier for `first` the executor would refuse
// operations that declare `$first` and leave it out.
const DEPTH: usize = 40;
const RECURSIVE_DEPTH: usize = 100;
const DIRECTIVES: usize = 100;
const ALIASES: usize = 200;
const COMPLEXITY: usize = 5_000_000;

/// The schema, ready to execute requests that [`request_data`] has prepared.
pub fn schema(app: App, options: SchemaOptions) -> ConveneSchema {
    finished(app, options, ValidationMode::Strict)
}

/// The same schema for documents that were found to be valid: validation takes as long as a small answer.
pub(crate) fn trusting(app: App, options: SchemaOptions) -> ConveneSchema {
    finished(app, options, ValidationMode::Fast)
}

fn finished(app: App, options: SchemaOptions, mode: ValidationMode) -> ConveneSchema {
    let mut builder = builder().data(app).validation_mode(mode);
    if !options.introspection {
        builder = builder.disable_introspection();
    }
    if !options.suggestions {
        builder = builder.disable_suggestions();
    }
    builder.finish()
}

/// Gives a request what its resolvers need: its caller and loaders of its own.
pub fn request_data(request: Request, app: &App, caller: Caller) -> Request {
    with_loads(request, Loads { app: app.clone(), caller, common: None })
}

/// Gives a request what its resolvers need: what it is served with, and loaders of its own.
pub(crate) fn with_loads(request: Request, loads: Loads) -> Request {
    let turns = Turns::default();
    let loaders = loaders::loaders(loads, &turns);
    request.data(loaders).data(turns)
}

/// The schema as text, sorted; with the parts that a federation router reads, if asked for.
pub fn sdl(federation: bool) -> String {
    let options = SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items().use_space_ident();
    if federation {
        let builder = Schema::build(SubgraphQuery::default(), Mutation::default(), Subscription);
        let schema = builder.enable_federation().enable_subscription_in_federation().finish();
        schema.sdl_with_options(options.federation())
    } else {
        Schema::new(ClientQuery::default(), Mutation::default(), Subscription).sdl_with_options(options)
    }
}

fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    Schema::build(Query::default(), Mutation::default(), Subscription)
        .limit_depth(DEPTH)
        .limit_recursive_depth(RECURSIVE_DEPTH)
        .limit_directives(DIRECTIVES)
        .limit_aliases(ALIASES)
        .limit_complexity(COMPLEXITY)
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::{
        parse_schema,
        types::{TypeKind, TypeSystemDefinition},
    };

    use super::*;

    #[test]
    fn only_the_federated_text_speaks_of_federation() {
        let (plain, federated) = (sdl(false), sdl(true));
        for word in ["_entities", "_Any", "_service", "@key", "@link", "@shareable"] {
            assert!(!plain.contains(word), "{word}");
        }
        for noun in ["Network", "Community", "Gathering", "GatheringReport"] {
            assert!(federated.contains(&format!("type {noun} implements Node @key(fields: \"id\") {{")), "{noun}");
        }
    }

    #[test]
    fn everything_is_described() {
        let mut silent = Vec::new();
        let mut check = |name: String, described: bool| {
            if !described {
                silent.push(name);
            }
        };
        for definition in parse_schema(sdl(false)).unwrap().definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let (name, definition) = (definition.node.name.node.clone(), definition.node);
            check(name.to_string(), definition.description.is_some());
            match definition.kind {
                TypeKind::Object(async_graphql::parser::types::ObjectType { fields, .. })
                | TypeKind::Interface(async_graphql::parser::types::InterfaceType { fields, .. }) => {
                    for field in fields.iter().map(|field| &field.node) {
                        check(format!("{name}.{}", field.name.node), field.description.is_some());
                        for argument in field.arguments.iter().map(|argument| &argument.node) {
                            let path = format!("{name}.{}({})", field.name.node, argument.name.node);
                            check(path, argument.description.is_some());
                        }
                    }
                }
                TypeKind::InputObject(input) => {
                    for field in input.fields.iter().map(|field| &field.node) {
                        check(format!("{name}.{}", field.name.node), field.description.is_some());
                    }
                }
                TypeKind::Enum(words) => {
                    for word in words.values.iter().map(|word| &word.node) {
                        check(format!("{name}.{}", word.value.node), word.description.is_some());
                    }
                }
                TypeKind::Scalar | TypeKind::Union(_) => {}
            }
        }
        assert_eq!(silent, Vec::<String>::new());
    }
}
