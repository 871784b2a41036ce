//! Access keys, and what they may do.

use super::{World, ids};
use crate::policy::Policy;

/// An access key as a client has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// `AKIA…`, or `ASIA…` where there is a session token.
    pub id: String,
    /// The secret that requests are signed with.
    pub secret: String,
    /// The token of a session.
    pub token: Option<String>,
    /// The account that it belongs to.
    pub account: String,
}

/// How a key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Valid,
    Expired,
}

/// Who holds a key.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    pub(crate) key: Key,
    /// Everything where there is none.
    pub(crate) policy: Option<Policy>,
    pub(crate) standing: Standing,
}

impl Holder {
    /// The ARN of who calls.
    pub(crate) fn arn(&self) -> String {
        match &self.key.token {
            Some(_) => format!("arn:aws:sts::{}:assumed-role/tester/session", self.key.account),
            None => format!("arn:aws:iam::{}:user/tester", self.key.account),
        }
    }

    /// The unique id of who calls.
    pub(crate) fn user_id(&self) -> String {
        let digits = ids::digits(&format!("holder in {}", self.key.account), 17).to_uppercase();
        if self.key.token.is_some() { format!("AROA{digits}:session") } else { format!("AIDA{digits}") }
    }
}

impl World {
    fn hold(&mut self, account: &str, policy: Option<Policy>, session: bool) -> Key {
        assert!(self.accounts.contains_key(account), "there is no account {account}");
        let name = self.count.next("key");
        let kind = if session { "ASIA" } else { "AKIA" };
        let key = Key {
            id: format!("{kind}{}", ids::digits(&name, 16).to_uppercase()),
            secret: ids::digits(&format!("secret of {name}"), 40),
            token: session.then(|| ids::digits(&format!("token of {name}"), 60)),
            account: account.to_owned(),
        };
        self.holders.insert(key.id.clone(), Holder { key: key.clone(), policy, standing: Standing::Valid });
        key
    }

    /// A key of an account that may do everything which the account may.
    pub fn add_key(&mut self, account: &str) -> Key {
        self.hold(account, None, false)
    }

    /// The same with a session token.
    pub fn add_session_key(&mut self, account: &str) -> Key {
        self.hold(account, None, true)
    }

    /// A key that may do what a policy document allows, and nothing else.
    ///
    /// Panics where the document has what isn't understood here, such as conditions.
    pub fn add_key_with_policy(&mut self, account: &str, document: &str) -> Key {
        self.hold(account, Some(Policy::read(document)), false)
    }

    /// Lets a key expire.
    pub fn expire_key(&mut self, id: &str) {
        self.holders.get_mut(id).unwrap_or_else(|| panic!("there is no key {id}")).standing = Standing::Expired;
    }

    /// Takes a key away.
    pub fn remove_key(&mut self, id: &str) {
        self.holders.remove(id);
    }

    pub(crate) fn holder(&self, id: &str) -> Option<&Holder> {
        self.holders.get(id)
    }
}
