//! Who approved, who of them counts, and how many are asked for beyond what the rules say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::evidence::{Answered, Evidence};
use super::reasons::reason;
use crate::access::{Access, Person, PersonId, PersonType};
use crate::approval::codes::{self, refusal};
use crate::approval::testimony::{Maker, Opinion, Says, Way};
use crate::finding::Refusal;
use crate::plan::{Circumstances, Part, Plan, Surplus};
use crate::repository::Oid;

/// Where a head stands on its way: who counts, who doesn't, what is still needed.
#[derive(Debug)]
pub struct Assessment {
    pub valid: BTreeMap<PersonId, Opinion>,
    /// Until when each of their approvals counts, where it is not applied before. What takes access away waits for nothing.
    pub until: BTreeMap<PersonId, Timestamp>,
    /// Reasons against each person who approved and doesn't count.
    pub against: Vec<Refusal>,
    /// People who asked for changes, and whose word counts.
    pub requests: BTreeSet<PersonId>,
    /// Why each rule asks for more than it says.
    pub each_because: Vec<Refusal>,
    /// Why more people are asked for in all.
    pub in_all_because: Vec<Refusal>,
    pub authors: Vec<Maker>,
    /// Who made the change, who may still speak, and what is asked for beyond the rules.
    pub circumstances: Circumstances,
    /// How many said anything.
    pub(super) spoke: usize,
    made_own: BTreeSet<PersonId>,
}

impl Assessment {
    /// True where nothing but their signature on the commit is a person's word about their own keys and accounts.
    pub fn made_own(&self, person: &PersonId) -> bool {
        self.made_own.contains(person)
    }

    /// Everybody whose approval counts.
    pub fn given(&self) -> BTreeSet<PersonId> {
        self.valid.keys().cloned().collect()
    }

    /// What the rules and the change ask for, without requests for changes.
    pub(super) fn raised(&self) -> Surplus {
        raised(&self.each_because, &self.in_all_because)
    }

    /// What stays to be known of a change that was approved by more than the rules ask for.
    pub(super) fn marks<'a>(&'a self, plan: &'a Plan<'_>) -> impl Iterator<Item = Refusal> + 'a {
        let everyone = plan.requirements.iter().filter(|requirement| requirement.everyone_gains).map(|requirement| {
            let fact = format!("everybody whom rule `{}` asks gains by it, so one more approved", requirement.rule);
            refusal(&codes::EVERYONE_BENEFITS, fact)
        });
        let overcome = self.requests.iter().map(|person| {
            refusal(&codes::CHANGES_REQUESTED, format!("`{person}` asked for changes, and one more approved"))
        });
        let raised = self.each_because.iter().chain(&self.in_all_because).cloned().map(|mut mark| {
            mark.message = format!("one more approved, since {}", mark.message);
            mark
        });
        raised.chain(everyone).chain(overcome)
    }

    /// Every reason for which an approval by this person would not count.
    pub fn reasons_against(&self, plan: &Plan<'_>, person: &PersonId) -> Vec<Refusal> {
        plan.bars(&self.circumstances, person).iter().map(|bar| reason(person, bar)).collect()
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn raised(each_because: &[Refusal], in_all_because: &[Refusal]) -> Surplus {
    Surplus { each: u32::from(!each_because.is_empty()), in_all: number(in_all_because.len()) }
}

/// Who approved, who of them counts, and how many are asked for beyond the rules.
pub fn assess(plan: &Plan<'_>, evidence: &Evidence) -> Assessment {
    let judge = &plan.base.access;
    let testimony = &evidence.testimony;
    let mut makers = testimony.makers.clone();
    let answering =
        if testimony.may_be_a_machines { answering_for_services(judge, &evidence.answered) } else { BTreeMap::new() };
    // however many there are of them, it is one somebody who may be among the approvers: whoever steers a machine, too
    let mut each_because: Vec<Refusal> = testimony.in_doubt.first().cloned().into_iter().collect();
    each_because.extend(testimony.machine.clone());
    let services: Vec<&Person> = makers
        .keys()
        .filter_map(|id| judge.people.get(id))
        .filter(|person| person.person_type == PersonType::Service)
        .collect();
    for service in services {
        each_because.push(refusal(&codes::QUORUM_BOT_AUTHORED, format!("`{}` is a service", service.id)));
        let then = evidence.answered.iter().filter(|answered| answered.service == service.id);
        for sponsor in service.sponsor.iter().chain(then.map(|answered| &answered.sponsor)) {
            // who answers for a machine answers for what it wrote, also when another does so since
            makers.entry(sponsor.clone()).or_insert(Part::Wrote);
        }
    }
    let mut against = testimony.against.clone();
    let mut opinions: Vec<&Opinion> = testimony.opinions.iter().collect();
    // what asks for changes is dismissed by nobody who made the change, or gains by it
    opinions.retain(|opinion| {
        let Some(by) = &opinion.lifted_by else { return true };
        let is_party = makers.contains_key(by) || answering.contains_key(by) || plan.profits(by);
        let fact = || {
            let person = &opinion.person;
            format!("`{person}` asked for changes, and `{by}`, who made the change or gains by it, dismissed that")
        };
        against.extend(is_party.then(|| refusal(&codes::BLOCK_DISMISSED_BY_PARTY, fact())));
        is_party
    });
    // a removal that landed stays approved by whoever approves the next change on top of it
    if !plan.only_takes() {
        opinions.retain(|opinion| {
            let newer = testimony.superseded.get(&opinion.person).filter(|_| opinion.says == Says::Approve);
            against.extend(newer.map(|newer| superseded(&opinion.person, evidence.head, *newer)));
            newer.is_none()
        });
    }
    let mut in_all_because: Vec<Refusal> = Vec::new();
    if let Some((removed, of)) = plan.mass_removal {
        let fact = format!("{removed} of {of} entitlements would be removed at once");
        in_all_because.push(refusal(&codes::MASS_REMOVAL, fact));
    }
    in_all_because.extend(plan.requirements.iter().find(|requirement| requirement.sponsor_alone).map(|requirement| {
        let fact = format!("nobody but the service's sponsor could meet rule `{}`", requirement.rule);
        refusal(&codes::SPONSOR_ALONE, fact)
    }));
    if !plan.ownerless.is_empty() {
        let domains: Vec<String> = plan.ownerless.iter().map(|domain| format!("`{domain}`")).collect();
        let fact = format!("a resource moves, and no owner of {} can approve", domains.join(" or "));
        in_all_because.push(refusal(&codes::RESOURCE_OWNERLESS, fact));
    }
    in_all_because.extend(own_keys_changed(plan, &testimony.made_own, &opinions));
    let ratified: Vec<String> = plan.ratified().map(|landing| format!("`{}`", landing.short())).collect();
    if !ratified.is_empty() {
        let fact = format!("what landed as {} is ratified", ratified.join(" and "));
        in_all_because.push(refusal(&codes::LANDING_RATIFIED, fact));
    }
    let mut authors: Vec<Maker> = makers.keys().cloned().map(Maker::Person).collect();
    if !testimony.in_doubt.is_empty() {
        authors.push(Maker::Unknown);
    }
    let speaks =
        |says: Says| opinions.iter().filter(move |opinion| opinion.says == says).map(|opinion| &opinion.person);
    let requests = speaks(Says::RequestChanges).filter(|person| plan.may_object(person));
    let requests: BTreeSet<PersonId> = requests.filter(|person| judge.people.contains_key(*person)).cloned().collect();
    let signs = |person: &PersonId| {
        opinions.iter().any(|one| one.person == *person && one.says == Says::Approve && one.way == Way::Signature)
    };
    let raised = raised(&each_because, &in_all_because);
    // whoever wants to overcome a request for changes asks one person more
    let surplus = Surplus { in_all: raised.in_all.saturating_add(number(requests.len())), ..raised };
    let mut assessment = Assessment {
        valid: BTreeMap::new(),
        until: BTreeMap::new(),
        against: Vec::new(),
        requests,
        each_because,
        in_all_because,
        authors,
        circumstances: Circumstances {
            makers,
            answering,
            gone: evidence.gone.clone(),
            surplus,
            unsigned: opinions
                .iter()
                .filter(|opinion| opinion.says == Says::Approve)
                .map(|opinion| &opinion.person)
                .filter(|person| !signs(person))
                .cloned()
                .collect(),
        },
        spoke: opinions.iter().filter(|opinion| opinion.took_back != Some(Says::RequestChanges)).count(),
        made_own: testimony.made_own.clone(),
    };
    let withdrawn: BTreeSet<&PersonId> = speaks(Says::Withdraw).collect();
    let requested: BTreeSet<&PersonId> = speaks(Says::RequestChanges).collect();
    // who took a request for changes back never approved
    let silent =
        |opinion: &Opinion| opinion.says == Says::RequestChanges || opinion.took_back == Some(Says::RequestChanges);
    for opinion in opinions.iter().filter(|opinion| !silent(opinion)) {
        let person = &opinion.person;
        let mut reasons = assessment.reasons_against(plan, person);
        if withdrawn.contains(person) {
            reasons.push(refusal(&codes::APPROVAL_WITHDRAWN, format!("`{person}` took the approval back")));
        }
        if opinion.says == Says::Approve && evidence.ages {
            reasons.extend(out_of_time(plan, opinion));
        }
        if requested.contains(person) {
            reasons.push(refusal(&codes::APPROVAL_WITHDRAWN, format!("`{person}` asked for changes")));
        }
        if reasons.is_empty() {
            let until = opinion.at.parse::<Timestamp>().ok().and_then(|at| at.checked_add(longest(plan)).ok());
            let until = until.filter(|_| evidence.ages && !plan.only_takes());
            assessment.until.extend(until.map(|until| (person.clone(), until)));
            assessment.valid.insert(person.clone(), (*opinion).clone());
        }
        against.extend(reasons);
    }
    against.sort_by(|a, b| (a.code.id, &a.message).cmp(&(b.code.id, &b.message)));
    against.dedup();
    assessment.against = against;
    assessment
}

/// How far ahead of the clock a statement may be, since no two machines agree.
const AHEAD: SignedDuration = SignedDuration::from_mins(5);

/// Why an approval doesn't count at this instant though it may have counted at another. What takes access away waits for
/// nothing.
fn out_of_time(plan: &Plan<'_>, opinion: &Opinion) -> Option<Refusal> {
    if plan.only_takes() {
        return None;
    }
    let (person, last) = (&opinion.person, plan.approvals_last());
    let Ok(at) = opinion.at.parse::<Timestamp>() else {
        let fact = format!("the approval of `{person}` names no instant: `{}`", opinion.at.escape_debug());
        return Some(refusal(&codes::STATEMENT_INVALID, fact));
    };
    let age = plan.now.duration_since(at);
    if age < -AHEAD {
        let fact = format!("`{person}` approved at {at}, and now it is {}", plan.now);
        return Some(refusal(&codes::APPROVAL_FROM_THE_FUTURE, fact));
    }
    (age > longest(plan)).then(|| {
        let fact = format!("`{person}` approved at {at}, which is more than {last} ago and was not applied since");
        refusal(&codes::APPROVAL_EXPIRED, fact)
    })
}

fn longest(plan: &Plan<'_>) -> SignedDuration {
    SignedDuration::from_hours(i64::from(plan.approvals_last().0).saturating_mul(24))
}

fn superseded(person: &PersonId, head: Oid, newer: Oid) -> Refusal {
    Refusal::new(
        &codes::APPROVAL_STALE,
        format!("`{person}` approved {} since, which ended the approval of {}", newer.short(), head.short()),
        "land the newer head, or ask for an approval of this one again",
    )
}

/// Sponsors of services that can sign, each with one of them. A signature that was left out must not free who answers for
/// the machine that would have made it.
fn answering_for_services(judge: &Access, then: &BTreeSet<Answered>) -> BTreeMap<PersonId, PersonId> {
    let signing = judge.people.values().filter(|one| one.person_type == PersonType::Service && !one.keys.is_empty());
    let now = signing.filter_map(|service| Some((service.sponsor.clone()?, service.id.clone())));
    let then = then.iter().filter(|answered| answered.signs);
    now.chain(then.map(|answered| (answered.sponsor.clone(), answered.service.clone()))).collect()
}

/// A change of somebody's own keys or accounts is theirs to prove, with what stood before: by an approval, by the commit
/// that makes it, or else by one approval more.
fn own_keys_changed(plan: &Plan<'_>, made_own: &BTreeSet<PersonId>, opinions: &[&Opinion]) -> Option<Refusal> {
    let agrees = |person: &Person| {
        let mut own = opinions.iter().filter(|opinion| opinion.person == person.id).peekable();
        let approves = own.peek().is_some();
        own.all(|opinion| opinion.says == Says::Approve) && (approves || made_own.contains(&person.id))
    };
    let before = plan.base.access.people.values();
    let changed = before.filter(|person| plan.changes_own(&person.id) && !agrees(person));
    let changed: Vec<String> = changed.map(|person| format!("`{}`", person.id)).collect();
    let mut facts = Vec::new();
    if !changed.is_empty() {
        facts.push(format!("keys, accounts or e-mails of {} change without their word", changed.join(", ")));
    }
    // whom the tree doesn't know in which the change starts can't speak there
    if !plan.replaced.is_empty() {
        let people: Vec<String> = plan.replaced.iter().map(|person| format!("`{person}`")).collect();
        facts.push(format!("{} had other keys or accounts when last here", people.join(", ")));
    }
    let taken_over = plan.taken_over.iter();
    facts.extend(
        taken_over
            .map(|(now, before)| format!("`{now}` comes with accounts or e-mails of `{before}`, who had other keys")),
    );
    (!facts.is_empty()).then(|| refusal(&codes::OWN_KEYS_CHANGED, facts.join("; ")))
}
