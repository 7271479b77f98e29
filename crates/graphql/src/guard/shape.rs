//! What a parsed document would unfold to, counted without unfolding it.
//!
//! Each fragment is counted once and remembered, so seven fragments that spread each other ten times cost seven visits here
//! and ten million in the executor.

use std::collections::HashMap;

use async_graphql::{
    Pos, Positioned, Value,
    parser::types::{Directive, ExecutableDocument, Field, OperationType, Selection, SelectionSet},
};

use super::{Limits, Refusal};
use crate::error::ErrorCode;

/// Counts over one selection set and everything below it.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    /// Fields at the top of the set itself, fragments included.
    top: usize,
    fields: usize,
    aliases: usize,
    directives: usize,
    depth: usize,
    recursion: usize,
}

impl Shape {
    /// Takes in a set that stands beside this one.
    fn merge(&mut self, other: Self) {
        self.top = self.top.saturating_add(other.top);
        self.add_counts(other);
        self.depth = self.depth.max(other.depth);
        self.recursion = self.recursion.max(other.recursion);
    }

    fn add_counts(&mut self, other: Self) {
        self.fields = self.fields.saturating_add(other.fields);
        self.aliases = self.aliases.saturating_add(other.aliases);
        self.directives = self.directives.saturating_add(other.directives);
    }
}

/// Refuses documents whose operations or fragments unfold past the limits, and fragments that are missing or circular.
pub(super) fn check(document: &ExecutableDocument, limits: &Limits) -> Result<(), Refusal> {
    let mut walk = Walk { document, limits, fragments: HashMap::new(), stray: None };
    let mut operations = Shape::default();
    for (_, operation) in document.operations.iter() {
        let operation = &operation.node;
        let mut shape = walk.set(&operation.selection_set, 1)?;
        walk.directives(&operation.directives, &[]);
        operation.variable_definitions.iter().for_each(|it| walk.directives(&it.node.directives, &[]));
        shape.directives += operation.directives.len();
        shape.directives += operation.variable_definitions.iter().map(|it| it.node.directives.len()).sum::<usize>();
        within(ErrorCode::TooManyRootFields, "root fields", limits.root_fields, shape.top)?;
        if operation.ty == OperationType::Subscription && shape.top != 1 {
            return Err(Refusal::new(ErrorCode::GraphqlValidationFailed, "a subscription has exactly one field at its root"));
        }
        operations.merge(shape);
    }
    walk.within(operations)?;
    // The validator also unfolds every fragment by itself, used or not.
    let mut fragments = Shape::default();
    for (name, fragment) in &document.fragments {
        fragments.merge(walk.fragment(name, fragment.pos, 1)?);
    }
    walk.within(fragments)?;
    walk.stray.map_or(Ok(()), Err)
}

/// The directives that a selection can have. There are no others that a document could use.
const SELECTING: [&str; 2] = ["skip", "include"];

fn within(code: ErrorCode, what: &str, limit: usize, actual: usize) -> Result<(), Refusal> {
    if actual > limit { Err(Refusal::over(code, what, limit as u64, actual as u64)) } else { Ok(()) }
}

struct Walk<'a> {
    document: &'a ExecutableDocument,
    limits: &'a Limits,
    /// `None` while a fragment is being counted: to meet it again then is a cycle.
    fragments: HashMap<&'a str, Option<Shape>>,
    /// The first directive that cannot stand where it does: the validator overlooks those of `__typename`, and of operations.
    stray: Option<Refusal>,
}

impl<'a> Walk<'a> {
    fn within(&self, shape: Shape) -> Result<(), Refusal> {
        let limits = self.limits;
        within(ErrorCode::TooDeep, "levels of fields", limits.depth, shape.depth)?;
        within(ErrorCode::TooManyFields, "fields", limits.fields, shape.fields)?;
        within(ErrorCode::TooManyAliases, "aliases", limits.aliases, shape.aliases)?;
        within(ErrorCode::TooManyDirectives, "directives", limits.directives, shape.directives)
    }

    /// `level` is the number of selection sets around and including this one. It is checked on the way down, so that this walk
    /// cannot run out of stack either.
    fn set(&mut self, set: &'a Positioned<SelectionSet>, level: usize) -> Result<Shape, Refusal> {
        self.recursion(level)?;
        let mut shape = Shape::default();
        for selection in &set.node.items {
            let mut part = match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    within(ErrorCode::TooManyArguments, "arguments of a field", self.limits.arguments, field.arguments.len())
                        .map_err(|refusal| refusal.at(selection.pos))?;
                    if !self.limits.introspection && asks_for_schema(field) {
                        return Err(invalid("introspection is closed on this server".to_owned(), selection.pos));
                    }
                    let mut part =
                        Shape { top: 1, fields: 1, aliases: usize::from(field.alias.is_some()), depth: 1, ..Shape::default() };
                    if !field.selection_set.node.items.is_empty() {
                        let below = self.set(&field.selection_set, level + 1)?;
                        part.add_counts(below);
                        part.depth += below.depth;
                        part.recursion = below.recursion;
                    }
                    part
                }
                Selection::InlineFragment(inline) => self.set(&inline.node.selection_set, level + 1)?,
                Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node, selection.pos, level + 1)?,
            };
            self.directives(selection.node.directives(), &SELECTING);
            part.directives = part.directives.saturating_add(selection.node.directives().len());
            shape.merge(part);
        }
        shape.recursion += 1;
        Ok(shape)
    }

    fn fragment(&mut self, name: &'a str, used_at: Pos, level: usize) -> Result<Shape, Refusal> {
        match self.fragments.get(name) {
            Some(Some(shape)) => {
                self.recursion(level + shape.recursion - 1)?;
                return Ok(*shape);
            }
            Some(None) => {
                return Err(invalid(format!("fragment \"{name}\" spreads itself"), used_at));
            }
            None => {}
        }
        let Some(fragment) = self.document.fragments.get(name) else {
            return Err(invalid(format!("fragment \"{name}\" is not defined"), used_at));
        };
        self.fragments.insert(name, None);
        let mut shape = self.set(&fragment.node.selection_set, level)?;
        let directives: &[Positioned<Directive>] = &fragment.node.directives;
        self.directives(directives, &[]);
        shape.directives = shape.directives.saturating_add(directives.len());
        self.fragments.insert(name, Some(shape));
        Ok(shape)
    }

    /// Looks whether each directive can stand here, and once.
    fn directives(&mut self, directives: &'a [Positioned<Directive>], possible: &[&str]) {
        for (place, directive) in directives.iter().enumerate() {
            let name = directive.node.name.node.as_str();
            let is_first = directives[..place].iter().all(|before| before.node.name.node != name);
            let told = if !(possible.contains(&name) && is_first) {
                "cannot stand here"
            } else if !has_condition(&directive.node) {
                "has no condition that is true, false or a variable"
            } else {
                continue;
            };
            self.stray.get_or_insert_with(|| invalid(format!("\"@{name}\" {told}"), directive.pos));
        }
    }

    fn recursion(&self, level: usize) -> Result<(), Refusal> {
        within(ErrorCode::TooDeep, "selection sets inside each other", self.limits.recursion, level)
    }
}

/// Whether a directive says when it applies, and nothing else: the validator does not look at those of `__typename`.
fn has_condition(directive: &Directive) -> bool {
    let [(name, condition)] = directive.arguments.as_slice() else { return false };
    // A variable is no constant.
    let is_boolean = condition.node.clone().into_const().is_none_or(|value| matches!(value, Value::Boolean(_)));
    name.node == "if" && is_boolean
}

/// Whether a field asks for the schema. `_service` is the schema too, as text. Whoever only wants to know the name of a type, that it
/// names itself, is answered by the executor that there is no such type, whatever there is.
fn asks_for_schema(field: &Field) -> bool {
    let is_name =
        |selection: &Positioned<Selection>| matches!(&selection.node, Selection::Field(it) if it.node.name.node == "name");
    match field.name.node.as_str() {
        "__schema" | "_service" => true,
        "__type" => !field.selection_set.node.items.iter().all(is_name),
        _ => false,
    }
}

fn invalid(message: String, position: Pos) -> Refusal {
    Refusal::new(ErrorCode::GraphqlValidationFailed, message).at(position)
}
