//! What a target says of itself to a credential, and what follows from that.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Fact, Principal, TargetError};
use crate::access::TargetId;
use crate::finding::{Code, Rule, Severity};

/// What a target says of itself, and of who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hello {
    /// Which target it is. The access repository pins it, so that nothing is done at another one.
    pub identity: String,
    /// What time it is there, where the target can tell.
    pub clock: Option<Timestamp>,
    /// The accounts that dualkey itself runs as there, where the target can tell.
    pub own: BTreeSet<String>,
    /// What the credential can change there.
    pub power: Power,
}

/// Whether a credential can change who holds what at a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Power {
    /// The target can't tell.
    Unknown,
    /// It can change nothing.
    Reads,
    /// It can, for a reason that is said of the own account, such as `is a superuser`.
    Writes { why: String },
}

impl Hello {
    /// INVARIANT: nothing is read or written at a target that isn't the pinned one.
    ///
    /// # Errors
    ///
    /// Where it says that it is another one.
    pub fn check(&self, target: &TargetId, pinned: &str) -> Result<(), TargetError> {
        if self.identity == pinned {
            return Ok(());
        }
        let (target, pinned, identity) = (target.to_string(), pinned.to_owned(), self.identity.clone());
        Err(TargetError::Another { target, pinned, identity })
    }

    /// The same for a credential that is meant to write.
    ///
    /// # Errors
    ///
    /// Where it is another target, or says that the credential can change nothing.
    pub fn check_writer(&self, target: &TargetId, pinned: &str) -> Result<(), TargetError> {
        self.check(target, pinned)?;
        match self.power {
            Power::Reads => Err(TargetError::ReadsOnly { target: target.to_string(), own: self.named() }),
            Power::Unknown | Power::Writes { .. } => Ok(()),
        }
    }

    /// What is to be told where the credential is meant to look, and could change things.
    pub fn of_reader(&self) -> Option<Fact> {
        let Power::Writes { why } = &self.power else { return None };
        let words = match self.named() {
            Some(own) => format!("`{own}`, which reads, {why}"),
            None => format!("the credential that reads {why}"),
        };
        let principal = self.named().map(Principal::Account);
        Some(Fact { rule: &READER_CAN_WRITE, resource: None, permission: None, principal, words })
    }

    fn named(&self) -> Option<String> {
        self.own.first().cloned()
    }
}

/// A credential for looking that can do more.
pub static READER_CAN_WRITE: Rule = Rule {
    code: Code {
        id: "reader-can-write",
        title: "the credential that only looks could change things",
        why: "It is at hand wherever somebody looks at changes that nobody approved yet.",
        example: "",
        instead: "Give the reader an account that can change nothing, and the right to look. The page of each type of \
                  target says which rights that takes.",
    },
    severity: Severity::Warning,
    dated: false,
};
