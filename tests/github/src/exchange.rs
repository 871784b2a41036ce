//! Requests as they came, answers as they go.

use serde_json::{Map, Value, json};

/// A request, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without the query.
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    /// Path and query as they came.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// Undoes percent-encoding; what isn't UTF-8 then is left as it is.
pub(crate) fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        match hex.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Encodes a value of a query.
pub(crate) fn encode(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~,/:".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

impl Request {
    pub(crate) fn new(method: &str, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(name, value)| (decode(name), decode(&value.replace('+', " "))))
            .collect();
        let (method, path, target) = (method.to_owned(), path.to_owned(), target.to_owned());
        Request { method, path, query, target, headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_read(&self) -> bool {
        self.method == "GET" || self.is_graphql()
    }

    pub(crate) fn is_graphql(&self) -> bool {
        self.path == "/graphql"
    }
}

/// An answer before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
}

const DOCUMENTATION: &str = "https://docs.github.com/rest";

impl Answer {
    pub(crate) fn ok(body: Value) -> Answer {
        Answer { status: 200, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn created(body: Value) -> Answer {
        Answer { status: 201, ..Answer::ok(body) }
    }

    pub(crate) fn empty(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: None }
    }

    pub(crate) fn error(status: u16, message: &str) -> Answer {
        let body = json!({ "message": message, "documentation_url": DOCUMENTATION, "status": status.to_string() });
        Answer { status, headers: Vec::new(), body: Some(body) }
    }

    pub(crate) fn not_found() -> Answer {
        Answer::error(404, "Not Found")
    }

    /// 422 with what is wrong with which field.
    pub(crate) fn unprocessable(resource: &str, field: &str, message: &str) -> Answer {
        let mut answer = Answer::error(422, "Validation Failed");
        let error = json!({ "resource": resource, "field": field, "code": "custom", "message": message });
        answer.body_mut().insert("errors".to_owned(), json!([error]));
        answer
    }

    /// 422 where the description wants no more than texts.
    pub(crate) fn unprocessable_simply(message: &str) -> Answer {
        let mut answer = Answer::error(422, "Unprocessable Entity");
        answer.body_mut().insert("errors".to_owned(), json!([message]));
        answer
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Answer {
        self.headers.push((name, value.into()));
        self
    }

    fn body_mut(&mut self) -> &mut Map<String, Value> {
        self.body.as_mut().and_then(Value::as_object_mut).expect("an error has a body")
    }
}
