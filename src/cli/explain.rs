//! `dualkey explain`

use clap::Args;

use super::context::{self, Look};
use super::{Exit, RepoOption, Stop, output};
use crate::access::LastRead;
use crate::finding::Code;
use crate::report::style::Style;
use crate::{apply, approval, audit, doctor, forge, plan, targets};

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  dualkey explain grant-outlives-engagement\n  \
                        dualkey explain develop-and-deploy    a duties rule of this repository, with its digest\n  \
                        dualkey explain                       every code there is")]
pub struct Options {
    #[command(flatten)]
    repo: RepoOption,
    /// A rule, a refusal, or a duties rule of the access repository
    code: Option<String>,
}

/// Every code of the program, sorted.
fn codes() -> Vec<&'static Code> {
    let mut codes: Vec<&'static Code> = plan::rules::all().into_iter().map(|rule| &rule.code).collect();
    codes.extend(approval::codes::CODES);
    codes.extend(apply::codes::CODES);
    codes.extend(audit::codes::CODES);
    codes.extend(doctor::RULES.iter().map(|rule| &rule.code));
    codes.extend(forge::CODES);
    codes.extend(targets::connect::CODES);
    codes.extend(targets::credential::CODES);
    codes.extend(targets::error::CODES);
    codes.extend(plan::live::RULES.iter().chain(targets::RULES.iter().copied().flatten()).map(|rule| &rule.code));
    codes.sort_by_key(|code| code.id);
    codes.dedup_by_key(|code| code.id);
    codes
}

/// Stops where a rule is misspelt, since selecting nothing would look like a clean repository.
pub fn known_rule(id: &str) -> Result<(), Stop> {
    if plan::rules::all().iter().any(|rule| rule.code.id == id) { Ok(()) } else { Err(unknown(id)) }
}

fn unknown(id: &str) -> Stop {
    let near = codes()
        .into_iter()
        .map(|code| (strsim::jaro_winkler(id, code.id), code.id))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let help = match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => "`dualkey explain` lists all of them".to_owned(),
    };
    Stop::usage(format!("`{}` is not a rule or a refusal", id.escape_debug()), help)
}

pub fn run(options: &Options) -> Result<Exit, Stop> {
    let style = output::style();
    let Some(id) = &options.code else {
        let widest = codes().iter().map(|code| code.id.len()).max().unwrap_or_default();
        let lines: Vec<String> = codes().iter().map(|code| format!("{:widest$}  {}\n", code.id, code.title)).collect();
        output::print(&lines.concat());
        return Ok(Exit::Done);
    };
    if let Some(code) = codes().into_iter().find(|code| code.id == id) {
        output::print(&text(code, style));
        return Ok(Exit::Done);
    }
    match duties_rule(options, id) {
        Some(text) => {
            output::print(&text);
            Ok(Exit::Done)
        }
        None => Err(unknown(id)),
    }
}

fn text(code: &Code, style: Style) -> String {
    let mut text = format!("{}: {}\n\n{}\n", style.bold(code.id), code.title, style.wrap(code.why, 0, ""));
    if !code.example.is_empty() {
        let example: Vec<String> = code.example.lines().map(|line| format!("    {line}\n")).collect();
        text.push_str(&format!("\nExample:\n\n{}", example.concat()));
    }
    text.push_str(&format!("\nInstead: {}\n", style.wrap(code.instead, 9, "")));
    text
}

/// A rule of the access repository here, if this is one and it has the rule.
fn duties_rule(options: &Options, id: &str) -> Option<String> {
    let repository = context::open(&options.repo).ok()?;
    let revision = context::load(&repository, Look::WorkTree, &mut LastRead::default()).ok()?;
    let rule = revision.access.policy.duties.get(id)?;
    let title = crate::report::escape::terminal(&rule.title);
    Some(format!("{id}: {title}\n\nStands at:   {}\nrule_digest: {}\n", rule.place, rule.digest))
}
