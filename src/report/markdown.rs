//! Markdown for the comment on a pull request and for the summary of a job: the answer first, the long tail folded.

use super::PlanView;
use super::diff::unified;
use super::escape::{markdown_code, markdown_fence, markdown_message, markdown_text};
use super::findings::{is_folded, place_text, summary, word};
use super::gains::{Gain, Way, grouped, more, untold};
use super::plan::operations;
use super::rows::{Row, Weight, cut};
use super::shortened::{characters, shortened};
use super::style::{Style, capitalised, count};
use super::voice::Voice;
use super::{changes, drift, standing};
use crate::approval::{Landing, Prospect, Verdict as Landed};
use crate::finding::{Finding, Refusal, Severity, State};
use crate::plan::{self, Action, Verdict};

/// Characters of the whole; GitHub takes 65,536.
const LIMIT: usize = 60_000;

/// Characters for each part but the diff, which has what the others leave. Where all parts are full, each is smaller.
const PART: usize = 5_000;
const SMALLER: [usize; 3] = [PART, 2_000, 600];

/// Characters for the findings that a lint is about; two such lists and four parts stay below the limit.
const LINT_PART: usize = 19_000;

/// More lines of access are told in groups, and folded.
const OPEN: usize = 60;

/// Characters for the groups.
const GROUPS: usize = 6_000;

/// So few facts beside access need no heading.
const FEW: usize = 3;

/// More of them are not all open.
const MANY: usize = 12;

/// Lines about people in the answer at the top; the diff has them all.
const ANSWERS: usize = 8;

/// The plan, for a reviewer with a minute. It ends with the digest.
pub fn plan(view: &PlanView<'_>) -> String {
    let digest = format!("\nDigest `{}`\n", view.plan.digest);
    let fits = |text: &String| text.chars().count() <= LIMIT;
    let text = SMALLER.into_iter().map(|part| sized(view, part)).find(fits);
    let text = text.unwrap_or_else(|| shortened(&sized(view, 0), LIMIT, characters));
    format!("{text}{digest}")
}

/// The plan with so many characters for each part.
fn sized(view: &PlanView<'_>, part: usize) -> String {
    let facts = plan::facts(view.plan);
    let nobody = changes::nobody_gains(view.plan, &facts);
    let gains = view.gains(Voice::Markdown);
    let facts = untold(facts, gains.get(..ANSWERS).unwrap_or(&gains));
    let (first, told) = changes::told(&facts, Voice::Markdown);
    let mut top = format!("### {}\n", heading(view));
    if let Some(behind) = view.behind(Voice::Markdown) {
        top.push_str(&format!("{}\n\n", capitalised(&behind)));
    }
    if view.verdict() == Verdict::Nothing {
        top.push_str(&operated(view, part));
        return top;
    }
    top.push_str(&format!("{}\n\n", view.outline(Voice::Markdown)));
    top.push_str(&answers(view, &gains, &first, nobody));
    if told.len() <= FEW {
        told.into_iter().for_each(|row| top.push_str(&format!("- {}\n", row.text)));
    } else {
        // a long list of what is light, such as reasons of many grants, keeps nobody from the rest
        let (light, open): (Vec<Row>, Vec<Row>) = match told.len() > MANY {
            true => told.into_iter().partition(|row| row.weight == Weight::Light),
            false => (Vec::new(), told),
        };
        top.push_str(&list("What else it changes", open, LINT_PART));
        if !light.is_empty() {
            let lines: Vec<String> = cut(light.clone(), part).into_iter().map(|line| format!("- {line}\n")).collect();
            top.push_str(&folded(&count(light.len(), "more fact"), &lines.concat()));
        }
    }
    let mut rest =
        list("Policy files", view.more_policy_files(Voice::Markdown).into_iter().map(Row::always).collect(), part);
    rest.push_str(&list(
        "Who judges changes",
        view.judges(Voice::Markdown).into_iter().map(Row::always).collect(),
        part,
    ));
    for (state, title) in
        [(State::New, "New findings"), (State::Waived, "Waived findings"), (State::Standing, "Standing findings")]
    {
        let (folded, found): (Vec<&Finding>, Vec<&Finding>) =
            view.findings(state).into_iter().partition(|finding| is_folded(finding));
        rest.push_str(&list(title, found.into_iter().map(finding).collect(), part));
        if !folded.is_empty() {
            rest.push_str(&format!("\n{} that stood before\n", capitalised(&count(folded.len(), "warning"))));
        }
    }
    rest.push_str(&list(
        "Approval",
        standing::lines(view, Voice::Markdown).into_iter().map(Row::always).collect(),
        part,
    ));
    rest.push_str(&operated(view, part));
    rest.push_str(&detail(view, part));
    let room = LIMIT.saturating_sub(top.chars().count() + rest.chars().count() + 100);
    let diff = unified(view, room);
    if diff.len() > OPEN {
        let together = [Way::Loss, Way::Gain].map(|way| grouped(view, way, GROUPS));
        let together = block("diff", &cut(together.concat(), GROUPS));
        let room = room.saturating_sub(together.chars().count());
        let diff = unified(view, room);
        let whole = folded(&count(diff.len(), "access line"), &block("diff", &diff));
        return format!("{top}\n{together}{whole}{rest}");
    }
    let diff = block("diff", &diff);
    if diff.is_empty() { format!("{top}{rest}") } else { format!("{top}\n{diff}{rest}") }
}

/// The findings of a lint: what fails first, each with its other places.
pub fn lint(findings: &[Finding], files: usize) -> String {
    let mut text = format!("### {}\n", capitalised(&summary(findings, files, Style::PLAIN)).trim_end());
    let of = |state, severity| {
        let found = findings.iter().filter(move |f| f.state == state && f.severity == severity);
        found.map(with_related).collect::<Vec<Row>>()
    };
    for (state, severity, title) in [
        (State::New, Severity::Error, "Errors"),
        (State::New, Severity::Warning, "Warnings"),
        (State::Waived, Severity::Error, "Waived errors"),
        (State::Waived, Severity::Warning, "Waived warnings"),
        (State::Standing, Severity::Error, "Errors that stood before"),
        (State::Standing, Severity::Warning, "Warnings that stood before"),
    ] {
        let room = if state == State::New { LINT_PART } else { PART };
        text.push_str(&list(title, of(state, severity), room));
    }
    text
}

fn with_related(finding: &Finding) -> Row {
    let mut row = self::finding(finding);
    for related in &finding.related {
        let (place, message) = (markdown_code(&place_text(&related.place)), markdown_message(&related.message));
        row.text.push_str(&format!("\n  - {place} {message}"));
    }
    row
}

/// Every landing, with the reasons of those that were refused.
pub fn verify(landings: &[&Landing]) -> String {
    let refused = landings.iter().filter(|landing| landing.verdict == Landed::Refused).count();
    let mut text = match (landings.len(), refused) {
        (0, _) => "### Nothing has landed since the genesis\n".to_owned(),
        (all, 0) => format!("### {} verified\n", count(all, "landing")),
        (all, refused) => format!("### {refused} of {} refused\n", count(all, "landing")),
    };
    let row = |landing: &&Landing| {
        let by: Vec<String> = landing.approvals.iter().map(|given| markdown_code(given.person.as_str())).collect();
        let by = if by.is_empty() { String::new() } else { format!(", approved by {}", by.join(", ")) };
        let (verdict, commit) = (landing.verdict.as_str(), landing.commit.short());
        let reasons: String = landing.refusals.iter().map(|refusal| format!("\n  - {}", reason(refusal))).collect();
        Row::new(format!("{verdict} `{commit}`{by}{reasons}"), landing.verdict == Landed::Refused)
    };
    text.push_str(&list("Landings", landings.iter().map(row).collect(), LINT_PART));
    text
}

/// Whether a head would land, and if not why.
pub fn prospect(prospect: &Prospect, view: &PlanView<'_>) -> String {
    let commit = prospect.head.short();
    match &prospect.outcome {
        Ok(granted) => {
            let people: Vec<String> =
                granted.approvals.iter().map(|opinion| markdown_code(opinion.person.as_str())).collect();
            let by = if people.is_empty() { String::new() } else { format!(", approved by {}", people.join(", ")) };
            let lasting = standing::lasting(view);
            let rows = lasting.iter().map(|sentence| kept(Voice::Markdown.message(sentence))).collect();
            format!("### Would land: `{commit}`{by}\n{}", list("Approval", rows, LINT_PART))
        }
        Err(refusals) => {
            let rows = refusals.iter().map(|refusal| kept(reason(refusal))).collect();
            let approvals = standing::lines(view, Voice::Markdown).into_iter().map(kept).collect();
            format!(
                "### Would not land: `{commit}`\n{}{}",
                list("Reasons", rows, LINT_PART),
                list("Approval", approvals, LINT_PART)
            )
        }
    }
}

pub(super) fn reason(refusal: &Refusal) -> String {
    format!(
        "{}: {}; {}",
        markdown_code(refusal.code.id),
        markdown_message(&refusal.message),
        markdown_message(&refusal.help)
    )
}

fn heading(view: &PlanView<'_>) -> String {
    let word = match view.verdict() {
        Verdict::Blocked => "Blocked",
        Verdict::NeedsApproval => "Needs approval",
        Verdict::Ready => "Ready:",
        Verdict::Nothing => "Nothing to approve:",
    };
    format!("{word} {}", view.because(Voice::Markdown))
}

fn answers(view: &PlanView<'_>, gains: &[Gain], first: &[String], nobody: &str) -> String {
    let mut text = String::new();
    for warning in view.warnings(Voice::Markdown).iter().chain(first) {
        text.push_str(&format!("- **Careful:** {warning}\n"));
    }
    let mut said = None;
    for gain in gains.iter().take(ANSWERS) {
        match &gain.why {
            Some(why) => {
                let why = if said == Some(why) { String::new() } else { format!("; {why}") };
                text.push_str(&format!("- **Dangerous:** {}{why}\n", gain.text));
            }
            None => text.push_str(&format!("- {}\n", gain.text)),
        }
        if let Some(what_for) = &gain.what_for {
            text.push_str(&format!("  - {what_for}\n"));
        }
        said = gain.why.as_ref();
    }
    if gains.is_empty() {
        text.push_str(&format!("- {nobody}\n"));
    } else if gains.len() > ANSWERS {
        text.push_str(&format!("- {}\n", more(gains, ANSWERS)));
        // what somebody loses is not lost among what many gain
        let losing = gains.iter().skip(ANSWERS).filter(|gain| gain.action == Action::Lose);
        text.extend(losing.take(ANSWERS).map(|gain| format!("- {}\n", gain.text)));
    }
    text
}

fn kept(text: String) -> Row {
    Row::new(text, true)
}

fn finding(finding: &Finding) -> Row {
    let text = format!(
        "{} {} at {}: {}; {}",
        word(finding.severity),
        markdown_code(finding.rule.code.id),
        markdown_code(&place_text(&finding.place)),
        markdown_message(&finding.message),
        markdown_message(&finding.help)
    );
    Row::new(text, finding.blocks())
}

fn list(title: &str, rows: Vec<Row>, room: usize) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let lines: Vec<String> = cut(rows, room).into_iter().map(|line| format!("- {line}\n")).collect();
    format!("\n**{title}**\n{}", lines.concat())
}

fn block(language: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let fence = markdown_fence(lines.iter().map(String::as_str));
    format!("{fence}{language}\n{}\n{fence}\n", lines.join("\n"))
}

fn folded(summary: &str, content: &str) -> String {
    format!("\n<details><summary>{summary}</summary>\n\n{content}</details>\n")
}

/// What takes access away or touches administrators is open, the rest is folded.
fn operated(view: &PlanView<'_>, part: usize) -> String {
    let Some(live) = view.live else { return String::new() };
    let (open, closed): (Vec<Row>, Vec<Row>) =
        operations(view, &live.difference.operations).into_iter().partition(|row| row.weight == Weight::Heavy);
    let mut text = String::new();
    if !open.is_empty() {
        text.push_str(&format!(
            "\n**Operations that take access away or touch administrators**\n\n{}",
            block("", &cut(open, part.max(PART)))
        ));
    }
    if !closed.is_empty() {
        let summary = count(closed.len(), if text.is_empty() { "operation" } else { "more operation" });
        text.push_str(&folded(&summary, &block("", &cut(closed, part))));
    }
    for line in drift::not_read(live.unread.keys(), live.unread_resources.keys()) {
        text.push_str(&format!("\n{}\n", markdown_text(&line)));
    }
    let found = live.findings.iter().map(|finding| {
        let text = format!("`{}` {}", finding.rule.code.id, markdown_message(&finding.message));
        Row::new(text, finding.severity == Severity::Error)
    });
    text.push_str(&list("What is live beside that", found.collect(), part));
    for line in drift::counted(live) {
        text.push_str(&format!("\n{line}.\n"));
    }
    text
}

/// The changed files. Those of class policy stand at the top already.
fn detail(view: &PlanView<'_>, part: usize) -> String {
    let files = view.plan.classes.paths().map(|(path, class)| format!("{} {path}", class.as_str()));
    let rows: Vec<Row> = files.map(|text| Row::new(super::escape::terminal(&text), false)).collect();
    if rows.is_empty() {
        return String::new();
    }
    let files = count(rows.len(), "changed file");
    folded(&files, &block("", &cut(rows, part)))
}
