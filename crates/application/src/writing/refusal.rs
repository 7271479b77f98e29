//! Why a command is not carried out.

use convene_domain::{Invalid, access::Role, id::Within, record::Revision};

/// What kind of reason it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// A field has a value that it cannot have.
    Invalid,
    /// What a field names does not exist.
    NotFound,
    /// What a field names is taken by another record.
    Taken,
    /// The record is at another revision than the one the change was made from, or a key was used for something else.
    Conflict,
    /// The rules do not allow it as things are.
    NotAllowed,
    /// It takes a role that the caller has not.
    Forbidden,
}

/// Why a command is not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of reason it is.
    pub code: RefusalCode,
    /// The field at fault, as a path into what was asked for; empty when none is.
    pub field: Vec<String>,
    /// The reason, in words that follow the field's name.
    pub message: String,
    /// The revision that the record is at, where that is the reason.
    pub current_revision: Option<Revision>,
    /// The role that is needed, and where, if that is the reason; no place is everywhere.
    pub needed: Option<(Role, Option<Within>)>,
}

impl Refusal {
    /// A reason.
    pub fn new<const N: usize>(code: RefusalCode, field: [&str; N], message: impl Into<String>) -> Self {
        Self { code, field: field.map(str::to_owned).to_vec(), message: message.into(), current_revision: None, needed: None }
    }

    /// A field has a value that it cannot have.
    pub fn invalid<const N: usize>(field: [&str; N], message: impl Into<String>) -> Self {
        Self::new(RefusalCode::Invalid, field, message)
    }

    /// What a field names does not exist.
    pub fn not_found(field: &str) -> Self {
        Self::new(RefusalCode::NotFound, [field], "does not exist")
    }

    /// The record is at another revision than the one that was expected.
    pub fn stale(field: &str, expected: Revision, current: Revision) -> Self {
        let message = format!("is {expected}, but the record is at revision {current}");
        Self { current_revision: Some(current), ..Self::new(RefusalCode::Conflict, [field], message) }
    }

    /// The rules do not allow it as things are.
    pub fn rule(field: &str, reason: impl Into<String>) -> Self {
        Self::new(RefusalCode::NotAllowed, [field], reason)
    }

    /// It takes a role that the caller has not, or a token that may be used for it.
    pub fn forbidden(field: &str, (role, place): (Role, Option<Within>), lacks_verb: bool) -> Self {
        let at = place.map_or_else(|| "of this instance".to_owned(), |place| format!("at {place}"));
        let verb = if lacks_verb { format!(", and a token that may be used to {}", role.verb()) } else { String::new() };
        let message = format!("needs the role {role} {at}{}{verb}", if place.is_some() { " or above it" } else { "" });
        let field = Some(field).filter(|field| !field.is_empty()).map(str::to_owned).into_iter().collect();
        let (code, needed) = (RefusalCode::Forbidden, Some((role, place)));
        Self { code, field, message, current_revision: None, needed }
    }

    /// The same reason, for a field inside another.
    #[must_use]
    pub fn inside(mut self, steps: &[&str]) -> Self {
        self.field.splice(0..0, steps.iter().map(|step| (*step).to_owned()));
        self
    }
}

/// Why a command stopped before it was done.
#[derive(Debug)]
pub enum Stop {
    /// It is not carried out, for these reasons.
    Refused(Vec<Refusal>),
    /// Storage failed.
    Failed(convene_persistence::Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(vec![refusal])
    }
}

impl From<convene_persistence::Error> for Stop {
    fn from(error: convene_persistence::Error) -> Self {
        Self::Failed(error)
    }
}

/// Says which field a rule of the domain is about.
pub(super) fn ruled<T>(field: &str, result: Result<T, Invalid>) -> Result<T, Refusal> {
    result.map_err(|reason| Refusal::rule(field, reason.to_string()))
}

/// Says which field has a value that it cannot have.
pub(super) fn valid<T>(field: &str, result: Result<T, Invalid>) -> Result<T, Refusal> {
    result.map_err(|reason| Refusal::invalid([field], reason.to_string()))
}
