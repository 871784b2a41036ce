//! The last good copy of the log, which a runner keeps in its clone: what is pushed, deleted or rewound doesn't reach it.

use super::shared::{Ledger, Shared};
use super::{Stop, output};
use crate::apply::codes;
use crate::audit::{self, Store, Stored};
use crate::report;
use crate::repository::{RepositoryError, StateRefs, kept_ref};
use crate::targets::KINDS;

/// Keeps a log that was proven, with the commits that it speaks of last. A copy that can't be kept stops nothing.
pub fn keep(shared: &Shared<'_>, stored: &Stored) {
    if let Err(error) = try_keep(shared, stored) {
        let refusal = Stop::from(error).refusal(&codes::COPY_NOT_KEPT);
        output::warn(&report::errors::warning(&refusal, output::error_style()));
    }
}

fn try_keep(shared: &Shared<'_>, stored: &Stored) -> Result<(), RepositoryError> {
    let folder = shared.kept_folder();
    shared.repository.keep(&format!("{folder}/log"), stored.commit)?;
    let Some(recorded) = audit::recorded(&stored.log) else { return Ok(()) };
    shared.repository.keep(&format!("{folder}/genesis"), recorded.genesis)?;
    match recorded.landings.last() {
        Some(last) => shared.repository.keep(&format!("{folder}/landing"), last.commit),
        None => Ok(()),
    }
}

/// The copy, verified like any log. None where there is none, or where it doesn't hold. Where an anchor is kept, a copy that
/// was kept of another remote will do, too: whoever changes how the remote is called takes no copy away, and the anchor says
/// which log it is.
pub fn copy(shared: &Shared<'_>) -> Option<Ledger> {
    let refs = StateRefs::local(shared.repository, &shared.branch);
    let own = shared.kept_name("log");
    let others = refs.list(&kept_ref("")).unwrap_or_default().into_iter().map(|(name, _)| name);
    let others = others.filter(|name| shared.anchor().is_some() && name.ends_with("/log") && *name != own);
    let key = shared.key().ok()?;
    // whatever it took to look at the other one
    shared.repository.allow_logs(None);
    let read = |log: String| {
        let stored = Store::new(shared.repository, &refs, &log, KINDS).load(&key).ok()??;
        shared.fitting(stored).ok()
    };
    read(own.clone()).or_else(|| others.filter_map(read).max_by_key(|copy| copy.stored.log.size()))
}

/// The newest log below what the ref of the log holds, and how many commits below. None where none fits the anchor.
pub fn below(shared: &Shared<'_>) -> Option<(Ledger, usize)> {
    shared.repository.allow_logs(None);
    let (stored, steps) = shared.store().below(&shared.key().ok()?).ok()??;
    Some((shared.fitting(stored).ok()?, steps))
}

/// The log that the remote holds, or the newest below what its ref holds, whatever this clone saw of it. None where none fits
/// the anchor. Ends go on from it where nothing newer is left.
pub fn earlier(shared: &Shared<'_>) -> Option<(Ledger, usize)> {
    shared.repository.allow_logs(None);
    let (stored, steps) = shared.store().earlier(&shared.key().ok()?).ok()??;
    Some((shared.fitting(stored).ok()?, steps))
}
