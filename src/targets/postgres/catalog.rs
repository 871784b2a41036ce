//! Who is there and who is in what, as the server's catalog has it: flat queries, and everything that follows is worked out
//! here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::Timestamp as Instant;

use super::connection::Connection;
use super::failure::Failure;
use crate::targets::Principal;

/// The number of a role. Another role never gets it.
pub(super) type Oid = u32;

/// One role: PostgreSQL has one sort of them for logins and groups.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub name: String,
    pub can_login: bool,
    /// When its password ends; None where it never does.
    pub valid_until: Option<Timestamp>,
    pub superuser: bool,
    /// Whether it uses what it is a member of without becoming that; below version 16 for all its memberships.
    inherits: bool,
}

/// One membership, which from version 16 each grantor gives apart from all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Membership {
    pub role: Oid,
    pub member: Oid,
    pub grantor: Oid,
    /// The member may hand it on.
    pub admin: bool,
    /// The member uses the role's privileges.
    pub inherit: bool,
    /// The member may become the role.
    pub set: bool,
}

impl Membership {
    /// True where it gives more than the right to hand it on.
    pub(super) fn is_used(&self) -> bool {
        self.inherit || self.set
    }
}

/// All roles and memberships of a server.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    pub roles: BTreeMap<Oid, Role>,
    /// Sorted by role, member, grantor.
    pub memberships: Vec<Membership>,
    by_name: BTreeMap<String, Oid>,
}

const ROLES: &str = "SELECT oid, rolname::text, rolcanlogin, rolvaliduntil, rolsuper, rolinherit FROM pg_roles";

impl Catalog {
    /// Reads all of it; within a transaction that sees one state of the server.
    pub(super) fn read(connection: &Connection) -> Result<Self, Failure> {
        let mut catalog = Catalog::default();
        for row in connection.rows(ROLES, None)? {
            let oid: Oid = get(&row, 0)?;
            let until: Option<Instant<Timestamp>> = get(&row, 3)?;
            let role = Role {
                name: get(&row, 1)?,
                can_login: get(&row, 2)?,
                valid_until: match until {
                    None | Some(Instant::PosInfinity) => None,
                    Some(Instant::NegInfinity) => Some(Timestamp::MIN),
                    Some(Instant::Value(until)) => Some(until),
                },
                superuser: get(&row, 4)?,
                inherits: get(&row, 5)?,
            };
            catalog.by_name.insert(role.name.clone(), oid);
            catalog.roles.insert(oid, role);
        }
        catalog.memberships = catalog.read_memberships(connection, None)?;
        Ok(catalog)
    }

    /// Reads the memberships of one role again.
    pub(super) fn refresh(&mut self, connection: &Connection, role: Oid) -> Result<(), Failure> {
        let fresh = self.read_memberships(connection, Some(role))?;
        self.memberships.retain(|one| one.role != role);
        self.memberships.extend(fresh);
        self.memberships.sort_by_key(|one| (one.role, one.member, one.grantor));
        Ok(())
    }

    fn read_memberships(&self, connection: &Connection, of: Option<Oid>) -> Result<Vec<Membership>, Failure> {
        let options = if connection.itself.version >= 16 { "inherit_option, set_option" } else { "true, true" };
        let only = if of.is_some() { " WHERE roleid = ANY($1)" } else { "" };
        let query = format!("SELECT roleid, member, grantor, admin_option, {options} FROM pg_auth_members{only}");
        let roles = of.map(|role| [role]);
        let mut memberships = Vec::new();
        for row in connection.rows(&query, roles.as_ref().map(|roles| roles.as_slice()))? {
            let member: Oid = get(&row, 1)?;
            let may_inherit =
                connection.itself.version >= 16 || self.roles.get(&member).is_none_or(|role| role.inherits);
            let inherit: bool = get(&row, 4)?;
            memberships.push(Membership {
                role: get(&row, 0)?,
                member,
                grantor: get(&row, 2)?,
                admin: get(&row, 3)?,
                inherit: inherit && may_inherit,
                set: get(&row, 5)?,
            });
        }
        memberships.sort_by_key(|one| (one.role, one.member, one.grantor));
        Ok(memberships)
    }

    /// Notes that a login was locked or unlocked.
    pub(super) fn set_login(&mut self, name: &str, can_login: bool) {
        let role = self.by_name.get(name).and_then(|oid| self.roles.get_mut(oid));
        if let Some(role) = role {
            role.can_login = can_login;
        }
    }

    pub(super) fn find(&self, name: &str) -> Option<Oid> {
        self.by_name.get(name).copied()
    }

    pub(super) fn name(&self, oid: Oid) -> String {
        self.roles.get(&oid).map_or_else(|| oid.to_string(), |role| role.name.clone())
    }

    /// All memberships of a role, by member.
    pub(super) fn of_role(&self, role: Oid) -> impl Iterator<Item = &Membership> {
        let start = self.memberships.partition_point(|one| one.role < role);
        self.memberships.get(start..).unwrap_or_default().iter().take_while(move |one| one.role == role)
    }

    /// Each grantor's row of somebody's membership.
    pub(super) fn between(&self, role: Oid, member: Oid) -> Vec<Membership> {
        self.of_role(role).filter(|one| one.member == member).cloned().collect()
    }

    /// Every login that can become a role: itself, and whoever is in it so, however deep.
    pub(super) fn who_become(&self, role: Oid) -> BTreeSet<Oid> {
        let (mut found, mut open) = (BTreeSet::new(), vec![role]);
        while let Some(one) = open.pop() {
            if found.insert(one) {
                open.extend(self.of_role(one).filter(|one| one.set).map(|one| one.member));
            }
        }
        found.retain(|one| self.roles.get(one).is_some_and(|role| role.can_login) || *one == role);
        found
    }

    /// Who a role is. One that can log in, or could by its password, is somebody's account. Of the others those are groups
    /// whose members use them.
    pub(super) fn principal(&self, oid: Oid) -> Principal {
        let Some(role) = self.roles.get(&oid) else { return Principal::Unknown(oid.to_string()) };
        if role.can_login || role.valid_until.is_some() || !self.of_role(oid).any(Membership::is_used) {
            Principal::Account(role.name.clone())
        } else {
            Principal::Group(role.name.clone())
        }
    }

    /// The names of all roles.
    pub(super) fn names(&self) -> BTreeSet<String> {
        self.by_name.keys().cloned().collect()
    }
}

/// One value of a row; what can't be read is a failure of the whole read.
pub(super) fn get<'r, T: tokio_postgres::types::FromSql<'r>>(row: &'r Row, column: usize) -> Result<T, Failure> {
    row.try_get(column).map_err(Failure::Server)
}
