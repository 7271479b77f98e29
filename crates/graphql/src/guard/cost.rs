//! The cost of an operation: about how many fields its answer can hold.
//!
//! Each field costs 1, `totalCount` 10, for it counts rows, and a table of numbers 4,000, and every ten values in its arguments 1 more, for they are copied each
//! time the field is resolved. The lists of a connection count as often as the page asked for has entries, a list that answers ids
//! as often as there are ids, and what is below any other list as often as a guess. Variables decide page sizes, so this is computed
//! for each request. Where the guess was low, the budget of the request ends what costs more in truth.

use std::{collections::HashMap, convert::Infallible};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet},
};

use convene_domain::page::PageRequest;

use super::catalog::{self, Catalog, Times};

/// What it costs to count a list.
const TOTAL_COUNT: u64 = 10;

/// What it costs to find out what these types tell, whatever of it is selected: thousands of records are gone through.
const HEAVY: u64 = 4_000;
const HEAVY_TYPES: [&str; 6] = ["Activity", "Attention", "Comparison", "LifeCycle", "QuietSpells", "ThemePage"];

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
    walk.set(Some(catalog::root(operation.ty)), &operation.selection_set.node).times(1)
}

/// The cost of a selection set.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    /// What costs the same whatever the page.
    once: u64,
    /// What costs this for each entry of a page: the lists of a connection.
    each: u64,
}

impl Cost {
    fn plus(self, other: Self) -> Self {
        Self { once: self.once.saturating_add(other.once), each: self.each.saturating_add(other.each) }
    }

    /// The cost with so many entries on the page.
    fn times(self, entries: u64) -> u64 {
        self.each.saturating_mul(entries).saturating_add(self.once)
    }
}

struct Walk<'a> {
    catalog: &'a Catalog,
    document: &'a ExecutableDocument,
    operation: &'a OperationDefinition,
    variables: &'a Variables,
    fragments: HashMap<&'a str, Cost>,
    variable_sizes: HashMap<Name, u64>,
}

impl<'a> Walk<'a> {
    /// `parent` is unknown below a field that the schema does not have; validation refuses those after us.
    fn set(&mut self, parent: Option<&'a str>, set: &'a SelectionSet) -> Cost {
        let costs = set.items.iter().map(|selection| match &selection.node {
            Selection::Field(field) => self.field(parent, &field.node),
            Selection::InlineFragment(inline) => {
                let on = inline.node.type_condition.as_ref().map(|condition| condition.node.on.node.as_str());
                self.set(on.or(parent), &inline.node.selection_set.node)
            }
            Selection::FragmentSpread(spread) => self.fragment(&spread.node.fragment_name.node),
        });
        costs.fold(Cost::default(), Cost::plus)
    }

    fn field(&mut self, parent: Option<&'a str>, field: &'a Field) -> Cost {
        let name = field.name.node.as_str();
        let catalog = self.catalog;
        let known = parent.and_then(|parent| catalog.field(parent, name));
        let weight = match known {
            _ if name == "totalCount" => TOTAL_COUNT,
            Some(known) if HEAVY_TYPES.contains(&known.type_name.as_str()) => HEAVY,
            _ => 1,
        };
        let own = weight + self.arguments(field) / VALUES_A_FIELD;
        let below = self.set(known.map(|known| known.type_name.as_str()), &field.selection_set.node);
        let of = |times: u64| below.times(1).saturating_mul(times).saturating_add(own);
        match known.map_or(Times::Fixed(1), |known| known.times) {
            Times::Fixed(times) => Cost { once: of(times), each: 0 },
            Times::Argument(name) => Cost { once: of(self.length(field, name)), each: 0 },
            Times::Entries => Cost { once: 0, each: of(1) },
            Times::Page => Cost { once: below.times(self.page(field)).saturating_add(own), each: 0 },
        }
    }

    fn fragment(&mut self, name: &'a str) -> Cost {
        if let Some(cost) = self.fragments.get(name) {
            return *cost;
        }
        let Some(fragment) = self.document.fragments.get(name) else { return Cost::default() };
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
                Ok::<_, Infallible>(Value::Null)
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
                _ => Some(PageRequest::MAX),
            }
        });
        asked.max().unwrap_or(PageRequest::DEFAULT.unsigned_abs())
    }

    /// How many values a list in the arguments has. A value that is no list stands for a list of one.
    fn length(&self, field: &Field, argument: &str) -> u64 {
        let value = field.get_argument(argument).map(|value| {
            let filled = value.node.clone().into_const_with(|name| Ok::<_, Infallible>(self.variable(&name).unwrap_or_default()));
            let Ok(filled) = filled;
            filled
        });
        match value {
            Some(Value::List(list)) => list.len() as u64,
            _ => 1,
        }
    }

    fn variable(&self, name: &Name) -> Option<Value> {
        let definition = self.operation.variable_definitions.iter().find(|it| it.node.name.node == *name);
        let default = || definition.and_then(|it| it.node.default_value.as_ref()).map(|it| &it.node);
        self.variables.get(name).or_else(default).cloned()
    }
}

/// Sizes that the resolver is going to refuse count as the largest.
fn in_range(size: Option<u64>) -> u64 {
    size.filter(|size| (1..=PageRequest::MAX).contains(size)).unwrap_or(PageRequest::MAX)
}
