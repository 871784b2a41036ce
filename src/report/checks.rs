//! The checks of a head: what a plan finds at its lines, and whether it would land.

use super::PlanView;
use super::escape::{markdown_fence, terminal};
use super::findings::{heaviest, is_folded, is_whole_file, place_text};
use super::markdown;
use super::plan::verdict_word;
use super::shortened::{bytes, shortened};
use super::style::count;
use super::voice::Voice;
use crate::approval::Prospect;
use crate::finding::{Finding, Severity, State};
use crate::forge::texts::{Check, Conclusion, Level, Remark};
use crate::plan::Verdict;
use crate::repository::Oid;

/// What each check is called; rules of a branch ask for checks by name.
pub const PLAN: &str = "dualkey plan";
pub const VERIFY: &str = "dualkey verify";

/// Bytes of a summary; GitHub takes 65,535.
const MOST: usize = 65_000;

/// Characters of titles; GitHub takes 255 above a remark.
const TITLE: usize = 200;

/// Bytes of the text of a remark; GitHub takes 64 KiB.
const REMARK: usize = 60_000;

/// Remarks of one check. Each fifty take a request more.
const REMARKS: usize = 200;

/// The plan of a head, with its findings at their lines.
pub fn plan(view: &PlanView<'_>, head: Oid) -> Check {
    let verdict = view.verdict();
    let conclusion = match verdict {
        Verdict::Ready | Verdict::Nothing => Conclusion::Success,
        Verdict::NeedsApproval => Conclusion::Neutral,
        Verdict::Blocked => Conclusion::Failure,
    };
    let told: Vec<Finding> = view.plan.findings.iter().filter(|finding| !is_folded(finding)).cloned().collect();
    let shown = heaviest(&told, REMARKS);
    let remarks = told.iter().enumerate().filter(|(at, _)| shown.contains(at)).map(|(_, finding)| remark(finding));
    let mut summary = markdown::plan(view);
    if told.len() > shown.len() {
        let more = count(told.len() - shown.len(), "finding");
        summary.push_str(&format!("\n{more} more than stand at lines of this check; `dualkey lint` prints them.\n"));
    }
    Check {
        name: PLAN,
        head,
        conclusion,
        about: view.plan.digest.to_string(),
        title: short(&format!("{} {}", verdict_word(verdict), view.because(Voice::Text)), TITLE),
        summary: shortened(&summary, MOST, bytes),
        remarks: remarks.collect(),
    }
}

/// Whether a head would land if it was merged now, and if not what is asked, and of whom.
pub fn verify(prospect: &Prospect, view: &PlanView<'_>) -> Check {
    let (conclusion, title) = match &prospect.outcome {
        Ok(_) => (Conclusion::Success, "would land".to_owned()),
        Err(refusals) => {
            let first = refusals.first().map(|refusal| format!(": {}", refusal.code.id)).unwrap_or_default();
            let more = refusals.len().saturating_sub(1);
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            (Conclusion::Failure, format!("would not land{first}{more}"))
        }
    };
    let summary = format!("{}\nDigest `{}`\n", markdown::prospect(prospect, view), view.plan.digest);
    Check {
        name: VERIFY,
        head: prospect.head,
        conclusion,
        about: view.plan.digest.to_string(),
        title,
        summary: shortened(&summary, MOST, bytes),
        remarks: Vec::new(),
    }
}

/// A head of which nobody knows whether it would land: `why` is what stopped the command, as text.
pub fn unjudged(head: Oid, why: &str) -> Check {
    let lines: Vec<String> = why.lines().map(terminal).collect();
    let fence = markdown_fence(lines.iter().map(String::as_str));
    let summary = format!("### Could not be judged\n\n{fence}\n{}\n{fence}\n", lines.join("\n"));
    Check {
        name: VERIFY,
        head,
        conclusion: Conclusion::Failure,
        about: "unjudged".to_owned(),
        title: "could not be judged".to_owned(),
        summary: shortened(&summary, MOST, bytes),
        remarks: Vec::new(),
    }
}

fn remark(finding: &Finding) -> Remark {
    let level = match (finding.state, finding.severity) {
        (State::New, Severity::Error) => Level::Failure,
        (State::New, Severity::Warning) => Level::Warning,
        (State::Waived | State::Standing, _) => Level::Notice,
    };
    let state = match finding.state {
        State::New => "",
        State::Waived => " (waived)",
        State::Standing => " (stood before)",
    };
    let place = &finding.place;
    let whole = is_whole_file(place);
    let lines = if whole { (1, 1) } else { (place.line.max(1), place.end_line.max(place.line).max(1)) };
    let is_span = place.column >= 1 && place.end_column >= place.column;
    let columns = (!whole && lines.0 == lines.1 && is_span).then_some((place.column, place.end_column));
    let mut message = vec![terminal(&finding.message)];
    message.extend(
        finding.related.iter().map(|one| format!("{}: {}", terminal(&place_text(&one.place)), terminal(&one.message))),
    );
    message.push(format!("help: {}", terminal(&finding.help)));
    Remark {
        path: place.file.clone(),
        lines,
        columns,
        level,
        title: format!("{}{state}", finding.rule.code.id),
        message: short(&message.join("\n"), REMARK / 4),
    }
}

/// The first so many characters.
fn short(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
