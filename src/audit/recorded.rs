//! What the log says of the past, for those who go on from there.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use jiff::Timestamp;
use serde_json::Value;

use super::Log;
use super::log::{ANCHOR_NEXT, beginning};
use super::numbers::numbered;
use super::record::{self, At, Intent, Record};
use super::state::as_record;
use crate::access::{Access, AccountMark, PersonId, TargetId};
use crate::apply;
use crate::approval::pull::{PULL_VERSION, Pull};
use crate::approval::statement;
use crate::approval::{CountedApproval, Maker, Recorded, RecordedLanding, Removal, Signed, Verdict};
use crate::repository::Oid;

/// The genesis and every landing that the log records, with what proves them. None where an id in it is none.
pub fn recorded(log: &Log) -> Option<Recorded> {
    let genesis = log.genesis();
    let mut recorded = Recorded {
        anchor: log.anchor(),
        vouched_by: genesis.statements.iter().map(|statement| statement.person.clone()).collect(),
        genesis: genesis.genesis.parse().ok()?,
        landings: Vec::new(),
        removals: Vec::new(),
        said: Vec::new(),
        keys: log.keys().later().map(|later| later.commit).collect(),
    };
    let mut later: BTreeMap<&str, &record::Proof> = BTreeMap::new();
    for (entry, record) in &log.state().judged {
        match record {
            Record::Landing(landing) if landing.base == landing.commit => {}
            Record::Landing(landing) => match verdict(landing.verdict) {
                Some(verdict) => recorded.landings.push(one(landing, verdict, recorded.said.len(), *entry)?),
                None => recorded.removals.push(removal(landing)?),
            },
            Record::Said(said) => recorded.said.extend(signed(&said.statements)),
            Record::Statements(proven) => {
                later.extend(proven.landings.iter().map(|proof| (proof.commit.as_str(), proof)));
            }
            Record::Genesis(_)
            | Record::Changes(_)
            | Record::Intent(_)
            | Record::Result(_)
            | Record::Refusal(_)
            | Record::Drift(_)
            | Record::KeyChange(_) => {}
        }
    }
    let bare = recorded.landings.iter_mut().filter(|landing| landing.statements.is_empty());
    let landings = bare.map(|one| (one.commit, &mut one.head, &mut one.statements));
    let bare = recorded.removals.iter_mut().filter(|removal| removal.statements.is_empty());
    for (commit, head, statements) in landings.chain(bare.map(|one| (one.commit, &mut one.head, &mut one.statements))) {
        if let Some(proof) = later.get(commit.to_string().as_str()) {
            *head = proof.head.parse().ok();
            *statements = signed(&proof.statements).collect();
        }
    }
    Some(recorded)
}

/// Whether the people whom entry 0 names vouch for the genesis: by statements that keys of its own tree signed, and as many as
/// it takes.
pub fn is_vouched_for(genesis: &record::Genesis, commit: Oid, tree: Oid, access: &Access) -> bool {
    let people: BTreeSet<&str> = genesis.statements.iter().map(|statement| statement.person.as_str()).collect();
    let signed: Vec<Signed> = signed(&genesis.statements).collect();
    genesis.tree == tree.to_string()
        && people.len() >= if genesis.single { 1 } else { 2 }
        && signed.len() == genesis.statements.len()
        && signed.iter().all(|one| statement::vouches(one, commit, tree, access))
}

fn signed(statements: &[record::Statement]) -> impl Iterator<Item = Signed> {
    statements.iter().filter_map(|one| {
        let person = PersonId::parse(&one.person).ok()?;
        Signed::new(person, one.statement.clone().into_bytes(), one.signature.clone().into_bytes())
    })
}

/// What a log that is begun anew after this one says of it, after those that it was itself begun anew after.
pub fn predecessors(log: &Log) -> Vec<record::Predecessor> {
    let earlier = log.genesis().continues.iter().map(|old| record::Predecessor {
        applied: None,
        accounts: Vec::new(),
        given: Vec::new(),
        numbers: Vec::new(),
        proven: None,
        ..old.clone()
    });
    let account = |((target, account), people): (&(TargetId, AccountMark), &BTreeSet<PersonId>)| {
        let one = |person: &PersonId| record::Account {
            target: target.to_string(),
            principal: account.to_string(),
            person: person.to_string(),
        };
        people.iter().map(one).collect::<Vec<_>>()
    };
    let newest = record::Predecessor {
        anchor: log.anchor(),
        log_key: log.key().to_string(),
        size: log.size(),
        root: log.root().to_string(),
        applied: last_applied(log, |_| true)
            .map(|(commit, at)| record::Applied { commit: commit.to_string(), at: At(at) }),
        accounts: granted(log).iter().flat_map(account).collect(),
        given: given(log).iter().map(as_record).collect(),
        numbers: numbers(log).iter().map(|(name, number)| numbered(name, *number)).collect(),
        proven: proven_time(log).map(At),
    };
    earlier.chain([newest]).collect()
}

/// What is left of the past without the log: the genesis that the anchor names. None where the text is no anchor.
pub fn from_anchor(anchor: &str) -> Option<Recorded> {
    let names_key = |part: &str| {
        let id = part.split_once(':').filter(|(commit, _)| commit.parse::<Oid>().is_ok()).map(|(_, id)| id);
        id.is_some_and(|id| id.len() == 8 && id.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if !anchor.split(ANCHOR_NEXT).all(names_key) {
        return None;
    }
    let anchor = beginning(anchor);
    let (genesis, _) = anchor.split_once(':')?;
    let genesis = genesis.parse().ok()?;
    Some(Recorded {
        genesis,
        anchor: anchor.to_owned(),
        vouched_by: Vec::new(),
        landings: Vec::new(),
        removals: Vec::new(),
        said: Vec::new(),
        keys: Vec::new(),
    })
}

/// Landings from the oldest on, without what they change. The one whose base is itself is the genesis.
pub(super) fn landings(log: &Log) -> impl Iterator<Item = &record::Landing> {
    log.state().judged.iter().filter_map(|(_, record)| match record {
        Record::Landing(landing) => Some(landing),
        Record::Genesis(_)
        | Record::Changes(_)
        | Record::Intent(_)
        | Record::Result(_)
        | Record::Refusal(_)
        | Record::Drift(_)
        | Record::KeyChange(_)
        | Record::Statements(_)
        | Record::Said(_) => None,
    })
}

/// The newest landing on the branch that the log records. None where it records none.
pub fn last_landing(log: &Log) -> Option<Oid> {
    let verified = landings(log).filter(|landing| verdict(landing.verdict).is_some());
    verified.last()?.commit.parse().ok()
}

fn given_by(landing: &record::Landing) -> Vec<CountedApproval> {
    let given = |approval: &record::Approval| CountedApproval {
        person: approval.person.clone(),
        at: approval.at.0.to_string(),
    };
    landing.approvals.iter().map(given).collect()
}

/// None of a removal, which is no part of the verified history.
fn verdict(verdict: record::Verdict) -> Option<Verdict> {
    match verdict {
        record::Verdict::Approved => Some(Verdict::Approved),
        record::Verdict::Unmanaged => Some(Verdict::Unmanaged),
        record::Verdict::Restored => Some(Verdict::Restored),
        record::Verdict::Removal => None,
    }
}

fn head(landing: &record::Landing) -> Option<Oid> {
    landing.head.as_deref().and_then(|head| head.parse().ok())
}

fn one(landing: &record::Landing, verdict: Verdict, said: usize, entry: u64) -> Option<RecordedLanding> {
    Some(RecordedLanding {
        base: landing.base.parse().ok()?,
        commit: landing.commit.parse().ok()?,
        head: head(landing),
        verdict,
        approvals: given_by(landing),
        authors: landing.authors.iter().map(|text| Maker::recorded(text)).collect(),
        statements: signed(&landing.statements).collect(),
        pull: pull(&landing.evidence),
        said,
        entry,
        at: landing.at.0,
    })
}

/// What the forge had told of a pull request. None where nothing was, or in another version's words.
fn pull(evidence: &Value) -> Option<Pull> {
    let version = evidence.get("version").and_then(Value::as_u64);
    let pull = evidence.get("pull").filter(|_| version == Some(u64::from(PULL_VERSION)))?;
    serde_json::from_value(pull.clone()).ok()
}

fn removal(landing: &record::Landing) -> Option<Removal> {
    let (base, commit) = (landing.base.parse().ok()?, landing.commit.parse().ok()?);
    Some(Removal {
        base,
        commit,
        change: [base, commit],
        head: head(landing),
        approvals: given_by(landing),
        authors: landing.authors.iter().map(|text| Maker::recorded(text)).collect(),
        digest: landing.digest.clone(),
        statements: signed(&landing.statements).collect(),
        pull: pull(&landing.evidence),
        recorded: true,
        proven: false,
        kept: true,
    })
}

/// The first intent of every run that has no result, without its operations: it runs still, or was interrupted.
pub fn open_runs(log: &Log) -> &[Intent] {
    &log.state().open
}

/// The landing that was last brought about as a whole, and when, among those that are `verified`. What a log says of its
/// predecessor stands in its entry 0, which nobody changes later.
pub fn last_applied(log: &Log, verified: impl Fn(Oid) -> bool) -> Option<(Oid, Timestamp)> {
    let mut done = log.state().applied.iter().rev().filter_map(|(commit, at)| Some((commit.parse().ok()?, at.0)));
    let before = || {
        let applied = log.genesis().continues.last()?.applied.as_ref()?;
        Some((applied.commit.parse().ok()?, applied.at.0))
    };
    done.find(|(commit, _)| verified(*commit)).or_else(before)
}

/// When the last run ended that came to an end by itself. A run whose clock was ahead of this instant doesn't count.
pub fn last_run(log: &Log, now: Timestamp) -> Option<Timestamp> {
    log.state().runs.iter().rev().map(|at| at.0).find(|at| *at <= now)
}

/// The newest instant that is known by more than the clock of one machine: it was read from a clock, and every target that
/// tells the time said the same. None where no run had a target to compare with.
pub fn proven_time(log: &Log) -> Option<Timestamp> {
    log.state().proven.map(|at| at.0)
}

/// Accounts that access was granted to at any time, with everybody whose they were then: no later entry takes an earlier
/// owner away.
pub fn granted(log: &Log) -> Rc<BTreeMap<(TargetId, AccountMark), BTreeSet<PersonId>>> {
    Rc::clone(&log.state().accounts)
}

/// What was granted and not taken back since. What an interrupted or failed call may have granted counts, for nobody
/// knows; kinds that this program doesn't have are left out.
pub fn given(log: &Log) -> Rc<BTreeSet<apply::Given>> {
    Rc::clone(&log.state().given)
}

/// When each of that was given, where a run said that it was done.
pub fn given_at(log: &Log) -> BTreeMap<apply::Given, Timestamp> {
    log.state().given_at.iter().map(|(given, at)| (given.clone(), at.0)).collect()
}

/// Targets that were brought about as a whole, each with what pinned it then.
pub fn settled(log: &Log) -> BTreeMap<TargetId, String> {
    log.state().settled.clone()
}

/// The numbers of resources on which something was granted, as they were when that was written down last.
pub fn numbers(log: &Log) -> Rc<apply::Numbers> {
    Rc::clone(&log.state().numbers)
}
