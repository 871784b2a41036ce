//! What each call needs, worked out from the catalog, and done behind a savepoint of its own.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::catalog::{Catalog, Membership, Oid, get};
use super::connection::Connection;
use super::failure::Failure;
use super::kinds::{self, DATABASE_LOGIN, DATABASE_ROLE};
use super::left_behind::{LeftBehind, tell};
use super::read::can_become;
use super::server::Server;
use super::{sessions, sql};
use crate::targets::{Call, Done, Names, TargetError, Verb};

/// The grantors whose rows we may take.
const OURS: &str = "SELECT grantor FROM pg_auth_members WHERE pg_has_role(grantor, 'USAGE')
                    UNION SELECT oid FROM pg_roles WHERE rolname = current_user";

/// How often somebody is thrown out who stands in the way of what they lose. Whoever comes again right then finds us
/// waiting before them.
const TRIES: usize = 3;

/// A transaction under way.
pub(super) struct Phase<'c> {
    connection: &'c Connection,
    server: &'c Server,
    catalog: Catalog,
    ours: BTreeSet<Oid>,
    /// Role and member of memberships that were changed since they were read.
    changed: BTreeSet<(Oid, Oid)>,
    left_behind: LeftBehind,
}

/// What came of a call; the transaction goes on.
pub(super) struct Step(pub Result<Done, TargetError>);

/// What is to be done for a call.
#[derive(Default)]
struct Work {
    statements: Vec<String>,
    /// Whose sessions may still use what is taken, and whether it is the login itself.
    ends: (BTreeSet<Oid>, bool),
    /// The role from which a member goes who may have handed it on.
    cascades: Option<(Oid, Oid)>,
    /// What is left to somebody who may do more than we.
    left: Option<TargetError>,
}

impl<'c> Phase<'c> {
    pub(super) fn new(connection: &'c Connection, server: &'c Server) -> Result<Self, Failure> {
        let catalog = Catalog::read(connection)?;
        let ours = if connection.itself.version >= 16 {
            connection.rows(OURS, None)?.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?
        } else {
            BTreeSet::new()
        };
        Ok(Phase { connection, server, catalog, ours, changed: BTreeSet::new(), left_behind: LeftBehind::default() })
    }

    /// What ended so far, to be looked after once it is committed.
    pub(super) fn left_behind(&mut self) -> LeftBehind {
        std::mem::take(&mut self.left_behind)
    }

    /// Does one call. An error ends the transaction.
    pub(super) fn perform(&mut self, call: &Call, number: usize) -> Result<Step, Failure> {
        self.look_again(call)?;
        let work = match self.work(call) {
            Ok(work) => work,
            Err(error) => return Ok(Step(Err(error))),
        };
        let mut done = Done::default();
        if !work.statements.is_empty() {
            if let Some(failure) = self.attempt_all(call, &work.statements, &mut done)? {
                let doing =
                    format!("{} {} {} for {}", call.verb.as_str(), call.kind.name, call.resource, call.principal);
                let mut error = failure.told(self.server, &doing);
                // an outcome shows no help, and the statement is what is needed there
                if let (Verb::Revoke, TargetError::Denied { what, .. }) = (&call.verb, &error) {
                    error = left_to(what, &work.statements);
                }
                return Ok(Step(Err(error)));
            }
            let who = call.principal.name();
            if let Some((role, member)) = work.cascades {
                let lost = self.cascaded(role, member)?;
                if !lost.is_empty() {
                    tell(&mut done, format!("{} held `{}` by `{who}` and lost it too", lost.join(", "), call.resource));
                }
            } else if let Some(pair) = self.pair(call) {
                self.changed.insert(pair);
            } else {
                self.catalog.set_login(who, call.verb != Verb::Revoke);
            }
        }
        let (logins, locked) = work.ends;
        self.left_behind.of.extend(logins.into_iter().map(|login| (number, login, self.catalog.name(login), locked)));
        Ok(Step(work.left.map_or(Ok(done), Err)))
    }

    /// Runs the statements of a call. Gives why the server refused them; the transaction goes on.
    ///
    /// INVARIANT: nobody holds up what they lose. A transaction that somebody leaves open, such as one that changed their own
    /// password, would keep their login from being locked for as long as they like.
    fn attempt_all(&self, call: &Call, statements: &[String], done: &mut Done) -> Result<Option<Failure>, Failure> {
        let who = call.principal.name();
        let all = statements.join("; ");
        let mut refused = self.attempt(&all)?;
        for _ in 0..TRIES {
            let loser = self.catalog.find(who).filter(|_| call.verb == Verb::Revoke);
            let (Some(failure), Some(loser)) = (&refused, loser) else { break };
            if !failure.is_held_up() || self.attempt(&sessions::signal(loser))?.is_some() {
                break;
            }
            refused = self.attempt(&all)?;
            if refused.is_none() {
                tell(done, format!("`{who}` held it up by an open session, and all of theirs were ended"));
            }
        }
        Ok(refused)
    }

    /// Runs statements behind a savepoint. Gives why the server refused them; an error ends the transaction.
    fn attempt(&self, statements: &str) -> Result<Option<Failure>, Failure> {
        let Err(failure) = self.connection.run(&format!("SAVEPOINT one; {statements}; RELEASE one")) else {
            return Ok(None);
        };
        if failure.is_lost() {
            return Err(failure);
        }
        self.connection.run("ROLLBACK TO one; RELEASE one")?;
        Ok(Some(failure))
    }

    /// The role and the member that a call speaks of.
    fn pair(&self, call: &Call) -> Option<(Oid, Oid)> {
        let names = (call.kind == &DATABASE_ROLE).then_some((&call.resource, call.principal.name()))?;
        self.catalog.find(names.0).zip(self.catalog.find(names.1))
    }

    /// Reads a role's memberships again where what was done before bears on a call.
    fn look_again(&mut self, call: &Call) -> Result<(), Failure> {
        let Some((role, member)) = self.pair(call) else { return Ok(()) };
        let of_role = self.changed.range((role, Oid::MIN)..=(role, Oid::MAX)).copied().collect::<Vec<_>>();
        let hands_on = self.catalog.between(role, member).iter().any(|one| one.admin);
        if of_role.contains(&(role, member)) || (hands_on && !of_role.is_empty()) {
            self.catalog.refresh(self.connection, role)?;
            self.changed.retain(|(changed, _)| *changed != role);
        }
        Ok(())
    }

    fn work(&self, call: &Call) -> Result<Work, TargetError> {
        let refused = |why: String, help: &str| TargetError::Refused { why, help: help.to_owned() };
        let who = call.principal.name();
        for name in [who, call.resource.as_str()] {
            kinds::check_name(name).map_err(|why| refused(format!("`{name}`: {why}"), "correct the name"))?;
        }
        if !call.conditions.enforceable(call.kind) {
            return Err(refused(format!("a {} can't be held on conditions", call.kind.name), "declare it without"));
        }
        if who == self.connection.itself.user {
            let help = "let another account write to this target, or leave this one alone";
            return Err(refused(format!("`{who}` is the account that dualkey writes with"), help));
        }
        let gives = call.verb != Verb::Revoke;
        if gives {
            call.kind.check_permission(&call.permission).map_err(|why| refused(why, "correct the permission"))?;
        }
        if gives && self.connection.itself.version < 16 && self.is_too_mighty() {
            let help = "take CREATEROLE from it, or accept that by `createrole: accepted` in dualkey.yaml";
            let user = &self.connection.itself.user;
            let why = format!("`{user}` has CREATEROLE, which below version 16 gives any role; {help}");
            return Err(refused(why, help));
        }
        if call.kind == &DATABASE_ROLE {
            self.membership(call, gives)
        } else if call.kind == &DATABASE_LOGIN && call.resource == self.server.target {
            self.login(call)
        } else {
            let why = format!("`{}` has no {} `{}`", self.server.target, call.kind.name, call.resource);
            Err(refused(why, "a `database-login` is named as its target"))
        }
    }

    fn is_too_mighty(&self) -> bool {
        let itself = &self.connection.itself;
        itself.createrole && !itself.superuser && !self.server.createrole
    }

    /// The role of a name that something is given by. The error where there is none tells those that are near.
    fn find(&self, of: Names, name: &str) -> Result<Oid, TargetError> {
        match self.catalog.find(name) {
            Some(oid) => Ok(oid),
            None => Err(of.check(name, &self.catalog.names()).err().unwrap_or(TargetError::Stopped)),
        }
    }

    fn membership(&self, call: &Call, gives: bool) -> Result<Work, TargetError> {
        let who = call.principal.name();
        if !gives {
            // what isn't there is held by nobody
            let both = self.catalog.find(&call.resource).zip(self.catalog.find(who));
            return Ok(both.map(|(role, member)| self.take(role, member, false)).unwrap_or_default());
        }
        let (role, member) =
            (self.find(Names::Resources(call.kind), &call.resource)?, self.find(Names::Accounts, who)?);
        let held = self.catalog.between(role, member);
        let is_admin = held.iter().any(|one| one.admin);
        let wants_admin = call.permission == "admin";
        let mut work = if is_admin && !wants_admin { self.take(role, member, true) } else { Work::default() };
        if !held.iter().any(|one| one.inherit) || (wants_admin && !is_admin) {
            let version = self.connection.itself.version;
            work.statements.push(sql::grant(&call.resource, who, version, wants_admin));
        }
        Ok(work)
    }

    /// Takes what all grantors gave, as far as we may.
    fn take(&self, role: Oid, member: Oid, only_admin: bool) -> Work {
        let held = self.catalog.between(role, member);
        let mut rows: Vec<&Membership> = held.iter().filter(|one| one.admin || !only_admin).collect();
        let (to, from) = (self.catalog.name(role), self.catalog.name(member));
        let mut work = Work::default();
        if rows.iter().any(|one| one.admin) {
            work.cascades = Some((role, member));
        }
        if !only_admin && can_become(&held) {
            work.ends = (self.catalog.who_become(member), false);
        }
        if self.connection.itself.version < 16 {
            // there is one row, whoever gave it
            rows.truncate(1);
            work.statements.extend(rows.iter().map(|_| sql::revoke(&to, &from, None, only_admin)));
            return work;
        }
        let mut foreign = Vec::new();
        for row in rows {
            let grantor = self.catalog.name(row.grantor);
            let revoke = sql::revoke(&to, &from, Some(&grantor), only_admin);
            if self.ours.contains(&row.grantor) {
                work.statements.push(revoke);
            } else {
                foreign.push((grantor, revoke));
            }
        }
        if !foreign.is_empty() {
            let (grantors, revokes): (Vec<String>, Vec<String>) =
                foreign.into_iter().map(|(grantor, revoke)| (format!("`{grantor}`"), revoke)).unzip();
            let what = format!("take `{to}` from `{from}`, as {} gave it", grantors.join(" and "));
            work.left = Some(left_to(&what, &revokes));
        }
        work
    }

    /// Reads a role's memberships again. Gives who else lost theirs.
    fn cascaded(&mut self, role: Oid, but: Oid) -> Result<Vec<String>, Failure> {
        let members = |catalog: &Catalog| catalog.of_role(role).map(|one| one.member).collect::<BTreeSet<Oid>>();
        let before = members(&self.catalog);
        self.catalog.refresh(self.connection, role)?;
        let after = members(&self.catalog);
        let lost = before.difference(&after).filter(|member| **member != but);
        Ok(lost.map(|member| format!("`{}`", self.catalog.name(*member))).collect())
    }

    fn login(&self, call: &Call) -> Result<Work, TargetError> {
        let who = call.principal.name();
        let until = match &call.verb {
            Verb::Revoke => {
                let Some(login) = self.catalog.find(who) else { return Ok(Work::default()) };
                let is_open = self.catalog.roles.get(&login).is_none_or(|role| role.can_login);
                let statements = is_open.then(|| sql::lock(who)).into_iter().collect();
                return Ok(Work { statements, ends: (BTreeSet::from([login]), true), ..Work::default() });
            }
            Verb::Grant { until } | Verb::Change { until, .. } => *until,
        };
        let login = self.find(Names::Accounts, who)?;
        let role = self.catalog.roles.get(&login);
        let has_end = role.is_some_and(|role| role.valid_until.is_some());
        // a password that has ended would keep out whom the grant lets in
        let is_over = |now: Timestamp| role.and_then(|role| role.valid_until).is_some_and(|until| until <= now);
        let infinity = (has_end && (self.server.native_ends || is_over(self.connection.itself.clock)))
            .then(|| "infinity".to_owned());
        let until = until.filter(|_| self.server.native_ends).map(|until| until.to_string()).or(infinity);
        Ok(Work { statements: vec![sql::unlock(who, until.as_deref())], ..Work::default() })
    }
}

/// What only somebody may do who may do more than we, with the statements for them.
fn left_to(what: &str, statements: &[String]) -> TargetError {
    let statements: Vec<String> = statements.iter().map(|statement| format!("{statement};")).collect();
    let help = format!("a superuser runs: {}", statements.join(" "));
    TargetError::Denied { what: format!("{what}; {help}"), help }
}
