//! The shape of each kind of file, held by the JSON Schemas in `schema/`.

use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{Draft, JsonType, ValidationError, Validator};
use serde_json::Value;

use super::flaw::{Flaws, SCHEMA};
use super::hidden::{quote, quote_all};
use super::kind::FileKind;
use super::place::{Source, Step};
use crate::finding::{Code, Rule, Severity};

/// A field that does not exist.
pub const UNKNOWN_FIELD: Rule = Rule {
    code: Code {
        id: "unknown-field",
        title: "a field does not exist",
        why: "A misspelt field would be ignored, and with it the limit that it sets: a grant with `untill` never ends.",
        example: "untill: 2026-12-01",
        instead: "Use the field's right name; the finding suggests it. `dualkey schema` prints all fields.",
    },
    severity: Severity::Error,
    dated: false,
};

/// No object has so many fields; what comes later isn't looked at for suggestions.
const FIELDS_COMPARED: usize = 100;

struct Compiled {
    schema: Value,
    validator: Validator,
}

/// The JSON Schema of a kind of file; for Rego the one of the document that its rules judge.
pub fn schema_text(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Config => include_str!("../../../schema/config.json"),
        FileKind::Vendor => include_str!("../../../schema/vendor.json"),
        FileKind::Person => include_str!("../../../schema/person.json"),
        FileKind::Group => include_str!("../../../schema/group.json"),
        FileKind::Domain => include_str!("../../../schema/domain.json"),
        FileKind::Role => include_str!("../../../schema/role.json"),
        FileKind::Grant => include_str!("../../../schema/grant.json"),
        FileKind::Bridge => include_str!("../../../schema/bridge.json"),
        FileKind::Policy => include_str!("../../../schema/policy.json"),
        FileKind::Cases => include_str!("../../../schema/cases.json"),
        FileKind::Ratification => include_str!("../../../schema/ratification.json"),
        FileKind::Rego => include_str!("../../../schema/rego-input.json"),
    }
}

fn compile(kind: FileKind) -> Option<Compiled> {
    let schema: Value = serde_json::from_str(schema_text(kind)).ok()?;
    let validator = jsonschema::options().with_draft(Draft::Draft202012).build(&schema).ok()?;
    Some(Compiled { schema, validator })
}

/// Each kind's schema, compiled when the first file of the kind is read.
fn compiled(kind: FileKind) -> Option<&'static Compiled> {
    static ALL: [OnceLock<Option<Compiled>>; FileKind::ALL.len()] = [const { OnceLock::new() }; FileKind::ALL.len()];
    ALL.get(kind as usize)?.get_or_init(|| compile(kind)).as_ref()
}

/// The JSON Schema of a kind of file.
pub(in crate::access) fn schema(kind: FileKind) -> Option<&'static Value> {
    compiled(kind).map(|compiled| &compiled.schema)
}

/// Holds a value against its kind's schema. Nulls stand for what was refused already, and are left out.
pub(super) fn check(kind: FileKind, value: &Value, source: &Source, flaws: &mut Flaws) {
    let Some(compiled) = compiled(kind) else {
        flaws.add(&SCHEMA, 0..0, "the program's own schema cannot be read", "report this: the program is broken");
        return;
    };
    if compiled.validator.is_valid(value) {
        return;
    }
    let mut judge = Judge { kind, schema: &compiled.schema, root: value, source, flaws };
    for error in compiled.validator.iter_errors(value) {
        judge.error(&error);
        if judge.flaws.is_full() {
            return;
        }
    }
}

struct Judge<'a, 'f> {
    kind: FileKind,
    schema: &'a Value,
    root: &'a Value,
    source: &'a Source,
    flaws: &'f mut Flaws,
}

impl<'a> Judge<'a, '_> {
    #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum; the schemas use few of its keywords")]
    fn error(&mut self, error: &ValidationError<'_>) {
        let Some((steps, instance)) = resolve(self.root, error.instance_path().as_str()) else {
            return;
        };
        if instance.is_null() {
            return;
        }
        let subject = self.subject(&steps);
        let add = |flaws: &mut Flaws, message: String, help: String| {
            flaws.add_range(&SCHEMA, self.source.value_range(&steps), message, help);
        };
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                let fields = self.fields(error);
                for name in unexpected {
                    // finding a place takes its time, so a file full of unknown fields ends here
                    if self.flaws.is_full() {
                        return;
                    }
                    self.unknown(name, &steps, instance, &fields);
                }
            }
            ValidationErrorKind::Required { property } => {
                let name = property.as_str().unwrap_or_default();
                // its misspelling is told of, with this name as the suggestion
                let misspelt = |fields: &[&str]| {
                    let of = |key: &String| !fields.contains(&key.as_str()) && closest(key, fields) == Some(name);
                    instance.as_object().is_some_and(|map| map.keys().take(FIELDS_COMPARED).any(of))
                };
                if !misspelt(&self.fields(error)) {
                    let message = format!("{subject} needs {}", quote(name));
                    let help = format!("add {}", quote(&format!("{name}: …")));
                    self.flaws.add_range(&SCHEMA, self.source.key_range(&steps), message, help);
                }
            }
            ValidationErrorKind::Type { kind } => {
                let wanted = match kind {
                    TypeKind::Single(wanted) => Some(*wanted),
                    TypeKind::Multiple(_) => None,
                };
                let (wanted_name, help) = wanted.map_or(("another sort of value", String::new()), |wanted| {
                    (sort_of_type(wanted), how_to_write(wanted, instance))
                });
                add(self.flaws, format!("{subject} needs {wanted_name}, not {}", sort_of(instance)), help);
            }
            ValidationErrorKind::Enum { options } => {
                let words: Vec<&str> = options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                let message =
                    format!("{subject} must be one of {}, not {}", quote_all(words.iter().copied()), shown(instance));
                let help = match instance.as_str().and_then(|word| closest(word, &words)) {
                    Some(word) => format!("did you mean {}?", quote(word)),
                    None => format!("write one of {}", quote_all(words)),
                };
                add(self.flaws, message, help);
            }
            ValidationErrorKind::AnyOf { context } => {
                // the alternative that has the value's own sort says what is wrong in it
                let fits = |branch: &&Vec<ValidationError<'static>>| {
                    !branch.iter().any(|inner| {
                        matches!(inner.kind(), ValidationErrorKind::Type { .. })
                            && inner.instance_path() == error.instance_path()
                    })
                };
                if let Some(branch) = context.iter().find(fits) {
                    for inner in branch {
                        self.error(inner);
                    }
                } else {
                    let message = format!("{subject} needs a word or a list of words, not {}", sort_of(instance));
                    add(self.flaws, message, "write one word, or several as `[one, two]`".to_owned());
                }
            }
            ValidationErrorKind::MinItems { .. }
            | ValidationErrorKind::MinLength { .. }
            | ValidationErrorKind::MinProperties { .. } => {
                add(
                    self.flaws,
                    format!("{subject} must not be empty"),
                    "write at least one, or delete the field".to_owned(),
                );
            }
            ValidationErrorKind::Minimum { limit } => {
                add(self.flaws, format!("{subject} must be at least {limit}"), format!("write {limit} or more"));
            }
            ValidationErrorKind::Maximum { limit } => {
                add(self.flaws, format!("{subject} must be at most {limit}"), format!("write {limit} or less"));
            }
            other => {
                let help = "`dualkey schema` prints what the field takes";
                add(self.flaws, format!("{subject} does not fit its field ({})", other.keyword()), help.to_owned());
            }
        }
    }

    /// What a message speaks of: the path from the root, or the kind.
    fn subject(&self, steps: &[Step<'_>]) -> String {
        if steps.is_empty() {
            return self.kind.noun().to_owned();
        }
        let mut path = String::new();
        for step in steps {
            match step {
                Step::Key(key) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                // people count from one
                Step::Index(index) => path.push_str(&format!("[{}]", index + 1)),
            }
        }
        quote(&path)
    }

    /// The fields of the object that an error is about.
    fn fields(&self, error: &ValidationError<'_>) -> Vec<&'a str> {
        let path = error.schema_path().as_str();
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let properties = self.schema.pointer(parent).and_then(|schema| schema.get("properties"));
        properties.and_then(Value::as_object).map_or_else(Vec::new, |map| map.keys().map(String::as_str).collect())
    }

    fn unknown(&mut self, name: &str, steps: &[Step<'_>], object: &Value, fields: &[&str]) {
        let message = format!("{} is not a field of {}", quote(name), self.subject(steps));
        let help = match closest(name, fields) {
            Some(meant) if object.get(meant).is_some() => {
                format!("did you mean {}? it is there already: delete one of them", quote(meant))
            }
            Some(meant) => format!("did you mean {}?", quote(meant)),
            None => format!("its fields are {}", quote_all(fields.iter().copied())),
        };
        let mut at = steps.to_vec();
        at.push(Step::Key(name));
        self.flaws.add_range(&UNKNOWN_FIELD, self.source.key_range(&at), message, help);
    }
}

/// The value that a JSON Pointer leads to, with the steps.
fn resolve<'a>(root: &'a Value, pointer: &str) -> Option<(Vec<Step<'a>>, &'a Value)> {
    let mut steps = Vec::new();
    let mut value = root;
    for segment in pointer.split('/').skip(1) {
        let segment = segment.replace("~1", "/").replace("~0", "~");
        value = match value {
            Value::Object(map) => {
                let (key, value) = map.get_key_value(&segment)?;
                steps.push(Step::Key(key));
                value
            }
            Value::Array(items) => {
                let index = segment.parse().ok()?;
                steps.push(Step::Index(index));
                items.get(index)?
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return None,
        };
    }
    Some((steps, value))
}

/// The word that was likely meant.
fn closest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', ' '], "_");
    // a longer word is close to nothing, and comparing it would take its time
    if word.len() > 64 {
        return None;
    }
    let word = plain(word);
    known
        .iter()
        .map(|name| (strsim::osa_distance(&word, &plain(name)), *name))
        .filter(|(distance, name)| *distance <= (name.len() / 3).clamp(1, 3))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

fn sort_of_type(wanted: JsonType) -> &'static str {
    match wanted {
        JsonType::String => "text",
        JsonType::Integer | JsonType::Number => "a whole number",
        JsonType::Boolean => "true or false",
        JsonType::Array => "a list",
        JsonType::Object => "a mapping of fields",
        JsonType::Null => "nothing",
    }
}

fn sort_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping of fields",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => quote(text),
        Value::Bool(_) | Value::Number(_) => quote(&value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => sort_of(value).to_owned(),
    }
}

fn how_to_write(wanted: JsonType, value: &Value) -> String {
    match (wanted, value) {
        (JsonType::String, Value::Number(_) | Value::Bool(_)) => {
            format!("put it in quotes: {}", quote(&format!("\"{value}\"")))
        }
        (JsonType::Array, Value::String(word)) => format!("write a list: {}", quote(&format!("[{word}]"))),
        (JsonType::Array, _) => "write a list, each item on a line of its own after `- `".to_owned(),
        (JsonType::Object, _) => "write its fields below it, indented, as `name: value`".to_owned(),
        (JsonType::Integer | JsonType::Number, Value::String(_)) => "write digits, without quotes".to_owned(),
        (JsonType::String | JsonType::Integer | JsonType::Number | JsonType::Boolean | JsonType::Null, _) => {
            format!("write {} after the `:`", sort_of_type(wanted))
        }
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
