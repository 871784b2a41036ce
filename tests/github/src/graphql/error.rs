//! Errors as GitHub writes them: with a type beside the message.

use apollo_compiler::resolvers::FieldError;
use serde_json::{Map, Value, json};

/// Parts the type from the message on the way through the executor, which knows only messages.
const MARK: char = '\u{1}';

pub(super) fn typed_error(kind: &str, message: &str) -> FieldError {
    FieldError { message: format!("{kind}{MARK}{message}") }
}

/// The token may not see a field.
pub(super) fn forbidden(by_app: bool) -> FieldError {
    let what = if by_app { "integration" } else { "personal access token" };
    typed_error("FORBIDDEN", &format!("Resource not accessible by {what}"))
}

/// The error for an entry of a list of the query itself.
pub(super) fn missing_entry(field: &str, index: usize, message: &str) -> Value {
    json!({ "type": "NOT_FOUND", "path": [field, index], "locations": [], "message": message })
}

/// There is nothing of that name or number, or the token may not know of it.
pub(super) fn not_found(message: &str) -> FieldError {
    typed_error("NOT_FOUND", message)
}

/// Gives errors their types. An error without one is a mistake of the stand-in: a value that the schema doesn't allow.
/// `missing` are entries of a list that are null by themselves, which the executor can't say.
pub(super) fn typed(response: Value, missing: Vec<Value>) -> (Value, Vec<String>) {
    let Value::Object(mut response) = response else { return (response, Vec::new()) };
    let mut mistakes = Vec::new();
    let mut errors = missing;
    for error in response.remove("errors").as_ref().and_then(Value::as_array).unwrap_or(&Vec::new()) {
        let text = error["message"].as_str().unwrap_or_default();
        let text = text.strip_prefix("resolver error: ").unwrap_or(text);
        let Some((kind, message)) = text.split_once(MARK) else {
            mistakes.push(format!("{}: {text}", error["path"]));
            continue;
        };
        let mut shown = Map::new();
        shown.insert("type".to_owned(), kind.into());
        for part in ["path", "locations"] {
            shown.insert(part.to_owned(), error.get(part).cloned().unwrap_or(json!([])));
        }
        shown.insert("message".to_owned(), message.into());
        errors.push(Value::Object(shown));
    }
    if !errors.is_empty() {
        response.insert("errors".to_owned(), errors.into());
    }
    (Value::Object(response), mistakes)
}

/// An answer with nothing but an error, as GitHub gives with status 200.
pub(crate) fn only(kind: &str, message: &str) -> Value {
    json!({ "data": null, "errors": [{ "type": kind, "message": message }] })
}
