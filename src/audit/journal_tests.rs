use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand_core::OsRng;

use super::super::record::{Genesis, Statement, VERSION};
use super::super::testing::Memory;
use super::super::{VerifierKey, given, granted, last_applied, recorded};
use super::*;
use crate::access::{Conditions, PersonId, TargetId};
use crate::apply::lease::{LENGTH, REFERENCE as LEASE, Terms};
use crate::apply::{Connected, Exit, Lease, Mode, Outcome, Past, Patient, Request, Targets, lease};
use crate::approval::{CountedApproval, Maker, Signatures};
use crate::repository::testing::Sandbox as Folder;
use crate::repository::{Repository, StateRefs};
use crate::targets::{self, Call, Done, Gate, Hello, KINDS, Sandbox, TargetError, Writer, contract, github};

const REFERENCE: &str = "refs/dualkey/audit";

const BASE: [(&str, &str); 7] = [
    ("people/priya.yaml", "name: P\ntype: employee\naccounts:\n  github: { login: priya, id: 1 }\n"),
    (
        "people/alice.yaml",
        "name: A\ntype: contractor\nvendor: globex\nsponsor: priya\nengagement: { from: 2026-11-01, until: 2027-01-31 }\n\
         emails: [alice@globex.example]\naccounts:\n  github: { login: alice, id: 11 }\n",
    ),
    ("vendors/globex.yaml", "name: G\nsponsor: priya\ncontract: { from: 2026-10-01, until: 2027-03-31 }\n"),
    (
        "domains/payments.yaml",
        "title: P\nenvironment: staging\nowners: [priya]\ncontractors: allowed\nresources:\n\
         \u{20} api: { repository: northwind/api }\n  web: { repository: northwind/web }\n",
    ),
    ("roles/writer.yaml", "title: W\nrisk: standard\ncontractors: allowed\nentitlements:\n  repository: push\n"),
    (
        "grants/api.yaml",
        "to: [alice]\nrole: writer\ndomain: payments\nresources: [api]\nuntil: 2027-01-15\nreason: x\n",
    ),
    ("policies/p.yaml", "approvals:\n  - { change: access, count: 1, from: domain-owners }\n"),
];

const WEB: (&str, &str) = (
    "grants/web.yaml",
    "to: [alice]\nrole: writer\ndomain: payments\nresources: [web]\nuntil: 2026-12-15\nreason: x\n",
);

fn at(text: &str) -> Timestamp {
    format!("{text}T09:00:00Z").parse().unwrap()
}

struct Place {
    folder: Folder,
    key: LogKey,
    genesis: Oid,
}

/// A clone of a bare remote, whose log has begun.
fn place() -> Place {
    let folder = Folder::new();
    let key = LogKey::generate("example.com/log", &mut OsRng).ok().unwrap();
    let config = format!(
        "version: 1\norganization: northwind\ntimezone: Europe/London\ntargets:\n  play: {{ type: sandbox, as: github }}\n\
         approval: {{ evidence: signatures, branch: main }}\naudit: {{ ref: {REFERENCE}, key: \"{}\" }}\n",
        key.verifier()
    );
    let genesis = folder.commit(&[&[("dualkey.yaml", config.as_str())][..], &BASE].concat());
    let bare = folder.beside("remote.git");
    folder.git(&["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    folder.git(&["remote", "add", "origin", &format!("file://{}", bare.display())]);
    folder.git(&["push", "--quiet", "--set-upstream", "origin", "main"]);
    let repository = folder.open();
    let refs = refs(&repository);
    let begin = Genesis {
        version: VERSION,
        organization: "northwind".to_owned(),
        genesis: genesis.to_string(),
        tree: repository.commit(genesis).unwrap().tree.to_string(),
        log_key: key.verifier().to_string(),
        single: true,
        continues: Vec::new(),
        statements: vec![Statement { person: "priya".to_owned(), statement: String::new(), signature: String::new() }],
        at: At(at("2026-11-02")),
    };
    Store::new(&repository, &refs, REFERENCE, KINDS).create(begin, &key).unwrap();
    Place { folder, key, genesis }
}

fn refs(repository: &Repository) -> StateRefs<'_> {
    let refs = StateRefs::open(repository, None, "main").unwrap();
    refs.refresh(&[REFERENCE]).unwrap();
    refs
}

/// Looks, before each write, whether the log on the remote knows of it.
struct Watched {
    inner: Sandbox,
    folder: std::path::PathBuf,
    key: VerifierKey,
    calls: Arc<AtomicUsize>,
    breaks: bool,
}

impl Writer for Watched {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.inner.greet()
    }

    fn ends(&self, call: &Call) -> bool {
        self.inner.ends(call)
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        calls.iter().for_each(|call| self.look(call));
        self.inner.perform(calls, gate)
    }
}

impl Watched {
    fn look(&self, call: &Call) {
        let repository = Repository::open(&self.folder).unwrap();
        let stored = Store::new(&repository, &refs(&repository), REFERENCE, KINDS).load(&self.key).unwrap().unwrap();
        let log = Memory::stored(&repository, &stored, &self.key);
        let open = |intent: &record::Intent| open_runs(&log).iter().any(|run| run.run == intent.run);
        let known = log.resolved().iter().any(|record| {
            matches!(record, Record::Intent(intent)
                if open(intent) && intent.operations.iter().any(|one| one.resource == call.resource))
        });
        assert!(known, "{call:?} stands in no open intent");
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.breaks {
            std::panic::resume_unwind(Box::new("crash"));
        }
    }
}

/// One run at the tip, as the command makes it; None where it died.
fn try_run(place: &Place, now: Timestamp, mode: Mode, breaks: bool) -> (Option<Outcome>, usize) {
    let repository = place.folder.open();
    let refs = refs(&repository);
    let clock = Patient::default();
    let id = lease::random_id();
    let terms = Terms {
        reference: LEASE.to_owned(),
        holder: lease::Holder::this_process(id.clone()),
        length: LENGTH,
        wait: Duration::ZERO,
        now,
    };
    let held = Lease::take(&repository, &refs, terms, &clock).unwrap();
    let stored = Store::new(&repository, &refs, REFERENCE, KINDS).load(place.key.verifier()).unwrap().unwrap();
    let past_landings = recorded(&stored.log).unwrap();
    let source = Signatures::open(&repository, &refs).unwrap();
    let verifier = Verifier::new(&repository, source, &past_landings, "main", KINDS, now);
    let mut chain = verifier.chain(refs.branch_tip().unwrap().unwrap()).unwrap();
    approve(&mut chain);
    let approved = verifier.approved(&chain).unwrap();
    let last = last_applied(&stored.log, |_| true).map(|(commit, at)| (verifier.revision(commit).unwrap(), at));
    let past = Past {
        applied: last.as_ref().map(|(revision, at)| (&**revision, *at)),
        accounts: granted(&stored.log)
            .iter()
            .map(|(account, people)| (account.clone(), people.first().unwrap().clone()))
            .collect(),
        given: given(&stored.log).as_ref().clone(),
        settled: last.iter().map(|_| (TargetId::parse("play").unwrap(), "sandbox:play".to_owned())).collect(),
        proven: super::super::recorded::proven_time(&stored.log),
        ..Past::default()
    };
    let target = TargetId::parse("play").unwrap();
    let sandbox = || Sandbox::open(place.folder.beside("play.json"), "sandbox:play", github::TYPE, now);
    let calls = Arc::new(AtomicUsize::new(0));
    let writer = Watched {
        inner: sandbox(),
        folder: place.folder.dir().to_owned(),
        key: place.key.verifier().clone(),
        calls: Arc::clone(&calls),
        breaks,
    };
    let reader = Connected { reader: Box::new(sandbox()), pinned: "sandbox:play".to_owned() };
    let mut targets = Targets {
        readers: BTreeMap::from([(target.clone(), Ok(reader))]),
        writers: BTreeMap::from([(target, Ok(Box::new(writer) as Box<dyn Writer>))]),
    };
    let run = Run { id, commit: approved.commit(), at: now, at_given: true };
    let store = Store::new(&repository, &refs, REFERENCE, KINDS);
    let mut journal = RunJournal::open(store, stored, &place.key, &verifier, &chain, run).unwrap();
    let request = Request { approved: &approved, chain: &chain, past: &past, now, mode, given: false };
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        apply::run(&request, &mut targets, apply::Footing::Whole { lease: &held, journal: &mut journal }, &clock)
    }));
    held.release().unwrap();
    let calls = calls.load(Ordering::Relaxed);
    match outcome {
        Ok(outcome) => (Some(outcome), calls),
        Err(_) if breaks => (None, calls),
        Err(failed) => std::panic::resume_unwind(failed),
    }
}

fn run(place: &Place, now: Timestamp, mode: Mode) -> (Outcome, usize) {
    let (outcome, calls) = try_run(place, now, mode, false);
    (outcome.unwrap(), calls)
}

/// Says of the landing that brings `web` that somebody approved it.
fn approve(chain: &mut Chain) {
    let Some(landing) = chain.landings.iter_mut().find(|one| one.verdict == Verdict::Refused) else { return };
    landing.verdict = Verdict::Approved;
    landing.refusals.clear();
    landing.head = Some(landing.commit);
    landing.digest = Some("ab".repeat(32));
    landing.approvals =
        vec![CountedApproval { person: "priya".to_owned(), at: "2026-11-20T12:00:00+01:00".to_owned() }];
    landing.authors = vec![Maker::Unknown];
    chain.last = landing.commit;
}

fn push(place: &Place, files: &[(&str, &str)]) -> Oid {
    let commit = place.folder.commit(files);
    place.folder.git(&["push", "--quiet", "origin", "main"]);
    commit
}

fn log(place: &Place) -> Memory {
    let repository = place.folder.open();
    let stored = Store::new(&repository, &refs(&repository), REFERENCE, KINDS).load(place.key.verifier());
    Memory::stored(&repository, &stored.unwrap().unwrap(), place.key.verifier())
}

fn types(log: &Memory) -> Vec<&'static str> {
    let name = |record: &Record| match record {
        Record::Genesis(_) => "genesis",
        Record::Landing(_) => "landing",
        Record::Changes(_) => "changes",
        Record::Intent(_) => "intent",
        Record::Result(outcome) if outcome.interrupted => "interrupted",
        Record::Result(_) => "result",
        Record::Refusal(_) => "refusal",
        Record::Drift(_) => "drift",
        Record::KeyChange(_) => "key-change",
        Record::Statements(_) => "statements",
        Record::Said(_) => "said",
    };
    log.records().map(name).collect()
}

#[test]
fn a_run_is_recorded_before_and_after_and_only_once() {
    let place = place();
    let (outcome, calls) = run(&place, at("2026-11-10"), Mode::Full);
    assert_eq!((outcome.exit(), calls, outcome.is_superseded()), (Exit::Done, 1, false), "{outcome:#?}");
    assert_eq!(types(&log(&place)), ["genesis", "landing", "intent", "result"]);
    let (again, calls) = run(&place, at("2026-11-11"), Mode::Full);
    assert_eq!((again.exit(), calls, again.is_superseded()), (Exit::Done, 0, true));
    assert_eq!(log(&place).size(), 4);
    let landed = push(&place, &[WEB]);
    run(&place, at("2026-11-20"), Mode::Full);
    let log = log(&place);
    assert_eq!(types(&log)[4..], ["landing", "intent", "result"]);
    assert_eq!(last_applied(&log, |_| true), Some((landed, at("2026-11-20"))));
    let recorded = recorded(&log).unwrap();
    assert_eq!(recorded.anchor, format!("{}:{}", place.genesis, place.key.verifier().id()));
    assert_eq!((recorded.genesis, recorded.landings.len(), recorded.landings[0].commit), (place.genesis, 1, landed));
    let account = (TargetId::parse("play").unwrap(), crate::access::AccountMark::of("11"));
    assert_eq!(*granted(&log), BTreeMap::from([(account, BTreeSet::from([PersonId::parse("alice").unwrap()]))]));
    assert_eq!(given(&log).len(), 2);
    let text: String = log.entries().iter().map(|entry| String::from_utf8_lossy(entry.json()).into_owned()).collect();
    assert!(!text.contains('@'), "no e-mail addresses: {text}");
}

#[test]
fn the_log_alone_says_who_could_do_what() {
    let place = place();
    run(&place, at("2026-11-10"), Mode::Full);
    let landed = push(&place, &[WEB]);
    run(&place, at("2026-11-20"), Mode::Full);
    let log = log(&place);
    let held = |who: &str, day: &str| -> Vec<String> {
        log.access_at(who, at(day)).into_iter().map(|one| one.resource).collect()
    };
    assert!(held("alice", "2026-11-09").is_empty());
    assert_eq!(held("alice", "2026-11-15"), ["northwind/api"]);
    assert_eq!(held("alice", "2026-11-21"), ["northwind/api", "northwind/web"]);
    assert_eq!(held("alice", "2026-12-16"), ["northwind/api"]);
    assert!(held("priya", "2026-11-21").is_empty());
    let [web] = &log.access_at("repository:northwind/web", at("2026-11-21"))[..] else { panic!("one") };
    assert_eq!((web.landing.clone(), web.grants.clone()), (landed.to_string(), vec!["web".to_owned()]));
    assert_eq!(web.approvals[0].person, "priya");
    assert_eq!(web.approvals[0].at, At("2026-11-20T11:00:00Z".parse().unwrap()));
    assert_eq!(web.until.map(|until| until.to_string()).as_deref(), Some("2026-12-16T00:00:00Z"));
}

#[test]
fn access_names_the_grants_that_hold_it_not_those_that_went() {
    let place = place();
    run(&place, at("2026-11-10"), Mode::Full);
    let longer = BASE[5].1.replace("2027-01-15", "2027-01-20");
    push(&place, &[("grants/api.yaml", WEB.1), ("grants/longer.yaml", &longer)]);
    run(&place, at("2026-11-20"), Mode::Full);
    let log = log(&place);
    let grants = |day: &str| -> Vec<String> {
        let held = log.access_at("repository:northwind/api", at(day));
        held.into_iter().flat_map(|one| one.grants).collect()
    };
    assert_eq!((grants("2026-11-15"), grants("2026-11-21")), (vec!["api".to_owned()], vec!["longer".to_owned()]));
}

#[test]
fn what_a_run_of_ends_records_is_not_given_yet() {
    let place = place();
    run(&place, at("2026-11-10"), Mode::Full);
    push(&place, &[WEB]);
    run(&place, at("2026-11-15"), Mode::OnlyEnds);
    let early = log(&place);
    let held = |log: &Memory, day: &str| -> Vec<String> {
        log.access_at("alice", at(day)).into_iter().map(|one| one.resource).collect()
    };
    assert_eq!(held(&early, "2026-11-16"), ["northwind/api"]);
    run(&place, at("2026-11-20"), Mode::Full);
    let late = log(&place);
    assert_eq!(held(&late, "2026-11-16"), ["northwind/api"], "before the full run it was not");
    assert_eq!(held(&late, "2026-11-21"), ["northwind/api", "northwind/web"]);
}

#[test]
fn a_crash_is_closed_by_the_next_run_and_ends_are_recorded() {
    let place = place();
    let (_, calls) = try_run(&place, at("2026-11-10"), Mode::Full, true);
    assert_eq!((calls, types(&log(&place)).as_slice()), (1, &["genesis", "landing", "intent"][..]));
    assert_eq!((open_runs(&log(&place)).len(), last_applied(&log(&place), |_| true)), (1, None));
    assert_eq!(given(&log(&place)).len(), 1, "nobody knows whether it was given");
    let (outcome, _) = run(&place, at("2026-11-11"), Mode::Full);
    assert_eq!(outcome.exit(), Exit::Done);
    assert_eq!(types(&log(&place))[3..], ["interrupted", "intent", "result"]);
    let (ends, calls) = run(&place, at("2027-01-20"), Mode::OnlyEnds);
    assert_eq!(
        (ends.exit(), calls, ends.done[0].because.to_string().starts_with("end: grant api")),
        (Exit::Done, 1, true)
    );
    assert!(given(&log(&place)).is_empty() && open_runs(&log(&place)).is_empty());
    assert_eq!(
        last_applied(&log(&place), |_| true).map(|(_, at)| at),
        Some(at("2026-11-11")),
        "a run of ends applies no tree"
    );
}

#[test]
fn drift_is_named_and_a_refusal_is_written_once() {
    let place = place();
    run(&place, at("2026-11-10"), Mode::Full);
    let kind = KINDS.get("repository").unwrap();
    let call = Call {
        verb: targets::Verb::Grant { until: None },
        kind,
        resource: "northwind/web".to_owned(),
        permission: "admin".to_owned(),
        principal: "11".into(),
        conditions: Conditions::NONE,
        number: None,
    };
    let mut sandbox = Sandbox::open(place.folder.beside("play.json"), "sandbox:play", github::TYPE, at("2026-11-11"));
    contract::one(&mut sandbox, &call).unwrap();
    run(&place, at("2026-11-12"), Mode::Full);
    assert_eq!(types(&log(&place))[4..], ["intent", "drift", "result"]);
    let repository = place.folder.open();
    push(&place, &[WEB]);
    let state = refs(&repository);
    let stored = Store::new(&repository, &state, REFERENCE, KINDS).load(place.key.verifier()).unwrap().unwrap();
    let past = recorded(&stored.log).unwrap();
    let source = Signatures::open(&repository, &state).unwrap();
    let verifier = Verifier::new(&repository, source, &past, "main", KINDS, at("2026-11-13"));
    let chain = verifier.chain(state.branch_tip().unwrap().unwrap()).unwrap();
    assert_eq!(chain.refused().count(), 1);
    let open = |stored: Stored| {
        let run = Run { id: "r".to_owned(), commit: chain.last, at: at("2026-11-13"), at_given: false };
        let store = Store::new(&repository, &state, REFERENCE, KINDS);
        RunJournal::open(store, stored, &place.key, &verifier, &chain, run).unwrap()
    };
    let mut journal = open(stored);
    assert!(journal.pending());
    journal.intend(Mode::Full, &[], &apply::Numbers::new()).unwrap();
    let types = |journal: &RunJournal<'_>| types(&Memory::stored(&repository, journal.stored(), place.key.verifier()));
    assert!(types(&journal)[7..].starts_with(&["refusal"]));
    let refusals = |journal: &RunJournal<'_>| types(journal).iter().filter(|name| **name == "refusal").count();
    let before = refusals(&journal);
    let mut later = open(journal.stored().clone());
    later.intend(Mode::Full, &[], &apply::Numbers::new()).unwrap();
    assert_eq!(refusals(&later), before);
    assert_eq!(
        journal.intend(Mode::Full, &[], &apply::Numbers::new()).unwrap_err().code.id,
        "lease-lost",
        "the log is another's by now"
    );
}
