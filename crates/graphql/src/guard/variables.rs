//! Variables against their declared types, before anything runs.
//!
//! The executor finds a missing or misshapen variable only in the field that uses it, after other fields have run; the
//! specification wants the request refused as a whole.

use async_graphql::{
    Value, Variables,
    parser::types::{BaseType, OperationDefinition, Type},
};

use super::{
    Refusal,
    catalog::{Catalog, Input, InputField},
};
use crate::error::ErrorCode;

/// Refuses variables that are missing or do not fit.
///
/// Names of the schema that the client did not send itself are told only to those who may ask for the schema.
pub(super) fn check(
    (catalog, outspoken): (&Catalog, bool),
    operation: &OperationDefinition,
    variables: &Variables,
) -> Result<(), Refusal> {
    for definition in &operation.variable_definitions {
        let name = &definition.node.name.node;
        let ty = &definition.node.var_type.node;
        let wrong = match variables.get(name) {
            Some(value) => misfit(catalog, ty, value),
            None if !ty.nullable && definition.node.default_value.is_none() => Some(Misfit::new("is missing")),
            None => None,
        };
        if let Some(misfit) = wrong {
            let Misfit { path, problem, .. } = if outspoken { misfit } else { misfit.veiled() };
            let message = format!("variable \"${name}{path}\" {problem}");
            return Err(Refusal::new(ErrorCode::BadUserInput, message).at(definition.pos));
        }
    }
    Ok(())
}

/// What is wrong, and where inside the value.
struct Misfit {
    path: String,
    problem: String,
    /// The last step of the path was not sent.
    unsent: Option<usize>,
}

impl Misfit {
    fn new(problem: impl Into<String>) -> Self {
        Self { path: String::new(), problem: problem.into(), unsent: None }
    }

    /// The same in words of the client alone.
    fn veiled(self) -> Self {
        let Self { mut path, problem, unsent } = self;
        if let Some(unsent) = unsent {
            path.truncate(path.len() - unsent);
            return Self { path, problem: "lacks what it has to have".to_owned(), unsent: None };
        }
        let told = if problem.starts_with("is no valid ") { "has a value that it cannot have".to_owned() } else { problem };
        Self { path, problem: told, unsent }
    }

    fn inside(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

fn misfit(catalog: &Catalog, ty: &Type, value: &Value) -> Option<Misfit> {
    if matches!(value, Value::Null) {
        return (!ty.nullable).then(|| Misfit::new("must not be null"));
    }
    match (&ty.base, value) {
        (BaseType::List(inner), Value::List(items)) => {
            items.iter().enumerate().find_map(|(index, item)| Some(misfit(catalog, inner, item)?.inside(&format!("[{index}]"))))
        }
        // One value stands for a list of one.
        (BaseType::List(inner), single) => misfit(catalog, inner, single),
        (BaseType::Named(name), value) => named_misfit(catalog, name, value),
    }
}

fn named_misfit(catalog: &Catalog, name: &str, value: &Value) -> Option<Misfit> {
    let fits = match (name, value) {
        ("Int", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("ID", Value::Number(number)) => number.is_i64() || number.is_u64(),
        ("ID" | "String", Value::String(_)) | ("Float", Value::Number(_)) | ("Boolean", Value::Boolean(_)) => true,
        ("Int" | "ID" | "String" | "Float" | "Boolean", _) => false,
        _ => match (catalog.input(name), value) {
            (Some(Input::Enum(values)), Value::String(text)) => values.contains(text),
            (Some(Input::Enum(_)), _) => false,
            (Some(Input::Object(fields)), Value::Object(object)) => {
                if let Some(unknown) = object.keys().find(|key| fields.iter().all(|field| field.name != key.as_str())) {
                    return Some(Misfit::new(format!("has no field \"{unknown}\"")));
                }
                return fields.iter().find_map(|field| field_misfit(catalog, field, object.get(field.name.as_str())));
            }
            (Some(Input::Object(_)), _) => false,
            (None, _) => true,
        },
    };
    (!fits).then(|| Misfit::new(format!("is no valid {name}")))
}

fn field_misfit(catalog: &Catalog, field: &InputField, value: Option<&Value>) -> Option<Misfit> {
    let misfit = match value {
        Some(value) => misfit(catalog, &field.ty, value),
        None => {
            let unsent = Some(field.name.len() + 1);
            field.required.then(|| Misfit { unsent, ..Misfit::new("is missing") })
        }
    };
    Some(misfit?.inside(&format!(".{}", field.name)))
}
