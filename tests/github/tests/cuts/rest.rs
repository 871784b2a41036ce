//! Cuts an OpenAPI description to the operations that are listed and the components that they reach.

use crate::Package;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What only people read, or only generators of clients.
fn is_prose(key: &str) -> bool {
    key.starts_with("x-")
        || [
            "description",
            "summary",
            "title",
            "example",
            "examples",
            "externalDocs",
            "tags",
            "discriminator",
            "operationId",
        ]
        .contains(&key)
}

/// Copies without prose. The keys of `properties` and of `responses` are names of data, so they are all kept.
fn bare(value: &Value, names: bool) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(key, _)| names || !is_prose(key))
                .map(|(key, value)| {
                    let names = !names && ["properties", "responses", "headers", "content"].contains(&key.as_str());
                    (key.clone(), bare(value, names))
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(|item| bare(item, false)).collect()),
        other => other.clone(),
    }
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(to)) = map.get("$ref") {
                found.push(to.clone());
            }
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// One line for each operation and component, so that a difference can be read.
pub fn cut<'a>(package: &Package, file: &str, whole: &Value, operations: impl Iterator<Item = &'a str>) -> String {
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut open = Vec::new();
    for operation in operations {
        let (method, path) = operation.split_once(' ').unwrap();
        let method = method.to_lowercase();
        let found = &whole["paths"][path][&method];
        assert!(found.is_object(), "{file} has no operation `{operation}`");
        let kept = bare(found, false);
        references(&kept, &mut open);
        paths.entry(path.to_owned()).or_default().insert(method, kept);
    }
    let mut components: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    while let Some(reference) = open.pop() {
        let parts: Vec<&str> = reference.strip_prefix("#/components/").unwrap().split('/').collect();
        let [kind, name] = parts[..] else { panic!("a reference into a component: {reference}") };
        let known = components.entry(kind.to_owned()).or_default();
        if !known.contains_key(name) {
            let kept = bare(&whole["components"][kind][name], false);
            references(&kept, &mut open);
            known.insert(name.to_owned(), kept);
        }
    }
    let from = json!({ "package": package.name, "version": package.version, "licence": package.licence, "file": file });
    let mut text = format!("{{\n\"from\": {from},\n\"paths\": {{");
    let mut comma = "";
    for (path, methods) in &paths {
        write!(text, "{comma}\n{}: {{", json!(path)).unwrap();
        comma = "";
        for (method, operation) in methods {
            write!(text, "{comma}\n {}: {operation}", json!(method)).unwrap();
            comma = ",";
        }
        text.push('}');
    }
    text.push_str("},\n\"components\": {");
    comma = "";
    for (kind, members) in &components {
        write!(text, "{comma}\n{}: {{", json!(kind)).unwrap();
        comma = "";
        for (name, member) in members {
            write!(text, "{comma}\n {}: {member}", json!(name)).unwrap();
            comma = ",";
        }
        text.push('}');
    }
    text.push_str("}\n}\n");
    text
}
