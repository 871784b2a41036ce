//! Requests as they came, answers as they go.

use crate::contract::Service;
use serde_json::Value;

/// A request, read whole.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path without the query, as it came.
    pub(crate) path: String,
    /// Decoded names and values.
    pub(crate) query: Vec<(String, String)>,
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

/// Percent-encodes as signatures want it: everything but unreserved characters and those that are named.
pub(crate) fn encode(text: &str, keep: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// Names and values of a query or of a form.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(&name.replace('+', " ")), decode(&value.replace('+', " "))))
        .collect()
}

impl Request {
    pub(crate) fn new(method: &str, target: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request { method: method.to_owned(), path: path.to_owned(), query: pairs(query), headers, body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// Why an operation isn't carried out, as AWS names it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    /// The name of an error, such as `ResourceNotFoundException`.
    pub(crate) code: String,
    pub(crate) message: String,
    /// What else the error tells.
    pub(crate) members: Vec<(&'static str, Value)>,
}

impl Refusal {
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Refusal {
        Refusal { code: code.to_owned(), message: message.into(), members: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Refusal {
        self.members.push((name, value.into()));
        self
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new("ValidationException", message)
    }
}

/// What an operation comes to.
pub(crate) type Outcome = Result<Value, Refusal>;

/// An answer before it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// The way in which a service talks. What can't be told apart any more is answered as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// `X-Amz-Target` says the operation.
    Json,
    /// Method and path say the operation.
    Rest,
    /// A form says the operation, answers are XML.
    Query,
}

impl Protocol {
    pub(crate) fn of(service: &Service) -> Protocol {
        match service.protocol.as_str() {
            "rest-json" => Protocol::Rest,
            "query" => Protocol::Query,
            _ => Protocol::Json,
        }
    }
}
