//! The GraphQL interface: validated against GitHub's schema, executed on the state.

use crate::world::{Id, Token, World};
use apollo_compiler::executable::Operation;
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::JsonMap;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::sync::LazyLock;

mod commits;
mod connection;
mod cost;
pub(crate) mod error;
mod fields;
mod object;
mod pulls;

pub(crate) use cost::Cost;
use object::{Object, View};

static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    let text = include_str!("../../data/schema.graphql");
    Schema::parse_and_validate(text, "schema.graphql").unwrap_or_else(|error| panic!("{error}"))
});

/// A query that was read and can be executed.
pub(crate) struct Query {
    document: Valid<ExecutableDocument>,
    operation: apollo_compiler::Node<Operation>,
    variables: Valid<JsonMap>,
    pub(crate) cost: Cost,
}

/// What a query can be told about the limits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Left {
    pub(crate) limit: u32,
    pub(crate) used: u32,
    pub(crate) remaining: u32,
    pub(crate) reset: jiff::Timestamp,
}

/// What every field may look at.
pub(crate) struct Sight<'w> {
    pub(crate) world: &'w World,
    pub(crate) token: &'w Token,
    pub(crate) left: Left,
    pub(crate) cost: Cost,
    /// Errors for entries of lists that are null by themselves.
    pub(crate) missing: RefCell<Vec<Value>>,
}

impl Sight<'_> {
    /// Whether the token was made for that organisation, or is a person's for everything.
    pub(crate) fn is_for(&self, organization: Id) -> bool {
        use crate::world::TokenKind;
        match &self.token.kind {
            TokenKind::Classic { .. } => true,
            TokenKind::FineGrained { .. } => organization == self.world.main,
            TokenKind::Installation { installation, .. } => {
                self.world.installations[installation].organization == organization
            }
        }
    }
}

/// The name of the operation in the body of a request, before anything is checked.
pub(crate) fn name_of(body: &Value) -> Option<String> {
    if let Some(name) = body["operationName"].as_str() {
        return Some(name.to_owned());
    }
    let mut words = body["query"].as_str()?.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.find(|word| ["query", "mutation"].contains(word))?;
    words.next().filter(|name| !name.is_empty()).map(str::to_owned)
}

impl Query {
    /// Reads a request. What is wrong with it comes back in words, and no query that is wrong is executed.
    pub(crate) fn read(body: &Value) -> Result<Query, Vec<String>> {
        let keys = body.as_object().ok_or_else(|| vec!["the body is no object".to_owned()])?;
        let unknown = keys.keys().filter(|key| !["query", "variables", "operationName"].contains(&key.as_str()));
        let unknown: Vec<String> = unknown.map(|key| format!("`body.{key}` is unknown")).collect();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let text = body["query"].as_str().ok_or_else(|| vec!["there is no query".to_owned()])?;
        let document = ExecutableDocument::parse_and_validate(&SCHEMA, text, "query.graphql")
            .map_err(|error| error.errors.iter().map(|error| error.error.to_string()).collect::<Vec<_>>())?;
        let operation = document
            .operations
            .get(body["operationName"].as_str())
            .map_err(|error| vec![error.message().to_string()])?
            .clone();
        let given = match &body["variables"] {
            Value::Null => Map::new(),
            Value::Object(map) => map.clone(),
            _ => return Err(vec!["the variables are no object".to_owned()]),
        };
        let declared = |name: &String| operation.variables.iter().any(|variable| variable.name == name.as_str());
        if let Some(name) = given.keys().find(|name| !declared(name)) {
            return Err(vec![format!("the variable `{name}` isn't declared")]);
        }
        let given: JsonMap = given.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let variables = apollo_compiler::request::coerce_variable_values(&SCHEMA, &operation, &given)
            .map_err(|error| vec![error.message().to_string()])?;
        let cost = cost::of(&document, &operation, &variables).map_err(|wrong| vec![wrong])?;
        Ok(Query { document, operation, variables, cost })
    }

    /// Executes a query. Also says what the stand-in itself got wrong.
    pub(crate) fn execute(&self, sight: &Sight) -> (Value, Vec<String>) {
        let root = View { sight, object: Object::Query };
        let response = Execution::new(&SCHEMA, &self.document)
            .operation(&self.operation)
            .coerced_variable_values(&self.variables)
            .execute_sync(&root);
        let response = match response {
            Ok(response) => serde_json::to_value(response).expect("a response is JSON"),
            Err(error) => return (json!({}), vec![error.message().to_string()]),
        };
        error::typed(response, sight.missing.take())
    }
}
