//! Accounts, service control policies, and managed policies of IAM.

use super::{World, ids};
use jiff::Timestamp;

/// How far an account is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// It is being made.
    PendingActivation,
    /// It works.
    Active,
    /// AWS has suspended it.
    Suspended,
    /// Somebody asked for its end.
    PendingClosure,
    /// It has ended.
    Closed,
}

impl AccountState {
    pub(crate) fn word(self) -> &'static str {
        match self {
            AccountState::PendingActivation => "PENDING_ACTIVATION",
            AccountState::Active => "ACTIVE",
            AccountState::Suspended => "SUSPENDED",
            AccountState::PendingClosure => "PENDING_CLOSURE",
            AccountState::Closed => "CLOSED",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) state: AccountState,
    pub(crate) joined: Timestamp,
}

/// A service control policy.
#[derive(Debug, Clone)]
pub(crate) struct ControlPolicy {
    pub(crate) name: String,
    pub(crate) content: String,
    /// Accounts, organisational units and roots that it is attached to.
    pub(crate) targets: Vec<String>,
}

/// A managed policy of IAM.
#[derive(Debug, Clone)]
pub(crate) struct ManagedPolicy {
    pub(crate) document: String,
    pub(crate) version: u32,
    pub(crate) id: String,
    pub(crate) made: Timestamp,
}

impl World {
    /// Adds an account.
    pub fn add_account(&mut self, number: &str, name: &str, state: AccountState) {
        let account = Account { name: name.to_owned(), state, joined: self.now };
        self.accounts.insert(number.to_owned(), account);
    }

    /// Lets an account come into another state.
    pub fn set_account_state(&mut self, number: &str, state: AccountState) {
        self.account(number).state = state;
    }

    /// Gives an account another name.
    pub fn rename_account(&mut self, number: &str, name: &str) {
        self.account(number).name = name.to_owned();
    }

    /// Takes an account out of the organisation.
    pub fn remove_account(&mut self, number: &str) {
        self.accounts.remove(number);
    }

    fn account(&mut self, number: &str) -> &mut Account {
        self.accounts.get_mut(number).unwrap_or_else(|| panic!("there is no account {number}"))
    }

    /// Adds a service control policy that is attached to the root, and gives its id.
    pub fn add_control_policy(&mut self, name: &str, content: &str) -> String {
        let id = format!("p-{}", ids::digits(&self.count.next("control policy"), 10));
        let (name, content) = (name.to_owned(), content.to_owned());
        let root = format!("r-{}", ids::digits(&format!("root of {}", self.organization), 4));
        self.control_policies.insert(id.clone(), ControlPolicy { name, content, targets: vec![root] });
        id
    }

    /// What a service control policy says.
    pub fn control_policy(&self, id: &str) -> Option<&str> {
        self.control_policies.get(id).map(|policy| policy.content.as_str())
    }

    /// Writes a service control policy behind everybody's back.
    pub fn set_control_policy(&mut self, id: &str, content: &str) {
        let policy = self.control_policies.get_mut(id).unwrap_or_else(|| panic!("there is no policy {id}"));
        policy.content = content.to_owned();
    }

    /// Takes a service control policy away.
    pub fn remove_control_policy(&mut self, id: &str) {
        self.control_policies.remove(id);
    }

    /// The ARN of a service control policy.
    pub fn control_policy_arn(&self, id: &str) -> String {
        let (management, organization) = (&self.management, &self.organization);
        format!("arn:aws:organizations::{management}:policy/{organization}/service_control_policy/{id}")
    }

    /// Says what a managed policy of IAM says, of AWS or of the management account: the next version of it where there
    /// is one already.
    pub fn add_managed_policy(&mut self, arn: &str, document: &str) {
        let made = self.now;
        let id = format!("ANPA{}", ids::digits(&format!("policy {arn}"), 17).to_uppercase());
        let version = self.managed_policies.get(arn).map_or(1, |before| before.version + 1);
        self.managed_policies
            .insert(arn.to_owned(), ManagedPolicy { document: document.to_owned(), version, id, made });
    }
}
