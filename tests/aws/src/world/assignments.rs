//! Who has which permission set in which account.

use super::{NOW, World};
use std::collections::BTreeSet;

/// Who holds something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Principal {
    /// A group, by its id.
    Group(String),
    /// A user, by its id.
    User(String),
}

impl Principal {
    /// A user.
    pub fn user(id: &str) -> Principal {
        Principal::User(id.to_owned())
    }

    /// A group.
    pub fn group(id: &str) -> Principal {
        Principal::Group(id.to_owned())
    }

    /// The id.
    pub fn id(&self) -> &str {
        match self {
            Principal::Group(id) | Principal::User(id) => id,
        }
    }

    /// What AWS calls the kind of it.
    pub fn kind(&self) -> &'static str {
        match self {
            Principal::Group(_) => "GROUP",
            Principal::User(_) => "USER",
        }
    }

    pub(crate) fn of(kind: &str, id: &str) -> Principal {
        if kind == "GROUP" { Principal::group(id) } else { Principal::user(id) }
    }
}

/// A permission set in an account, and who has it there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    /// The ARN of the permission set.
    pub set: String,
    /// The number of the account.
    pub account: String,
    /// Who has it.
    pub principal: Principal,
}

impl Assignment {
    pub(crate) fn new(principal: &Principal, set: &str, account: &str) -> Assignment {
        Assignment { set: set.to_owned(), account: account.to_owned(), principal: principal.clone() }
    }
}

impl World {
    /// Whether somebody is there.
    pub(crate) fn knows(&self, principal: &Principal) -> bool {
        match principal {
            Principal::Group(id) => self.groups.contains_key(id),
            Principal::User(id) => self.users.contains_key(id),
        }
    }

    /// Assigns at once, behind everybody's back. The first assignment provisions the set to the account.
    pub fn assign(&mut self, principal: &Principal, set: &str, account: &str) {
        assert!(self.sets.contains_key(set), "there is no permission set {set}");
        assert!(self.accounts.contains_key(account), "there is no account {account}");
        let held = Assignment::new(principal, set, account);
        self.by_principal.insert((held.principal.clone(), held.account.clone(), held.set.clone()));
        self.by_account.insert((held.account.clone(), held.set.clone()));
        let pair = (held.set.clone(), held.account.clone());
        let since = self.since();
        self.assignments.begin(held, since);
        let provisioned = self.sets[set].as_provisioned();
        self.provisioned.entry(pair).or_insert(provisioned);
    }

    /// Ends an assignment at once, behind everybody's back. The last one takes the set out of the account.
    pub fn unassign(&mut self, principal: &Principal, set: &str, account: &str) {
        let ended = self.assignments.end(&Assignment::new(principal, set, account), self.now);
        assert!(ended, "{} has no {set} in {account}", principal.id());
        if self.of_pair(set, account, NOW).is_empty() {
            self.provisioned.remove(&(set.to_owned(), account.to_owned()));
        }
    }

    /// Whether somebody has a set in an account now.
    pub fn is_assigned(&self, principal: &Principal, set: &str, account: &str) -> bool {
        self.assignments.holds(&Assignment::new(principal, set, account), NOW)
    }

    /// All assignments that hold now.
    pub fn assignments(&self) -> BTreeSet<Assignment> {
        self.assignments.at(NOW).cloned().collect()
    }

    /// The same in words, with names as far as they are known: `group staff has ReadOnly in shop`.
    pub fn assignments_by_name(&self) -> BTreeSet<String> {
        let told = |held: &Assignment| {
            let (kind, id) = (held.principal.kind().to_lowercase(), held.principal.id());
            let who = match &held.principal {
                Principal::Group(id) => self.groups.get(id).map(|group| group.name.as_str()),
                Principal::User(id) => self.users.get(id).map(|user| user.name.as_str()),
            };
            let set = self.sets.get(&held.set).map_or(held.set.as_str(), |set| set.name.as_str());
            let account =
                self.accounts.get(&held.account).map_or(held.account.as_str(), |account| account.name.as_str());
            format!("{kind} {} has {set} in {account}", who.unwrap_or(id))
        };
        self.assignments.at(NOW).map(told).collect()
    }

    fn of_pair(&self, set: &str, account: &str, at: jiff::Timestamp) -> Vec<&Assignment> {
        let from = Assignment::new(&Principal::group(""), set, account);
        let to = Assignment::new(&Principal::group(""), set, &format!("{account}\0"));
        self.assignments.within(from..to, at).collect()
    }

    /// Who has a set in an account, as lists show it.
    pub(crate) fn shown_in(&self, set: &str, account: &str) -> Vec<&Assignment> {
        self.of_pair(set, account, self.seen())
    }

    /// The sets in an account, as lists show them.
    pub(crate) fn sets_in(&self, account: &str) -> Vec<&str> {
        let range = (account.to_owned(), String::new())..(format!("{account}\0"), String::new());
        let ever = self.by_account.range(range).map(|(_, set)| set.as_str());
        ever.filter(|set| !self.shown_in(set, account).is_empty()).collect()
    }

    /// The accounts that have a set, as lists show them.
    pub(crate) fn accounts_with(&self, set: &str) -> BTreeSet<&str> {
        let from = Assignment::new(&Principal::group(""), set, "");
        let to = Assignment::new(&Principal::group(""), &format!("{set}\0"), "");
        self.assignments.within(from..to, self.seen()).map(|held| held.account.as_str()).collect()
    }

    /// What somebody has, as lists show it.
    pub(crate) fn held_by(&self, principal: &Principal) -> Vec<Assignment> {
        let mut who = vec![principal.clone()];
        if let Principal::User(id) = principal
            && self.lists_groups_of_users
        {
            who.extend(self.groups_of(id).into_iter().map(|(group, _)| Principal::Group(group)));
        }
        let mut held = Vec::new();
        for one in &who {
            let ever = self.by_principal.range((one.clone(), String::new(), String::new())..);
            for (_, account, set) in ever.take_while(|(known, ..)| known == one) {
                held.push(Assignment::new(one, set, account));
            }
        }
        held.retain(|held| self.assignments.holds(held, self.seen()));
        held.sort();
        held
    }
}
