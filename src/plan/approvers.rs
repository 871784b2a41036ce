//! Who comes to approve something by a change or ceases to, and how few people it leaves a rule with.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::digest::instants;
use super::requirements::{self, Given, Surplus};
use super::{EntitlementChange, Plan};
use crate::access::{
    Access, ApprovalRule, Approvers, ChangeClass, GroupId, Intervals, Member, Person, PersonId, Quorum,
};

/// Everybody whom a rule, an owner list or a sponsorship entitles to approve anything, and the groups that lead to them.
#[derive(Debug)]
pub struct Entitled {
    pub people: BTreeSet<PersonId>,
    /// Those of them whom a rule's group or an owner list names: they approve more than what they answer for.
    pub seated: BTreeSet<PersonId>,
    pub groups: BTreeSet<GroupId>,
}

impl Entitled {
    pub fn of(access: &Access) -> Self {
        Entitled::answering_for(access, |_| true, |_| true)
    }

    /// The same after a change. Who answers for nobody but those whom the change brings is left out: that is no power
    /// over anything that stood.
    pub fn after(head: &Access, base: &Access) -> Self {
        let stood = |person: &Person| base.people.contains_key(&person.id);
        Entitled::answering_for(head, stood, |vendor| base.vendors.contains_key(vendor))
    }

    fn answering_for(access: &Access, person: impl Fn(&Person) -> bool, vendor: impl Fn(&str) -> bool) -> Self {
        let named = access.policy.approvals.iter().flat_map(|rule| &rule.from).filter_map(|from| match from {
            Approvers::Group(group) => Some(Member::Group(group.clone())),
            Approvers::DomainOwners | Approvers::Sponsors => None,
        });
        let members: Vec<Member> =
            access.domains.values().flat_map(|domain| domain.owners.iter().cloned()).chain(named).collect();
        let seated: BTreeSet<PersonId> = access.expand(&members).into_keys().collect();
        let mut people = seated.clone();
        people.extend(access.people.values().filter(|one| person(one)).filter_map(|one| one.sponsor.clone()));
        let vendors = access.vendors.values().filter(|one| vendor(one.id.as_str()));
        people.extend(vendors.map(|one| one.sponsor.clone()));
        Entitled { people, seated, groups: access.reached_groups(&members) }
    }
}

/// Somebody whose word counts at other times than before. Empty before: they could approve nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WordChange {
    pub person: PersonId,
    #[serde(serialize_with = "written")]
    pub before: Intervals,
    #[serde(serialize_with = "written")]
    pub after: Intervals,
}

impl WordChange {
    /// True where there is an instant at which the person can approve something, and could approve nothing before.
    pub fn gains(&self) -> bool {
        !self.after.minus(&self.before).is_empty()
    }

    /// True where there is an instant at which the person can approve nothing any more.
    pub fn loses(&self) -> bool {
        !self.before.minus(&self.after).is_empty()
    }
}

fn written<S: Serializer>(intervals: &Intervals, serializer: S) -> Result<S::Ok, S::Error> {
    instants(intervals).serialize(serializer)
}

/// Everybody whose word counts at other times than before, sorted. INVARIANT: whoever could approve anything after the
/// change and could not before is among them, whichever file did it.
pub fn words(base: &Access, before: &Entitled, head: &Access, after: &Entitled) -> Vec<WordChange> {
    let spoken = |access: &Access, entitled: &Entitled, person: &PersonId| match entitled.people.contains(person) {
        true => access.speaks(person),
        false => Intervals::default(),
    };
    let taking_over = taking_over(base, head);
    let stood = |person: &PersonId| match before.seated.contains(person) || !taking_over.contains(person) {
        true => spoken(base, before, person),
        false => Intervals::default(),
    };
    let people = before.people.union(&after.people).map(|person| WordChange {
        person: person.clone(),
        before: stood(person),
        after: spoken(head, after, person),
    });
    people
        .filter(|word| word.before != word.after)
        // who answers for nobody any more has lost no word that anybody else is asked for
        .filter(|word| word.gains() || base.speaks(&word.person) != head.speaks(&word.person))
        .collect()
}

/// Sponsors who answer after a change for somebody who stood before it and was another's to answer for. Whoever came to
/// answer for a newcomer, which is no change of policy, must not grow from there without one.
fn taking_over<'a>(base: &Access, head: &'a Access) -> BTreeSet<&'a PersonId> {
    let people =
        head.people.values().filter(|one| base.people.get(&one.id).is_some_and(|stood| stood.sponsor != one.sponsor));
    let vendors =
        head.vendors.values().filter(|one| base.vendors.get(&one.id).is_some_and(|stood| stood.sponsor != one.sponsor));
    people.filter_map(|one| one.sponsor.as_ref()).chain(vendors.map(|one| &one.sponsor)).collect()
}

/// Whom a rule of the classes that a change touches names by a group, or as owners of whatever domain. Where they may be too
/// few, since one of them may have made the change, everybody whom any rule names so.
pub(super) fn reserve(plan: &Plan<'_>) -> BTreeSet<PersonId> {
    let (access, head) = (&plan.base.access, &plan.head.access);
    let (classes, risk) = (plan.classes.all(), plan.risk());
    let gains = plan.changes.iter().any(EntitlementChange::gains);
    let asked = |rule: &&ApprovalRule| {
        (classes.contains(&rule.change) || gains && rule.change == ChangeClass::Access)
            && rule.risk.is_none_or(|least| risk.is_some_and(|risk| risk >= least))
    };
    let mut members = Vec::new();
    for from in access.policy.approvals.iter().filter(asked).flat_map(|rule| &rule.from) {
        match from {
            Approvers::Group(group) => members.push(Member::Group(group.clone())),
            Approvers::DomainOwners => {
                members.extend(access.domains.values().flat_map(|domain| domain.owners.iter().cloned()));
            }
            Approvers::Sponsors => {}
        }
    }
    let of_class: BTreeSet<PersonId> = access.expand(&members).into_keys().collect();
    let same_keys = |person: &PersonId| {
        let keys = |side: &Access| side.people.get(person).map(|person| person.keys.clone());
        keys(access) == keys(head)
    };
    let able = |person: &&PersonId| {
        access.still_speaks(person, plan.now)
            && head.still_speaks(person, plan.now)
            && same_keys(person)
            && !plan.stakes.beneficiaries.contains_key(*person)
    };
    let eligible = plan.requirements.iter().flat_map(|requirement| &requirement.eligible);
    let everybody: BTreeSet<PersonId> = eligible.chain(&of_class).filter(able).cloned().collect();
    let enough = Surplus { each: 0, in_all: plan.surplus().in_all.max(1) + 1 };
    // whoever can sign may still do so
    let everybody = Given { people: &everybody, unsigned: &BTreeSet::new() };
    if requirements::met(&plan.requirements, everybody, enough, &of_class) { of_class } else { plan.seated.clone() }
}

/// Everybody of a quorum whose word doesn't end by now, but for those who are leaving.
fn able<'a>(quorum: &Quorum<'a>, access: &Access, now: Timestamp, but: &BTreeSet<&PersonId>) -> BTreeSet<&'a PersonId> {
    quorum.people.iter().copied().filter(|person| access.still_speaks(person, now) && !but.contains(person)).collect()
}

/// True where one leaver more could keep the rule from being met: an author approves nothing of their own.
fn is_short(quorum: &Quorum<'_>, able: usize) -> bool {
    able <= usize::try_from(quorum.rule.count).unwrap_or(usize::MAX)
}

/// A rule that a change leaves with so few people that one leaver more could keep it from being met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortRule {
    pub rule: String,
    /// How many are left who can approve.
    pub able: usize,
    /// How many it asks for.
    pub count: u32,
}

/// Every rule that comes that close by the change, each once with the fewest who are left, in the order of the policy.
pub fn short_rules(base: &Access, head: &Access, words: &[WordChange], now: Timestamp) -> Vec<ShortRule> {
    let leaving: BTreeSet<&PersonId> = words.iter().filter(|word| word.loses()).map(|word| &word.person).collect();
    let before = base.quorums();
    let before: BTreeMap<_, _> =
        before.iter().map(|stood| ((stood.rule.id.as_str(), stood.scope.id()), stood)).collect();
    let mut found: Vec<ShortRule> = Vec::new();
    for quorum in head.quorums() {
        let stood = before.get(&(quorum.rule.id.as_str(), quorum.scope.id()));
        let stood = stood.map_or(0, |stood| able(stood, base, now, &BTreeSet::new()).len());
        let able = able(&quorum, head, now, &leaving).len();
        if !is_short(&quorum, able) || able >= stood {
            continue;
        }
        match found.iter_mut().find(|known| known.rule == quorum.rule.id) {
            Some(known) => known.able = known.able.min(able),
            None => found.push(ShortRule { rule: quorum.rule.id.clone(), able, count: quorum.rule.count }),
        }
    }
    found
}

/// People who were ended, and whose word isn't over yet: a rule that asks them has no more people left than it asks for,
/// so that whoever ended them may have locked everybody else out. INVARIANT: their word is good for nothing but
/// objecting, and bringing back others of them; it is over once the rule has more people again or asks them no more.
pub fn lingering(access: &Access, now: Timestamp) -> BTreeSet<PersonId> {
    let mut found = BTreeSet::new();
    for quorum in access.quorums() {
        let able = able(&quorum, access, now, &BTreeSet::new());
        if is_short(&quorum, able.len()) {
            let ended = |person: &&PersonId| !able.contains(person) && !access.speaks(person).is_empty();
            found.extend(quorum.people.into_iter().filter(ended).cloned());
        }
    }
    found
}
