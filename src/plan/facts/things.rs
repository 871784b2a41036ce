//! What files say, as things with fields: a duties rule, an approval rule, the settings, a person.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::value::Value;
use super::weights::{self, Section, Weight};
use crate::access::reading::{Claim, FileKind, Step};
use crate::access::{ChangeClass, Days, ManagedFile, Revision};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub value: Value,
    pub weight: Weight,
}

/// Something that is spoken of as one.
#[derive(Clone, Debug)]
pub(super) struct Thing {
    /// With names in backticks.
    pub name: String,
    pub section: Section,
    /// Which way is the weaker where the whole of it comes or goes.
    pub presence: Weight,
    /// By their paths within it, with points between the names.
    pub fields: BTreeMap<String, Field>,
    pub class: ChangeClass,
    pub file: String,
    /// Where several files say it together: what each says, by field. Of two values the stricter holds.
    pub said: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Thing {
    pub fn new(name: String, section: Section, value: &Json, (class, file): (ChangeClass, &str)) -> Self {
        let mut fields = BTreeMap::new();
        flatten(section, value, "", &mut fields);
        for (label, default) in weights::defaults(section, value) {
            let weight = weights::weight(section, &label);
            fields.entry(label).or_insert(Field { value: Value::One(default), weight });
        }
        let presence = weights::presence(section);
        Thing { name, section, presence, fields, class, file: file.to_owned(), said: BTreeMap::new() }
    }

    /// The same with what one file more says, of which the stricter holds.
    fn add(&mut self, more: Thing) {
        for (label, field) in more.fields {
            self.said.entry(label.clone()).or_default().insert(more.file.clone(), field.value.clone());
            match self.fields.get_mut(&label) {
                None => drop(self.fields.insert(label, field)),
                Some(held) => held.tighten(field.value),
            }
        }
    }

    /// What a field says, or what holds where it says nothing.
    pub fn field(&self, label: &str) -> Option<Field> {
        let unsaid = || {
            let value = Value::One(weights::unsaid(self.section, label)?.to_owned());
            Some(Field { value, weight: weights::weight(self.section, label) })
        };
        self.fields.get(label).cloned().or_else(unsaid)
    }

    /// The files that say something else of a field in another state of the thing.
    pub fn files(&self, other: &Thing, label: &str) -> BTreeSet<String> {
        let nothing = BTreeMap::new();
        let [here, there] = [self, other].map(|thing| thing.said.get(label).unwrap_or(&nothing));
        here.keys().chain(there.keys()).filter(|file| here.get(*file) != there.get(*file)).cloned().collect()
    }
}

impl Field {
    fn tighten(&mut self, more: Value) {
        match (&mut self.value, more) {
            (Value::Many(held), Value::Many(more)) => held.extend(more),
            (held, more) if self.weight.weakens(Some(&more), Some(held)) => *held = more,
            _ => {}
        }
    }
}

/// Every leaf of a value, by its path.
fn flatten(section: Section, value: &Json, path: &str, fields: &mut BTreeMap<String, Field>) {
    let weight = weights::weight(section, path);
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let text = |value: &Json| scalar(section, path, value);
    let value = match value {
        Json::Object(object) if object.is_empty() => Value::Many(BTreeSet::new()),
        Json::Object(object) => {
            if let (Some(Json::String(login)), Some(Json::Number(id)), 2) =
                (object.get("login"), object.get("id"), object.len())
            {
                Value::One(format!("{login} #{id}"))
            } else {
                object.iter().for_each(|(name, value)| flatten(section, value, &below(name), fields));
                return;
            }
        }
        Json::Array(list) if list.iter().any(|one| one.is_object() || one.is_array()) => {
            for (index, one) in list.iter().enumerate() {
                flatten(section, one, &below(&(index + 1).to_string()), fields);
            }
            return;
        }
        Json::Array(list) => Value::Many(list.iter().map(text).collect()),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) if weight.is_of_sets() => {
            Value::Many(BTreeSet::from([text(value)]))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Value::One(text(value)),
    };
    fields.insert(path.to_owned(), Field { value, weight });
}

fn scalar(section: Section, path: &str, value: &Json) -> String {
    match value {
        Json::String(text) if section == Section::Person && path == "keys" => fingerprint(text),
        Json::String(text) => text.clone(),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => value.to_string(),
    }
}

/// A key by its algorithm and fingerprint; as written where it is none.
fn fingerprint(text: &str) -> String {
    match ssh_key::PublicKey::from_openssh(text) {
        Ok(key) => format!("{} {}", key.algorithm(), key.fingerprint(ssh_key::HashAlg::Sha256)),
        Err(_) => text.to_owned(),
    }
}

/// What a file of another kind than a policy says; none where it is text to the program, or can't be read.
pub(super) fn of_file(file: &ManagedFile, class: ChangeClass) -> Option<BTreeMap<String, Thing>> {
    let Claim::File(kind, id) = FileKind::of_path(file.path()) else { return None };
    let section = match kind {
        FileKind::Policy => return file.value().map(|_| BTreeMap::new()),
        FileKind::Rego | FileKind::Cases => return None,
        FileKind::Config => Section::Settings,
        FileKind::Vendor => Section::Vendor,
        FileKind::Person => Section::Person,
        FileKind::Group if class == ChangeClass::Policy => Section::Judges,
        FileKind::Group => Section::Group,
        FileKind::Domain => Section::Domain,
        FileKind::Role => Section::Role,
        FileKind::Grant => Section::Grant,
        FileKind::Bridge => Section::Bridge,
        FileKind::Ratification => Section::Other,
    };
    let value = file.value()?;
    let name = if section == Section::Settings { "settings".to_owned() } else { format!("{} `{id}`", kind.name()) };
    let thing = Thing::new(name.clone(), section, &value, (class, file.path()));
    Some(BTreeMap::from([(name, thing)]))
}

/// What all files of policies say together: where a rule stands doesn't matter, only that it does.
pub(super) fn policies(revision: &Revision) -> BTreeMap<String, Thing> {
    let mut things = BTreeMap::new();
    let is_policy = |path: &str| matches!(FileKind::of_path(path), Claim::File(FileKind::Policy, _));
    let files: Vec<(&ManagedFile, Json)> = revision
        .files
        .iter()
        .filter(|file| is_policy(file.path()))
        .filter_map(|file| Some((file, file.value()?)))
        .collect();
    let keys: Vec<&String> =
        files.iter().filter_map(|(_, value)| value.as_object()).flat_map(|map| map.keys()).collect();
    for (file, value) in &files {
        for (key, value) in value.as_object().into_iter().flatten() {
            let at = (ChangeClass::Policy, file.path());
            if let Some(section) = together(key) {
                let one = Thing::new(key.clone(), section, value, at);
                let none = || Thing { fields: BTreeMap::new(), ..Thing::new(key.clone(), section, value, at) };
                things.entry(key.clone()).or_insert_with(none).add(one);
                continue;
            }
            let single = keys.iter().filter(|other| **other == key).count() == 1;
            for (name, section, value) in named(revision, file, key, value, single) {
                let mut copy = 1;
                let mut unique = name.clone();
                while things.contains_key(&unique) {
                    copy += 1;
                    unique = format!("{name} ({copy})");
                }
                things.insert(unique.clone(), Thing::new(unique, section, value, at));
            }
        }
    }
    let lasting = "approvals_last";
    let (days, at) = (Json::String(Days::APPROVALS_LAST.to_string()), (ChangeClass::Policy, ""));
    let unsaid = || Thing::new(lasting.to_owned(), Section::Durations, &days, at);
    things.entry(lasting.to_owned()).or_insert_with(unsaid);
    let nothing = Json::Object(serde_json::Map::new());
    let weights =
        || Thing { fields: BTreeMap::new(), ..Thing::new("severities".to_owned(), Section::Severities, &nothing, at) };
    things.entry("severities".to_owned()).or_insert_with(weights);
    things
}

/// What several files say together.
fn together(key: &str) -> Option<Section> {
    match key {
        "limits" => Some(Section::Limits),
        "admins" => Some(Section::Admins),
        "protected" => Some(Section::Protected),
        "severities" => Some(Section::Severities),
        "approvals_last" => Some(Section::Durations),
        _ => None,
    }
}

type Named<'a> = Vec<(String, Section, &'a Json)>;

/// The things below one key of a policy file.
fn named<'a>(revision: &Revision, file: &ManagedFile, key: &str, value: &'a Json, single: bool) -> Named<'a> {
    let text = |value: &Json, name: &str| value.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let beside = if single { String::new() } else { format!(" of `{}`", file.path()) };
    match key {
        "duties" => list.iter().map(|one| (format!("duty `{}`", text(one, "id")), Section::Duty, one)).collect(),
        "approvals" => {
            let name = |(index, one): (usize, &Json)| {
                let place = revision
                    .source(file.path())
                    .map(|source| source.place(&[Step::Key("approvals"), Step::Index(index)]));
                let rules = &revision.access.policy.approvals;
                match rules.iter().find(|rule| Some(&rule.place) == place.as_ref()) {
                    Some(rule) => rule.id.clone(),
                    None => text(one, "change"),
                }
            };
            let all = list.iter().enumerate();
            all.map(|(index, one)| (format!("approval rule `{}`", name((index, one))), Section::Approval, one))
                .collect()
        }
        "waivers" => {
            let name = |one: &Json| format!("waiver of `{}` for `{}`", text(one, "rule"), text(one, "person"));
            list.iter().map(|one| (name(one), Section::Waiver, one)).collect()
        }
        "first_run" => {
            // each is a thing of its own, so that a long list is counted and not cut away as one
            let each = |one: &'a Json| {
                let target = text(one, "target");
                let removes = one.get("removes").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
                removes.iter().filter_map(move |one| {
                    let [kind, resource, account] = ["kind", "resource", "account"].map(|key| text(one, key));
                    let name = format!("first run of `{target}`: taken from {account} on {kind} {resource}");
                    Some((name, Section::Other, one.get("permission")?))
                })
            };
            list.iter().flat_map(each).collect()
        }
        other => vec![(format!("`{other}`{beside}"), Section::Other, value)],
    }
}
