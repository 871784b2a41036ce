//! Holds requests and answers against GitHub's OpenAPI description.

use super::{schema, strict};
use jsonschema::{Draft, Registry, Validator};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

/// One of the cuts, and where its schemas are found.
struct Description {
    base: &'static str,
    root: Value,
}

/// An operation of the description.
pub(crate) struct Operation {
    /// `GET /orgs/{org}`.
    pub(crate) name: String,
    method: String,
    path: String,
    description: usize,
}

/// Everything that is published about the operations that are served.
pub(crate) struct Contract {
    descriptions: Vec<Description>,
    pub(crate) operations: Vec<Operation>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// Statuses that every operation may answer with; descriptions don't list them everywhere.
const EVERYWHERE: [u16; 11] = [301, 304, 307, 400, 401, 403, 404, 422, 429, 502, 503];

/// Where an answer has nothing although the description doesn't say so: the fork of a pull request may be gone.
const FORGOTTEN: [&str; 2] = ["/head/repo", "/head/user"];

static REGISTRY: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let mut builder = Registry::new().draft(Draft::Draft7);
    for description in &CONTRACT.descriptions {
        builder = builder
            .add(description.base, Draft::Draft7.create_resource(schema::convert(&description.root)))
            .expect("the description is a document");
    }
    builder.prepare().expect("references within the description")
});

/// The contract, read once.
pub(crate) static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let texts = [
        ("json://rest", include_str!("../../data/rest.json")),
        ("json://rest-cloud", include_str!("../../data/rest-cloud.json")),
    ];
    let mut contract = Contract { descriptions: Vec::new(), operations: Vec::new(), validators: Mutex::default() };
    for (description, (base, text)) in texts.into_iter().enumerate() {
        let root: Value = serde_json::from_str(text).expect("the cut is JSON");
        for (path, methods) in root["paths"].as_object().expect("paths") {
            for method in methods.as_object().expect("methods").keys() {
                let name = format!("{} {path}", method.to_uppercase());
                let operation = Operation { name, method: method.clone(), path: path.clone(), description };
                contract.operations.push(operation);
            }
        }
        contract.descriptions.push(Description { base, root });
    }
    contract
});

/// Escapes a part of a JSON pointer for use in a fragment.
fn pointer(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1").replace('{', "%7B").replace('}', "%7D")
}

impl Contract {
    /// The operation that a path means, with what stands for its parameters. Literal parts win over parameters.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(&Operation, BTreeMap<String, String>)> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let mut best: Option<(usize, &Operation, BTreeMap<String, String>)> = None;
        for operation in self.operations.iter().filter(|operation| operation.method.eq_ignore_ascii_case(method)) {
            let wanted: Vec<&str> = operation.path.trim_start_matches('/').split('/').collect();
            if wanted.len() != parts.len() {
                continue;
            }
            let mut literal = 0;
            let mut parameters = BTreeMap::new();
            let fits = wanted.iter().zip(&parts).all(|(wanted, part)| {
                if let Some(name) = wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                    parameters.insert(name.to_owned(), (*part).to_owned());
                    return !part.is_empty();
                }
                literal += 1;
                wanted == part
            });
            if fits && best.as_ref().is_none_or(|(known, ..)| literal > *known) {
                best = Some((literal, operation, parameters));
            }
        }
        best.map(|(_, operation, parameters)| (operation, parameters))
    }

    /// Whether Enterprise Server has the operation too.
    pub(crate) fn is_on_server(operation: &Operation) -> bool {
        !include_str!("../../data/absent-on-server.txt").lines().any(|absent| absent == operation.name)
    }

    fn of(&self, operation: &Operation) -> (&Description, &Value) {
        let description = &self.descriptions[operation.description];
        (description, &description.root["paths"][&operation.path][&operation.method])
    }

    /// The validator of the schema at a place in a description.
    fn validator(&self, base: &str, parts: &[&str]) -> Arc<Validator> {
        let parts: Vec<String> = parts.iter().map(|part| pointer(part)).collect();
        let reference = format!("{base}#/{}", parts.join("/"));
        let mut validators = self.validators.lock().expect("no panic while it is held");
        let made = validators.entry(reference.clone()).or_insert_with(|| {
            let validator = jsonschema::options()
                .with_draft(Draft::Draft7)
                .with_registry(&REGISTRY)
                .should_validate_formats(true)
                .build(&json!({ "$ref": reference }));
            Arc::new(validator.unwrap_or_else(|error| panic!("{reference}: {error}")))
        });
        made.clone()
    }

    /// What a request has that the description doesn't allow.
    pub(crate) fn check_request(
        &self,
        operation: &Operation,
        parameters: &BTreeMap<String, String>,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Vec<String> {
        let (description, described) = self.of(operation);
        let mut wrong = Vec::new();
        let none = Vec::new();
        let known: Vec<&Value> = described["parameters"]
            .as_array()
            .unwrap_or(&none)
            .iter()
            .map(|parameter| strict::resolve(&description.root, parameter))
            .collect();
        let in_query = query.iter().map(|(name, value)| ("query", name, value));
        let in_path = parameters.iter().map(|(name, value)| ("path", name, value));
        for (place, name, value) in in_query.chain(in_path) {
            let described = known.iter().find(|parameter| parameter["in"] == place && parameter["name"] == **name);
            let Some(described) = described else {
                wrong.push(format!("the {place} parameter `{name}` is unknown"));
                continue;
            };
            let schema = strict::resolve(&description.root, &described["schema"]);
            let fits = match schema["type"].as_str() {
                Some("integer") => value.parse::<u64>().is_ok(),
                Some("boolean") => ["true", "false"].contains(&value.as_str()),
                _ => schema["enum"].as_array().is_none_or(|words| words.iter().any(|word| word == value.as_str())),
            };
            if !fits {
                wrong.push(format!("the {place} parameter `{name}` can't be `{value}`"));
            }
        }
        let schema = &described["requestBody"]["content"]["application/json"]["schema"];
        match body {
            None if described["requestBody"]["required"] == true => wrong.push("the body is missing".to_owned()),
            None => {}
            Some(_) if schema.is_null() => wrong.push("the operation takes no body".to_owned()),
            Some(body) => {
                for key in strict::unknown_keys(&description.root, schema, body) {
                    wrong.push(format!("`{key}` is unknown"));
                }
                let at = [
                    "paths",
                    &operation.path,
                    &operation.method,
                    "requestBody",
                    "content",
                    "application/json",
                    "schema",
                ];
                for error in self.validator(description.base, &at).iter_errors(body) {
                    wrong.push(format!("body{}: {error}", error.instance_path()));
                }
            }
        }
        wrong
    }

    /// What an answer has that the description doesn't allow: then the stand-in itself is wrong.
    pub(crate) fn check_answer(&self, operation: &Operation, status: u16, body: Option<&Value>) -> Vec<String> {
        let (description, described) = self.of(operation);
        let code = status.to_string();
        let response = &described["responses"][&code];
        let schema_at = if response.is_null() {
            if !EVERYWHERE.contains(&status) {
                return vec![format!("the status {status} is undocumented")];
            }
            body.map(|_| vec!["components".to_owned(), "schemas".to_owned(), "basic-error".to_owned()])
        } else {
            let mut at: Vec<String> = match response.get("$ref").and_then(Value::as_str) {
                Some(reference) => reference.trim_start_matches("#/").split('/').map(str::to_owned).collect(),
                None => ["paths", &operation.path, &operation.method, "responses", &code].map(str::to_owned).to_vec(),
            };
            let content = &strict::resolve(&description.root, response)["content"]["application/json"];
            at.extend(["content", "application/json", "schema"].map(str::to_owned));
            (!content.is_null()).then_some(at)
        };
        let (body, at) = match (body, schema_at) {
            (None, None) => return Vec::new(),
            (None, Some(_)) if status == 304 => return Vec::new(),
            (None, Some(_)) => return vec![format!("the status {status} has a body")],
            // the description of an error often leaves out that it has a message
            (Some(_), None) if status >= 400 => return Vec::new(),
            (Some(_), None) => return vec![format!("the status {status} has no body")],
            (Some(body), Some(at)) => (body, at),
        };
        let parts: Vec<&str> = at.iter().map(String::as_str).collect();
        let mut wrong = Vec::new();
        let mut schema = &description.root;
        for part in &parts {
            schema = &schema[part];
        }
        if schema.is_null() {
            return wrong;
        }
        if status < 400 {
            wrong.extend(
                strict::unknown_keys(&description.root, schema, body).iter().map(|key| format!("`{key}` is unknown")),
            );
        }
        for error in self.validator(description.base, &parts).iter_errors(body) {
            if error.instance().is_null() && FORGOTTEN.iter().any(|end| error.instance_path().as_str().ends_with(end)) {
                continue;
            }
            wrong.push(format!("body{}: {error}", error.instance_path()));
        }
        wrong
    }
}
