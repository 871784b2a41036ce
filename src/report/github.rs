//! Workflow commands of GitHub Actions: annotations at the lines of a change, and a last line that counts all.

use super::PlanView;
use super::escape::{workflow_data, workflow_property};
use super::findings::{is_whole_file, place_text, summary};
use super::plan::verdict_word;
use super::style::{Style, count};
use super::voice::Voice;
use crate::approval::{Landing, Prospect};
use crate::finding::{Finding, Place, Refusal, Severity, State};
use crate::plan::Verdict;

/// GitHub shows so many annotations of each level from one step.
const SHOWN: usize = 10;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
    Notice,
}

/// What is new as errors and warnings; what is waived or stood before isn't this change's, and is a notice.
fn level(finding: &Finding) -> Level {
    match (finding.state, finding.severity) {
        (State::New, Severity::Error) => Level::Error,
        (State::New, Severity::Warning) => Level::Warning,
        (State::Waived | State::Standing, _) => Level::Notice,
    }
}

fn annotation(level: Level, place: Option<&Place>, title: &str, lines: &[&str]) -> String {
    let word = match level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let mut properties = String::new();
    if let Some(place) = place {
        properties = format!("file={},line={},", workflow_property(&place.file), place.line);
        if !is_whole_file(place) {
            properties.push_str(&format!("endLine={},", place.end_line));
        }
        // columns mean something within one line only
        if !is_whole_file(place) && place.line == place.end_line {
            properties.push_str(&format!("col={},endColumn={},", place.column, place.end_column));
        }
    }
    format!("::{word} {properties}title={}::{}\n", workflow_property(title), workflow_data(lines.iter().copied()))
}

/// Annotations for findings, as many as are shown. `room` is what is left for notices.
fn annotations(findings: &[Finding], room: usize) -> String {
    let mut text = String::new();
    let mut left_out: Vec<String> = Vec::new();
    for (wanted, room, word) in
        [(Level::Error, SHOWN, "error"), (Level::Warning, SHOWN, "warning"), (Level::Notice, room, "notice")]
    {
        let all: Vec<&Finding> = findings.iter().filter(|finding| level(finding) == wanted).collect();
        for finding in all.iter().take(room) {
            let state = match finding.state {
                State::New => "",
                State::Waived => " (waived)",
                State::Standing => " (standing)",
            };
            let related = finding.related.iter();
            let related: Vec<String> =
                related.map(|related| format!("{}  {}", place_text(&related.place), related.message)).collect();
            let help = format!("help: {}", finding.help);
            let mut lines = vec![finding.message.as_str()];
            lines.extend(related.iter().map(String::as_str));
            lines.push(&help);
            let title = format!("{}{state}", finding.rule.code.id);
            text.push_str(&annotation(wanted, Some(&finding.place), &title, &lines));
        }
        if all.len() > room {
            left_out.push(count(all.len() - room, word));
        }
    }
    if !left_out.is_empty() {
        let message = format!("{} more than are shown here; `dualkey lint` prints them", left_out.join(", "));
        text.push_str(&annotation(Level::Notice, None, "dualkey", &[&message]));
    }
    text
}

/// The findings of a lint, and their number.
pub fn lint(findings: &[Finding], files: usize) -> String {
    format!("{}{}", annotations(findings, SHOWN - 1), summary(findings, files, Style::PLAIN))
}

/// The verdict on a change, and its findings.
pub fn plan(view: &PlanView<'_>) -> String {
    let verdict = view.verdict();
    let told = view.plan.findings.iter().any(Finding::blocks);
    let level = if verdict == Verdict::Blocked && !told { Level::Error } else { Level::Notice };
    let behind = view.behind(Voice::Text).map(|behind| format!("; {behind}")).unwrap_or_default();
    let answer = format!("{} {}{behind}", verdict_word(verdict), view.because(Voice::Text));
    // of the notices one is the verdict, and one may say what isn't shown
    let findings = annotations(&view.plan.findings, SHOWN - 2);
    format!("{}{findings}{answer}\n", annotation(level, None, "dualkey plan", &[&answer]))
}

/// Why landings were refused.
pub fn verify(landings: &[&Landing]) -> String {
    let refused: Vec<(String, &Refusal)> = landings
        .iter()
        .flat_map(|landing| landing.refusals.iter().map(|refusal| (landing.commit.short(), refusal)))
        .collect();
    refusals(&refused, &count(landings.len(), "landing"))
}

/// Why a head would not land.
pub fn prospect(prospect: &Prospect) -> String {
    let short = prospect.head.short();
    match &prospect.outcome {
        Ok(_) => annotation(Level::Notice, None, "dualkey verify", &[&format!("{short} would land")]),
        Err(refused) => {
            let refused: Vec<(String, &Refusal)> = refused.iter().map(|refusal| (short.clone(), refusal)).collect();
            refusals(&refused, "1 head")
        }
    }
}

fn refusals(refused: &[(String, &Refusal)], of: &str) -> String {
    let mut text = String::new();
    for (commit, refusal) in refused.iter().take(SHOWN) {
        let (message, help) = (format!("{commit}: {}", refusal.message), format!("help: {}", refusal.help));
        text.push_str(&annotation(Level::Error, None, refusal.code.id, &[&message, &help]));
    }
    if refused.len() > SHOWN {
        let message = format!("{} more; `dualkey verify` prints them", count(refused.len() - SHOWN, "refusal"));
        text.push_str(&annotation(Level::Notice, None, "dualkey verify", &[&message]));
    }
    format!("{text}{} in {of}\n", count(refused.len(), "refusal"))
}
