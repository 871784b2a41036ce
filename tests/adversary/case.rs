//! One case, from its number to what must hold.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::chance::Chance;
use super::company::{Company, LOG};
use super::faults::{Faults, strike};
use super::model::{Bounds, CONTRACTORS, Declaration, Held, Place, RESOURCES, ROLES};
use super::pushes::{Adversary, Harm};

/// How a run ended, and what it said.
#[derive(Debug)]
pub struct Ran {
    pub code: u8,
    pub words: String,
}

/// The machine that runs the program for a company.
pub trait Runner {
    /// The runner's clone.
    fn home(&self) -> &Path;

    /// `apply` on a day, perhaps without the log's key.
    fn applies(&self, only_ends: bool, key: bool, day: i64) -> Ran;
}

/// What one case was about.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// How many things were over.
    over: usize,
    /// Whether what the log doesn't know was to be judged.
    judged: bool,
    /// How the run ended.
    code: u8,
}

/// Plays all of them, each with so many grants that no case changes, and fails where they tried nothing.
pub fn play_all<R: Runner>(seeds: &[u64], bulk: usize, runner: impl Fn(&Company) -> R + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let play_some = |some: &[u64]| some.iter().map(|seed| play(*seed, bulk, &runner)).collect::<Vec<_>>();
    let told: Vec<Told> = std::thread::scope(|scope| {
        let parts = seeds.chunks(seeds.len().div_ceil(threads));
        let parts: Vec<_> = parts.map(|part| scope.spawn(|| play_some(part))).collect();
        parts.into_iter().flat_map(|part| part.join().expect("a case failed: its story stands above")).collect()
    });
    let with_ends = told.iter().filter(|told| told.over > 0).count();
    let judged = told.iter().filter(|told| told.judged).count();
    let mut codes: BTreeMap<u8, usize> = BTreeMap::new();
    for one in &told {
        *codes.entry(one.code).or_default() += 1;
    }
    println!("{} cases, {with_ends} with ends, {judged} judged whole, ended with {codes:?}", told.len());
    if told.len() > 10 {
        assert!(with_ends * 2 > told.len(), "only {with_ends} of {} cases had anything to end", told.len());
        assert!(judged * 6 > told.len() && judged < told.len(), "{judged} of {} were judged whole", told.len());
        assert!(codes.len() > 2, "all runs ended with {codes:?}");
    }
}

/// The numbers of the cases: as many as the variable says, or the one that somebody asks for.
pub fn seeds(variable: &str, otherwise: u64) -> Vec<u64> {
    let asked = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("it is a number"));
    match asked("DUALKEY_SEED") {
        Some(seed) => vec![seed],
        None => (0..asked(variable).unwrap_or(otherwise)).collect(),
    }
}

/// Tells what happened where a case fails, also where the program does.
struct Teller {
    seed: u64,
    story: Vec<String>,
}

impl Drop for Teller {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let story = self.story.join("\n  ");
            eprintln!("DUALKEY_SEED={} shows it again:\n  {story}", self.seed);
        }
    }
}

/// Plays one case through.
fn play<R: Runner>(seed: u64, bulk: usize, runner: impl FnOnce(&Company) -> R) -> Told {
    let mut teller = Teller { seed, story: Vec::new() };
    let story = &mut teller.story;
    let chance = &mut Chance::of_seed(seed);
    let mut company = Company::new(bulk);
    let runner = runner(&company);
    let (mut recorded, mut logs) = (0, Vec::new());
    let mut run = |company: &Company, day: i64, story: &mut Vec<String>, recorded: &mut usize| {
        let ran = runner.applies(false, true, day);
        story.push(format!("day {day}: applied with {} landings", company.landings.len() - 1));
        assert_eq!(ran.code, 0, "an honest run failed:\n{}", ran.words);
        *recorded = company.landings.len() - 1;
        logs.push((*recorded, company.git.refname_to_id(LOG).unwrap()));
    };
    run(&company, 0, story, &mut recorded);
    for number in 0..i64::try_from(chance.below(5)).unwrap() {
        let day = 1 + 2 * number;
        let next = company.last().declaration.changed(chance);
        if next == company.last().declaration {
            continue;
        }
        company.land(next, day);
        story.push(format!("day {day}: approved and landed: {:?}", company.last().declaration));
        if chance.of_hundred(60) {
            run(&company, day, story, &mut recorded);
        }
    }
    let before = live(runner.home());
    let day = 10 + i64::try_from(chance.below(65)).unwrap();
    let mut adversary = Adversary { company: &company, chance, logs: &logs, day, story };
    let harms: Vec<Harm> = (0..adversary.chance.below(5)).map(|_| adversary.push()).collect();
    let faults = match chance.of_hundred(50) {
        true => strike(runner.home(), &company, recorded + 1, chance, story),
        false => Faults::default(),
    };
    // a run that doesn't come to its end is found by this line
    println!(
        "case {seed}: {}",
        story.iter().filter(|line| !line.starts_with("day ")).cloned().collect::<Vec<_>>().join("; ")
    );
    let (bounds, judged) = bounds(&company, recorded, &harms, faults);
    story.push(format!("day {day}: only ends, after {before:?}, within {bounds:?}"));
    let ran = runner.applies(true, !faults.key, day);
    let mut after = live(runner.home());
    if faults.target {
        // nobody can look there, and nobody wrote there
        let held = before.iter().filter(|((resource, _), _)| RESOURCES[*resource].1 == "more");
        after.extend(held.map(|(place, held)| (*place, *held)));
    }
    let unread = |place: &Place| faults.target && RESOURCES[place.0].1 == "more";
    let seen = |held: &Held| held.iter().filter(|(place, _)| !unread(place)).map(|(p, h)| (*p, *h)).collect::<Held>();
    let (before, after) = (seen(&before), seen(&after));
    super::bulk::holds(runner.home(), bulk, day);
    let wrong = bounds.broken(&before, &after, day);
    assert!(wrong.is_empty(), "{}\nthe run ended with {} and said:\n{}", wrong.join("\n"), ran.code, ran.words);
    assert!([0, 3, 4, 5].contains(&ran.code), "it ended with {}:\n{}", ran.code, ran.words);
    let quiet = harms.is_empty() && !faults.judging && !faults.target && !faults.key;
    assert!(!quiet || ran.code == 0, "nothing was wrong, and it ended with {}:\n{}", ran.code, ran.words);
    Told { over: bounds.over(&before, day).len(), judged, code: ran.code }
}

/// What a run may rightly go on from, and whether it has to judge what the log doesn't know yet.
fn bounds(company: &Company, recorded: usize, harms: &[Harm], faults: Faults) -> (Bounds, bool) {
    let states: Vec<Declaration> = company.landings.iter().map(|landing| landing.declaration.clone()).collect();
    let log_gone = harms.contains(&Harm::Log);
    let back = harms.iter().filter_map(|harm| match harm {
        Harm::RolledBack(known) => Some(*known),
        Harm::Nothing | Harm::Judging | Harm::Log => None,
    });
    let back = back.min();
    // the copy that the runner keeps stands in for the log where that is known not to be it
    let floor = match back {
        Some(known) if !log_gone && faults.copy => known,
        Some(_) | None if (log_gone || back.is_some()) && faults.copy => 0,
        Some(_) | None => recorded,
    };
    if harms.iter().all(|harm| *harm == Harm::Nothing) && !faults.judging {
        return (Bounds::of(vec![company.last().declaration.clone()], None), true);
    }
    let known: BTreeSet<Place> = states[..=floor].iter().flat_map(Declaration::places).collect();
    (Bounds::of(states[floor..].to_vec(), (floor < recorded).then_some(known)), false)
}

/// What the targets of a clone hold. One that can't be read holds nothing here.
fn live(home: &Path) -> Held {
    let mut held = Held::new();
    for target in ["code", "more"] {
        let path = home.join(format!(".git/dualkey/{target}.json"));
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let file: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
        for one in file["entitlements"].as_array().into_iter().flatten() {
            let word = |name: &str| one[name].as_str().unwrap().to_owned();
            let (resource, account, permission) = (word("resource"), word("principal"), word("permission"));
            let resource = RESOURCES.iter().position(|(name, _)| resource == format!("northwind/{name}")).unwrap();
            let person = CONTRACTORS.iter().position(|(.., id)| account == id.to_string()).unwrap();
            let rank = ROLES.iter().position(|(_, gives)| permission == *gives).unwrap() + 1;
            held.insert((resource, person), rank);
        }
    }
    held
}
