//! Finds keys that a schema doesn't know. GitHub's schemas let everything else pass, so that a wrong key is never seen.

use serde_json::{Map, Value};

/// What the schemas say of an object: the properties by name, with every schema that has them, and whether more may come.
struct Known<'a> {
    properties: Vec<(&'a str, &'a Value)>,
    open: bool,
}

/// Follows a reference within a document.
pub(crate) fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut at = value;
    while let Some(Value::String(reference)) = at.get("$ref") {
        let pointer = reference.trim_start_matches('#');
        at = document.pointer(pointer).unwrap_or_else(|| panic!("the description has no `{reference}`"));
    }
    at
}

fn collect<'a>(document: &'a Value, schema: &'a Value, known: &mut Known<'a>) {
    let schema = resolve(document, schema);
    let mut says_nothing = true;
    if let Some(Value::Object(properties)) = schema.get("properties") {
        known.properties.extend(properties.iter().map(|(name, schema)| (name.as_str(), schema)));
        // a schema with no properties at all only says that there is an object
        says_nothing = properties.is_empty() && schema.get("additionalProperties").is_none();
    }
    for way in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(parts)) = schema.get(way) {
            says_nothing = false;
            parts
                .iter()
                .filter(|part| part.get("type") != Some(&"null".into()))
                .for_each(|part| collect(document, part, known));
        }
    }
    match schema.get("additionalProperties") {
        Some(Value::Bool(false)) => {}
        Some(Value::Bool(true) | Value::Object(_)) => known.open = true,
        _ => known.open |= says_nothing,
    }
}

fn object(document: &Value, schemas: &[&Value], map: &Map<String, Value>, at: &str, found: &mut Vec<String>) {
    let mut known = Known { properties: Vec::new(), open: false };
    schemas.iter().for_each(|schema| collect(document, schema, &mut known));
    for (key, value) in map {
        let schemas: Vec<&Value> =
            known.properties.iter().filter(|(name, _)| name == key).map(|(_, schema)| *schema).collect();
        if !schemas.is_empty() {
            walk(document, &schemas, value, &format!("{at}.{key}"), found);
        } else if !known.open {
            found.push(format!("{at}.{key}"));
        }
    }
}

fn items<'a>(document: &'a Value, schema: &'a Value, found: &mut Vec<&'a Value>) {
    let schema = resolve(document, schema);
    found.extend(schema.get("items"));
    for way in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(parts)) = schema.get(way) {
            parts.iter().for_each(|part| items(document, part, found));
        }
    }
}

fn walk(document: &Value, schemas: &[&Value], value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => object(document, schemas, map, at, found),
        Value::Array(values) => {
            let mut of = Vec::new();
            schemas.iter().for_each(|schema| items(document, schema, &mut of));
            for (index, value) in values.iter().enumerate().filter(|_| !of.is_empty()) {
                walk(document, &of, value, &format!("{at}[{index}]"), found);
            }
        }
        _ => {}
    }
}

/// Paths of the keys in a value that its schema doesn't know.
pub(crate) fn unknown_keys(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, &[schema], value, "body", &mut found);
    found
}
