//! Where a change stands, sentence by sentence: whose approval is missing, who may give it, and who can't and why.

use std::collections::{BTreeMap, BTreeSet};

use super::PlanView;
use super::style::count;
use super::voice::{LISTED, Voice};
use crate::access::time::format_moment;
use crate::access::{ApprovedBy, PersonId, Unfit};
use crate::approval::codes::{KEY_UNPROVEN, NOT_VIA_PULL_REQUEST};
use crate::finding::Refusal;
use crate::plan::{Bar, Part, Requirement, RuleStanding, Side};

/// Longer sentences are cut; the approvals below have them all.
const SENTENCES: usize = 3;

/// Whose approval is still missing, as the end of the first line: `from alice (group:security)`.
pub(super) fn awaited(view: &PlanView<'_>, voice: Voice) -> String {
    let standing = view.standing;
    let mut open: Vec<String> = Vec::new();
    for (requirement, rule) in standing.with_rules(view.plan).filter(|(_, rule)| rule.missing > 0) {
        let asks = asks(view, requirement, rule, voice);
        if !open.contains(&asks) {
            open.push(asks);
        }
    }
    let rules = open.len();
    if rules > SENTENCES {
        open.truncate(SENTENCES);
        open.push(count(rules - SENTENCES, "rule"));
    }
    if rules == 0 && !standing.is_met(view.plan) {
        open.extend(beside(view, voice));
    } else if let Some(reserve) = standing.reserve.as_ref().filter(|_| rules > 0) {
        let more = if reserve.needed == 1 { "person" } else { "people" };
        open.push(format!("from {} {more} more", reserve.needed));
    }
    let (proofs, others): (Vec<&Refusal>, Vec<&Refusal>) =
        standing.said.unproven.iter().partition(|one| one.code.id == KEY_UNPROVEN.id);
    if !proofs.is_empty() {
        open.push(format!("from who holds {}", count(proofs.len(), "new key")));
    }
    let no_pull_request = others.iter().any(|one| one.code.id == NOT_VIA_PULL_REQUEST.id);
    let unheard = others.iter().any(|one| one.code.id != NOT_VIA_PULL_REQUEST.id);
    // why stands with the approvals
    let place = match (open.is_empty(), no_pull_request, unheard) {
        (_, false, false) => "",
        (true, true, _) => "in an open pull request",
        (true, false, true) => "that the forge can tell of",
        (false, true, _) => ", in an open pull request",
        (false, false, true) => "; and the forge has still to answer",
    };
    match open.is_empty() {
        true => place.to_owned(),
        // who holds new keys is named with its own word
        false if rules == 0 && standing.is_met(view.plan) => format!("{}{place}", open.join("; and ")),
        false => format!("from {}{place}", open.join("; and ")),
    }
}

/// `owners of payments-staging or sponsor of alice.nguyen`; long lists are cut, so that what changes stays in sight.
fn from(requirement: &Requirement, voice: Voice) -> String {
    let shown = requirement.from.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(" or ");
    let words = match requirement.from.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} or {more} more"),
    };
    let signed = if requirement.by == ApprovedBy::Signature { ", by signature" } else { "" };
    voice.words(&format!("{words}{signed}"))
}

/// People who are asked: at the forge with their login, by which somebody finds them there. Within code nobody is notified.
fn called<'p>(view: &PlanView<'_>, people: impl Iterator<Item = &'p PersonId>, voice: Voice) -> Vec<String> {
    let registry = &view.plan.base.access.people;
    let login = |person: &PersonId| Some(registry.get(person)?.accounts.forge()?.login.as_str());
    let called = |person: &PersonId| match (voice, login(person)) {
        (Voice::Markdown, Some(login)) => format!("{person} @{login}"),
        (Voice::Markdown, None) | (Voice::Text, _) => person.to_string(),
    };
    people.map(called).collect()
}

/// `2 of alice, bob, carol (group:security)`.
fn asks(view: &PlanView<'_>, requirement: &Requirement, rule: &RuleStanding, voice: Voice) -> String {
    let people = called(view, rule.left(requirement), voice);
    let names = people.iter().map(String::as_str);
    let of = from(requirement, voice);
    match (rule.missing, people.len()) {
        (missing, 0) => format!("{missing} of {of}, where nobody is left who may approve"),
        (1, 1 | 2) => format!("{} ({of})", voice.list(names, " or ")),
        (missing, _) => format!("{missing} of {} ({of})", voice.list(names, ", ")),
    }
}

/// `1 person more than the rules ask for, of alice and bob`.
fn beside(view: &PlanView<'_>, voice: Voice) -> Option<String> {
    let reserve = view.standing.reserve.as_ref()?;
    let people = called(view, reserve.able.difference(&view.standing.said.given), voice);
    let people = voice.list(people.iter().map(String::as_str), " and ");
    let more = if reserve.needed == 1 { "person" } else { "people" };
    Some(format!("{} {more} more than the rules ask for, of {people}", reserve.needed))
}

/// `access-1: 1 of …`, a line a rule, then who can't approve, which approvals don't count, and what stands against it.
pub(super) fn lines(view: &PlanView<'_>, voice: Voice) -> Vec<String> {
    let standing = view.standing;
    let mut lines: Vec<String> =
        standing.with_rules(view.plan).map(|(requirement, rule)| asked(view, requirement, rule, voice)).collect();
    lines.extend(beside(view, voice).map(|beside| format!("and {beside}")));
    for (side, class) in &view.plan.silent {
        lines.push(format!("no approval rule of {} speaks of class {}", side.words(), class.as_str()));
    }
    lines.extend(barred(view, voice));
    lines.extend(others(view, voice));
    let said = &standing.said;
    let told =
        |what: &str, reason: &Refusal| voice.message(&format!("{what}: {} ({})", reason.message, reason.code.id));
    lines.extend(said.uncounted.iter().map(|reason| told("doesn't count", reason)));
    let is_key = |reason: &Refusal| reason.code.id == KEY_UNPROVEN.id;
    let waits = |reason: &Refusal| told(if is_key(reason) { "waits for a proof" } else { "waits" }, reason);
    lines.extend(said.unproven.iter().map(waits));
    lines.extend(said.obstacles.iter().chain(&said.objections).map(|reason| told("stands against it", reason)));
    lines.extend(lasting(view).iter().map(|sentence| voice.message(sentence)));
    lines
}

/// A sentence for each approval that ends by itself.
pub(super) fn lasting(view: &PlanView<'_>) -> Vec<String> {
    let zone = view.zone();
    let until = view.standing.said.until.iter();
    until
        .map(|(person, until)| format!("the approval of `{person}` counts until {}", format_moment(*until, zone)))
        .collect()
}

fn asked(view: &PlanView<'_>, requirement: &Requirement, rule: &RuleStanding, voice: Voice) -> String {
    let given = voice.list(rule.given.iter().map(PersonId::as_str), " and ");
    let few = if rule.able.len() < rule.needed { ", too few are left" } else { "" };
    let people = if rule.able.is_empty() {
        "nobody".to_owned()
    } else {
        let able = called(view, rule.able.iter(), voice);
        voice.list(able.iter().map(String::as_str), ", ")
    };
    let side = match requirement.side {
        Side::Old => "",
        Side::New => " under the new policy",
    };
    let state = if rule.missing == 0 {
        format!(" — given by {given}")
    } else if given.is_empty() {
        String::new()
    } else {
        format!(" — {given} did, more are asked for")
    };
    let from = from(requirement, voice);
    let everyone = if requirement.everyone_gains { ", one more since all of them gain by it" } else { "" };
    let sponsors = sponsors(requirement, voice);
    let (name, needed) = (voice.data(&requirement.rule), rule.needed);
    format!("{name}: {needed} of {people} ({from}){side}{everyone}{sponsors}{few}{state}")
}

/// Who answers for a service that gains, and so doesn't suffice alone.
fn sponsors(requirement: &Requirement, voice: Voice) -> String {
    if requirement.sponsor_alone {
        return ", and one person more since only the service's sponsor is asked".to_owned();
    }
    let sponsors: Vec<String> = requirement.sponsors.iter().map(PersonId::as_str).map(|who| voice.data(who)).collect();
    match sponsors.is_empty() {
        true => String::new(),
        false => format!(", not {} alone, who answers for a service that gains", sponsors.join(" or ")),
    }
}

/// People whom a rule names and who may not approve for any, a line for each set of reasons.
fn barred(view: &PlanView<'_>, voice: Voice) -> Vec<String> {
    let mut by_reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for (person, bars) in view.standing.barred() {
        if !view.standing.is_able(person) {
            let reasons: Vec<String> = bars.into_iter().map(bar).collect();
            by_reasons.entry(reasons.join("; ")).or_default().push(person.as_str());
        }
    }
    let line = |(reasons, people): (String, Vec<&str>)| {
        format!("can't, though entitled: {} ({})", voice.list(people, " and "), voice.words(&reasons))
    };
    by_reasons.into_iter().map(line).collect()
}

/// Why people can't approve, as what stands behind their names.
fn bar(bar: &Bar) -> String {
    match bar {
        Bar::Made(Part::Wrote) => "wrote it".to_owned(),
        Bar::Made(Part::Committed) => "made a commit of it".to_owned(),
        Bar::Made(Part::Pushed) => "pushed it".to_owned(),
        Bar::Answers(service) => format!("answers for {service}, which may have made it"),
        Bar::Gains(how) => how.clone(),
        Bar::Unfit(Unfit::Unregistered) => "not in the registry".to_owned(),
        Bar::Unfit(Unfit::Contractor) => "a contractor".to_owned(),
        Bar::Unfit(Unfit::Service) => "a service".to_owned(),
        Bar::Unfit(Unfit::NoProof) => "no key or account to prove it by".to_owned(),
        Bar::Unfit(Unfit::NotBegun) => "not here yet".to_owned(),
        Bar::Unfit(Unfit::Ended) | Bar::EndedSince => "not here any more".to_owned(),
        Bar::EndedByChange => "not here any more by this change".to_owned(),
        Bar::SameVendor { vendor, gains } => format!("of {vendor}, as is {gains}, who gains"),
        Bar::Lingers => "may still object".to_owned(),
        Bar::NoKey => "no key to sign with".to_owned(),
        Bar::NotAsked => "not asked".to_owned(),
    }
}

/// Makers, people who gain and their vendors, whom no rule names: nobody should ask them.
fn others(view: &PlanView<'_>, voice: Voice) -> Option<String> {
    let (standing, stakes) = (view.standing, &view.plan.stakes);
    let named = standing.barred();
    let is_other = |person: &&PersonId| !named.contains_key(*person) && !standing.is_able(person);
    let known = &standing.circumstances;
    let makers = known.makers.keys().chain(known.answering.keys()).filter(is_other);
    let makers: BTreeSet<&str> = makers.map(PersonId::as_str).collect();
    let mut told: Vec<String> = Vec::new();
    if !makers.is_empty() {
        told.push(format!("{} (who wrote it)", voice.list(makers, " and ")));
    }
    let gaining: Vec<&str> = stakes.beneficiaries.keys().filter(is_other).map(PersonId::as_str).collect();
    if !gaining.is_empty() {
        let gain = if gaining.len() == 1 { "gains" } else { "gain" };
        told.push(format!("{} (who {gain} by it)", voice.list(gaining, " and ")));
    }
    told.extend(stakes.vendors.keys().map(|vendor| format!("anybody of {}", voice.data(vendor.as_str()))));
    (!told.is_empty()).then(|| format!("can't: {}", told.join(", ")))
}
