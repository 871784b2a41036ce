//! What a target tells of itself and of who holds what there.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Principal, Resource, TargetError};
use crate::access::{Conditions, Kind};
use crate::finding::{Code, Rule, Severity};

/// Why something that was given is held by nobody yet. One act of the principal alone, and it is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Latent {
    /// The principal was invited and hasn't accepted.
    Invited,
    /// The principal may take it at any time without being approved by anybody else.
    Eligible,
    /// The principal was invited today and is invited no more: it was declined, or withdrawn by hand.
    Declined,
}

impl Latent {
    /// The word that plans and outcomes print.
    pub fn as_str(self) -> &'static str {
        match self {
            Latent::Invited => "invited",
            Latent::Eligible => "eligible",
            Latent::Declined => "declined",
        }
    }
}

impl fmt::Display for Latent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entitlement as a target holds it now. Sorted by kind, resource, permission, principal, conditions, end; what is held
/// comes before what is latent.
#[derive(Clone)]
pub struct Live {
    pub kind: &'static Kind,
    pub resource: String,
    pub permission: String,
    pub principal: Principal,
    /// The same permission under other conditions is another entitlement.
    pub conditions: Conditions,
    /// The end that the target itself enforces, exclusive; None where it knows none.
    pub until: Option<Timestamp>,
    /// None where it is held. Otherwise nobody holds it yet, and the principal alone can change that.
    pub latent: Option<Latent>,
}

type Key<'a> = (&'a str, &'a str, &'a str, &'a Principal, &'a Conditions, Option<Timestamp>, Option<Latent>);

impl Live {
    fn key(&self) -> Key<'_> {
        let Live { kind, resource, permission, principal, conditions, until, latent } = self;
        (kind.name, resource, permission, principal, conditions, *until, *latent)
    }
}

impl PartialEq for Live {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Live {}

impl PartialOrd for Live {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Live {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{} {}", self.kind.name, self.resource, self.permission, self.principal)?;
        if !self.conditions.is_empty() {
            write!(f, " {}", self.conditions)?;
        }
        if let Some(until) = self.until {
            write!(f, " until {until}")?;
        }
        self.latent.map_or(Ok(()), |latent| write!(f, " {latent}"))
    }
}

/// How much of a target is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Who holds what, and who is in the groups that hold something.
    Holders,
    /// Also what else is worth knowing: what permissions allow, other ways in.
    Facts,
}

/// Something that a target tells beside who holds what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub rule: &'static Rule,
    /// What it is about, as far as it is about something of its own.
    pub resource: Option<Resource>,
    pub permission: Option<String>,
    pub principal: Option<Principal>,
    /// What is the matter, in lower case, with names in backticks.
    pub words: String,
}

/// The direct members of groups, by the groups' names. Groups may be in one another, in circles too.
pub type Members = BTreeMap<String, BTreeSet<Principal>>;

/// The groups that hold something, and all groups within them, with their direct members. `direct` gives the members of one;
/// None of one that isn't there.
pub(crate) fn members_of(held: &[Live], mut direct: impl FnMut(&str) -> Option<BTreeSet<Principal>>) -> Members {
    let group = |principal: &Principal| match principal {
        Principal::Group(name) => Some(name.clone()),
        Principal::Account(_)
        | Principal::Service(_)
        | Principal::Everyone(_)
        | Principal::Deleted(_)
        | Principal::Unknown(_) => None,
    };
    let mut open: Vec<String> = held.iter().filter_map(|live| group(&live.principal)).collect();
    let mut members = Members::new();
    while let Some(name) = open.pop() {
        if !members.contains_key(&name)
            && let Some(direct) = direct(&name)
        {
            open.extend(direct.iter().filter_map(group));
            members.insert(name, direct);
        }
    }
    members
}

/// By what a target tells a resource apart, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The number of what was read.
    pub number: u64,
    /// The number of what has the name now, where that is another one: what was read is called otherwise, or is gone.
    pub now: Option<u64>,
}

/// What a target tells of a scope.
#[derive(Debug, Default)]
pub struct Reading {
    /// Every entitlement on the resources that were read, sorted and without doubles, whoever holds it.
    pub held: Vec<Live>,
    /// Every group that holds something of that, and every group within one of these. A group that is missing is one whose
    /// members the target has no way to tell; where it only failed to tell them, what the group holds is unread.
    pub members: Members,
    /// Empty unless facts were asked for.
    pub facts: Vec<Fact>,
    /// Resources of the scope that couldn't be read, each with the reason. Nobody knows who holds what there.
    pub unread: Vec<(Resource, TargetError)>,
    /// Of the resources that were read, those that have a number.
    pub numbers: BTreeMap<Resource, Numbered>,
    /// What is held under other numbers by which a resource may have been known, as far as they are there. One that can't be
    /// read is `unread` as `NAME #NUMBER`, and hides nothing else.
    pub elsewhere: BTreeMap<Resource, BTreeMap<u64, Vec<Live>>>,
    /// Whether accounts sign in with a second factor, by what identifies them. Of one that is missing nobody can tell.
    pub factors: BTreeMap<String, bool>,
}

/// A way to a resource that is no entitlement.
pub static OTHER_WAY_IN: Rule = Rule {
    code: Code {
        id: "other-way-in",
        title: "a resource can be reached by something that no entitlement shows",
        why: "A key or a token that belongs to a resource outlives the people who use it: nobody's end takes it away, and \
              nobody approves who knows it.",
        example: "",
        instead: "See who uses it, and take it away or replace it by access that is declared.",
    },
    severity: Severity::Warning,
    dated: false,
};
