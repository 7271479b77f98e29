/// How large a document may be before it is refused.
///
/// Every number bounds work that the parser, the validator or the executor would otherwise do unasked: the executor's own
/// limits are applied too late, after it has already expanded every fragment.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of query text. 64 KiB is some ten times the largest query of our own clients.
    pub document_bytes: usize,
    /// Bytes of a name, such as an alias, which an answer repeats for each entry of a list; and of a number.
    pub name_bytes: usize,
    /// Tokens outside comments.
    pub tokens: usize,
    /// Brackets, braces and parentheses open at once. The parser recurses once for each: a few thousand overflow its stack.
    pub brackets: usize,
    /// Fields inside fields. The introspection query of GraphiQL reaches 15.
    pub depth: usize,
    /// Selection sets inside each other, fragments included. Validation recurses once for each.
    pub recursion: usize,
    /// Fields, with every fragment counted wherever it is spread.
    pub fields: usize,
    /// Fields at the root of one operation.
    pub root_fields: usize,
    /// Aliases, counted like fields.
    pub aliases: usize,
    /// Directives, counted like fields.
    pub directives: usize,
    /// Arguments of one field. Validation compares those of fields that share a name, pair by pair.
    pub arguments: usize,
    /// Cost of one operation: about how many fields its answer can hold; and of its answer, counted as it is put together.
    /// `schema/README.md` says how both are counted.
    pub cost: u64,
    /// Values inside the variables, counted as often as the document names variables: each place that does copies what it names.
    pub values: u64,
    /// Bytes of the variables, written as JSON. A report with as many items as it can have takes some 400 KiB in most scripts.
    pub variables_bytes: usize,
    /// Whether documents may ask for the schema itself. The executor's own switch answers null for what may not be null.
    pub introspection: bool,
    /// Estimated memory that checked documents may take until the least recently used are forgotten.
    pub cache_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 64 << 10,
            name_bytes: 200,
            tokens: 8_000,
            brackets: 64,
            depth: 15,
            recursion: 32,
            fields: 2_000,
            root_fields: 20,
            aliases: 50,
            directives: 50,
            arguments: 16,
            cost: 50_000,
            values: 500_000,
            variables_bytes: 512 << 10,
            introspection: false,
            cache_bytes: 32 << 20,
        }
    }
}
