//! What a field says.

use std::collections::BTreeSet;

/// What a field says.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(untagged)]
pub enum Value {
    One(String),
    Many(BTreeSet<String>),
}

impl Value {
    pub fn text(&self) -> String {
        match self {
            Value::One(text) => text.clone(),
            Value::Many(texts) if texts.is_empty() => "none".to_owned(),
            Value::Many(texts) => texts.iter().map(String::as_str).collect::<Vec<_>>().join(", "),
        }
    }
}
