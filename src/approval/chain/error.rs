//! Why nothing could be decided.

use crate::approval::codes;
use crate::finding::Refusal;
use crate::repository::{Oid, RepositoryError};

/// Why nothing could be decided.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum VerifyError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Repository(#[from] RepositoryError),
    #[error("{0}")]
    Refused(Refusal),
    #[error("the access repository at {commit} can't be read: {what}")]
    #[diagnostic(help("run `dualkey lint --rev {commit}`, which says what is wrong and where"))]
    Unreadable { commit: Oid, what: String },
}

/// A landing that the log names is no longer on the first-parent chain of the branch.
pub fn rewritten(landing: Oid, tip: Oid, branch: &str) -> Refusal {
    let (landing, tip) = (landing.short(), tip.short());
    Refusal::new(
        &codes::HISTORY_REWRITTEN,
        format!("landing {landing} is in the log, but not on the first-parent chain of `{branch}`"),
        format!("`git switch -c repair {landing} && git merge -s ours {tip}`, then push `repair` to `{branch}`"),
    )
}
