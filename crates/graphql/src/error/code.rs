/// The code of an error, in `extensions.code`. `schema/README.md` tells clients what each means; the list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// The body, or a parameter of a GET request, is no GraphQL request.
    MalformedRequest,
    /// The body, or the variables in it, are too large.
    PayloadTooLarge,
    /// Several requests in one body.
    BatchNotSupported,
    /// The lines above the body are too many, or too long.
    HeadersTooLarge,
    /// The request took too long to arrive.
    RequestTimeout,
    /// A web page could have sent this without the browser asking first.
    PreflightRequired,
    /// A web page of an origin that is not on the list asks for a socket.
    OriginNotAllowed,
    /// The caller has asked for more than is its share.
    RateLimited,
    /// The method cannot be used here, such as GET for a mutation.
    MethodNotAllowed,
    /// The body is not JSON in UTF-8.
    UnsupportedMediaType,
    /// The client accepts none of the types we answer in.
    NotAcceptable,
    /// The document is no GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema.
    GraphqlValidationFailed,
    /// The query that was named by its hash is not, or no longer, known: send it.
    PersistedQueryNotFound,
    /// No operation, or not one, has the name asked for.
    OperationResolutionFailed,
    /// This transport does not serve such operations.
    OperationNotSupported,
    /// The text of the document is too long.
    DocumentTooLarge,
    /// The document has too many tokens.
    TooManyTokens,
    /// The document is nested too deep.
    TooDeep,
    /// The document selects too many fields.
    TooManyFields,
    /// The operation has too many fields at its root.
    TooManyRootFields,
    /// The document has too many aliases.
    TooManyAliases,
    /// The document has too many directives.
    TooManyDirectives,
    /// A field has too many arguments.
    TooManyArguments,
    /// The operation costs too much, or its answer does.
    TooComplex,
    /// An argument or a variable has a value that it cannot have.
    BadUserInput,
    /// A cursor is not one of ours, or belongs to another list.
    BadCursor,
    /// What was named does not exist, or not for this caller.
    NotFound,
    /// This needs a caller who signed in, or the token is not, or no longer, one of ours.
    Unauthenticated,
    /// This needs a role that the caller has not.
    Forbidden,
    /// A cursor of a log leads to a change that is no longer, or not, in this log.
    CursorExpired,
    /// A cursor of a log was read under other rights than the caller has now.
    ScopeChanged,
    /// The reader of a subscription fell too far behind.
    Lagged,
    /// The service is about to stop.
    ShuttingDown,
    /// The request took too long.
    DeadlineExceeded,
    /// Something we depend on does not answer at the moment, or what was read was removed meanwhile.
    Unavailable,
    /// A fault of ours.
    InternalServerError,
}

impl ErrorCode {
    /// Every code, in the order of the documentation.
    #[must_use]
    pub const fn all() -> &'static [Self] {
        &[
            Self::MalformedRequest,
            Self::PayloadTooLarge,
            Self::BatchNotSupported,
            Self::HeadersTooLarge,
            Self::RequestTimeout,
            Self::PreflightRequired,
            Self::OriginNotAllowed,
            Self::RateLimited,
            Self::MethodNotAllowed,
            Self::UnsupportedMediaType,
            Self::NotAcceptable,
            Self::GraphqlParseFailed,
            Self::GraphqlValidationFailed,
            Self::PersistedQueryNotFound,
            Self::OperationResolutionFailed,
            Self::OperationNotSupported,
            Self::DocumentTooLarge,
            Self::TooManyTokens,
            Self::TooDeep,
            Self::TooManyFields,
            Self::TooManyRootFields,
            Self::TooManyAliases,
            Self::TooManyDirectives,
            Self::TooManyArguments,
            Self::TooComplex,
            Self::BadUserInput,
            Self::BadCursor,
            Self::NotFound,
            Self::Unauthenticated,
            Self::Forbidden,
            Self::CursorExpired,
            Self::ScopeChanged,
            Self::Lagged,
            Self::ShuttingDown,
            Self::DeadlineExceeded,
            Self::Unavailable,
            Self::InternalServerError,
        ]
    }

    /// Finds the code that clients read so.
    pub(crate) fn find(text: &str) -> Option<Self> {
        Self::all().iter().copied().find(|code| code.as_str() == text)
    }

    /// The code as clients read it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedRequest => "MALFORMED_REQUEST",
            Self::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Self::BatchNotSupported => "BATCH_NOT_SUPPORTED",
            Self::HeadersTooLarge => "HEADERS_TOO_LARGE",
            Self::RequestTimeout => "REQUEST_TIMEOUT",
            Self::PreflightRequired => "PREFLIGHT_REQUIRED",
            Self::OriginNotAllowed => "ORIGIN_NOT_ALLOWED",
            Self::RateLimited => "RATE_LIMITED",
            Self::MethodNotAllowed => "METHOD_NOT_ALLOWED",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::NotAcceptable => "NOT_ACCEPTABLE",
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::PersistedQueryNotFound => "PERSISTED_QUERY_NOT_FOUND",
            Self::OperationResolutionFailed => "OPERATION_RESOLUTION_FAILED",
            Self::OperationNotSupported => "OPERATION_NOT_SUPPORTED",
            Self::DocumentTooLarge => "DOCUMENT_TOO_LARGE",
            Self::TooManyTokens => "TOO_MANY_TOKENS",
            Self::TooDeep => "TOO_DEEP",
            Self::TooManyFields => "TOO_MANY_FIELDS",
            Self::TooManyRootFields => "TOO_MANY_ROOT_FIELDS",
            Self::TooManyAliases => "TOO_MANY_ALIASES",
            Self::TooManyDirectives => "TOO_MANY_DIRECTIVES",
            Self::TooManyArguments => "TOO_MANY_ARGUMENTS",
            Self::TooComplex => "TOO_COMPLEX",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::BadCursor => "BAD_CURSOR",
            Self::NotFound => "NOT_FOUND",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Forbidden => "FORBIDDEN",
            Self::CursorExpired => "CURSOR_EXPIRED",
            Self::ScopeChanged => "SCOPE_CHANGED",
            Self::Lagged => "LAGGED",
            Self::ShuttingDown => "SHUTTING_DOWN",
            Self::DeadlineExceeded => "DEADLINE_EXCEEDED",
            Self::Unavailable => "UNAVAILABLE",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}
