//! Finds what a request asks for, and writes answers, in the way of each service.

use crate::contract::{Operation, SERVICES, Service};
use crate::exchange::{Answer, Protocol, Refusal, Request, decode, pairs};
use serde_json::{Map, Value, json};

/// An operation that is asked for, with its input.
pub(crate) struct Asked {
    pub(crate) service: &'static Service,
    pub(crate) operation: &'static Operation,
    pub(crate) input: Value,
}

/// What can't be understood, told in the way of the service if that is known.
pub(crate) struct Misunderstood {
    pub(crate) service: Option<&'static Service>,
    pub(crate) refusal: Refusal,
    pub(crate) wrong: String,
}

fn misunderstood(service: Option<&'static Service>, code: &str, wrong: impl Into<String>) -> Misunderstood {
    let wrong = wrong.into();
    Misunderstood { service, refusal: Refusal::new(code, wrong.clone()), wrong }
}

/// The operation and the input of a request. `signed_for` is the service that its signature names.
pub(crate) fn read(request: &Request, signed_for: Option<&str>) -> Result<Asked, Misunderstood> {
    if let Some(target) = request.header("x-amz-target") {
        return by_target(request, target);
    }
    let service = SERVICES.iter().find(|service| Some(service.signing.as_str()) == signed_for);
    match service.map(|service| (service, Protocol::of(service))) {
        Some((service, Protocol::Query)) => by_form(request, service),
        Some((service, Protocol::Rest)) => by_path(request, service),
        Some((_, Protocol::Json)) => {
            Err(misunderstood(service, "UnknownOperationException", "there is no X-Amz-Target"))
        }
        None => Err(misunderstood(None, "UnknownOperationException", "it can't be told which service is meant")),
    }
}

fn by_target(request: &Request, target: &str) -> Result<Asked, Misunderstood> {
    let (prefix, name) = target.split_once('.').unwrap_or((target, ""));
    let service = SERVICES.iter().find(|service| service.target.as_deref() == Some(prefix));
    let operation = service.and_then(|service| service.operations.get(name));
    let (Some(service), Some(operation)) = (service, operation) else {
        return Err(misunderstood(service, "UnknownOperationException", format!("`{target}` isn't served here")));
    };
    let wrong = |code: &str, wrong: String| misunderstood(Some(service), code, wrong);
    if request.header("content-type") != Some("application/x-amz-json-1.1") {
        return Err(wrong("SerializationException", "Content-Type isn't application/x-amz-json-1.1".to_owned()));
    }
    if request.method != "POST" || request.path != "/" || !request.query.is_empty() {
        return Err(wrong("UnknownOperationException", "it isn't posted to /".to_owned()));
    }
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(input @ Value::Object(_)) => Ok(Asked { service, operation, input }),
        Ok(_) => Err(wrong("SerializationException", "the body is no object".to_owned())),
        Err(error) => Err(wrong("SerializationException", format!("the body isn't JSON: {error}"))),
    }
}

/// No operation with a form that is served here has lists, maps or numbers in it.
fn by_form(request: &Request, service: &'static Service) -> Result<Asked, Misunderstood> {
    let wrong = |code: &str, wrong: String| misunderstood(Some(service), code, wrong);
    let form = String::from_utf8_lossy(&request.body).into_owned();
    let mut input: Map<String, Value> = pairs(&form).into_iter().map(|(name, value)| (name, json!(value))).collect();
    let action = input.shift_remove("Action");
    let name = action.as_ref().and_then(Value::as_str).unwrap_or_default();
    if input.shift_remove("Version").is_none() {
        return Err(wrong("InvalidAction", "the form has no Version".to_owned()));
    }
    match service.operations.get(name) {
        Some(operation) => Ok(Asked { service, operation, input: Value::Object(input) }),
        None => Err(wrong("InvalidAction", format!("`{name}` isn't served here"))),
    }
}

/// What stands for the names in a path, if the path fits.
fn in_path(pattern: &str, path: &str) -> Option<Vec<(String, String)>> {
    let (wanted, parts): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    if wanted.len() != parts.len() {
        return None;
    }
    let mut found = Vec::new();
    for (wanted, part) in wanted.into_iter().zip(parts) {
        match wanted.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) if !part.is_empty() => found.push((name.to_owned(), decode(part))),
            Some(_) => return None,
            None if wanted == part => {}
            None => return None,
        }
    }
    Some(found)
}

fn by_path(request: &Request, service: &'static Service) -> Result<Asked, Misunderstood> {
    let wrong = |code: &str, wrong: String| misunderstood(Some(service), code, wrong);
    let asked = service.operations.values().find_map(|operation| {
        let found = in_path(&operation.path, &request.path)?;
        (operation.method == request.method).then_some((operation, found))
    });
    let Some((operation, found)) = asked else {
        let place = format!("{} {} isn't served here", request.method, request.path);
        return Err(wrong("UnknownOperationException", place));
    };
    let mut input = match serde_json::from_slice::<Value>(&request.body) {
        Ok(Value::Object(map)) => map,
        Err(_) if request.body.is_empty() => Map::new(),
        Ok(_) | Err(_) => return Err(wrong("SerializationException", "the body is no JSON object".to_owned())),
    };
    let members = operation.input.as_deref().map(|shape| service.members(shape)).unwrap_or_default();
    for (place, pairs) in [("uri", &found), ("querystring", &request.query)] {
        for (name, value) in pairs {
            let sent = |member: &&crate::contract::Member| {
                member.location.as_deref() == Some(place) && member.sent_as == *name
            };
            match members.iter().find(sent) {
                Some(member) => input.insert(member.name.clone(), json!(value)),
                None => return Err(wrong("ValidationException", format!("`{name}` in the {place} is unknown"))),
            };
        }
    }
    Ok(Asked { service, operation, input: Value::Object(input) })
}

/// The id of a request. They are counted.
pub(crate) fn request_id(number: usize) -> String {
    format!("00000000-0000-4000-8000-{number:012x}")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn element(name: &str, value: &Value, xml: &mut String) {
    let items = |items: &[Value], xml: &mut String| items.iter().for_each(|item| element("member", item, xml));
    xml.push_str(&format!("<{name}>"));
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| element(name, value, xml)),
        Value::Array(list) => items(list, xml),
        Value::String(text) => xml.push_str(&escaped(text)),
        other => xml.push_str(&other.to_string()),
    }
    xml.push_str(&format!("</{name}>"));
}

/// Writes what came out of an operation.
pub(crate) fn output(asked: &Asked, output: &Value, number: usize) -> Answer {
    let id = request_id(number);
    let status = asked.operation.status;
    match Protocol::of(asked.service) {
        Protocol::Query => {
            let mut xml = format!("<{}Response xmlns=\"{}\">", asked.operation.name, asked.service.namespace);
            element(asked.operation.wrapper.as_deref().unwrap_or("Result"), output, &mut xml);
            element("ResponseMetadata", &json!({ "RequestId": id }), &mut xml);
            xml.push_str(&format!("</{}Response>", asked.operation.name));
            Answer {
                status,
                headers: vec![("Content-Type", "text/xml".to_owned()), ("x-amzn-RequestId", id)],
                body: xml,
            }
        }
        protocol => {
            let media = if protocol == Protocol::Rest { "application/json" } else { "application/x-amz-json-1.1" };
            let headers = vec![("Content-Type", media.to_owned()), ("x-amzn-RequestId", id)];
            Answer { status, headers, body: if status == 204 { String::new() } else { output.to_string() } }
        }
    }
}

/// The members of an error, which say the message under the name that the service has for it.
pub(crate) fn members(service: Option<&Service>, refusal: &Refusal) -> Map<String, Value> {
    let lower = service.is_some_and(|service| Protocol::of(service) != Protocol::Json);
    let name = if lower { "message" } else { "Message" };
    let mut members = Map::from_iter([(name.to_owned(), json!(refusal.message))]);
    members.extend(refusal.members.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    members
}

/// Writes an error.
pub(crate) fn error(service: Option<&'static Service>, refusal: &Refusal, status: u16, number: usize) -> Answer {
    let id = request_id(number);
    let mut body = members(service, refusal);
    match service.map(Protocol::of) {
        Some(Protocol::Query) => {
            let kind = if status < 500 { "Sender" } else { "Receiver" };
            let error = json!({ "Type": kind, "Code": refusal.code, "Message": refusal.message });
            let mut xml = String::new();
            element("ErrorResponse", &json!({ "Error": error, "RequestId": id }), &mut xml);
            Answer {
                status,
                headers: vec![("Content-Type", "text/xml".to_owned()), ("x-amzn-RequestId", id)],
                body: xml,
            }
        }
        Some(Protocol::Rest) => Answer {
            status,
            headers: vec![
                ("Content-Type", "application/json".to_owned()),
                ("x-amzn-ErrorType", refusal.code.clone()),
                ("x-amzn-RequestId", id),
            ],
            body: Value::Object(body).to_string(),
        },
        Some(Protocol::Json) | None => {
            body.insert("__type".to_owned(), json!(refusal.code));
            let headers = vec![("Content-Type", "application/x-amz-json-1.1".to_owned()), ("x-amzn-RequestId", id)];
            Answer { status, headers, body: Value::Object(body).to_string() }
        }
    }
}
