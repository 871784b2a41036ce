//! Who may approve a change, and everything that bars the others. The decision, refusals, and whatever a plan says of
//! approvers ask here.

use std::collections::{BTreeMap, BTreeSet};

use super::requirements::{Given, Requirement, Surplus};
use super::{Plan, Side};
use crate::access::{Access, ApprovedBy, Person, PersonId, Unfit, VendorId};

/// What somebody did for a change. Whoever did any of it can't approve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Wrote it, alone or with others, or opened the pull request.
    Wrote,
    /// Signed or committed a commit of it.
    Committed,
    /// Pushed to its branch.
    Pushed,
}

/// Something that keeps a person's approval of a change from counting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bar {
    Made(Part),
    /// The person answers for this service, which may have made what nobody signed.
    Answers(PersonId),
    /// The way in which the person gains, as the end of a sentence.
    Gains(String),
    /// Whatever the change is, by the tree that it starts from.
    Unfit(Unfit),
    /// Somebody of the same vendor gains.
    SameVendor {
        vendor: VendorId,
        gains: PersonId,
    },
    /// By the change itself the person is not here any more.
    EndedByChange,
    /// By the newest tree that was approved the person is not here any more.
    EndedSince,
    /// The person was ended, and may do no more than object and bring back others.
    Lingers,
    /// The rule asks for a signature, and the person has no key.
    NoKey,
    /// No rule of the change asks for the person.
    NotAsked,
}

/// What is known of a change beside its two revisions: who made it, and who may still speak.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// Everybody who had a part in making it; nobody yet of what isn't committed.
    pub makers: BTreeMap<PersonId, Part>,
    /// Who answers for a service that may have made what nobody signed: person to service.
    pub answering: BTreeMap<PersonId, PersonId>,
    /// People who are not active any more by the newest tree that was approved.
    pub gone: BTreeSet<PersonId>,
    /// What is asked for beyond the counts of the rules.
    pub surplus: Surplus,
    /// People who approved by a review alone, of which nothing is signed.
    pub unsigned: BTreeSet<PersonId>,
}

impl Circumstances {
    /// People who approved, with what is known of how.
    pub fn given<'a>(&'a self, people: &'a BTreeSet<PersonId>) -> Given<'a> {
        Given { people, unsigned: &self.unsigned }
    }

    /// True where the person made it, or answers for a service that may have.
    pub fn is_maker(&self, person: &PersonId) -> bool {
        self.makers.contains_key(person) || self.answering.contains_key(person)
    }
}

impl Plan<'_> {
    /// Everybody whom a requirement names, each with everything that bars them here. INVARIANT: an approval counts here
    /// exactly where nothing does.
    pub fn panel(&self, known: &Circumstances, requirement: &Requirement) -> BTreeMap<PersonId, Vec<Bar>> {
        let bars = |person: &PersonId| {
            let mut bars = self.bars_everywhere(known, person);
            bars.extend(self.gain(person).filter(|_| !requirement.counts(person)));
            let has_key = || self.base.access.people.get(person).is_some_and(Person::has_key);
            let must_sign = requirement.by == ApprovedBy::Signature;
            bars.extend((must_sign && bars.is_empty() && !has_key()).then_some(Bar::NoKey));
            bars.sort();
            (person.clone(), bars)
        };
        requirement.eligible.iter().map(bars).collect()
    }

    /// Everybody out of whom people may come who are asked for beside the rules, each with everything that bars them.
    pub fn reserve_panel(&self, known: &Circumstances) -> BTreeMap<PersonId, Vec<Bar>> {
        self.reserve().iter().map(|person| (person.clone(), self.bars(known, person))).collect()
    }

    /// Everything for which an approval by this person counts nowhere in the change. Sorted.
    pub fn bars(&self, known: &Circumstances, person: &PersonId) -> Vec<Bar> {
        let mut bars = self.bars_everywhere(known, person);
        let counts = self.requirements.iter().any(|requirement| requirement.counts(person));
        bars.extend(self.gain(person).filter(|_| !counts));
        // where more are asked for in all, no rule of this change need ask for them
        let beside = || known.surplus.in_all > 0 && self.reserve().contains(person);
        // an approval of one's own new keys is a person's word about them, though no rule asks for it
        if bars.is_empty() && !counts && !beside() && !self.changes_own(person) {
            bars.push(Bar::NotAsked);
        }
        bars.sort();
        bars
    }

    fn gain(&self, person: &PersonId) -> Option<Bar> {
        self.stakes.beneficiaries.get(person).cloned().map(Bar::Gains)
    }

    /// True where a person gains by the change, or somebody of the same vendor does.
    pub fn profits(&self, person: &PersonId) -> bool {
        let vendor = self.base.access.people.get(person).and_then(|person| person.vendor.as_ref());
        self.stakes.beneficiaries.contains_key(person)
            || vendor.is_some_and(|vendor| self.stakes.vendors.contains_key(vendor))
    }

    /// What bars a person whichever rule asks.
    fn bars_everywhere(&self, known: &Circumstances, person: &PersonId) -> Vec<Bar> {
        let mut bars = Vec::new();
        if let Some(part) = known.makers.get(person) {
            bars.push(Bar::Made(*part));
        } else if let Some(service) = known.answering.get(person) {
            bars.push(Bar::Answers(service.clone()));
        }
        let Some(registered) = self.base.access.people.get(person) else {
            bars.push(Bar::Unfit(Unfit::Unregistered));
            return bars;
        };
        let vendor = registered.vendor.as_ref().and_then(|vendor| self.stakes.vendors.get_key_value(vendor));
        bars.extend(
            vendor
                .filter(|(_, gains)| *gains != person)
                .map(|(vendor, gains)| Bar::SameVendor { vendor: vendor.clone(), gains: gains.clone() }),
        );
        let (away, kind): (Vec<Unfit>, Vec<Unfit>) = self
            .base
            .access
            .unfit(person, self.now)
            .into_iter()
            .partition(|unfit| matches!(unfit, Unfit::NotBegun | Unfit::Ended));
        bars.extend(kind.into_iter().map(Bar::Unfit));
        let away = away.first().copied().map(Bar::Unfit);
        // judged with what the head says too: an `ended` that this very change brings counts
        let away = away.or_else(|| (!self.is_here(&self.head.access, person)).then_some(Bar::EndedByChange));
        let away = away.or_else(|| known.gone.contains(person).then_some(Bar::EndedSince));
        if let Some(away) = away
            && !self.may_bring_back(person)
        {
            bars.push(away);
            bars.extend(self.lingers(person).then_some(Bar::Lingers));
        }
        bars
    }

    fn is_here(&self, access: &Access, person: &PersonId) -> bool {
        let bounds = access.people.get(person).and_then(|person| access.bounds(person));
        bounds.is_some_and(|bounds| bounds.contains(self.now))
    }

    /// True where the change gives a person other keys, accounts or addresses, and they could speak of that.
    pub fn changes_own(&self, person: &PersonId) -> bool {
        let differs = |(before, after): (&Person, &Person)| {
            let same = before.keys == after.keys && before.accounts == after.accounts && before.emails == after.emails;
            !same && !before.keys.is_empty()
        };
        self.base.access.people.get(person).zip(self.head.access.people.get(person)).is_some_and(differs)
    }

    /// True where a rule has fewer people left than it asks for, whoever made the change.
    pub fn is_locked_out(&self, known: &Circumstances) -> bool {
        // whoever was ended and can still bring others back is one of those who are missing
        let able =
            |person: &&PersonId| self.base.access.unfit(person, self.now).is_empty() && !known.gone.contains(*person);
        let few = |rule: &Requirement| rule.eligible.iter().filter(able).count() < rule.needed(Surplus::default());
        self.requirements.iter().any(few)
    }
}

impl Side {
    /// For a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Side::Old => "the policy that stands",
            Side::New => "the policy that the change brings",
        }
    }
}
