//! What else is to be known of a server: what logins hold of their own, and what would not end as declared.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{Catalog, Oid, get};
use super::connection::Connection;
use super::failure::Failure;
use super::kinds::{self, DATABASE_ROLE};
use super::rules::{
    ACTS_AS_ANOTHER, DANGEROUS_LOGIN, DIRECT_GRANT, END_NOT_NATIVE, OTHER_GRANTOR, OWNS_OBJECTS, PUBLIC_CONNECT,
    SERVER_NOT_TESTED,
};
use super::server::Server;
use crate::finding::Rule;
use crate::targets::{Fact, Principal, Resource, Scope};

/// What stands in the catalog beside roles and memberships.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// How many objects each login owns, and on how many it was granted something, in all databases.
    owned: BTreeMap<Oid, u64>,
    granted: BTreeMap<Oid, u64>,
    /// Databases that everybody may connect to.
    open_databases: Vec<String>,
    /// Logins whose password is not the only way in; None where that can't be read.
    other_ways: Option<Ways>,
    /// Words such as `SUPERUSER` for logins that have them.
    attributes: BTreeMap<Oid, Vec<&'static str>>,
}

const DEPENDS: &str = "SELECT refobjid, deptype::text, count(*) FROM pg_shdepend
 WHERE refclassid = 'pg_authid'::regclass AND classid <> 'pg_auth_members'::regclass
   AND deptype IN ('a', 'o') GROUP BY 1, 2";

const OPEN: &str = "SELECT datname::text FROM pg_database WHERE datallowconn AND NOT datistemplate AND EXISTS (
    SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))
     WHERE grantee = 0 AND privilege_type = 'CONNECT') ORDER BY 1";

const ATTRIBUTES: &str = "SELECT oid, rolsuper, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles
 WHERE rolcanlogin AND (rolsuper OR rolcreaterole OR rolbypassrls OR rolreplication)";

/// Nobody is asked for what they may not see: without the right the answer is no row at all.
const RULES: &str = "SELECT user_name, auth_method, error IS NULL FROM pg_hba_file_rules";

/// Users of rules by which they get in without a password.
#[derive(Debug)]
struct Ways(BTreeSet<String>);

impl Ways {
    /// A rule may name groups by `+`, or patterns by `/`: those count for everybody.
    fn lead_in(&self, login: &str) -> bool {
        self.0.iter().any(|user| user == login || user == "all" || user.starts_with(['+', '/', '@']))
    }
}

impl Beside {
    /// Reads it, within the transaction of the whole read.
    pub(super) fn read(connection: &Connection, server: &Server) -> Result<Self, Failure> {
        let mut beside = Beside::default();
        for row in connection.rows(DEPENDS, None)? {
            let (role, sort): (Oid, String) = (get(&row, 0)?, get(&row, 1)?);
            let count: i64 = get(&row, 2)?;
            let counts = if sort == "o" { &mut beside.owned } else { &mut beside.granted };
            counts.insert(role, count.unsigned_abs());
        }
        for row in connection.rows(OPEN, None)? {
            beside.open_databases.push(get(&row, 0)?);
        }
        for row in connection.rows(ATTRIBUTES, None)? {
            let words = ["SUPERUSER", "CREATEROLE", "BYPASSRLS", "REPLICATION"];
            let mut has = Vec::new();
            for (column, word) in (1..).zip(words) {
                if get(&row, column)? {
                    has.push(word);
                }
            }
            beside.attributes.insert(get(&row, 0)?, has);
        }
        if server.native_ends {
            beside.other_ways = ways(connection)?;
        }
        Ok(beside)
    }

    /// What is to be said of a scope, sorted.
    pub(super) fn facts(
        &self,
        catalog: &Catalog,
        connection: &Connection,
        server: &Server,
        scope: &Scope,
    ) -> Vec<Fact> {
        let mut facts = Vec::new();
        let members = members(catalog, scope);
        for (oid, login) in catalog.roles.iter().filter(|(_, role)| role.can_login && !role.superuser) {
            let of = |rule, words| about(rule, &login.name, words);
            let name = &login.name;
            let is_ours = members.contains(oid);
            if let Some(count) = self.granted.get(oid).filter(|_| is_ours) {
                facts.push(of(&DIRECT_GRANT, format!("`{name}` was granted something itself, on {}", objects(*count))));
            }
            if let Some(count) = self.owned.get(oid).filter(|_| is_ours) {
                facts.push(of(&OWNS_OBJECTS, format!("`{name}` owns {}", objects(*count))));
            }
            let has_end = server.native_ends && login.valid_until.is_some();
            if has_end && self.other_ways.as_ref().is_none_or(|ways| ways.lead_in(name)) {
                let why = if self.other_ways.is_some() { "gets in without a password" } else { "may get in otherwise" };
                facts.push(of(&END_NOT_NATIVE, format!("`{name}` {why}, so `VALID UNTIL` doesn't keep them out")));
            }
        }
        let writers: BTreeSet<Oid> = roles(catalog, scope).flat_map(|(_, role)| writers(catalog, role)).collect();
        for (oid, words) in &self.attributes {
            let name = catalog.name(*oid);
            let beyond = |word: &&&str| !(writers.contains(oid) && **word == "CREATEROLE");
            let words: Vec<&str> = words.iter().filter(beyond).copied().collect();
            if !words.is_empty() {
                facts.push(about(&DANGEROUS_LOGIN, &name, format!("`{name}` has {}", words.join(", "))));
            }
        }
        for (login, by) in acting(catalog) {
            facts.push(about(&ACTS_AS_ANOTHER, &by, format!("`{by}` may act as `{login}`, which logs in itself")));
        }
        for (name, role) in dangerous_members(catalog, &writers) {
            facts.push(about(&DANGEROUS_LOGIN, &name, format!("`{name}` is a member of `{role}`")));
        }
        facts.extend(self.open_databases.iter().map(|database| Fact {
            rule: &PUBLIC_CONNECT,
            resource: None,
            permission: None,
            principal: None,
            words: format!("everybody who can log in may connect to database `{database}`"),
        }));
        facts.extend(other_grantors(catalog, scope));
        facts.extend(untried(connection));
        facts.sort_by(|a, b| (a.rule.code.id, &a.words).cmp(&(b.rule.code.id, &b.words)));
        facts
    }
}

fn ways(connection: &Connection) -> Result<Option<Ways>, Failure> {
    let may = "SELECT has_table_privilege('pg_hba_file_rules', 'SELECT')
                  AND has_function_privilege('pg_hba_file_rules()', 'EXECUTE')";
    let may = connection.rows(may, None)?;
    if !may.first().map(|row| get(row, 0)).transpose()?.unwrap_or(false) {
        return Ok(None);
    }
    let mut users = BTreeSet::new();
    for row in connection.rows(RULES, None)? {
        let (names, method): (Option<Vec<String>>, Option<String>) = (get(&row, 0)?, get(&row, 1)?);
        // where the file is wrong, the server goes on with rules that stand nowhere
        if !get(&row, 2)? {
            return Ok(None);
        }
        if !matches!(method.as_deref(), Some("scram-sha-256" | "md5" | "password" | "reject")) {
            users.extend(names.unwrap_or_default());
        }
    }
    Ok(Some(Ways(users)))
}

fn objects(count: u64) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

fn about(rule: &'static Rule, login: &str, words: String) -> Fact {
    Fact { rule, resource: None, permission: None, principal: Some(Principal::Account(login.to_owned())), words }
}

/// Who holds something on a role of the scope. What all the other logins of a server own is none of dualkey's.
fn members(catalog: &Catalog, scope: &Scope) -> BTreeSet<Oid> {
    roles(catalog, scope).flat_map(|(_, role)| catalog.of_role(role)).map(|one| one.member).collect()
}

/// The roles of a scope that are there.
fn roles<'s>(catalog: &Catalog, scope: &'s Scope) -> impl Iterator<Item = (&'s str, Oid)> {
    let named = scope.iter().filter(|resource| resource.kind == &DATABASE_ROLE);
    named.filter_map(|resource| Some((resource.name.as_str(), catalog.find(&resource.name)?)))
}

/// Who writes to a role, as far as anybody sees: whoever has the rights that the page beside the code lists may hand it on
/// and can't use it.
fn writers(catalog: &Catalog, role: Oid) -> BTreeSet<Oid> {
    catalog.of_role(role).filter(|one| one.admin && !one.is_used()).map(|one| one.member).collect()
}

/// Logins that another login may act as, with that one.
fn acting(catalog: &Catalog) -> BTreeSet<(String, String)> {
    let is_login = |oid: &Oid| catalog.roles.get(oid).is_some_and(|role| role.can_login);
    let used = catalog.memberships.iter().filter(|one| one.is_used() && is_login(&one.role) && is_login(&one.member));
    used.map(|one| (catalog.name(one.role), catalog.name(one.member))).collect()
}

/// Logins that are in a dangerous role, which no domain may name. A writer ends sessions, and needs the role for that.
fn dangerous_members(catalog: &Catalog, writers: &BTreeSet<Oid>) -> BTreeSet<(String, String)> {
    let is_login = |oid: &Oid| catalog.roles.get(oid).is_some_and(|role| role.can_login && !role.superuser);
    let members = catalog.memberships.iter().filter(|one| one.is_used() && is_login(&one.member));
    let named = members.map(|one| (one.member, catalog.name(one.member), catalog.name(one.role)));
    let told = named
        .filter(|(oid, _, role)| kinds::is_dangerous(role) && !(writers.contains(oid) && role == "pg_signal_backend"));
    told.map(|(_, name, role)| (name, role)).collect()
}

/// Memberships that another than the writer gave.
fn other_grantors(catalog: &Catalog, scope: &Scope) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (name, role) in roles(catalog, scope) {
        let writers = writers(catalog, role);
        let foreign = |one: &&super::catalog::Membership| {
            !writers.contains(&one.grantor) && !writers.contains(&one.member) && one.is_used()
        };
        if writers.is_empty() {
            continue;
        }
        for one in catalog.of_role(role).filter(foreign) {
            let (member, grantor) = (catalog.name(one.member), catalog.name(one.grantor));
            facts.push(Fact {
                rule: &OTHER_GRANTOR,
                resource: Some(Resource { kind: &DATABASE_ROLE, name: name.to_owned() }),
                permission: None,
                principal: Some(catalog.principal(one.member)),
                words: format!(
                    "`{grantor}` gave `{member}` the role `{name}`, and only they or a superuser can take that"
                ),
            });
        }
    }
    facts
}

/// A server that nobody tried.
fn untried(connection: &Connection) -> Option<Fact> {
    let version = connection.itself.version;
    (!(15..=18).contains(&version)).then(|| {
        let words = format!("the server is PostgreSQL {version}, which nobody tried");
        Fact { rule: &SERVER_NOT_TESTED, resource: None, permission: None, principal: None, words }
    })
}
