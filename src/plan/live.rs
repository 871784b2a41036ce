//! What live state shows beside the operations: access that nobody declared and no call takes away, duties that come
//! together by what is live, and what targets tell.

use std::cmp::Ordering;

use super::operations::{Basis, Operation};
use super::through::{ByGroups, Through};
use crate::access::{EntitlementKey, Manage, PersonId, PersonType, TargetId};
use crate::finding::{Code, Refusal, Rule, Severity};
use crate::targets::error::TARGET_UNKNOWN_NAME;
use crate::targets::{Fact, Principal, Resource, TargetError};

/// The rules of what is live, sorted by id.
pub const RULES: &[&Rule] =
    &[&ACCESS_BY_GROUP, &DUTIES_LIVE, &GROUP_UNRESOLVED, &RESOURCE_NAMED_TWICE, &RESOURCE_REPLACED];

pub static ACCESS_BY_GROUP: Rule = Rule {
    code: Code {
        id: "access-by-group",
        title: "somebody has access by a live group, and nothing declares that",
        why: "Whoever is in a group has what the group holds. Nobody approved that for them, it ends with no grant, and no \
              call of dualkey takes it away, since others hold it by the same group.",
        example: "",
        instead: "Take them out of the group at the target. Or declare the group as a resource and give its membership by a \
                  grant.",
    },
    severity: Severity::Error,
    dated: false,
};

pub static DUTIES_LIVE: Rule = Rule {
    code: Code {
        id: "duties-live",
        title: "what is live and what is declared together give one person duties that must be apart",
        why: "Whoever holds one half by hand and the other by a grant can do alone what is meant to need two people. So \
              `apply` doesn't give the other half while the one is live. What is latent counts, since one act of that \
              person is all it takes.",
        example: "",
        instead: "Take away what nobody declared at the target, or declare it, so that the rule is judged before anything \
                  lands. Where that is not possible yet, a waiver accepts the risk for a while.",
    },
    severity: Severity::Error,
    dated: false,
};

pub static GROUP_UNRESOLVED: Rule = Rule {
    code: Code {
        id: "group-unresolved",
        title: "a live group holds something, and nobody can tell who is in it",
        why: "Whoever is in the group has what it holds. Their duties can't be judged by it, and their ends don't end it.",
        example: "",
        instead: "Let the reading credential list the members, or take what it holds from the group.",
    },
    severity: Severity::Warning,
    dated: false,
};

pub static RESOURCE_NAMED_TWICE: Rule = Rule {
    code: Code {
        id: "resource-named-twice",
        title: "two names in the access repository lead to one resource",
        why: "Somebody renamed it, and the old name still leads there. What one name gives the other one doesn't, so nobody \
              knows what is to stay: nothing but ends is done on it.",
        example: "",
        instead: "Keep the name that it has now, in one domain, and take out the others.",
    },
    severity: Severity::Error,
    dated: false,
};

pub static RESOURCE_REPLACED: Rule = Rule {
    code: Code {
        id: "resource-replaced",
        title: "a name means another resource than the one that was meant",
        why: "A name can be taken from one repository or team and given to another. Whoever may do that could have people let \
              in where nobody approved it. The log keeps on which number something was given, and a file may say the number: \
              under such a name nothing is given, and ends go to the number that was meant.",
        example: "",
        instead: "See who renamed what. If the new one is to take the place, write its number as `id` beside it in its domain: \
                  once that has landed, what was given on the old one goes, and people are let in to the new one.",
    },
    severity: Severity::Error,
    dated: false,
};

/// Something that live state shows. It stands in no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveFinding {
    pub rule: &'static Rule,
    pub severity: Severity,
    /// What it is about, as far as it is about something of its own.
    pub target: Option<TargetId>,
    pub resource: Option<Resource>,
    pub permission: Option<String>,
    pub principal: Option<Principal>,
    pub person: Option<PersonId>,
    pub message: String,
    pub help: String,
}

impl LiveFinding {
    fn sort_key(&self) -> (&str, Option<&TargetId>, Option<&Resource>, &str) {
        (self.rule.code.id, self.target.as_ref(), self.resource.as_ref(), &self.message)
    }

    /// Something about a target as a whole.
    pub fn at(rule: &'static Rule, target: &TargetId, message: String, help: String) -> Self {
        LiveFinding {
            rule,
            severity: rule.severity,
            target: Some(target.clone()),
            resource: None,
            permission: None,
            principal: None,
            person: None,
            message,
            help,
        }
    }

    /// The same as the reason why a run didn't give something.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(&self.rule.code, self.message.clone(), self.help.clone())
    }
}

impl PartialOrd for LiveFinding {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for LiveFinding {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sort_key().cmp(&other.sort_key())
    }
}

/// What a target tells, with the person whom it is about where anybody knows.
pub fn of_fact(target: &TargetId, fact: &Fact, person: Option<PersonId>) -> LiveFinding {
    LiveFinding {
        rule: fact.rule,
        severity: fact.rule.severity,
        target: Some(target.clone()),
        resource: fact.resource.clone(),
        permission: fact.permission.clone(),
        principal: fact.principal.clone(),
        person,
        message: format!("{} at `{target}`", fact.words),
        help: fact.rule.code.instead.to_owned(),
    }
}

/// A name that means the number `now`, where `meant` is the one that was meant.
pub fn of_replaced(target: &TargetId, resource: &Resource, meant: u64, now: u64) -> LiveFinding {
    let name = format!("{} `{}`", resource.kind.name, resource.name);
    let message = format!("{name} is #{now} at `{target}` by now, and #{meant} is the one that was meant");
    let help = format!(
        "see what became of #{meant}; if #{now} is to take its place, write `id: {now}` beside it in its domain"
    );
    LiveFinding { resource: Some(resource.clone()), ..LiveFinding::at(&RESOURCE_REPLACED, target, message, help) }
}

/// A resource that is declared by several names.
pub fn of_twice(target: &TargetId, resource: &Resource, names: &[&Resource], number: u64) -> LiveFinding {
    let all: Vec<String> = names.iter().map(|one| format!("`{}`", one.name)).collect();
    let message = format!("{} are one {} at `{target}`: #{number}", all.join(" and "), resource.kind.name);
    let help = "keep the name that it has now in one domain, and take out the others".to_owned();
    LiveFinding { resource: Some(resource.clone()), ..LiveFinding::at(&RESOURCE_NAMED_TWICE, target, message, help) }
}

/// An operation that names something that its target doesn't have.
pub fn of_unknown(operation: &Operation, error: &TargetError) -> LiveFinding {
    let Operation { target, kind, resource, permission, principal, person, .. } = operation;
    LiveFinding {
        rule: &TARGET_UNKNOWN_NAME,
        severity: TARGET_UNKNOWN_NAME.severity,
        target: Some(target.clone()),
        resource: Some(Resource { kind, name: resource.clone() }),
        permission: Some(permission.clone()),
        principal: Some(principal.clone()),
        person: person.clone(),
        message: format!("`{target}`: {error}"),
        help: "correct the name in the access repository".to_owned(),
    }
}

/// Something that is declared and that its target doesn't have.
pub fn of_unknown_name(
    target: &TargetId,
    resource: Option<Resource>,
    person: Option<&PersonId>,
    error: &TargetError,
) -> LiveFinding {
    let whose = person.map(|person| format!(" of `{person}`")).unwrap_or_default();
    LiveFinding {
        rule: &TARGET_UNKNOWN_NAME,
        severity: TARGET_UNKNOWN_NAME.severity,
        target: Some(target.clone()),
        resource,
        permission: None,
        principal: None,
        person: person.cloned(),
        message: format!("`{target}`{whose}: {error}"),
        help: "correct the name in the access repository".to_owned(),
    }
}

/// What is wrong with what groups give: access that no grant gives those whose access dualkey answers for, and groups that
/// nobody can see into.
pub fn of_groups(basis: &Basis<'_>, groups: &ByGroups) -> Vec<LiveFinding> {
    let unresolved = groups.unresolved.iter().map(|(target, group)| LiveFinding {
        rule: &GROUP_UNRESOLVED,
        severity: GROUP_UNRESOLVED.severity,
        target: Some(target.clone()),
        resource: None,
        permission: None,
        principal: Some(Principal::Group(group.clone())),
        person: None,
        message: format!("nobody can tell who is in the group `{group}` at `{target}`, which holds something"),
        help: GROUP_UNRESOLVED.code.instead.to_owned(),
    });
    let undeclared = groups.through.iter().filter(|one| !one.declared && answers_for(basis, &one.person));
    let undeclared = undeclared.filter(|one| !is_declared_otherwise(basis, one)).map(of_through);
    unresolved.chain(undeclared).collect()
}

fn of_through(one: &Through) -> LiveFinding {
    let Through { target, person, live, via, .. } = one;
    let resource = Resource { kind: live.kind, name: live.resource.clone() };
    let last = via.last().map_or("", String::as_str);
    LiveFinding {
        rule: &ACCESS_BY_GROUP,
        severity: ACCESS_BY_GROUP.severity,
        target: Some(target.clone()),
        resource: Some(resource.clone()),
        permission: Some(live.permission.clone()),
        principal: Some(live.principal.clone()),
        person: Some(person.clone()),
        message: format!(
            "`{person}` has `{}` on {resource} at `{target}` by the group {}, and nothing declares that",
            live.permission,
            path(via)
        ),
        help: format!(
            "take `{person}` out of `{last}` at `{target}`, or declare the group as a resource and its membership by a grant"
        ),
    }
}

/// The groups on the way to somebody, each within the one before it.
pub fn path(via: &[String]) -> String {
    let names: Vec<String> = via.iter().map(|group| format!("`{group}`")).collect();
    names.join(", in it ")
}

/// True for somebody of whom dualkey takes away what nothing declares.
fn answers_for(basis: &Basis<'_>, person: &PersonId) -> bool {
    let access = &basis.tree.access;
    access.config.manage == Manage::Everyone
        || access
            .people
            .get(person)
            .is_none_or(|one| one.person_type != PersonType::Employee || access.has_ended(one, basis.now))
}

/// True where a grant gives the person the same or more there.
pub(super) fn is_declared_otherwise(basis: &Basis<'_>, one: &Through) -> bool {
    let Through { target, person, live, .. } = one;
    let gives = |key: &EntitlementKey| {
        (&key.target, key.kind, &*key.resource) == (target, live.kind, live.resource.as_str())
            && live.kind.includes(&key.permission, &live.permission)
            && live.conditions.within(&key.conditions)
    };
    let held = basis.tree.entitlements.of(person);
    held.iter().any(|held| gives(&held.key) && held.intervals.contains(basis.now))
}
