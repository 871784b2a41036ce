//! Whether what landed was approved by a second, independent party. Nothing else in the program may say so.
//!
//! A source at the edge gathers [`Evidence`]; [`decide`] judges it, purely; [`Verifier`] walks the protected branch and is
//! the only maker of [`Approved`], without which nothing can be written to a target.

mod anchor;
mod assessment;
pub mod codes;
mod decision;
mod effects;
mod evidence;
mod held;
pub mod landing;
mod logged;
mod makers;
mod proof;
pub mod pull;
mod removals;
mod revisions;
mod settled;
mod sides;
mod signatures;
mod standing;
pub mod statement;
#[cfg(test)]
mod tests;
mod verify;
mod walk;

use std::rc::Rc;

use jiff::Timestamp;

use crate::access::Revision;
use crate::lint::{Halt, custom};
use crate::plan::{self, Held, Plan};
use crate::repository::Oid;

pub use anchor::check_anchor;
pub use assessment::{Assessment, assess};
pub use decision::{Granted, decide};
pub use evidence::{CommitEvidence, Evidence, Opinion, Says, Signer};
pub use removals::Removal;
pub use settled::settled;
pub use signatures::Source;
pub use statement::Signed;
pub use verify::{
    Chain, Given, Landing, Prospect, Recorded, RecordedLanding, Verdict, Verifier, VerifyError, rewritten,
};

/// A revision whose rules, people and keys judge: the last verified landing, or the genesis.
#[derive(Debug)]
pub struct Trusted(Rc<Revision>);

impl Trusted {
    pub fn revision(&self) -> &Revision {
        &self.0
    }
}

/// A revision that is judged.
///
/// ```compile_fail
/// // what a pull request proposes can't judge it
/// fn judge(proposed: dualkey::approval::Proposed) -> dualkey::approval::Trusted {
///     proposed
/// }
/// ```
#[derive(Debug)]
pub struct Proposed(Rc<Revision>);

impl Proposed {
    pub fn new(revision: Rc<Revision>) -> Self {
        Proposed(revision)
    }

    pub fn revision(&self) -> &Revision {
        &self.0
    }
}

/// A proposed change, understood by what stands at the last verified landing.
#[derive(Debug)]
pub struct Candidate<'a>(Plan<'a>);

impl<'a> Candidate<'a> {
    /// `held` says what stood before of what it brings.
    pub fn new(trusted: &'a Trusted, proposed: &'a Proposed, now: Timestamp, held: &Held, halt: &Halt) -> Self {
        Candidate(plan::unlinted(trusted.revision(), proposed.revision(), now, held).linted(halt))
    }

    /// The candidate as far as it may be judged before anybody's approval of it is known.
    ///
    /// INVARIANT: custom rules that a landed change brings are code of whoever pushed it, so they are run only where nothing
    /// but findings could refuse the change ([`Candidate::complete`]). What nobody approved keeps no run busy.
    fn before_approval(trusted: &'a Trusted, proposed: &'a Proposed, now: Timestamp, held: &Held, halt: &Halt) -> Self {
        if custom::same_rules(&trusted.revision().access, &proposed.revision().access) {
            Candidate::new(trusted, proposed, now, held, halt)
        } else {
            Candidate::unlinted(trusted, proposed, now, held)
        }
    }

    /// The candidate with all findings, where `passes` is true of it or it has them already.
    fn complete(
        self,
        trusted: &'a Trusted,
        proposed: &'a Proposed,
        halt: &Halt,
        passes: impl FnOnce(&Self) -> bool,
    ) -> Self {
        let whole = custom::same_rules(&trusted.revision().access, &proposed.revision().access);
        if whole || !passes(&self) { self } else { Candidate(self.0.linted(halt)) }
    }

    /// The same without findings, of which a verdict in the log is free.
    fn unlinted(trusted: &'a Trusted, proposed: &'a Proposed, now: Timestamp, held: &Held) -> Self {
        Candidate(plan::unlinted(trusted.revision(), proposed.revision(), now, held))
    }

    /// Its base is what judges.
    pub fn plan(&self) -> &Plan<'a> {
        &self.0
    }
}

/// A verified tree: it permits to bring live state to that tree at any later instant. What approved removals took that
/// stand behind a refused landing is not in it any more, and nothing of that landing is.
///
/// ```compile_fail
/// // nobody else can make one
/// fn approve(revision: std::rc::Rc<dualkey::access::Revision>) -> dualkey::approval::Approved {
///     dualkey::approval::Approved { tree: revision, commit: todo!(), removals: Vec::new() }
/// }
/// ```
#[derive(Debug)]
pub struct Approved {
    tree: Rc<Revision>,
    commit: Oid,
    removals: Vec<Removal>,
}

impl Approved {
    pub fn tree(&self) -> &Revision {
        &self.tree
    }

    /// The tree alone, which permits nothing.
    pub fn revision(&self) -> Rc<Revision> {
        Rc::clone(&self.tree)
    }

    /// The landing, or the genesis.
    pub fn commit(&self) -> Oid {
        self.commit
    }

    /// The removals that shrank the tree, oldest first.
    pub fn removals(&self) -> &[Removal] {
        &self.removals
    }

    /// A tree that tests of other rooms call approved.
    #[cfg(test)]
    pub(crate) fn for_test(tree: Revision, commit: Oid) -> Self {
        Approved { tree: Rc::new(tree), commit, removals: Vec::new() }
    }
}
