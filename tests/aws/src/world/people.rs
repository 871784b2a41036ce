//! Users, groups, and who is in which.

use super::{NOW, Synchronised, World, ids};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// What an identity provider calls somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExternalId {
    pub(crate) issuer: String,
    pub(crate) id: String,
}

#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) enabled: bool,
    pub(crate) external: Option<ExternalId>,
    pub(crate) made: Timestamp,
    pub(crate) revision: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) external: Option<ExternalId>,
    pub(crate) made: Timestamp,
    pub(crate) revision: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct Membership {
    pub(crate) group: String,
    pub(crate) user: String,
    pub(crate) made: Timestamp,
}

const ISSUER: &str = "https://idp.example.com";

impl World {
    fn person_id(&mut self, kind: &str) -> String {
        let prefix = self.store.trim_start_matches("d-").to_owned();
        format!("{prefix}-{}", ids::uuid(&self.count.next(kind)))
    }

    /// Adds a user by its user name, and gives its id. The address is `NAME@example.com` where the name is none.
    pub fn add_user(&mut self, name: &str) -> String {
        let id = self.person_id("user");
        let email = if name.contains('@') { name.to_owned() } else { format!("{name}@example.com") };
        let (name, made) = (name.to_owned(), self.now);
        self.users.insert(id.clone(), User { name, email, enabled: true, external: None, made, revision: 1 });
        id
    }

    /// Adds a group, and gives its id.
    pub fn add_group(&mut self, name: &str) -> String {
        let id = self.person_id("group");
        let (name, made) = (name.to_owned(), self.now);
        self.groups.insert(id.clone(), Group { name, external: None, made, revision: 1 });
        id
    }

    fn user(&mut self, id: &str) -> &mut User {
        self.users.get_mut(id).unwrap_or_else(|| panic!("there is no user {id}"))
    }

    fn group(&mut self, id: &str) -> &mut Group {
        self.groups.get_mut(id).unwrap_or_else(|| panic!("there is no group {id}"))
    }

    /// Says whether a user may sign in.
    pub fn enable_user(&mut self, id: &str, enabled: bool) {
        self.user(id).enabled = enabled;
    }

    /// Gives a user another user name.
    pub fn rename_user(&mut self, id: &str, name: &str) {
        self.user(id).name = name.to_owned();
        self.user(id).revision += 1;
    }

    /// Gives a user another address.
    pub fn set_email(&mut self, id: &str, email: &str) {
        self.user(id).email = email.to_owned();
    }

    /// Gives a group another name.
    pub fn rename_group(&mut self, id: &str, name: &str) {
        self.group(id).name = name.to_owned();
        self.group(id).revision += 1;
    }

    /// Lets an identity provider synchronise a user, under an id of its own.
    pub fn synchronise_user(&mut self, id: &str, external: &str) {
        self.user(id).external = Some(ExternalId { issuer: ISSUER.to_owned(), id: external.to_owned() });
    }

    /// Lets an identity provider synchronise a group, under an id of its own.
    pub fn synchronise_group(&mut self, id: &str, external: &str) {
        self.group(id).external = Some(ExternalId { issuer: ISSUER.to_owned(), id: external.to_owned() });
    }

    /// Takes a user away, with its memberships. Its assignments stay, as AWS leaves them.
    pub fn remove_user(&mut self, id: &str) {
        self.users.remove(id);
        self.end_memberships(|membership| membership.user == id);
    }

    /// Takes a group away, with its memberships. Its assignments stay, as AWS leaves them.
    pub fn remove_group(&mut self, id: &str) {
        self.groups.remove(id);
        self.end_memberships(|membership| membership.group == id);
    }

    fn end_memberships(&mut self, which: impl Fn(&Membership) -> bool) {
        let ended: Vec<String> =
            self.memberships.iter().filter(|(_, membership)| which(membership)).map(|(id, _)| id.clone()).collect();
        ended.iter().for_each(|id| self.end_membership(id));
    }

    /// Makes a user a member of a group, and gives the id of the membership.
    pub fn add_member(&mut self, group: &str, user: &str) -> String {
        assert!(self.groups.contains_key(group), "there is no group {group}");
        assert!(self.users.contains_key(user), "there is no user {user}");
        if let Some(known) = self.membership_of(group, user) {
            return known.to_owned();
        }
        let id = self.person_id("membership");
        let membership = Membership { group: group.to_owned(), user: user.to_owned(), made: self.now };
        let pair = (membership.group.clone(), membership.user.clone());
        let since = self.since();
        self.members.begin(pair.clone(), since);
        self.groups_of.begin((pair.1.clone(), pair.0.clone()), since);
        self.membership_ids.insert(pair, id.clone());
        self.memberships.insert(id.clone(), membership);
        id
    }

    /// The same by a client: an identity provider may undo it.
    pub(crate) fn write_member(&mut self, group: &str, user: &str) -> String {
        let id = self.add_member(group, user);
        if let Synchronised::UndoesAfter(seconds) = self.synchronised
            && self.groups.get(group).is_some_and(|group| group.external.is_some())
        {
            self.undone.push((self.now + SignedDuration::from_secs(seconds), id.clone()));
        }
        id
    }

    /// Ends the membership of a user in a group.
    pub fn remove_member(&mut self, group: &str, user: &str) {
        let id = self.membership_of(group, user).map(str::to_owned);
        self.end_membership(&id.unwrap_or_else(|| panic!("{user} is not in {group}")));
    }

    pub(crate) fn end_membership(&mut self, id: &str) {
        if let Some(membership) = self.memberships.remove(id) {
            let (group, user) = (membership.group, membership.user);
            self.members.end(&(group.clone(), user.clone()), self.now);
            self.groups_of.end(&(user, group), self.now);
        }
    }

    /// The membership that holds now.
    pub(crate) fn membership_of(&self, group: &str, user: &str) -> Option<&str> {
        let id = self.membership_ids.get(&(group.to_owned(), user.to_owned()))?;
        self.memberships.contains_key(id).then_some(id.as_str())
    }

    /// Members of a group as lists show them, each with the id of the membership.
    pub(crate) fn members_of(&self, group: &str) -> Vec<(String, (String, String))> {
        let range = (group.to_owned(), String::new())..(format!("{group}\0"), String::new());
        let shown = self.members.within(range, self.seen());
        shown.map(|pair| (pair.1.clone(), (self.membership_ids[pair].clone(), pair.1.clone()))).collect()
    }

    /// Groups of a user as lists show them, each with the id of the membership.
    pub(crate) fn groups_of(&self, user: &str) -> Vec<(String, (String, String))> {
        let range = (user.to_owned(), String::new())..(format!("{user}\0"), String::new());
        let shown = self.groups_of.within(range, self.seen());
        let id = |group: &str| self.membership_ids[&(group.to_owned(), user.to_owned())].clone();
        shown.map(|(_, group)| (group.clone(), (id(group), group.clone()))).collect()
    }

    /// The id of a user by its user name.
    pub fn user_id(&self, name: &str) -> Option<&str> {
        self.users.iter().find(|(_, user)| user.name == name).map(|(id, _)| id.as_str())
    }

    /// The id of a group by its name.
    pub fn group_id(&self, name: &str) -> Option<&str> {
        self.groups.iter().find(|(_, group)| group.name == name).map(|(id, _)| id.as_str())
    }

    /// Who is in which group now: pairs of group and user.
    pub fn memberships(&self) -> BTreeSet<(String, String)> {
        self.members.at(NOW).cloned().collect()
    }
}
