//! What apply did, as text.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;

use super::escape::terminal;
use super::operations::{LATER, LISTED, line, lines};
use super::style::Style;
use super::{drift, errors};
use crate::access::TargetId;
use crate::access::time::format_moment;
use crate::apply::{Extent, Outcome};

fn listed(targets: &BTreeSet<TargetId>) -> String {
    let names: Vec<&str> = targets.iter().map(TargetId::as_str).collect();
    terminal(&names.join(", "))
}

/// What came of a run: done, failed, not started, waiting, refused.
pub fn text(outcome: &Outcome, zone: &TimeZone, style: Style) -> String {
    let commit = outcome.commit.short();
    let mut text = String::new();
    let all = outcome.done.len() + outcome.failed.len() + outcome.not_started.len();
    text.push_str(&match (&outcome.extent, outcome.done.len(), all) {
        (Extent::Superseded, ..) => format!("{commit} is applied already; nothing to do\n"),
        (Extent::Unseen, ..) => format!("{commit}: nothing was read, so nothing was changed\n"),
        (Extent::Reduced { read, .. }, 0, 0) => match read.is_empty() {
            true => format!("{commit}: no target could be read, so nothing was changed\n"),
            false => style.wrap(&format!("{commit}: nothing to take away at {}\n", listed(read)), 0, "  "),
        },
        (Extent::Whole { .. }, 0, 0) => format!("{commit}: nothing to change\n"),
        (Extent::Whole { .. } | Extent::Reduced { .. }, done, all) => format!("{commit}: {done} of {all} done\n"),
    });
    if let Extent::Reduced { only_took, .. } = &outcome.extent {
        text.push_str(&style.yellow(match only_took {
            true => "this run only took away; what is missing for more is told below\n",
            false => "some of what is to be given waits; what is missing for it is told below\n",
        }));
        for line in drift::not_read(outcome.unread(), outcome.unread_resources()) {
            text.push_str(&style.yellow(&style.wrap(&format!("{line}\n"), 0, "  ")));
        }
    }
    text.push_str(&lines(&outcome.done, zone, style));
    for (operation, done) in outcome.left.iter().take(LISTED) {
        let whose = operation.person.as_ref().map_or_else(|| operation.principal.to_string(), ToString::to_string);
        let until = done.lives_until.map(|until| format!("sessions may go on until {}", format_moment(until, zone)));
        let what = [until, done.note.clone()].into_iter().flatten().collect::<Vec<_>>().join("; ");
        let line = format!("{whose} at {} {}: {what}", operation.target, operation.resource);
        text.push_str(&format!("{}\n", style.yellow(&style.wrap(&terminal(&line), 0, "  "))));
    }
    for (operation, why) in &outcome.failed {
        text.push_str(&style.red("failed\n"));
        text.push_str(&line(operation, zone, style));
        text.push_str(&format!("         {}\n", style.wrap(&terminal(why), 9, LATER)));
    }
    if !outcome.not_started.is_empty() {
        text.push_str(&style.yellow("not started\n"));
        text.push_str(&lines(&outcome.not_started, zone, style));
    }
    text.push_str(&drift::pending(&outcome.pending, zone, style));
    for waiting in &outcome.waiting {
        let behind = waiting.behind.map(|behind| format!(", behind {}", behind.short())).unwrap_or_default();
        let taken = outcome.removals.iter().find(|removal| removal.commit == waiting.landing).map(|removal| {
            let people: Vec<&str> = removal.approvals.iter().map(|given| given.person.as_str()).collect();
            match people.is_empty() {
                true => "; of it only what it takes away counts, and what it gave is left until it is over".to_owned(),
                false => format!("; what it removes goes through, approved by {}", people.join(", ")),
            }
        });
        let codes = waiting.codes.join(", ");
        let line = format!("waiting: {} ({codes}{behind}){}", waiting.landing.short(), taken.unwrap_or_default());
        text.push_str(&format!("{}\n", style.yellow(&style.wrap(&line, 0, "  "))));
    }
    if !outcome.waiting.is_empty() {
        text.push_str("  help: `dualkey verify` says of each landing that waits why, and what to do\n");
    }
    text.push_str(&errors::refusals(&outcome.refusals, style));
    if !outcome.is_logged() {
        text.push_str(&style.red("this run stands in no log\n"));
    }
    text
}
