//! The decision: a pure function of evidence, the revision that judges and the revision that is judged.

use std::collections::{BTreeMap, BTreeSet};

use super::assessment::{Assessment, assess};
use super::candidate::Candidate;
use super::evidence::Evidence;
use crate::access::{ApprovedBy, Person, PersonId, PersonKey, Revision};
use crate::approval::codes::{self, refusal};
use crate::approval::landing::{Reviewed, Violation, violations};
use crate::approval::testimony::pull::Pull;
use crate::approval::testimony::{Maker, Opinion, Signed};
use crate::finding::{Code, Finding, Refusal};
use crate::lint::rules::NO_APPROVAL_RULE;
use crate::plan::{Bar, Circumstances, Digest, Plan, Requirement, RuleStanding, Said, Side, Standing, is_met};
use crate::repository::Oid;

/// What the decision found about a landing that is approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub head: Oid,
    /// Everybody whose approval counts, sorted.
    pub approvals: Vec<Opinion>,
    /// Who made the change.
    pub authors: Vec<Maker>,
    pub digest: Digest,
    /// What people signed that this rests on: opinions of the head, and proofs of keys that it brings. Sorted.
    pub statements: Vec<Signed>,
    /// The pull request that brings it, as the forge told of it.
    pub pull: Option<Pull>,
    /// What is worth saying though it stops nothing: statements that were ignored, approvals that don't count.
    pub notes: Vec<Refusal>,
}

impl Granted {
    /// Of a head that changes nothing.
    pub fn nothing(head: Oid, plan: &Plan<'_>) -> Self {
        let (approvals, authors, statements, notes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Granted { head, approvals, authors, digest: plan.digest.clone(), statements, pull: None, notes }
    }
}

/// Decides. All reasons are given, not the first.
pub fn decide(candidate: &Candidate<'_>, reviewed: &Reviewed, evidence: &Evidence) -> Result<Granted, Vec<Refusal>> {
    let plan = candidate.plan();
    let mut refusals = obstacles(plan, reviewed, evidence);
    if plan.head.is_misread() {
        return Err(refusals);
    }
    let assessment = assess(plan, evidence);
    refusals.extend(plan.blocking().map(found));
    refusals.extend(unproven_keys(plan, evidence));
    refusals.extend(evidence.testimony.to_do.iter().cloned());
    let mut unmet = quorum_refusals(plan, &assessment, evidence);
    if !unmet.is_empty() && plan.is_locked_out(&assessment.circumstances) {
        unmet.iter_mut().for_each(|refusal| refusal.help.push_str(WAY_BACK));
    }
    refusals.extend(unmet);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let notes = evidence.testimony.ignored.iter().chain(&assessment.against).cloned().chain(assessment.marks(plan));
    // a change that only takes away lands with what is found
    let notes = notes.chain(plan.errors().map(found)).collect();
    Ok(Granted {
        head: evidence.head,
        approvals: assessment.valid.into_values().collect(),
        authors: assessment.authors,
        digest: plan.digest.clone(),
        statements: weighed(plan, evidence),
        pull: evidence.testimony.pull.clone(),
        notes,
    })
}

/// What keeps a change from landing, whoever approves it, beside what is found in it.
pub fn obstacles(plan: &Plan<'_>, reviewed: &Reviewed, evidence: &Evidence) -> Vec<Refusal> {
    let mut refusals = landing_refusals(evidence);
    if plan.head.is_misread() {
        refusals.push(misread(plan.head));
        return refusals;
    }
    refusals.extend(other_digest(plan, reviewed, evidence));
    refusals.extend(evidence.testimony.refusals.iter().cloned());
    refusals
}

/// What people said of a change, as its standing tells it. `obstacles` keep it from landing, whoever approves it.
pub fn said(plan: &Plan<'_>, assessment: &Assessment, evidence: &Evidence, obstacles: Vec<Refusal>) -> Said {
    let given = assessment.given();
    let overcome = is_met(plan, &assessment.circumstances, &given);
    let objections =
        (!assessment.requests.is_empty() && !overcome).then(|| asked_for_changes(plan, assessment, evidence));
    Said {
        given,
        until: assessment.until.clone(),
        uncounted: evidence.testimony.ignored.iter().chain(&assessment.against).cloned().collect(),
        objections: objections.into_iter().collect(),
        unproven: unproven_keys(plan, evidence).into_iter().chain(evidence.testimony.to_do.iter().cloned()).collect(),
        obstacles,
    }
}

/// Every statement that the decision looked at, so that it can be made again.
fn weighed(plan: &Plan<'_>, evidence: &Evidence) -> Vec<Signed> {
    let new = new_keys(plan).filter_map(|(person, key)| Some((person.id.clone(), key.public.clone()?)));
    let proofs = new.filter_map(|held| evidence.testimony.proven_keys.get(&held));
    let mut statements: Vec<Signed> = evidence.testimony.statements.iter().chain(proofs).cloned().collect();
    statements.sort();
    statements.dedup();
    statements
}

fn other_digest(plan: &Plan<'_>, reviewed: &Reviewed, evidence: &Evidence) -> Option<Refusal> {
    let reviewed = match (reviewed, evidence.merge_bases.as_slice()) {
        (Reviewed::Is(same), _) if *same == plan.digest => return None,
        // without a single merge base nothing says what was reviewed, which is refused as such
        (Reviewed::Unreadable, [] | [_, _, ..]) => return None,
        (Reviewed::Unreadable, [_]) => "the reviewed change can't be read".to_owned(),
        (Reviewed::Is(other), _) => format!("the reviewed change is {other}"),
    };
    let help = "update the branch from the protected one, look at the plan, and approve again";
    Some(Refusal::new(
        &codes::DIGEST_MISMATCH,
        format!("{reviewed}, what the final tree gives is {}", plan.digest),
        help,
    ))
}

fn misread(head: &Revision) -> Refusal {
    let first = head.reading.iter().find(|f| f.severity == crate::finding::Severity::Error);
    let what = first.map(|f| format!("{}: {}", f.place, f.message)).unwrap_or_default();
    Refusal::new(&codes::LANDED_TREE_INVALID, what, "correct what `dualkey lint` names, or restore the path")
}

/// Which landing rules the trees break.
fn landing_refusals(evidence: &Evidence) -> Vec<Refusal> {
    let [_one] = evidence.merge_bases.as_slice() else {
        return vec![Refusal::new(
            &codes::MERGE_BASE_AMBIGUOUS,
            format!(
                "{} and {} have {} merge bases",
                evidence.base.short(),
                evidence.head.short(),
                evidence.merge_bases.len()
            ),
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

fn found(finding: &Finding) -> Refusal {
    Refusal::new(&finding.rule.code, format!("{}: {}", finding.place, finding.message), &finding.help)
}

/// Keys that the change brings, without a statement that the key itself signed.
fn unproven_keys(plan: &Plan<'_>, evidence: &Evidence) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (person, key) in new_keys(plan) {
        // one that can't be read is an error of its own
        let Some(public) = &key.public else { continue };
        if !evidence.testimony.proven_keys.contains_key(&(person.id.clone(), public.clone())) {
            let fact = format!(
                "`{}` gets the key `{}`, and nobody has shown to hold it",
                person.id,
                ssh_key::PublicKey::from(public.clone()).fingerprint(ssh_key::HashAlg::Sha256)
            );
            let help = format!(
                "whoever holds it runs `dualkey approve --prove-key --as {} --key FILE`, in any clone",
                person.id
            );
            refusals.push(Refusal::new(&codes::KEY_UNPROVEN, fact, help));
        }
    }
    refusals
}

/// Keys that the change brings, each with whose it is.
fn new_keys<'p>(plan: &'p Plan<'_>) -> impl Iterator<Item = (&'p Person, &'p PersonKey)> {
    let before = &plan.base.access.people;
    plan.head.access.people.values().flat_map(move |person| {
        let held = before.get(&person.id).map_or(&[][..], |before| &before.keys);
        let new = person.keys.iter().filter(|key| !held.iter().any(|held| held.public == key.public));
        new.map(move |key| (person, key))
    })
}

/// What is missing, with the reasons against those who approved and don't count.
fn quorum_refusals(plan: &Plan<'_>, assessment: &Assessment, evidence: &Evidence) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for (side, class) in &plan.silent {
        refusals.push(Refusal::new(
            &NO_APPROVAL_RULE.code,
            format!("no approval rule of {} speaks of class {}", side.words(), class.as_str()),
            "add one under `approvals` in a policy, as a change of its own",
        ));
    }
    let given = assessment.given();
    let counting = assessment.circumstances.given(&given);
    let somebody = plan.requirements.iter().any(|requirement| requirement.given(counting).next().is_some());
    if is_met(plan, &assessment.circumstances, &given) && (somebody || plan.is_nothing()) {
        return refusals;
    }
    refusals.extend(evidence.testimony.ignored.iter().cloned());
    refusals.extend(assessment.against.iter().cloned());
    let said = Said { given, ..Said::default() };
    let standing = Standing::of(plan, assessment.circumstances.clone(), said);
    let unmet: Vec<(&Requirement, &RuleStanding)> =
        standing.with_rules(plan).filter(|(_, rule)| rule.missing > 0).collect();
    let ask = |unmet: &[(&Requirement, &RuleStanding)]| ask(&standing, unmet, &BTreeSet::new(), evidence);
    let help = ask(&unmet);
    if assessment.spoke == 0 {
        refusals.extend(evidence.testimony.stale.iter().map(|(person, head)| {
            let fact = format!("`{person}` approved {}, and the head is {}", head.short(), evidence.head.short());
            refusal(&codes::APPROVAL_STALE, fact)
        }));
        if evidence.testimony.stale.is_empty() && evidence.testimony.ignored.is_empty() && assessment.against.is_empty()
        {
            let fact = format!("nobody approved {}{}", evidence.head.short(), raised(&unmet, assessment));
            refusals.push(Refusal::new(&codes::NO_APPROVAL, fact, &help));
            return refusals;
        }
    }
    for (requirement, rule) in &unmet {
        let help = ask(&[(requirement, rule)]);
        if rule.sponsors_alone {
            refusals.push(Refusal::new(&codes::SPONSOR_ALONE, sponsor_alone(requirement), &help));
            if rule.given.len() >= rule.needed {
                continue;
            }
        }
        refusals.push(Refusal::new(&codes::QUORUM_NOT_MET, missing(requirement, rule, assessment), help));
    }
    let asked = assessment.raised();
    let without_requests = Circumstances { surplus: asked, ..assessment.circumstances.clone() };
    if unmet.is_empty() && !is_met(plan, &without_requests, &standing.said.given) {
        let because: Vec<String> = assessment.in_all_because.iter().map(ToString::to_string).collect();
        let fact = format!(
            "every rule is met, and {} more {} asked for: {}",
            people(asked.in_all),
            if asked.in_all == 1 { "is" } else { "are" },
            because.join("; ")
        );
        refusals.push(Refusal::new(&codes::QUORUM_NOT_MET, fact, &help));
    }
    if !assessment.requests.is_empty() {
        refusals.push(asked_for_changes(plan, assessment, evidence));
    }
    refusals
}

/// Who asked for changes, and what would overcome that.
fn asked_for_changes(plan: &Plan<'_>, assessment: &Assessment, evidence: &Evidence) -> Refusal {
    let names: Vec<String> = assessment.requests.iter().map(|person| format!("`{person}`")).collect();
    let fact = format!(
        "{} asked for changes, and {} more than the rules ask for would overcome that",
        names.join(" and "),
        people(assessment.circumstances.surplus.in_all)
    );
    let said = Said { given: assessment.given(), ..Said::default() };
    let standing = Standing::of(plan, assessment.circumstances.clone(), said);
    let unmet: Vec<(&Requirement, &RuleStanding)> =
        standing.with_rules(plan).filter(|(_, rule)| rule.missing > 0).collect();
    let help = format!(
        "settle it with {}, who then runs `dualkey approve` with or without `--withdraw`; or {}",
        names.join(" and "),
        ask(&standing, &unmet, &assessment.requests, evidence)
    );
    Refusal::new(&codes::CHANGES_REQUESTED, fact, help)
}

fn sponsor_alone(requirement: &Requirement) -> String {
    let sponsors: Vec<String> = requirement.sponsors.iter().map(|person| format!("`{person}`")).collect();
    format!(
        "rule `{}` is met by somebody else than {}, who answers for a service that gains",
        requirement.rule,
        sponsors.join(" or ")
    )
}

/// The last resort, outside of the repository.
const WAY_BACK: &str = "; where those who could are gone for good, whoever keeps the anchor begins anew from a commit that \
                        names others: `dualkey audit init --genesis REV --continue`";

fn people(count: u32) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// Why a rule asks for more than its count, where it does.
fn more(requirement: &Requirement, rule: &RuleStanding, assessment: &Assessment) -> Option<String> {
    let mut because: Vec<String> = assessment.each_because.iter().map(ToString::to_string).collect();
    if requirement.everyone_gains {
        because.push(format!("{}: everybody whom it asks gains by the change", codes::EVERYONE_BENEFITS.id));
    }
    let more = rule.needed.saturating_sub(usize::try_from(requirement.count).unwrap_or(usize::MAX));
    (!because.is_empty()).then(|| format!("{more} more than the rule's {}: {}", requirement.count, because.join("; ")))
}

/// The same of the first rule that does, behind what is said of all.
fn raised(unmet: &[(&Requirement, &RuleStanding)], assessment: &Assessment) -> String {
    let first = unmet.iter().find_map(|(requirement, rule)| {
        let because = more(requirement, rule, assessment)?;
        Some(format!(", and rule `{}` asks for {} ({because})", requirement.rule, rule.needed))
    });
    first.unwrap_or_default()
}

/// How far a rule is from being met, and why it asks for so many.
fn missing(requirement: &Requirement, rule: &RuleStanding, assessment: &Assessment) -> String {
    let (needed, given) = (rule.needed, rule.given.len());
    let mut fact = format!(
        "rule `{}`{} asks for {needed} approval{} by {}{}, and {given} count{}",
        requirement.rule,
        if requirement.side == Side::New { " of the new policy" } else { "" },
        if needed == 1 { "" } else { "s" },
        requirement.from.join(" or "),
        if requirement.by == ApprovedBy::Signature { " by signature" } else { "" },
        if given == 1 { "s" } else { "" }
    );
    if let Some(because) = more(requirement, rule, assessment) {
        fact.push_str(&format!(" ({because})"));
    }
    fact
}

/// What to run, and who can, where these rules are not met; some people apart.
fn ask(
    standing: &Standing,
    unmet: &[(&Requirement, &RuleStanding)],
    but: &BTreeSet<PersonId>,
    evidence: &Evidence,
) -> String {
    let (who, head) = (who(standing, unmet, but), evidence.head.short());
    let must_sign = unmet.iter().any(|(requirement, _)| requirement.by == ApprovedBy::Signature);
    match evidence.testimony.pull.as_ref() {
        // whoever reviews it now is too late, and a signature isn't
        Some(pull) if pull.merged_at.is_some() => format!(
            "#{} is merged, and reviews of it come too late: revert it by a pull request of its own; or let it stand by one \
             that adds `policies/ratified/ID.yaml`, ID being the full id of the commit that landed; or run `dualkey approve \
             --head {head}` as {who}",
            pull.number
        ),
        Some(pull) if !must_sign => {
            format!("have #{} approved by {who}, or run `dualkey approve --head {head}` as them", pull.number)
        }
        Some(_) | None => format!("run `dualkey approve --head {head}` as {who}"),
    }
}

/// The people who could still approve, for a help line.
fn who(standing: &Standing, unmet: &[(&Requirement, &RuleStanding)], but: &BTreeSet<PersonId>) -> String {
    let given = &standing.said.given;
    let reserve = standing.reserve.iter().filter(|_| unmet.is_empty());
    let able = unmet.iter().flat_map(|(requirement, rule)| rule.left(requirement));
    let able: BTreeSet<&PersonId> =
        able.chain(reserve.clone().flat_map(|reserve| reserve.able.difference(given))).collect();
    let names: Vec<String> =
        able.into_iter().filter(|person| !but.contains(*person)).take(5).map(|person| format!("`{person}`")).collect();
    if !names.is_empty() {
        let needed = unmet.iter().map(|(_, rule)| rule.missing).max();
        let beside = standing.reserve.as_ref().map(|reserve| reserve.needed.saturating_sub(reserve.given.len()));
        return match needed.or(beside).unwrap_or(1) {
            0 | 1 => names.join(" or "),
            all if all >= names.len() => names.join(" and "),
            some => format!("{some} of {}", names.join(", ")),
        };
    }
    let made = |bar: &Bar| matches!(bar, Bar::Made(_) | Bar::Answers(_));
    let barred = unmet.iter().flat_map(|(_, rule)| &rule.barred).chain(reserve.flat_map(|reserve| &reserve.barred));
    // of those who can't, some can't for nothing but that they made it
    if barred.into_iter().any(|(_, bars)| bars.iter().all(made)) {
        return "somebody else (nobody is left but who made it: let another person commit it anew)".to_owned();
    }
    "somebody whom the rules entitle (nobody is left: `dualkey lint` says what to do)".to_owned()
}
