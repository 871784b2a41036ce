//! What the entries of a log come to, for those who go on from there. It is found entry by entry, so that nobody has to
//! hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::error::LogError;
use super::reader::Reader;
use super::record::{self, At, Genesis, Intent, Landing, Mode, Operation, Outcome, Record, Slice, Verb};
use crate::access::{AccountMark, Conditions, Kinds, PersonId, TargetId};
use crate::apply::{self, time};
use crate::targets::Resource;

/// What a log says up to some entry.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub kinds: Kinds,
    /// Landings, without what they change, and what people signed, in order, each with the index of its entry.
    pub judged: Vec<(u64, Record)>,
    /// Refused landings, each with a code.
    pub refusals: BTreeSet<(String, String)>,
    /// The first intent of every run that has no result, without its operations; its mode is full where that of any is.
    pub open: Vec<Intent>,
    /// What stands in intents since the last run that came to an end by itself.
    pub unfinished: Vec<Slice>,
    /// What was brought about as a whole, each landing once, the last one last.
    pub applied: Vec<(String, At)>,
    /// When runs ended that came to an end by themselves, without those that ended later by the clock than one that ended
    /// after them. The last one is the newest.
    pub runs: Vec<At>,
    /// The newest instant that is known by more than the clock of one machine.
    pub proven: Option<At>,
    /// Accounts that access was granted to at any time, with everybody whose they were then.
    pub accounts: Rc<BTreeMap<(TargetId, AccountMark), BTreeSet<PersonId>>>,
    /// What was granted and not taken back since.
    pub given: Rc<BTreeSet<apply::Given>>,
    /// When of these was given what a run says that it did.
    pub given_at: Rc<BTreeMap<apply::Given, At>>,
    /// The numbers of resources on which something was granted, as they were when that was written down last.
    pub numbers: Rc<apply::Numbers>,
    /// Targets that were brought about as a whole, each with what pinned it then.
    pub settled: BTreeMap<TargetId, String>,
}

impl State {
    /// That of a log without entries.
    pub fn new(kinds: Kinds) -> Self {
        State {
            kinds,
            judged: Vec::new(),
            refusals: BTreeSet::new(),
            open: Vec::new(),
            unfinished: Vec::new(),
            applied: Vec::new(),
            runs: Vec::new(),
            proven: None,
            accounts: Rc::default(),
            given: Rc::default(),
            given_at: Rc::default(),
            numbers: Rc::default(),
            settled: BTreeMap::new(),
        }
    }

    /// Takes in the entry at an index; `reader` reads those before it.
    ///
    /// # Errors
    ///
    /// Where the entry tells operations by an entry that doesn't hold them, or that can't be read.
    pub fn add(&mut self, index: u64, record: &Record, reader: &Reader<'_>) -> Result<(), LogError> {
        match record {
            Record::Genesis(genesis) => self.begin(genesis),
            Record::Landing(landing) => {
                let landing = Landing { changes: Vec::new(), ..landing.clone() };
                self.judged.push((index, Record::Landing(landing)));
            }
            Record::Statements(_) | Record::Said(_) => self.judged.push((index, record.clone())),
            Record::Refusal(refusal) => {
                self.refusals.insert((refusal.landing.clone(), refusal.code.clone()));
            }
            Record::Intent(intent) => self.intend(index, intent, reader)?,
            Record::Result(outcome) => self.conclude(index, outcome, reader)?,
            Record::Changes(_) | Record::Drift(_) | Record::KeyChange(_) => {}
        }
        Ok(())
    }

    /// What the log that this one goes on from left behind, where there is one.
    fn begin(&mut self, genesis: &Genesis) {
        let Some(old) = genesis.continues.last() else { return };
        self.proven = old.proven;
        let accounts = Rc::make_mut(&mut self.accounts);
        for one in &old.accounts {
            if let (Ok(target), Ok(person)) = (TargetId::parse(&one.target), PersonId::parse(&one.person)) {
                accounts.entry((target, AccountMark::written(&one.principal))).or_default().insert(person);
            }
        }
        let given = old.given.iter().filter_map(|one| {
            let names = [&one.target, &one.kind, &one.resource, &one.permission, &one.principal];
            held(names.map(String::as_str), &one.conditions, self.kinds)
        });
        Rc::make_mut(&mut self.given).extend(given);
        self.number(&old.numbers);
    }

    pub(super) fn settle(&mut self, settled: &[record::Settled]) {
        let known = settled.iter().filter_map(|one| Some((TargetId::parse(&one.target).ok()?, one.pinned.clone())));
        self.settled.extend(known);
    }

    /// Kinds that this program doesn't have are left out.
    pub(super) fn number(&mut self, numbers: &[record::Numbered]) {
        let kinds = self.kinds;
        let known = numbers.iter().filter_map(|one| {
            let resource = Resource { kind: kinds.get(&one.kind)?, name: one.resource.clone() };
            Some(((TargetId::parse(&one.target).ok()?, resource), one.number.parse().ok()?))
        });
        Rc::make_mut(&mut self.numbers).extend(known);
    }

    fn intend(&mut self, index: u64, intent: &Intent, reader: &Reader<'_>) -> Result<(), LogError> {
        match self.open.iter_mut().find(|open| open.run == intent.run) {
            Some(open) if intent.mode == Mode::Full => open.mode = Mode::Full,
            Some(_) => {}
            None => {
                let (operations, operations_of) = (Vec::new(), Vec::new());
                self.open.push(Intent { operations, operations_of, ..intent.clone() });
            }
        }
        if !intent.at_given && time::is_proven(intent.clocks.iter().map(|one| (one.theirs.0, one.ours.0))) {
            self.proven = intent.clocks.iter().map(|one| one.ours).chain(self.proven).max();
        }
        self.number(&intent.numbers);
        if let Ok(count @ 1..) = u32::try_from(intent.operations.len()) {
            self.unfinished.push(Slice(index, 0, count));
        }
        let (kinds, accounts) = (self.kinds, Rc::make_mut(&mut self.accounts));
        let given = Rc::make_mut(&mut self.given);
        let mut about_to = |operation: &Operation| {
            if operation.verb == Verb::Revoke {
                return;
            }
            // what an interrupted or failed call may have granted counts, for nobody knows
            given.extend(thing(operation, kinds));
            let person = operation.person.as_deref().and_then(|person| PersonId::parse(person).ok());
            if let (Ok(target), Some(person)) = (TargetId::parse(&operation.target), person) {
                accounts.entry((target, AccountMark::written(&operation.principal))).or_default().insert(person);
            }
        };
        reader.each_operation(index, &intent.operations_of, &mut about_to)?;
        intent.operations.iter().for_each(about_to);
        Ok(())
    }

    fn conclude(&mut self, index: u64, outcome: &Outcome, reader: &Reader<'_>) -> Result<(), LogError> {
        let full = self.open.iter().any(|open| open.run == outcome.run && open.mode == Mode::Full);
        self.open.retain(|open| open.run != outcome.run);
        if outcome.interrupted {
            return Ok(());
        }
        self.unfinished.clear();
        self.settle(&outcome.settled);
        while self.runs.last().is_some_and(|last| *last >= outcome.at) {
            self.runs.pop();
        }
        self.runs.push(outcome.at);
        if full && outcome.is_whole() {
            self.applied.retain(|(commit, _)| *commit != outcome.commit);
            self.applied.push((outcome.commit.clone(), outcome.at));
        }
        let (kinds, given) = (self.kinds, Rc::make_mut(&mut self.given));
        let given_at = Rc::make_mut(&mut self.given_at);
        let mut done = |operation: &Operation| {
            take_back(given, given_at, operation, kinds);
            if operation.verb != Verb::Revoke {
                given_at.extend(thing(operation, kinds).map(|one| (one, outcome.at)));
            }
        };
        outcome.done.iter().for_each(&mut done);
        reader.each_operation(index, &outcome.done_of, done)?;
        // a grant was to be made because nothing was held
        let mut not_started = |operation: &Operation| {
            if operation.verb == Verb::Grant {
                thing(operation, kinds).map(|one| given.remove(&one));
            }
        };
        outcome.not_started.iter().for_each(&mut not_started);
        reader.each_operation(index, &outcome.not_started_of, not_started)
    }
}

impl Outcome {
    /// True where everything was seen, and everything was done that the run was about to do.
    pub(super) fn is_whole(&self) -> bool {
        !self.interrupted
            && self.unread.is_empty()
            && self.failed.is_empty()
            && self.failed_of.is_empty()
            && self.not_started.is_empty()
            && self.not_started_of.is_empty()
    }
}

fn thing(one: &Operation, kinds: Kinds) -> Option<apply::Given> {
    let names = [&one.target, &one.kind, &one.resource, &one.permission, &one.principal];
    held(names.map(String::as_str), &one.conditions, kinds)
}

/// None where this program doesn't have the kind.
pub(super) fn held(
    [target, kind, resource, permission, principal]: [&str; 5],
    conditions: &Conditions,
    kinds: Kinds,
) -> Option<apply::Given> {
    Some(apply::Given {
        target: TargetId::parse(target).ok()?,
        kind: kinds.get(kind)?,
        resource: resource.to_owned(),
        account: AccountMark::written(principal),
        permission: permission.to_owned(),
        conditions: conditions.clone(),
    })
}

/// The same the other way round.
pub(super) fn as_record(one: &apply::Given) -> record::Given {
    record::Given {
        target: one.target.to_string(),
        kind: one.kind.name.to_owned(),
        resource: one.resource.clone(),
        permission: one.permission.clone(),
        principal: one.account.to_string(),
        conditions: one.conditions.clone(),
    }
}

/// After an operation was done, nothing else than it says is held in its place.
fn take_back(
    given: &mut BTreeSet<apply::Given>,
    given_at: &mut BTreeMap<apply::Given, At>,
    operation: &Operation,
    kinds: Kinds,
) {
    let Some(done) = thing(operation, kinds) else { return };
    if done.kind.holds_one() {
        let first = apply::Given { permission: String::new(), conditions: Conditions::NONE, ..done.clone() };
        let same = |one: &&apply::Given| {
            (&one.target, one.kind, &one.resource, &one.account)
                == (&done.target, done.kind, &done.resource, &done.account)
        };
        let held: Vec<apply::Given> = given.range(first..).take_while(same).cloned().collect();
        for one in &held {
            given.remove(one);
            given_at.remove(one);
        }
    } else {
        given.remove(&done);
        given_at.remove(&done);
        if let Some(previous) = &operation.previous {
            let (permission, conditions) = (previous.permission.clone(), previous.conditions.clone());
            let previous = apply::Given { permission, conditions, ..done.clone() };
            given.remove(&previous);
            given_at.remove(&previous);
        }
    }
    if operation.verb != Verb::Revoke {
        given.insert(done);
    }
}
