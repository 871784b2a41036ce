//! Who holds what: one state of the server, in one transaction that can write nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::catalog::{Catalog, Membership, Oid};
use super::client::Postgres;
use super::connection::Connection;
use super::facts::Beside;
use super::failure::Failure;
use super::kinds::{DATABASE_LOGIN, DATABASE_ROLE, LOGIN};
use super::server::{Server, Sessions};
use super::sessions;
use crate::access::Conditions;
use crate::targets::reading::members_of;
use crate::targets::{Depth, Fact, Hello, Live, Names, Principal, Reader, Reading, Resource, Scope, TargetError};

impl Reader for Postgres {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        self.itself()
    }

    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError> {
        let server = self.server.clone();
        let connection = self.connected()?;
        let state = State::read(connection, &server, scope, depth);
        let state = match state {
            Ok(state) => state,
            Err(failure) => {
                self.forget();
                return Err(failure.told(&server, "read roles and memberships"));
            }
        };
        let mut reading = Reading::default();
        for resource in scope.iter() {
            match state.held(&server, resource) {
                Ok(held) => reading.held.extend(held),
                Err(error) => reading.unread.push((resource.clone(), error)),
            }
        }
        reading.held.sort();
        reading.members = members_of(&reading.held, |group| state.direct(group));
        reading.facts = state.facts;
        Ok(reading)
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        let server = self.server.clone();
        match Catalog::read(self.connected()?) {
            Ok(catalog) => Ok(names(of, &server, &catalog)),
            Err(failure) => {
                self.forget();
                Err(failure.told(&server, "list roles"))
            }
        }
    }
}

/// The names of a kind's resources or permissions, or of accounts, where they are this target's.
fn names(of: Names, server: &Server, catalog: &Catalog) -> Option<BTreeSet<String>> {
    match of {
        Names::Resources(kind) if kind == &DATABASE_LOGIN => Some(BTreeSet::from([server.target.clone()])),
        Names::Resources(kind) if kind == &DATABASE_ROLE => Some(catalog.names()),
        Names::Resources(_) | Names::Permissions(_) => None,
        Names::Accounts => Some(catalog.names()),
    }
}

/// One state of a server.
struct State {
    catalog: Catalog,
    /// The roles of the scope, which are groups whoever is in them.
    managed: BTreeSet<Oid>,
    /// How many sessions each login has open.
    sessions: BTreeMap<Oid, usize>,
    facts: Vec<Fact>,
    now: Timestamp,
}

impl State {
    fn read(connection: &Connection, server: &Server, scope: &Scope, depth: Depth) -> Result<Self, Failure> {
        connection.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
        let catalog = Catalog::read(connection)?;
        let sessions = match server.sessions {
            Sessions::End => sessions::open(connection, None)?,
            Sessions::Keep => BTreeMap::new(),
        };
        let facts = match depth {
            Depth::Holders => Vec::new(),
            Depth::Facts => Beside::read(connection, server)?.facts(&catalog, connection, server, scope),
        };
        connection.run("COMMIT")?;
        let managed = scope.iter().filter(|resource| resource.kind == &DATABASE_ROLE);
        let managed = managed.filter_map(|resource| catalog.find(&resource.name)).collect();
        Ok(State { catalog, managed, sessions, facts, now: connection.itself.clock })
    }

    /// Who uses what a group holds; None where there is no such role.
    fn direct(&self, group: &str) -> Option<BTreeSet<Principal>> {
        let of_group = self.catalog.of_role(self.catalog.find(group)?).filter(|one| one.admin || one.is_used());
        Some(of_group.map(|one| self.catalog.principal(one.member)).collect())
    }

    /// What is held on one resource.
    fn held(&self, server: &Server, resource: &Resource) -> Result<Vec<Live>, TargetError> {
        let refused = |why: String, help: &str| TargetError::Refused { why, help: help.to_owned() };
        let name = resource.name.as_str();
        if resource.kind == &DATABASE_ROLE {
            (DATABASE_ROLE.check_resource)(name)
                .map_err(|why| refused(format!("`{name}` is not a role: {why}"), "correct the name"))?;
            return Ok(self.catalog.find(name).map(|role| self.members(role, resource)).unwrap_or_default());
        }
        if resource.kind != &DATABASE_LOGIN {
            let why = format!("`{}` is not a kind of PostgreSQL", resource.kind.name);
            return Err(refused(why, "name another target"));
        }
        if name != server.target {
            let why = format!("`{name}` is another target than `{}`, where it is declared", server.target);
            return Err(refused(why, "a `database-login` is named as its target"));
        }
        Ok(self.logins(server, resource))
    }

    fn members(&self, role: Oid, resource: &Resource) -> Vec<Live> {
        // what several grantors gave somebody adds up
        let mut members: BTreeMap<Oid, bool> = BTreeMap::new();
        for one in self.catalog.of_role(role).filter(|one| one.admin || one.is_used()) {
            *members.entry(one.member).or_default() |= one.admin;
        }
        let live = |(principal, admin): (Principal, bool)| Live {
            kind: &DATABASE_ROLE,
            resource: resource.name.clone(),
            permission: if admin { "admin" } else { "member" }.to_owned(),
            principal,
            conditions: Conditions::NONE,
            until: None,
            latent: None,
        };
        let as_who = |(member, admin)| self.holders(member).into_iter().map(move |who| (who, admin));
        members.into_iter().flat_map(as_who).map(live).collect()
    }

    /// As whom a role holds something. A group that no domain names may be somebody's locked login, which others were let
    /// into: it is both, so that its person's end takes what it holds.
    fn holders(&self, member: Oid) -> Vec<Principal> {
        let principal = self.catalog.principal(member);
        let account = match &principal {
            Principal::Group(name) if !self.managed.contains(&member) => Some(Principal::Account(name.clone())),
            Principal::Group(_)
            | Principal::Account(_)
            | Principal::Service(_)
            | Principal::Everyone(_)
            | Principal::Deleted(_)
            | Principal::Unknown(_) => None,
        };
        [principal].into_iter().chain(account).collect()
    }

    /// Those who can log in, and those who could and are still there.
    fn logins(&self, server: &Server, resource: &Resource) -> Vec<Live> {
        let is_in = |oid: &Oid, can_login: bool| can_login || self.sessions.contains_key(oid);
        let logins = self.catalog.roles.iter().filter(|(oid, role)| is_in(oid, role.can_login));
        let live = |(oid, role): (&Oid, &super::catalog::Role)| Live {
            kind: &DATABASE_LOGIN,
            resource: resource.name.clone(),
            permission: LOGIN.to_owned(),
            principal: Principal::Account(self.catalog.name(*oid)),
            conditions: Conditions::NONE,
            // an end that has passed keeps new sessions out by password, and ends none: only the lock does
            until: role.valid_until.filter(|until| server.native_ends && *until > self.now),
            latent: None,
        };
        logins.map(live).collect()
    }
}

/// Whether any of somebody's memberships lets them become the role, and so go on without it.
pub(super) fn can_become(memberships: &[Membership]) -> bool {
    memberships.iter().any(|one| one.set)
}
