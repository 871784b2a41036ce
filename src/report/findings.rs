//! Findings as text: a block a finding, in the manner of a compiler.

use std::collections::BTreeSet;

use super::escape::terminal;
use super::style::{Style, count};
use crate::access::CREDENTIAL_IN_SETTINGS;
use crate::finding::{Finding, Place, Severity, State};

/// The text of a line of a file, without its end; None where the file or the line isn't known.
pub type Lines<'a> = &'a dyn Fn(&str, u32) -> Option<&'a str>;

/// So many findings are printed; all are counted.
const SHOWN: usize = 100;

/// All findings of a lint with their places, and a last line that sums up. `findings` are sorted.
pub fn lint(findings: &[Finding], files: usize, lines: Lines<'_>, style: Style) -> String {
    let shown = heaviest(findings, SHOWN);
    let mut text = String::new();
    let told = findings.iter().enumerate().filter(|(at, one)| shown.contains(at) && !is_folded(one));
    for group in together(told.map(|(_, finding)| finding)) {
        text.push_str(&block(&group, lines, style));
        text.push('\n');
    }
    if findings.len() > shown.len() {
        text.push_str(&format!("… and {} more\n\n", findings.len() - shown.len()));
    }
    text.push_str(&summary(findings, files, style));
    text
}

/// Findings in their order, each with those that are told with it.
fn together<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Vec<&'f Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let known = groups.iter_mut().find(|group| group.first().is_some_and(|first| first.goes_with(finding)));
        match known {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// Warnings that stood before are counted and not shown: they are nobody's who changes something else.
pub(super) fn is_folded(finding: &Finding) -> bool {
    finding.state == State::Standing && finding.severity == Severity::Warning
}

/// Which are shown where there are too many: what stops a change, then errors, then the rest.
pub(super) fn heaviest(findings: &[Finding], room: usize) -> BTreeSet<usize> {
    let mut order: Vec<usize> = (0..findings.len()).collect();
    let weight = |at: &usize| findings.get(*at).map(|finding| (finding.blocks(), finding.severity));
    order.sort_by_key(|at| std::cmp::Reverse(weight(at)));
    order.into_iter().take(room).collect()
}

/// `2 errors (1 waived), 1 warning in 80 files`
pub(super) fn summary(findings: &[Finding], files: usize, style: Style) -> String {
    let files = count(files, "file");
    let of = |severity: Severity, word: &str| {
        let all: Vec<&Finding> = findings.iter().filter(|finding| finding.severity == severity).collect();
        let states: Vec<String> = [(State::Waived, "waived"), (State::Standing, "standing")]
            .into_iter()
            .map(|(state, word)| (all.iter().filter(|finding| finding.state == state).count(), word))
            .filter(|(number, _)| *number > 0)
            .map(|(number, word)| format!("{number} {word}"))
            .collect();
        let states = if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) };
        (!all.is_empty()).then(|| format!("{}{states}", count(all.len(), word)))
    };
    let (errors, warnings) = (of(Severity::Error, "error"), of(Severity::Warning, "warning"));
    let (blocks, none) = (findings.iter().any(Finding::blocks), findings.is_empty());
    let text = if none {
        "no findings".to_owned()
    } else {
        [errors, warnings].into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let painted = if blocks {
        style.red(&text)
    } else if none {
        style.green(&text)
    } else {
        style.yellow(&text)
    };
    format!("{painted} in {files}\n")
}

/// `error[rule]`, painted.
pub(super) fn label(finding: &Finding, style: Style) -> String {
    let text = format!("{}[{}]", word(finding.severity), finding.rule.code.id);
    match finding.severity {
        Severity::Error => style.red(&text),
        Severity::Warning => style.yellow(&text),
    }
}

pub(super) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// `file:line:column`, or the file alone where the finding is about the whole of it.
pub(super) fn place_text(place: &Place) -> String {
    if is_whole_file(place) { place.file.clone() } else { place.to_string() }
}

pub(super) fn is_whole_file(place: &Place) -> bool {
    *place == Place::whole_file(place.file.as_str())
}

fn block(group: &[&Finding], lines: Lines<'_>, style: Style) -> String {
    let Some((finding, others)) = group.split_first() else { return String::new() };
    let used = word(finding.severity).len() + finding.rule.code.id.len() + 3;
    let mut text = format!("{} {}\n", label(finding, style), style.wrap(&terminal(&finding.message), used, "  "));
    let place = &finding.place;
    let is_shown = !is_whole_file(place) && finding.rule != &CREDENTIAL_IN_SETTINGS;
    let source = if is_shown { lines(&place.file, place.line) } else { None };
    let number = place.line.to_string();
    let gutter = " ".repeat(if source.is_some() { number.len() } else { 1 });
    text.push_str(&format!("{gutter} {} {}\n", style.dim("-->"), terminal(&place_text(place))));
    if let Some(source) = source {
        let (line, before, marks) = excerpt(source, place, style.width.saturating_sub(gutter.len() + 4));
        let bar = style.dim("|");
        text.push_str(&format!("{gutter}  {bar}\n"));
        text.push_str(&format!(" {} {bar} {line}\n", style.dim(&number)));
        text.push_str(&format!("{gutter}  {bar} {}{}\n", " ".repeat(before), style.red(&"^".repeat(marks))));
    }
    let indent = format!("{gutter}    ");
    let mut note = |label: &str, message: &str| {
        let used = indent.len() + label.chars().count();
        let message = style.wrap(&terminal(message), used, &indent);
        text.push_str(&format!("{gutter}  {} {}{message}\n", style.dim("="), style.bold(label)));
    };
    for related in &finding.related {
        note("", &format!("{}  {}", place_text(&related.place), related.message));
    }
    for other in others {
        note("also ", &format!("{}  {}", place_text(&other.place), other.message));
    }
    match finding.state {
        State::New => {}
        State::Waived => note("waived: ", "a waiver in the policies accepts it for now"),
        State::Standing => note("standing: ", "it was there before this change"),
    }
    note("help: ", &finding.help);
    text
}

/// The line as it is printed, the width before the marks, and the number of marks.
fn excerpt(source: &str, place: &Place, room: usize) -> (String, usize, usize) {
    let first = usize::try_from(place.column).unwrap_or(usize::MAX).saturating_sub(1);
    let length = source.chars().count();
    let end = if place.end_line == place.line {
        usize::try_from(place.end_column).unwrap_or(usize::MAX).saturating_sub(1)
    } else {
        length
    };
    let end = end.clamp(first + 1, length.max(first + 1));
    // a long line is shown from a little before the place
    let room = room.max(20);
    let skipped = if length > room && end > room { first.saturating_sub(8) } else { 0 };
    let (mut line, mut before, mut marks) = (String::new(), 0, 0);
    if skipped > 0 {
        line.push('…');
        before = 1;
    }
    let mut width = before;
    for (at, (start, c)) in source.trim_end().char_indices().enumerate().skip(skipped) {
        // one character may take several columns, and the marks have to stand under all of them
        let shown = match c {
            '\t' => " ".to_owned(),
            // GitHub Actions would take it for a command wherever it stands; alone it is harmless
            '#' if source.get(start..).is_some_and(|rest| rest.starts_with("##[")) => c.escape_unicode().to_string(),
            _ => terminal(c.encode_utf8(&mut [0; 4])),
        };
        let columns = shown.chars().count();
        if width + columns >= room && at + 1 < length {
            line.push('…');
            break;
        }
        line.push_str(&shown);
        width += columns;
        if at < first {
            before += columns;
        } else if at < end {
            marks += columns;
        }
    }
    (line, before, marks.max(1))
}
