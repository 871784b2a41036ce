//! Who approved, who of them counts, and how many are asked for beyond what the rules say.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::evidence::{Answered, Evidence};
use crate::access::time::format_moment;
use crate::access::{Access, Person, PersonId, PersonType};
use crate::approval::codes::{self, refusal};
use crate::approval::testimony::{Maker, Opinion, Part, Says};
use crate::finding::{Code, Refusal};
use crate::plan::{More, Plan};
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
    /// How many said anything.
    pub(super) spoke: usize,
    parties: BTreeMap<PersonId, Part>,
    /// Who answers for a service that may have made what nobody signed: person to service.
    answering: BTreeMap<PersonId, PersonId>,
    gone: BTreeSet<PersonId>,
    made_own: BTreeSet<PersonId>,
}

impl Assessment {
    /// True where nothing but their signature on the commit is a person's word about their own keys and accounts.
    pub fn made_own(&self, person: &PersonId) -> bool {
        self.made_own.contains(person)
    }

    /// A sentence for each approval that ends by itself.
    pub fn lasting(&self, zone: &TimeZone) -> Vec<String> {
        let sentence = |(person, until): (&PersonId, &Timestamp)| {
            format!("the approval of `{person}` counts until {}", format_moment(*until, zone))
        };
        self.until.iter().map(sentence).collect()
    }

    /// Everybody who made the change, or answers for a service that may have. None of them can approve it.
    pub fn makers(&self) -> BTreeSet<PersonId> {
        self.parties.keys().chain(self.answering.keys()).cloned().collect()
    }

    /// Approvals asked for beyond the rules, those that overcome requests for changes among them.
    pub fn more(&self) -> More {
        let raised = self.raised();
        More { in_all: raised.in_all.saturating_add(number(self.requests.len())), ..raised }
    }

    /// The same without requests for changes.
    pub(super) fn raised(&self) -> More {
        More { each: u32::from(!self.each_because.is_empty()), in_all: number(self.in_all_because.len()) }
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
        let judge = &plan.base.access;
        let mut reasons = Vec::new();
        let mut because = |code: &'static Code, fact: String| reasons.push(refusal(code, fact));
        if let Some(part) = self.parties.get(person) {
            let (code, fact) = made(*part, person);
            because(code, fact);
        } else if let Some(service) = self.answering.get(person) {
            let fact = format!("`{person}` answers for `{service}`, which may have made what nobody signed");
            because(&codes::APPROVER_IS_AUTHOR, fact);
        }
        let counts = plan.requirements.iter().any(|requirement| requirement.counts(person));
        if let Some(how) = plan.stakes.beneficiaries.get(person).filter(|_| !counts) {
            because(&codes::APPROVER_IS_BENEFICIARY, format!("`{person}` {how}"));
        }
        let Some(registered) = judge.people.get(person) else {
            because(
                &codes::APPROVER_NOT_AUTHORIZED,
                format!("`{person}` is not in the registry of the last verified landing"),
            );
            return reasons;
        };
        match registered.person_type {
            PersonType::Employee => {}
            PersonType::Contractor => {
                because(&codes::APPROVER_KIND_FORBIDDEN, format!("`{person}` is a contractor"));
            }
            PersonType::Service => because(&codes::APPROVER_NOT_HUMAN, format!("`{person}` is a service")),
        }
        let of_vendor = registered.vendor.as_ref().and_then(|vendor| Some((vendor, plan.stakes.vendors.get(vendor)?)));
        if let Some((vendor, beneficiary)) = of_vendor
            && beneficiary != person
        {
            because(
                &codes::APPROVER_SAME_VENDOR,
                format!("`{person}` is of {vendor}, as is `{beneficiary}`, who gains"),
            );
        }
        // judged with what the head says too: an `ended` that this very change brings counts
        let ended = [&plan.base.access, &plan.head.access].into_iter().any(|access| {
            access
                .people
                .get(person)
                .is_none_or(|one| access.bounds(one).is_none_or(|bounds| !bounds.contains(plan.now)))
        });
        if (ended || self.gone.contains(person)) && !plan.may_bring_back(person) {
            because(&codes::APPROVER_GONE, format!("`{person}` is not active any more"));
            if plan.lingers(person) {
                let fact =
                    format!("`{person}` may still object, and approve that others are brought back, nothing else");
                because(&codes::WORD_LINGERS, fact);
            }
        }
        // where more are asked for in all, no rule of this change need ask for them
        let beside = self.more().in_all > 0 && plan.others().contains(person);
        // an approval of one's own new keys is a person's word about them, though no rule asks for it
        if reasons.is_empty() && !counts && !beside && !changes_own(plan, person) {
            let fact = format!("no rule that this change meets asks for `{person}`");
            reasons.push(refusal(&codes::APPROVER_OUT_OF_SCOPE, fact));
        }
        reasons
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn made(part: Part, person: &PersonId) -> (&'static Code, String) {
    match part {
        Part::Wrote => (&codes::APPROVER_IS_AUTHOR, format!("`{person}` is an author of the change")),
        Part::Pushed => (&codes::APPROVER_IS_PUSHER, format!("`{person}` pushed to the branch")),
        Part::Committed => (&codes::APPROVER_IS_COMMITTER, format!("`{person}` made a commit of the change")),
    }
}

/// Who approved, who of them counts, and how many are asked for beyond the rules.
pub fn assess(plan: &Plan<'_>, evidence: &Evidence) -> Assessment {
    let judge = &plan.base.access;
    let testimony = &evidence.testimony;
    let mut parties = testimony.makers.clone();
    let answering =
        if testimony.may_be_a_machines { answering_for_services(judge, &evidence.answered) } else { BTreeMap::new() };
    // however many there are of them, it is one somebody who may be among the approvers: whoever steers a machine, too
    let mut each_because: Vec<Refusal> = testimony.in_doubt.first().cloned().into_iter().collect();
    each_because.extend(testimony.machine.clone());
    let services: Vec<&Person> = parties
        .keys()
        .filter_map(|id| judge.people.get(id))
        .filter(|person| person.person_type == PersonType::Service)
        .collect();
    for service in services {
        each_because.push(refusal(&codes::QUORUM_BOT_AUTHORED, format!("`{}` is a service", service.id)));
        let then = evidence.answered.iter().filter(|answered| answered.service == service.id);
        for sponsor in service.sponsor.iter().chain(then.map(|answered| &answered.sponsor)) {
            // who answers for a machine answers for what it wrote, also when another does so since
            parties.entry(sponsor.clone()).or_insert(Part::Wrote);
        }
    }
    let mut against = testimony.against.clone();
    let mut opinions: Vec<&Opinion> = testimony.opinions.iter().collect();
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
    let mut authors: Vec<Maker> = parties.keys().cloned().map(Maker::Person).collect();
    if !testimony.in_doubt.is_empty() {
        authors.push(Maker::Unknown);
    }
    let speaks =
        |says: Says| opinions.iter().filter(move |opinion| opinion.says == says).map(|opinion| &opinion.person);
    let requests = speaks(Says::RequestChanges).filter(|person| plan.may_object(person));
    let mut assessment = Assessment {
        valid: BTreeMap::new(),
        until: BTreeMap::new(),
        against: Vec::new(),
        requests: requests.filter(|person| judge.people.contains_key(*person)).cloned().collect(),
        each_because,
        in_all_because,
        authors,
        spoke: opinions.iter().filter(|opinion| opinion.took_back != Some(Says::RequestChanges)).count(),
        parties,
        answering,
        gone: evidence.gone.clone(),
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

/// True where the change gives a person other keys, accounts or addresses, and they could speak of that.
fn changes_own(plan: &Plan<'_>, person: &PersonId) -> bool {
    let (before, after) = (plan.base.access.people.get(person), plan.head.access.people.get(person));
    before.zip(after).is_some_and(|(before, after)| differs(before, after))
}

fn differs(before: &Person, after: &Person) -> bool {
    let same = before.keys == after.keys && before.accounts == after.accounts && before.emails == after.emails;
    !same && !before.keys.is_empty()
}

/// A change of somebody's own keys or accounts is theirs to prove, with what stood before: by an approval, by the commit
/// that makes it, or else by one approval more.
fn own_keys_changed(plan: &Plan<'_>, made_own: &BTreeSet<PersonId>, opinions: &[&Opinion]) -> Option<Refusal> {
    let agrees = |person: &Person| {
        let mut own = opinions.iter().filter(|opinion| opinion.person == person.id).peekable();
        let approves = own.peek().is_some();
        own.all(|opinion| opinion.says == Says::Approve) && (approves || made_own.contains(&person.id))
    };
    let before = &plan.base.access.people;
    let changed: Vec<String> = plan
        .head
        .access
        .people
        .values()
        .filter_map(|after| Some((before.get(&after.id)?, after)))
        .filter(|(before, after)| differs(before, after) && !agrees(before))
        .map(|(before, _)| format!("`{}`", before.id))
        .collect();
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
