//! Where something is held, and by whom.

use super::{Holder, Live};
use crate::access::{EntitlementKey, Kind, TargetId};

/// A holder on a resource of a target. Where a kind holds one value, one thing is held there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place<'a> {
    pub target: &'a TargetId,
    pub kind: &'static Kind,
    pub resource: &'a str,
    pub holder: Holder<'a>,
}

impl<'a> Place<'a> {
    pub fn of_key(key: &'a EntitlementKey) -> Self {
        Place { target: &key.target, kind: key.kind, resource: &key.resource, holder: Holder::Account(&key.principal) }
    }

    pub fn of_live(target: &'a TargetId, live: &'a Live) -> Self {
        Place { target, kind: live.kind, resource: &live.resource, holder: live.principal.holder() }
    }
}
