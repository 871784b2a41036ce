//! What holds otherwise after a change, as an approval binds it: what is in force, and not where it stands.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::things::{self, Thing};
use super::value::Value;
use super::weights::{self, Section, Weight};
use crate::access::reading::{Claim, FileKind};
use crate::access::{ChangeClass, ManagedFile, Revision, merge};

/// One thing that is in force otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    about: String,
    field: String,
    before: Option<Value>,
    after: Option<Value>,
}

/// What is in force, by what it is about and its field.
type InForce = BTreeMap<[String; 2], Stated>;

/// One field as it is in force.
#[derive(Clone, Debug)]
struct Stated {
    value: Value,
    weight: Weight,
    section: Section,
    /// Which way is the weaker where the whole thing comes or goes.
    presence: Weight,
    /// True for words alone, such as a title, which decide nothing.
    words: bool,
}

/// One field that a change puts in force otherwise, by what it is about and not by where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// With names in backticks, such as ``role `developer` ``.
    pub about: String,
    /// Which field of it; empty where it has none.
    pub field: String,
    /// None where nothing stood there.
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// True where less is asked, watched or kept out than before, or where a thing comes that wasn't there.
    pub weaker: bool,
    /// True where lines of access or words alone tell all of it.
    pub told: bool,
}

/// What a change puts in force otherwise, of all that neither access nor judges tell. Sorted.
///
/// INVARIANT: of what several files say together only what comes of it counts. A file that says what another one says
/// too changes nothing as long as the other stands, and whoever takes both away does something else.
pub fn effects(base: &Revision, head: &Revision) -> Vec<Effect> {
    // of people, groups and custom rules access and judges tell
    let decides = |file: &ManagedFile| {
        let of_others = [FileKind::Person, FileKind::Group, FileKind::Rego];
        kind(file).is_some_and(|kind| !of_others.contains(&kind))
    };
    let [before, after] = in_force([base, head], &changed([base, head], decides));
    let [was, is] = [&before, &after].map(|side| side.keys().map(|[about, _]| about).collect::<BTreeSet<_>>());
    // of grants that come or go access tells all; of one that stays not by what else than before it gives the same
    let stays = |about: &String| was.contains(about) && is.contains(about);
    let told = |[about, field]: &[String; 2], stated: &Stated| {
        stated.words || stated.section == Section::Grant && !(stays(about) && super::is_of_access(field))
    };
    merge(before.iter(), after.iter())
        .filter(|(what, before, after)| {
            differ(*before, *after) && !before.or(*after).is_some_and(|one| told(what, one))
        })
        .map(|([about, field], before, after)| Effect {
            about: about.clone(),
            field: field.clone(),
            before: before.map(|one| one.value.clone()),
            after: after.map(|one| one.value.clone()),
        })
        .collect()
}

/// Everything that a change puts in force otherwise: every field of every thing that files say, and custom rules by their
/// content. Sorted.
pub fn turns(base: &Revision, head: &Revision) -> Vec<Turn> {
    let [before, after] = in_force([base, head], &changed([base, head], |file| kind(file).is_some()));
    let known: BTreeSet<&str> = before.keys().map(|[about, _]| about.as_str()).collect();
    merge(before.iter(), after.iter())
        .filter(|(_, before, after)| differ(*before, *after))
        .filter_map(|([about, field], before, after)| {
            let Stated { weight, section, presence, words, .. } = after.or(before)?;
            let comes = !known.contains(about.as_str());
            let [was, is] = [before, after].map(|side| side.map(|one| &one.value));
            let weaker = match (comes, presence) {
                // a thing that is watched or asked for is none the weaker by coming
                (true, Weight::Guards) => false,
                (true, _) => true,
                (false, _) => weight.weakens(was, is),
            };
            Some(Turn {
                about: about.clone(),
                field: field.clone(),
                before: was.cloned(),
                after: is.cloned(),
                weaker,
                told: *section == Section::Grant || *words,
            })
        })
        .collect()
}

/// True for a file of which [`turns`] tells all that it says, wherever it stands.
pub fn is_turned(path: &str) -> bool {
    matches!(FileKind::of_path(path), Claim::File(kind, _) if !matches!(kind, FileKind::Cases | FileKind::Rego))
}

/// Fields that are words alone.
const WORDS: &[&str] = &["title", "name", "reason"];

fn differ(before: Option<&Stated>, after: Option<&Stated>) -> bool {
    before.map(|one| &one.value) != after.map(|one| &one.value)
}

/// The wanted files that differ, each as it was and as it is.
fn changed<'a>(
    [base, head]: [&'a Revision; 2],
    wanted: impl Fn(&ManagedFile) -> bool,
) -> Vec<[Option<&'a ManagedFile>; 2]> {
    let row = |revision: &'a Revision| revision.files.iter().map(|file| (file.path(), file));
    merge(row(base), row(head))
        .filter(|(_, before, after)| before != after)
        .filter(|(_, before, after)| before.or(*after).is_some_and(&wanted))
        .map(|(_, before, after)| [before, after])
        .collect()
}

/// What is in force before and after, as far as files that differ say it.
fn in_force(revisions: [&Revision; 2], changed: &[[Option<&ManagedFile>; 2]]) -> [InForce; 2] {
    let kinds: BTreeSet<FileKind> = changed.iter().flatten().flatten().filter_map(|file| kind(file)).collect();
    let of_side = |side: usize, revision: &Revision| {
        let mut found = InForce::new();
        if kinds.contains(&FileKind::Policy) {
            found.extend(policies(revision));
        }
        if kinds.contains(&FileKind::Bridge) {
            found.extend(bridges(revision));
        }
        for file in changed.iter().filter_map(|sides| sides.get(side).copied().flatten()) {
            let things = things::of_file(file, ChangeClass::Policy);
            for (about, thing) in things.into_iter().flatten().filter(|(_, thing)| thing.section != Section::Bridge) {
                let fields = stated(about, thing);
                found.extend(fields.map(|(what, said)| {
                    let [_, field] = &what;
                    let words = WORDS.contains(&field.as_str());
                    (what, Stated { words, ..said })
                }));
            }
            found.extend(rules(file));
        }
        found
    };
    let [base, head] = revisions;
    [of_side(0, base), of_side(1, head)]
}

fn stated(about: String, thing: Thing) -> impl Iterator<Item = ([String; 2], Stated)> {
    let Thing { section, presence, fields, .. } = thing;
    fields.into_iter().map(move |(field, said)| {
        ([about.clone(), field], Stated { value: said.value, weight: said.weight, section, presence, words: false })
    })
}

/// Custom rules are what their text is.
fn rules(file: &ManagedFile) -> Option<([String; 2], Stated)> {
    if kind(file) != Some(FileKind::Rego) {
        return None;
    }
    let digest = crate::hex::encode(&Sha256::digest(file.content.bytes()));
    let (value, weight) = (Value::One(String::new()), Weight::Plain);
    let stated =
        Stated { value, weight, section: Section::Other, presence: weights::presence(Section::Other), words: false };
    Some(([format!("custom rules `sha256:{digest}`"), String::new()], stated))
}

/// The kind of a file that decides about something.
fn kind(file: &ManagedFile) -> Option<FileKind> {
    match FileKind::of_path(file.path()) {
        Claim::File(FileKind::Cases, _) | Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => None,
        Claim::File(kind, _) => Some(kind),
    }
}

/// What policies hold, wherever it stands.
fn policies(revision: &Revision) -> impl Iterator<Item = ([String; 2], Stated)> {
    things::policies(revision).into_iter().flat_map(|(about, thing)| stated(about, thing))
}

/// Who may work beside home until when, whichever bridges say so.
fn bridges(revision: &Revision) -> impl Iterator<Item = ([String; 2], Stated)> {
    let all = revision.access.bridges.values();
    all.flat_map(|bridge| bridge.people.iter().map(move |person| (bridge, person))).map(|(bridge, person)| {
        let about = format!("bridge of `{person}` from `{}` into `{}`", bridge.home, bridge.into);
        let until = revision.access.bridge_end(person, &bridge.into).unwrap_or(bridge.until).to_string();
        let (section, field) = (Section::Bridge, "until");
        let (weight, presence) = (weights::weight(section, field), weights::presence(section));
        ([about, field.to_owned()], Stated { value: Value::One(until), weight, section, presence, words: false })
    })
}
