//! What a log says of those before it, and of what was given.

use serde::{Deserialize, Serialize};

use super::At;
use crate::access::Conditions;

/// A log that nobody could or would go on with, as it stood when the next one began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predecessor {
    /// Its anchor: `<genesis>:<log key id>`.
    pub anchor: String,
    /// The public half of the key that signed it last.
    pub log_key: String,
    pub size: u64,
    /// The root hash over its entries, in base64.
    pub root: String,
    /// What was last brought about as a whole. This and what follows is said of the newest only, for the log that goes on
    /// from there: what was given before is still to be taken away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// Accounts that access was granted to at any time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Account>,
    /// What was granted and not taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
    /// The numbers of resources on which something was granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<Numbered>,
    /// The last instant that it proves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<At>,
}

/// A landing that was brought about as a whole, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    pub commit: String,
    pub at: At,
}

/// An account, and whose it was when access was last granted to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    pub target: String,
    pub principal: String,
    pub person: String,
}

/// What an account was granted at a target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    pub target: String,
    pub kind: String,
    pub resource: String,
    pub permission: String,
    pub principal: String,
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub conditions: Conditions,
}

/// The number that a resource had when something was given on it: a name may come to mean another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    pub target: String,
    pub kind: String,
    pub resource: String,
    /// As text, since JSON's numbers are exact only below 2^53.
    pub number: String,
}

/// A target that was brought about as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settled {
    pub target: String,
    /// What pinned it then.
    pub pinned: String,
}
