//! People and domains that get another name, and resources that go to another domain, while everybody holds what they held.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hash;

use serde_json::Value;

use super::judges::Panel;
use super::{Classes, EntitlementChange, JudgeChange, ResourceChange};
use crate::access::reading::{Claim, FileKind, ratification_path};
use crate::access::{
    Access, ById, Cause, ChangeClass, Domain, DomainId, EntitlementKey, Intervals, ManagedFile, Person, PersonId,
    Revision,
};

/// What a change gives another name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Renames {
    /// New name to the old one, of people with the same accounts, keys and terms.
    pub people: BTreeMap<PersonId, PersonId>,
    /// New name to the old one, of domains with the same resources.
    pub domains: BTreeMap<DomainId, DomainId>,
    /// True where names and domains are all that a change touches of access: everybody holds what they held, and the same people
    /// may approve each of it. Such a change loosens no rule for what it gives, since it gives nothing.
    pub only: bool,
}

impl Renames {
    pub(super) fn of(
        base: &Revision,
        head: &Revision,
        classes: &Classes,
        changes: &[EntitlementChange],
        resources: &[ResourceChange],
        judges: &[JudgeChange],
    ) -> Self {
        let people = renamed(&base.access.people, &head.access.people, same_person);
        let domains = renamed(&base.access.domains, &head.access.domains, same_domain);
        let mut renames = Renames { people, domains, only: false };
        let moves = moves(resources);
        // whether anything depends on it is seen quickly
        renames.only = (!moves.is_empty() || !renames.people.is_empty())
            && classes.has(ChangeClass::Access)
            && resources.iter().all(ResourceChange::is_move)
            && renames.only_in_files(base, head, classes, &moves)
            && keeps_owners(&base.access, &head.access, &moves)
            && same_numbers(&base.access, &head.access)
            && renames.same_judges(judges)
            && renames.same_access(changes)
            && renames.same_owners(base, head);
        renames
    }

    /// The name that somebody had before.
    fn before<'p>(&'p self, person: &'p PersonId) -> &'p PersonId {
        self.people.get(person).unwrap_or(person)
    }

    /// True where every file says what it said, but for the new names, and for where resources and what reaches them belong.
    fn only_in_files(&self, base: &Revision, head: &Revision, classes: &Classes, moves: &Moves) -> bool {
        classes.paths().all(|(path, _)| {
            let Claim::File(kind, id) = FileKind::of_path(path) else { return false };
            match (base.files.get(path), head.files.get(path)) {
                (_, Some(after)) => match self.stood(kind, id, base) {
                    Some(before) => self.same_file(kind, [before, after], moves),
                    // a domain to which resources go may be new; it is looked at with them
                    None => kind == FileKind::Domain && moves.iter().any(|(_, to)| to.as_str() == id),
                },
                (Some(_), None) => match kind {
                    FileKind::Person => self.people.values().any(|old| old.as_str() == id),
                    FileKind::Domain => self.domains.values().any(|old| old.as_str() == id),
                    FileKind::Config
                    | FileKind::Vendor
                    | FileKind::Group
                    | FileKind::Role
                    | FileKind::Grant
                    | FileKind::Bridge
                    | FileKind::Policy
                    | FileKind::Cases
                    | FileKind::Ratification
                    | FileKind::Rego => stands(kind, id, head).is_some(),
                },
                (None, None) => false,
            }
        })
    }

    /// The file as it was, by whatever name.
    fn stood<'f>(&self, kind: FileKind, id: &str, base: &'f Revision) -> Option<&'f ManagedFile> {
        let person = self.people.get(id).filter(|_| kind == FileKind::Person).map(PersonId::as_str);
        let domain = self.domains.get(id).filter(|_| kind == FileKind::Domain).map(DomainId::as_str);
        let before = person.or(domain);
        stands(kind, before.unwrap_or(id), base)
    }

    fn same_file(&self, kind: FileKind, sides: [&ManagedFile; 2], moves: &Moves) -> bool {
        let [Some(mut before), Some(mut after)] = sides.map(ManagedFile::value) else { return false };
        self.old_names(&mut after, "");
        let mut taken =
            |key: &str| [&mut before, &mut after].map(|side| side.as_object_mut().and_then(|all| all.remove(key)));
        match kind {
            // how somebody is called gives nothing
            FileKind::Person => drop(taken("name")),
            // which belong to it is looked at by itself
            FileKind::Domain => drop(taken("resources")),
            FileKind::Grant => {
                let [was, is] = taken("domain");
                let text = |side: &Option<Value>| side.as_ref().and_then(Value::as_str).map(str::to_owned);
                let moved = |(from, to): &(DomainId, DomainId)| {
                    text(&was).as_deref() == Some(from.as_str()) && text(&is).as_deref() == Some(self.domain(to))
                };
                if was != is && !moves.iter().any(moved) {
                    return false;
                }
            }
            FileKind::Config
            | FileKind::Vendor
            | FileKind::Group
            | FileKind::Role
            | FileKind::Bridge
            | FileKind::Policy
            | FileKind::Cases
            | FileKind::Ratification
            | FileKind::Rego => {}
        }
        before == after
    }

    /// The name that a domain had.
    fn domain<'d>(&'d self, domain: &'d DomainId) -> &'d str {
        self.domains.get(domain).map_or(domain.as_str(), DomainId::as_str)
    }

    /// Puts the old names in the place of new ones, where fields name people and domains.
    fn old_names(&self, value: &mut Value, field: &str) {
        match value {
            Value::Object(all) => all.iter_mut().for_each(|(field, value)| self.old_names(value, field)),
            Value::Array(all) => all.iter_mut().for_each(|value| self.old_names(value, field)),
            Value::String(name) => {
                let old = match field {
                    "to" | "for" | "members" | "owners" | "sponsor" | "person" | "owner" | "required" => {
                        self.people.get(name.as_str()).map(ToString::to_string)
                    }
                    "domain" | "domains" | "home" | "into" => self.domains.get(name.as_str()).map(ToString::to_string),
                    _ => None,
                };
                if let Some(old) = old {
                    *name = old;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// True where what somebody loses is what they gain by their new name, at the same times.
    fn same_access(&self, changes: &[EntitlementChange]) -> bool {
        let mut held: BTreeMap<EntitlementKey, [Intervals; 2]> = BTreeMap::new();
        for change in changes {
            let key = EntitlementKey { person: self.before(&change.key.person).clone(), ..change.key.clone() };
            let [before, after] = held.entry(key).or_default();
            let (of_before, of_after) = (change.before.clone(), change.after.clone());
            if !of_before.is_empty() && !before.is_empty() || !of_after.is_empty() && !after.is_empty() {
                return false;
            }
            if !of_before.is_empty() {
                *before = of_before;
            }
            if !of_after.is_empty() {
                *after = of_after;
            }
        }
        held.values().all(|[before, after]| before == after)
    }

    /// True where rules and sponsorships name the same people. Owners are looked at with what they own.
    fn same_judges(&self, judges: &[JudgeChange]) -> bool {
        let panel = |panel: &Panel| {
            let people = panel.people.iter().map(|(person, proofs)| (self.before(person).clone(), proofs.clone()));
            Panel { asks: panel.asks.clone(), people: people.collect() }
        };
        let of = |side: fn(&JudgeChange) -> Option<&Panel>| -> BTreeMap<String, Panel> {
            let judging = judges.iter().filter(|change| !change.judge.starts_with("owners:"));
            let named = judging.filter_map(|change| Some((self.judge(&change.judge), panel(side(change)?))));
            named.collect()
        };
        of(|change| change.before.as_ref()) == of(|change| change.after.as_ref())
    }

    /// Whom a panel is asked for, by the name before.
    fn judge(&self, judge: &str) -> String {
        let renamed = judge.strip_prefix("sponsor:").and_then(|person| self.people.get(person));
        renamed.map_or_else(|| judge.to_owned(), |before| format!("sponsor:{before}"))
    }

    /// True where each entitlement comes from domains whose owners are those before.
    fn same_owners(&self, base: &Revision, head: &Revision) -> bool {
        let (before, after) = (Owners::of(&base.access), Owners::of(&head.access));
        head.entitlements.iter().all(|entitlement| {
            let key =
                EntitlementKey { person: self.before(&entitlement.key.person).clone(), ..entitlement.key.clone() };
            let Some(stood) = base.entitlements.get(&key) else { return false };
            let owners = |owners: &Owners, of: &[Cause]| -> BTreeSet<PersonId> {
                of.iter().flat_map(|cause| owners.0.get(&cause.domain).into_iter().flatten()).cloned().collect()
            };
            let now: BTreeSet<PersonId> =
                owners(&after, &entitlement.causes).iter().map(|person| self.before(person).clone()).collect();
            owners(&before, &stood.causes) == now
        })
    }
}

/// From which domain to which resources go.
type Moves = BTreeSet<(DomainId, DomainId)>;

fn moves(resources: &[ResourceChange]) -> Moves {
    let pairs = resources.iter().flat_map(|one| {
        let went = one.before.difference(&one.after);
        let came = || one.after.difference(&one.before);
        went.flat_map(move |from| came().map(move |to| (from.clone(), to.clone())))
    });
    pairs.collect()
}

/// True where resources go to domains of the same sort with the same owners.
fn keeps_owners(base: &Access, head: &Access, moves: &Moves) -> bool {
    moves.iter().all(|(from, to)| {
        let (Some(before), Some(after)) = (base.domains.get(from), head.domains.get(to)) else { return false };
        // who owns the one it comes to owned it before, where it was there
        let stood = base.domains.get(to).is_none_or(|stood| stood.owners == after.owners);
        let owners =
            |access: &Access, domain: &Domain| access.expand(&domain.owners).into_keys().collect::<BTreeSet<_>>();
        stood
            && before.environment == after.environment
            && before.contractors_allowed == after.contractors_allowed
            && (before.owners == after.owners || owners(base, before) == owners(head, after))
    })
}

/// The file of a thing, where the tree has it.
fn stands<'f>(kind: FileKind, id: &str, tree: &'f Revision) -> Option<&'f ManagedFile> {
    let access = &tree.access;
    let path = match kind {
        FileKind::Vendor => access.vendors.get(id)?.source.path.to_string(),
        FileKind::Person => access.people.get(id)?.source.path.to_string(),
        FileKind::Group => access.groups.get(id)?.source.path.to_string(),
        FileKind::Domain => access.domains.get(id)?.source.path.to_string(),
        FileKind::Role => access.roles.get(id)?.source.path.to_string(),
        FileKind::Grant => access.grants.get(id)?.source.path.to_string(),
        FileKind::Bridge => access.bridges.get(id)?.source.path.to_string(),
        // what judges stays as it is, but for names within
        FileKind::Policy => format!("policies/{id}.yaml"),
        FileKind::Ratification => ratification_path(id.parse().ok()?),
        FileKind::Config | FileKind::Cases | FileKind::Rego => return None,
    };
    tree.files.get(&path)
}

struct Owners(BTreeMap<DomainId, BTreeSet<PersonId>>);

impl Owners {
    fn of(access: &Access) -> Self {
        let owners = |domain: &Domain| access.expand(&domain.owners).into_keys().collect();
        Owners(access.domains.values().map(|domain| (domain.id.clone(), owners(domain))).collect())
    }
}

/// Those of whom one went as another came who is the same: new id to the old one. Two of which nobody can tell which is which
/// are none.
fn renamed<I: Ord + Clone + Hash, T>(
    before: &ById<I, T>,
    after: &ById<I, T>,
    same: fn(&T, &T) -> bool,
) -> BTreeMap<I, I> {
    let gone: Vec<(&I, &T)> = before.iter().filter(|(id, _)| !after.contains_key(*id)).collect();
    if gone.is_empty() {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    for (id, new) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        let mut alike = gone.iter().filter(|(_, old)| same(old, new));
        if let (Some((old, _)), None) = (alike.next(), alike.next()) {
            found.insert(id.clone(), (*old).clone());
        }
    }
    let olds: BTreeSet<I> = found.values().cloned().collect();
    if olds.len() == found.len() { found } else { BTreeMap::new() }
}

fn same_person(before: &Person, after: &Person) -> bool {
    let terms = |person: &Person| (person.person_type, person.engagement, person.ended);
    let told = |person: &Person| {
        !(person.accounts.iter().next().is_none() && person.keys.is_empty() && person.emails.is_empty())
    };
    told(before)
        && terms(before) == terms(after)
        && (&before.vendor, &before.sponsor) == (&after.vendor, &after.sponsor)
        && (&before.accounts, &before.emails, &before.keys) == (&after.accounts, &after.emails, &after.keys)
}

/// True where every resource keeps the number that files say of it.
fn same_numbers(base: &Access, head: &Access) -> bool {
    let numbers = |access: &Access| -> BTreeSet<(String, &'static str, String, Option<u64>)> {
        let all = access.domains.values().flat_map(|domain| domain.resources.values());
        all.map(|one| (one.target.to_string(), one.kind.name, one.name.to_string(), one.number)).collect()
    };
    numbers(base) == numbers(head)
}

fn same_domain(before: &Domain, after: &Domain) -> bool {
    let resources = |domain: &Domain| -> Vec<(String, String, &'static str, String)> {
        let all = domain.resources.iter();
        let told = all.map(|(id, one)| (id.to_string(), one.target.to_string(), one.kind.name, one.name.to_string()));
        told.collect()
    };
    before.environment == after.environment
        && before.contractors_allowed == after.contractors_allowed
        && resources(before) == resources(after)
}
