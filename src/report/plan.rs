//! A plan as text: what a reviewer has to know first, then the diff, findings, approvals and operations.

use super::PlanView;
use super::diff::unified;
use super::escape::terminal;
use super::facts::{conditions, permission};
use super::findings::{is_folded, label, place_text, word};
use super::gains::{Gain, more, untold};
use super::rows::{Row, cut};
use super::style::{Style, count};
use super::voice::Voice;
use super::{changes, drift, standing};
use crate::access::time::format_end;
use crate::finding::{Finding, State};
use crate::plan::{self, Action, Operation, Verdict};

/// Lines about people in the answer at the top; the diff has them all.
const ANSWERS: usize = 8;

/// New findings that are shown with help; of the others so many lines.
const SHOWN: usize = 20;

/// Characters for the diff and for the operations.
const ROOM: usize = 30_000;

/// The plan, for a person at a terminal.
pub fn text(view: &PlanView<'_>, style: Style) -> String {
    let facts = plan::facts(view.plan);
    let nobody = changes::nobody_gains(view.plan, &facts);
    let gains = view.gains(Voice::Text);
    let facts = untold(facts, gains.get(..ANSWERS).unwrap_or(&gains));
    let (first, rest) = changes::told(&facts, Voice::Text);
    let mut text = answer(view, &gains, (&first, nobody), style);
    if view.verdict() == Verdict::Nothing {
        text.push_str(&operated(view, style));
        return text;
    }
    section(&mut text, "what else it changes", wrapped(cut(rest, ROOM), style), style);
    let diff = unified(view, ROOM);
    let diff: Vec<String> = diff.iter().map(|line| painted(&style.wrap(line, 2, "      "), style)).collect();
    section(&mut text, "access", diff, style);
    section(&mut text, "policy files", view.more_policy_files(Voice::Text), style);
    let judges = view.judges(Voice::Text);
    section(&mut text, "who judges changes", wrapped(judges, style), style);
    section(&mut text, "findings", findings(view, style), style);
    section(&mut text, "approval", wrapped(standing::lines(view, Voice::Text), style), style);
    text.push_str(&operated(view, style));
    text.push_str(&format!("\n{}\n", style.dim(&format!("digest {}", view.plan.digest))));
    text
}

/// What apply would do and what else live state shows; nothing where it wasn't looked at.
fn operated(view: &PlanView<'_>, style: Style) -> String {
    let Some(live) = view.live else { return String::new() };
    let mut rows = wrapped(cut(operations(view, &live.difference.operations), ROOM), style);
    if rows.is_empty() && live.is_whole() {
        rows.push("none: what is live is what is declared".to_owned());
    }
    rows.extend(wrapped(drift::not_read(live.unread.keys(), live.unread_resources.keys()), style));
    rows.extend(drift::counted(live));
    let mut text = String::new();
    section(&mut text, "operations", rows, style);
    section(&mut text, "live", drift::findings(&live.findings, style).lines().map(str::to_owned).collect(), style);
    text
}

/// What the first line starts with.
pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Blocked => "blocked",
        Verdict::NeedsApproval => "needs approval",
        Verdict::Ready => "ready:",
        Verdict::Nothing => "nothing to approve:",
    }
}

fn answer(view: &PlanView<'_>, gains: &[Gain], (first, nobody): (&[String], &str), style: Style) -> String {
    let verdict = view.verdict();
    let word = verdict_word(verdict);
    let because = style.wrap(&view.because(Voice::Text), word.len() + 1, "  ");
    let painted = match verdict {
        Verdict::Blocked => style.red(word),
        Verdict::NeedsApproval => style.yellow(word),
        Verdict::Ready | Verdict::Nothing => style.green(word),
    };
    let mut text = format!("{painted} {because}\n");
    if let Some(behind) = view.behind(Voice::Text) {
        text.push_str(&format!("{}\n", style.yellow(&style.wrap(&behind, 0, "  "))));
    }
    if verdict == Verdict::Nothing {
        return text;
    }
    text.push_str(&format!("{}\n", style.dim(&style.wrap(&view.outline(Voice::Text), 0, "  "))));
    for warning in view.warnings(Voice::Text).iter().chain(first) {
        text.push_str(&format!("  {} {}\n", style.red("!"), style.wrap(warning, 4, "    ")));
    }
    let mut said = None;
    for gain in gains.iter().take(ANSWERS) {
        let sign = if gain.why.is_some() { style.red("!") } else { sign(gain).to_owned() };
        text.push_str(&format!("  {sign} {}\n", style.wrap(&gain.text, 4, "    ")));
        if let Some(why) = gain.why.as_ref().filter(|why| said != Some(*why)) {
            text.push_str(&format!("      {}\n", style.wrap(why, 6, "      ")));
        }
        if let Some(what_for) = &gain.what_for {
            text.push_str(&format!("      {}\n", style.wrap(what_for, 6, "      ")));
        }
        said = gain.why.as_ref();
    }
    if gains.is_empty() {
        text.push_str(&format!("    {}\n", style.wrap(nobody, 4, "    ")));
    } else if gains.len() > ANSWERS {
        text.push_str(&format!("    {}\n", more(gains, ANSWERS)));
    }
    text
}

fn sign(gain: &Gain) -> &'static str {
    match gain.action {
        Action::Gain => "+",
        Action::Change => "~",
        Action::Keep => "=",
        Action::Lose => "-",
    }
}

pub(super) fn section(text: &mut String, title: &str, lines: Vec<String>, style: Style) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{}\n", style.bold(title)));
    for line in lines {
        text.push_str(&format!("  {line}\n"));
    }
}

pub(super) fn wrapped(lines: Vec<String>, style: Style) -> Vec<String> {
    lines.into_iter().map(|line| style.wrap(&line, 2, "    ")).collect()
}

fn painted(line: &str, style: Style) -> String {
    match line.chars().next() {
        Some('+') => style.green(line),
        Some('-') => style.red(line),
        _ => line.to_owned(),
    }
}

fn findings(view: &PlanView<'_>, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for (state, name) in [(State::New, "new"), (State::Waived, "waived"), (State::Standing, "standing")] {
        let (folded, found): (Vec<&Finding>, Vec<&Finding>) =
            view.findings(state).into_iter().partition(|finding| is_folded(finding));
        if !folded.is_empty() {
            lines.push(format!("{} that stood before", count(folded.len(), "warning")));
        }
        for finding in found.iter().take(SHOWN) {
            lines.push(format!("{name} {}", brief(finding, name, style)));
            if state == State::New {
                lines.push(format!("  help: {}", style.wrap(&terminal(&finding.help), 10, "          ")));
            }
        }
        if found.len() > SHOWN {
            lines.push(format!("… and {} {name}", found.len() - SHOWN));
        }
    }
    lines
}

/// Where it is and what is wrong.
fn brief(finding: &Finding, name: &str, style: Style) -> String {
    let used = 2 + name.len() + 1 + word(finding.severity).len() + finding.rule.code.id.len() + 3;
    let rest = format!("{}: {}", terminal(&place_text(&finding.place)), terminal(&finding.message));
    format!("{} {}", label(finding, style), style.wrap(&rest, used, "    "))
}

/// A line an operation: what is done to whom, and why.
pub(super) fn operations(view: &PlanView<'_>, operations: &[Operation]) -> Vec<Row> {
    operations
        .iter()
        .map(|operation| {
            let who = match &operation.person {
                Some(person) => format!("{person} ({})", operation.principal),
                None => format!("{} (nobody the registry knows)", operation.principal),
            };
            let until = match operation.until {
                Some(until) => format!(", until {}", format_end(until, view.zone())),
                None => String::new(),
            };
            let text = format!(
                "{} {} on {}'s {} {} for {who}{}{until}: {}",
                operation.verb.as_str(),
                permission(operation),
                operation.target,
                operation.kind.name,
                operation.resource,
                conditions(operation, view.zone()),
                operation.because
            );
            Row::new(terminal(&text), operation.only_takes() || operation.touches_admin())
        })
        .collect()
}
