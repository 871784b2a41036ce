//! Refs of statements that the log keeps are deleted where they are shared, so that no run has to look at them again.
//! INVARIANT: this is housekeeping. It comes last, and it holds up nothing and fails nothing.

use super::shared::Shared;
use super::{Stop, output};
use crate::apply::codes;
use crate::finding::Refusal;
use crate::report;
use crate::repository::{StateRefs, Swap, SwapError};

/// Deletes them in one step, or leaves them all. Who holds the refs and says no is told of once.
pub fn prune(shared: &Shared<'_>, settled: &[Swap]) {
    if settled.is_empty() {
        return;
    }
    let noted = shared.kept_name("unpruned");
    let local = StateRefs::local(shared.repository, &shared.branch);
    let known = local.get(&noted).ok().flatten();
    match (shared.refs.swap_all(settled), known) {
        // what somebody changed meanwhile is looked at by the next run
        (Ok(()) | Err(SwapError::Moved { .. }), Some(_)) => drop(local.compare_and_swap(&noted, known, None)),
        (Ok(()) | Err(SwapError::Moved { .. }), None) | (Err(_), Some(_)) => {}
        (Err(error), None) => {
            tell(settled.len(), error);
            if let Some(Swap { expected, .. }) = settled.first() {
                drop(local.compare_and_swap(&noted, None, *expected));
            }
        }
    }
}

fn tell(count: usize, error: SwapError) {
    let refs = if count == 1 { "1 ref stays".to_owned() } else { format!("{count} refs stay") };
    let why = match error {
        SwapError::Refused { place, .. } => format!("`{place}` lets nothing be deleted"),
        other @ (SwapError::Moved { .. }
        | SwapError::Blocked { .. }
        | SwapError::Unreachable { .. }
        | SwapError::Repository(_)) => Stop::from(other).refusal(&codes::STATEMENTS_NOT_PRUNED).message,
    };
    let message = format!("{refs} whose statement the log keeps: {why}");
    let warning = Refusal::new(&codes::STATEMENTS_NOT_PRUNED, message, codes::STATEMENTS_NOT_PRUNED.instead);
    output::warn(&report::errors::warning(&warning, output::error_style()));
}
