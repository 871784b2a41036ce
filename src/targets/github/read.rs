//! What looks at an organisation.

use std::collections::{BTreeMap, BTreeSet};

use super::client::Asked;
use super::facts::facts;
use super::kinds::{MEMBERSHIP, REPOSITORY, TEAM};
use super::line::Line;
use super::organization::{About, custom_roles, logins, repositories, teams};
use super::picture::{Picture, Wish, picture, short};
use super::reading::{Hints, View};
use crate::access::{Kind, Permissions};
use crate::targets::{Depth, Hello, Names, Reader, Reading, Resource, Scope, TargetError};

/// Looks at one organisation.
pub(super) struct OrganizationReader {
    line: Line,
    /// What was seen last of the whole.
    before: Option<Picture>,
    /// Who was expected where, in all that was asked so far.
    hints: Hints,
    knows_hints: bool,
    /// By what queries name repositories, by their names and by their numbers.
    nodes: BTreeMap<String, String>,
    numbered: BTreeMap<u64, String>,
}

impl OrganizationReader {
    pub(super) fn new(line: Line) -> Self {
        OrganizationReader {
            line,
            before: None,
            hints: Hints::new(),
            knows_hints: false,
            nodes: BTreeMap::new(),
            numbered: BTreeMap::new(),
        }
    }

    fn wish(&self, scope: &Scope, depth: Depth) -> Wish {
        let organization = self.line.settings.organization.clone();
        let facts = depth == Depth::Facts;
        let factors = facts || scope.asks_factors();
        let mut wish = Wish { organization, facts, factors, nodes: self.nodes.clone(), ..Wish::default() };
        let mut expected: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
        // what can't be a name is no path of a request
        let is_name = |resource: &&Resource| (resource.kind.check_resource)(&resource.name).is_ok();
        for resource in scope.iter().filter(is_name) {
            if resource.kind == &REPOSITORY {
                let name = short(&resource.name);
                if let Some(accounts) = self.hints.get(resource) {
                    let numbers = accounts.keys().filter_map(|account| account.parse().ok());
                    expected.insert(name.clone(), numbers.collect());
                }
                if let Some(number) = scope.number(resource) {
                    // what is meant by its number is looked at whatever its name leads to
                    let node = self.numbered.get(&number);
                    node.map(|node| wish.nodes.insert(name.clone(), node.clone()));
                    wish.numbers.insert(name.clone(), number);
                }
                let others: BTreeSet<u64> = scope.others(resource).collect();
                wish.more_nodes.extend(others.iter().filter_map(|number| self.numbered.get(number).cloned()));
                wish.others.insert(name.clone(), others);
                wish.repositories.insert(name);
            } else if resource.kind == &TEAM {
                wish.teams = true;
            } else if resource.kind == &MEMBERSHIP {
                wish.membership = true;
            }
        }
        // what is looked at once more is what was written
        wish.expected = (self.knows_hints && scope.expected().is_some()).then_some(expected);
        wish.accounts = scope.accounts().keys().filter_map(|account| account.parse().ok()).collect();
        wish
    }

    fn look(&self, about: About, wish: &Wish) -> Result<Picture, TargetError> {
        let Some(now) = self.line.api.clock() else {
            let target = self.line.settings.target.clone();
            return Err(TargetError::LiveReadIncomplete { target, why: "no answer says what time it is".to_owned() });
        };
        let doing = format!("read the organisation `{}`", about.login);
        self.line.see(&doing, picture(&self.line.api, about, wish, self.before.as_ref(), now))
    }
}

impl OrganizationReader {
    /// The words, and on repositories what the organisation's own roles add to them.
    fn permissions(&self, kind: &'static Kind) -> Result<Option<BTreeSet<String>>, TargetError> {
        let Permissions::Ordered(words) = kind.permissions else { return Ok(None) };
        let mut names: BTreeSet<String> = words.iter().map(|word| (*word).to_owned()).collect();
        if kind == &REPOSITORY {
            let custom = match &self.before {
                Some(before) => before.custom.clone(),
                None => {
                    let login = self.line.pinned()?.login;
                    match self.line.wait(custom_roles(&self.line.api, &login)) {
                        Ok(custom) => custom,
                        // who isn't told of them has none to declare
                        Err(failure) if failure.is_hidden() => BTreeMap::new(),
                        Err(failure) => {
                            let asked = Asked::ToSee("list the organisation's own roles");
                            return Err(failure.told(&self.line.settings.target, asked));
                        }
                    }
                }
            };
            names.extend(custom.iter().map(|(name, word)| format!("{word}+{name}")));
        }
        Ok(Some(names))
    }
}

impl Reader for OrganizationReader {
    fn hello(&mut self) -> Result<Hello, TargetError> {
        self.line.hello()
    }

    fn read(&mut self, scope: &Scope, depth: Depth) -> Result<Reading, TargetError> {
        if let Some(expected) = scope.expected() {
            self.knows_hints = true;
            self.hints.extend(expected.iter().map(|(resource, accounts)| (resource.clone(), accounts.clone())));
        }
        if scope.is_empty() {
            return Ok(Reading::default());
        }
        let about = self.line.pinned()?;
        let wish = self.wish(scope, depth);
        let picture = self.look(about, &wish)?;
        self.nodes.extend(picture.repositories.iter().map(|one| (short(&one.name), one.node.clone())));
        self.numbered.extend(picture.repositories.iter().map(|one| (one.id, one.node.clone())));
        let view = View { settings: &self.line.settings, picture: &picture, hints: &self.hints, scope };
        let mut reading = view.reading();
        if depth == Depth::Facts {
            reading.facts = facts(&view);
        }
        if self.before.is_none() && !wish.repositories.is_empty() {
            self.before = Some(picture);
        }
        Ok(reading)
    }

    fn names(&mut self, of: Names) -> Result<Option<BTreeSet<String>>, TargetError> {
        let organization = self.line.settings.organization.clone();
        let kind = match of {
            // GitHub has more accounts than anybody lists
            Names::Accounts => return Ok(None),
            Names::Permissions(kind) => return self.permissions(kind),
            Names::Resources(kind) => kind,
        };
        if kind == &MEMBERSHIP {
            return Ok(Some(BTreeSet::from([organization])));
        }
        let api = &self.line.api;
        let login = self.line.pinned()?.login;
        let names: Vec<String> = if kind == &TEAM {
            let all = self.line.see("list teams", teams(api, &login))?;
            all.into_iter().map(|team| team.slug.to_lowercase()).collect()
        } else if kind == &REPOSITORY {
            // a name that leads to another by now is one that is there
            let moved = self.before.iter().flat_map(|before| &before.elsewhere);
            let moved = moved.filter(|(_, found)| matches!(found, Ok(Some(_)))).map(|(name, _)| name.clone());
            let all = match self.nodes.is_empty() {
                true => self.line.see("list repositories", repositories(api, &login, false))?,
                false => Vec::new(),
            };
            let listed = all.iter().map(|one| short(&one.name));
            listed.chain(self.nodes.keys().cloned()).chain(moved).collect()
        } else {
            return Ok(None);
        };
        Ok(Some(names.into_iter().map(|name| format!("{organization}/{name}")).collect()))
    }

    fn logins(&mut self, accounts: &BTreeSet<String>) -> Result<BTreeMap<String, String>, TargetError> {
        let numbers = accounts.iter().filter_map(|account| account.parse().ok()).collect();
        let found = self.line.see("ask how accounts are called", logins(&self.line.api, &numbers))?;
        Ok(found.into_iter().map(|(number, login)| (number.to_string(), login)).collect())
    }
}
