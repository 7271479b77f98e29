//! Who is served the same: those whose operations, variables and rights are equal, wherever in the log they are.

use async_graphql::{
    Name, Positioned, Value, Variables,
    parser::types::{Field, OperationDefinition, Selection, SelectionSet},
};
use convene_application::changes::Group;
use convene_domain::access::Rights;
use sha2::{Digest, Sha256};

use crate::guard::Checked;

/// Where an operation goes on from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Since {
    /// From where the log ends now.
    End,
    /// From a cursor.
    Cursor(String),
    /// Its execution says.
    Unclear,
}

/// The group of an operation, and where it goes on from. That is no part of the group if a variable says it that says
/// nothing else.
pub(super) fn group(text: &str, checked: &Checked, variables: &Variables, rights: &Rights) -> (Group, Since) {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    part(text.as_bytes());
    part(checked.operation_name.as_deref().unwrap_or_default().as_bytes());
    part(&rights.to_bytes());
    let after = checked.definition().and_then(after).filter(|name| uses(text, name) == 2);
    for (name, value) in variables.iter().filter(|(name, _)| Some(*name) != after.as_ref()) {
        part(name.as_bytes());
        part(&serde_json::to_vec(value).unwrap_or_default());
    }
    let from = match after {
        None => {
            if checked.definition().is_some_and(says_after) {
                Since::Unclear
            } else {
                Since::End
            }
        }
        Some(name) => match variables.get(&name) {
            Some(Value::String(cursor)) => Since::Cursor(cursor.clone()),
            // A default is part of the text.
            None if checked.definition().is_some_and(|it| has_default(it, &name)) => Since::Unclear,
            None | Some(Value::Null) => Since::End,
            Some(_) => Since::Unclear,
        },
    };
    (Group(hash.finalize().into()), from)
}

/// Whether the operation's field has an `after` of any kind, as far as that shows without its fragments.
fn says_after(operation: &OperationDefinition) -> bool {
    root(&operation.selection_set.node).is_none_or(|field| field.arguments.iter().any(|(name, _)| name.node == "after"))
}

/// Whether a variable has a value when the request gives none.
fn has_default(operation: &OperationDefinition, variable: &Name) -> bool {
    let mut all = operation.variable_definitions.iter().map(|it| &it.node);
    all.any(|it| it.name.node == *variable && it.default_value.is_some())
}

/// The variable that the operation's field gets its `after` from.
fn after(operation: &OperationDefinition) -> Option<Name> {
    let (_, value) = root(&operation.selection_set.node)?.arguments.iter().find(|(name, _)| name.node == "after")?;
    value.node.clone().into_const_with(Err).err()
}

fn root(set: &SelectionSet) -> Option<&Field> {
    match set.items.as_slice() {
        [Positioned { node: Selection::Field(field), .. }] => Some(&field.node),
        _ => None,
    }
}

/// How often a document names a variable: once where it is declared, and wherever it is used. What looks like one in a
/// text or a remark is counted too, and a `$` with anything but a name behind it counts for many: then nothing is shared
/// that could have been.
fn uses(text: &str, variable: &str) -> usize {
    let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let after_each = text.match_indices('$').map(|(at, _)| &text[at + 1..]);
    let one = |rest: &str| match rest.strip_prefix(variable) {
        _ if !rest.starts_with(in_name) => 3,
        Some(rest) if !rest.starts_with(in_name) => 1,
        _ => 0,
    };
    after_each.map(one).sum()
}

#[cfg(test)]
mod tests {
    use async_graphql::value;

    use super::*;
    use crate::guard::{Guard, Limits};

    fn of(text: &str, variables: async_graphql::Value, rights: &Rights) -> Group {
        let guard = Guard::try_new(Limits::default(), &crate::sdl(false)).unwrap();
        let variables = Variables::from_value(variables);
        group(text, &guard.check(text, None, &variables).unwrap(), &variables, rights).0
    }

    const FOLLOW: &str = "subscription ($within: ID!, $after: String) { changed(within: $within, after: $after) { cursor } }";

    #[test]
    fn where_they_are_does_not_part_those_who_follow_the_same() {
        let first = of(FOLLOW, value!({ "within": "net_1", "after": "a" }), &Rights::public());
        assert_eq!(first, of(FOLLOW, value!({ "within": "net_1", "after": "b" }), &Rights::public()));
        assert_eq!(first, of(FOLLOW, value!({ "within": "net_1" }), &Rights::public()));
    }

    #[test]
    fn what_they_follow_and_may_read_does() {
        let first = of(FOLLOW, value!({ "within": "net_1" }), &Rights::public());
        assert_ne!(first, of(FOLLOW, value!({ "within": "net_2" }), &Rights::public()));
        assert_ne!(first, of(FOLLOW, value!({ "within": "net_1" }), &Rights::all()));
        assert_ne!(
            first,
            of(&FOLLOW.replace("cursor", "cursor change { kind }"), value!({ "within": "net_1" }), &Rights::public())
        );
    }

    #[test]
    fn where_they_go_on_from_is_told() {
        let from = |text: &str, variables: async_graphql::Value| {
            let guard = Guard::try_new(Limits::default(), &crate::sdl(false)).unwrap();
            let variables = Variables::from_value(variables);
            group(text, &guard.check(text, None, &variables).unwrap(), &variables, &Rights::public()).1
        };
        assert_eq!(from(FOLLOW, value!({ "within": "net_1", "after": "a" })), Since::Cursor("a".to_owned()));
        assert_eq!(from(FOLLOW, value!({ "within": "net_1", "after": null })), Since::End);
        assert_eq!(from(FOLLOW, value!({ "within": "net_1" })), Since::End);
        let plain = "subscription { changed(within: \"net_1\") { cursor } }";
        assert_eq!(from(plain, value!({})), Since::End);
        let fixed = "subscription { changed(within: \"net_1\", after: \"a\") { cursor } }";
        assert_eq!(from(fixed, value!({})), Since::Unclear);
        let default = FOLLOW.replace("$after: String", "$after: String = \"a\"");
        assert_eq!(from(&default, value!({ "within": "net_1" })), Since::Unclear);
        assert_eq!(from(&default, value!({ "within": "net_1", "after": null })), Since::End);
        let hidden =
            "subscription { ...all } fragment all on Subscription { changed(within: \"net_1\", after: \"a\") { cursor } }";
        assert_eq!(from(hidden, value!({})), Since::Unclear);
    }

    #[test]
    fn a_cursor_that_is_used_elsewhere_too_is_part_of_the_question() {
        let both = "subscription ($within: ID!, $after: String) { changed(within: $within, after: $after) { entity { \
                    ... on Community { gatherings(after: $after) { totalCount } } } } }";
        let of = |after: &str| of(both, value!({ "within": "net_1", "after": after }), &Rights::public());
        assert_ne!(of("a"), of("b"));
        let apart = FOLLOW.replace("after: $after", "after: $ after");
        let of = |after: &str| super::tests::of(&apart, value!({ "within": "net_1", "after": after }), &Rights::public());
        assert_ne!(of("a"), of("b"), "what is written so is not looked through");
    }
}
