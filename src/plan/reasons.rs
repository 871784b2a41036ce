//! Why live state has to change: a landing, a start, an end, or somebody behind dualkey's back.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::lowering::lowers;
use crate::access::time::format_end;
use crate::access::{Cause, Conditions, Desired, Entitlement, GrantId, Interval, PersonId, Revision, TargetId};
use crate::targets::{Live, Place};

/// Why an operation is needed. The log holds it in this form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Because {
    /// An approved landing brought the grant.
    Landing { grant: GrantId },
    /// The grant's start came.
    Start { grant: GrantId },
    /// The grant's end, the engagement's or the contract's came.
    End {
        grant: GrantId,
        /// The last day, or the instant, in the organisation's zone.
        on: String,
    },
    /// The person ended, so that nothing declares it any more.
    Ended { person: PersonId },
    /// Nothing declares it any more since an approved landing.
    Undeclared {},
    /// It is live though nothing declares it.
    DriftAdded {},
    /// It was applied and is gone from the target.
    DriftRemoved { grant: GrantId },
    /// It was applied, and the target now holds another value.
    DriftChanged { grant: GrantId },
}

impl Because {
    /// True where somebody changed the target behind dualkey's back.
    pub fn is_drift(&self) -> bool {
        match self {
            Because::DriftAdded {} | Because::DriftRemoved { .. } | Because::DriftChanged { .. } => true,
            Because::Landing { .. }
            | Because::Start { .. }
            | Because::End { .. }
            | Because::Ended { .. }
            | Because::Undeclared {} => false,
        }
    }

    /// The grant that it speaks of.
    pub fn grant(&self) -> Option<&GrantId> {
        match self {
            Because::Landing { grant }
            | Because::Start { grant }
            | Because::End { grant, .. }
            | Because::DriftRemoved { grant }
            | Because::DriftChanged { grant } => Some(grant),
            Because::Ended { .. } | Because::Undeclared {} | Because::DriftAdded {} => None,
        }
    }
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Because::Landing { grant } => write!(f, "landing: grant {grant}"),
            Because::Start { grant } => write!(f, "start: grant {grant}"),
            Because::End { grant, on } => write!(f, "end: grant {grant} ended {on}"),
            Because::Ended { person } => write!(f, "end: {person} has ended"),
            Because::Undeclared {} => f.write_str("landing: no grant declares it any more"),
            Because::DriftAdded {} => f.write_str("drift: no grant declares it"),
            Because::DriftRemoved { grant } => write!(f, "drift: grant {grant} declares it, but it was gone"),
            Because::DriftChanged { grant } => write!(f, "drift: somebody changed what grant {grant} gives"),
        }
    }
}

impl Because {
    /// The same of somebody who ended: that is why nothing declares it any more.
    pub fn of_ended(self, person: Option<&PersonId>) -> Self {
        match (self, person) {
            (Because::Undeclared {}, Some(person)) => Because::Ended { person: person.clone() },
            (because, _) => because,
        }
    }
}

/// What a target calls an entitlement: where, permission, conditions.
type Name<'a> = (Place<'a>, &'a str, &'a Conditions);

/// The entitlements of a revision by what a target calls them. Made when first asked, since mostly nothing differs.
#[derive(Debug)]
struct Declared<'a> {
    revision: &'a Revision,
    by_name: OnceCell<BTreeMap<Name<'a>, &'a Entitlement>>,
}

impl<'a> Declared<'a> {
    fn of(revision: &'a Revision) -> Self {
        Declared { revision, by_name: OnceCell::new() }
    }

    fn by_name(&self) -> &BTreeMap<Name<'a>, &'a Entitlement> {
        self.by_name.get_or_init(|| {
            let mut by_name = BTreeMap::new();
            for entitlement in self.revision.entitlements.iter() {
                let key = &entitlement.key;
                let name: Name<'_> = (Place::of_key(key), &key.permission, &key.conditions);
                by_name.entry(name).or_insert(entitlement);
            }
            by_name
        })
    }

    fn find(&self, target: &TargetId, live: &Live) -> Option<&'a Entitlement> {
        let name: Name<'_> = (Place::of_live(target, live), &live.permission, &live.conditions);
        self.by_name().get(&name).copied()
    }

    /// True where this is what should have been live at an instant, with the end that the target enforces, if any.
    fn held(&self, target: &TargetId, live: &Live, at: Timestamp) -> bool {
        let height = live.kind.height(&live.permission);
        let first: Name<'_> = (Place::of_live(target, live), "", &Conditions::NONE);
        let higher = || {
            let same = |name: &Name<'_>| name.0 == first.0;
            let slot = self.by_name().range(first..).take_while(move |(name, _)| same(name));
            slot.filter(|(name, _)| live.kind.height(name.1) > height).any(|(_, one)| one.intervals.contains(at))
        };
        let ends = |interval: &Interval| live.until.is_none_or(|until| until == interval.until());
        self.find(target, live).is_some_and(|one| one.intervals.at(at).is_some_and(ends)) && !higher()
    }
}

/// Gives each difference its reason, from the tree and from what was applied last.
#[derive(Debug)]
pub(super) struct Reasons<'a> {
    tree: Declared<'a>,
    applied: Option<(Declared<'a>, Timestamp)>,
    now: Timestamp,
}

impl<'a> Reasons<'a> {
    pub(super) fn of(tree: &'a Revision, applied: Option<(&'a Revision, Timestamp)>, now: Timestamp) -> Self {
        let applied = applied.map(|(revision, at)| (Declared::of(revision), at));
        Reasons { tree: Declared::of(tree), applied, now }
    }

    /// Why something that should be live has to be brought.
    pub(super) fn granted(&self, desired: &Desired<'_>) -> Because {
        let Some(grant) = first_grant(desired) else { return Because::Undeclared {} };
        let stood = self.applied.as_ref().and_then(|(applied, at)| {
            let entitlement = applied.revision.entitlements.get(desired.key)?;
            Some((entitlement.intervals.at(self.now)?, at))
        });
        match stood {
            Some((interval, at)) if interval.contains(*at) => Because::DriftRemoved { grant },
            Some(_) => Because::Start { grant },
            // it had ended or wasn't there, as things were declared then
            None => Because::Landing { grant },
        }
    }

    /// Why another value has to be held than the live one.
    pub(super) fn changed(&self, target: &TargetId, live: &Live, desired: &Desired<'_>) -> Because {
        let wanted = (&*desired.key.permission, &desired.key.conditions);
        let lowers = lowers(live.kind, (&live.permission, &live.conditions), wanted);
        // the higher of two grants is over, and the lower one is left
        if let Some(end) = self.ended(target, live).filter(|_| lowers) {
            return end;
        }
        match &self.applied {
            // what is live is not what was applied: somebody changed it
            Some((applied, at)) if !applied.held(target, live, *at) => {
                first_grant(desired).map_or(Because::DriftAdded {}, |grant| Because::DriftChanged { grant })
            }
            Some(_) | None => self.granted(desired),
        }
    }

    /// Why something live has to go.
    pub(super) fn revoked(&self, target: &TargetId, live: &Live) -> Because {
        if let Some(end) = self.ended(target, live) {
            return end;
        }
        match &self.applied {
            Some((applied, at)) if applied.find(target, live).is_some_and(|one| one.intervals.contains(*at)) => {
                Because::Undeclared {}
            }
            Some(_) | None => Because::DriftAdded {},
        }
    }

    /// The end of the grant that last gave what is live. None where it was over and gone when the tree was applied:
    /// then somebody brought it back.
    fn ended(&self, target: &TargetId, live: &Live) -> Option<Because> {
        let last = |entitlement: &'a Entitlement, limit: Timestamp| {
            let over = entitlement.causes.iter().filter(move |cause| cause.interval.until() <= limit);
            over.max_by_key(|cause| cause.interval.until())
        };
        let stood = self.applied.as_ref().map(|(applied, at)| {
            let held = applied.find(target, live).and_then(|one| Some((one, one.intervals.at(*at)?.until())));
            (held, *at)
        });
        let cause: &Cause = match (self.tree.find(target, live), stood) {
            (Some(entitlement), stood) => {
                let cause = last(entitlement, self.now)?;
                match stood {
                    Some((None, at)) if cause.interval.until() <= at => return None,
                    Some(_) | None => cause,
                }
            }
            // the grant ended, and its file went since
            (None, Some((Some((entitlement, until)), _))) if until <= self.now => last(entitlement, until)?,
            (None, _) => return None,
        };
        let on = format_end(cause.interval.until(), &self.tree.revision.access.config.zone);
        Some(Because::End { grant: cause.grant.clone(), on })
    }
}

fn first_grant(desired: &Desired<'_>) -> Option<GrantId> {
    desired.cause.map(|cause| cause.grant.clone())
}
