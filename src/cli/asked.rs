//! What a run asks the forge, and what it told.

use std::cell::RefCell;
use std::rc::Rc;

use crate::approval::pull::Told;
use crate::repository::Oid;

/// What the forge is asked for beside what landed, and what it told.
#[derive(Debug, Default)]
pub struct Asked {
    /// A head of which an open pull request is looked for.
    pub head: Option<Oid>,
    /// What was told about the branch up to a tip.
    pub told: Option<(Oid, Rc<Told>)>,
    /// The size of the log up to which its word is enough, for whoever gives access by it.
    pub believed: Option<u64>,
}

/// The cell of it in what several machines share.
pub type AskedCell = RefCell<Asked>;
