//! Clean organisations, each line deleted and each value swapped for another: no mutation is a panic, and none is silent
//! where somebody's access grew.
//!
//! There are too many for every run, so a part of them is tried, always the same. `DUALKEY_MUTATIONS=all` tries all.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use dualkey::access::{Entitlements, Interval, LastRead, PersonType, Revision};
use dualkey::finding::Severity;
use dualkey::plan::{self, Action, Circumstances, Plan, Said, Standing, Verdict};
use dualkey::repository::{Repository, Snapshot, is_managed};
use dualkey::targets::KINDS;
use jiff::{Timestamp, ToSpan};

use crate::support::{NOW, World, files, key};

/// So many mutations of one organisation are tried in a usual run.
const TRIED: usize = 700;

/// What no organisation has, in place of any value.
const STRANGE: &[&str] = &[
    "\"\"",
    "null",
    "0",
    "-1",
    "7",
    "true",
    "\"*\"",
    "[]",
    "{}",
    "~",
    "2026-11-24",
    "2199-12-31",
    "9999-12-31",
    "\"2026-11-23T09:00:00Z\"",
    "3660 days",
    "admin",
    "employee",
    "allowed",
    "domain-owners",
    "\"group:security\"",
];

/// Where mutations are tried: a work tree, and the clean organisation in it.
struct Bench {
    world: World,
    texts: BTreeMap<String, String>,
    repository: Repository,
}

/// One file's new text, or none where it is deleted; and what was done to it.
type Mutation = (String, Option<String>, String);

impl Bench {
    fn new(world: World) -> Self {
        let repo = world.repo();
        let texts = files(&repo)
            .into_iter()
            .map(|(path, bytes)| (path.strip_prefix(&repo).unwrap().to_str().unwrap().to_owned(), bytes))
            // cases say what policies do, and give nobody anything
            .filter(|(path, _)| is_managed(path) && !path.ends_with(".cases.yaml"))
            .map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap()))
            .collect();
        let repository = Repository::open(&repo).unwrap();
        Bench { world, texts, repository }
    }

    fn load(&self, cache: &mut LastRead) -> Option<Revision> {
        Revision::load(&Snapshot::of_work_tree(&self.repository).unwrap(), KINDS, cache).ok()
    }

    fn mutations(&self) -> Vec<Mutation> {
        let mut all = Vec::new();
        let found = self.texts.values().flat_map(|text| words(text)).map(|found| (found.key, found.word));
        let everywhere: Vec<(&str, &str)> = found.collect();
        for (path, text) in &self.texts {
            all.push((path.clone(), None, "deleted".to_owned()));
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            for at in 0..lines.len() {
                let without = [&lines[..at], &lines[at + 1..]].concat().concat();
                all.push((path.clone(), Some(without), format!("without line {}", at + 1)));
                let twice = [&lines[..=at], &lines[at..]].concat().concat();
                all.push((path.clone(), Some(twice), format!("line {} twice", at + 1)));
            }
            for (number, old) in words(text).into_iter().enumerate() {
                let same: BTreeSet<&str> =
                    everywhere.iter().filter(|(key, _)| *key == old.key).map(|(_, word)| *word).collect();
                let same: Vec<&str> = same.into_iter().collect();
                let same = same.iter().copied().cycle().skip(number % 7).step_by(3).take(4);
                let other = everywhere.iter().map(|(_, word)| *word);
                let other = other.skip(number * 31 % everywhere.len()).step_by(97).take(3);
                for new in STRANGE.iter().copied().chain(same).chain(other).filter(|new| *new != old.word) {
                    let mut mutated = text.clone();
                    mutated.replace_range(old.at..old.at + old.word.len(), new);
                    all.push((path.clone(), Some(mutated), format!("`{}` of {} became `{new}`", old.word, old.key)));
                }
            }
        }
        all
    }

    /// Tries the mutations; the base is the organisation as it stands.
    fn try_all(&self) {
        let mut cache = LastRead::default();
        let now: Timestamp = NOW.parse().unwrap();
        let base = self.load(&mut cache).unwrap();
        assert!(plan::findings_of(&base, now).is_empty(), "the organisation is clean");
        let all = self.mutations();
        let every = std::env::var("DUALKEY_MUTATIONS").is_ok_and(|which| which == "all");
        let step = if every { 1 } else { all.len().div_ceil(TRIED) };
        let mut failures = Vec::new();
        let (mut tried, mut read, mut grew) = (0, 0, 0);
        for (path, text, what) in all.iter().step_by(step) {
            tried += 1;
            match text {
                Some(text) => self.world.write(path, text),
                None => std::fs::remove_file(self.world.repo().join(path)).unwrap(),
            }
            let judged = catch_unwind(AssertUnwindSafe(|| {
                let head = self.load(&mut cache)?;
                let plan = plan::plan(&base, &head, now);
                Some((
                    silent(&plan, text.as_deref() != self.texts.get(path).map(String::as_str)),
                    !grown(&plan).is_empty(),
                ))
            }));
            match judged {
                Err(_) => failures.push(format!("{path} {what}: panicked")),
                Ok(Some((problem, more))) => {
                    read += 1;
                    grew += usize::from(more);
                    failures.extend(problem.map(|problem| format!("{path} {what}: {problem}")));
                }
                // what can't be understood at all is refused
                Ok(None) => {}
            }
            self.world.write(path, &self.texts[path]);
        }
        assert!(read > tried / 2 && grew > 0, "of {tried} mutations {read} were read, and {grew} gave somebody more");
        assert!(failures.is_empty(), "{} of {tried}:\n{}", failures.len(), failures.join("\n"));
    }
}

/// A value in a text, and the key that it stands behind.
struct Word<'a> {
    at: usize,
    word: &'a str,
    key: &'a str,
}

/// Plain and quoted values, found without a parser: what this takes for a value may be part of one.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut key = "";
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with('#') {
            at += rest.find('\n').unwrap_or(rest.len());
            continue;
        }
        if rest.starts_with([' ', '\n', ',', '[', ']', '{', '}', '-']) {
            at += 1;
            continue;
        }
        let length = match rest.strip_prefix('"') {
            Some(quoted) => quoted.find('"').map_or(rest.len(), |end| end + 2),
            None => rest.find([' ', '\n', ',', '[', ']', '{', '}']).unwrap_or(rest.len()),
        };
        let word = &rest[..length];
        match word.strip_suffix(':') {
            Some(name) => key = name,
            None => words.push(Word { at, word, key }),
        }
        at += length;
    }
    words
}

/// What somebody may do after the change at an instant at which they could not before: compared instant by instant,
/// in another way than plan does.
fn grown<'a>(plan: &Plan<'a>) -> Vec<&'a dualkey::access::EntitlementKey> {
    let more = |before: &Entitlements, key, after: &Interval| {
        let held: Vec<&Interval> = before.get(key).map(|held| held.intervals.iter().collect()).unwrap_or_default();
        let last = after.until().checked_sub(1.nanosecond()).unwrap();
        let ends = held.iter().map(|held| held.until()).filter(|end| after.contains(*end));
        [after.from(), last].into_iter().chain(ends).any(|at| !held.iter().any(|held| held.contains(at)))
    };
    let after = plan.head.entitlements.iter();
    after
        .filter(|held| held.intervals.iter().any(|interval| more(&plan.base.entitlements, &held.key, interval)))
        .map(|held| &held.key)
        .collect()
}

/// What a plan should have said and doesn't.
fn silent(plan: &Plan<'_>, differs: bool) -> Option<String> {
    if differs && plan.is_nothing() {
        return Some("a managed file differs, and the verdict is nothing".to_owned());
    }
    let error = plan.findings.iter().any(|finding| finding.severity == Severity::Error);
    let grown = grown(plan);
    for key in &grown {
        if !plan.changes.iter().any(|change| change.key == **key && change.gains()) {
            return Some(format!("{key:?} grew, and is no gain of the change"));
        }
        let said = plan.lines.iter().filter(|line| matches!(line.action, Action::Gain | Action::Change));
        if !said.into_iter().any(|line| line.entitlements.iter().any(|(said, _)| said == *key)) {
            return Some(format!("{key:?} grew, and no line says so"));
        }
    }
    let known = Circumstances { surplus: plan.surplus(), ..Circumstances::default() };
    let verdict = Standing::of(plan, known, Said::default()).verdict;
    let asked = !plan.requirements.is_empty() && verdict == Verdict::NeedsApproval;
    if !grown.is_empty() && !error && !asked {
        return Some("access grew, and nobody must approve".to_owned());
    }
    let endless = plan.head.entitlements.iter().find(|held| {
        let person = plan.head.access.people.get(&held.key.person).unwrap();
        person.person_type != PersonType::Employee && held.intervals.end() == Some(Timestamp::MAX)
    });
    match endless {
        Some(held) if !error => Some(format!("{:?} never ends, and no error says so", held.key)),
        Some(_) | None => None,
    }
}

#[test]
fn northwind() {
    Bench::new(World::new()).try_all();
}

#[test]
fn a_new_organisation() {
    let world = World::empty();
    let admins = ["priya.shah", "mei.tanaka", "sven.olsen"].map(|id| format!("{id}={}.pub", key(id).display()));
    let mut args = vec!["init", "repo", "--organization", "northwind"];
    args.extend(admins.iter().flat_map(|admin| ["--admin", admin]));
    world.timed_in(world.root.path(), &args).exits(0);
    // somebody who can gain
    world.write("domains/shop.yaml", "title: Shop\nenvironment: staging\nowners: [priya.shah, mei.tanaka, sven.olsen]\nresources:\n  shop: { repository: northwind/shop }\n  web: { repository: northwind/web }\n");
    world.write("roles/reader.yaml", "title: Reads\nrisk: standard\nentitlements: { repository: pull }\n");
    world.write("people/ada.yaml", "name: Ada\ntype: employee\naccounts: { github: { login: ada, id: 77 } }\n");
    world.write("grants/ada.yaml", "to: [ada]\nrole: reader\ndomain: shop\nresources: [shop]\nfrom: 2026-11-01\nuntil: 2027-02-01\nreason: Reads\n");
    Bench::new(world).try_all();
}
