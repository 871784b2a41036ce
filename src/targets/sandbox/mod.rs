//! The embedded target: one JSON file that stands in for a target of another type, with that type's kinds.
//!
//! ```json
//! {
//!   "version": 1,
//!   "as": "github",
//!   "native_ends": false,
//!   "entitlements": [
//!     {
//!       "kind": "repository",
//!       "resource": "northwind/payments-api",
//!       "permission": "push",
//!       "principal": "583231"
//!     }
//!   ]
//! }
//! ```
//!
//! An entitlement may have an `until`, where `native_ends` is true, and `conditions` where its kind enforces them, such
//! as `[{ "hours": { "days": ["mon"], "between": "08:00-19:00", "timezone": "Europe/London" } }]`.
//!
//! A principal that is no account is written with what it is, such as `{ "group": "northwind/devs" }`. Beside the
//! entitlements `"members": { "northwind/devs": ["583231", { "group": "northwind/leads" }] }` says who is in which group.
//! Whoever holds something on a resource whose kind is a sort of group, such as a team, is in the group of that name.
//!
//! An entitlement with `"latent": "invited"` or `"latent": "eligible"` is held by nobody yet.
//!
//! `"ways_in": [{ "kind": "repository", "resource": "northwind/payments-api", "words": "deploy key 7" }]` are ways to a
//! resource that no entitlement shows.
//!
//! `"clock": "2026-11-24T09:00:00Z"` makes it a target that says what time it is, always the same. `"identity"` makes it one
//! that says which it is; one without is whichever it is taken for.
//!
//! `"names": { "accounts": ["583231"], "resources": { "repository": ["northwind/payments-api"] } }` says which names exist,
//! `permissions` likewise by kind. Of what isn't listed every well-formed name exists and may have no entitlements.
//!
//! The file is the whole state and may be edited by hand: that is how drift looks here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jiff::Timestamp;

use super::connect::{Client, Connect, Connection, Support};
use super::credential::Right;
use super::reading::members_of;
use super::{
    Call, Depth, Done, Fact, Gate, Hello, Live, Members, Names, OTHER_WAY_IN, Power, Principal, Reader, Reading,
    Resource, Scope, Surroundings, TargetError, Verb, Writer,
};
use crate::access::{Target, TargetType};

#[cfg(any(debug_assertions, test))]
pub mod faults;
mod file;
mod principal;
pub mod spec;
mod store;
#[cfg(test)]
mod tests;

use file::{Content, Known, WayIn};

pub const TYPE: TargetType = TargetType::new("sandbox");

/// Nobody has to prove who they are to a file.
pub(super) const CLIENT: Client = Client {
    credentials: &[],
    support: Support::Built(Connect {
        reader: |Connection { target, place, .. }| {
            Ok(Box::new(place.retrying(of_settings(target, place, Right::Read))))
        },
        writer: |Connection { target, place, .. }| {
            Ok(Box::new(place.retrying(of_settings(target, place, Right::Write))))
        },
    }),
    rules: &[],
};

/// What reads and writes the embedded target that the settings declare, in the file that they name or in one of the git
/// directory.
fn of_settings(target: &Target, place: &Surroundings<'_>, right: Right) -> impl Reader + Writer + use<> {
    let own = || file_in(place.own_dir, target);
    let file = target.settings.get(spec::FILE).map_or_else(own, |file| place.work_dir.join(file));
    client(file, target, place, right)
}

/// What reads and writes the embedded target that is kept in a folder and stands in for another target, of whatever type.
pub fn in_folder(
    folder: &Path,
    target: &Target,
    place: &Surroundings<'_>,
    right: Right,
) -> impl Reader + Writer + use<> {
    client(file_in(folder, target), target, place, right)
}

fn file_in(folder: &Path, target: &Target) -> PathBuf {
    folder.join(format!("{}.json", target.id))
}

/// Tests can tell it to be slow, partial and flaky.
#[cfg(debug_assertions)]
fn client(file: PathBuf, target: &Target, place: &Surroundings<'_>, right: Right) -> faults::Faulty {
    faults::Faulty::new(Sandbox::open(file, &target.pinned, target.target_type, place.now), right)
}

#[cfg(not(debug_assertions))]
fn client(file: PathBuf, target: &Target, place: &Surroundings<'_>, _: Right) -> Sandbox {
    Sandbox::open(file, &target.pinned, target.target_type, place.now)
}

/// An embedded target at an instant.
#[derive(Clone, Debug)]
pub struct Sandbox {
    path: PathBuf,
    /// What the access repository pins it by.
    pinned: String,
    target: TargetType,
    now: Timestamp,
    /// Whether it ends things by itself, once somebody asked.
    native_ends: OnceLock<bool>,
}

impl Sandbox {
    /// The target in the file `path`, pinned as `pinned` and standing in for `target`, as it is at `now`. Nothing is read yet. A missing file
    /// is an empty target; the first write that changes something makes it. Writing makes the folder and a lock file
    /// beside the file, which stays.
    ///
    /// With `"native_ends": true` in the file, entitlements end by themselves: what ended by `now` is not there.
    pub fn open(path: impl Into<PathBuf>, pinned: impl Into<String>, target: TargetType, now: Timestamp) -> Self {
        Sandbox { path: path.into(), pinned: pinned.into(), target, now, native_ends: OnceLock::new() }
    }

    /// A file asks nobody who they are, so it can't tell who may change it.
    fn itself(&self) -> Result<Hello, TargetError> {
        let Content { identity, clock, .. } = self.load()?;
        let identity = identity.unwrap_or_else(|| self.pinned.clone());
        Ok(Hello { identity, clock, own: BTreeSet::new(), power: Power::Unknown })
    }

    /// What the file holds at `now`.
    fn load(&self) -> Result<Content, TargetError> {
        let Some(text) = store::read(&self.path)? else {
            return Ok(Content::default());
        };
        let mut content = file::parse(&text, self.target).map_err(|fault| TargetError::Corrupt {
            path: self.path.clone(),
            line: fault.line,
            column: fault.column,
            why: fault.why,
        })?;
        content.entitlements.retain(|live| live.until.is_none_or(|until| self.now < until));
        Ok(content)
    }

    /// Writes what the calls come to, in one step.
    fn write(&self, calls: &[&Call]) -> Result<(), TargetError> {
        if calls.is_empty() {
            return Ok(());
        }
        let _lock = store::lock(&self.path)?;
        let mut content = self.load()?;
        content.entitlements.sort();
        let before = content.entitlements.clone();
        carry_out(calls, content.native_ends, &mut content.entitlements);
        if content.entitlements == before {
            return Ok(());
        }
        let text =
            file::render(&content, self.target).map_err(|error| store::failed(&self.path, "written", error.into()))?;
        store::write(&self.path, &text)
    }

    fn check(&self, call: &Call, names: &Known) -> Result<(), TargetError> {
        let kind = file::check(self.target, call.kind.name, &call.resource, &call.permission, call.principal.name());
        let checked = kind.and_then(|kind| file::check_conditions(kind, &call.conditions));
        checked.map_err(|why| self.refused(why))?;
        // what is taken may be held by whom the target knows no more
        let named = if call.verb == Verb::Revoke { Vec::new() } else { Names::of(call) };
        named.into_iter().try_for_each(|(of, name)| names.of(of).map_or(Ok(()), |known| of.check(name, known)))
    }

    fn refused(&self, why: String) -> TargetError {
        TargetError::Refused {
            why,
            help: format!(
                "`{}` stands in for {}: use names that such a target knows",
                self.path.display(),
                self.target
            ),
        }
    }
}

impl Reader for Sandbox {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        self.itself()
    }

    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError> {
        let check = |one: &Resource| match file::check_resource(self.target, one.kind.name, &one.name) {
            Ok(_) => None,
            Err(why) => Some((one.clone(), self.refused(why))),
        };
        let unread = scope.iter().filter_map(check).collect();
        let content = self.load()?;
        let facts = match depth {
            Depth::Holders => Vec::new(),
            Depth::Facts => content.ways_in.iter().filter_map(|way| fact(way, scope)).collect(),
        };
        let mut all = all_members(&content);
        let mut held = content.entitlements;
        held.retain(|live| scope.contains(live.kind, &live.resource));
        held.sort();
        Ok(Reading { members: members_of(&held, |name| all.remove(name)), held, facts, unread, ..Reading::default() })
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        Ok(self.load()?.names.of(of).cloned())
    }
}

impl Writer for Sandbox {
    fn greet(&mut self) -> Result<Hello, TargetError> {
        self.itself()
    }

    fn ends(&self, call: &Call) -> bool {
        // what can't be read isn't written either
        let native = || self.load().is_ok_and(|content| content.native_ends);
        call.kind.enforces.ends && *self.native_ends.get_or_init(native)
    }

    /// A phase is one write, so that one of ten thousand calls takes as long as one of ten: it is done as a whole or not at
    /// all, whenever the process dies.
    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>> {
        let passed = calls.iter().take_while(|_| gate.pass().is_ok()).count();
        let names = self.load().map(|content| content.names).unwrap_or_default();
        let checked: Vec<Result<(), TargetError>> =
            calls.iter().take(passed).map(|call| self.check(call, &names)).collect();
        let good = calls.iter().zip(&checked).filter(|(_, checked)| checked.is_ok());
        let written = self.write(&good.map(|(call, _)| call).collect::<Vec<_>>());
        let came_of = |(place, checked): (usize, Result<(), TargetError>)| {
            let result = checked.and_then(|()| written.as_ref().map(|()| Done::default()).map_err(Clone::clone));
            gate.settled(place, &result);
            result
        };
        let stopped = calls.iter().skip(passed).map(|_| Err(TargetError::Stopped));
        checked.into_iter().enumerate().map(came_of).chain(stopped).collect()
    }
}

fn fact(way: &WayIn, scope: &Scope) -> Option<Fact> {
    let resource = scope.iter().find(|one| one.kind.name == way.kind && one.name == way.resource)?;
    let words = format!("{resource} can be reached by `{}`", way.words);
    Some(Fact { rule: &OTHER_WAY_IN, resource: Some(resource.clone()), permission: None, principal: None, words })
}

/// Who is in which group, by the list of them and by what they hold.
fn all_members(content: &Content) -> Members {
    let mut all = content.members.clone();
    for live in content.entitlements.iter().filter(|live| live.kind.groups) {
        all.entry(live.resource.clone()).or_default().insert(live.principal.clone());
    }
    all
}

/// Makes what is held what the calls ask for, one after the other, sorted.
pub(crate) fn carry_out(calls: &[&Call], native_ends: bool, entitlements: &mut Vec<Live>) {
    type Holder = (&'static str, String, Principal);
    let mut held: BTreeMap<Holder, Vec<Live>> = BTreeMap::new();
    for live in entitlements.drain(..) {
        let holder = (live.kind.name, live.resource.clone(), live.principal.clone());
        held.entry(holder).or_default().push(live);
    }
    for call in calls {
        let (granted, previous) = match &call.verb {
            Verb::Grant { until } => (Some(*until), None),
            Verb::Revoke => (None, None),
            Verb::Change { previous, until } => (Some(*until), Some((&previous.permission, &previous.conditions))),
        };
        let own = held.entry((call.kind.name, call.resource.clone(), call.principal.clone())).or_default();
        own.retain(|live| {
            let one = (&live.permission, &live.conditions);
            !(call.kind.holds_one() || one == (&call.permission, &call.conditions) || Some(one) == previous)
        });
        if let Some(until) = granted {
            own.push(Live {
                kind: call.kind,
                resource: call.resource.clone(),
                permission: call.permission.clone(),
                principal: call.principal.clone(),
                conditions: call.conditions.clone(),
                until: until.filter(|_| native_ends),
                latent: None,
            });
        }
    }
    *entitlements = held.into_values().flatten().collect();
    entitlements.sort();
}
