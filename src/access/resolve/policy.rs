//! Policies: files add up, ids are unique, and of two limits the stricter holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use sha2::{Digest, Sha256};

use super::context::{Context, field, item};
use super::resources::{days, nearest};
use crate::access::id::{DomainId, Duty, GroupId, PersonId, PolicyId, RoleId};
use crate::access::model::{
    ApprovalRule, Approvers, ChangeClass, Config, DutyRule, DutySet, Leftover, Policy, Ratification, RemovalLimit,
    Waiver,
};
use crate::access::pattern::EntitlementPattern;
use crate::access::raw::{self, ApprovedBy};
use crate::access::reading::{INVALID_ID, Step, quote};
use crate::access::time::Days;
use crate::finding::{Finding, Place, Severity};
use crate::repository::Oid;

pub(super) fn add(raw: &raw::Policy, policy: &mut Policy, config: &Config, context: &mut Context<'_>) {
    for (index, rule) in raw.duties.iter().flatten().enumerate() {
        let path = [Step::Key("duties"), Step::Index(index)];
        let Some(built) = duty_rule(rule, &path, context) else { continue };
        if let Some(first) = policy.duties.get(&built.id) {
            let finding = Finding::new(
                &INVALID_ID,
                context.source.place(&field(&path, "id")),
                format!("the id `{}` names two duties rules", built.id),
                "give one of them another id",
            );
            context.add(finding.related(first.place.clone(), "the first"));
            continue;
        }
        policy.duties.insert(built.id.clone(), built);
    }
    if let Some(limits) = &raw.limits {
        self::limits(limits, policy, context);
    }
    if let Some(admins) = &raw.admins {
        policy.admins_minimum = policy.admins_minimum.max(admins.minimum.unwrap_or_default());
        let required = admins.required.as_deref().unwrap_or_default();
        let path = [Step::Key("admins"), Step::Key("required")];
        for (index, text) in required.iter().enumerate() {
            let at = item(&path, index);
            if let Some(person) = context.id(PersonId::parse, text, &at) {
                policy.admins_required.insert(person, context.source.place(&at));
            }
        }
    }
    for (index, text) in raw.protected.iter().flatten().enumerate() {
        policy.protected.extend(pattern(text, &[Step::Key("protected"), Step::Index(index)], context));
    }
    for (index, listed) in raw.first_run.iter().flatten().enumerate() {
        self::first_run(listed, &[Step::Key("first_run"), Step::Index(index)], policy, config, context);
    }
    for (index, rule) in raw.approvals.iter().flatten().enumerate() {
        let path = [Step::Key("approvals"), Step::Index(index)];
        policy.approvals.extend(approval_rule(rule, &path, context));
    }
    if let Some(text) = &raw.approvals_last
        && let Some(last) = days(text, &[Step::Key("approvals_last")], context)
    {
        policy.approvals_last = Some(policy.approvals_last.map_or(last, |held| held.min(last)));
    }
    for (index, waiver) in raw.waivers.iter().flatten().enumerate() {
        let path = [Step::Key("waivers"), Step::Index(index)];
        policy.waivers.extend(self::waiver(waiver, &path, context));
    }
    for (rule, severity) in raw.severities.iter().flatten() {
        let severity = self::severity(*severity);
        let place = context.source.key_place(&[Step::Key("severities"), Step::Key(rule)]);
        let held = policy.severities.entry(rule.clone()).or_insert((severity, place));
        // of two severities the stricter holds, as with limits
        held.0 = severity.max(held.0);
    }
}

/// A ratification, with the landing of which it speaks.
pub(super) fn ratification(
    id: &str,
    raw: &raw::Ratification,
    context: &mut Context<'_>,
) -> Option<(Oid, Ratification)> {
    let owner = context.id(PersonId::parse, &raw.owner, &[Step::Key("owner")])?;
    // the path says it in full, or the file is refused
    Some((id.parse().ok()?, Ratification { owner, source: Arc::clone(context.source) }))
}

/// What the first run of a target takes away.
fn first_run(raw: &raw::FirstRun, path: &[Step<'_>], policy: &mut Policy, config: &Config, context: &mut Context<'_>) {
    let Some(target) = config.targets.values().find(|target| target.id.as_str() == raw.target) else {
        let known: Vec<&str> = config.targets.keys().map(|id| id.as_str()).collect();
        let help = match nearest(&raw.target, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the targets in dualkey.yaml are {}", known.join(", ")),
        };
        context.schema(&field(path, "target"), format!("{} is not a target", quote(&raw.target)), help);
        return;
    };
    let list = policy.first_run.entry(target.id.clone()).or_default();
    for (index, one) in raw.removes.iter().enumerate() {
        let at = item(&field(path, "removes"), index);
        let Some(kind) = context.kinds.get(&one.kind).filter(|kind| kind.target == target.target_type) else {
            context.schema(
                &field(&at, "kind"),
                format!("{} is not a kind of resource at `{}`", quote(&one.kind), target.id),
                "let `dualkey import TARGET --adopt` write the list",
            );
            continue;
        };
        if context.wildcard(&one.resource, &field(&at, "resource")) {
            continue;
        }
        for (key, text) in [("permission", &one.permission), ("account", &one.account)] {
            if text.is_empty() || text.chars().any(char::is_control) {
                context.schema(
                    &field(&at, key),
                    format!("{} names nothing", quote(text)),
                    "let `dualkey import TARGET --adopt` write the list",
                );
            }
        }
        let resource = kind.spelling(&one.resource);
        if let Err(why) = (kind.check_resource)(&resource) {
            context.schema(
                &field(&at, "resource"),
                format!("{} is not a {}: {why}", quote(&resource), kind.name),
                "let `dualkey import TARGET --adopt` write the list",
            );
            continue;
        }
        list.insert(Leftover { kind, resource, permission: one.permission.clone(), account: one.account.clone() });
    }
}

fn severity(name: raw::SeverityName) -> Severity {
    match name {
        raw::SeverityName::Error => Severity::Error,
        raw::SeverityName::Warning => Severity::Warning,
    }
}

fn pattern(text: &str, path: &[Step<'_>], context: &mut Context<'_>) -> Option<EntitlementPattern> {
    match EntitlementPattern::parse(text) {
        Ok(pattern) if pattern.kind() == "*" || context.kinds.get(pattern.kind()).is_some() => {
            Some(pattern.spelled(context.kinds))
        }
        Ok(pattern) => {
            let known: Vec<&str> = context.kinds.names().collect();
            context.schema(
                path,
                format!("`{}` is not a kind of resource", pattern.kind().escape_debug()),
                format!("the kinds are {}, or `*` for any", known.join(", ")),
            );
            None
        }
        Err(why) => {
            context.schema(path, format!("{} is not a pattern", quote(text)), why);
            None
        }
    }
}

fn duty_rule(raw: &raw::DutyRule, path: &[Step<'_>], context: &mut Context<'_>) -> Option<DutyRule> {
    let id = context.id(PolicyId::parse, &raw.id, &field(path, "id"));
    let mut sets = BTreeMap::new();
    for (name, set) in &raw.sets {
        let path = field(&field(path, "sets"), name);
        let built = DutySet {
            duties: context
                .ids(Duty::parse, set.duties.as_deref().unwrap_or_default(), &field(&path, "duties"))
                .into_iter()
                .collect(),
            roles: context
                .ids(RoleId::parse, set.roles.as_deref().unwrap_or_default(), &field(&path, "roles"))
                .into_iter()
                .collect(),
            entitlements: set
                .entitlements
                .iter()
                .flatten()
                .enumerate()
                .filter_map(|(index, text)| pattern(text, &item(&field(&path, "entitlements"), index), context))
                .collect(),
            environments: set.environments.iter().flatten().copied().collect(),
            domains: context
                .ids(DomainId::parse, set.domains.as_deref().unwrap_or_default(), &field(&path, "domains"))
                .into_iter()
                .collect(),
            at_most: set.at_most,
        };
        if built.duties.is_empty() && built.roles.is_empty() && built.entitlements.is_empty() {
            context.schema(
                &path,
                format!("the set {} names nothing, so nobody can hold it", quote(name)),
                "name `duties`, `roles` or `entitlements`",
            );
        }
        sets.insert(name.clone(), built);
    }
    let at_most = raw.at_most.unwrap_or(1);
    let inner = sets.values().any(|set| set.at_most.is_some());
    if at_most == 0 || sets.values().any(|set| set.at_most == Some(0)) {
        context.schema(path, "`at_most: 0` forbids the duty to everybody", "write 1 or more, or remove the grants");
    } else if !inner && usize::try_from(at_most).is_ok_and(|most| most >= sets.len()) {
        context.schema(
            path,
            format!("{} sets of which a person may hold {at_most}: the rule can't be broken", sets.len()),
            "name more sets than `at_most`, or write `at_most` inside the set",
        );
    }
    let severity = raw.severity.map_or(Severity::Error, severity);
    Some(DutyRule {
        digest: rule_digest(raw, at_most, severity),
        id: id?,
        title: raw.title.clone(),
        sets,
        at_most,
        severity,
        place: context.source.place(path),
    })
}

/// `sha256:…` over RFC 8785 JSON of what the rule says, with defaults filled in and lists sorted.
fn rule_digest(raw: &raw::DutyRule, at_most: u32, severity: Severity) -> String {
    let sorted = |list: &Option<Vec<String>>| {
        let mut list = list.clone().unwrap_or_default();
        list.sort();
        list
    };
    let sets: BTreeMap<&str, serde_json::Value> = raw
        .sets
        .iter()
        .map(|(name, set)| {
            let mut environments: Vec<_> = set.environments.iter().flatten().copied().collect();
            environments.sort();
            let environments: Vec<String> = environments.iter().map(|e| e.as_str().to_owned()).collect();
            let value = json!({
                "duties": sorted(&set.duties),
                "roles": sorted(&set.roles),
                "entitlements": sorted(&set.entitlements),
                "environments": environments,
                "domains": sorted(&set.domains),
                "at_most": set.at_most,
            });
            (name.as_str(), value)
        })
        .collect();
    let content = json!({ "id": raw.id, "sets": sets, "at_most": at_most, "severity": severity });
    // a JSON value of texts and small numbers always has a canonical form
    let canonical = serde_json_canonicalizer::to_vec(&content).unwrap_or_default();
    format!("sha256:{}", crate::hex::encode(&Sha256::digest(canonical)))
}

fn limits(raw: &raw::Limits, policy: &mut Policy, context: &mut Context<'_>) {
    let path = [Step::Key("limits")];
    if let Some(removals) = &raw.removals {
        let path = field(&path, "removals");
        let digits = removals.fraction.strip_suffix('%').filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        match digits.and_then(|n| n.parse::<u32>().ok()).filter(|n| *n <= 100) {
            Some(percent) => {
                let limit = RemovalLimit { count: removals.count, percent };
                policy.removals = Some(policy.removals.map_or(limit, |held| RemovalLimit {
                    count: held.count.min(limit.count),
                    percent: held.percent.min(limit.percent),
                }));
            }
            None => context.schema(
                &field(&path, "fraction"),
                format!("{} is not a share", quote(&removals.fraction)),
                "write whole hundredths, such as `5%`",
            ),
        }
    }
    let mut shorter = |held: &mut Option<Days>, text: Option<&String>, section: &str, name: &str| {
        let Some(text) = text else { return };
        let at = field(&field(&path, section), name);
        if let Some(days) = days(text, &at, context) {
            *held = Some(held.map_or(days, |held| held.min(days)));
        }
    };
    let grants = raw.grants.as_ref().and_then(|g| g.contractor_max_duration.as_ref());
    shorter(&mut policy.contractor_max_duration, grants, "grants", "contractor_max_duration");
    let waivers = raw.waivers.as_ref().and_then(|w| w.max_duration.as_ref());
    shorter(&mut policy.waiver_max_duration, waivers, "waivers", "max_duration");
}

fn approval_rule(raw: &raw::ApprovalRule, path: &[Step<'_>], context: &mut Context<'_>) -> Option<ApprovalRule> {
    let id = match &raw.id {
        Some(text) => context.id(PolicyId::parse, text, &field(path, "id"))?.to_string(),
        None => String::new(),
    };
    if raw.count == 0 {
        context.schema(&field(path, "count"), "an approval rule with `count: 0` asks for nobody", "write 1 or more");
        return None;
    }
    let mut from = Vec::new();
    for (index, word) in raw.from.0.iter().enumerate() {
        let at = item(&field(path, "from"), index);
        match word.as_str() {
            "domain-owners" => from.push(Approvers::DomainOwners),
            "sponsors" => from.push(Approvers::Sponsors),
            other => match other.strip_prefix("group:") {
                Some(group) => from.extend(context.id(GroupId::parse, group, &at).map(Approvers::Group)),
                None => context.schema(
                    &at,
                    format!("{} names no approvers", quote(other)),
                    "write domain-owners, sponsors or group:ID; one person alone is a group of one",
                ),
            },
        }
    }
    from.sort();
    from.dedup();
    Some(ApprovalRule {
        id,
        change: match raw.change {
            raw::ChangeClassName::Policy => ChangeClass::Policy,
            raw::ChangeClassName::Bridge => ChangeClass::Bridge,
            raw::ChangeClassName::Identity => ChangeClass::Identity,
            raw::ChangeClassName::Access => ChangeClass::Access,
            raw::ChangeClassName::Removal => ChangeClass::Removal,
        },
        risk: raw.risk,
        count: raw.count,
        from,
        by: raw.by.unwrap_or(ApprovedBy::Any),
        place: context.source.place(path),
    })
}

/// Gives rules without an id theirs: `<class>[-<risk>]-<n>`, counted over all rules of that class and risk. An id names
/// one rule, or a change of the other would go unseen.
pub(super) fn name_approval_rules(policy: &mut Policy, findings: &mut Vec<Finding>) {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut first: BTreeMap<String, Place> = BTreeMap::new();
    // counted by what they say, so that a file can be renamed or sorted without changing whom a digest speaks of
    let mut order: Vec<usize> = (0..policy.approvals.len()).collect();
    order.sort_by_key(|index| policy.approvals.get(*index).map(|rule| (rule.count, rule.from.clone())));
    for index in order {
        let Some(rule) = policy.approvals.get_mut(index) else { continue };
        let mut stem = rule.change.as_str().to_owned();
        if let Some(risk) = rule.risk {
            stem.push('-');
            stem.push_str(risk.as_str());
        }
        let count = counts.entry(stem.clone()).or_default();
        *count += 1;
        if rule.id.is_empty() {
            rule.id = format!("{stem}-{count}");
        }
        match first.get(&rule.id) {
            Some(first) => {
                let message = format!("the id `{}` names two approval rules", rule.id);
                let finding = Finding::new(&INVALID_ID, rule.place.clone(), message, "give one of them another id");
                findings.push(finding.related(first.clone(), "the first"));
            }
            None => {
                first.insert(rule.id.clone(), rule.place.clone());
            }
        }
    }
}

fn waiver(raw: &raw::Waiver, path: &[Step<'_>], context: &mut Context<'_>) -> Option<Waiver> {
    let rule = context.id(PolicyId::parse, &raw.rule, &field(path, "rule"));
    let person = context.id(PersonId::parse, &raw.person, &field(path, "person"));
    let owner = context.id(PersonId::parse, &raw.owner, &field(path, "owner"));
    let interval = context.interval(&raw.from, &raw.until, path);
    Some(Waiver {
        rule: rule?,
        rule_digest: raw.rule_digest.clone(),
        person: person?,
        interval: interval?,
        owner: owner?,
        place: context.source.place(path),
    })
}
