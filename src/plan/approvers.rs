//! Who can approve anything, through what, and while their word counts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::digest::instants;
use super::requirements::{self, More};
use super::{EntitlementChange, Plan};
use crate::access::{
    Access, ApprovalRule, Approvers, ChangeClass, EvidenceSource, GroupId, Intervals, Member, Person, PersonId,
    PersonType,
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

/// When a person's word counts where a rule asks for it: an employee who can prove to be the one, until they end.
pub fn speaks(access: &Access, person: &PersonId) -> Intervals {
    let registered = access.people.get(person).filter(|person| person.person_type == PersonType::Employee);
    let proven = registered.filter(|person| {
        let key = person.keys.iter().any(|key| key.public.is_some());
        key || access.config.evidence == EvidenceSource::Github && person.accounts.github.is_some()
    });
    proven.and_then(|person| access.bounds(person)).into_iter().collect()
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
        true => speaks(access, person),
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
        .filter(|word| word.gains() || speaks(base, &word.person) != speaks(head, &word.person))
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
pub(super) fn others(plan: &Plan<'_>) -> BTreeSet<PersonId> {
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
        is_able(access, person, plan.now)
            && is_able(head, person, plan.now)
            && same_keys(person)
            && !plan.stakes.beneficiaries.contains_key(*person)
    };
    let eligible = plan.requirements.iter().flat_map(|requirement| &requirement.eligible);
    let everybody: BTreeSet<PersonId> = eligible.chain(&of_class).filter(able).cloned().collect();
    let enough = More { each: 0, in_all: plan.more().in_all.max(1) + 1 };
    if requirements::met(&plan.requirements, &everybody, enough, &of_class) { of_class } else { plan.seated.clone() }
}

/// People of whom a rule asks so many, for the changes of one domain or of one sponsor's people, or for all.
#[derive(Debug)]
struct Quorum<'a> {
    rule: &'a ApprovalRule,
    /// The domain or the sponsor.
    of: Option<&'a str>,
    people: BTreeSet<PersonId>,
}

impl Quorum<'_> {
    /// Everybody whose word doesn't end by now, but for those who are leaving.
    fn able<'q>(&'q self, access: &Access, now: Timestamp, but: &BTreeSet<&PersonId>) -> BTreeSet<&'q PersonId> {
        let able = |person: &&PersonId| is_able(access, person, now) && !but.contains(person);
        self.people.iter().filter(able).collect()
    }

    /// True where one leaver more could keep the rule from being met: an author approves nothing of their own.
    fn is_short(&self, able: usize) -> bool {
        able <= usize::try_from(self.rule.count).unwrap_or(usize::MAX)
    }
}

fn is_able(access: &Access, person: &PersonId, now: Timestamp) -> bool {
    speaks(access, person).end().is_some_and(|end| end > now)
}

fn quorums(access: &Access) -> Vec<Quorum<'_>> {
    let answering = access.people.values().filter_map(|person| person.sponsor.as_ref());
    let sponsors: BTreeSet<&PersonId> = answering.chain(access.vendors.values().map(|v| &v.sponsor)).collect();
    let mut found = Vec::new();
    for rule in &access.policy.approvals {
        let groups = rule.from.iter().filter_map(|from| match from {
            Approvers::Group(group) => Some(Member::Group(group.clone())),
            Approvers::DomainOwners | Approvers::Sponsors => None,
        });
        let groups: BTreeSet<PersonId> = access.expand(&groups.collect::<Vec<_>>()).into_keys().collect();
        if rule.from.contains(&Approvers::DomainOwners) {
            // a sponsor comes on top of the owners, and not for everybody
            found.extend(access.domains.values().map(|domain| {
                let people = access.expand(&domain.owners).into_keys().chain(groups.iter().cloned()).collect();
                Quorum { rule, of: Some(domain.id.as_str()), people }
            }));
        } else if rule.from.contains(&Approvers::Sponsors) {
            found.extend(sponsors.iter().map(|sponsor| {
                let people = groups.iter().chain([*sponsor]).cloned().collect();
                Quorum { rule, of: Some(sponsor.as_str()), people }
            }));
        } else {
            found.push(Quorum { rule, of: None, people: groups });
        }
    }
    found
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
    let before = quorums(base);
    let before: BTreeMap<_, _> = before.iter().map(|stood| ((stood.rule.id.as_str(), stood.of), stood)).collect();
    let mut found: Vec<ShortRule> = Vec::new();
    for quorum in quorums(head) {
        let stood = before.get(&(quorum.rule.id.as_str(), quorum.of));
        let stood = stood.map_or(0, |stood| stood.able(base, now, &BTreeSet::new()).len());
        let able = quorum.able(head, now, &leaving).len();
        if !quorum.is_short(able) || able >= stood {
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
    for quorum in quorums(access) {
        let able = quorum.able(access, now, &BTreeSet::new());
        if quorum.is_short(able.len()) {
            let ended = |person: &&PersonId| !able.contains(person) && !speaks(access, person).is_empty();
            found.extend(quorum.people.iter().filter(ended).cloned());
        }
    }
    found
}
