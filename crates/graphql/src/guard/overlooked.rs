//! What the validator overlooks in a document that does not fit the schema, looked for once when the document is parsed.

use std::convert::Infallible;

use async_graphql::{
    Name, Pos, Positioned, Value,
    parser::types::{BaseType, Directive, ExecutableDocument, Field, Selection, SelectionSet, Type},
};

use super::catalog::{self, Catalog, Input};

/// Something that does not fit.
#[derive(Debug, Clone)]
pub(crate) struct Overlooked {
    pub(crate) message: String,
    pub(crate) at: Pos,
}

/// The first thing that was overlooked. Definitions are looked at one by one, whoever spreads them.
pub(super) fn find(catalog: &Catalog, document: &ExecutableDocument) -> Option<Overlooked> {
    let walk = Walk { catalog, document };
    let operation = |operation: &_| walk.operation(operation);
    document.operations.iter().find_map(|(_, it)| operation(&it.node)).or_else(|| {
        let fragments = document.fragments.values();
        fragments.into_iter().find_map(|it| walk.set(Some(&it.node.type_condition.node.on.node), &it.node.selection_set.node))
    })
}

struct Walk<'a> {
    catalog: &'a Catalog,
    document: &'a ExecutableDocument,
}

impl Walk<'_> {
    fn operation(&self, operation: &async_graphql::parser::types::OperationDefinition) -> Option<Overlooked> {
        let default = operation.variable_definitions.iter().find_map(|definition| {
            let default = definition.node.default_value.as_ref()?;
            self.quoted(&definition.node.var_type.node, &default.node, default.pos)
        });
        default.or_else(|| self.set(Some(catalog::root(operation.ty)), &operation.selection_set.node))
    }

    fn set(&self, parent: Option<&str>, set: &SelectionSet) -> Option<Overlooked> {
        set.items.iter().find_map(|selection| {
            let undeclared = self.undeclared(selection.node.directives());
            undeclared.or_else(|| match &selection.node {
                Selection::Field(field) if field.node.name.node == "__typename" => no_more(field),
                Selection::Field(field) => self.field(parent, &field.node),
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                    self.set(on.or(parent), &inline.node.selection_set.node)
                }
                Selection::FragmentSpread(_) => None,
            })
        })
    }

    fn field(&self, parent: Option<&str>, field: &Field) -> Option<Overlooked> {
        let known = self.catalog.field(parent?, &field.name.node)?;
        let quoted = field.arguments.iter().find_map(|(name, value)| {
            let argument = known.arguments.iter().find(|argument| argument.name == name.node.as_str())?;
            // Variables are checked with what is given for them.
            let Ok(literal) = value.node.clone().into_const_with(|_| Ok::<_, Infallible>(Value::Null));
            self.quoted(&argument.ty, &literal, value.pos)
        });
        quoted.or_else(|| self.set(Some(&known.type_name), &field.selection_set.node))
    }

    /// A text where a name of an enumeration belongs.
    fn quoted(&self, ty: &Type, value: &Value, at: Pos) -> Option<Overlooked> {
        match (&ty.base, value) {
            (BaseType::List(inner), Value::List(items)) => items.iter().find_map(|item| self.quoted(inner, item, at)),
            // One value stands for a list of one.
            (BaseType::List(inner), single) => self.quoted(inner, single, at),
            (BaseType::Named(name), value) => match (self.catalog.input(name)?, value) {
                (Input::Enum(_), Value::String(text)) => {
                    Some(Overlooked { message: format!("\"{text}\" stands in quotes, and is a name of {name} only without"), at })
                }
                (Input::Object(fields), Value::Object(object)) => {
                    fields.iter().find_map(|field| self.quoted(&field.ty, object.get(field.name.as_str())?, at))
                }
                _ => None,
            },
        }
    }

    /// A variable of a directive that no operation declares.
    fn undeclared(&self, directives: &[Positioned<Directive>]) -> Option<Overlooked> {
        let declared = |wanted: &Name| {
            let mut operations = self.document.operations.iter();
            operations.any(|(_, it)| it.node.variable_definitions.iter().any(|variable| variable.node.name.node == *wanted))
        };
        directives.iter().flat_map(|directive| &directive.node.arguments).find_map(|(_, value)| {
            let unknown = value.node.clone().into_const_with(|name| if declared(&name) { Ok(Value::Null) } else { Err(name) });
            let message = format!("variable \"${}\" is not declared", unknown.err()?);
            Some(Overlooked { message, at: value.pos })
        })
    }
}

/// The name of a type is a text, and depends on nothing.
fn no_more(field: &Positioned<Field>) -> Option<Overlooked> {
    let nothing = field.node.arguments.is_empty() && field.node.selection_set.node.items.is_empty();
    (!nothing).then(|| Overlooked { message: "\"__typename\" has neither arguments nor fields".to_owned(), at: field.pos })
}
