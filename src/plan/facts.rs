//! What a change says anew, in words: settings, policies and people, field by field, before and after.
//!
//! INVARIANT: no difference of a managed file goes untold. Facts are made of everything that files say, and not of what
//! the program makes of it; the table of weights only adds which way is the weaker.

mod effects;
mod grants;
mod shown;
mod things;
mod value;
mod weights;

use std::collections::{BTreeMap, BTreeSet};

use crate::access::reading::{Claim, FileKind};
use crate::access::{ChangeClass, ManagedFile};
use crate::plan::Plan;
pub use effects::{Effect, Turn, effects, is_turned, turns};
use grants::{Lines, is_of_access};
use shown::cut;
use things::{Field, Thing};
use value::Value;
use weights::{Section, Weight};

/// One thing that a change says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is about, with names in backticks: ``duty `develop-and-deploy` ``.
    pub about: String,
    /// Which field of it, where it stood before and after; none where it has none, or the whole of it comes or goes.
    pub field: Option<String>,
    /// What it said; none where it is new.
    pub before: Option<String>,
    /// What it says; none where it is gone.
    pub after: Option<String>,
    /// Both for a reader: of long lists only what differs, and long words cut.
    pub shown: [Option<String>; 2],
    /// True where less is asked, watched or kept out than before.
    pub weaker: bool,
    /// What follows from it, where that can be said.
    pub consequence: Option<&'static str>,
    pub class: ChangeClass,
    /// The file that says so.
    pub file: String,
}

/// Everything that a change says anew: what weakens first, then what has consequences. Grants are told by whom they give
/// what; of them only what that doesn't show is here.
pub fn facts(plan: &Plan<'_>) -> Vec<Fact> {
    let paths: Vec<(&str, ChangeClass)> = plan.classes.paths().collect();
    let is_policy = |path: &str| matches!(FileKind::of_path(path), Claim::File(FileKind::Policy, _));
    let shown: BTreeSet<&str> = plan.lines.iter().map(|line| line.grant.as_str()).collect();
    let mut facts = Vec::new();
    let mut told = BTreeSet::new();
    if paths.iter().any(|(path, _)| is_policy(path)) {
        let [before, after] = [plan.base, plan.head].map(things::policies);
        told = together(&before, &after);
        facts.extend(compare(before, after));
    }
    let mut sides = [BTreeMap::new(), BTreeMap::new()];
    for (path, class) in &paths {
        let files = [plan.base.files.get(path), plan.head.files.get(path)];
        let said = files.map(|file| file.map(|file| things::of_file(file, *class)));
        if said.iter().any(|said| matches!(said, Some(None))) {
            facts.push(whole_file(path, *class, files));
            continue;
        }
        for (side, said) in sides.iter_mut().zip(said) {
            for (name, thing) in said.flatten().unwrap_or_default() {
                // of two files that say the same thing each is told
                let name = if side.contains_key(&name) { format!("{name} of `{path}`") } else { name };
                side.insert(name, thing);
            }
        }
    }
    let [mut before, mut after] = sides;
    // who holds what is told by lines of access, and what is gone by them alone
    let by_lines = |thing: &Thing| grant(&thing.file).is_some_and(|id| shown.contains(id));
    before.retain(|name, thing| !by_lines(thing) || after.contains_key(name));
    let lines = Lines::of(plan);
    for (name, is) in after.iter_mut().filter(|(_, thing)| grant(&thing.file).is_some()) {
        match before.get_mut(name) {
            Some(was) if by_lines(is) => lines.leave_untold(was, is),
            Some(was) => lines.leave_other_names(was, is),
            // a new grant that gives nobody anything says itself what it says
            None if lines.tells(is) => grants::leave_words(is),
            None => {}
        }
    }
    facts.extend(renamed(&mut before, plan));
    let moved: BTreeMap<String, String> = before
        .iter()
        .filter_map(|(name, thing)| Some((thing.file.clone(), after.get(name)?.file.clone())))
        .filter(|(from, to)| from != to)
        .collect();
    facts.extend(compare(before, after).into_iter().map(|fact| grants::weighed(fact, plan)));
    told.extend(moved.values().cloned());
    told.extend(facts.iter().map(|fact| fact.file.clone()));
    let silent =
        paths.iter().filter(|(path, _)| !told.contains(*path) && !grant(path).is_some_and(|id| shown.contains(id)));
    facts.extend(silent.map(|(path, class)| match moved.get(*path) {
        Some(to) => quiet(path, *class, &format!("stands at `{to}` now")),
        None => unsaid(path, *class, [plan.base.files.get(path), plan.head.files.get(path)]),
    }));
    facts.sort_by(|a, b| key(a).cmp(&key(b)));
    facts
}

type Key<'a> = (bool, bool, ChangeClass, &'a str, Option<&'a str>, Option<&'a str>, Option<&'a str>);

fn key(fact: &Fact) -> Key<'_> {
    let Fact { about, field, before, after, .. } = fact;
    (!fact.weaker, fact.consequence.is_none(), fact.class, about, field.as_deref(), before.as_deref(), after.as_deref())
}

fn grant(path: &str) -> Option<&str> {
    match FileKind::of_path(path) {
        Claim::File(FileKind::Grant, id) => Some(id),
        Claim::File(..) | Claim::Placeholder | Claim::NotOurs | Claim::Refused { .. } => None,
    }
}

/// What gets another name is compared with what it was before.
fn renamed(before: &mut BTreeMap<String, Thing>, plan: &Plan<'_>) -> Vec<Fact> {
    let people = plan.renames.people.iter().map(|(new, old)| (FileKind::Person, new.to_string(), old.to_string()));
    let domains = plan.renames.domains.iter().map(|(new, old)| (FileKind::Domain, new.to_string(), old.to_string()));
    let fact = |(kind, new, old): (FileKind, String, String)| {
        let thing = before.remove(&format!("{} `{old}`", kind.name()))?;
        let sides = [Some(old), Some(new.clone())];
        let [was, is] = sides.clone();
        let fact = Fact {
            about: thing.name.clone(),
            field: Some("id".to_owned()),
            before: was,
            after: is,
            shown: sides,
            weaker: false,
            consequence: plan
                .renames
                .only
                .then_some("everybody holds what they held; the old name is nobody's any more"),
            class: thing.class,
            file: thing.file.clone(),
        };
        before.insert(format!("{} `{new}`", kind.name()), thing);
        Some(fact)
    };
    people.chain(domains).filter_map(fact).collect()
}

/// The facts of two states of things.
fn compare(before: BTreeMap<String, Thing>, mut after: BTreeMap<String, Thing>) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (name, before) in before {
        match after.remove(&name) {
            Some(after) => facts.extend(fields(&before, &after)),
            None => facts.push(before.as_fact([true, false])),
        }
    }
    facts.extend(after.into_values().map(|thing| thing.as_fact([false, true])));
    facts
}

/// The files that take part in what is told of things that several files say together.
fn together(before: &BTreeMap<String, Thing>, after: &BTreeMap<String, Thing>) -> BTreeSet<String> {
    let both = before.iter().filter_map(|(name, before)| Some((before, after.get(name)?)));
    let alone = |of: &BTreeMap<String, Thing>, other: &BTreeMap<String, Thing>| {
        let things = of.iter().filter(|(name, _)| !other.contains_key(*name)).map(|(_, thing)| thing);
        things.flat_map(|thing| thing.said.values().flat_map(BTreeMap::keys).cloned().collect::<Vec<_>>()).collect()
    };
    let (gone, new): (Vec<String>, Vec<String>) = (alone(before, after), alone(after, before));
    let files = both.flat_map(|(before, after)| {
        let labels: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
        let differ = labels.into_iter().filter(|label| before.field(label) != after.field(label));
        differ.flat_map(|label| before.files(after, label)).collect::<Vec<_>>()
    });
    files.chain(gone).chain(new).collect()
}

fn fields(before: &Thing, after: &Thing) -> Vec<Fact> {
    let labels: BTreeSet<&String> = before.fields.keys().chain(after.fields.keys()).collect();
    let fact = |label: &String| {
        let sides = [before.field(label), after.field(label)];
        let [was, is] = sides.each_ref().map(|side| side.as_ref().map(|field| &field.value));
        if was == is {
            return None;
        }
        // a group that approves on one side only is weighed as one
        let weights = || sides.iter().flatten().map(|field| field.weight);
        let weight = weights().find(|weight| *weight != Weight::Plain).unwrap_or(Weight::Plain);
        // what restricts something that wasn't there before weakens nothing
        let is_part = |of: &Thing, whole: &str| of.fields.keys().any(|label| label.starts_with(&format!("{whole}.")));
        let comes = label.rsplit_once('.').is_some_and(|(whole, _)| !is_part(before, whole));
        let [text_before, text_after] = [was, is].map(|side| side.map(Value::text));
        let weaker = weight.weakens(was, is) && (!comes || weight == Weight::Opens);
        Some(Fact {
            about: after.name.clone(),
            field: (!label.is_empty()).then(|| label.clone()),
            before: text_before,
            after: text_after,
            shown: shown::sides(after.section, label, [was, is]),
            weaker,
            consequence: weights::consequence(after.section, label, is, weaker),
            class: after.class,
            file: before.files(after, label).pop_first().unwrap_or_else(|| after.file.clone()),
        })
    };
    labels.into_iter().filter_map(fact).collect()
}

impl Thing {
    /// The whole of it, which comes or goes.
    fn as_fact(&self, there: [bool; 2]) -> Fact {
        let text = |of: fn(Section, &str, &Value) -> String| {
            let field =
                |(label, field): (&String, &Field)| match (label.as_str(), of(self.section, label, &field.value)) {
                    ("", text) => text,
                    (label, text) => format!("{label} {text}"),
                };
            self.fields.iter().map(field).collect::<Vec<_>>().join("; ")
        };
        let (whole, short) = (text(|_, _, value| value.text()), text(shown::one));
        let nothing = Value::One(String::new());
        let [before, after] = there.map(|is| is.then_some(&nothing));
        let [was, is] = there.map(|is| is.then(|| whole.clone()));
        Fact {
            about: self.name.clone(),
            field: None,
            before: was,
            after: is,
            shown: there.map(|is| is.then(|| short.clone())),
            weaker: self.presence.weakens(before, after),
            consequence: weights::whole(self.section, there),
            class: self.class,
            file: self.file.clone(),
        }
    }
}

/// A file that is text to the program, or can't be read: what it is, and how much of it changed.
fn whole_file(path: &str, class: ChangeClass, sides: [Option<&ManagedFile>; 2]) -> Fact {
    let text =
        |file: Option<&ManagedFile>| file.map(|file| String::from_utf8_lossy(&file.content.bytes()).into_owned());
    let [before, after] = sides.map(text);
    let package = [&after, &before].into_iter().flatten().find_map(|text| {
        text.lines().find_map(|line| line.strip_prefix("package ")).map(|name| name.trim().to_owned())
    });
    let changed = super::change_too_large::changed_lines(
        before.as_deref().unwrap_or_default(),
        after.as_deref().unwrap_or_default(),
    );
    let lines = |text: &Option<String>| {
        text.as_ref().map(|text| match text.lines().count() {
            1 => "1 line".to_owned(),
            all => format!("{all} lines"),
        })
    };
    let after_lines = lines(&after).map(|all| match (&before, changed) {
        (Some(_), 1) => format!("{all}, and 1 comes or goes"),
        (Some(_), _) => format!("{all}, and {changed} come or go"),
        (None, _) => all,
    });
    let (about, consequence) = match (weights::file(path), package) {
        ((_, consequence), Some(package)) if path.ends_with(".rego") => {
            (format!("custom rules of package `{}` in `{path}`", cut(&package)), consequence)
        }
        ((what, consequence), _) => (format!("{what} `{path}`"), consequence),
    };
    let before = lines(&before);
    Fact {
        about,
        field: None,
        weaker: after.is_none() && path.ends_with(".rego"),
        shown: [before.clone(), after_lines.clone()],
        before,
        after: after_lines,
        consequence,
        class,
        file: path.to_owned(),
    }
}

/// A file that says nothing anew: its words, their order, its mode, or where it stands.
fn unsaid(path: &str, class: ChangeClass, sides: [Option<&ManagedFile>; 2]) -> Fact {
    let how = match sides {
        [Some(before), Some(after)] if before.content == after.content => "has another mode, and the same content",
        [Some(_), Some(_)] => {
            "says the same in other words, such as comments or their order, or what another file holds more strictly"
        }
        [None, _] => "is new, and says what other files said before, or less strictly",
        [_, None] => "is gone, and what it said stands in other files, or more strictly",
    };
    quiet(path, class, how)
}

fn quiet(path: &str, class: ChangeClass, how: &str) -> Fact {
    Fact {
        about: format!("file `{path}` {how}"),
        field: None,
        before: None,
        after: None,
        shown: [None, None],
        weaker: false,
        consequence: None,
        class,
        file: path.to_owned(),
    }
}

#[cfg(test)]
mod tests;
