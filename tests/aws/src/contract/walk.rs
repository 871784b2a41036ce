//! Walks a value against a shape of a model.

use regex::Regex;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, OnceLock};

/// A member of a structure, and where it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// `uri`, `querystring`; nothing where it is in the body.
    pub(crate) location: Option<String>,
    /// What it is called there.
    pub(crate) sent_as: String,
}

/// A shape, and its pattern once that was asked for.
struct Shape {
    described: Value,
    pattern: OnceLock<Regex>,
    /// Texts that were found to fit. Answers have the same ones again and again.
    fitting: Mutex<HashSet<String>>,
}

/// The shapes of a service.
pub(super) struct Shapes {
    named: BTreeMap<String, Shape>,
    /// Times are texts unless a shape says otherwise.
    times_are_texts: bool,
}

/// Patterns are those of Java. One looks ahead, which says nothing here that the rest doesn't.
fn compile(pattern: &str) -> Regex {
    let pattern = pattern.replace(r"(?=\d|T\d)", "");
    Regex::new(&format!("^(?:{pattern})$")).unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

fn size(described: &Value, name: &str) -> Option<usize> {
    described[name].as_u64().and_then(|size| usize::try_from(size).ok())
}

fn bounds(described: &Value, length: usize, what: &str, at: &str, wrong: &mut Vec<String>) {
    if size(described, "min").is_some_and(|least| length < least) {
        wrong.push(format!("{at} has {length} {what}, fewer than {}", described["min"]));
    }
    if size(described, "max").is_some_and(|most| length > most) {
        wrong.push(format!("{at} has {length} {what}, more than {}", described["max"]));
    }
}

impl Shapes {
    pub(super) fn read(shapes: &Value, protocol: &str) -> Shapes {
        let named = shapes.as_object().expect("shapes").iter().map(|(name, described)| {
            let described = described.clone();
            (name.clone(), Shape { described, pattern: OnceLock::new(), fitting: Mutex::default() })
        });
        Shapes { named: named.collect(), times_are_texts: protocol == "query" }
    }

    fn get(&self, name: &str) -> &Shape {
        self.named.get(name).unwrap_or_else(|| panic!("the model has no shape `{name}`"))
    }

    pub(super) fn error_code(&self, shape: &str) -> Option<&str> {
        self.get(shape).described["error"]["code"].as_str()
    }

    pub(super) fn error_status(&self, shape: &str) -> Option<u16> {
        self.get(shape).described["error"]["httpStatusCode"].as_u64().and_then(|status| u16::try_from(status).ok())
    }

    pub(super) fn is_fault(&self, shape: &str) -> bool {
        self.get(shape).described["fault"] == true
    }

    pub(super) fn members(&self, shape: &str) -> Vec<Member> {
        let described = &self.get(shape).described["members"];
        let member = |(name, member): (&String, &Value)| Member {
            name: name.clone(),
            location: member["location"].as_str().map(str::to_owned),
            sent_as: member["locationName"].as_str().unwrap_or(name).to_owned(),
        };
        described.as_object().map(|members| members.iter().map(member).collect()).unwrap_or_default()
    }

    /// Everything in a value that its shape doesn't allow.
    pub(super) fn check(&self, shape: &str, value: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        self.walk(shape, value, shape, &mut wrong);
        wrong
    }

    fn walk(&self, name: &str, value: &Value, at: &str, wrong: &mut Vec<String>) {
        let shape = self.get(name);
        let described = &shape.described;
        let kind = described["type"].as_str().unwrap_or_default();
        match (kind, value) {
            ("structure", _) if described["document"] == true => {}
            ("structure", Value::Object(map)) => self.structure(described, map, at, wrong),
            ("list", Value::Array(items)) => {
                bounds(described, items.len(), "items", at, wrong);
                let member = described["member"]["shape"].as_str().expect("lists have members");
                items.iter().enumerate().for_each(|(n, item)| self.walk(member, item, &format!("{at}[{n}]"), wrong));
            }
            ("map", Value::Object(map)) => {
                bounds(described, map.len(), "entries", at, wrong);
                for (key, value) in map {
                    let shape_of = |part: &str| described[part]["shape"].as_str().expect("maps have both").to_owned();
                    self.walk(&shape_of("key"), &Value::String(key.clone()), at, wrong);
                    self.walk(&shape_of("value"), value, &format!("{at}.{key}"), wrong);
                }
            }
            ("string", Value::String(text)) => shape.text(text, at, wrong),
            ("integer" | "long", Value::Number(number)) => {
                let Some(number) = number.as_i64() else {
                    wrong.push(format!("{at} is no whole number"));
                    return;
                };
                if described["min"].as_i64().is_some_and(|least| number < least)
                    || described["max"].as_i64().is_some_and(|most| number > most)
                {
                    wrong.push(format!("{at} can't be {number}"));
                }
            }
            ("boolean", Value::Bool(_)) => {}
            ("timestamp", Value::String(text)) if self.times_are_texts || described["timestampFormat"] == "iso8601" => {
                if text.parse::<jiff::Timestamp>().is_err() {
                    wrong.push(format!("{at} is no time"));
                }
            }
            ("timestamp", Value::Number(_)) if !self.times_are_texts && described["timestampFormat"] != "iso8601" => {}
            _ => wrong.push(format!("{at} is no {kind}")),
        }
    }

    fn structure(&self, described: &Value, map: &Map<String, Value>, at: &str, wrong: &mut Vec<String>) {
        let required = described["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            if !map.contains_key(name) {
                wrong.push(format!("{at} has no {name}"));
            }
        }
        if described["union"] == true && map.len() != 1 {
            wrong.push(format!("{at} has {} members instead of one", map.len()));
        }
        for (name, value) in map {
            match described["members"][name]["shape"].as_str() {
                Some(shape) => self.walk(shape, value, &format!("{at}.{name}"), wrong),
                None => wrong.push(format!("{at}.{name} is unknown")),
            }
        }
    }
}

impl Shape {
    fn text(&self, text: &str, at: &str, wrong: &mut Vec<String>) {
        let described = &self.described;
        if self.fitting.lock().expect("no panic while it is held").contains(text) {
            return;
        }
        let before = wrong.len();
        bounds(described, text.chars().count(), "characters", at, wrong);
        if let Some(words) = described["enum"].as_array()
            && !words.iter().any(|word| word == text)
        {
            wrong.push(format!("{at} can't be `{text}`"));
        }
        if let Some(pattern) = described["pattern"].as_str()
            && !self.pattern.get_or_init(|| compile(pattern)).is_match(text)
        {
            wrong.push(format!("{at} doesn't fit {pattern}"));
        }
        if before == wrong.len() && text.len() < 256 {
            self.fitting.lock().expect("no panic while it is held").insert(text.to_owned());
        }
    }
}
