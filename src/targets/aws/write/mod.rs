//! Changes at one instance.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::cache::Cache;
use super::client::{Asked, Failure, Line};
use super::directory::{Directory, Sets, Who};
use super::ends::{Ending, Policy};
use super::instance::Instance;
use super::kinds::{ACCOUNT, ACCOUNT_ROLE, IDENTITY_GROUP};
use crate::targets::{Call, Done, Gate, Hello, Names, Principal, TargetError, Verb, Writer};

mod assignments;
mod dated;
mod members;
mod roles;

use assignments::{Job, Step};

pub(super) type Outcome = Result<Done, TargetError>;

/// Changes one instance.
pub(super) struct InstanceWriter {
    line: Line,
    cache: Cache,
    /// The policy that enforces ends, as it was when it was first asked for; None where there is none that does.
    policy: OnceCell<Option<Policy>>,
}

impl InstanceWriter {
    pub(super) fn new(line: Line, cache: Cache) -> Self {
        InstanceWriter { line, cache, policy: OnceCell::new() }
    }

    /// The policy that enforces ends, where there is one and it can be read.
    fn policy(&self) -> Option<&Policy> {
        let read = || {
            let id = self.line.settings.scp.as_ref()?;
            let instance = Instance::pinned(&self.line).ok()?;
            Policy::read(&self.line, id, &instance.management).ok()
        };
        self.policy.get_or_init(read).as_ref()
    }
}

impl Writer for InstanceWriter {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        Ok(Instance::read(&self.line)?.hello)
    }

    fn ends(&self, call: &Call) -> bool {
        let of_user = matches!(call.principal, Principal::Account(_));
        call.kind == &ACCOUNT && of_user && self.policy().is_some_and(|policy| policy.holds_in(&call.resource))
    }

    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Outcome> {
        if calls.is_empty() {
            return Vec::new();
        }
        let tell = Telling::new(gate, calls.len());
        let known = match Known::read(&self.line, &mut self.cache, calls) {
            Ok(known) => known,
            Err(error) => {
                (0..calls.len()).for_each(|call| tell.settle(call, Err(error.clone())));
                return tell.results();
            }
        };
        let ends: Vec<bool> = calls.iter().map(|call| self.ends(call)).collect();
        let mut work = Vec::new();
        for (place, call) in calls.iter().enumerate() {
            match known.work(call) {
                Ok(Some(one)) => work.push((place, one)),
                Ok(None) => tell.settle(place, Ok(Done::default())),
                Err(error) => tell.settle(place, Err(error)),
            }
        }
        if let Some(id) = self.line.settings.scp.clone() {
            work = dated::write(&self.line, &id, &known, calls, &ends, work, &tell);
        }
        let mut jobs = Vec::new();
        for (place, one) in work {
            let Some(call) = calls.get(place) else { continue };
            match one {
                Work::Assign { steps, ended_by, .. } => jobs.push(Job::new(place, call, steps, ended_by)),
                Work::Member { group, who } => members::perform(&self.line, call, place, &group, &who, &tell),
                Work::Role { who } => roles::perform(&self.line, call, place, &who, &tell),
            }
        }
        assignments::perform(&self.line, jobs, &tell);
        tell.results()
    }
}

/// What a call comes to.
enum Work {
    /// Assignments to make and to take, one after the other.
    Assign {
        steps: Vec<Step>,
        /// The user's end in the policy; None of a group, which has none there.
        ending: Option<Ending>,
        /// The end of what a change replaces, where that is another set.
        replaced: Option<Ending>,
        /// The policy that ends open sessions of what is taken; None where none does.
        ended_by: Option<String>,
    },
    /// A membership of the group with this id.
    Member {
        group: String,
        who: Who,
    },
    Role {
        who: Who,
    },
}

/// What names mean at the instance.
pub(super) struct Known {
    directory: Directory,
    sets: Sets,
}

impl Known {
    fn read(line: &Line, cache: &mut Cache, calls: &[Call]) -> Result<Self, TargetError> {
        let directory = Directory::read(line).map_err(|failure| line.unseen(&failure, "list users and groups"))?;
        let sets = if calls.iter().any(|call| call.kind == &ACCOUNT) {
            Sets::read(line, cache).map_err(|failure| line.unseen(&failure, "list permission sets"))?
        } else {
            Sets::default()
        };
        Ok(Known { directory, sets })
    }

    /// What a call comes to; None where nothing is to be done: what isn't there can't be held.
    fn work(&self, call: &Call) -> Result<Option<Work>, TargetError> {
        let takes = call.verb == Verb::Revoke;
        let refused = |why: String, help: &str| TargetError::Refused { why, help: help.to_owned() };
        if !call.conditions.enforceable(call.kind) {
            return Err(refused(format!("a {} can't be held on conditions", call.kind.name), "declare it without"));
        }
        if let Err(why) = (call.kind.check_resource)(&call.resource) {
            let why = format!("`{}` is no {}: {why}", call.resource.escape_debug(), call.kind.name);
            return if takes { Ok(None) } else { Err(refused(why, "correct the name")) };
        }
        let Some(who) = one_of(self.directory.find(&call.principal), &call.principal.to_string())? else {
            let unknown = match &call.principal {
                Principal::Account(name) => Names::Accounts.check(name, &self.directory.user_names()).err(),
                Principal::Group(name) => {
                    Names::Resources(&IDENTITY_GROUP).check(name, &self.directory.group_names()).err()
                }
                Principal::Service(_) | Principal::Everyone(_) | Principal::Deleted(_) | Principal::Unknown(_) => None,
            };
            let nobody = || refused(format!("`{}` is nobody of the identity store", call.principal), "name a user");
            return if takes { Ok(None) } else { Err(unknown.unwrap_or_else(nobody)) };
        };
        if call.kind == &ACCOUNT {
            return self.assignments(call, &who);
        }
        if call.kind == &ACCOUNT_ROLE {
            return Ok(Some(Work::Role { who }));
        }
        if call.kind != &IDENTITY_GROUP {
            let why = format!("`{}` is not a kind of AWS Identity Center", call.kind.name);
            return Err(refused(why, "name another target"));
        }
        let Some(group) = one_of(self.directory.group(&call.resource), &call.resource)? else {
            let unknown = Names::Resources(&IDENTITY_GROUP).check(&call.resource, &self.directory.group_names());
            return if takes { Ok(None) } else { unknown.map(|()| None) };
        };
        if self.directory.is_synchronised(&group) {
            return Err(TargetError::Denied {
                what: format!("change who is in the group `{}`, which an identity provider keeps", call.resource),
                help: "change it where the group is kept: what is written here is undone by the next synchronisation"
                    .to_owned(),
            });
        }
        Ok(Some(Work::Member { group, who }))
    }

    fn assignments(&self, call: &Call, who: &Who) -> Result<Option<Work>, TargetError> {
        let find = |name: &str| one_of(self.sets.find(name), name);
        let step = |gives, set: String| Step { gives, account: call.resource.clone(), set, who: who.clone() };
        let ending = |set: &str| match who {
            Who::User(user) => Some(Ending { account: call.resource.clone(), set: set.to_owned(), user: user.clone() }),
            Who::Group(_) => None,
        };
        let (steps, replaced) = match &call.verb {
            Verb::Revoke => match find(&call.permission)? {
                Some(set) => (vec![step(false, set)], None),
                None => return Ok(None),
            },
            Verb::Grant { .. } | Verb::Change { .. } => {
                let Some(set) = find(&call.permission)? else {
                    Names::Permissions(&ACCOUNT).check(&call.permission, &self.sets.names())?;
                    return Ok(None);
                };
                let mut steps = vec![step(true, set)];
                let mut replaced = None;
                if let Verb::Change { previous, .. } = &call.verb
                    && previous.permission != call.permission
                {
                    steps.extend(find(&previous.permission)?.map(|set| step(false, set)));
                    replaced = ending(&previous.permission);
                }
                (steps, replaced)
            }
        };
        Ok(Some(Work::Assign { steps, ending: ending(&call.permission), replaced, ended_by: None }))
    }
}

/// The one thing of a name; None where there is none.
fn one_of<T>(mut found: Vec<T>, name: &str) -> Result<Option<T>, TargetError> {
    let one = found.pop();
    if found.is_empty() {
        return Ok(one);
    }
    let why = format!("several things at the instance are called `{name}`");
    Err(TargetError::Refused { why, help: "rename all but one of them".to_owned() })
}

/// The results of a phase, each told to the gate when it is known.
pub(super) struct Telling<'g> {
    gate: &'g dyn Gate,
    results: std::cell::RefCell<BTreeMap<usize, Outcome>>,
    calls: usize,
}

impl<'g> Telling<'g> {
    fn new(gate: &'g dyn Gate, calls: usize) -> Self {
        Telling { gate, results: Default::default(), calls }
    }

    /// True where the next request may change something.
    fn may_go_on(&self) -> bool {
        self.gate.pass().is_ok()
    }

    fn settle(&self, call: usize, result: Outcome) {
        self.gate.settled(call, &result);
        self.results.borrow_mut().insert(call, result);
    }

    /// One a call. What wasn't settled wasn't tried.
    fn results(self) -> Vec<Outcome> {
        let mut results = self.results.into_inner();
        (0..self.calls).map(|call| results.remove(&call).unwrap_or(Err(TargetError::Stopped))).collect()
    }
}

/// What a call does, for messages.
fn doing(call: &Call) -> String {
    format!("{} {} on {} {} for {}", call.verb.as_str(), call.permission, call.kind.name, call.resource, call.principal)
}

/// A failure of a change, in the words of all targets.
fn failed(line: &Line, call: &Call, failure: &Failure) -> TargetError {
    failure.told(&line.settings.target, Asked::ToChange(&doing(call)))
}
