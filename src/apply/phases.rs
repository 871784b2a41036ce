//! The order of writes: what is taken comes before what is given, so that no crash point holds a conflict.

use crate::plan::operations::{Operation, Verb};

/// When in a run an operation is made. Each phase covers all targets before the next one begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// People who ended.
    Urgent,
    Revokes,
    Grants,
    AdminAdditions,
    /// Last, so that there are never too few admins in between.
    AdminRemovals,
}

impl Phase {
    /// `own` is true where the operation concerns the identity that dualkey runs as, which must last until the end.
    pub(super) fn of(operation: &Operation, own: bool) -> Self {
        match (operation.only_takes(), operation.touches_admin()) {
            (true, _) if own => Phase::AdminRemovals,
            (true, _) if operation.urgent && operation.verb == Verb::Revoke => Phase::Urgent,
            (true, true) => Phase::AdminRemovals,
            (true, false) => Phase::Revokes,
            (false, true) => Phase::AdminAdditions,
            (false, false) => Phase::Grants,
        }
    }
}
