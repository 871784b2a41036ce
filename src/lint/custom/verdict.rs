//! Rules whose answers are findings, and what an answer may be.

use std::collections::BTreeSet;

use regorus::unstable::{Module, Ref};
use regorus::{Engine, Value};
use serde::Deserialize;

use super::files::{Files, invalid, shown};
use super::tree::{beginning, head, is_function, path};
use super::{CUSTOM_DENY, CUSTOM_WARNING};
use crate::access::reading::quote;
use crate::finding::{Finding, Place, Rule};

pub(super) const ANSWERS: &str = "let it hold texts, or objects of `message` and, where they help, `file`, `line`, `help`; files and \
                       lines are in the input";

/// What a rule may answer instead of a text.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    #[serde(default)]
    message: String,
    /// The same, as Conftest and Gatekeeper call it.
    msg: Option<String>,
    help: Option<String>,
    file: Option<String>,
    line: Option<u32>,
}

/// One rule of a package that makes findings.
pub(super) struct Verdict {
    /// `data.PACKAGE.deny`
    pub entry: String,
    /// `PACKAGE.deny`
    pub name: String,
    pub rule: &'static Rule,
    /// Where it is written first.
    pub place: Place,
}

/// What the answers of a rule of this name are. The names are Conftest's: `deny`, `violation` or `warn`, and words behind
/// them after `_`.
pub(super) fn kind_of(name: &str) -> Option<&'static Rule> {
    let mut words = name.split('_');
    let rule = match words.next()? {
        "deny" | "violation" => &CUSTOM_DENY,
        "warn" => &CUSTOM_WARNING,
        _ => return None,
    };
    words.all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric())).then_some(rule)
}

impl Verdict {
    pub fn word(&self) -> &str {
        self.name.rsplit('.').next().unwrap_or("deny")
    }
}

/// Rules by the name of what they define: package, name, and where.
pub(super) fn clauses(engine: &mut Engine, files: &Files<'_>) -> Vec<(String, String, Place)> {
    let mut found = Vec::new();
    for module in engine.get_modules().iter() {
        for clause in &module.policy {
            let head = head(clause);
            let name = path(head).into_iter().next().unwrap_or_default();
            found.push((path(&module.package.refr).join("."), name, files.place(beginning(head))));
        }
    }
    found.sort();
    found
}

/// Package and name of each function.
fn functions(module: &Ref<Module>) -> Vec<(String, String)> {
    let package = path(&module.package.refr).join(".");
    let functions = module.policy.iter().filter(|rule| is_function(rule));
    functions.map(|rule| (package.clone(), path(head(rule)).join("."))).collect()
}

pub(super) fn verdicts(engine: &mut Engine, files: &Files<'_>) -> Result<Vec<Verdict>, Vec<Finding>> {
    let mut verdicts: Vec<Verdict> = Vec::new();
    let functions: BTreeSet<(String, String)> = engine.get_modules().iter().flat_map(functions).collect();
    for (package, name, place) in clauses(engine, files) {
        let Some(rule) = kind_of(&name) else { continue };
        // a helper may be called so
        if functions.contains(&(package.clone(), name.clone())) {
            continue;
        }
        let entry = format!("data.{package}.{name}");
        if verdicts.last().is_none_or(|last| last.entry != entry) {
            verdicts.push(Verdict { entry, name: format!("{package}.{name}"), rule, place });
        }
    }
    if verdicts.is_empty() {
        let message =
            "no package of the custom rules has a `deny`, a `violation` or a `warn`, so nothing is judged".to_owned();
        let help = "write `deny contains message if { … }`, or delete the files";
        return Err(vec![invalid(files.first(), message, help)]);
    }
    Ok(verdicts)
}

/// The finding that an answer asks for, or what is wrong with the answer.
pub(super) fn finding(value: &Value, verdict: &Verdict, known: &BTreeSet<&str>) -> Result<Finding, String> {
    let answer = match value {
        Value::String(text) => Answer { message: text.to_string(), ..Answer::default() },
        Value::Object(fields) if fields.iter().any(|(_, value)| is_list(value)) => {
            return Err("an object of another shape: it holds more than texts and numbers".to_owned());
        }
        Value::Object(_) => {
            let json = serde_json::to_value(value).map_err(|error| quote(&error.to_string()))?;
            serde_json::from_value(json)
                .map_err(|error| format!("an object of another shape: {}", quote(&error.to_string())))?
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Set(_) | Value::Undefined => {
            return Err("something that is neither a text nor an object".to_owned());
        }
    };
    let message = match answer.msg {
        Some(_) if !answer.message.is_empty() => return Err("both a `message` and a `msg`".to_owned()),
        Some(message) => message,
        None => answer.message,
    };
    if message.trim().is_empty() {
        return Err("an empty message".to_owned());
    }
    let place = match (answer.file, answer.line) {
        (Some(file), _) if !known.contains(file.as_str()) => {
            return Err(format!("the file {}, which the input doesn't name", quote(&file)));
        }
        (Some(_), Some(0)) => return Err("line 0; lines count from 1".to_owned()),
        (Some(file), line) => {
            let line = line.unwrap_or(1);
            Place { file, line, column: 1, end_line: line, end_column: 1 }
        }
        (None, Some(_)) => return Err("a line without its file".to_owned()),
        (None, None) => verdict.place.clone(),
    };
    let help = match answer.help {
        Some(help) => shown(&help),
        None => format!("change what the message names; the rule is in {}", verdict.place.file),
    };
    Ok(Finding::new(verdict.rule, place, format!("{} (`{}`)", shown(&message), verdict.name), help))
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Array(_) | Value::Set(_) | Value::Object(_))
}
