//! The numbers of resources and the targets that are settled, as runs write them down.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{self, Numbered, Settled};
use super::state::State;
use crate::access::TargetId;
use crate::apply;
use crate::targets::Resource;

/// Target, kind and resource.
type Name<'a> = [&'a str; 3];

/// What a run has to write down of them.
pub(super) struct Unwritten<'a> {
    /// Those that the log doesn't know.
    new: BTreeMap<Name<'a>, Numbered>,
    /// Where something was given of which no number was written down: by a version that knew of none, or before it was told.
    given: BTreeSet<Name<'a>>,
}

impl<'a> Unwritten<'a> {
    pub(super) fn of(state: &'a State, numbers: &'a apply::Numbers) -> Self {
        let mut new = BTreeMap::new();
        for (name @ (target, resource), number) in numbers {
            if state.numbers.get(name) != Some(number) {
                let named = [target.as_str(), resource.kind.name, resource.name.as_str()];
                new.insert(named, numbered(name, *number));
            }
        }
        let unknown = |one: &&apply::Given| {
            let resource = Resource { kind: one.kind, name: one.resource.clone() };
            !state.numbers.contains_key(&(one.target.clone(), resource))
        };
        // where nothing is new there is nothing to look for
        let given = state.given.iter().filter(|one| one.kind.numbered && !new.is_empty()).filter(unknown);
        let given = given.map(|one| [one.target.as_str(), one.kind.name, one.resource.as_str()]).collect();
        Unwritten { new, given }
    }

    /// Those that go with some operations, and with the first of them those of what was given before.
    pub(super) fn with(&self, operations: &[record::Operation], first: bool) -> Vec<Numbered> {
        let given = operations.iter().filter(|one| one.verb != record::Verb::Revoke);
        let given = given.map(|one| [one.target.as_str(), one.kind.as_str(), one.resource.as_str()]);
        let before = self.given.iter().copied().filter(|_| first);
        let names: BTreeSet<Name<'_>> = given.chain(before).collect();
        names.iter().filter_map(|name| self.new.get(name).cloned()).collect()
    }
}

pub(super) fn numbered((target, resource): &(TargetId, Resource), number: u64) -> Numbered {
    Numbered {
        target: target.to_string(),
        kind: resource.kind.name.to_owned(),
        resource: resource.name.clone(),
        number: number.to_string(),
    }
}

pub(super) fn settled((target, pinned): (&TargetId, &String)) -> Settled {
    Settled { target: target.to_string(), pinned: pinned.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::{AccountMark, Conditions};
    use crate::targets::KINDS;
    use std::rc::Rc;

    #[test]
    fn a_number_is_written_once_and_that_of_what_was_given_before_is_made_up_for() {
        let kind = KINDS.get("repository").unwrap();
        let target = TargetId::parse("github").unwrap();
        let resource = |name: &str| (target.clone(), Resource { kind, name: name.to_owned() });
        let operation = |verb, name: &str| record::Operation {
            target: "github".to_owned(),
            verb,
            kind: "repository".to_owned(),
            resource: name.to_owned(),
            permission: "push".to_owned(),
            previous: None,
            principal: "11".to_owned(),
            conditions: Conditions::NONE,
            person: None,
            until: None,
            because: record::Because::Reason(crate::plan::operations::Because::DriftAdded {}),
        };
        let mut state = State::new(KINDS);
        let given = apply::Given {
            target: target.clone(),
            kind,
            resource: "n/old".to_owned(),
            account: AccountMark::of("11"),
            permission: "push".to_owned(),
            conditions: Conditions::NONE,
        };
        state.given = Rc::new([given].into());
        let numbers: apply::Numbers = [(resource("n/new"), 1), (resource("n/old"), 2), (resource("n/other"), 3)].into();
        let told = |state: &State, operations: &[record::Operation], first| {
            let unwritten = Unwritten::of(state, &numbers).with(operations, first);
            unwritten.into_iter().map(|one| format!("{} {}", one.resource, one.number)).collect::<Vec<_>>()
        };
        let grant = [operation(record::Verb::Grant, "n/new")];
        assert_eq!(told(&state, &grant, true), ["n/new 1", "n/old 2"]);
        assert_eq!(told(&state, &grant, false), ["n/new 1"]);
        assert_eq!(told(&state, &[operation(record::Verb::Revoke, "n/other")], true), ["n/old 2"]);
        state.number(&[numbered(&resource("n/new"), 1), numbered(&resource("n/old"), 2)]);
        assert_eq!(told(&state, &grant, true), Vec::<String>::new());
        // one that changed is written again
        state.number(&[numbered(&resource("n/new"), 9)]);
        assert_eq!(told(&state, &grant, true), ["n/new 1"]);
    }
}
