//! Who is who in the identity store, and what permission sets are called.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_identitystore::types::{Group, MemberId, User};

use super::cache::Cache;
use super::client::{Failure, Line, named};
use crate::targets::Principal;

/// The most that a page of a list may hold; left alone, pages are shorter.
pub(super) const PAGE: i32 = 100;

/// Somebody whom access is given to, by the id that the identity store has for them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    User(String),
    Group(String),
}

impl Who {
    pub(super) fn id(&self) -> &str {
        match self {
            Who::User(id) | Who::Group(id) => id,
        }
    }
}

/// Users and groups of the identity store, each by id.
#[derive(Debug, Default)]
pub(super) struct Directory {
    users: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
    /// Groups that an identity provider keeps: what is written there is undone.
    synchronised: BTreeSet<String>,
}

impl Directory {
    pub(super) fn read(line: &Line) -> Result<Self, Failure> {
        let mut directory = Directory::default();
        for user in users(line)? {
            let name = named("user name", user.user_name())?.to_ascii_lowercase();
            directory.users.insert(named("user id", Some(user.user_id()))?, name);
        }
        for group in groups(line)? {
            let id = named("group id", Some(group.group_id()))?;
            if !group.external_ids().is_empty() {
                directory.synchronised.insert(id.clone());
            }
            directory.groups.insert(id, named("group name", group.display_name())?);
        }
        Ok(directory)
    }

    /// As whom somebody holds something. Of one that was deleted only the id is left.
    pub(super) fn principal(&self, who: &Who) -> Principal {
        let gone = |sort: &str, id: &str| Principal::Deleted(format!("{sort} {id}"));
        match who {
            Who::User(id) => {
                self.users.get(id).map_or_else(|| gone("user", id), |name| Principal::Account(name.clone()))
            }
            Who::Group(id) => {
                self.groups.get(id).map_or_else(|| gone("group", id), |name| Principal::Group(name.clone()))
            }
        }
    }

    /// Everybody whom a principal can mean. None is nobody, and several are one name for two.
    pub(super) fn find(&self, principal: &Principal) -> Vec<Who> {
        let by_name = |all: &BTreeMap<String, String>, name: &str| -> Vec<String> {
            all.iter().filter(|(_, known)| *known == name).map(|(id, _)| id.clone()).collect()
        };
        match principal {
            Principal::Account(name) => by_name(&self.users, name).into_iter().map(Who::User).collect(),
            Principal::Group(name) => by_name(&self.groups, name).into_iter().map(Who::Group).collect(),
            Principal::Deleted(what) => match what.split_once(' ') {
                Some(("user", id)) => vec![Who::User(id.to_owned())],
                Some(("group", id)) => vec![Who::Group(id.to_owned())],
                Some(_) | None => Vec::new(),
            },
            Principal::Service(_) | Principal::Everyone(_) | Principal::Unknown(_) => Vec::new(),
        }
    }

    /// The groups of a name.
    pub(super) fn group(&self, name: &str) -> Vec<String> {
        self.groups.iter().filter(|(_, known)| *known == name).map(|(id, _)| id.clone()).collect()
    }

    pub(super) fn is_synchronised(&self, group: &str) -> bool {
        self.synchronised.contains(group)
    }

    pub(super) fn user_names(&self) -> BTreeSet<String> {
        self.users.values().cloned().collect()
    }

    pub(super) fn group_names(&self) -> BTreeSet<String> {
        self.groups.values().cloned().collect()
    }

    /// Everybody who may hold something.
    pub(super) fn all(&self) -> impl Iterator<Item = Who> {
        let groups = self.groups.keys().cloned().map(Who::Group);
        groups.chain(self.users.keys().cloned().map(Who::User))
    }

    /// How many may hold something.
    pub(super) fn len(&self) -> usize {
        self.users.len() + self.groups.len()
    }
}

fn users(line: &Line) -> Result<Vec<User>, Failure> {
    line.pages(|token| {
        let request = || {
            let list = line.store.list_users().identity_store_id(&line.settings.identity_store);
            list.max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.users, answer.next_token))
    })
}

fn groups(line: &Line) -> Result<Vec<Group>, Failure> {
    line.pages(|token| {
        let request = || {
            let list = line.store.list_groups().identity_store_id(&line.settings.identity_store);
            list.max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.groups, answer.next_token))
    })
}

/// The direct members of a group, who are users all of them.
pub(super) fn members(line: &Line, group: &str) -> Result<BTreeSet<Who>, Failure> {
    let memberships = line.pages(|token| {
        let request = || {
            let list = line.store.list_group_memberships().identity_store_id(&line.settings.identity_store);
            list.group_id(group).max_results(PAGE).set_next_token(token.clone()).send()
        };
        let answer = line.ask(request)?;
        Ok((answer.group_memberships, answer.next_token))
    })?;
    let member = |id: Option<&MemberId>| match id {
        Some(MemberId::UserId(id)) => named("member's id", Some(id)).map(Who::User),
        Some(_) | None => Err(Failure::Odd { why: "a member of a group is no user".to_owned() }),
    };
    memberships.iter().map(|one| member(one.member_id())).collect()
}

/// Permission sets: what each is called, by ARN.
#[derive(Debug, Default)]
pub(super) struct Sets(BTreeMap<String, String>);

impl Sets {
    /// Their names come one by one, and never change: what was asked once is known for ever.
    pub(super) fn read(line: &Line, cache: &mut Cache) -> Result<Self, Failure> {
        let arns = line.pages(|token| {
            let request = || {
                let list = line.sso.list_permission_sets().instance_arn(&line.settings.instance);
                list.max_results(PAGE).set_next_token(token.clone()).send()
            };
            let answer = line.ask(request)?;
            Ok((answer.permission_sets.unwrap_or_default(), answer.next_token))
        })?;
        let mut sets = BTreeMap::new();
        for arn in arns {
            let arn = named("ARN of a permission set", Some(&arn))?;
            let name = match cache.name(&arn) {
                Some(name) => name.to_owned(),
                None => {
                    let name = describe(line, &arn)?.name;
                    cache.learn(&arn, &name);
                    name
                }
            };
            sets.insert(arn, name);
        }
        cache.keep();
        Ok(Sets(sets))
    }

    pub(super) fn name(&self, arn: &str) -> Option<&str> {
        self.0.get(arn).map(String::as_str)
    }

    /// The sets of a name.
    pub(super) fn find(&self, name: &str) -> Vec<String> {
        self.0.iter().filter(|(_, known)| *known == name).map(|(arn, _)| arn.clone()).collect()
    }

    pub(super) fn names(&self) -> BTreeSet<String> {
        self.0.values().cloned().collect()
    }
}

/// What is told of a permission set.
pub(super) struct Described {
    pub name: String,
    /// How long a session of it may last, as ISO 8601 writes it; one hour where none is set.
    pub session: Option<String>,
}

pub(super) fn describe(line: &Line, arn: &str) -> Result<Described, Failure> {
    let request = || {
        let describe = line.sso.describe_permission_set().instance_arn(&line.settings.instance);
        describe.permission_set_arn(arn).send()
    };
    let answer = line.ask(request)?;
    let set = answer.permission_set();
    let told = named("ARN of a permission set", set.and_then(|set| set.permission_set_arn()))?;
    if told != arn {
        return Err(Failure::Odd { why: format!("`{arn}` was asked for, and `{told}` answered") });
    }
    Ok(Described {
        name: named("name of a permission set", set.and_then(|set| set.name()))?,
        session: set.and_then(|set| set.session_duration()).map(str::to_owned),
    })
}
