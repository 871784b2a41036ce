//! From a file's bytes to its raw type, strictly: what two readers could take differently is refused.

mod attributes;
mod flaw;
mod hidden;
mod kind;
mod place;
mod plain;
#[cfg(test)]
mod plain_tests;
mod scalar;
mod schema;
mod span;
#[cfg(test)]
mod tests;
mod yaml;

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

pub use attributes::REVIEW_DIFF_HIDDEN;
pub use flaw::{SCHEMA, TOO_LARGE};
pub use hidden::{HIDDEN_CHARACTER, is_hidden, quote};
pub use kind::{
    CONFIG_PATH, Claim, FileKind, INVALID_ID, NOT_SUPPORTED, NamedFile, UNEXPECTED_FILE, ratification_path,
    repeated_ids,
};
pub use place::{Source, Step};
pub(super) use scalar::as_ended;
pub(super) use schema::schema;
pub use schema::{UNKNOWN_FIELD, schema_text};
pub use yaml::{DUPLICATE_KEY, INVALID_YAML, YAML_FEATURE};

use super::raw;
use crate::finding::{Code, Finding, Place, Rule, Severity};
use crate::repository::Managed;
use flaw::{Flaw, Flaws};

/// A time that does not exist or is written in another way.
pub const INVALID_DATE: Rule = Rule {
    code: Code {
        id: "invalid-date",
        title: "a date or an instant is not valid",
        why: "Access ends by what is written here. A day that does not exist, an instant without an offset or a \
              number of seconds would end it at a time that nobody meant.",
        example: "until: 2026-02-30",
        instead: "Write a day as `2026-11-24`, or an instant with its offset as `2026-11-24T09:00:00Z`.",
    },
    severity: Severity::Error,
    dated: false,
};

/// A custom rule that can't be judged.
pub const INVALID_REGO: Rule = Rule {
    code: Code {
        id: "invalid-rego",
        title: "a custom rule can't be judged",
        why: "A rule that doesn't compile, fails while it runs, does too much or answers in another shape than asked \
              has found nothing, which isn't the same as that there is nothing to find.",
        example: "# policies/tickets.rego\ndeny contains message if {\n  not input.grants[id].ticket\n  \
                  message := 7\n}",
        instead: "Let `deny` and `warn` hold texts, or objects with `message` and, where it helps, `file`, `line` and \
                  `help`. `dualkey schema rego-input` prints what a rule is given.",
    },
    severity: Severity::Error,
    dated: false,
};

/// The rules about reading files.
pub const RULES: &[&Rule] = &[
    &INVALID_YAML,
    &DUPLICATE_KEY,
    &YAML_FEATURE,
    &TOO_LARGE,
    &HIDDEN_CHARACTER,
    &SCHEMA,
    &UNKNOWN_FIELD,
    &UNEXPECTED_FILE,
    &INVALID_DATE,
    &INVALID_ID,
    &INVALID_REGO,
    &NOT_SUPPORTED,
    &REVIEW_DIFF_HIDDEN,
];

/// The largest file that is read. A larger one need not be loaded: its size is enough.
pub const MAX_SIZE: u64 = 1 << 20;

/// The version of the format that this program reads.
pub const FORMAT_VERSION: u64 = 1;

/// A file in the shape of its kind.
#[derive(Clone, Debug)]
pub enum RawFile {
    Config(raw::Config),
    Vendor(raw::Vendor),
    Person(raw::Person),
    Group(raw::Group),
    Domain(raw::Domain),
    Role(raw::Role),
    Grant(raw::Grant),
    Bridge(raw::Bridge),
    Policy(raw::Policy),
    Cases(Arc<raw::Cases>),
    Ratification(raw::Ratification),
    /// Its text is all that is read; what it means is said where rules are judged.
    Rego,
}

/// What was read from one file.
#[derive(Debug)]
pub struct Parsed {
    pub source: Arc<Source>,
    /// There only when nothing is wrong with the file.
    pub raw: Option<RawFile>,
    /// `dualkey.yaml` only: the version it names, also when it is not `FORMAT_VERSION`.
    pub version: Option<u64>,
    pub findings: Vec<Finding>,
}

/// Reads a file of a repository. `bytes` may be empty where `size` is above `MAX_SIZE`.
pub fn read(path: impl Into<Arc<str>>, bytes: impl Into<Arc<[u8]>>, size: u64) -> Parsed {
    read_under(path, bytes, size, &Managed::default())
}

/// The same under settings that name further paths as managed.
pub fn read_under(path: impl Into<Arc<str>>, bytes: impl Into<Arc<[u8]>>, size: u64, managed: &Managed) -> Parsed {
    let (path, bytes) = (path.into(), bytes.into());
    match FileKind::of_path(&path) {
        Claim::File(kind, _) => parse(kind, Arc::clone(&path), bytes, size),
        Claim::NotOurs => beside(path, &bytes, size, managed),
        Claim::Placeholder if size == 0 && bytes.is_empty() => bare(&path, None),
        Claim::Placeholder => {
            let message = "`.gitkeep` is not empty";
            let help = "empty it or delete it";
            bare(&path, Some(Finding::new(&UNEXPECTED_FILE, Place::whole_file(&*path), message, help)))
        }
        Claim::Refused { rule, message, help } => {
            bare(&path, Some(Finding::new(rule, Place::whole_file(&*path), message, help)))
        }
    }
}

/// A managed file of no kind: its text is kept to be shown and counted, and what steers a review is looked at.
fn beside(path: Arc<str>, bytes: &Arc<[u8]>, size: u64, managed: &Managed) -> Parsed {
    let mut flaws = Flaws::default();
    let text = String::from_utf8_lossy(bytes);
    if size > MAX_SIZE && attributes::is_read(&path) {
        let message = format!("the file has {size} bytes; {MAX_SIZE} are allowed");
        flaws.add(&TOO_LARGE, 0..0, message, "split the file");
    } else if attributes::is_attributes(&path) {
        attributes::check(&path, &text, managed, &mut flaws);
    }
    let bytes = match text {
        Cow::Borrowed(_) => Arc::clone(bytes),
        Cow::Owned(text) => Arc::from(text.into_bytes()),
    };
    with_flaws(Source::plain(path, bytes), flaws)
}

fn bare(path: &Arc<str>, finding: Option<Finding>) -> Parsed {
    let source = Arc::new(Source::plain(Arc::clone(path), Arc::default()));
    Parsed { source, raw: None, version: None, findings: finding.into_iter().collect() }
}

/// A file that is shown, but says nothing more than what is wrong with it.
fn with_flaws(source: Source, flaws: Flaws) -> Parsed {
    Parsed { findings: findings(flaws, &source), source: Arc::new(source), raw: None, version: None }
}

/// What a file of another program says as YAML: values may be missing in it, and keys may be words such as `on`. None where
/// anything else is wrong with it.
pub fn foreign_value(text: &str) -> Option<Value> {
    let mut flaws = Flaws::default();
    hidden::check(text, &mut flaws);
    let (value, _) = yaml::load(text, &mut flaws);
    value.filter(|_| flaws.into_list().iter().all(yaml::is_clear))
}

/// What a text says as YAML; None where anything is wrong with that.
pub(super) fn value(text: &str) -> Option<Value> {
    let mut flaws = Flaws::default();
    hidden::check(text, &mut flaws);
    let (value, _) = yaml::load(text, &mut flaws);
    value.filter(|_| flaws.is_empty())
}

/// True where an unquoted value is text to every tool.
pub(super) fn is_text(value: &str) -> bool {
    scalar::resolve(value) == scalar::Plain::Text
}

/// Reads a file as one of a kind, whatever its path says.
pub fn parse(kind: FileKind, path: impl Into<Arc<str>>, bytes: impl Into<Arc<[u8]>>, size: u64) -> Parsed {
    let (path, bytes): (Arc<str>, Arc<[u8]>) = (path.into(), bytes.into());
    let mut flaws = Flaws::default();
    let size = size.max(bytes.len() as u64);
    if size > MAX_SIZE {
        let message = format!("the file has {size} bytes; {MAX_SIZE} are allowed");
        flaws.add(&TOO_LARGE, 0..0, message, "split the file");
        return with_flaws(Source::plain(path, Arc::default()), flaws);
    }
    let invalid = if kind == FileKind::Rego { &INVALID_REGO } else { &INVALID_YAML };
    let (content, whole) = decode(&bytes, invalid, &mut flaws);
    hidden::check(content, &mut flaws);
    if kind == FileKind::Rego {
        let raw = flaws.is_empty().then_some(RawFile::Rego);
        return Parsed { raw, ..with_flaws(Source::plain(path, Arc::clone(&bytes)), flaws) };
    }
    let value = match plain::load(content).filter(|_| whole && flaws.is_empty()) {
        Some((value, _)) => Some(value),
        None if whole => yaml::load(content, &mut flaws).0,
        None => None,
    };
    let source = Source::yaml(path, Arc::clone(&bytes));
    let mut version = None;
    let mut raw = None;
    if let Some(value) = value {
        if kind == FileKind::Config {
            version = value.get("version").and_then(Value::as_u64);
        }
        if version.is_some_and(|version| version != FORMAT_VERSION) {
            // a file of another version has other fields: only its number can be judged
            let message = format!("this program does not know version {} of the format", version.unwrap_or_default());
            let help = format!("write `version: {FORMAT_VERSION}`, or use the program that the version needs");
            flaws.add_range(&SCHEMA, source.value_range(&[Step::Key("version")]), message, help);
        } else {
            schema::check(kind, &value, &source, &mut flaws);
        }
        if flaws.is_empty() {
            raw = deserialize(kind, value, &mut flaws);
        }
    }
    Parsed { raw, version, ..with_flaws(source, flaws) }
}

/// What is wrong with a file, in the order of places.
fn findings(flaws: Flaws, source: &Source) -> Vec<Finding> {
    let mut findings: Vec<Finding> = flaws.into_list().iter().map(|flaw| finding(flaw, source)).collect();
    findings.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
    findings
}

fn finding(flaw: &Flaw, source: &Source) -> Finding {
    let finding = Finding::new(flaw.rule, source.place_of(&flaw.range), flaw.message.as_str(), flaw.help.as_str());
    match &flaw.related {
        Some((range, message)) => finding.related(source.place_of(range), *message),
        None => finding,
    }
}

/// The text of a file, and whether it is all of it: where the bytes are not UTF-8, what stands before.
fn decode<'a>(bytes: &'a [u8], invalid: &'static Rule, flaws: &mut Flaws) -> (&'a str, bool) {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        flaws.add(invalid, 0..0, "the file is written in UTF-16", "save it as UTF-8");
        return ("", false);
    }
    let (text, whole) = match std::str::from_utf8(bytes) {
        Ok(text) => (text, true),
        Err(error) => {
            let end = error.valid_up_to();
            flaws.add(invalid, end..end, "the file is not UTF-8 from here on", "save it as UTF-8");
            (place::valid(bytes), false)
        }
    };
    if text.starts_with('\u{feff}') {
        let help = "save it as UTF-8 without a byte order mark";
        flaws.add(invalid, 0..'\u{feff}'.len_utf8(), "the file starts with a byte order mark", help);
    }
    if let Some(at) = text.find('\r') {
        let help = "end lines with a line feed alone; in git, set `* text eol=lf` in `.gitattributes`";
        flaws.add(invalid, at..at + 1, "a line ends in a carriage return", help);
    }
    (text, whole)
}

fn deserialize(kind: FileKind, value: Value, flaws: &mut Flaws) -> Option<RawFile> {
    match kind {
        FileKind::Config => of_type(value, flaws).map(RawFile::Config),
        FileKind::Vendor => of_type(value, flaws).map(RawFile::Vendor),
        FileKind::Person => of_type(value, flaws).map(RawFile::Person),
        FileKind::Group => of_type(value, flaws).map(RawFile::Group),
        FileKind::Domain => of_type(value, flaws).map(RawFile::Domain),
        FileKind::Role => of_type(value, flaws).map(RawFile::Role),
        FileKind::Grant => of_type(value, flaws).map(RawFile::Grant),
        FileKind::Bridge => of_type(value, flaws).map(RawFile::Bridge),
        FileKind::Policy => of_type(value, flaws).map(RawFile::Policy),
        FileKind::Cases => of_type(value, flaws).map(|cases| RawFile::Cases(Arc::new(cases))),
        FileKind::Ratification => of_type(value, flaws).map(RawFile::Ratification),
        FileKind::Rego => None,
    }
}

/// The schema is made of the types, so this finds nothing more; should they ever differ, the file is refused.
fn of_type<T: DeserializeOwned>(value: Value, flaws: &mut Flaws) -> Option<T> {
    match serde_json::from_value(value) {
        Ok(raw) => Some(raw),
        Err(error) => {
            let message = format!("the file does not fit its kind: {}", quote(&error.to_string()));
            flaws.add(&SCHEMA, 0..0, message, "`dualkey schema` prints what its fields take");
            None
        }
    }
}
