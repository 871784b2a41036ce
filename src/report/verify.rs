//! Verdicts about landings, as text.

use super::style::Style;
use super::voice::Voice;
use super::{PlanView, errors, plan, standing};
use crate::approval::{Landing, Prospect, Recorded, Verdict, codes};
use crate::finding::Refusal;
use crate::repository::Oid;

/// True for a refusal that says that nothing could be judged, rather than that something is wrong.
pub fn is_unjudged(refusal: &Refusal) -> bool {
    [codes::EVIDENCE_INCOMPLETE.id, codes::LANDED_TREE_INVALID.id, codes::JUDGING_TOO_DEAR.id]
        .contains(&refusal.code.id)
}

/// Every landing, a line each, with the reasons below those that were refused.
pub fn text(recorded: &Recorded, landings: &[&Landing], style: Style) -> String {
    let alone = if recorded.vouched_by.len() == 1 { style.yellow(" alone (--single)") } else { String::new() };
    let people = recorded.vouched_by.join(", ");
    let mut text = format!("genesis    {}  vouched for by {people}{alone}\n", recorded.genesis.short());
    text.push_str(&format!("anchor     {}\n", style.dim(&recorded.anchor)));
    for landing in landings {
        text.push_str(&line(landing, style));
        text.push_str(&errors::refusals(&landing.refusals, style));
        let notes: Vec<String> =
            landing.notes.iter().map(|note| format!("             note: {}\n", note.message)).collect();
        text.push_str(&style.dim(&notes.concat()));
    }
    let refused = landings.iter().filter(|landing| landing.verdict == Verdict::Refused).count();
    text.push_str(&match (landings.len(), refused) {
        (0, _) => "nothing has landed since the genesis\n".to_owned(),
        (1, 0) => "the landing is verified\n".to_owned(),
        (all, 0) => format!("all {all} landings are verified\n"),
        (1, 1) => "the landing is refused; nothing of it is applied\n".to_owned(),
        (all, refused) => format!("{refused} of {all} landings refused; nothing of them is applied\n"),
    });
    text
}

fn line(landing: &Landing, style: Style) -> String {
    let verdict = format!("{:10}", landing.verdict.as_str());
    let verdict = match landing.verdict {
        Verdict::Approved => style.green(&verdict),
        Verdict::Unmanaged | Verdict::Restored => style.dim(&verdict),
        Verdict::Refused => style.red(&verdict),
    };
    let mut line = format!("{verdict} {}", landing.commit.short());
    if !landing.authors.is_empty() {
        line.push_str(&format!(
            "  by {}",
            landing.authors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ));
    }
    if !landing.approvals.is_empty() {
        let people: Vec<&str> = landing.approvals.iter().map(|given| given.person.as_str()).collect();
        line.push_str(&format!("  approved by {}", people.join(", ")));
    }
    if landing.recorded {
        line.push_str(&style.dim("  (in the log)"));
        if let Some(pull) = &landing.pull {
            line.push_str(&style.dim(&format!(" as the forge told of #{}", pull.number)));
        }
    }
    line.push('\n');
    line
}

/// Whether a head would land; if not why, and what each rule asks for, who gave it, and who can't. `behind` is what was
/// refused and what it would wait for.
pub fn prospect(prospect: &Prospect, view: &PlanView<'_>, behind: Option<Oid>, style: Style) -> String {
    let mut text = String::new();
    match &prospect.outcome {
        Ok(granted) => {
            let people: Vec<&str> = granted.approvals.iter().map(|opinion| opinion.person.as_str()).collect();
            let by = if people.is_empty() { String::new() } else { format!(", approved by {}", people.join(", ")) };
            text.push_str(&format!("{} {}{by}\n", style.green("would land:"), prospect.head.short()));
            for lasting in standing::lasting(view) {
                text.push_str(&format!("  {}\n", style.wrap(&Voice::Text.message(&lasting), 2, "    ")));
            }
        }
        Err(refusals) => {
            text.push_str(&format!("{} {}\n", style.red("would not land:"), prospect.head.short()));
            text.push_str(&errors::refusals(refusals, style));
            let approvals = plan::wrapped(standing::lines(view, Voice::Text), style);
            plan::section(&mut text, "approval", approvals, style);
        }
    }
    if let Some(first) = behind {
        let behind = format!("it would wait behind {}, which was refused\n", first.short());
        text.push_str(&style.yellow(&behind));
    }
    text
}
