//! What lines of access don't tell of a grant that changes: by which role, where and to whom it gives what somebody keeps.

use std::collections::{BTreeMap, BTreeSet};

use super::things::{Field, Thing};
use super::value::Value;
use super::{Fact, grant};
use crate::access::{Access, GroupId, Member, PersonId, Revision, Role};
use crate::plan::{AccessLine, Action, Plan};

/// True for a field of a grant that says what it gives to whom, and not when.
pub(super) fn is_of_access(field: &str) -> bool {
    matches!(field, "role" | "domain" | "resources" | "to")
}

/// The lines of access that a reader sees, by grant.
pub(super) struct Lines<'p> {
    plan: &'p Plan<'p>,
    of_grant: BTreeMap<&'p str, Vec<&'p AccessLine>>,
}

impl<'p> Lines<'p> {
    pub fn of(plan: &'p Plan<'p>) -> Self {
        let mut of_grant = BTreeMap::<&str, Vec<&AccessLine>>::new();
        for line in plan.lines.iter().filter(|line| line.action != Action::Keep) {
            of_grant.entry(line.grant.as_str()).or_default().push(line);
        }
        Lines { plan, of_grant }
    }

    /// True where a line tells what the grant gives.
    pub fn tells(&self, thing: &Thing) -> bool {
        grant(&thing.file).is_some_and(|id| self.of_grant.contains_key(id))
    }

    /// Leaves of a grant, as it was and as it is, only what no line tells: those say to whom, what, where and until when.
    pub fn leave_untold(&self, was: &mut Thing, is: &mut Thing) {
        let id = grant(&is.file).unwrap_or_default().to_owned();
        let told = |field: &str, sides: [Option<&Field>; 2]| {
            !is_words(field)
                && (!is_of_access(field) || self.is_renamed(field, sides) || self.is_told(&id, field, sides))
        };
        drop_fields(was, is, told);
    }

    /// Leaves of a grant all that isn't another name of the same.
    pub fn leave_other_names(&self, was: &mut Thing, is: &mut Thing) {
        drop_fields(was, is, |field, sides| self.is_renamed(field, sides));
    }

    /// True where only names differ, which is told of what has them.
    fn is_renamed(&self, field: &str, sides: [Option<&Field>; 2]) -> bool {
        let Plan { renames, .. } = self.plan;
        let [Some(was), Some(is)] = sides.map(|side| side.map(|field| texts(&field.value))) else { return false };
        let old = |name: &String| match field {
            "domain" => renames.domains.get(name.as_str()).map(ToString::to_string),
            "to" => renames.people.get(name.as_str()).map(ToString::to_string),
            _ => None,
        };
        was != is
            && (was == is.iter().map(|name| old(name).unwrap_or_else(|| name.clone())).collect()
                || field == "domain" && renames.only)
    }

    fn is_told(&self, id: &str, field: &str, sides: [Option<&Field>; 2]) -> bool {
        let Plan { base, head, .. } = self.plan;
        let lines = self.of_grant.get(id).map(Vec::as_slice).unwrap_or_default();
        let sets = sides.map(|side| side.map(|field| texts(&field.value)));
        match (field, sets) {
            ("to", [Some(was), Some(is)]) => {
                let has_line = |person: &PersonId| lines.iter().any(|line| line.person == *person);
                let all_have = |names: BTreeSet<&String>, side: &Revision| {
                    names.into_iter().all(|name| {
                        let people = people_of(&side.access, name);
                        !people.is_empty() && people.iter().all(has_line)
                    })
                };
                all_have(was.difference(&is).collect(), base) && all_have(is.difference(&was).collect(), head)
            }
            // a list of some that comes to be all is more than those that there are
            ("resources", [Some(was), Some(is)]) => {
                let named = |name: &&String| lines.iter().any(|line| line.resources.contains(name.as_str()));
                was.symmetric_difference(&is).all(|name| named(&name))
            }
            _ => false,
        }
    }
}

/// True for fields that no line of access tells.
fn is_words(field: &str) -> bool {
    matches!(field, "reason" | "ticket")
}

/// Leaves of a new grant only what no line of access says.
pub(super) fn leave_words(grant: &mut Thing) {
    grant.fields.retain(|field, _| is_words(field));
}

fn drop_fields(was: &mut Thing, is: &mut Thing, told: impl Fn(&str, [Option<&Field>; 2]) -> bool) {
    let labels: BTreeSet<String> = was.fields.keys().chain(is.fields.keys()).cloned().collect();
    for label in labels {
        if told(&label, [was.fields.get(&label), is.fields.get(&label)]) {
            was.fields.remove(&label);
            is.fields.remove(&label);
        }
    }
}

fn texts(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Many(texts) => texts.clone(),
        Value::One(text) => BTreeSet::from([text.clone()]),
    }
}

/// Everybody whom a name of a list of beneficiaries means.
fn people_of(access: &Access, name: &str) -> BTreeSet<PersonId> {
    let member = match name.strip_prefix("group:") {
        Some(group) => GroupId::parse(group).map(Member::Group).ok(),
        None => PersonId::parse(name).map(Member::Person).ok(),
    };
    member.map(|member| access.expand(&[member]).into_keys().collect()).unwrap_or_default()
}

/// The same fact where it is another role of a grant, weighed by what rules ask of both roles.
pub(super) fn weighed(fact: Fact, plan: &Plan<'_>) -> Fact {
    if fact.field.as_deref() != Some("role") || grant(&fact.file).is_none() {
        return fact;
    }
    let role = |side: &'_ Revision, name: &Option<String>| {
        name.as_deref().and_then(|name| side.access.roles.shared(name).cloned())
    };
    let weaker = match (role(plan.base, &fact.before), role(plan.head, &fact.after)) {
        (Some(before), Some(after)) => asks_less(&before, &after),
        // what can't be compared may ask for anything
        (None, _) | (_, None) => true,
    };
    let consequence = "rules judge it by the duties, the risk and the second factor of the other role";
    Fact { weaker, consequence: Some(consequence), ..fact }
}

/// True where less is asked of whoever holds another role.
fn asks_less(before: &Role, after: &Role) -> bool {
    !before.duties.is_subset(&after.duties)
        || after.risk < before.risk
        || before.mfa_required && !after.mfa_required
        || after.contractors_allowed && !before.contractors_allowed
}
