//! Testimony as plain data. It has one shape, wherever it comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ssh_key::public::KeyData;

use super::opinion::Opinion;
use super::pull::Pull;
use super::statement::Signed;
use crate::access::PersonId;
use crate::finding::Refusal;
use crate::plan::Part;
use crate::repository::Oid;

/// What people said of a head, and who made it. A source has checked who said it; whether it counts is the decision's to say.
#[derive(Clone, Debug, Default)]
pub struct Testimony {
    /// The last opinion of each person, checked; sorted by person. Approvals and withdrawals are of exactly this head, a
    /// request for changes may be of what it stands on.
    pub opinions: Vec<Opinion>,
    /// Everybody who had a part in making the change.
    pub makers: BTreeMap<PersonId, Part>,
    /// Why somebody else may have had one whom the registry doesn't know.
    pub in_doubt: Vec<Refusal>,
    /// True where a machine may have made what nobody signed.
    pub may_be_a_machines: bool,
    /// The machine that brought the change, where its account is nobody's.
    pub machine: Option<Refusal>,
    /// People whose own file lands exactly as a commit made it that they signed.
    pub made_own: BTreeSet<PersonId>,
    /// New keys that were proven: whose they are, by the statement that the key itself signed.
    pub proven_keys: BTreeMap<(PersonId, KeyData), Signed>,
    /// What people signed of the head: every opinion that was weighed.
    pub statements: Vec<Signed>,
    /// People who approved a head on top of this one since, which has not landed: each with that head. Their approval of
    /// this one ends with it, unless it is of a removal.
    pub superseded: BTreeMap<PersonId, Oid>,
    /// People whose approval is of an ancestor of the head that has not landed.
    pub stale: Vec<(PersonId, Oid)>,
    /// What the change is refused for, whoever approved it.
    pub refusals: Vec<Refusal>,
    /// What is still to be done or asked before it can land, beside approvals.
    pub to_do: Vec<Refusal>,
    /// The pull request that brought it, or that would, as it was judged.
    pub pull: Option<Pull>,
    /// Approvals that don't count, each with why.
    pub against: Vec<Refusal>,
    /// Statements that failed a check, each with why.
    pub ignored: Vec<Refusal>,
}

/// Somebody who made a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Maker {
    Person(PersonId),
    /// Somebody whom the registry doesn't know.
    Unknown,
}

impl Maker {
    /// As the log writes it. Its format knows no difference between somebody unknown and a person whose id is `unknown`.
    pub fn recorded(text: &str) -> Self {
        match PersonId::parse(text) {
            Ok(person) if text != UNKNOWN => Maker::Person(person),
            Ok(_) | Err(_) => Maker::Unknown,
        }
    }
}

const UNKNOWN: &str = "unknown";

impl fmt::Display for Maker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Maker::Person(person) => person.as_str(),
            Maker::Unknown => UNKNOWN,
        })
    }
}
