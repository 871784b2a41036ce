//! What differs live from what was approved, and what else live state shows, as text.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::escape::terminal;
use super::facts::tail;
use super::findings::word;
use super::operations::{LISTED, lines};
use super::style::{Style, count};
use crate::access::TargetId;
use crate::apply::Drift;
use crate::finding::Severity;
use crate::plan::live::{LiveFinding, path};
use crate::plan::operations::Found;
use crate::targets::Resource;

/// What differs live from what was approved.
pub fn text(drift: &Drift, zone: &TimeZone, style: Style) -> String {
    let difference = &drift.difference;
    let seen = match (drift.is_whole(), drift.read.is_empty()) {
        (true, _) => "",
        (false, false) => "where it could be read, ",
        (false, true) => "no target could be read; ",
    };
    let mut text = match difference.operations.len() {
        0 if drift.read.is_empty() && !drift.is_whole() => "no target could be read\n".to_owned(),
        0 => format!("{seen}live access is what was approved\n"),
        1 => format!("{seen}1 difference; apply would\n"),
        many => format!("{seen}{many} differences; apply would\n"),
    };
    for line in not_read(drift.unread.keys(), drift.unread_resources.keys()) {
        text.push_str(&style.yellow(&style.wrap(&format!("{line}\n"), 0, "  ")));
    }
    text.push_str(&lines(&difference.operations, zone, style));
    text.push_str(&findings(&drift.findings, style));
    text.push_str(&pending(&difference.pending, zone, style));
    if !difference.unmanaged.is_empty() {
        text.push_str("left alone, since nothing says that dualkey gave it\n");
        for one in &difference.unmanaged {
            text.push_str(&format!("  {}\n", style.wrap(&found(one, zone), 2, "      ")));
        }
    }
    text
}

/// What is live of somebody or on something beside what grants give.
pub(super) fn beside(drift: &Drift, zone: &TimeZone, style: Style) -> String {
    let mut text = String::new();
    for line in not_read(drift.unread.keys(), drift.unread_resources.keys()) {
        text.push_str(&style.yellow(&style.wrap(&format!("{line}\n"), 0, "  ")));
    }
    for one in &drift.by_groups {
        let (kind, resource, permission) = (one.live.kind.name, &one.live.resource, &one.live.permission);
        let hours = tail(&one.live.conditions, zone);
        let declared = if one.declared { "declared" } else { "undeclared" };
        let line = format!(
            "{}  {}  {kind} {resource}  {permission}{hours}, by the group {} ({declared})",
            one.person,
            one.target,
            path(&one.via)
        );
        text.push_str(&format!("  {}\n", style.wrap(&terminal(&line), 2, "      ")));
    }
    for one in &drift.difference.unmanaged {
        text.push_str(&format!("  {}\n", style.wrap(&format!("{}, undeclared", found(one, zone)), 2, "      ")));
    }
    text.push_str(&lines(&drift.difference.operations, zone, style));
    text.push_str(&pending(&drift.difference.pending, zone, style));
    text.push_str(&findings(&drift.findings, style));
    if text.is_empty() { "nothing else is live now\n".to_owned() } else { format!("live now, beside that\n{text}") }
}

/// What was given and is held by nobody yet.
pub(super) fn pending(pending: &[Found], zone: &TimeZone, style: Style) -> String {
    if pending.is_empty() {
        return String::new();
    }
    let mut text = "pending, until who was given it accepts or takes it\n".to_owned();
    for one in pending.iter().take(LISTED) {
        text.push_str(&format!("  {}\n", style.wrap(&found(one, zone), 2, "      ")));
    }
    if pending.len() > LISTED {
        text.push_str(&format!("  … and {} more; `--format json` lists them all\n", pending.len() - LISTED));
    }
    text
}

/// A live entitlement as a line.
pub(super) fn found(one: &Found, zone: &TimeZone) -> String {
    let whose = one.person.as_ref().map_or_else(|| one.live.principal.to_string(), ToString::to_string);
    let hours = tail(&one.live.conditions, zone);
    let latent = one.live.latent.map(|latent| format!(" ({latent})")).unwrap_or_default();
    let (kind, resource, permission) = (one.live.kind.name, &one.live.resource, &one.live.permission);
    terminal(&format!("{whose}  {}  {kind} {resource}  {permission}{hours}{latent}", one.target))
}

/// What live state shows beside operations, errors first.
pub(super) fn findings(findings: &[LiveFinding], style: Style) -> String {
    let mut text = String::new();
    for severity in [Severity::Error, Severity::Warning] {
        let mut said: Vec<(&str, &str)> = Vec::new();
        for finding in findings.iter().filter(|finding| finding.severity == severity) {
            // what is about several people reads the same for each of them
            let words = (finding.rule.code.id, finding.message.as_str());
            if said.last() == Some(&words) {
                continue;
            }
            said.push(words);
            let label = format!("{} {}", word(severity), finding.rule.code.id);
            let label = if severity == Severity::Error { style.red(&label) } else { style.yellow(&label) };
            let rest = style.wrap(&terminal(&finding.message), finding.rule.code.id.len() + 8, "    ");
            text.push_str(&format!("{label} {rest}\n"));
            text.push_str(&format!("  help: {}\n", style.wrap(&terminal(&finding.help), 8, "        ")));
        }
    }
    text
}

/// A line for what nobody knows.
pub(super) fn not_read<'a>(
    targets: impl Iterator<Item = &'a TargetId>,
    resources: impl Iterator<Item = &'a (TargetId, Resource)>,
) -> Vec<String> {
    let told = |what: &str| terminal(&format!("not read: {what}; nobody knows what is held there"));
    let names: Vec<&str> = targets.map(TargetId::as_str).collect();
    let whole = (!names.is_empty()).then(|| told(&names.join(", ")));
    let resources: Vec<&(TargetId, Resource)> = resources.collect();
    let at: BTreeSet<&TargetId> = resources.iter().map(|(target, _)| target).collect();
    let each = at.into_iter().map(|target| {
        let here = || resources.iter().filter(|(at, _)| at == target).map(|(_, resource)| resource.to_string());
        let more = here().count().saturating_sub(LISTED);
        let tail = if more == 0 { String::new() } else { format!(" and {more} more") };
        let names: Vec<String> = here().take(LISTED).collect();
        told(&format!("{}{tail} at {target}", names.join(", ")))
    });
    whole.into_iter().chain(each).collect()
}

/// How many people have something by groups, for a line below the operations.
pub(super) fn counted(drift: &Drift) -> Vec<String> {
    let unmanaged = drift.difference.unmanaged.len();
    let pending = drift.difference.pending.len();
    [(unmanaged, "undeclared entitlement", "left as found"), (pending, "entitlement", "pending")]
        .into_iter()
        .filter(|(number, _, _)| *number > 0)
        .map(|(number, what, state)| format!("{} {state}", count(number, what)))
        .collect()
}
