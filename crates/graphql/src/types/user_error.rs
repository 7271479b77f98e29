//! Why something was not done.

use async_graphql::{Enum, SimpleObject};
use convene_application::writing::{self, Refusal};

use crate::scalars::int;

/// What kind of reason it is.
#[derive(Debug, Enum, Copy, Clone, PartialEq, Eq)]
#[graphql(remote = "writing::RefusalCode")]
pub(crate) enum UserErrorCode {
    /// A field has a value that it cannot have.
    Invalid,
    /// What a field names does not exist.
    NotFound,
    /// What a field names is taken by another record.
    Taken,
    /// The record is at another revision than the one the change was made from: read it again and decide anew. Or the
    /// idempotency key was used for something else.
    Conflict,
    /// The rules do not allow it as things are.
    NotAllowed,
}

/// A reason why what a mutation asked for was not done. Nothing of it was done then.
#[derive(Debug, SimpleObject)]
pub(crate) struct UserError {
    /// What kind of reason it is.
    code: UserErrorCode,
    /// The reason, for people, in words that follow the name of the field: "is missing", "does not exist".
    message: String,
    /// The field at fault, as the path that leads to it from the mutation's argument, places in lists counted from 0, such as
    /// `["input", "items", "2", "theme"]`; null when no field is.
    field: Option<Vec<String>>,
    /// The revision that the record is at; null where that is not the reason.
    current_revision: Option<i32>,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, mut field, message, current_revision } = refusal;
        let field = (!field.is_empty()).then(|| {
            field.insert(0, "input".to_owned());
            field
        });
        Self { code: code.into(), message, field, current_revision: current_revision.map(int) }
    }
}
