//! The systems whose access is managed, one folder a target with the same file names in each.
//!
//! A [`Reader`] lists what is held, a [`Writer`] changes it. They are two traits because they take two credentials.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;

use connect::Client;

use crate::access::{Conditions, Kind, Kinds, TargetType};
use crate::finding::Rule;

pub mod aws;
pub mod connect;
pub mod credential;
pub mod error;
pub mod gcp;
pub mod github;
mod greeted;
mod hello;
mod names;
mod place;
pub mod postgres;
mod principal;
mod reading;
pub mod retry;
pub mod sandbox;
mod scope;

#[cfg(test)]
pub(crate) mod contract;

pub use connect::{Surroundings, reader, writer};
pub use error::TargetError;
pub use greeted::Greeted;
pub use hello::{Hello, Power, READER_CAN_WRITE};
pub use names::Names;
pub use place::Place;
pub use principal::{Holder, Principal};
#[cfg(test)]
pub(crate) use reading::members_of;
pub use reading::{Depth, Fact, Latent, Live, Members, Numbered, OTHER_WAY_IN, Reading};
pub use sandbox::Sandbox;
pub use scope::{Expectation, Expected, Scope};

macro_rules! types {
    ($($folder:ident),+) => {
        /// Every type of target that dualkey knows.
        pub const KINDS: Kinds = Kinds(&[$(&$folder::spec::SPEC),+]);

        /// What reaches targets of each type.
        const CLIENTS: &[(TargetType, Client)] = &[$(($folder::TYPE, $folder::CLIENT)),+];

        /// The rules by which targets tell what they find beside who holds what: those of all types, then each type's own.
        pub const RULES: &[&[&Rule]] = &[&[&OTHER_WAY_IN, &READER_CAN_WRITE], $($folder::CLIENT.rules),+];
    };
}

types!(sandbox, github, aws, gcp, postgres);

/// Something at a target that access is held on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Resource {
    pub kind: &'static Kind,
    pub name: String,
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name, self.name)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name, self.name)
    }
}

/// Lists what is held at a target, with a credential that can change nothing there. Each target is read by a thread of
/// its own.
pub trait Reader: Send {
    /// Asked before anything else.
    ///
    /// # Errors
    ///
    /// The target isn't there, or is not to be trusted: then nothing else is asked of it.
    fn hello(&mut self) -> Result<Hello, TargetError>;

    /// What is held on every resource of the scope, once nothing that changes it is under way any more. Each of them is read
    /// whole or stands among the unread, never a part. A resource that the target can tell does not exist has no
    /// entitlements; one that it cannot look at is unread. Ends that have passed are not listed.
    ///
    /// # Errors
    ///
    /// The target as a whole couldn't be read: then all of the scope is unknown.
    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError>;

    /// All names that exist; None where the target can't list them. Asked before the first write that names any.
    ///
    /// # Errors
    ///
    /// They couldn't be listed whole, though the target can list them.
    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError>;

    /// How accounts are called for people, by what identifies them. One that is missing is called by what identifies it.
    ///
    /// # Errors
    ///
    /// The target couldn't be asked.
    fn logins(&mut self, _: &BTreeSet<String>) -> Result<BTreeMap<String, String>, TargetError> {
        Ok(BTreeMap::new())
    }
}

/// What a change replaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Previous {
    pub permission: String,
    pub conditions: Conditions,
}

/// What a call does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Afterwards the principal holds the permission under the call's conditions, until exactly that end where the target enforces ends.
    Grant { until: Option<Timestamp> },
    /// Afterwards the principal doesn't hold the permission under the call's conditions. On a kind of one value nothing is left, whatever was held.
    Revoke,
    /// As `Grant`, and the previous entitlement is gone. There is no instant at which nothing is held.
    Change { previous: Previous, until: Option<Timestamp> },
}

impl Verb {
    /// The word that plans and outcomes print.
    pub fn as_str(&self) -> &'static str {
        match self {
            Verb::Grant { .. } => "grant",
            Verb::Revoke => "revoke",
            Verb::Change { .. } => "change",
        }
    }
}

/// One write to one target.
#[derive(Clone)]
pub struct Call {
    pub verb: Verb,
    pub kind: &'static Kind,
    pub resource: String,
    pub permission: String,
    pub principal: Principal,
    pub conditions: Conditions,
    /// The number of what was read under the resource's name, where the kind has numbers: only that one is changed.
    pub number: Option<u64>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}:{}:{} {}", self.verb, self.kind.name, self.resource, self.permission, self.principal)?;
        if self.conditions.is_empty() { Ok(()) } else { write!(f, " {}", self.conditions) }
    }
}

/// What a call left behind that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Until when sessions may go on that what was taken had opened.
    pub lives_until: Option<Timestamp>,
    /// What else is to be known.
    pub note: Option<String>,
}

/// The run may not go on writing: it was asked to stop, or another run took over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

/// What a run says to each of its writes.
pub trait Gate {
    /// Passed right before each request that changes something.
    ///
    /// # Errors
    ///
    /// Then neither this request is made nor any after it.
    fn pass(&self) -> Result<(), Stopped>;

    /// Told what came of a call, by its place among the calls, as soon as that is known. Told once of each call that was
    /// tried, and of no other.
    fn settled(&self, call: usize, result: &Result<Done, TargetError>);
}

/// Changes what is held at a target. Each target is written by a thread of its own.
pub trait Writer: Send {
    /// What the target says of itself to the credential that writes. Asked before the first change, and nothing is changed
    /// by it.
    ///
    /// # Errors
    ///
    /// The target isn't there, or is not to be trusted: then nothing is changed there.
    fn greet(&mut self) -> Result<Hello, TargetError>;

    /// True where the target itself ends exactly what the call gives.
    fn ends(&self, call: &Call) -> bool;

    /// Performs the calls of one phase, each to its end: what is `Ok` shows in a read. They may come in any order and side
    /// by side, those on one resource together. One result a call, in their order.
    ///
    /// A call is idempotent: granting what is there and revoking what is gone succeed. On a kind of one value a grant
    /// replaces what is held. On one of several, the same permission under other conditions stays. Conditions that the
    /// kind doesn't enforce are refused, for access would be given without them. A native end is kept where
    /// the target [ends](Self::ends) the call and dropped where it doesn't; the caller's next revoke is what ends access then.
    ///
    /// One that fails holds up none of the others. Whether it had its effect says its [remedy](TargetError::remedy).
    fn perform(&mut self, calls: &[Call], gate: &dyn Gate) -> Vec<Result<Done, TargetError>>;
}
