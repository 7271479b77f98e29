//! The cost of an operation: about how many fields its answer can hold.
//!
//! Each field costs 1 and `totalCount` 10, for it counts rows, and every ten values in its arguments 1 more, for they are copied each
//! time the field is resolved. A connection multiplies what is below it by the page asked for, any other list by a guess. Variables
//! decide page sizes, so this is computed for each request.

use std::collections::HashMap;

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
};

use super::catalog::{self, Catalog, Times};

/// What a page holds when nobody says.
const DEFAULT_PAGE: u64 = 20;
/// The largest page. Sizes that the resolver is going to refuse count as this.
const LARGEST_PAGE: u64 = 100;
/// What it costs to count a list.
const TOTAL_COUNT: u64 = 10;

/// How many values in arguments weigh as much as a field.
const VALUES_A_FIELD: u64 = 10;

/// How many values a value holds, itself included.
pub(super) fn values(value: &Value) -> u64 {
    match value {
        Value::List(items) => 1 + items.iter().map(values).sum::<u64>(),
        Value::Object(object) => 1 + object.values().map(values).sum::<u64>(),
        _ => 1,
    }
}

/// The cost of one operation of a checked document.
pub(super) fn of(
    catalog: &Catalog,
    document: &ExecutableDocument,
    operation: &OperationDefinition,
    variables: &Variables,
) -> u64 {
    let mut walk = Walk { catalog, document, operation, variables, fragments: HashMap::new(), variable_sizes: HashMap::new() };
    walk.set(Some(catalog::root(operation.ty)), &operation.selection_set.node)
}

struct Walk<'a> {
    catalog: &'a Catalog,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    fragments: HashMap<&'a str, u64>,
    variable_sizes: HashMap<Name, u64>,
}

impl<'a> Walk<'a> {
    /// `parent` is unknown below a field that the schema does not have; validation refuses those after us.
    fn set(&mut self, parent: Option<&'a str>, set: &'a SelectionSet) -> u64 {
        let costs = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => self.field(parent, &field.node),
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                self.set(on.or(parent), &inline.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
        });
        costs.fold(0, u64::saturating_add)
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Field) -> u64 {
        let name = field.name.node.as_str();
        let catalog = self.catalog;
        let known = parent.and_then(|parent| catalog.field(parent, name));
        let times = match known.map_or(Times::Fixed(1), |known| known.times) {
            Times::Fixed(times) => times,
            Times::Page => self.page(field),
        };
        let own = if name == "totalCount" { TOTAL_COUNT } else { 1 } + self.arguments(field) / VALUES_A_FIELD;
        let below = self.set(known.map(|known| known.type_name.as_str()), &field.selection_set.node);
        below.saturating_mul(times).saturating_add(own)
    }

    fn fragment(&mut self, name: &'a str) -> u64 {
        if let Some(cost) = self.fragments.get(name) {
            return *cost;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return 0 };
        let cost = self.set(Some(&fragment.node.type_condition.node.on.node), &fragment.node.selection_set.node);
        self.fragments.insert(name, cost);
        cost
    }

    /// The number of values in the arguments, variables filled in.
    fn arguments(&mut self, field: &Field) -> u64 {
        let mut sum = 0_u64;
        for (_, value) in &field.arguments {
            // Only the names of variables are of interest; each stands for the null that is put in its place, and for its own value.
            let literal = value.node.clone().into_const_with(|name| {
                sum = sum.saturating_add(self.variable_size(&name));
                Ok::<_, std::convert::Infallible>(Value::Null)
            });
            let Ok(literal) = literal;
            sum = sum.saturating_add(values(&literal));
        }
        sum
    }

    fn variable_size(&mut self, name: &Name) -> u64 {
        if let Some(size) = self.variable_sizes.get(name) {
            return *size;
        }
        let size = self.variable(name).as_ref().map_or(0, values);
        self.variable_sizes.insert(name.clone(), size);
        size
    }

    fn page(&self, field: &Field) -> u64 {
        let asked = ["first", "last"].iter().filter_map(|name| field.get_argument(name)).filter_map(|value| {
            // A variable that is nowhere given is the same as an argument that is not.
            let value = value.node.clone().into_const_with(|name| self.variable(&name).ok_or(())).ok()?;
            match value {
                Value::Null => None,
                Value::Number(number) => Some(in_range(number.as_u64())),
                _ => Some(LARGEST_PAGE),
            }
        });
        asked.max().unwrap_or(DEFAULT_PAGE)
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        let definition = self.operation.variable_definitions.iter().find(|it| it.node.name.node == *name);
        let default = || definition.and_then(|it| it.node.default_value.as_ref()).map(|it| &it.node);
        self.variables.get(name).or_else(default).cloned()
    }
}

fn in_range(size: Option<u64>) -> u64 {
    size.filter(|size| (1..=LARGEST_PAGE).contains(size)).unwrap_or(LARGEST_PAGE)
}
