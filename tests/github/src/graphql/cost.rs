//! What a query costs: nodes and points, counted from how many items it asks for and not from what it gets.

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{Field, Operation, Selection, SelectionSet};
use apollo_compiler::response::JsonMap;

/// The most nodes that a query may ask for.
const MOST_NODES: u64 = 500_000;

/// The most numbers that `nodes` takes.
const MOST_IDS: usize = 100;

/// What a query costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cost {
    /// Nodes of all connections, as many as could come.
    pub(crate) nodes: u64,
    /// Points of the hour.
    pub(crate) points: u32,
}

struct Count<'a> {
    document: &'a ExecutableDocument,
    variables: &'a JsonMap,
    nodes: u64,
    requests: u64,
}

impl Count<'_> {
    fn number(&self, field: &Field, name: &str) -> Option<i64> {
        let argument = field.arguments.iter().find(|argument| argument.name == name)?;
        match &*argument.value {
            Value::Variable(variable) => self.variables.get(variable.as_str())?.as_i64(),
            value => value.to_i32().map(i64::from),
        }
    }

    fn list(&mut self, set: &SelectionSet, times: u64) -> Result<(), String> {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => self.field(field, times)?,
                Selection::InlineFragment(fragment) => self.list(&fragment.selection_set, times)?,
                Selection::FragmentSpread(spread) => {
                    if let Some(fragment) = self.document.fragments.get(&spread.fragment_name) {
                        self.list(&fragment.selection_set, times)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, times: u64) -> Result<(), String> {
        let name = &field.name;
        let mut times = times;
        if field.ty().inner_named_type().as_str().ends_with("Connection") {
            let (first, last) = (self.number(field, "first"), self.number(field, "last"));
            let items = match (first, last) {
                (Some(items), None) | (None, Some(items)) => items,
                (None, None) => {
                    return Err(format!(
                        "You must provide a `first` or `last` value to properly paginate the `{name}` connection."
                    ));
                }
                (Some(_), Some(_)) => {
                    return Err(format!(
                        "Passing both `first` and `last` to paginate the `{name}` connection is not supported."
                    ));
                }
            };
            if !(1..=100).contains(&items) {
                return Err(format!(
                    "Requesting {items} records on the `{name}` connection exceeds the limit of 100 records."
                ));
            }
            self.requests += times;
            times *= items.unsigned_abs();
            self.nodes += times;
        }
        if name == "nodes"
            && let Some(argument) = field.arguments.iter().find(|argument| argument.name == "ids")
        {
            let ids = match &*argument.value {
                Value::Variable(variable) => {
                    self.variables.get(variable.as_str()).and_then(|ids| ids.as_array()).map_or(0, Vec::len)
                }
                value => value.as_list().map_or(0, <[_]>::len),
            };
            if ids > MOST_IDS {
                return Err(format!("You may not provide more than {MOST_IDS} node ids; you provided {ids}."));
            }
        }
        self.list(&field.selection_set, times)
    }
}

/// Counts a query, or says which rule of GitHub's it breaks.
pub(super) fn of(document: &ExecutableDocument, operation: &Operation, variables: &JsonMap) -> Result<Cost, String> {
    let mut count = Count { document, variables, nodes: 0, requests: 0 };
    count.list(&operation.selection_set, 1)?;
    if count.nodes > MOST_NODES {
        return Err(format!("This query requests up to {} possible nodes, which exceeds {MOST_NODES}.", count.nodes));
    }
    let points = u32::try_from((count.requests + 50) / 100).unwrap_or(u32::MAX).max(1);
    Ok(Cost { nodes: count.nodes, points })
}
