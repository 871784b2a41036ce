//! What a new genesis would make trusted: everything that changed since the last landing that the log before it proves.
//!
//! Whoever vouches for a commit vouches for its whole tree. What somebody pushed and every run refused is in it too.

use jiff::Timestamp;

use super::judging::{Judged, Question};
use super::shared::{ANCHOR, Ledger, Refresh, Shared, kept_anchor};
use super::{Exit, RemoteOption, Stop, output};
use crate::access::Revision;
use crate::approval::codes;
use crate::plan::{self, Circumstances, Said, Standing};
use crate::report::{self, Labels, PlanView};
use crate::repository::{Oid, Repository, StateRefs};

/// Shows what a commit changes, where the repository has a log already. The log that the kept anchor names says since when.
///
/// # Errors
///
/// Where there is a log and no anchor is kept, and where log or history can't be read.
pub fn show(
    repository: &Repository,
    remote: &RemoteOption,
    (refs, audit_ref): (&StateRefs<'_>, &str),
    (commit, revision): (Oid, &Revision),
    now: Timestamp,
) -> Result<(), Stop> {
    match (kept_anchor(), refs.get(audit_ref)?) {
        (None, None) => Ok(()),
        (None, Some(_)) => Err(Stop::usage(
            format!(
                "there is a log already, and {ANCHOR} is not set, so nothing says what changed since it was verified"
            ),
            "set it to the anchor of that log",
        )),
        (Some(_), _) => {
            let shared = Shared::open(repository, remote, Refresh::Yes)?;
            show_since(&shared, &shared.anchored()?, (commit, revision), now)
        }
    }
}

/// The same of a log that was read already.
///
/// # Errors
///
/// Where the history can't be read.
pub fn show_since(
    shared: &Shared<'_>,
    ledger: &Ledger,
    (commit, revision): (Oid, &Revision),
    now: Timestamp,
) -> Result<(), Stop> {
    let (last, refused, notes) = match Question::of(shared, ledger, now).judge_to(commit) {
        Ok(Judged { chain, .. }) => {
            let refused: Vec<_> = chain.refused().cloned().collect();
            (chain.last, refused, Vec::new())
        }
        // on another line of history nothing is verified but what the log began with
        Err(stop) if stop.exit == Exit::Refused => {
            (ledger.recorded.genesis, Vec::new(), vec![stop.refusal(&codes::HISTORY_REWRITTEN)])
        }
        Err(stop) => return Err(stop),
    };
    let base = shared.read(last)?;
    let plan = plan::plan(&base, revision, now);
    let circumstances = Circumstances { surplus: plan.surplus(), ..Circumstances::default() };
    let standing = Standing::of(&plan, circumstances, Said::default());
    let (base, head) = (last.short(), commit.short());
    let labels = Labels { base: &base, head: &head, refused: refused.first().map(|landing| landing.commit) };
    let view = PlanView { plan: &plan, standing: &standing, live: None, labels };
    output::print(&report::new_genesis::text(&view, &refused, &notes, output::style()));
    Ok(())
}

/// Asks whether what was shown is meant.
///
/// # Errors
///
/// Where nobody says so.
pub fn confirm(yes: bool, question: &str, help: &str) -> Result<(), Stop> {
    use std::io::{BufRead, IsTerminal};
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Stop::usage("nobody is there to answer", help));
    }
    output::print(&format!("{question} [y/N] "));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Stop::new(Exit::Refused, "not confirmed, so nothing was written", "answer `y` if it is meant"))
    }
}
