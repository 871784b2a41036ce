//! The decision: a pure function of evidence, the revision that judges and the revision that is judged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::codes;
use super::evidence::{Evidence, Opinion, Says, Signer};
use super::landing::{Violation, violations};
use super::{Proposed, Trusted};
use crate::access::{Person, PersonId, PersonType};
use crate::finding::{Code, Refusal};
use crate::lint::rules::NO_APPROVAL_RULE;
use crate::plan::{self, Plan, Requirement};
use crate::repository::Oid;

/// What the decision found about a landing that is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub head: Oid,
    /// Everybody whose approval counts, sorted.
    pub approvals: Vec<Opinion>,
    /// Who made the change; `unknown` where somebody isn't in the registry.
    pub authors: Vec<String>,
    pub digest: String,
    /// What is worth saying though it stops nothing: statements that were ignored, approvals that don't count.
    pub notes: Vec<Refusal>,
}

/// Where a head stands on its way: who counts, who doesn't, what is still needed.
#[derive(Debug)]
pub struct Assessment {
    pub valid: BTreeMap<PersonId, Opinion>,
    /// Reasons against each person who approved and doesn't count.
    pub against: Vec<Refusal>,
    /// Approvals asked for beyond what the rules say.
    pub more: u32,
    /// Why more are asked for.
    pub more_because: Vec<String>,
    pub authors: Vec<String>,
    /// Everybody who made the change, each with the code that bars them.
    parties: BTreeMap<PersonId, &'static Code>,
}

impl Assessment {
    /// Everybody known to have made the change. None of them can approve it.
    pub fn makers(&self) -> BTreeSet<PersonId> {
        self.parties.keys().cloned().collect()
    }

    /// Every reason for which an approval by this person would not count.
    pub fn reasons_against(
        &self,
        trusted: &Trusted,
        plan: &Plan<'_>,
        person: &PersonId,
        now: Timestamp,
    ) -> Vec<Refusal> {
        reasons_against(trusted, plan, &self.parties, person, now)
    }
}

/// Decides. All reasons are given, not the first.
pub fn decide(
    trusted: &Trusted,
    proposed: &Proposed,
    reviewed_digest: &str,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Granted, Vec<Refusal>> {
    let mut refusals = landing_refusals(evidence);
    let (judge, change) = (trusted.revision(), proposed.revision());
    if change.is_misread() {
        refusals.push(misread(proposed));
        return Err(refusals);
    }
    let plan = plan::plan(judge, change, now);
    refusals.extend(blocking_findings(&plan));
    if plan.digest != reviewed_digest {
        refusals.push(Refusal::new(
            &codes::DIGEST_MISMATCH,
            format!("the reviewed change is {reviewed_digest}, what the final tree gives is {}", plan.digest),
            "update the branch from the protected one, look at the plan, and approve again",
        ));
    }
    let assessment = assess(trusted, &plan, evidence, now);
    refusals.extend(author_refusal(evidence));
    refusals.extend(quorum_refusals(&plan, &assessment, evidence));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(Granted {
        head: evidence.head,
        approvals: assessment.valid.into_values().collect(),
        authors: assessment.authors,
        digest: plan.digest,
        notes: evidence.ignored.iter().cloned().chain(assessment.against).collect(),
    })
}

fn misread(proposed: &Proposed) -> Refusal {
    let first = proposed.revision().reading.iter().find(|f| f.severity == crate::finding::Severity::Error);
    let what = first.map(|f| format!("{}: {}", f.place, f.message)).unwrap_or_default();
    Refusal::new(&codes::LANDED_TREE_INVALID, what, "correct what `dualkey lint` names, or restore the path")
}

/// Which landing rules the trees break.
fn landing_refusals(evidence: &Evidence) -> Vec<Refusal> {
    let [_one] = evidence.merge_bases.as_slice() else {
        return vec![Refusal::new(
            &codes::MERGE_BASE_AMBIGUOUS,
            format!("{} and {} have {} merge bases", evidence.base, evidence.head, evidence.merge_bases.len()),
            "make a new branch from the tip with the change as one commit, and have it approved",
        )];
    };
    let mut by_code: BTreeMap<&str, (&'static Code, Vec<String>)> = BTreeMap::new();
    for violation in violations(&evidence.trees, &evidence.touched) {
        let (code, fact): (&'static Code, String) = match violation {
            Violation::Unreviewed { path } => {
                (&codes::MERGE_TREE_UNREVIEWED, format!("`{}` landed as no reviewed head held it", path.escape_debug()))
            }
            Violation::Dropped { path } => {
                (&codes::MERGE_TREE_UNREVIEWED, format!("`{}` was reviewed and did not land", path.escape_debug()))
            }
            Violation::Combined { path } => {
                (&codes::MERGE_CONTENT_COMBINED, format!("`{}` was changed on both sides", path.escape_debug()))
            }
            Violation::Used { path } => {
                (&codes::APPROVAL_USED, format!("`{}` was touched by a landing after this head", path.escape_debug()))
            }
        };
        by_code.entry(code.id).or_insert((code, Vec::new())).1.push(fact);
    }
    by_code.into_values().map(|(code, facts)| refusal(code, listed(&facts))).collect()
}

/// The first few of many facts, and how many more there are.
fn listed(facts: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = facts.iter().take(SHOWN).map(String::as_str).collect();
    match facts.len().saturating_sub(SHOWN) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}

fn first_sentence(text: &str) -> String {
    let mut sentence = text.trim_end_matches('.').to_owned();
    if let Some(first) = sentence.get(..1).map(str::to_lowercase) {
        sentence.replace_range(..1, &first);
    }
    sentence
}

fn blocking_findings(plan: &Plan<'_>) -> Vec<Refusal> {
    plan.findings
        .iter()
        .filter(|finding| finding.blocks() && !finding.rule.dated)
        .map(|finding| {
            Refusal::new(&finding.rule.code, format!("{}: {}", finding.place, finding.message), &finding.help)
        })
        .collect()
}

fn author_refusal(evidence: &Evidence) -> Option<Refusal> {
    let proven = evidence.commits.iter().any(|commit| matches!(commit.signer, Signer::Person(_)));
    (!proven && !evidence.commits.is_empty()).then(|| {
        Refusal::new(
            &codes::AUTHOR_UNPROVEN,
            format!("none of the {} commits of the change is signed by a registered key", evidence.commits.len()),
            "sign commits with an SSH key that stands in your file in people/, then have the new head approved",
        )
    })
}

/// Who approved, who of them counts, and how many are asked for beyond the rules.
pub fn assess(trusted: &Trusted, plan: &Plan<'_>, evidence: &Evidence, now: Timestamp) -> Assessment {
    let judge = &trusted.revision().access;
    let mut parties: BTreeMap<PersonId, &'static Code> = BTreeMap::new();
    let mut unknown = Vec::new();
    for commit in &evidence.commits {
        match &commit.signer {
            Signer::Person(person) => {
                parties.insert(person.clone(), &codes::APPROVER_IS_COMMITTER);
            }
            Signer::Unknown => unknown.push(format!("commit {} is not signed by a registered key", commit.oid.short())),
        }
        for person in &commit.committers {
            parties.insert(person.clone(), &codes::APPROVER_IS_COMMITTER);
        }
        if commit.names_unknown {
            unknown.push(format!("commit {} names an author whom the registry doesn't know", commit.oid.short()));
        }
    }
    for person in evidence.commits.iter().flat_map(|commit| &commit.named) {
        parties.insert(person.clone(), &codes::APPROVER_IS_AUTHOR);
    }
    let mut more_because: Vec<String> = unknown.first().cloned().into_iter().collect();
    let services: Vec<&Person> = parties
        .keys()
        .filter_map(|id| judge.people.get(id))
        .filter(|person| person.person_type == PersonType::Service)
        .collect();
    for service in services {
        more_because.push(format!("`{}` is a service", service.id));
        if let Some(sponsor) = &service.sponsor {
            // who answers for a machine answers for what it wrote
            parties.entry(sponsor.clone()).or_insert(&codes::APPROVER_IS_AUTHOR);
        }
    }
    if let Some((removed, of)) = plan.mass_removal {
        more_because.push(format!("{removed} of {of} entitlements would be removed at once (mass-removal)"));
    }
    more_because.extend(own_keys_changed(trusted, plan, evidence));
    let mut authors: Vec<String> = parties.keys().map(ToString::to_string).collect();
    if !unknown.is_empty() {
        authors.push("unknown".to_owned());
    }
    let mut valid = BTreeMap::new();
    let mut against = Vec::new();
    for opinion in &evidence.opinions {
        let mut reasons = reasons_against(trusted, plan, &parties, &opinion.person, now);
        if opinion.says == Says::Withdraw {
            let fact = format!("`{}` took the approval back", opinion.person);
            reasons.push(refusal(&codes::APPROVAL_WITHDRAWN, fact));
        }
        if reasons.is_empty() {
            valid.insert(opinion.person.clone(), opinion.clone());
        }
        against.extend(reasons);
    }
    let more = u32::try_from(more_because.len()).unwrap_or(u32::MAX);
    Assessment { valid, against, more, more_because, authors, parties }
}

/// A change of an approver's own keys or accounts is the approver's to prove: by a commit signed with what stood before,
/// or else by one approval more.
fn own_keys_changed(trusted: &Trusted, plan: &Plan<'_>, evidence: &Evidence) -> Option<String> {
    let signed =
        |person: &Person| evidence.commits.iter().any(|commit| commit.signer == Signer::Person(person.id.clone()));
    let before = &trusted.revision().access.people;
    plan.head
        .access
        .people
        .values()
        .filter_map(|after| Some((before.get(&after.id)?, after)))
        .filter(|(before, after)| {
            before.keys != after.keys || before.accounts != after.accounts || before.emails != after.emails
        })
        .find(|(before, _)| !before.keys.is_empty() && !signed(before))
        .map(|(before, _)| {
            format!("keys, accounts or e-mails of `{}` change without that person's signature", before.id)
        })
}

fn refusal(code: &'static Code, fact: String) -> Refusal {
    Refusal::new(code, fact, first_sentence(code.instead))
}

/// Every reason for which an approval by a person doesn't count.
fn reasons_against(
    trusted: &Trusted,
    plan: &Plan<'_>,
    parties: &BTreeMap<PersonId, &'static Code>,
    id: &PersonId,
    now: Timestamp,
) -> Vec<Refusal> {
    let judge = &trusted.revision().access;
    let mut reasons = Vec::new();
    let mut because = |code: &'static Code, fact: String| reasons.push(refusal(code, fact));
    if let Some(code) = parties.get(id) {
        let fact = if code.id == codes::APPROVER_IS_AUTHOR.id {
            format!("`{id}` is an author of the change")
        } else {
            format!("`{id}` made a commit of the change")
        };
        because(code, fact);
    }
    if let Some(how) = plan.stakes.beneficiaries.get(id) {
        because(&codes::APPROVER_IS_BENEFICIARY, format!("`{id}` {how}"));
    }
    let Some(person) = judge.people.get(id) else {
        because(&codes::APPROVER_NOT_AUTHORIZED, format!("`{id}` is not in the registry of the last verified landing"));
        return reasons;
    };
    match person.person_type {
        PersonType::Employee => {}
        PersonType::Contractor => because(&codes::APPROVER_KIND_FORBIDDEN, format!("`{id}` is a contractor")),
        PersonType::Service => because(&codes::APPROVER_NOT_HUMAN, format!("`{id}` is a service")),
    }
    let of_vendor = person.vendor.as_ref().and_then(|vendor| Some((vendor, plan.stakes.vendors.get(vendor)?)));
    if let Some((vendor, beneficiary)) = of_vendor
        && beneficiary != id
    {
        because(&codes::APPROVER_SAME_VENDOR, format!("`{id}` is of {vendor}, as is `{beneficiary}`, who gains"));
    }
    // judged with what the head says too: an `ended` that this very change brings counts
    let gone = [&plan.base.access, &plan.head.access].into_iter().any(|access| {
        access.people.get(id).is_none_or(|person| access.bounds(person).is_none_or(|bounds| !bounds.contains(now)))
    });
    if gone {
        because(&codes::APPROVER_GONE, format!("`{id}` is not active any more"));
    }
    if reasons.is_empty() && !plan.requirements.iter().any(|requirement| requirement.eligible.contains(id)) {
        let fact = format!("no rule that this change meets asks for `{id}`");
        reasons.push(refusal(&codes::APPROVER_OUT_OF_SCOPE, fact));
    }
    reasons
}

/// What is missing, with the reasons against those who approved and don't count.
fn quorum_refusals(plan: &Plan<'_>, assessment: &Assessment, evidence: &Evidence) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let asked: BTreeSet<_> = plan.requirements.iter().map(|requirement| requirement.class).collect();
    for class in plan.classes.all().into_iter().filter(|class| !asked.contains(class)) {
        refusals.push(Refusal::new(
            &NO_APPROVAL_RULE.code,
            format!("no approval rule speaks of class {}", class.as_str()),
            "add one under `approvals` in a policy, as a change of its own",
        ));
    }
    let approvers: BTreeSet<PersonId> = assessment.valid.keys().cloned().collect();
    let unmet: Vec<&Requirement> =
        plan.requirements.iter().filter(|requirement| !requirement.met_by(&approvers, assessment.more)).collect();
    if unmet.is_empty() && (!approvers.is_empty() || plan.is_nothing()) {
        return refusals;
    }
    refusals.extend(evidence.ignored.iter().cloned());
    refusals.extend(assessment.against.iter().cloned());
    let help = format!("run `dualkey approve --head {}` as {}", evidence.head.short(), who(&unmet, assessment));
    if evidence.opinions.is_empty() {
        refusals.extend(evidence.stale.iter().map(|(person, head)| {
            let fact = format!("`{person}` approved {}, and the head is {}", head.short(), evidence.head.short());
            refusal(&codes::APPROVAL_STALE, fact)
        }));
        if evidence.stale.is_empty() && evidence.ignored.is_empty() {
            let fact = format!("nobody approved {}", evidence.head.short());
            refusals.push(Refusal::new(&codes::NO_APPROVAL, fact, &help));
            return refusals;
        }
    }
    for requirement in unmet {
        let given = requirement.given(&approvers).count();
        let needed = requirement.count.saturating_add(assessment.more);
        let mut fact = format!(
            "rule `{}` asks for {needed} of {}, and {given} count{}",
            requirement.rule,
            requirement.from.join(" or "),
            if given == 1 { "s" } else { "" }
        );
        if assessment.more > 0 {
            fact.push_str(&format!(
                " ({} more than the rule's {}: {})",
                assessment.more,
                requirement.count,
                assessment.more_because.join("; ")
            ));
        }
        refusals.push(Refusal::new(&codes::QUORUM_NOT_MET, fact, &help));
    }
    refusals
}

/// The people who could still approve, for a help line.
fn who(unmet: &[&Requirement], assessment: &Assessment) -> String {
    let authors: BTreeSet<&str> = assessment.authors.iter().map(String::as_str).collect();
    let people: BTreeSet<&PersonId> = unmet
        .iter()
        .flat_map(|requirement| &requirement.eligible)
        .filter(|person| !authors.contains(person.as_str()) && !assessment.valid.contains_key(*person))
        .collect();
    if people.is_empty() {
        return "somebody whom the rules entitle (nobody is left: `dualkey lint` says what to do)".to_owned();
    }
    let names: Vec<String> = people.iter().take(5).map(|person| format!("`{person}`")).collect();
    names.join(" or ")
}
