//! Who holds what at one instance.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::cache::Cache;
use super::client::{Failure, Line};
use super::directory::{Directory, Sets, Who, members};
use super::ends::{Ending, Policy};
use super::entitlements::{self, Entitled};
use super::instance::Instance;
use super::kinds::{ACCOUNT, ACCOUNT_ROLE, ASSUME, IDENTITY_GROUP, MEMBER};
use super::{facts, flights, holders};
use crate::access::{Conditions, Kind};
use crate::targets::{Depth, Hello, Live, Members, Names, Principal, Reader, Reading, Resource, Scope, TargetError};

/// Reads one instance.
pub(super) struct InstanceReader {
    line: Line,
    cache: Cache,
}

impl InstanceReader {
    pub(super) fn new(line: Line, cache: Cache) -> Self {
        InstanceReader { line, cache }
    }
}

impl Reader for InstanceReader {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        Ok(Instance::read(&self.line)?.hello)
    }

    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError> {
        let mut reading = Reading::default();
        if scope.is_empty() {
            return Ok(reading);
        }
        let line = &self.line;
        let instance = Instance::pinned(line)?;
        let directory = Directory::read(line).map_err(|failure| line.unseen(&failure, "list users and groups"))?;
        let mut look = Look { line, directory, reading: &mut reading, memberships: BTreeMap::new(), policy: None };
        let mut known = Known::default();
        for resource in scope.iter() {
            known.add(resource, &mut look);
        }
        look.accounts(&known.accounts, &mut self.cache, &instance)?;
        look.groups(&known.groups)?;
        let entitled = look.roles(&known.roles, depth)?;
        look.members()?;
        if depth == Depth::Facts {
            look.facts(&known, entitled.as_ref())?;
        }
        reading.held.sort();
        reading.held.dedup();
        reading.unread.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(reading)
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        let line = &self.line;
        let directory = || Directory::read(line).map_err(|failure| line.unseen(&failure, "list users and groups"));
        Ok(match of {
            Names::Resources(kind) if kind == &ACCOUNT => {
                let accounts = facts::accounts(line).map_err(|failure| line.unseen(&failure, "list accounts"))?;
                Some(accounts.into_keys().collect())
            }
            Names::Resources(kind) if kind == &IDENTITY_GROUP => Some(directory()?.group_names()),
            Names::Permissions(kind) if kind == &ACCOUNT => {
                let sets = Sets::read(line, &mut self.cache);
                Some(sets.map_err(|failure| line.unseen(&failure, "list permission sets"))?.names())
            }
            Names::Accounts => Some(directory()?.user_names()),
            Names::Resources(_) | Names::Permissions(_) => None,
        })
    }
}

/// The resources of a scope that can be there, by kind.
#[derive(Default)]
struct Known<'s> {
    accounts: BTreeSet<&'s str>,
    groups: BTreeSet<&'s str>,
    roles: BTreeSet<&'s str>,
}

impl<'s> Known<'s> {
    fn add(&mut self, resource: &'s Resource, look: &mut Look<'_>) {
        let name = resource.name.as_str();
        let of_kind = match resource.kind {
            kind if kind == &ACCOUNT => &mut self.accounts,
            kind if kind == &IDENTITY_GROUP => &mut self.groups,
            kind if kind == &ACCOUNT_ROLE => &mut self.roles,
            kind => {
                let why = format!("`{}` is not a kind of AWS Identity Center", kind.name);
                let help = "name another target".to_owned();
                return look.reading.unread.push((resource.clone(), TargetError::Refused { why, help }));
            }
        };
        match (resource.kind.check_resource)(name) {
            Ok(()) => drop(of_kind.insert(name)),
            Err(why) => {
                let why = format!("`{}` is not one: {why}", name.escape_debug());
                let help = "correct the name".to_owned();
                look.reading.unread.push((resource.clone(), TargetError::Refused { why, help }));
            }
        }
    }
}

/// A look at what is held.
struct Look<'l> {
    line: &'l Line,
    directory: Directory,
    reading: &'l mut Reading,
    /// The members of groups that were asked for, by the groups' names.
    memberships: BTreeMap<String, Result<BTreeSet<Who>, Failure>>,
    /// The policy that enforces ends, where one is named and something was read that it bears on.
    policy: Option<Result<Policy, Failure>>,
}

impl Look<'_> {
    fn unread(&mut self, kind: &'static Kind, name: &str, error: TargetError) {
        self.reading.held.retain(|live| !(live.kind == kind && live.resource == name));
        let resource = Resource { kind, name: name.to_owned() };
        if self.reading.unread.iter().all(|(known, _)| *known != resource) {
            self.reading.unread.push((resource, error));
        }
    }

    fn hold(&mut self, kind: &'static Kind, resource: &str, permission: &str, who: &Who) {
        self.hold_until(kind, resource, permission, who, None);
    }

    fn hold_until(
        &mut self,
        kind: &'static Kind,
        resource: &str,
        permission: &str,
        who: &Who,
        until: Option<Timestamp>,
    ) {
        self.reading.held.push(Live {
            kind,
            resource: resource.to_owned(),
            permission: permission.to_owned(),
            principal: self.directory.principal(who),
            conditions: Conditions::NONE,
            until,
            latent: None,
        });
    }

    fn accounts(
        &mut self,
        accounts: &BTreeSet<&str>,
        cache: &mut Cache,
        instance: &Instance,
    ) -> Result<(), TargetError> {
        if accounts.is_empty() {
            return Ok(());
        }
        let line = self.line;
        let see = |doing: &'static str| move |failure| line.unseen(&failure, doing);
        flights::wait_until_settled(line, accounts).map_err(see("see which assignments are under way"))?;
        let sets = Sets::read(line, cache).map_err(see("list permission sets"))?;
        let found = holders::read(line, accounts, &self.directory).map_err(see("list account assignments"))?;
        // without the policy ends are dualkey's own to make, and nothing holds them up
        self.policy = line.settings.scp.as_ref().map(|id| Policy::read(line, id, &instance.management));
        for assignment in found.assignments {
            let Some(set) = sets.name(&assignment.set) else {
                let why = format!("account `{}` has a permission set that isn't listed", assignment.account);
                return Err(TargetError::LiveReadIncomplete { target: line.settings.target.clone(), why });
            };
            let policy = self.policy.as_ref().and_then(|read| read.as_ref().ok());
            let until = policy.filter(|policy| policy.holds_in(&assignment.account)).and_then(|policy| {
                let Who::User(user) = &assignment.who else { return None };
                let (account, set, user) = (assignment.account.clone(), set.to_owned(), user.clone());
                // an end that has passed took no assignment: only a run does
                let until = policy.document.until(&Ending { account, set, user });
                until.filter(|until| line.clock().is_none_or(|now| *until > now))
            });
            self.hold_until(&ACCOUNT, &assignment.account, set, &assignment.who, until);
        }
        for (account, failure) in found.denied {
            let doing = format!("list account assignments in `{account}`");
            let error = line.unseen(&failure, &doing);
            let is_own = account == instance.management;
            self.unread(&ACCOUNT, &account, if is_own { of_management(error) } else { error });
        }
        Ok(())
    }

    /// The id of the one group of a name; None where there is none.
    fn group(&self, name: &str) -> Result<Option<String>, TargetError> {
        let mut ids = self.directory.group(name);
        let found = ids.pop();
        if ids.is_empty() {
            return Ok(found);
        }
        let why = format!("several groups of the identity store are called `{name}`");
        Err(TargetError::Refused { why, help: "rename all but one of them".to_owned() })
    }

    /// Who is in the group of a name; None where there is no such group.
    fn direct(&mut self, name: &str) -> Result<Option<BTreeSet<Who>>, TargetError> {
        let Some(id) = self.group(name)? else { return Ok(None) };
        let line = self.line;
        let known = self.memberships.entry(name.to_owned()).or_insert_with(|| members(line, &id));
        match known {
            Ok(members) => Ok(Some(members.clone())),
            Err(failure) if failure.is_missing() => Ok(None),
            Err(failure) => Err(line.unseen(failure, &format!("list members of the group `{name}`"))),
        }
    }

    fn groups(&mut self, groups: &BTreeSet<&str>) -> Result<(), TargetError> {
        for name in groups {
            match self.direct(name) {
                Ok(members) => {
                    for who in members.into_iter().flatten() {
                        self.hold(&IDENTITY_GROUP, name, MEMBER, &who);
                    }
                }
                Err(error @ (TargetError::Denied { .. } | TargetError::Refused { .. })) => {
                    self.unread(&IDENTITY_GROUP, name, error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads who may take on roles. Gives everything that is given so where it was listed: all of it for facts.
    fn roles(
        &mut self,
        roles: &BTreeSet<&str>,
        depth: Depth,
    ) -> Result<Option<Result<Vec<Entitled>, Failure>>, TargetError> {
        if roles.is_empty() && depth == Depth::Holders {
            return Ok(None);
        }
        let line = self.line;
        let entitled = entitlements::applications(line).and_then(|all| entitlements::read(line, &all, None));
        match &entitled {
            Ok(entitled) => {
                for one in entitled.iter().filter(|one| roles.contains(one.role.as_str())) {
                    self.hold(&ACCOUNT_ROLE, &one.role, ASSUME, &one.who);
                }
            }
            Err(failure) if roles.is_empty() || failure.is_denied() => {
                for role in roles {
                    self.unread(
                        &ACCOUNT_ROLE,
                        role,
                        line.unseen(failure, "list entitlements of Account access manager"),
                    );
                }
            }
            Err(failure) => return Err(line.unseen(failure, "list entitlements of Account access manager")),
        }
        Ok(Some(entitled))
    }

    /// What is worth knowing beside who holds what.
    fn facts(
        &mut self,
        known: &Known<'_>,
        entitled: Option<&Result<Vec<Entitled>, Failure>>,
    ) -> Result<(), TargetError> {
        let line = self.line;
        let accounts = facts::accounts(line).map_err(|failure| line.unseen(&failure, "list accounts"))?;
        let mut facts = facts::not_active(&accounts, &known.accounts);
        if let Some(entitled) = entitled {
            facts.extend(facts::by_entitlement(entitled, &self.directory, &known.accounts, &known.roles));
        }
        if let (Some(id), Some(policy)) = (&line.settings.scp, &self.policy) {
            facts.extend(facts::not_enforced(id, policy, &known.accounts));
        }
        self.reading.facts = facts;
        Ok(())
    }

    /// Tells who is in the groups that hold something. What a group holds whose members can't be told is unread.
    fn members(&mut self) -> Result<(), TargetError> {
        let group = |live: &Live| match &live.principal {
            Principal::Group(name) => Some(name.clone()),
            Principal::Account(_)
            | Principal::Service(_)
            | Principal::Everyone(_)
            | Principal::Deleted(_)
            | Principal::Unknown(_) => None,
        };
        let names: BTreeSet<String> = self.reading.held.iter().filter_map(group).collect();
        let mut told = Members::new();
        for name in names {
            match self.direct(&name) {
                Ok(members) => {
                    let principals = members.iter().flatten().map(|who| self.directory.principal(who)).collect();
                    told.insert(name, principals);
                }
                Err(error @ (TargetError::Denied { .. } | TargetError::Refused { .. })) => {
                    let held = self.reading.held.iter().filter(|live| group(live).as_ref() == Some(&name));
                    let on: Vec<_> = held.map(|live| (live.kind, live.resource.clone())).collect();
                    for (kind, resource) in on {
                        self.unread(kind, &resource, error.clone());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        self.reading.members = told;
        Ok(())
    }
}

/// Why the organisation's own account can't be looked at.
fn of_management(error: TargetError) -> TargetError {
    let TargetError::Denied { what, .. } = error else { return error };
    let help = "only a credential of the organisation's own account sees what is held there; a delegated administrator doesn't";
    TargetError::Denied { what, help: help.to_owned() }
}
