use super::*;

#[test]
fn fields_lists_and_pages_cost_what_they_can_return() {
    assert_eq!(cost("{ community(id: 1) { id name } }", value!({})), 3);
    assert_eq!(cost("{ community(id: 1) { hosts { id name } } }", value!({})), 1 + 1 + 5 * 2);
    assert_eq!(cost("{ communities { nodes { id } } }", value!({})), 1 + 20 * 2);
    assert_eq!(cost("{ communities(first: 3) { edges { node { id } } totalCount } }", value!({})), 1 + 3 * 3 + 10);
    assert_eq!(
        cost("{ communities(first: 2) { nodes { children(last: 4) { nodes { id } } } } }", value!({})),
        1 + 2 * (1 + 1 + 4 * 2)
    );
}

#[test]
fn what_a_connection_has_once_costs_once_for_each_parent() {
    let of = |connection: &str| format!("{{ communities(first: 3) {{ nodes {{ children(first: 50) {{ {connection} }} }} }} }}");
    assert_eq!(cost(&of("totalCount"), value!({})), 1 + 3 * (1 + 1 + 10));
    assert_eq!(cost(&of("totalCount nodes { id }"), value!({})), 1 + 3 * (1 + 1 + 10 + 50 * 2));
    let spread = format!("{} fragment F on CommunityConnection {{ totalCount ...G }}", of("...F"));
    let spread = format!("{spread} fragment G on CommunityConnection {{ nodes {{ id }} }}");
    assert_eq!(cost(&spread, value!({})), 1 + 3 * (1 + 1 + 10 + 50 * 2));
}

#[test]
fn lists_of_ids_cost_what_they_have() {
    let ids = |count: usize| Value::List(vec![Value::from("1"); count]);
    let query = "query($ids: [ID!]) { nodes(ids: $ids) { id } }";
    assert_eq!(cost(query, value!({ "ids": (ids(7)) })), 1 + 7);
    assert_eq!(cost(query, value!({ "ids": (ids(100)) })), 1 + 10 + 100);
    assert_eq!(cost("query($id: ID!) { nodes(ids: [$id, $id, 3]) { id } }", value!({ "id": "1" })), 1 + 3);
    assert_eq!(cost("query($ids: [ID!] = [1, 2]) { nodes(ids: $ids) { id } }", value!({})), 1 + 2);
    assert_eq!(cost("{ nodes(ids: 1) { id } }", value!({})), 1 + 1);
    let entities = "query($r: [_Any!]!) { _entities(representations: $r) { ... on Community { id name } } }";
    assert_eq!(cost(entities, value!({ "r": [{ "id": "1" }, { "id": "2" }, { "id": "3" }] })), 1 + 3 * 2);
}

#[test]
fn page_sizes_are_read_from_variables_and_their_defaults() {
    let query = "query Q($n: Int = 7) { communities(first: $n) { nodes { id } } }";
    assert_eq!(cost(query, value!({})), 1 + 7 * 2);
    assert_eq!(cost(query, value!({ "n": 2 })), 1 + 2 * 2);
    assert_eq!(cost(query, value!({ "n": null })), 1 + 20 * 2);
    assert_eq!(cost(query, value!({ "n": 5000 })), 1 + 100 * 2);
    assert_eq!(cost(query, value!({ "n": (-1) })), 1 + 100 * 2);
    assert_eq!(cost("query Q($n: Int) { communities(first: $n) { nodes { id } } }", value!({})), 1 + 20 * 2);
    assert_eq!(cost("{ communities(first: 0, last: 3) { nodes { id } } }", value!({})), 1 + 100 * 2);
}

#[test]
fn fragments_cost_what_they_unfold_to() {
    let query =
        "{ communities(first: 10) { nodes { ...N ... on Community { hosts { ...N } } } } } fragment N on Community { id name }";
    assert_eq!(cost(query, value!({})), 1 + 10 * (1 + 2 + 1 + 5 * 2));
    assert_eq!(cost("{ node(id: 1) { id ... on Community { hosts { id } } } }", value!({})), 1 + 1 + 1 + 5);
}

#[test]
fn large_arguments_cost_wherever_they_are_used() {
    let list = |length: usize| Value::List(vec![Value::from(1); length]);
    let query = "query($ids: [Int!]) { community(id: $ids) { id } }";
    assert_eq!(cost(query, value!({})), 2);
    assert_eq!(cost(query, value!({ "ids": (list(200)) })), 2 + 20);
    assert_eq!(cost(&format!("{{ community(id: [{}]) {{ id }} }}", "1 ".repeat(200)), value!({})), 2 + 20);
    let spread = format!(
        "query($ids: [Int!]) {{ communities {{ nodes {{ {} }} }} }} fragment F on Community {{ children(ids: $ids) {{ totalCount }} }}",
        "...F ".repeat(10)
    );
    let refused = |query: &str| guard().check(query, None, &variables(value!({ "ids": (list(10_000)) }))).unwrap_err().code;
    assert_eq!(refused(&spread), ErrorCode::TooComplex);
    let unused =
        format!("query($ids: [Int!]) {{ __typename }} fragment F on Community {{ {} }}", "hosts(ids: $ids) ".repeat(100));
    assert_eq!(refused(&unused), ErrorCode::TooComplex);
}

#[test]
fn what_costs_too_much_is_refused_with_the_figures() {
    let query =
        "{ communities(first: 100) { nodes { children(first: 100) { nodes { children(first: 100) { nodes { id } } } } } } }";
    let refusal = guard().check(query, None, &Variables::default()).unwrap_err();
    assert_eq!((refusal.code, refusal.limit), (ErrorCode::TooComplex, Some(50_000)));
    assert_eq!(refusal.actual, Some(1 + 100 * (1 + 1 + 100 * (1 + 1 + 100 * 2))));
    let error = serde_json::to_value(refusal.into_server_error()).unwrap();
    assert_eq!(
        error["extensions"],
        serde_json::json!({ "code": "TOO_COMPLEX", "limit": 50_000, "actual": 2_020_201, "cost": 2_020_201 })
    );
}
