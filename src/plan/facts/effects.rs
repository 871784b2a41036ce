//! What holds otherwise after a change, as an approval binds it: what is in force, and not where it stands.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::things::{self, Value};
use super::weights::Section;
use crate::access::merge;
use crate::access::reading::{Claim, FileKind};
use crate::access::{ChangeClass, ManagedFile, Revision};

/// One thing that is in force otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    about: String,
    field: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// What is in force, by what it is about and its field.
pub(super) type InForce = BTreeMap<[String; 2], Value>;

/// What a change puts in force otherwise, of all that neither access nor judges tell. Sorted.
///
/// INVARIANT: of what several files say together only what comes of it counts. A file that says what another one says
/// too changes nothing as long as the other stands, and whoever takes both away does something else.
pub fn effects(base: &Revision, head: &Revision) -> Vec<Effect> {
    let changed: Vec<[Option<&ManagedFile>; 2]> = merge(row(base), row(head))
        .filter(|(_, before, after)| before != after)
        .map(|(_, before, after)| [before, after])
        .collect();
    let kinds: BTreeSet<FileKind> = changed.iter().flatten().flatten().filter_map(|file| kind(file)).collect();
    let in_force = |revision: &Revision, files: Vec<&ManagedFile>| {
        let mut found = InForce::new();
        if kinds.contains(&FileKind::Policy) {
            found.extend(policies(revision));
        }
        if kinds.contains(&FileKind::Bridge) {
            found.extend(bridges(revision));
        }
        let things = files.into_iter().filter_map(|file| things::of_file(file, ChangeClass::Policy)).flatten();
        for (about, thing) in things.filter(|(_, thing)| thing.section != Section::Bridge) {
            let fields = thing.fields.into_iter().filter(|(label, _)| !WORDS.contains(&label.as_str()));
            found.extend(fields.map(|(field, said)| ([about.clone(), field], said.value)));
        }
        found
    };
    let before = in_force(base, changed.iter().filter_map(|[before, _]| *before).collect());
    let after = in_force(head, changed.iter().filter_map(|[_, after]| *after).collect());
    merge(before.iter(), after.iter())
        .filter(|(_, before, after)| before != after)
        .map(|([about, field], before, after)| Effect {
            about: about.clone(),
            field: field.clone(),
            before: before.cloned(),
            after: after.cloned(),
        })
        .collect()
}

/// Fields that are words alone.
const WORDS: &[&str] = &["title", "name", "reason"];

fn row(revision: &Revision) -> impl Iterator<Item = (&str, &ManagedFile)> {
    revision.files.iter().filter(|file| kind(file).is_some()).map(|file| (file.path(), file))
}

/// The kind of a file that decides about more than who holds what and who judges: of those access and judges tell.
fn kind(file: &ManagedFile) -> Option<FileKind> {
    match FileKind::of_path(file.path()) {
        Claim::File(FileKind::Person | FileKind::Group | FileKind::Grant | FileKind::Cases | FileKind::Rego, _) => None,
        Claim::File(kind, _) => Some(kind),
        Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => None,
    }
}

/// What policies hold, wherever it stands.
pub(super) fn policies(revision: &Revision) -> impl Iterator<Item = ([String; 2], Value)> {
    things::policies(revision).into_iter().flat_map(|(about, thing)| {
        thing.fields.into_iter().map(move |(field, said)| ([about.clone(), field], said.value))
    })
}

/// Who may work beside home until when, whichever bridges say so.
pub(super) fn bridges(revision: &Revision) -> impl Iterator<Item = ([String; 2], Value)> {
    let all = revision.access.bridges.values();
    all.flat_map(|bridge| bridge.people.iter().map(move |person| (bridge, person))).map(|(bridge, person)| {
        let about = format!("bridge of `{person}` from `{}` into `{}`", bridge.home, bridge.into);
        let until = revision.access.bridge_end(person, &bridge.into).unwrap_or(bridge.until).to_string();
        ([about, "until".to_owned()], Value::One(until))
    })
}
