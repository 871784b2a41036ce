//! What judges, what is judged, and the change between the two.

use std::rc::Rc;

use jiff::Timestamp;

use crate::access::Revision;
use crate::lint::{Halt, custom};
use crate::plan::{self, Held, Plan};

/// A revision whose rules, people and keys judge: the last verified landing, or the genesis.
#[derive(Debug)]
pub struct Trusted(Rc<Revision>);

impl Trusted {
    /// INVARIANT: nothing but the walk over the branch and the genesis says what is trusted.
    pub(in crate::approval) fn new(revision: Rc<Revision>) -> Self {
        Trusted(revision)
    }

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
    pub(in crate::approval) fn before_approval(
        trusted: &'a Trusted,
        proposed: &'a Proposed,
        now: Timestamp,
        held: &Held,
        halt: &Halt,
    ) -> Self {
        if custom::same_rules(&trusted.revision().access, &proposed.revision().access) {
            Candidate::new(trusted, proposed, now, held, halt)
        } else {
            Candidate::unlinted(trusted, proposed, now, held)
        }
    }

    /// The candidate with all findings, where `passes` is true of it or it has them already.
    pub(in crate::approval) fn complete(
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
    pub(in crate::approval) fn unlinted(
        trusted: &'a Trusted,
        proposed: &'a Proposed,
        now: Timestamp,
        held: &Held,
    ) -> Self {
        Candidate(plan::unlinted(trusted.revision(), proposed.revision(), now, held))
    }

    /// Its base is what judges.
    pub fn plan(&self) -> &Plan<'a> {
        &self.0
    }
}
