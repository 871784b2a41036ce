//! Permission sets, and what they allow.

use super::{NOW, World, ids};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The boundary of a permission set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boundary {
    /// A policy that AWS manages, by its ARN.
    Managed(String),
    /// A policy of each account, by name and path.
    Customer(String, String),
}

/// A permission set.
#[derive(Debug, Clone)]
pub(crate) struct PermissionSet {
    pub(crate) name: String,
    pub(crate) session: String,
    pub(crate) made: Timestamp,
    pub(crate) inline: Option<String>,
    /// ARNs of policies that AWS manages.
    pub(crate) managed: BTreeSet<String>,
    /// Names and paths of policies of each account.
    pub(crate) customer: BTreeSet<(String, String)>,
    pub(crate) boundary: Option<Boundary>,
    pub(crate) deleting: bool,
    /// Counts changes.
    pub(crate) version: u32,
}

/// What an account has of a permission set.
#[derive(Debug, Clone)]
pub(crate) struct Provisioned {
    pub(crate) version: u32,
    inline: Option<String>,
}

impl PermissionSet {
    pub(super) fn as_provisioned(&self) -> Provisioned {
        Provisioned { version: self.version, inline: self.inline.clone() }
    }
}

impl World {
    /// Adds a permission set with the length of its sessions, such as `PT8H`, and gives its ARN.
    pub fn add_permission_set(&mut self, name: &str, session: &str) -> String {
        let id = ids::digits(&self.count.next("permission set"), 16);
        let arn = format!("arn:aws:sso:::permissionSet/{}/ps-{id}", self.instance);
        let set = PermissionSet {
            name: name.to_owned(),
            session: session.to_owned(),
            made: self.now,
            inline: None,
            managed: BTreeSet::new(),
            customer: BTreeSet::new(),
            boundary: None,
            deleting: false,
            version: 1,
        };
        self.sets.insert(arn.clone(), set);
        arn
    }

    pub(crate) fn set(&mut self, arn: &str) -> &mut PermissionSet {
        self.sets.get_mut(arn).unwrap_or_else(|| panic!("there is no permission set {arn}"))
    }

    fn change_set(&mut self, arn: &str, change: impl FnOnce(&mut PermissionSet)) {
        let set = self.set(arn);
        change(set);
        set.version += 1;
    }

    /// Writes the inline policy. Accounts have it only once the set is provisioned there.
    pub fn set_inline_policy(&mut self, arn: &str, policy: Option<&str>) {
        self.change_set(arn, |set| set.inline = policy.map(str::to_owned));
    }

    /// The inline policy as it was written last.
    pub fn inline_policy(&self, arn: &str) -> Option<&str> {
        self.sets.get(arn)?.inline.as_deref()
    }

    /// The inline policy as it holds in an account.
    pub fn effective_inline_policy(&self, arn: &str, account: &str) -> Option<&str> {
        self.provisioned.get(&(arn.to_owned(), account.to_owned()))?.inline.as_deref()
    }

    /// Attaches a policy that AWS manages, by its ARN.
    pub fn attach_managed_policy(&mut self, arn: &str, policy: &str) {
        self.change_set(arn, |set| {
            set.managed.insert(policy.to_owned());
        });
    }

    /// Attaches a policy that each account has under a name and a path.
    pub fn attach_customer_policy(&mut self, arn: &str, name: &str, path: &str) {
        self.change_set(arn, |set| {
            set.customer.insert((name.to_owned(), path.to_owned()));
        });
    }

    /// Sets the boundary, or takes it away.
    pub fn set_boundary(&mut self, arn: &str, boundary: Option<Boundary>) {
        self.change_set(arn, |set| set.boundary = boundary);
    }

    /// Changes how long sessions of a set live.
    pub fn set_session(&mut self, arn: &str, session: &str) {
        self.change_set(arn, |set| set.session = session.to_owned());
    }

    /// Lets the deletion of a set begin: it is there, and nothing can be written about it.
    pub fn begin_set_deletion(&mut self, arn: &str) {
        self.set(arn).deleting = true;
    }

    /// Takes a set away, with its assignments.
    pub fn remove_permission_set(&mut self, arn: &str) {
        let ended: Vec<_> = self.assignments.at(NOW).filter(|held| held.set == arn).cloned().collect();
        ended.iter().for_each(|held| self.unassign(&held.principal, &held.set, &held.account));
        self.sets.remove(arn);
    }

    /// The ARN of a set by its name.
    pub fn permission_set(&self, name: &str) -> Option<&str> {
        self.sets.iter().find(|(_, set)| set.name == name).map(|(arn, _)| arn.as_str())
    }
}
