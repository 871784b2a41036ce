//! Who judges: the people, keys and accounts behind approval rules, owners and sponsors, and what of it changes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::access::{Access, Approvers, Member, PersonId};

/// The people behind one rule, owner list or sponsor: each with keys and forge account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Panel {
    /// What the rule asks for; empty for owners and sponsors.
    pub asks: String,
    /// Person to keys and account, sorted.
    pub people: BTreeMap<PersonId, Vec<String>>,
}

/// A panel that a change alters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct JudgeChange {
    /// `rule:ID`, `owners:DOMAIN`, `sponsor:PERSON` or `sponsor:vendor:VENDOR`.
    pub judge: String,
    pub before: Option<Panel>,
    pub after: Option<Panel>,
}

/// Every panel that differs, sorted.
pub fn between(base: &Access, head: &Access) -> Vec<JudgeChange> {
    let (mut before, mut after) = (panels(base), panels(head));
    let names: BTreeSet<String> = before.keys().chain(after.keys()).cloned().collect();
    names
        .into_iter()
        .map(|judge| JudgeChange { before: before.remove(&judge), after: after.remove(&judge), judge })
        .filter(|change| change.before != change.after)
        .collect()
}

fn panels(access: &Access) -> BTreeMap<String, Panel> {
    let mut panels = BTreeMap::new();
    for rule in &access.policy.approvals {
        let groups: Vec<Member> = rule
            .from
            .iter()
            .filter_map(|from| match from {
                Approvers::Group(group) => Some(Member::Group(group.clone())),
                Approvers::DomainOwners | Approvers::Sponsors => None,
            })
            .collect();
        let from: Vec<String> = rule.from.iter().map(ToString::to_string).collect();
        let risk = rule.risk.map_or("any", crate::access::raw::Risk::as_str);
        let asks = format!("{} of {} for {} at risk {risk}", rule.count, from.join(" or "), rule.change.as_str());
        panels.insert(format!("rule:{}", rule.id), panel(access, asks, access.expand(&groups).into_keys()));
    }
    for domain in access.domains.values() {
        let owners = access.expand(&domain.owners).into_keys();
        panels.insert(format!("owners:{}", domain.id), panel(access, String::new(), owners));
    }
    for person in access.people.values() {
        if let Some(sponsor) = &person.sponsor {
            panels.insert(format!("sponsor:{}", person.id), panel(access, String::new(), [sponsor.clone()]));
        }
    }
    for vendor in access.vendors.values() {
        let sponsor = [vendor.sponsor.clone()];
        panels.insert(format!("sponsor:vendor:{}", vendor.id), panel(access, String::new(), sponsor));
    }
    panels
}

fn panel(access: &Access, asks: String, people: impl IntoIterator<Item = PersonId>) -> Panel {
    let people = people
        .into_iter()
        .map(|id| {
            let mut proofs = Vec::new();
            if let Some(person) = access.people.get(&id) {
                proofs.extend(person.keys.iter().map(|key| key.text.clone()));
                proofs.extend(person.accounts.github.as_ref().map(|account| format!("github:{}", account.id)));
            }
            proofs.sort();
            (id, proofs)
        })
        .collect();
    Panel { asks, people }
}
