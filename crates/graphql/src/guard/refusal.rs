use async_graphql::{ErrorExtensionValues, Pos, ServerError};

use crate::error::ErrorCode;

/// Why a request was turned away before anything was executed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code clients act on.
    pub code: ErrorCode,
    /// One sentence for a developer.
    pub message: String,
    /// The limit that was passed, if one was.
    pub limit: Option<u64>,
    /// The figure that passed it. Where counting stops early this is the first figure over the limit.
    pub actual: Option<u64>,
    /// What was counted is the cost of an operation.
    pub cost: Option<u64>,
    /// In how many seconds the same may be allowed.
    pub retry_after: Option<u64>,
    /// Where in the document, if one place is to blame.
    pub positions: Vec<Pos>,
}

impl Refusal {
    /// A refusal that no number explains.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), limit: None, actual: None, cost: None, retry_after: None, positions: Vec::new() }
    }

    /// A refusal because of a limit; `what` is the plural that the message counts.
    #[must_use]
    pub fn over(code: ErrorCode, what: &str, limit: u64, actual: u64) -> Self {
        Self {
            limit: Some(limit),
            actual: Some(actual),
            ..Self::new(code, format!("{what}: {actual}, but at most {limit} are allowed"))
        }
    }

    /// A refusal because of what an operation costs.
    #[must_use]
    pub fn too_complex(what: &str, limit: u64, cost: u64) -> Self {
        Self { cost: Some(cost), ..Self::over(ErrorCode::TooComplex, what, limit, cost) }
    }

    /// The same refusal, pointing at a place in the document.
    #[must_use]
    pub fn at(mut self, position: Pos) -> Self {
        self.positions.push(position);
        self
    }

    /// The GraphQL error that the client reads.
    #[must_use]
    pub fn into_server_error(self) -> ServerError {
        let mut extensions = ErrorExtensionValues::default();
        extensions.set("code", self.code.as_str());
        let Self { limit, actual, cost, retry_after, .. } = self;
        let figures = [("limit", limit), ("actual", actual), ("cost", cost), ("retryAfterSeconds", retry_after)];
        for (name, figure) in figures {
            if let Some(figure) = figure {
                extensions.set(name, figure);
            }
        }
        let mut error = ServerError::new(self.message, None);
        error.locations = self.positions;
        error.extensions = Some(extensions);
        error
    }
}
