use std::time::Instant;

use async_graphql::{Value, value};

use super::*;

mod costs;

const SDL: &str = r#"
"""
A schema of the shape of ours.
"""
type Query {
  community(id: ID!): Community
  communities(first: Int, after: String, last: Int, before: String): CommunityConnection!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  _entities(representations: [_Any!]!): [_Entity]!
  count(filter: Filter, levels: [Level!], name: String): Int!
}
scalar _Any
union _Entity = Community
interface Node { id: ID! }
type CommunityConnection { nodes: [Community!]! edges: [CommunityEdge!]! totalCount: Int! }
type CommunityEdge { cursor: String! node: Community! }
type Community implements Node {
  id: ID!
  name: String!
  hosts: [Community!]!
  children(first: Int, last: Int): CommunityConnection!
}
enum Level { CITY, REGIONAL }
input Filter { level: Level, levels: [Level!], and: [Filter!], within: ID!, size: Int! = 3 }
type Mutation { rename(id: ID!): Community }
type Subscription { renamed: Community }
"#;

fn guard() -> Guard {
    Guard::try_new(Limits::default(), SDL).unwrap()
}

fn variables(value: Value) -> Variables {
    Variables::from_value(value)
}

fn code(query: &str) -> Result<(), ErrorCode> {
    guard().check(query, None, &Variables::default()).map(|_| ()).map_err(|refusal| refusal.code)
}

fn cost(query: &str, given: Value) -> u64 {
    guard().check(query, None, &variables(given)).unwrap().cost
}

/// Refuses the query without working for it: the bound is a hundred times what a release build needs, for slow test machines.
fn refused_at_once(query: &str) -> ErrorCode {
    let guard = guard();
    let started = Instant::now();
    let refusal = guard.check(query, None, &Variables::default()).unwrap_err();
    let took = started.elapsed();
    assert!(took.as_millis() < 500, "{:?} took {took:?}", refusal.code);
    refusal.code
}

#[test]
fn the_introspection_query_of_graphiql_passes() {
    let mut of_type = "kind name".to_owned();
    for _ in 0..9 {
        of_type = format!("kind name ofType {{ {of_type} }}");
    }
    let query = format!(
        "query IntrospectionQuery {{ __schema {{ queryType {{ name }} types {{ ...T }} directives {{ name args {{ ...I }} }} }} }}
         fragment T on __Type {{ kind name description fields(includeDeprecated: true) {{ name args {{ ...I }} type {{ ...R }} isDeprecated }}
           inputFields {{ ...I }} interfaces {{ ...R }} enumValues(includeDeprecated: true) {{ name }} possibleTypes {{ ...R }} }}
         fragment I on __InputValue {{ name type {{ ...R }} defaultValue }}
         fragment R on __Type {{ {of_type} }}"
    );
    let open = Guard::try_new(Limits { introspection: true, ..Limits::default() }, SDL).unwrap();
    let code = |query: &str| open.check(query, None, &Variables::default()).map(|_| ()).map_err(|refusal| refusal.code);
    assert_eq!(code(&query), Ok(()));
    assert_eq!(guard().check(&query, None, &Variables::default()).unwrap_err().code, ErrorCode::GraphqlValidationFailed);
    let endless =
        "{ __schema { types { fields { type { fields { type { fields { type { fields { type { name } } } } } } } } } } }";
    assert_eq!(code(endless), Err(ErrorCode::TooComplex));
}

#[test]
fn nested_literals_are_refused_before_the_parser_sees_them() {
    for (open, close) in [("[", "]"), ("{a:", "}")] {
        let literal = format!("{}{}", open.repeat(2_000), close.repeat(2_000));
        assert_eq!(refused_at_once(&format!("{{ community(id: {literal}) {{ id }} }}")), ErrorCode::TooDeep);
    }
    assert_eq!(refused_at_once(&"{a".repeat(2_000)), ErrorCode::TooDeep);
    assert_eq!(refused_at_once(&format!("query Q($a: {}", "[".repeat(4_000))), ErrorCode::TooDeep);
}

#[test]
fn fragments_that_multiply_are_refused() {
    let mut query = "{ community(id: 1) { ...F0 } }".to_owned();
    for level in 0..7 {
        let below = if level == 6 { "id ".repeat(10) } else { format!("...F{} ", level + 1).repeat(10) };
        query.push_str(&format!("fragment F{level} on Community {{ {below} }}"));
    }
    assert_eq!(refused_at_once(&query), ErrorCode::TooManyFields);
    // Unused fragments are unfolded by the validator all the same.
    let unused = query.replacen("...F0", "id", 1);
    assert_eq!(refused_at_once(&unused), ErrorCode::TooManyFields);
    let aliased = query.replace("id id id", "a: id b: id c: id");
    assert!(matches!(refused_at_once(&aliased), ErrorCode::TooManyFields | ErrorCode::TooManyAliases));
}

#[test]
fn long_chains_of_fragments_are_refused() {
    let mut query = "{ community(id: 1) { ...F0 } }".to_owned();
    for level in 0..900 {
        query.push_str(&format!("fragment F{level} on Community {{...F{}}}", level + 1));
    }
    assert_eq!(refused_at_once(&format!("{query} fragment F900 on Community {{id}}")), ErrorCode::TooDeep);
    assert_eq!(refused_at_once(&format!("{}{}{}", "{...".repeat(40), "{id}", "}".repeat(40))), ErrorCode::TooDeep);
}

#[test]
fn cycles_and_missing_fragments_are_refused() {
    for query in [
        "{ ...A } fragment A on Query { ...A }",
        "{ ...A } fragment A on Query { community(id: 1) { ...B } } fragment B on Community { hosts { ...C } } fragment C on Community { ...B }",
        "{ __typename } fragment A on Query { ...B } fragment B on Query { ...A }",
        "{ ...Missing }",
        "{ __typename } fragment A on Query { ...Missing }",
    ] {
        assert_eq!(refused_at_once(query), ErrorCode::GraphqlValidationFailed, "{query}");
    }
}

#[test]
fn width_is_limited() {
    let many = |part: &str, times: usize| part.repeat(times);
    assert_eq!(code(&format!("{{ community(id: 1) {{ {} }} }}", many("id ", 2_000))), Err(ErrorCode::TooManyFields));
    assert_eq!(code(&format!("{{ {} }}", many("__typename ", 21))), Err(ErrorCode::TooManyRootFields));
    let spread = format!("{{ ...R ...R ...R }} fragment R on Query {{ {} }}", many("__typename ", 7));
    assert_eq!(code(&spread), Err(ErrorCode::TooManyRootFields));
    assert_eq!(code(&format!("{{ community(id: 1) {{ {} }} }}", many("a: id ", 51))), Err(ErrorCode::TooManyAliases));
    assert_eq!(
        code(&format!("{{ community(id: 1) {{ id {} }} }}", many("@include(if: true) ", 51))),
        Err(ErrorCode::TooManyDirectives)
    );
    assert_eq!(code(&format!("query Q {} {{ __typename }}", many("@a ", 51))), Err(ErrorCode::TooManyDirectives));
    assert_eq!(code(&format!("{{ community({}) {{ id }} }}", many("id: 1 ", 17))), Err(ErrorCode::TooManyArguments));
    let deep = format!("{{ {}id{} }}", many("a { ", 15), many(" }", 15));
    assert_eq!(code(&deep), Err(ErrorCode::TooDeep));
    // Operations that are not asked for are validated too.
    let two = format!("query A {{ community(id: 1) {{ {0} }} }} query B {{ community(id: 1) {{ {0} }} }}", many("id ", 1_100));
    assert_eq!(code(&two), Err(ErrorCode::TooManyFields));
}

#[test]
fn the_operation_is_chosen_as_the_specification_says() {
    let guard = guard();
    let choose = |query: &str, name: Option<&str>| {
        guard
            .check(query, name, &Variables::default())
            .map(|checked| (checked.operation, checked.operation_name))
            .map_err(|it| it.code)
    };
    let both = "query A { __typename } mutation B { rename(id: 1) { id } }";
    assert_eq!(choose(both, Some("A")), Ok((OperationType::Query, Some("A".to_owned()))));
    assert_eq!(choose(both, Some("B")), Ok((OperationType::Mutation, Some("B".to_owned()))));
    assert_eq!(choose("subscription { renamed { id } }", None), Ok((OperationType::Subscription, None)));
    assert_eq!(choose("query A { __typename }", None), Ok((OperationType::Query, Some("A".to_owned()))));
    for (query, name) in [(both, None), (both, Some("C")), (both, Some("")), ("{ __typename }", Some("A"))] {
        assert_eq!(choose(query, name), Err(ErrorCode::OperationResolutionFailed));
    }
}

#[test]
fn variables_must_fit_their_types() {
    let guard = Guard::try_new(Limits { introspection: true, ..Limits::default() }, SDL).unwrap();
    let problem = |ty: &str, given: Value| {
        let query = format!("query Q($v: {ty}) {{ __typename }}");
        guard.check(&query, None, &variables(given)).map(|_| ()).map_err(|refusal| {
            assert_eq!(refusal.code, ErrorCode::BadUserInput);
            refusal.message
        })
    };
    for (ty, given) in [
        ("Int", value!({})),
        ("Int!", value!({ "v": 1 })),
        ("Int! = 2", value!({})),
        ("Float", value!({ "v": 1 })),
        ("ID!", value!({ "v": 1 })),
        ("[Int!]", value!({ "v": 1 })),
        ("[[Int]]", value!({ "v": [[1, null], null] })),
        ("Level", value!({ "v": "CITY" })),
        ("Date", value!({ "v": "checked by its own scalar" })),
        ("Filter", value!({ "v": { "within": "a", "and": { "within": "b" } } })),
    ] {
        assert_eq!(problem(ty, given), Ok(()), "{ty}");
    }
    for (ty, given, message) in [
        ("Int!", value!({}), "variable \"$v\" is missing"),
        ("Int!", value!({ "v": null }), "variable \"$v\" must not be null"),
        ("Int! = 2", value!({ "v": null }), "variable \"$v\" must not be null"),
        ("Int", value!({ "v": 1.5 }), "variable \"$v\" is no valid Int"),
        ("String", value!({ "v": 1 }), "variable \"$v\" is no valid String"),
        ("ID", value!({ "v": true }), "variable \"$v\" is no valid ID"),
        ("[Int!]", value!({ "v": [1, null] }), "variable \"$v[1]\" must not be null"),
        ("Level", value!({ "v": "city" }), "variable \"$v\" is no valid Level"),
        ("Filter", value!({ "v": {} }), "variable \"$v.within\" is missing"),
        (
            "Filter",
            value!({ "v": { "within": "a", "and": [{ "within": "b", "size": "c" }] } }),
            "variable \"$v.and[0].size\" is no valid Int",
        ),
        ("Filter", value!({ "v": { "within": "a", "x": 1 } }), "variable \"$v\" has no field \"x\""),
        ("Filter", value!({ "v": "a" }), "variable \"$v\" is no valid Filter"),
    ] {
        assert_eq!(problem(ty, given), Err(message.to_owned()), "{ty}");
    }
}

#[test]
fn where_the_schema_is_not_told_a_refusal_names_what_was_sent() {
    let guard = guard();
    let problem = |query: &str, given: Value| guard.check(query, None, &variables(given)).unwrap_err().message;
    for (ty, given, message) in [
        ("Int!", value!({}), "variable \"$v\" is missing"),
        ("Int", value!({ "v": 1.5 }), "variable \"$v\" has a value that it cannot have"),
        ("Filter", value!({ "v": {} }), "variable \"$v\" lacks what it has to have"),
        ("[Filter]", value!({ "v": [{ "within": "a", "and": {} }] }), "variable \"$v[0].and\" lacks what it has to have"),
        ("Filter", value!({ "v": { "within": "a", "size": "c" } }), "variable \"$v.size\" has a value that it cannot have"),
        ("Filter", value!({ "v": { "within": "a", "x": 1 } }), "variable \"$v\" has no field \"x\""),
    ] {
        assert_eq!(problem(&format!("query Q($v: {ty}) {{ __typename }}"), given), message, "{ty}");
    }
    // The executor answers these that there is no such type.
    let passes = |query: &str| guard.check(query, None, &Variables::default()).is_ok();
    assert!(passes("{ __type(name: \"Query\") { name } }"));
    for asking in ["{ name kind }", "{ ...F } fragment F on __Type { name }", "{ ... { name } }", "{ fields { name } }"] {
        assert!(!passes(&format!("{{ __type(name: \"Query\") {}", asking.replacen(" }", " } }", 1))), "{asking}");
    }
}

/// The table of limits in `schema/README.md`, which clients rely on.
#[test]
fn the_limits_are_those_of_the_documentation() {
    let table = include_str!("../../../../schema/README.md");
    let limits = Limits::default();
    let documented = |what: &str, limit: String, code: ErrorCode| {
        let row = format!("| {what} | {limit} | `{}` |", code.as_str());
        assert!(table.lines().any(|line| line == row), "{row}");
    };
    for (what, limit, code) in [
        ("bytes of the variables", limits.variables_bytes, ErrorCode::PayloadTooLarge),
        ("values in a body, those inside each other included", crate::json::MOST_VALUES, ErrorCode::TooComplex),
        ("bytes of the document", limits.document_bytes, ErrorCode::DocumentTooLarge),
        ("tokens", limits.tokens, ErrorCode::TooManyTokens),
        ("brackets open at once", limits.brackets, ErrorCode::TooDeep),
        ("levels of fields", limits.depth, ErrorCode::TooDeep),
        ("selection sets inside each other", limits.recursion, ErrorCode::TooDeep),
        ("fields", limits.fields, ErrorCode::TooManyFields),
        ("root fields", limits.root_fields, ErrorCode::TooManyRootFields),
        ("aliases", limits.aliases, ErrorCode::TooManyAliases),
        ("directives", limits.directives, ErrorCode::TooManyDirectives),
        ("arguments of a field", limits.arguments, ErrorCode::TooManyArguments),
    ] {
        documented(what, limit.to_string(), code);
    }
    documented(
        "values inside the variables, counted wherever a variable is named",
        limits.values.to_string(),
        ErrorCode::TooComplex,
    );
    let cost = format!("{} (`CONVENE_QUERY_COST_LIMIT`)", limits.cost);
    documented("cost of the operation, and of its answer", cost, ErrorCode::TooComplex);
    documented("entries of a page", convene_domain::page::PageRequest::MAX.to_string(), ErrorCode::BadUserInput);
    documented("requests in one body", "1".to_owned(), ErrorCode::BatchNotSupported);
}

#[test]
fn documents_that_passed_are_remembered_within_bounds() {
    let limits = Limits { cache_bytes: 10_000, ..Limits::default() };
    let guard = Guard::try_new(limits, SDL).unwrap();
    let check =
        |name: usize| guard.check(&format!("query Q{name} {{ __typename }}"), None, &Variables::default()).unwrap().document;
    assert!(Arc::ptr_eq(&check(1), &check(1)));
    let first = check(1);
    for name in 2..100 {
        check(name);
        let memory = guard.memory();
        assert!(memory.weight <= limits.cache_bytes);
        assert_eq!(memory.weight, memory.documents.iter().map(|(_, (_, weight))| weight).sum::<usize>());
    }
    assert!(!Arc::ptr_eq(&first, &check(1)));
}

/// A small generator (xorshift): the texts only have to be varied, and the same on every run.
struct Noise(u64);

impl Noise {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

#[test]
fn arbitrary_text_neither_panics_nor_lingers() {
    const PARTS: [&str; 46] = [
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        ":",
        "=",
        "!",
        "$",
        "@",
        "...",
        "on ",
        "query ",
        "mutation ",
        "fragment ",
        "community",
        "communities",
        "nodes",
        "id",
        "first",
        "A ",
        "B ",
        "\"",
        "\"\"\"",
        "\\",
        "\\\"\"\"",
        "\n",
        "\r",
        "#",
        " ",
        ",",
        "1",
        "-1",
        "1e999",
        "99999999999999999999",
        "1.5",
        "true",
        "null",
        "é",
        "\u{feff}",
        "𝒳",
        "\\u00e9",
        "\u{2028}",
        "\0",
        "&",
    ];
    let guard = guard();
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    for _ in 0..3_000 {
        let length = noise.below(200);
        let text: String = (0..length).map(|_| PARTS[noise.below(PARTS.len())]).collect();
        let _ = guard.check(&text, None, &Variables::default());
    }
    // Sound documents with one part put in somewhere.
    let sound =
        r#"query A($n: Int = 3) { communities(first: $n, after: "a") { nodes { id ...B } } } fragment B on Community { name }"#;
    for _ in 0..3_000 {
        let mut text = sound.to_owned();
        for _ in 0..=noise.below(3) {
            text.insert_str(noise.below(sound.len()).min(text.len()), PARTS[noise.below(24)]);
        }
        let _ = guard.check(&text, None, &Variables::default());
    }
}

#[test]
fn a_syntax_error_says_where_and_does_not_repeat_the_document() {
    let refusal = guard().check("{\n  community(id: ) { secret }\n}", None, &Variables::default()).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::GraphqlParseFailed);
    assert!(refusal.message.starts_with("syntax error at line 2, column "), "{}", refusal.message);
    assert_eq!(code(""), Err(ErrorCode::GraphqlParseFailed));
    assert_eq!(code("query A { a } query A { b }"), Err(ErrorCode::GraphqlParseFailed));
}

#[tokio::test]
async fn large_operations_wait_for_room_and_small_ones_for_nobody() {
    use futures::FutureExt;
    let guard = guard();
    let first = guard.enter(u64::from(ROOM) * 2).now_or_never().expect("there is room for one, however large");
    let mut second = Box::pin(guard.enter(LARGE));
    assert!(futures::poll!(second.as_mut()).is_pending(), "there is room for no other");
    assert!(guard.enter(LARGE - 1).now_or_never().expect("it waits for nobody").is_none());
    drop(first);
    assert!(second.now_or_never().expect("there is room again").is_some());
}

#[test]
fn what_the_validator_overlooks_is_found() {
    let guard = guard();
    let found = |query: &str| {
        let checked = guard.check(query, None, &Variables::default()).unwrap_or_else(|refusal| panic!("{query}: {refusal:?}"));
        checked.overlooked.map(|it| (it.message.clone(), it.at.column))
    };
    let quoted = |column| Some(("\"CITY\" stands in quotes, and is a name of Level only without".to_owned(), column));
    for (query, expected) in [
        ("{ count(levels: [REGIONAL, \"CITY\"]) }", quoted(17)),
        ("{ count(levels: \"CITY\") }", quoted(17)),
        ("{ count(filter: { and: [{ within: \"x\", level: \"CITY\" }] }) }", quoted(17)),
        ("query ($l: Level = \"CITY\") { count(levels: [$l]) }", quoted(20)),
        ("{ ...F } fragment F on Query { ... { count(levels: \"CITY\") } }", quoted(52)),
        ("{ __typename @skip(if: $no) }", Some(("variable \"$no\" is not declared".to_owned(), 24))),
        ("{ __typename(a: 1) }", Some(("\"__typename\" has neither arguments nor fields".to_owned(), 3))),
        ("{ community(id: 1) { __typename { a } } }", Some(("\"__typename\" has neither arguments nor fields".to_owned(), 22))),
        ("query ($no: Boolean = true) { __typename @skip(if: $no) }", None),
        (
            "query ($l: Level = CITY) { count(levels: [REGIONAL, $l], filter: { level: CITY, within: \"CITY\" }, name: \"CITY\") }",
            None,
        ),
        ("{ nothing(levels: \"CITY\") count(nothing: \"CITY\") }", None),
    ] {
        assert_eq!(found(query), expected, "{query}");
    }
}
