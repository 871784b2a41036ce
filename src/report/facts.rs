//! What a plan has to say, sentence by sentence. Text and markdown differ in how they write data, not in what they say.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::findings::place_text;
use super::style::count;
use super::view::PlanView;
use super::voice::{LISTED, Voice};
use super::{approvers, standing};
use crate::access::{ChangeClass, Conditions, PersonId};
use crate::finding::{Finding, State};
use crate::plan::judges::{JudgeChange, Panel};
use crate::plan::{Operation, Verdict};
use crate::repository::Oid;

impl<'a> PlanView<'a> {
    pub(super) fn verdict(&self) -> Verdict {
        self.standing.verdict
    }

    pub(super) fn zone(&self) -> &'a TimeZone {
        &self.plan.head.access.config.zone
    }

    /// What follows the verdict's word. A rule that the change leaves with too few people stands in the same line.
    pub(super) fn because(&self, voice: Voice) -> String {
        format!("{}{}", self.verdict_because(voice), approvers::short(self.plan, voice))
    }

    fn verdict_because(&self, voice: Voice) -> String {
        match self.verdict() {
            Verdict::Nothing => "no managed file differs".to_owned(),
            Verdict::Ready => {
                let given = self.standing.rules.iter().flat_map(|rule| &rule.given);
                let names: BTreeSet<&str> = given.map(PersonId::as_str).collect();
                format!("approved by {}", voice.list(names, " and "))
            }
            Verdict::Blocked => self.blocked(voice),
            Verdict::NeedsApproval => standing::awaited(self, voice),
        }
    }

    fn blocked(&self, voice: Voice) -> String {
        let errors: Vec<&Finding> = self.plan.blocking().collect();
        if let Some(first) = errors.first() {
            let place = voice.data(&place_text(&first.place));
            let more = if errors.len() > 1 { ", the first is" } else { ":" };
            let rule = voice.data(first.rule.code.id);
            return format!("by {}{more} {rule} at {place}", count(errors.len(), "new error"));
        }
        match self.standing.said.obstacles.first() {
            Some(first) => format!("by {}: {}", voice.data(first.code.id), voice.message(&first.message)),
            None => "by the policies: no approval rule matches this change".to_owned(),
        }
    }

    /// What weighs more than a line of access: removal in masses, files of class policy, and who judges.
    pub(super) fn warnings(&self, voice: Voice) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some((removed, of)) = self.plan.mass_removal {
            warnings.push(format!("removes {removed} of {}: one approval more is asked for", count(of, "entitlement")));
        }
        let ratified: Vec<String> = self.plan.ratified().map(|landing| landing.short()).collect();
        if !ratified.is_empty() {
            let ratified = voice.list(ratified.iter().map(String::as_str), " and ");
            warnings.push(format!("ratifies what was refused as {ratified}: one approval more is asked for"));
        }
        warnings.extend(approvers::replaced(self.plan, voice));
        let policy = self.policy_files();
        if !policy.is_empty() {
            warnings.push(format!("changes {}", voice.list(policy, ", ")));
        }
        warnings.extend(approvers::words(self.plan, voice));
        warnings.extend(approvers::moves(self.plan, voice));
        let told = self.plan.errors().count();
        if told > 0 && self.plan.blocking().next().is_none() {
            warnings.push(format!("{} left, which don't hold up what only takes away", count(told, "new error")));
        }
        let judges: Vec<&str> = self.judging().map(|change| change.judge.as_str()).collect();
        if !judges.is_empty() {
            warnings.push(format!("changes who judges: {}", voice.list(judges, ", ")));
        }
        warnings
    }

    /// All changed files of class policy, where the warning could not name them all.
    pub(super) fn more_policy_files(&self, voice: Voice) -> Vec<String> {
        let files = self.policy_files();
        if files.len() > LISTED { files.into_iter().map(|path| voice.data(path)).collect() } else { Vec::new() }
    }

    fn policy_files(&self) -> Vec<&'a str> {
        self.plan.classes.paths().filter(|(_, class)| *class == ChangeClass::Policy).map(|(path, _)| path).collect()
    }

    /// Who judges changes, a line a rule, owner list or sponsor that differs.
    pub(super) fn judges(&self, voice: Voice) -> Vec<String> {
        self.judging().map(|change| judge(change, voice)).collect()
    }

    /// The sponsor of a person who comes or goes judges nothing that stood; it is named beside the person.
    fn judging(&self) -> impl Iterator<Item = &'a JudgeChange> {
        self.plan.judges.iter().filter(|change| {
            let owners = change.judge.strip_prefix("owners:");
            let renames = &self.plan.renames.domains;
            let is_renamed =
                |domain: &str| renames.iter().any(|(new, old)| [new.as_str(), old.as_str()].contains(&domain));
            if self.plan.renames.only && owners.is_some_and(is_renamed) {
                return false;
            }
            let of_person = change.judge.strip_prefix("sponsor:").is_some_and(|of| !of.starts_with("vendor:"));
            !of_person || (change.before.is_some() && change.after.is_some())
        })
    }

    /// That the protected branch has more than what the change starts from.
    pub(super) fn behind(&self, voice: Voice) -> Option<String> {
        let branch = voice.data(&self.plan.base.access.config.branch);
        let said = |first: Oid| {
            format!(
                "starts at the last verified landing: {branch} has refused commits since, the first is {}",
                voice.data(&first.short())
            )
        };
        self.labels.refused.map(said)
    }

    /// Classes, risk and ends of the change in one line.
    pub(super) fn outline(&self, voice: Voice) -> String {
        let classes: Vec<&str> = self.plan.classes.all().into_iter().map(ChangeClass::as_str).collect();
        let risk = self.plan.risk().map(|risk| format!(", risk {}", risk.as_str())).unwrap_or_default();
        format!(
            "{}{risk}, from {} to {}",
            classes.join(" + "),
            voice.data(self.labels.base),
            voice.data(self.labels.head)
        )
    }

    pub(super) fn findings(&self, state: State) -> Vec<&'a Finding> {
        self.plan.findings.iter().filter(|finding| finding.state == state).collect()
    }
}

/// Conditions behind a comma; nothing where there are none.
pub(super) fn tail(conditions: &Conditions, zone: &TimeZone) -> String {
    if conditions.is_empty() { String::new() } else { format!(", {}", conditions.words(zone)) }
}

/// The permission of an operation, for a change with the one before.
pub(super) fn permission(operation: &Operation) -> String {
    let latent = operation.latent.map(|latent| format!(" ({latent})")).unwrap_or_default();
    match &operation.previous {
        Some(previous) if previous.permission != operation.permission => {
            format!("{}{latent} → {}", previous.permission, operation.permission)
        }
        Some(_) | None => format!("{}{latent}", operation.permission),
    }
}

/// The conditions of an operation as in [`tail`], for a change of them with those before.
pub(super) fn conditions(operation: &Operation, zone: &TimeZone) -> String {
    match &operation.previous {
        Some(previous) if previous.conditions != operation.conditions => {
            format!(", {} → {}", previous.conditions.words(zone), operation.conditions.words(zone))
        }
        Some(_) | None => tail(&operation.conditions, zone),
    }
}

fn judge(change: &JudgeChange, voice: Voice) -> String {
    let everyone = |panel: &Panel| {
        let names = panel.people.keys().map(|person| voice.data(person.as_str())).collect::<Vec<_>>().join(", ");
        let asks = voice.words(&panel.asks);
        [asks, names].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
    };
    let what = match (&change.before, &change.after) {
        (None, Some(after)) => vec![format!("new, {}", everyone(after))],
        (Some(before), None) => vec![format!("gone, was {}", everyone(before))],
        (Some(before), Some(after)) => differences(before, after, voice),
        (None, None) => Vec::new(),
    };
    format!("{}: {}", voice.data(&change.judge), what.join("; "))
}

fn differences(before: &Panel, after: &Panel, voice: Voice) -> Vec<String> {
    let mut parts = Vec::new();
    if before.asks != after.asks {
        parts.push(format!("asks {}, asked {}", voice.words(&after.asks), voice.words(&before.asks)));
    }
    // all of them: who judges is never cut short
    let names = |people: Vec<&PersonId>| people.iter().map(|p| voice.data(p.as_str())).collect::<Vec<_>>().join(", ");
    let added: Vec<_> = after.people.keys().filter(|person| !before.people.contains_key(*person)).collect();
    let gone: Vec<_> = before.people.keys().filter(|person| !after.people.contains_key(*person)).collect();
    let other: Vec<_> = before
        .people
        .iter()
        .filter(|(person, proofs)| after.people.get(*person).is_some_and(|now| now != *proofs))
        .map(|(person, _)| person)
        .collect();
    for (people, what) in [(added, "adds"), (gone, "drops"), (other, "other keys or account for")] {
        if !people.is_empty() {
            parts.push(format!("{what} {}", names(people)));
        }
    }
    parts
}
