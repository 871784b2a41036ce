//! Turns the schemas of an OpenAPI description into JSON Schema.

use serde_json::{Map, Value, json};

/// `nullable` is a type of its own in JSON Schema. Everything else means the same there.
pub(super) fn convert(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut converted: Map<String, Value> = map
                .iter()
                .filter(|(key, _)| *key != "nullable")
                .map(|(key, value)| (key.clone(), convert(value)))
                .collect();
            // a property may be called `nullable` too, and then it isn't a flag
            if map.get("nullable") == Some(&Value::Bool(true)) {
                return json!({ "anyOf": [converted, { "type": "null" }] });
            }
            if let Some(property @ Value::Object(_)) = map.get("nullable") {
                converted.insert("nullable".to_owned(), convert(property));
            }
            Value::Object(converted)
        }
        Value::Array(items) => Value::Array(items.iter().map(convert).collect()),
        other => other.clone(),
    }
}
