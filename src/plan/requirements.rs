//! Who must approve: the approval rules that a change meets, each resolved to people.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Classes, Pairs, Stakes};
use crate::access::{Access, ApprovalRule, ApprovedBy, Approvers, ChangeClass, DomainId, Member, PersonId, Revision};

/// Which policy asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The policy that stands: of the last verified landing.
    Old,
    /// The policy that the change brings.
    New,
}

/// So many distinct people out of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The approval rule's id.
    pub rule: String,
    pub class: ChangeClass,
    pub count: u32,
    pub side: Side,
    /// How an approval has to be given to count here.
    pub by: ApprovedBy,
    /// Whom the rule's words mean here: `owners of payments-staging`, `sponsor of alice.nguyen`, `group:security`.
    pub from: Vec<String>,
    /// Everybody whom the rule entitles, before anything about the person or the change bars them.
    pub eligible: BTreeSet<PersonId>,
    /// Those of them who gain by the change. They don't count here, unless everybody gains.
    pub gaining: BTreeSet<PersonId>,
    /// True where everybody who could approve gains by the change: then they count, and one more is asked for.
    pub everyone_gains: bool,
    /// Who answers for a service that gains at elevated risk or above. They meet it together with somebody else, never
    /// alone.
    pub sponsors: BTreeSet<PersonId>,
    /// True where nobody but such a sponsor could approve: then they do, and one person more in all is asked for.
    pub sponsor_alone: bool,
}

impl Requirement {
    /// How many approvals are asked for here.
    pub fn needed(&self, surplus: Surplus) -> usize {
        let count = self.count.saturating_add(surplus.each).saturating_add(u32::from(self.everyone_gains));
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    /// True where enough of the people count here. What is asked for in all is for [`met`] to say.
    pub fn met_by(&self, approvers: Given<'_>, surplus: Surplus) -> bool {
        self.missing(approvers, surplus) == 0
    }

    /// How many more approvals are asked for here.
    pub fn missing(&self, approvers: Given<'_>, surplus: Surplus) -> usize {
        let missing = self.needed(surplus).saturating_sub(self.given(approvers).count());
        if self.is_by_sponsors_alone(approvers) { missing.max(1) } else { missing }
    }

    /// True where all who approved here answer for a service that gains, and somebody else could have.
    pub fn is_by_sponsors_alone(&self, approvers: Given<'_>) -> bool {
        !self.sponsors.is_empty() && self.given(approvers).all(|person| self.sponsors.contains(person))
    }

    /// True where an approval by this person counts here, if nothing else bars the person.
    pub fn counts(&self, person: &PersonId) -> bool {
        self.eligible.contains(person) && (self.everyone_gains || !self.gaining.contains(person))
    }

    /// Those of the people who count here, as they gave their word.
    pub fn given<'a>(&'a self, approvers: Given<'a>) -> impl Iterator<Item = &'a PersonId> {
        let signed = move |person: &&PersonId| match self.by {
            ApprovedBy::Any => true,
            ApprovedBy::Signature => !approvers.unsigned.contains(*person),
        };
        approvers.people.iter().filter(|person| self.counts(person)).filter(signed)
    }

    /// Notes who of the eligible gains. Whoever can't approve anything is no alternative to them.
    fn weigh(&mut self, base: &Access, stakes: &Stakes, now: Timestamp) {
        let gains = |person: &&PersonId| stakes.beneficiaries.contains_key(*person);
        self.gaining = self.eligible.iter().filter(gains).cloned().collect();
        let able = |id: &&PersonId| base.unfit(id, now).is_empty();
        // whom a change makes the only ones to ask is no reason to let them approve what they gain
        self.everyone_gains = self.side == Side::Old
            && !self.gaining.is_empty()
            && self.eligible.iter().filter(able).all(|id| gains(&id));
        let other = |id: &&PersonId| !self.sponsors.contains(*id) && self.counts(id);
        if !self.sponsors.is_empty() && !self.eligible.iter().filter(able).any(|id| other(&id)) {
            self.sponsors.clear();
            self.sponsor_alone = true;
        }
    }
}

/// People who approved.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    pub people: &'a BTreeSet<PersonId>,
    /// Those of whom nothing is signed: a forge tells that they reviewed it.
    pub unsigned: &'a BTreeSet<PersonId>,
}

/// Approvals that are asked for beyond the counts of the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surplus {
    /// By every rule: somebody unknown made part of the change, and may be one of the approvers. A rule is then met only
    /// where it would be without any one of them. More people in all would not do: whoever leaves a signature out could
    /// then approve what they wrote.
    pub each: u32,
    /// People in all, beyond those by whom the rules are met: the change asks for another look, by somebody who is more than
    /// a sponsor.
    pub in_all: u32,
}

/// True where the people meet every requirement, and would without `surplus.in_all` of those among them of the `reserve`.
pub fn met(requirements: &[Requirement], approvers: Given<'_>, surplus: Surplus, reserve: &BTreeSet<PersonId>) -> bool {
    let all_met = |people: &BTreeSet<PersonId>| {
        let given = Given { people, ..approvers };
        requirements.iter().all(|requirement| requirement.met_by(given, surplus))
    };
    let (asked, beside): (BTreeSet<PersonId>, BTreeSet<PersonId>) = approvers
        .people
        .iter()
        .cloned()
        .partition(|person| requirements.iter().any(|requirement| requirement.counts(person)));
    let beside = beside.intersection(reserve).count();
    let spare = usize::try_from(surplus.in_all).unwrap_or(usize::MAX).saturating_sub(beside);
    let candidates: Vec<PersonId> = asked.intersection(reserve).cloned().collect();
    all_met(&asked) && can_spare(&asked, &candidates, spare, &all_met)
}

/// True where so many of the candidates can go and the rest still suffices. One approval may serve several rules, so
/// which of them go matters; people who approve one change are few enough to try.
fn can_spare(
    people: &BTreeSet<PersonId>,
    candidates: &[PersonId],
    count: usize,
    suffices: &impl Fn(&BTreeSet<PersonId>) -> bool,
) -> bool {
    if count == 0 {
        return true;
    }
    candidates.iter().enumerate().any(|(number, candidate)| {
        let mut fewer = people.clone();
        fewer.remove(candidate);
        let later = candidates.get(number + 1..).unwrap_or_default();
        later.len() + 1 >= count && suffices(&fewer) && can_spare(&fewer, later, count - 1, suffices)
    })
}

/// What a requirement is judged for.
type Scope = Option<(DomainId, PersonId)>;

/// All requirements of a change, under the old policy and under the new one, and those `beside` that no rule asks for. Equal ones
/// are merged. What is only `renamed` is its owners' under the name that it had.
///
/// Beside them, the classes that a policy says nothing about: neither policy may be silent.
pub fn all(
    (base, head): (&Revision, &Revision),
    classes: &Classes,
    pairs: &Pairs,
    stakes: &Stakes,
    now: Timestamp,
    renamed: &BTreeMap<DomainId, DomainId>,
    beside: Vec<Requirement>,
) -> (Vec<Requirement>, Vec<(Side, ChangeClass)>) {
    let mut found: Vec<Requirement> = Vec::new();
    let mut silent = Vec::new();
    for (side, judging) in [(Side::Old, &base.access), (Side::New, &head.access)] {
        let resolver = Resolver { side, judging, base: &base.access, head: &head.access, pairs, renamed };
        let requirements = resolver.requirements(classes, pairs);
        let unasked = |class: &ChangeClass| !requirements.iter().any(|requirement| requirement.class == *class);
        silent.extend(Resolver::touched(classes, pairs).into_iter().filter(unasked).map(|class| (side, class)));
        for requirement in requirements {
            match found.iter_mut().find(|held| {
                held.rule == requirement.rule
                    && held.eligible == requirement.eligible
                    && held.class == requirement.class
                    && held.by == requirement.by
            }) {
                Some(held) => {
                    held.count = held.count.max(requirement.count);
                    held.from.extend(requirement.from);
                    held.sponsors.extend(requirement.sponsors);
                }
                None => found.push(requirement),
            }
        }
    }
    found.extend(beside);
    for requirement in &mut found {
        requirement.from.sort();
        requirement.from.dedup();
        requirement.weigh(&base.access, stakes, now);
    }
    found.sort_by(|a, b| (a.class, &a.rule, &a.from, a.side).cmp(&(b.class, &b.rule, &b.from, b.side)));
    (found, silent)
}

struct Resolver<'a> {
    side: Side,
    /// Whose rules, groups and owners.
    judging: &'a Access,
    /// Whose people and sponsors: nobody whom the change itself brings can judge it.
    base: &'a Access,
    head: &'a Access,
    pairs: &'a Pairs,
    /// New name to the old one, of domains.
    renamed: &'a BTreeMap<DomainId, DomainId>,
}

impl Resolver<'_> {
    /// The classes whose rules a change must meet.
    fn touched(classes: &Classes, pairs: &Pairs) -> BTreeSet<ChangeClass> {
        let mut touched = classes.all();
        if !pairs.gaining.is_empty() {
            // whatever the class, what is gained is approved like access
            touched.insert(ChangeClass::Access);
        }
        touched
    }

    fn requirements(&self, classes: &Classes, pairs: &Pairs) -> Vec<Requirement> {
        let mut found = Vec::new();
        for class in Self::touched(classes, pairs) {
            let scopes = self.scopes(class, classes, pairs);
            for rule in self.rules(class, pairs) {
                found.extend(self.resolve(rule, class, &scopes));
            }
        }
        found
    }

    fn rules(&self, class: ChangeClass, pairs: &Pairs) -> impl Iterator<Item = &ApprovalRule> {
        let risk = pairs.risk;
        self.judging.policy.approvals.iter().filter(move |rule| {
            rule.change == class && rule.risk.is_none_or(|least| risk.is_some_and(|risk| risk >= least))
        })
    }

    fn scopes(&self, class: ChangeClass, classes: &Classes, pairs: &Pairs) -> Vec<Scope> {
        let scopes: BTreeSet<(DomainId, PersonId)> = match class {
            ChangeClass::Access if classes.has(ChangeClass::Access) => pairs.all(),
            ChangeClass::Access => pairs.gaining.clone(),
            ChangeClass::Removal => pairs.losing.clone(),
            ChangeClass::Policy | ChangeClass::Identity => pairs.all(),
            ChangeClass::Bridge => self.bridged(),
        };
        if scopes.is_empty() { vec![None] } else { scopes.into_iter().map(Some).collect() }
    }

    /// A bridge that changes needs owners of both its ends, for each of its people.
    fn bridged(&self) -> BTreeSet<(DomainId, PersonId)> {
        let ids: BTreeSet<_> = self.base.bridges.keys().chain(self.head.bridges.keys()).collect();
        let mut scopes = BTreeSet::new();
        for id in ids {
            let (before, after) = (self.base.bridges.get(id), self.head.bridges.get(id));
            let same = match (before, after) {
                (Some(b), Some(a)) => {
                    b.home == a.home && b.into == a.into && b.people == a.people && b.until == a.until
                }
                _ => false,
            };
            if same {
                continue;
            }
            for bridge in [before, after].into_iter().flatten() {
                for person in &bridge.people {
                    scopes.insert((bridge.home.clone(), person.clone()));
                    scopes.insert((bridge.into.clone(), person.clone()));
                }
            }
        }
        scopes
    }

    fn resolve(&self, rule: &ApprovalRule, class: ChangeClass, scopes: &[Scope]) -> Vec<Requirement> {
        let mut found = Vec::new();
        for scope in scopes {
            let (from, eligible) = self.people(&rule.from, scope);
            if from.is_empty() && class != ChangeClass::Identity {
                // nothing that is owned or sponsored changes, so the rule names nobody: identity's rules stand in
                let fallback = self.judging.policy.approvals.iter().filter(|rule| rule.change == ChangeClass::Identity);
                found.extend(fallback.map(|stand_in| {
                    let (from, eligible) = self.people(&stand_in.from, &None);
                    self.requirement(stand_in, class, from, eligible)
                }));
            } else {
                let mut requirement = self.requirement(rule, class, from, eligible);
                requirement.sponsors = self.answering(class, scope);
                found.push(requirement);
            }
        }
        found
    }

    fn requirement(
        &self,
        rule: &ApprovalRule,
        class: ChangeClass,
        from: Vec<String>,
        eligible: BTreeSet<PersonId>,
    ) -> Requirement {
        Requirement {
            rule: rule.id.clone(),
            class,
            count: rule.count,
            side: self.side,
            by: rule.by,
            from,
            eligible,
            gaining: BTreeSet::new(),
            everyone_gains: false,
            sponsors: BTreeSet::new(),
            sponsor_alone: false,
        }
    }

    /// Who answers for the service of a pair that gains at elevated risk or above, before and after the change.
    fn answering(&self, class: ChangeClass, scope: &Scope) -> BTreeSet<PersonId> {
        let gains = scope.as_ref().filter(|pair| class == ChangeClass::Access && self.pairs.services.contains(*pair));
        let sides =
            gains.into_iter().flat_map(|(_, service)| [self.base, self.head].map(|side| side.people.get(service)));
        sides.flatten().filter_map(|service| service.sponsor.clone()).collect()
    }

    /// What the words of a rule mean for a pair, and the people; both empty where the words need a pair and there is none.
    fn people(&self, words: &[Approvers], scope: &Scope) -> (Vec<String>, BTreeSet<PersonId>) {
        let mut from = Vec::new();
        let mut people = BTreeSet::new();
        for word in words {
            match (word, scope) {
                (Approvers::Group(group), _) => {
                    from.push(word.to_string());
                    people.extend(self.judging.group_people(group));
                }
                (Approvers::DomainOwners, Some((domain, _))) => {
                    from.push(format!("owners of {domain}"));
                    // a domain that the change drops is still its owners' to give up
                    let stood = |domain: &DomainId| self.base.domains.get(domain);
                    let found = self.judging.domains.get(domain).or_else(|| stood(domain));
                    let found = found.or_else(|| self.renamed.get(domain).and_then(stood));
                    let owners: &[Member] = found.map_or(&[], |domain| &domain.owners);
                    people.extend(self.judging.expand(owners).into_keys());
                }
                (Approvers::Sponsors, Some((_, person))) => {
                    from.push(format!("sponsor of {person}"));
                    people.extend(self.sponsor(person));
                }
                (Approvers::DomainOwners | Approvers::Sponsors, None) => {}
            }
        }
        people.retain(|person| self.base.people.contains_key(person));
        (from, people)
    }

    /// The sponsor who stood before the change; for a new person the one of the vendor. An author never picks an approver.
    fn sponsor(&self, person: &PersonId) -> Option<PersonId> {
        match self.base.people.get(person) {
            Some(person) => person.sponsor.clone(),
            None => {
                let vendor = self.head.people.get(person)?.vendor.as_ref()?;
                self.base.vendors.get(vendor).map(|vendor| vendor.sponsor.clone())
            }
        }
    }
}
