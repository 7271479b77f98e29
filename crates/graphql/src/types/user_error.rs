//! Why something was not done.

use async_graphql::{Enum, ID, SimpleObject};
use convene_application::writing::{self, Refusal};

use super::Role;
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
    /// It takes a role that you have not: `neededRole` at `neededAt`.
    Forbidden,
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
    /// The role that it takes; null where that is not the reason.
    needed_role: Option<Role>,
    /// The id of the network or community at which, or above which, that role is needed; null where that is not the reason, and
    /// when it is needed for the whole instance.
    needed_at: Option<ID>,
}

impl From<Refusal> for UserError {
    fn from(refusal: Refusal) -> Self {
        let Refusal { code, mut field, message, current_revision, needed } = refusal;
        let field = (!field.is_empty()).then(|| {
            field.insert(0, "input".to_owned());
            field
        });
        let needed_role = needed.map(|(role, _)| role.into());
        let needed_at = needed.and_then(|(_, place)| place).map(|place| place.to_string().into());
        Self { code: code.into(), message, field, current_revision: current_revision.map(int), needed_role, needed_at }
    }
}
