//! The landing rule, held against a second telling of it: `landing_rule/rule.sh` decides with git's own commands, and
//! both must say the same of histories that chance made.
//!
//! Only `.github` changes, whose digest is always the same, and two approve wherever anybody does; so neither lint nor
//! quorum decides anything. `DUALKEY_HISTORIES=1000 cargo test --test landing_rule` looks at as many.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test may fail as loudly as the test itself"
)]

#[path = "landing_rule/chance.rs"]
mod chance;
#[path = "landing_rule/histories.rs"]
mod histories;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};

use dualkey::approval::{Chain, Recorded, Signatures, Verdict, Verifier};
use dualkey::repository::{Oid, Repository, StateRefs};
use dualkey::targets::KINDS;

use histories::{ANCHOR_KEY, History, Maker, NOW};

/// How many histories share a repository.
const TOGETHER: u64 = 50;

/// Histories of which the two tellings did not say the same once.
const SAMPLES: [u64; 0] = [];

/// What one of the two says of a history.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// Verdict, base and commit of each landing that is verified.
    landings: Vec<(String, String, String)>,
    /// Where the verified landings end, if that is not the tip.
    refused_at: Option<String>,
}

/// What the script says.
#[derive(Debug, Default)]
struct Script {
    told: Told,
    /// For the commit of each approved landing the heads that it may be.
    heads: BTreeMap<String, Vec<String>>,
    /// Commits that would close a landing if they didn't leave something out.
    left_out: Vec<String>,
}

fn script(folder: &std::path::Path, histories: &[History]) -> Vec<Script> {
    let rule = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/landing_rule/rule.sh");
    let mut command = Command::new("bash");
    command.arg(rule).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("bash starts");
    let mut input = child.stdin.take().unwrap();
    let questions: String = histories.iter().map(History::question).collect();
    let writer = std::thread::spawn(move || input.write_all(questions.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "the script ended with {}", output.status);
    let mut told = Vec::new();
    let mut open = Script::default();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["end"] => told.push(std::mem::take(&mut open)),
            ["refused", base] => open.told.refused_at = Some(base.to_owned()),
            ["left-out", _, commit] => open.left_out.push(commit.to_owned()),
            [verdict, base, commit, ref heads @ ..] => {
                open.told.landings.push((verdict.to_owned(), base.to_owned(), commit.to_owned()));
                open.heads.insert(commit.to_owned(), heads.iter().map(|head| (*head).to_owned()).collect());
            }
            _ => panic!("the script says `{line}`"),
        }
    }
    assert_eq!(told.len(), histories.len());
    told
}

fn told(chain: &Chain) -> Told {
    let verified = chain.landings.iter().filter(|landing| landing.verdict != Verdict::Refused);
    Told {
        landings: verified
            .map(|one| (one.verdict.as_str().to_owned(), one.base.to_string(), one.commit.to_string()))
            .collect(),
        refused_at: (chain.last != chain.tip).then(|| chain.last.to_string()),
    }
}

/// Where the two differ, in words; None where they agree.
fn difference(chain: &Chain, script: &Script) -> Option<String> {
    let told = told(chain);
    if told != script.told {
        return Some(format!("the program says {told:#?}\nthe script says {:#?}", script.told));
    }
    for landing in &chain.landings {
        let commit = landing.commit.to_string();
        if let Some(head) = landing.head.filter(|head| !script.heads[&commit].contains(&head.to_string())) {
            return Some(format!("{commit} is {head} to the program, to the script {:?}", script.heads[&commit]));
        }
    }
    let first = chain.refused().next()?;
    let leaves_out = first.refusals.iter().any(|refusal| refusal.code.id == "landing-left-out");
    (leaves_out && !script.left_out.contains(&first.commit.to_string()))
        .then(|| format!("only the program says that {} leaves something out", first.commit))
}

/// How often each verdict and each code was seen.
#[derive(Debug, Default)]
struct Seen(BTreeMap<String, usize>);

impl Seen {
    fn count(&mut self, chain: &Chain) {
        for landing in &chain.landings {
            *self.0.entry(landing.verdict.as_str().to_owned()).or_default() += 1;
            for refusal in &landing.refusals {
                *self.0.entry(refusal.code.id.to_owned()).or_default() += 1;
            }
        }
    }
}

/// Compares the two on these histories; all that disagree are named.
fn compare(seeds: &[u64], seen: &mut Seen) -> Vec<String> {
    let mut maker = Maker::new();
    let histories: Vec<History> = seeds.iter().map(|seed| maker.history(*seed)).collect();
    let folder = maker.folder().to_owned();
    let other = {
        let (folder, histories) = (folder.clone(), histories.clone());
        std::thread::spawn(move || script(&folder, &histories))
    };
    let mut chains = Vec::new();
    let repository = Repository::open(&folder).unwrap();
    for history in &histories {
        maker.publish(history);
        let genesis: Oid = history.genesis.parse().unwrap();
        let recorded = Recorded {
            genesis,
            anchor: format!("{genesis}:{ANCHOR_KEY}"),
            vouched_by: Vec::new(),
            landings: Vec::new(),
            removals: Vec::new(),
            said: Vec::new(),
            keys: Vec::new(),
        };
        let source = Signatures::open(&repository, &StateRefs::local(&repository, "main")).unwrap();
        let verifier = Verifier::new(&repository, source, &recorded, "main", KINDS, NOW.parse().unwrap());
        chains.push(verifier.chain(history.tip.parse().unwrap()).unwrap());
    }
    let mut wrong = Vec::new();
    for ((history, chain), script) in histories.iter().zip(&chains).zip(other.join().unwrap()) {
        seen.count(chain);
        if let Some(difference) = difference(chain, &script) {
            wrong.push(format!("history {}:\n{}\n{difference}", history.seed, maker.drawn(history)));
        }
    }
    wrong
}

#[test]
fn both_tellings_of_the_landing_rule_agree() {
    let count: u64 = std::env::var("DUALKEY_HISTORIES").map_or(90, |text| text.parse().expect("a number"));
    let seeds: Vec<u64> = SAMPLES.into_iter().chain(0..count).collect();
    let mut seen = Seen::default();
    let mut wrong = Vec::new();
    for some in seeds.chunks(usize::try_from(TOGETHER).unwrap()) {
        wrong.extend(compare(some, &mut seen));
    }
    println!("{seen:?}");
    assert!(wrong.is_empty(), "{} of {} differ\n{}", wrong.len(), seeds.len(), wrong.join("\n"));
    for verdict in ["approved", "unmanaged", "restored", "refused", "landing-left-out", "approval-used"] {
        assert!(seen.0.contains_key(verdict), "no history has `{verdict}`: {seen:?}");
    }
}
