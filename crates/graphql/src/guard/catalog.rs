//! What the guard needs to know of the schema, read once from its SDL.

use std::collections::HashMap;

use async_graphql::parser::{
    self,
    types::{BaseType, FieldDefinition, InputValueDefinition, OperationType, Type, TypeKind, TypeSystemDefinition},
};

/// By how much a field multiplies the cost of what is selected below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Times {
    /// A fixed guess.
    Fixed(u64),
    /// As many as `first` or `last` ask for, for the lists of the connection that it leads to.
    Page,
    /// The page that the field which leads to the connection asked for.
    Entries,
    /// As many as this argument has values.
    Argument(&'static str),
}

/// An output field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) type_name: String,
    pub(super) times: Times,
    pub(super) arguments: Vec<InputField>,
}

/// A type that a variable can have. Scalars of our own are not listed: only their resolver knows what they accept.
#[derive(Debug)]
pub(super) enum Input {
    Enum(Vec<String>),
    Object(Vec<InputField>),
}

/// A field of an input object.
#[derive(Debug)]
pub(super) struct InputField {
    pub(super) name: String,
    pub(super) ty: Type,
    pub(super) required: bool,
}

/// The fields and inputs of the schema.
#[derive(Debug)]
pub(super) struct Catalog {
    fields: HashMap<String, HashMap<String, Field>>,
    inputs: HashMap<String, Input>,
}

/// A bounded list of ours has a handful of entries.
const LIST: u64 = 5;

/// Arguments of lists that answer one entry for each of their values.
const ONE_EACH: [&str; 2] = ["ids", "representations"];

/// Lists of the introspection schema: parent, field, type. They may nest without end, so each weighs more than a list of ours.
const INTROSPECTION_LISTS: [(&str, &str, &str); 9] = [
    ("__Schema", "types", "__Type"),
    ("__Schema", "directives", "__Directive"),
    ("__Type", "fields", "__Field"),
    ("__Type", "interfaces", "__Type"),
    ("__Type", "possibleTypes", "__Type"),
    ("__Type", "enumValues", "__EnumValue"),
    ("__Type", "inputFields", "__InputValue"),
    ("__Field", "args", "__InputValue"),
    ("__Directive", "args", "__InputValue"),
];
const INTROSPECTION_LIST: u64 = 10;

/// The other fields of the introspection schema that lead on.
const INTROSPECTION_SINGLES: [(&str, &str, &str); 8] = [
    ("Query", "__schema", "__Schema"),
    ("Query", "__type", "__Type"),
    ("__Schema", "queryType", "__Type"),
    ("__Schema", "mutationType", "__Type"),
    ("__Schema", "subscriptionType", "__Type"),
    ("__Type", "ofType", "__Type"),
    ("__Field", "type", "__Type"),
    ("__InputValue", "type", "__Type"),
];

impl Catalog {
    /// Reads the SDL.
    ///
    /// # Errors
    ///
    /// Fails if it is no valid SDL.
    pub(super) fn try_new(sdl: &str) -> Result<Self, parser::Error> {
        let mut catalog = Self { fields: HashMap::new(), inputs: HashMap::new() };
        for (parent, field, type_name) in INTROSPECTION_SINGLES {
            catalog.insert(parent, field, type_name, Times::Fixed(1), Vec::new());
        }
        for (parent, field, type_name) in INTROSPECTION_LISTS {
            catalog.insert(parent, field, type_name, Times::Fixed(INTROSPECTION_LIST), Vec::new());
        }
        for definition in parser::parse_schema(sdl)?.definitions {
            let TypeSystemDefinition::Type(definition) = definition else { continue };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => catalog.insert_fields(&name, object.fields.into_iter().map(|it| it.node)),
                TypeKind::Interface(object) => catalog.insert_fields(&name, object.fields.into_iter().map(|it| it.node)),
                TypeKind::Enum(values) => {
                    let values = values.values.into_iter().map(|it| it.node.value.node.to_string()).collect();
                    catalog.inputs.insert(name, Input::Enum(values));
                }
                TypeKind::InputObject(object) => {
                    let fields = object.fields.into_iter().map(|it| input_field(it.node)).collect();
                    catalog.inputs.insert(name, Input::Object(fields));
                }
                TypeKind::Scalar | TypeKind::Union(_) => {}
            }
        }
        Ok(catalog)
    }

    pub(super) fn field(&self, parent: &str, name: &str) -> Option<&Field> {
        self.fields.get(parent)?.get(name)
    }

    pub(super) fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.get(name)
    }

    fn insert(&mut self, parent: &str, field: &str, type_name: &str, times: Times, arguments: Vec<InputField>) {
        let field_of = self.fields.entry(parent.to_owned()).or_default();
        field_of.insert(field.to_owned(), Field { type_name: type_name.to_owned(), times, arguments });
    }

    fn insert_fields(&mut self, parent: &str, fields: impl Iterator<Item = FieldDefinition>) {
        for field in fields {
            let times = times(parent, &field);
            let arguments = field.arguments.into_iter().map(|it| input_field(it.node)).collect();
            self.insert(parent, &field.name.node, base_name(&field.ty.node), times, arguments);
        }
    }
}

/// The name that the SDL gives to the root of an operation.
pub(super) fn root(operation: OperationType) -> &'static str {
    match operation {
        OperationType::Query => "Query",
        OperationType::Mutation => "Mutation",
        OperationType::Subscription => "Subscription",
    }
}

fn times(parent: &str, field: &FieldDefinition) -> Times {
    let pages = field.arguments.iter().any(|argument| matches!(argument.node.name.node.as_str(), "first" | "last"));
    if pages {
        return Times::Page;
    }
    if !is_list(&field.ty.node) {
        return Times::Fixed(1);
    }
    let named = |name: &str| field.arguments.iter().any(|argument| argument.node.name.node == name);
    match ONE_EACH.into_iter().find(|name| named(name)) {
        Some(argument) => Times::Argument(argument),
        None if parent.ends_with("Connection") || parent.ends_with("Page") => Times::Entries,
        None => Times::Fixed(LIST),
    }
}

fn input_field(field: InputValueDefinition) -> InputField {
    InputField {
        name: field.name.node.to_string(),
        required: !field.ty.node.nullable && field.default_value.is_none(),
        ty: field.ty.node,
    }
}

fn is_list(ty: &Type) -> bool {
    matches!(ty.base, BaseType::List(_))
}

fn base_name(ty: &Type) -> &str {
    match &ty.base {
        BaseType::Named(name) => name,
        BaseType::List(inner) => base_name(inner),
    }
}
