//! What a new genesis makes trusted, for whoever vouches for it.

use super::PlanView;
use super::escape::terminal;
use super::plan::{section, text as plan_text, wrapped};
use super::style::{Style, count};
use crate::approval::Landing;
use crate::finding::Refusal;

/// The change since the last verified landing, and the refused landings that it holds. All of them are named: none is
/// refused any more once the genesis is trusted.
pub fn text(view: &PlanView<'_>, refused: &[Landing], notes: &[Refusal], style: Style) -> String {
    let title = format!(
        "{} as a new genesis changes this since {}, approved by whoever vouches for it",
        terminal(view.labels.head),
        terminal(view.labels.base)
    );
    let mut text = format!("{}\n\n{}", style.bold(&style.wrap(&title, 0, "  ")), plan_text(view, style));
    let told = |refusal: &Refusal| format!("{}: {}", refusal.code.id, terminal(&refusal.message));
    let line = |landing: &Landing| {
        let why: Vec<String> = landing.refusals.iter().map(told).collect();
        format!("{} {}", landing.commit.short(), why.join("; "))
    };
    let title = format!("{} becomes trusted by it", count(refused.len(), "refused commit"));
    section(&mut text, &title, wrapped(refused.iter().map(line).collect(), style), style);
    section(
        &mut text,
        "what was verified is not in its history",
        wrapped(notes.iter().map(told).collect(), style),
        style,
    );
    text.push('\n');
    text
}
